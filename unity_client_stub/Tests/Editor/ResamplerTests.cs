#nullable enable
using System;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>Sound keeps its pitch and loudness at another rate, and nothing appears that was not there.</summary>
    public sealed class ResamplerTests
    {
        private static readonly int[][] Rates =
        {
            new[] { 48000, 16000 }, new[] { 44100, 16000 }, new[] { 16000, 16000 }, new[] { 22050, 16000 },
            new[] { 24000, 48000 }, new[] { 24000, 44100 }, new[] { 24000, 96000 },
        };

        [TestCaseSource(nameof(Rates))]
        public void AToneStaysTheSameTone(int from, int to)
        {
            float[] made = Resample(from, to, Tone(from, 1000), 480);
            Assert.That(made.Length, Is.EqualTo(to).Within(to / 100), "a second stays a second");
            Assert.That(Loudness(made, to, 1000), Is.EqualTo(0.5).Within(0.01));
            Assert.That(Loudness(made, to, 3000), Is.LessThan(0.001));
        }

        [TestCase(48000)]
        [TestCase(44100)]
        public void WhatSixteenKilohertzCannotHoldIsGone(int from)
        {
            float[] made = Resample(from, 16000, Tone(from, 11000), 480);
            Assert.That(Loudness(made, 16000, 5000), Is.LessThan(0.005), "11 kHz must not come back as 5 kHz");
        }

        [TestCaseSource(nameof(Rates))]
        public void AnyBlockSizeMakesTheSameSound(int from, int to)
        {
            float[] tone = Tone(from, 440);
            Assert.That(Resample(from, to, tone, 37), Is.EqualTo(Resample(from, to, tone, 4096)));
        }

        [TestCaseSource(nameof(Rates))]
        public void WhatItAsksForIsExactlyEnough(int from, int to)
        {
            var resampler = new Resampler(from, to);
            var silence = new float[100000];
            var made = new float[4096];
            foreach (int wanted in new[] { 1, 7, 512, 1024, 2, 1023 })
            {
                int needed = resampler.InputsFor(wanted);
                Assert.That(resampler.OutputsFor(needed), Is.GreaterThanOrEqualTo(wanted));
                if (needed > 0) Assert.That(resampler.OutputsFor(needed - 1), Is.LessThan(wanted));
                Assert.That(resampler.Process(silence, 0, needed, made, wanted), Is.EqualTo(wanted));
            }
        }

        private static float[] Tone(int rate, double hz)
        {
            var tone = new float[rate];
            for (int i = 0; i < rate; i++) tone[i] = (float)(0.5 * Math.Sin(2 * Math.PI * hz * i / rate));
            return tone;
        }

        private static float[] Resample(int from, int to, float[] input, int block)
        {
            var resampler = new Resampler(from, to);
            var made = new System.Collections.Generic.List<float>();
            var part = new float[100000];
            for (int start = 0; start < input.Length; start += block)
            {
                int count = Math.Min(block, input.Length - start);
                int got = resampler.Process(input, start, count, part, part.Length);
                for (int i = 0; i < got; i++) made.Add(part[i]);
            }
            return made.ToArray();
        }

        /// <summary>How much of one frequency is in the middle of the sound.</summary>
        private static double Loudness(float[] sound, int rate, double hz)
        {
            int from = rate / 4, count = rate / 2;
            double re = 0, im = 0;
            for (int i = 0; i < count; i++)
            {
                double angle = 2 * Math.PI * hz * i / rate;
                re += sound[from + i] * Math.Cos(angle);
                im += sound[from + i] * Math.Sin(angle);
            }
            return 2 * Math.Sqrt(re * re + im * im) / count;
        }
    }
}
