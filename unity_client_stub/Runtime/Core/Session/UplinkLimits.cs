#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>The server's limits, kept on this side, so that a stall of the game does not end in `rate_limited`.</summary>
    public sealed class UplinkLimits
    {
        private readonly Limits _limits;
        private double _messages;
        private double _audioMs;
        private double _atS = double.NaN;

        public UplinkLimits(Limits limits) => _limits = limits;

        /// <summary>How often the talk may pause before a sign of life is due.</summary>
        public double KeepAliveS => Math.Max(1, _limits.MaxIdleS / 3.0);

        /// <summary>Whether so much may be sent now; if so it is counted.</summary>
        public bool TryPass(int messageBytes, double audioMs, double nowS)
        {
            if (messageBytes > _limits.MaxMessageBytes) return false;
            double passedS = double.IsNaN(_atS) ? 0 : Math.Max(0, nowS - _atS);
            _atS = nowS;
            _messages = Math.Max(0, _messages - passedS * _limits.MaxMessagesPerS);
            _audioMs = Math.Max(0, _audioMs - passedS * 1000);
            if (_messages + 1 > _limits.MaxMessagesPerS || _audioMs + audioMs > _limits.MaxAudioAheadMs) return false;
            _messages++;
            _audioMs += audioMs;
            return true;
        }
    }
}
