#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>
    /// One stream of sound from one rate to another: a windowed sinc, band-limited to the lower of both rates, exact in
    /// its ratio so that nothing drifts. Delays by half its kernel: 16 samples of the lower rate, 1 ms at 16 kHz.
    /// </summary>
    public sealed class Resampler
    {
        private const int HalfTaps = 16; // on each side, at the lower of the two rates
        private const double Passband = 0.92; // of the lower rate's half
        private const int MaxPhases = 1000;

        private readonly int _phases;
        private readonly int _advance; // of the input, in 1 / _phases samples, for each output
        private readonly int _taps;
        private readonly float[] _kernel; // [_phases, _taps]
        private float[] _input = new float[8192];
        private int _count;
        private int _base;
        private int _phase;

        public Resampler(int fromHz, int toHz)
        {
            int common = GreatestDivisor(fromHz, toHz);
            (_phases, _advance) = (toHz / common, fromHz / common);
            if (_phases > MaxPhases) throw new ArgumentException($"cannot resample {fromHz} Hz to {toHz} Hz");
            double share = Math.Min(1.0, (double)toHz / fromHz);
            int half = (int)Math.Ceiling(HalfTaps / share);
            _taps = 2 * half;
            _kernel = Kernel(half, share * Passband);
            _count = half - 1; // silence before the first sample
        }

        /// <summary>How many more inputs Process needs to make `outputs` samples.</summary>
        public int InputsFor(int outputs)
        {
            long last = _base + (_phase + (long)(outputs - 1) * _advance) / _phases;
            return (int)Math.Max(0, last + _taps - _count);
        }

        /// <summary>The most outputs that `inputs` more samples can make.</summary>
        public int OutputsFor(int inputs)
        {
            long room = (long)_count + inputs - _taps - _base;
            return room < 0 ? 0 : (int)((room * _phases + _phases - 1 - _phase) / _advance) + 1;
        }

        /// <summary>Takes `count` samples; writes what can be made of them, at most `room`, and returns how many.</summary>
        public int Process(float[] input, int start, int count, float[] output, int room)
        {
            if (_count + count > _input.Length) Array.Resize(ref _input, Math.Max(2 * _input.Length, _count + count));
            Array.Copy(input, start, _input, _count, count);
            _count += count;
            int made = 0;
            while (made < room && _base + _taps <= _count)
            {
                int kernel = _phase * _taps;
                float sum = 0;
                for (int i = 0; i < _taps; i++) sum += _input[_base + i] * _kernel[kernel + i];
                output[made++] = sum;
                _phase += _advance;
                _base += _phase / _phases;
                _phase %= _phases;
            }
            int used = Math.Min(_base, _count);
            Array.Copy(_input, used, _input, 0, _count - used);
            (_count, _base) = (_count - used, _base - used);
            return made;
        }

        private float[] Kernel(int half, double cutoff)
        {
            var kernel = new float[_phases * _taps];
            for (int phase = 0; phase < _phases; phase++)
            {
                double sum = 0;
                for (int i = 0; i < _taps; i++)
                {
                    double x = i - (half - 1) - (double)phase / _phases;
                    double sinc = Math.Abs(x) < 1e-9 ? 1 : Math.Sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
                    double window = Math.Abs(x) >= half ? 0 : Blackman(x / half);
                    kernel[phase * _taps + i] = (float)(sinc * window);
                    sum += sinc * window;
                }
                for (int i = 0; i < _taps; i++) kernel[phase * _taps + i] /= (float)sum;
            }
            return kernel;
        }

        /// <summary>1 in the middle, 0 at -1 and 1.</summary>
        private static double Blackman(double x) => 0.42 + 0.5 * Math.Cos(Math.PI * x) + 0.08 * Math.Cos(2 * Math.PI * x);

        private static int GreatestDivisor(int a, int b) => b == 0 ? a : GreatestDivisor(b, a % b);
    }
}
