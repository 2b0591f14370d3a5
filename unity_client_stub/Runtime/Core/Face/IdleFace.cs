#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>A face at rest when the server sends none: blinks every few seconds. Seeded, so that a test can repeat it.</summary>
    public sealed class IdleFace
    {
        private const double BlinkS = 0.2;

        private readonly Random _random;
        private readonly int[] _eyelids;
        private double _blinkAtS = double.NaN;

        public IdleFace(string[] names, int seed)
        {
            _random = new Random(seed);
            string[] lids = { "eyeBlinkLeft", "eyeBlinkRight", "blink" };
            _eyelids = Array.FindAll(Array.ConvertAll(lids, lid => Array.IndexOf(names, lid)), index => index >= 0);
        }

        /// <summary>Writes the weights at `nowS`. Allocates nothing.</summary>
        public void At(double nowS, float[] weights)
        {
            Array.Clear(weights, 0, weights.Length);
            if (double.IsNaN(_blinkAtS) || nowS > _blinkAtS + BlinkS) _blinkAtS = nowS + 2 + 4 * _random.NextDouble();
            double since = (nowS - _blinkAtS) / BlinkS;
            if (since < 0 || since > 1) return;
            float closed = (float)Math.Sin(Math.PI * since);
            foreach (int lid in _eyelids) weights[lid] = closed;
        }
    }
}
