#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>
    /// What a visit consists of once the server has said hello: voice, face, cues, marks. It outlives a lost connection
    /// when the visit is resumed, and goes on playing what it has meanwhile.
    /// </summary>
    public sealed class Conversation
    {
        private const double MarkEveryS = 0.1;
        private const double MaxReplyS = 900; // no reply is longer; a start beyond it would only cost memory

        private readonly ReplyPlayer _player;
        private PlaybackClock _clock;
        private readonly Action<long, long> _mark;
        private long _markedId = -1;
        private long _markedSamples;
        private long _listeningSeq = -1;

        /// <summary>`mark` is called with the reply and its samples heard, every 100 ms and at each end.</summary>
        public Conversation(Welcome welcome, int deviceRateHz, Action<long, long> mark)
        {
            int rateHz = (int)welcome.AudioOut.SampleRateHz;
            _mark = mark;
            _player = new ReplyPlayer(rateHz);
            Speaker = new SpeakerFeed(_player, deviceRateHz);
            _clock = new PlaybackClock(Speaker);
            Face = new FaceSampler(welcome.Face, rateHz);
            Cues = new ReplyCues();
        }

        /// <summary>For the audio thread. Another one after UseDevice.</summary>
        public SpeakerFeed Speaker { get; private set; }

        public FaceSampler Face { get; }

        public ReplyCues Cues { get; }

        public Heard Heard => _clock.Heard;

        public double BufferedMs => _player.BufferedMs;

        public double TargetMs => _player.TargetMs;

        public int Underruns => _player.Underruns;

        public double OutputLatencyS { get => _clock.OutputLatencyS; set => _clock.OutputLatencyS = value; }

        /// <summary>A reply was heard to its end.</summary>
        public event Action<long>? ReplyEnded;

        /// <summary>The sound device changed its rate; what is buffered stays. The old Speaker must not be read any more.</summary>
        public void UseDevice(int rateHz)
        {
            Speaker = new SpeakerFeed(_player, rateHz);
            _clock = new PlaybackClock(Speaker) { OutputLatencyS = OutputLatencyS };
        }

        /// <summary>False when the chunk was late, or lies where no reply reaches, and nothing of it will be heard.</summary>
        public bool Add(ReplyChunk chunk, double nowS)
        {
            if (chunk.StartSamples < 0 || chunk.StartSamples > MaxReplyS * Speaker.RateHz) return false;
            if (!_player.Add(chunk, nowS)) return false;
            Face.Add(chunk);
            Cues.Add(chunk);
            return true;
        }

        /// <summary>Silence within one audio block, and a mouth that closes. Marks what was heard of it.</summary>
        public void Cancel(long replyId, double nowS)
        {
            Heard heard = _clock.Update(nowS);
            _player.Cancel(replyId);
            _clock.Cancel(replyId);
            Face.Cancel(replyId, nowS);
            Cues.Cancel(replyId);
            if (heard.ReplyId == replyId && heard.IsPlaying) Mark(replyId, (long)heard.Position);
        }

        public void Duck(ReplyDuck duck) => _player.Duck(duck.ReplyId, duck.Gain, duck.RampMs);

        /// <summary>The newest `listening` message wins.</summary>
        public void Listen(Listening message, double nowS)
        {
            if (message.Seq <= _listeningSeq) return;
            _listeningSeq = message.Seq;
            Face.Listen(message, nowS);
            Cues.Add(message);
        }

        /// <summary>After a lost connection: what was heard meanwhile, for a mark may have got lost with it.</summary>
        public void MarkAgain()
        {
            if (_markedId >= 0) _mark(_markedId, _markedSamples);
        }

        /// <summary>Once a drawn frame: what is heard, the face for it, cues and marks. Allocates nothing by itself.</summary>
        public void Update(double nowS)
        {
            Heard heard = _clock.Update(nowS);
            Face.Sample(heard, nowS);
            Cues.Advance(heard);
            while (_clock.TryTakeEnd(nowS, out long endedId, out long samples))
            {
                Mark(endedId, samples);
                ReplyEnded?.Invoke(endedId);
            }
            if (!heard.IsPlaying) return;
            long since = _markedId == heard.ReplyId ? _markedSamples : 0;
            if (heard.Position - since >= MarkEveryS * Speaker.RateHz) Mark(heard.ReplyId, (long)heard.Position);
        }

        private void Mark(long replyId, long samples)
        {
            if (replyId < _markedId || (replyId == _markedId && samples <= _markedSamples)) return;
            (_markedId, _markedSamples) = (replyId, samples);
            _mark(replyId, samples);
        }
    }
}
