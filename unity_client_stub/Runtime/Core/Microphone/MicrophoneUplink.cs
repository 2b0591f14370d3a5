#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>
    /// The fan's voice on its way up: any rate and any number of channels in, 40 ms of PCM16 mono at 16 kHz out. What
    /// comes before the disclosure was acknowledged is thrown away here, and never buffered.
    /// </summary>
    public sealed class MicrophoneUplink
    {
        public const int RateHz = 16000;
        private const int ChunkSamples = 640;
        private const double ChunkMs = 1000.0 * ChunkSamples / RateHz;
        private const int ClosingChunks = 20; // 0.8 s of silence, so that the last sentence is known to be over

        private readonly AvatarClient _client;
        private readonly Resampler? _resampler;
        private readonly byte[] _chunk = new byte[2 * ChunkSamples];
        private float[] _mono = new float[4096];
        private float[] _sound = new float[4096];
        private int _count;

        public MicrophoneUplink(AvatarClient client, int microphoneRateHz)
        {
            _client = client;
            if (microphoneRateHz != RateHz) _resampler = new Resampler(microphoneRateHz, RateHz);
        }

        /// <summary>Sends silence instead of the voice; the server needs it to find the end of a turn.</summary>
        public bool IsMuted { get; set; }

        /// <summary>The loudest sample of the last chunk that was sent, 0 to 1.</summary>
        public float Level { get; private set; }

        /// <summary>Chunks that were not sent because of the server's limits or the network.</summary>
        public int Dropped { get; private set; }

        /// <summary>Takes `frames` interleaved frames as they were recorded.</summary>
        public void Write(float[] data, int frames, int channels)
        {
            if (!_client.CanSpeak)
            {
                _count = 0;
                return;
            }
            if (_mono.Length < frames) _mono = new float[frames];
            for (int i = 0; i < frames; i++)
            {
                float sum = 0;
                for (int channel = 0; channel < channels; channel++) sum += data[i * channels + channel];
                _mono[i] = IsMuted ? 0 : sum / channels;
            }
            if (_resampler == null)
            {
                Pack(_mono, frames);
                return;
            }
            int most = _resampler.OutputsFor(frames);
            if (_sound.Length < most) _sound = new float[most];
            Pack(_sound, _resampler.Process(_mono, 0, frames, _sound, most));
        }

        /// <summary>The microphone is closed: a moment of silence ends the turn.</summary>
        public void Close()
        {
            if (!_client.CanSpeak) return;
            Array.Clear(_chunk, 2 * _count, _chunk.Length - 2 * _count);
            for (int i = 0; i < ClosingChunks; i++)
            {
                Send();
                Array.Clear(_chunk, 0, _chunk.Length);
            }
            _count = 0;
        }

        private void Pack(float[] sound, int count)
        {
            for (int i = 0; i < count; i++)
            {
                int value = (int)Math.Round(32767 * Math.Min(1f, Math.Max(-1f, sound[i])));
                _chunk[2 * _count] = (byte)value;
                _chunk[2 * _count + 1] = (byte)(value >> 8);
                if (++_count == ChunkSamples) Send();
            }
        }

        private void Send()
        {
            int loudest = 0;
            for (int i = 0; i < ChunkSamples; i++)
            {
                loudest = Math.Max(loudest, Math.Abs((int)(short)(_chunk[2 * i] | (_chunk[2 * i + 1] << 8))));
            }
            Level = loudest / 32768f;
            if (!_client.SendAudio(_chunk, ChunkMs)) Dropped++;
            _count = 0;
        }
    }
}
