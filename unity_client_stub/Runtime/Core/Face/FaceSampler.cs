#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>Where the face that is shown comes from.</summary>
    public enum FaceSource { Idle, Listening, Reply }

    /// <summary>
    /// Which face to show now: the reply's at the sample that is heard, else the listening frames, else one at rest.
    /// Inside a reply the weights are those of the server, between two frames in proportion: smoothing would make the
    /// mouth late. Only where the source changes is there a short cross-fade. Sample allocates nothing.
    /// </summary>
    public sealed class FaceSampler
    {
        private const int KeptReplies = 4; // one that is heard, one that arrives, and some to spare
        private const double HoldS = 0.5; // the next `listening` may be late, and a face that jumps looks away
        private const double ReplyFadeS = 0.05;
        private const double CancelFadeS = 0.06;
        private const double RestFadeS = 0.16;

        private readonly double _samplesPerFrame;
        private readonly double _fps;
        private readonly bool[] _centred;
        private readonly FaceFrames[] _replies = new FaceFrames[KeptReplies];
        private readonly FaceFrames _listening;
        private readonly IdleFace _idle;
        private readonly float[] _rest;
        private readonly float[] _fadeFrom;
        private readonly float[] _headFrom = new float[3];
        private readonly float[] _head = new float[3];
        private double _listeningSinceS;
        private FaceSource _source;
        private long _sourceId = -1;
        private double _fadeSinceS;
        private double _fadeS = ReplyFadeS;
        private int _next;

        public FaceSampler(FaceFormat format, int rateHz, int seed = 1)
        {
            Names = format.Names;
            _fps = format.Fps;
            _samplesPerFrame = rateHz / _fps;
            _centred = Array.ConvertAll(Names, name => Array.IndexOf(format.Centred, name) >= 0);
            for (int i = 0; i < KeptReplies; i++) _replies[i] = new FaceFrames(Names.Length);
            _listening = new FaceFrames(Names.Length);
            _idle = new IdleFace(Names, seed);
            _rest = new float[Names.Length];
            _fadeFrom = new float[Names.Length];
            Weights = new float[Names.Length];
        }

        /// <summary>What each weight moves, in the order of the server.</summary>
        public string[] Names { get; }

        /// <summary>0 to 1 (-1 to 1 for centred names), as of the last Sample.</summary>
        public float[] Weights { get; }

        public FaceSource Source => _source;

        /// <summary>Degrees: > 0 nods down.</summary>
        public float HeadPitch => _head[0];

        /// <summary>Degrees: > 0 turns to the avatar's left.</summary>
        public float HeadYaw => _head[1];

        /// <summary>Degrees: > 0 tilts to the avatar's right shoulder.</summary>
        public float HeadRoll => _head[2];

        public void Add(ReplyChunk chunk)
        {
            FaceFrames frames = Find(chunk.ReplyId) ?? Begin(chunk.ReplyId);
            frames.Put((int)Math.Round(chunk.StartSamples / _samplesPerFrame), chunk.Face, chunk.Head);
        }

        /// <summary>The reply is over: from now on its face is not shown, and the mouth closes.</summary>
        public void Cancel(long replyId, double nowS)
        {
            Find(replyId)?.Begin(-1);
            if (_source == FaceSource.Reply && _sourceId == replyId) ChangeTo(FaceSource.Idle, -1, nowS, CancelFadeS);
        }

        public void Listen(Listening message, double nowS)
        {
            _listening.Begin(message.Seq);
            _listening.Put(0, message.Face, message.Head);
            _listeningSinceS = nowS;
        }

        /// <summary>Sets Weights and the head to what belongs to this moment.</summary>
        public void Sample(in Heard heard, double nowS)
        {
            FaceFrames? frames = Choose(heard, nowS, out FaceSource source, out double at);
            long id = source == FaceSource.Reply ? heard.ReplyId : -1;
            if (source != _source || id != _sourceId)
            {
                ChangeTo(source, id, nowS, source == FaceSource.Reply ? ReplyFadeS : RestFadeS);
            }
            // Into a reply by its own clock: however late the first picture is, it shows the mouth of what is heard.
            double sinceS = source == FaceSource.Reply ? at / _fps : nowS - _fadeSinceS;
            float share = (float)Math.Min(1, Math.Max(0, sinceS / _fadeS));
            if (frames == null) _idle.At(nowS, _rest);
            for (int i = 0; i < Weights.Length; i++)
            {
                float target = frames == null ? _rest[i] : Scale(frames.Weight(at, i), i);
                Weights[i] = _fadeFrom[i] + (target - _fadeFrom[i]) * share;
            }
            for (int axis = 0; axis < 3; axis++)
            {
                float target = frames == null ? 0 : frames.Head(at, axis);
                _head[axis] = _headFrom[axis] + (target - _headFrom[axis]) * share;
            }
        }

        private FaceFrames? Choose(in Heard heard, double nowS, out FaceSource source, out double at)
        {
            FaceFrames? reply = heard.IsPlaying ? Find(heard.ReplyId) : null;
            (source, at) = (FaceSource.Reply, heard.Position / _samplesPerFrame);
            if (reply != null && at >= 0 && at < reply.Count) return reply;
            double frame = Math.Max(0, nowS - _listeningSinceS) * _fps;
            (source, at) = (FaceSource.Listening, Math.Min(frame, _listening.Count - 1));
            if (_listening.Count > 0 && frame < _listening.Count + HoldS * _fps) return _listening;
            (source, at) = (FaceSource.Idle, 0);
            return null;
        }

        private float Scale(float value, int channel) => _centred[channel] ? (value - 128) / 127 : value / 255;

        private void ChangeTo(FaceSource source, long id, double nowS, double fadeS)
        {
            (_source, _sourceId, _fadeSinceS, _fadeS) = (source, id, nowS, fadeS);
            Array.Copy(Weights, _fadeFrom, Weights.Length);
            Array.Copy(_head, _headFrom, 3);
        }

        private FaceFrames? Find(long replyId)
        {
            foreach (FaceFrames frames in _replies)
            {
                if (frames.Id == replyId) return frames;
            }
            return null;
        }

        private FaceFrames Begin(long replyId)
        {
            FaceFrames frames = _replies[_next++ % KeptReplies];
            frames.Begin(replyId);
            return frames;
        }
    }
}
