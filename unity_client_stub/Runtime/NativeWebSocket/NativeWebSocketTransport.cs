#nullable enable
using System;
using System.Collections.Generic;
using System.Text;
using NativeWebSocket;
using UnityEngine;

namespace Stagedoor
{
    /// <summary>
    /// A transport over NativeWebSocket, for WebGL. Built only where that package is installed; takes its place by
    /// itself in WebGL players. It tells no reason of a close, and no code that it does not know (1012 and 1013 come as
    /// 1004): such an end counts as a lost connection. It does not say which frames are text, so it takes them for what
    /// the subprotocol says they are.
    /// </summary>
    public sealed class NativeWebSocketTransport : ITransport
    {
        private const int UnknownCode = 1004;
        private readonly Queue<TransportEvent> _events = new Queue<TransportEvent>();
        private WebSocket? _socket;
        private bool _isOver;

        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.BeforeSceneLoad)]
        private static void TakeYourPlace()
        {
#if UNITY_WEBGL && !UNITY_EDITOR
            Transports.Make = () => new NativeWebSocketTransport();
#endif
        }

        public void Open(Uri address, string subprotocol)
        {
            bool isBinary = subprotocol == Codec.MsgPackProtocol;
            _socket = new WebSocket(address.ToString(), subprotocol);
            _socket.OnOpen += () => _events.Enqueue(TransportEvent.Opened(subprotocol));
            _socket.OnMessage += data => _events.Enqueue(TransportEvent.Message(data, isBinary));
            _socket.OnClose += code => Over((int)code);
            _ = _socket.Connect();
        }

        public bool TryReceive(out TransportEvent happened)
        {
#if !UNITY_WEBGL || UNITY_EDITOR
            if (!_isOver) _socket?.DispatchMessageQueue();
#endif
            return _events.TryDequeue(out happened);
        }

        public bool Send(byte[] data, bool isBinary)
        {
            if (_socket == null || _isOver || _socket.State != WebSocketState.Open) return false;
            _ = isBinary ? _socket.Send(data) : _socket.SendText(Encoding.UTF8.GetString(data));
            return true;
        }

        public void Close()
        {
            if (_socket != null && !_isOver && _socket.State == WebSocketState.Open) _ = _socket.Close();
        }

        public void Dispose()
        {
            Close();
            _isOver = true;
        }

        private void Over(int code)
        {
            if (_isOver) return;
            _isOver = true;
            _events.Enqueue(TransportEvent.Closed(code == UnknownCode ? TransportEvent.Lost : code, ""));
        }
    }
}
