#nullable enable
using System;
using System.Collections.Concurrent;
using System.IO;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

namespace Stagedoor
{
    /// <summary>
    /// A WebSocket of .NET itself: editor, Windows, macOS, Linux, Android, iOS. Not WebGL, which has neither threads nor
    /// sockets. Two tasks of its own, ended by Dispose; both queues are bounded.
    /// </summary>
    public sealed class SystemWebSocketTransport : ITransport
    {
        private const int MaxOutgoing = 256; // messages; beyond them the network is too slow for speech, so they are dropped
        private const int MaxIncoming = 2048; // the game has been standing for a long time: the connection is given up
        private const int MaxMessageBytes = 4 << 20;
        private const int FarewellMs = 3000; // for the server to answer a close

        private readonly ClientWebSocket _socket = new ClientWebSocket();
        private readonly CancellationTokenSource _ending = new CancellationTokenSource();
        private readonly ConcurrentQueue<TransportEvent> _incoming = new ConcurrentQueue<TransportEvent>();
        private readonly ConcurrentQueue<(byte[] data, bool isBinary)> _outgoing = new ConcurrentQueue<(byte[], bool)>();
        private readonly SemaphoreSlim _waiting = new SemaphoreSlim(0);
        private volatile bool _isClosing;

        public void Open(Uri address, string subprotocol)
        {
            _socket.Options.AddSubProtocol(subprotocol);
            Task.Run(() => RunAsync(address));
        }

        public bool TryReceive(out TransportEvent happened) => _incoming.TryDequeue(out happened);

        public bool Send(byte[] data, bool isBinary)
        {
            if (_isClosing || _socket.State != WebSocketState.Open || _outgoing.Count >= MaxOutgoing) return false;
            _outgoing.Enqueue((data, isBinary));
            _waiting.Release();
            return true;
        }

        public void Close()
        {
            if (_isClosing) return;
            _isClosing = true;
            _waiting.Release();
            _ending.CancelAfter(FarewellMs);
        }

        public void Dispose()
        {
            _isClosing = true;
            _ending.Cancel();
            _socket.Dispose();
        }

        private async Task RunAsync(Uri address)
        {
            TransportEvent end;
            try
            {
                await _socket.ConnectAsync(address, _ending.Token).ConfigureAwait(false);
                _incoming.Enqueue(TransportEvent.Opened(_socket.SubProtocol ?? ""));
                Task sending = SendAsync();
                end = await ReceiveAsync().ConfigureAwait(false);
                Close();
                await sending.ConfigureAwait(false);
            }
            catch (Exception error) when (IsExpected(error))
            {
                end = TransportEvent.Closed(TransportEvent.Lost, error.Message);
            }
            _ending.Cancel();
            _socket.Dispose();
            _incoming.Enqueue(end);
        }

        private async Task<TransportEvent> ReceiveAsync()
        {
            var part = new ArraySegment<byte>(new byte[16 * 1024]);
            var message = new MemoryStream();
            while (_incoming.Count < MaxIncoming && message.Length < MaxMessageBytes)
            {
                WebSocketReceiveResult got = await _socket.ReceiveAsync(part, _ending.Token).ConfigureAwait(false);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    int code = (int)(got.CloseStatus ?? (WebSocketCloseStatus)TransportEvent.Lost);
                    return TransportEvent.Closed(code, got.CloseStatusDescription ?? "");
                }
                message.Write(part.Array!, 0, got.Count);
                if (!got.EndOfMessage) continue;
                _incoming.Enqueue(TransportEvent.Message(message.ToArray(), got.MessageType == WebSocketMessageType.Binary));
                message.SetLength(0);
            }
            return TransportEvent.Closed(TransportEvent.Lost, "more arrives than is taken");
        }

        private async Task SendAsync()
        {
            try
            {
                while (true)
                {
                    await _waiting.WaitAsync(_ending.Token).ConfigureAwait(false);
                    if (!_outgoing.TryDequeue(out var next))
                    {
                        if (!_isClosing) continue;
                        await CloseOutputAsync().ConfigureAwait(false);
                        return;
                    }
                    var kind = next.isBinary ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
                    await _socket.SendAsync(new ArraySegment<byte>(next.data), kind, true, _ending.Token).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (IsExpected(error))
            {
                _isClosing = true; // the receiving side sees the same end, and reports it
            }
        }

        private Task CloseOutputAsync()
        {
            bool isOpen = _socket.State == WebSocketState.Open || _socket.State == WebSocketState.CloseReceived;
            return isOpen
                ? _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", _ending.Token)
                : Task.CompletedTask;
        }

        private static bool IsExpected(Exception error) =>
            error is WebSocketException || error is OperationCanceledException || error is ObjectDisposedException
            || error is IOException || error is InvalidOperationException;
    }
}
