#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>
    /// How much sound to hold before a reply starts. A steady network gets the least; late chunks raise it at once, and
    /// every reply that came in time lowers it again. Not thread-safe: it lives where chunks arrive.
    /// </summary>
    public sealed class JitterEstimator
    {
        public const double LeastMs = 60;
        public const double MostMs = 400;
        private const double Forgetting = 0.7; // of what was seen before, for each reply

        private long _replyId = -1;
        private double _firstAtS;
        private long _firstStart;
        private double _latestMs; // of the reply that is arriving
        private double _rememberedMs;

        /// <summary>Hold so much before a reply starts.</summary>
        public double TargetMs => Math.Min(MostMs, LeastMs + Math.Max(_latestMs, _rememberedMs));

        /// <summary>A chunk arrived: how far behind the pace of its reply's first one is it?</summary>
        public void Arrived(long replyId, long startSamples, double rateHz, double nowS)
        {
            if (replyId != _replyId)
            {
                _rememberedMs = Math.Max(_latestMs, _rememberedMs * Forgetting);
                (_replyId, _firstAtS, _firstStart, _latestMs) = (replyId, nowS, startSamples, 0);
                return;
            }
            double lateMs = 1000 * (nowS - _firstAtS - (startSamples - _firstStart) / rateHz);
            _latestMs = Math.Max(_latestMs, lateMs);
        }
    }
}
