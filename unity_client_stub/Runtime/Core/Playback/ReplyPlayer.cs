#nullable enable
using System;
using System.Threading;

namespace Stagedoor
{
    /// <summary>
    /// The jitter buffer. The main thread adds chunks, cancels and ducks; the audio thread reads samples at the reply's
    /// rate and learns which sample of which reply that was. When the buffer runs dry the position stays where it is:
    /// no sample is skipped, and none is played twice.
    /// </summary>
    public sealed class ReplyPlayer
    {
        private const int MaxChunks = 256; // 51 s of 200 ms chunks; the server sends a second ahead
        private const double ResumeMs = 100; // after running dry, wait for a little more than at the start

        private struct Chunk
        {
            public long ReplyId;
            public long Start;
            public byte[] Audio;
            public int First; // samples at the beginning that were received before
            public int Samples;
            public bool Last;
        }

        private struct Order
        {
            public long ReplyId;
            public bool Cancels;
            public float Gain;
            public float RampSamples;
        }

        private readonly SpscQueue<Chunk> _chunks = new SpscQueue<Chunk>(MaxChunks);
        private readonly SpscQueue<Order> _orders = new SpscQueue<Order>(64);
        private readonly JitterEstimator _jitter = new JitterEstimator();

        // main thread
        private long _newestId = -1;
        private long _refusedId = -1; // this reply and older ones are not taken any more
        private long _receivedEnd;

        // both
        private int _startSamples;
        private int _bufferedSamples;
        private int _underruns;

        // audio thread
        private int _offset;
        private long _droppedId = -1;
        private bool _isStopping;
        private bool _ranDry;
        private readonly GainRamp _gain = new GainRamp();

        public ReplyPlayer(int rateHz)
        {
            RateHz = rateHz;
            _startSamples = (int)(_jitter.TargetMs * rateHz / 1000);
        }

        public int RateHz { get; }

        /// <summary>What waits to be played, for display.</summary>
        public double BufferedMs => 1000.0 * Volatile.Read(ref _bufferedSamples) / RateHz;

        /// <summary>How much sound a reply waits for before it starts.</summary>
        public double TargetMs => _jitter.TargetMs;

        /// <summary>How often the sound ran out in the middle of a reply.</summary>
        public int Underruns => Volatile.Read(ref _underruns);

        /// <summary>Of the samples that were read last (audio thread): their reply.</summary>
        public long ReplyId { get; private set; } = -1;

        /// <summary>How many samples of that reply were read so far (audio thread).</summary>
        public long Position { get; private set; }

        public bool IsPlaying { get; private set; }

        /// <summary>The reply was read to its end, and not cancelled (audio thread).</summary>
        public bool HasEnded { get; private set; }

        /// <summary>Takes a chunk. False when it is late (its reply was cancelled or followed), repeated, or too much.</summary>
        public bool Add(ReplyChunk chunk, double nowS)
        {
            if (chunk.ReplyId < _newestId || chunk.ReplyId <= _refusedId) return false;
            if (chunk.ReplyId > _newestId) (_newestId, _receivedEnd) = (chunk.ReplyId, 0);
            int samples = chunk.Samples;
            int repeated = (int)Math.Min(Math.Max(0, _receivedEnd - chunk.StartSamples), samples);
            if (repeated == samples && !chunk.Last) return false;
            _jitter.Arrived(chunk.ReplyId, chunk.StartSamples, RateHz, nowS);
            Volatile.Write(ref _startSamples, (int)(_jitter.TargetMs * RateHz / 1000));
            var item = new Chunk
            {
                ReplyId = chunk.ReplyId,
                Start = chunk.StartSamples,
                Audio = chunk.Audio,
                First = repeated,
                Samples = samples,
                Last = chunk.Last,
            };
            if (!_chunks.TryAdd(item)) return false;
            Interlocked.Add(ref _bufferedSamples, samples - repeated);
            _receivedEnd = Math.Max(_receivedEnd, chunk.StartSamples + samples);
            return true;
        }

        /// <summary>Silence within one audio block; what is buffered of the reply is thrown away.</summary>
        public void Cancel(long replyId)
        {
            _refusedId = Math.Max(_refusedId, replyId);
            _orders.TryAdd(new Order { ReplyId = replyId, Cancels = true });
        }

