#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>
    /// One connection as the client sees it: a transport, the form of the messages, what is legal now, and the server's
    /// limits. What must not be sent is not sent, and Send says so.
    /// </summary>
    internal sealed class Line : IDisposable
    {
        private readonly ITransport _transport;
        private readonly Codec _codec;
        private readonly Handshake _handshake = new Handshake();
        private UplinkLimits _limits = new UplinkLimits(new Limits());
        private double _sentAtS;
        private long _pingNonce;
        private double _pingAtS;
        private bool _isLeft;

        public Line(ITransport transport, Uri address, string subprotocol)
        {
            _transport = transport;
            _codec = new Codec(subprotocol);
            _transport.Open(address, subprotocol);
        }

        /// <summary>There and back again, as the last ping measured it.</summary>
        public double RoundTripMs { get; private set; } = double.NaN;

        /// <summary>What the server's hello said.</summary>
        public void Learn(Limits limits) => _limits = new UplinkLimits(limits);

        public bool TryReceive(out TransportEvent happened) => _transport.TryReceive(out happened);

        /// <summary>The message in a frame. Throws WireError.</summary>
        public Message Decode(in TransportEvent frame)
        {
            if (frame.IsBinary != _codec.IsBinary) throw new WireError("a frame of the wrong kind");
            return _codec.DecodeServer(frame.Data);
        }

        /// <summary>False when it was dropped: not legal now, beyond a limit, or the network does not take it.</summary>
        public bool Send(Message message, double nowS, double audioMs = 0)
        {
            byte[] data = _codec.Encode(message);
            if (!_limits.TryPass(data.Length, audioMs, nowS) || !_handshake.TrySend(message)) return false;
            _sentAtS = nowS;
            return _transport.Send(data, _codec.IsBinary);
        }

        public void Ping(double nowS)
        {
            (_pingNonce, _pingAtS) = (_pingNonce + 1, nowS);
            Send(new Ping { Nonce = _pingNonce }, nowS);
        }

        public void Receive(Pong pong, double nowS)
        {
            if (pong.Nonce == _pingNonce) RoundTripMs = 1000 * (nowS - _pingAtS);
        }

        /// <summary>A sign of life when nothing else was sent for a third of the server's idle limit.</summary>
        public void KeepAlive(double nowS)
        {
            if (nowS - _sentAtS > _limits.KeepAliveS) Ping(nowS);
        }

        /// <summary>Says goodbye; the transport ends by itself, whatever is done with this line.</summary>
        public void Leave(double nowS)
        {
            Send(new Leave(), nowS);
            _transport.Close();
            _isLeft = true;
        }

        public void Dispose()
        {
            if (!_isLeft) _transport.Dispose();
        }
    }
}
