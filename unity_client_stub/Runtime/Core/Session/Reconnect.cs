#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>Whether and when to come back after a connection has ended.</summary>
    public sealed class Reconnect
    {
        private const double FirstS = 0.5;
        private const double MostS = 8;
        private const int MaxAttempts = 12; // about a minute and a half
        private readonly Random _random;
        private int _attempts;

        public Reconnect(int seed) => _random = new Random(seed);

        /// <summary>A connection was welcomed: the next loss begins with the shortest pause again.</summary>
        public void Succeeded() => _attempts = 0;

        /// <summary>Seconds to wait, or null when this end is for good.</summary>
        public double? PauseAfter(int closeCode)
        {
            bool isPassing = closeCode == TransportEvent.Lost || closeCode == 1001 || (closeCode >= 1011 && closeCode <= 1014);
            if (!isPassing || _attempts >= MaxAttempts) return null;
            double pause = Math.Min(MostS, FirstS * Math.Pow(2, _attempts++));
            return pause * (0.8 + 0.4 * _random.NextDouble()); // a thousand fans must not come back in one moment
        }
    }
}
