#nullable enable
using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>The face follows the ear: the sample that is heard says which frame is shown.</summary>
    public sealed class FaceTests
    {
        private FaceSampler _face = new FaceSampler(Server.Welcome().Face, Server.RateHz);

        [SetUp]
        public void NewFace() => _face = new FaceSampler(Server.Welcome().Face, Server.RateHz);

        [Test]
        public void BetweenTwoFramesTheWeightsAreInProportion()
        {
            _face.Add(Server.Chunk(1, 0, 24000));
            Assert.That(Jaw(at: 400 * 20, nowS: 1), Is.EqualTo(20 / 255f).Within(1e-6));
            Assert.That(Jaw(at: 400 * 20.5, nowS: 1), Is.EqualTo(20.5f / 255f).Within(1e-6));
        }

        [Test]
        public void HoweverLateThePictureItIsTheMouthOfWhatIsHeard()
        {
            _face.Add(Server.Chunk(1, 0, 24000));
            Assert.That(Jaw(at: 400 * 30, nowS: 100), Is.EqualTo(30 / 255f).Within(1e-6), "no fade after a stall");
        }

        [Test]
        public void WhenTheSoundWaitsTheFaceWaits()
        {
            _face.Add(Server.Chunk(1, 0, 24000));
            float before = Jaw(at: 8000, nowS: 1);
            Assert.That(Jaw(at: 8000, nowS: 1.5), Is.EqualTo(before));
        }

        [Test]
        public void ACancelledReplyClosesTheMouth()
        {
            _face.Add(Server.Chunk(1, 0, 24000));
            float open = Jaw(at: 20000, nowS: 1);
            _face.Cancel(1, 1);
            Assert.That(Jaw(at: 20000, nowS: 1.03), Is.InRange(0.01f, open * 0.9f), "on its way");
            Assert.That(Jaw(at: 20000, nowS: 1.1), Is.Zero);
            Assert.That(_face.Source, Is.EqualTo(FaceSource.Idle));
        }

        [Test]
        public void ListeningFramesPlayFromTheirArrivalAndAReplyReplacesThem()
        {
            var frames = new byte[12 * 3];
            for (int k = 0; k < 12; k++) frames[3 * k + 1] = (byte)(20 * k);
            _face.Listen(new Listening { Seq = 1, Face = frames }, nowS: 5);
            _face.Sample(new Heard { ReplyId = -1 }, 5);
            _face.Sample(new Heard { ReplyId = -1 }, 5 + 10.5 / 60);
            Assert.That(_face.Weights[1], Is.EqualTo(210 / 255f).Within(1e-5));
            _face.Add(Server.Chunk(1, 0, 24000));
            Jaw(at: 8000, nowS: 5.2);
            Assert.That(_face.Source, Is.EqualTo(FaceSource.Reply));
        }

        [Test]
        public void TheHeadTurnsByQuartersOfADegree()
        {
            ReplyChunk chunk = Server.Chunk(1, 0, 24000);
            chunk.Head = new byte[60 * 3];
            for (int k = 0; k < 60; k++) (chunk.Head[3 * k], chunk.Head[3 * k + 1]) = (8, unchecked((byte)-20));
            _face.Add(chunk);
            Jaw(at: 8000, nowS: 1);
            Assert.That((_face.HeadPitch, _face.HeadYaw, _face.HeadRoll), Is.EqualTo((2f, -5f, 0f)));
        }

        [Test]
        public void CentredNamesGoBothWays()
        {
            var format = new FaceFormat { Names = new[] { "headRoll" }, Fps = 60, Centred = new[] { "headRoll" } };
            var face = new FaceSampler(format, Server.RateHz);
            face.Add(new ReplyChunk { ReplyId = 1, Face = new byte[] { 1, 1, 1, 1, 1, 1, 1, 1 } });
            face.Sample(new Heard { ReplyId = 1, Position = 2000, IsPlaying = true }, 1);
            Assert.That(face.Weights[0], Is.EqualTo(-1f));
        }

        [Test]
        public void AtRestItBlinks()
        {
            float most = 0;
            for (double nowS = 0; nowS < 10; nowS += 1 / 60.0)
            {
                _face.Sample(new Heard { ReplyId = -1 }, nowS);
                most = Math.Max(most, _face.Weights[1]);
            }
            Assert.That(most, Is.GreaterThan(0.9f));
        }

        [Test]
        public void DrawingAllocatesNothing()
        {
            var talk = new Conversation(Golden52(), 48000, (reply, samples) => { });
            var device = new float[1024];
            ReplyChunk chunk = Server.Chunk(1, 0, 24000 * 20, last: true);
            chunk.Face = new byte[52 * 60 * 20];
            chunk.Words = new[] { new WordSpan { Text = "hi", StartSamples = 9000, EndSamples = 9500 } };
            talk.Add(chunk, 0);
            for (int i = 0; i < 100; i++) Draw(talk, device, i);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 100; i < 900; i++) Draw(talk, device, i);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.That(talk.Face.Source, Is.EqualTo(FaceSource.Reply));
            TestContext.WriteLine($"{bytes} bytes in 800 drawn frames");
            Assert.That(bytes, Is.Zero);
        }

        [Test]
        public void WordsAndGesturesAreToldWhenTheyAreHeardAndOnce()
        {
            var cues = new ReplyCues();
            var told = new List<string>();
            cues.WordHeard += word => told.Add(word.Text);
            cues.GestureBegan += gesture => told.Add(gesture.Name);
            ReplyChunk chunk = Server.Chunk(1, 0, 24000);
            chunk.Words = new[] { new WordSpan { Text = "oh", StartSamples = 100 }, new WordSpan { Text = "no", StartSamples = 900 } };
            chunk.Gestures = new[] { new GestureCue { StartSamples = 500, Name = "nod" } };
            cues.Add(chunk);
            foreach (double at in new[] { 0.0, 99, 100, 600, 600 }) cues.Advance(Hear(at));
            Assert.That(told, Is.EqualTo(new[] { "oh", "nod" }));
            cues.Cancel(1);
            cues.Advance(Hear(20000));
            Assert.That(told, Has.Count.EqualTo(2));
        }

        private static void Draw(Conversation talk, float[] device, int frame)
        {
            talk.Speaker.Fill(device, 1, frame / 50.0, multiply: false);
            talk.Update(frame / 50.0 + 0.01);
        }

        private static Welcome Golden52()
        {
            Welcome welcome = Server.Welcome();
            var names = new string[52];
            for (int i = 0; i < 52; i++) names[i] = $"shape{i}";
            welcome.Face.Names = names;
            return welcome;
        }

        private float Jaw(double at, double nowS)
        {
            _face.Sample(Hear(at), nowS);
            return _face.Weights[0];
        }

        private static Heard Hear(double at) => new Heard { ReplyId = 1, Position = at, IsPlaying = true };
    }
}
