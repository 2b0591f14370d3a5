#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>What one block of the sound device holds: `Samples` samples of a reply, from `Position` on, or silence.</summary>
    public struct SpeakerReport
    {
        public long FirstFrame; // of the block, counted by the device
        public int Frames;
        public double AtS;
        public long ReplyId;
        public long Position;
        public int Samples;
        public bool HasEnded;
    }

    /// <summary>
    /// The audio thread's side: reply samples in, blocks of the sound device out (its rate, its channels), and one
    /// report a block for PlaybackClock. Allocates nothing once the first blocks have passed.
    /// </summary>
    public sealed class SpeakerFeed
    {
        private readonly ReplyPlayer _player;
        private readonly Resampler? _resampler;
        private readonly SpscQueue<SpeakerReport> _reports = new SpscQueue<SpeakerReport>(512);
        private float[] _read = new float[4096];
        private float[] _block = new float[4096];
        private long _deviceFrames;

        public SpeakerFeed(ReplyPlayer player, int deviceRateHz)
        {
            _player = player;
            DeviceRateHz = deviceRateHz;
            if (deviceRateHz != player.RateHz) _resampler = new Resampler(player.RateHz, deviceRateHz);
        }

        public int DeviceRateHz { get; }

        public int RateHz => _player.RateHz;

        /// <summary>
        /// One block for the device: `data` is interleaved. With `multiply`, each sample is multiplied with what is
        /// there already (the engine's panning and distance), else it replaces it. `nowS` is any steady clock, the same
        /// that PlaybackClock is asked with.
        /// </summary>
        public void Fill(float[] data, int channels, double nowS, bool multiply)
        {
            int frames = data.Length / channels;
            if (_block.Length < frames) _block = new float[frames];
            int samples = MakeBlock(frames);
            for (int i = 0, k = 0; i < frames; i++)
            {
                for (int channel = 0; channel < channels; channel++, k++)
                {
                    data[k] = multiply ? data[k] * _block[i] : _block[i];
                }
            }
            Report(frames, samples, nowS);
            _deviceFrames += frames;
        }

        /// <summary>For PlaybackClock, on the main thread.</summary>
        public bool TryTakeReport(out SpeakerReport report) => _reports.TryTake(out report);

        /// <summary>Returns how many samples of a reply went into it.</summary>
        private int MakeBlock(int frames)
        {
            if (_resampler == null) return _player.Read(_block, frames);
            int needed = _resampler.InputsFor(frames);
            if (_read.Length < needed) _read = new float[needed];
            int samples = needed > 0 ? _player.Read(_read, needed) : 0;
            int made = _resampler.Process(_read, 0, needed, _block, frames);
            Array.Clear(_block, made, frames - made);
            return samples;
        }

        /// <summary>When nobody takes reports (a stalled game) the queue is full and the newest is lost; the next one heals it.</summary>
        private void Report(int frames, int samples, double nowS)
        {
            _reports.TryAdd(new SpeakerReport
            {
                FirstFrame = _deviceFrames,
                Frames = frames,
                AtS = nowS,
                ReplyId = _player.ReplyId,
                Position = _player.Position - samples,
                Samples = samples,
                HasEnded = _player.HasEnded,
            });
        }
    }
}
