#nullable enable
using System;
using System.Collections.Generic;

namespace Stagedoor
{
    /// <summary>Words, feelings, gestures and postures of replies: each is told once, when its sample is heard. Bounded.</summary>
    public sealed class ReplyCues
    {
        private const int MaxWaiting = 2048;

        private struct Cue
        {
            public long ReplyId;
            public long AtSamples;
            public WireObject What;
        }

        private readonly List<Cue> _waiting = new List<Cue>(256);

        public event Action<WordSpan>? WordHeard;

        public event Action<EmotionCue>? EmotionBegan;

        public event Action<GestureCue>? GestureBegan;

        public event Action<PostureCue>? PostureBegan;

        public void Add(ReplyChunk chunk)
        {
            foreach (WordSpan word in chunk.Words) Wait(chunk.ReplyId, word.StartSamples, word);
            foreach (GestureCue gesture in chunk.Gestures) Wait(chunk.ReplyId, gesture.StartSamples, gesture);
            if (chunk.Emotion != null) Wait(chunk.ReplyId, chunk.Emotion.StartSamples, chunk.Emotion);
            if (chunk.Posture != null) Wait(chunk.ReplyId, chunk.Posture.StartSamples, chunk.Posture);
        }

        /// <summary>Gestures and the posture of a `listening` message begin with it.</summary>
        public void Add(Listening message)
        {
            foreach (GestureCue gesture in message.Gestures) GestureBegan?.Invoke(gesture);
            if (message.Posture != null) PostureBegan?.Invoke(message.Posture);
        }

        public void Cancel(long replyId)
        {
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].ReplyId <= replyId) _waiting.RemoveAt(i);
            }
        }

        /// <summary>Tells what has begun by now. Allocates nothing.</summary>
        public void Advance(in Heard heard)
        {
            for (int i = 0; i < _waiting.Count;)
            {
                Cue cue = _waiting[i];
                bool isDue = cue.ReplyId < heard.ReplyId || (cue.ReplyId == heard.ReplyId && cue.AtSamples <= heard.Position);
                if (!isDue) { i++; continue; }
                _waiting.RemoveAt(i);
                if (cue.ReplyId == heard.ReplyId) Tell(cue.What);
            }
        }

        private void Wait(long replyId, long atSamples, WireObject what)
        {
            if (_waiting.Count < MaxWaiting) _waiting.Add(new Cue { ReplyId = replyId, AtSamples = atSamples, What = what });
        }

        private void Tell(WireObject what)
        {
            if (what is WordSpan word) WordHeard?.Invoke(word);
            else if (what is EmotionCue emotion) EmotionBegan?.Invoke(emotion);
            else if (what is GestureCue gesture) GestureBegan?.Invoke(gesture);
            else if (what is PostureCue posture) PostureBegan?.Invoke(posture);
        }
    }
}