        /// <summary>Another loudness for one reply, 0 to 1, reached in `rampMs`; the next reply is at 1 again.</summary>
        public void Duck(long replyId, double gain, double rampMs)
        {
            var (loudness, ramp) = ((float)Math.Min(1, Math.Max(0, gain)), (float)(rampMs * RateHz / 1000));
            _orders.TryAdd(new Order { ReplyId = replyId, Gain = loudness, RampSamples = ramp });
        }

        /// <summary>
        /// Fills `output`, with silence where there is no sound, and returns how many samples of a reply it holds. For
        /// the audio thread; allocates nothing.
        /// </summary>
        public int Read(float[] output, int count)
        {
            while (_orders.TryTake(out Order order)) Obey(order);
            DropCancelled();
            if (!IsPlaying && IsReady()) IsPlaying = true;
            int filled = IsPlaying ? Play(output, count) : 0;
            _gain.Apply(output, filled);
            Array.Clear(output, filled, count - filled);
            if (_isStopping) Stop(output, count);
            return filled;
        }

        private void Obey(in Order order)
        {
            if (!order.Cancels)
            {
                _gain.Aim(order.ReplyId, order.Gain, order.RampSamples);
                return;
            }
            _droppedId = order.ReplyId;
            if (ReplyId != order.ReplyId) return;
            _isStopping = IsPlaying;
            _ranDry = false;
            if (!IsPlaying) HasEnded = false;
        }

        private void DropCancelled()
        {
            if (_isStopping) return; // one block more, to fade out
            while (_chunks.Count > 0 && _chunks.Peek(0).ReplyId == _droppedId) Finish();
        }

        private bool IsReady()
        {
            int count = _chunks.Count;
            if (count == 0) return false;
            long replyId = _chunks.Peek(0).ReplyId;
            int buffered = -_offset;
            for (int i = 0; i < count; i++)
            {
                ref Chunk chunk = ref _chunks.Peek(i);
                if (chunk.ReplyId != replyId || chunk.Last) return true; // all that will come is here
                buffered += chunk.Samples - chunk.First;
            }
            int wanted = Volatile.Read(ref _startSamples);
            return buffered >= (_ranDry ? Math.Max(wanted, (int)(ResumeMs * RateHz / 1000)) : wanted);
        }

        /// <summary>Plays as far as there is sound; a reply that ends, ends the block. Returns the samples filled.</summary>
        private int Play(float[] output, int count)
        {
            int filled = 0;
            while (filled < count)
            {
                if (_chunks.Count == 0)
                {
                    (IsPlaying, _ranDry) = (false, true);
                    Interlocked.Increment(ref _underruns);
                    return filled;
                }
                ref Chunk chunk = ref _chunks.Peek(0);
                if (chunk.ReplyId != ReplyId && filled > 0) return filled; // one block is of one reply
                Enter(chunk.ReplyId);
                int from = chunk.First + _offset;
                int part = Math.Min(count - filled, chunk.Samples - from);
                Decode(chunk.Audio, from, output, filled, part);
                filled += part;
                _offset += part;
                Position = chunk.Start + from + part;
                Interlocked.Add(ref _bufferedSamples, -part);
                if (from + part < chunk.Samples) return filled;
                bool last = chunk.Last;
                Finish();
                if (!last) continue;
                (IsPlaying, _ranDry, HasEnded) = (false, false, true);
                return filled;
            }
            return filled;
        }

        private void Enter(long replyId)
        {
            if (replyId != ReplyId) _gain.Begin(replyId);
            (ReplyId, HasEnded) = (replyId, false);
        }

        private void Finish()
        {
            if (!_chunks.TryTake(out Chunk chunk)) return;
            Interlocked.Add(ref _bufferedSamples, -(chunk.Samples - chunk.First - _offset));
            _offset = 0;
        }

        /// <summary>The last block of a cancelled reply, faded so that the cut makes no click.</summary>
        private void Stop(float[] output, int count)
        {
            for (int i = 0; i < count; i++) output[i] *= 1f - (i + 1f) / count;
            (_isStopping, IsPlaying, HasEnded) = (false, false, false);
            DropCancelled();
        }

        private static void Decode(byte[] pcm, int from, float[] output, int at, int count)
        {
            for (int i = 0; i < count; i++)
            {
                int k = 2 * (from + i);
                output[at + i] = (short)(pcm[k] | (pcm[k + 1] << 8)) / 32768f;
            }
        }
    }
}
