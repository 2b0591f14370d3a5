#nullable enable
using System;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>Which sample is heard, from blocks that the sound device takes at uneven moments.</summary>
    public sealed class ClockTests
    {
        private const int DeviceHz = 48000;
        private const int BlockFrames = 1024;
        private const double BlockS = (double)BlockFrames / DeviceHz;

        [Test]
        public void ThePositionRunsEvenlyThoughTheBlocksComeUnevenly()
        {
            var player = new ReplyPlayer(Server.RateHz);
            var feed = new SpeakerFeed(player, DeviceHz);
            var clock = new PlaybackClock(feed) { OutputLatencyS = 0.04 };
            var random = new Random(3);
            var block = new float[BlockFrames];
            player.Add(Server.Chunk(1, 0, 24000 * 10, last: true), 0);
            double before = 0, worst = 0;
            int taken = 0;
            for (double nowS = 0; nowS < 5; nowS += 1 / 90.0)
            {
                while (taken * BlockS <= nowS) feed.Fill(block, 1, taken++ * BlockS + random.NextDouble() * 0.008, false);
                Heard heard = clock.Update(nowS + 0.008);
                if (nowS > 1)
                {
                    double truth = (nowS + 0.008 - 0.04) * Server.RateHz;
                    worst = Math.Max(worst, Math.Abs(heard.Position - truth) / Server.RateHz);
                    Assert.That(heard.Position, Is.GreaterThanOrEqualTo(before), "it never goes back");
                }
                before = heard.Position;
            }
            Assert.That(worst, Is.LessThan(0.005), "seconds away from the truth");
        }

        [Test]
        public void TheEndIsToldOnceAndNotBeforeItIsHeard()
        {
            var player = new ReplyPlayer(Server.RateHz);
            var feed = new SpeakerFeed(player, DeviceHz);
            var clock = new PlaybackClock(feed) { OutputLatencyS = 0.1 };
            player.Add(Server.Chunk(4, 0, 800, last: true), 0);
            var block = new float[BlockFrames];
            for (int i = 0; i < 4; i++) feed.Fill(block, 1, i * BlockS, false);
            clock.Update(0.09);
            Assert.That(clock.TryTakeEnd(0.09, out _, out _), Is.False);
            clock.Update(0.17);
            Assert.That(clock.TryTakeEnd(0.17, out long replyId, out long samples), Is.True);
            Assert.That((replyId, samples), Is.EqualTo((4L, 800L)));
            Assert.That(clock.TryTakeEnd(0.2, out _, out _), Is.False);
        }
    }
}
