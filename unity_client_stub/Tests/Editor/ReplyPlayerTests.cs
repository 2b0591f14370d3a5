#nullable enable
using System;
using System.Linq;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>The jitter buffer: every sample once, in order; silence at once when told.</summary>
    public sealed class ReplyPlayerTests
    {
        private const int Block = 240;
        private readonly float[] _block = new float[Block];
        private ReplyPlayer _player = new ReplyPlayer(Server.RateHz);

        [SetUp]
        public void NewPlayer() => _player = new ReplyPlayer(Server.RateHz);

        [Test]
        public void AReplyIsPlayedSampleBySample()
        {
            _player.Add(Server.Chunk(1, 0, 4800), 0);
            _player.Add(Server.Chunk(1, 4800, 1000, last: true), 0);
            float[] heard = ReadAll();
            Assert.That(heard.Take(5800), Is.EqualTo(Server.Samples(0, 5800)));
            Assert.That(heard.Skip(5800), Is.All.Zero);
            Assert.That((_player.ReplyId, _player.Position, _player.HasEnded), Is.EqualTo((1L, 5800L, true)));
        }

        [Test]
        public void ItWaitsForItsTargetBeforeItStarts()
        {
            int target = (int)(_player.TargetMs * Server.RateHz / 1000);
            _player.Add(Server.Chunk(1, 0, target - 400), 0);
            Assert.That(_player.Read(_block, Block), Is.Zero);
            _player.Add(Server.Chunk(1, target - 400, 400), 0);
            Assert.That(_player.Read(_block, Block), Is.EqualTo(Block));
        }

        [Test]
        public void AShortReplyThatIsWholeStartsAtOnce()
        {
            _player.Add(Server.Chunk(1, 0, 400, last: true), 0);
            Assert.That(_player.Read(_block, Block), Is.EqualTo(Block));
        }

        [Test]
        public void WhenItRunsDryThePositionWaitsAndNoSampleIsLost()
        {
            _player.Add(Server.Chunk(1, 0, 2400), 0);
            float[] before = ReadAll();
            Assert.That((_player.Position, _player.IsPlaying, _player.Underruns), Is.EqualTo((2400L, false, 1)));
            _player.Add(Server.Chunk(1, 2400, 4800, last: true), 0.3);
            float[] after = ReadAll();
            Assert.That(before.Take(2400).Concat(after.Take(4800)), Is.EqualTo(Server.Samples(0, 7200)));
        }

        [Test]
        public void CancelledMeansSilenceWithinOneBlock()
        {
            _player.Add(Server.Chunk(1, 0, 24000), 0);
            _player.Read(_block, Block);
            _player.Cancel(1);
            _player.Read(_block, Block);
            Assert.That(Math.Abs(_block[Block - 1]), Is.LessThan(1e-6), "the last block is faded out");
            Assert.That(_player.Read(_block, Block), Is.Zero);
            Assert.That(_block, Is.All.Zero);
            Assert.That(_player.BufferedMs, Is.Zero);
            Assert.That(_player.HasEnded, Is.False);
        }

        [Test]
        public void LateChunksOfWhatWasCancelledOrFollowedStaySilent()
        {
            _player.Add(Server.Chunk(2, 0, 4800), 0);
            _player.Cancel(2);
            Assert.That(_player.Add(Server.Chunk(2, 4800, 4800), 0), Is.False);
            Assert.That(_player.Add(Server.Chunk(1, 0, 4800, last: true), 0), Is.False);
            Assert.That(ReadAll(), Is.All.Zero);
            Assert.That(_player.Add(Server.Chunk(3, 0, 4800, last: true), 0), Is.True);
            Assert.That(ReadAll().Take(4800), Is.EqualTo(Server.Samples(0, 4800)));
        }

        [Test]
        public void ANewReplyFollowsTheOldOneAndDoesNotCutIt()
        {
            _player.Add(Server.Chunk(1, 0, 4800, last: true), 0);
            _player.Add(Server.Chunk(2, 0, 2400, last: true), 0);
            float[] heard = ReadAll().Where(sample => sample != 0).ToArray();
            Assert.That(heard, Is.EqualTo(Server.Samples(0, 4800).Concat(Server.Samples(0, 2400))));
        }

        [Test]
        public void WhatIsSentAgainAfterAResumeIsPlayedOnce()
        {
            _player.Add(Server.Chunk(1, 0, 4800), 0);
            Assert.That(_player.Add(Server.Chunk(1, 2400, 2400), 1), Is.False);
            Assert.That(_player.Add(Server.Chunk(1, 4000, 4000, last: true), 1), Is.True);
            Assert.That(ReadAll().Take(8000), Is.EqualTo(Server.Samples(0, 8000)));
        }

        [Test]
        public void DuckingRampsAndComesBack()
        {
            _player.Add(Server.Chunk(1, 0, 24000, last: true), 0);
            _player.Read(_block, Block);
            _player.Duck(1, 0.25, 5); // 120 samples
            _player.Read(_block, Block);
            float[] plain = Server.Samples(Block, Block);
            Assert.That(_block[59] / plain[59], Is.EqualTo(0.625).Within(0.01), "half of the way");
            Assert.That(_block[200] / plain[200], Is.EqualTo(0.25).Within(1e-4));
            _player.Duck(1, 1, 0);
            _player.Read(_block, Block);
            Assert.That(_block[100], Is.EqualTo(Server.Samples(2 * Block, Block)[100]).Within(1e-6));
        }

        [Test]
        public void DuckingEndsWithItsReply()
        {
            _player.Add(Server.Chunk(1, 0, 2400, last: true), 0);
            _player.Duck(1, 0, 0);
            Assert.That(ReadAll(), Is.All.Zero);
            _player.Add(Server.Chunk(2, 0, 2400, last: true), 0);
            Assert.That(ReadAll().Take(2400), Is.EqualTo(Server.Samples(0, 2400)));
        }

        [Test]
        public void LateChunksRaiseTheTargetAndGoodRepliesLowerIt()
        {
            var jitter = new JitterEstimator();
            jitter.Arrived(1, 0, 24000, 0);
            jitter.Arrived(1, 4800, 24000, 0.3); // 100 ms behind its pace
            Assert.That(jitter.TargetMs, Is.EqualTo(JitterEstimator.LeastMs + 100).Within(1e-6));
            for (int reply = 2; reply < 12; reply++) jitter.Arrived(reply, 0, 24000, reply);
            Assert.That(jitter.TargetMs, Is.LessThan(JitterEstimator.LeastMs + 5));
            jitter.Arrived(11, 4800, 24000, 60);
            Assert.That(jitter.TargetMs, Is.EqualTo(JitterEstimator.MostMs));
        }

        [Test]
        public void ReadingAllocatesNothing()
        {
            _player.Add(Server.Chunk(1, 0, 240000, last: true), 0);
            var feed = new SpeakerFeed(_player, 44100);
            var device = new float[2 * 512];
            for (int i = 0; i < 10; i++) feed.Fill(device, 2, i * 0.01, multiply: false);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 500; i++) feed.Fill(device, 2, i * 0.01, multiply: true);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        }

        /// <summary>Blocks until one is silent.</summary>
        private float[] ReadAll()
        {
            var all = new System.Collections.Generic.List<float>();
            do _player.Read(_block, Block);
            while (all.Count < 1_000_000 && Note(all));
            return all.ToArray();
        }

        private bool Note(System.Collections.Generic.List<float> all)
        {
            all.AddRange(_block);
            return _player.IsPlaying || _player.BufferedMs > 0;
        }
    }
}
