#nullable enable
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using NUnit.Framework;

namespace Stagedoor.Tests
{
    /// <summary>Visits, told as they happen: the scripted server speaks, the client answers, time is an argument.</summary>
    public sealed class ClientTests
    {
        private readonly List<ScriptedTransport> _sockets = new List<ScriptedTransport>();
        private readonly float[] _block = new float[480];
        private AvatarClient _client = null!;
        private double _nowS;

        private ScriptedTransport Socket => _sockets.Last();

        [SetUp]
        public void Connect()
        {
            _sockets.Clear();
            _nowS = 0;
            _client = new AvatarClient(new ClientOptions { Token = "secret", Seed = 1 }, () =>
            {
                _sockets.Add(new ScriptedTransport());
                return Socket;
            });
            _client.Connect(_nowS);
            Pass(0.01);
        }

        [Test]
        public void ItSaysHelloFirstAndTheTokenGoesNowhereElse()
        {
            Assert.That(Socket.Sent.Single(), Is.InstanceOf<Hello>());
            Assert.That(Socket.Last<Hello>().Token, Is.EqualTo("secret"));
            Assert.That(new ClientOptions { Token = "secret" }.Address.ToString(), Does.Not.Contain("secret"));
        }

        [Test]
        public void NothingIsHeardOrSaidBeforeThePersonHasAcknowledged()
        {
            var microphone = new MicrophoneUplink(_client, 48000);
            Welcome? shown = null;
            _client.DisclosureNeeded += welcome => shown = welcome;
            Say(Server.Welcome());
            Assert.That(shown!.Disclosure, Is.EqualTo("I am an AI."));
            microphone.Write(new float[48000], 48000, 1);
            Assert.That(_client.SendText("hello"), Is.False);
            Assert.That(_client.SendAudio(new byte[640], 20), Is.False);
            Assert.That(Socket.Sent, Has.Count.EqualTo(1), "only the hello");
            _client.AcknowledgeDisclosure();
            Assert.That(_client.State, Is.EqualTo(ClientState.Open));
            Assert.That(_client.SendText("hello"), Is.True);
            Assert.That(Socket.Count<AudioChunk>(), Is.Zero, "and nothing was kept from before");
        }

        [Test]
        public void TheMicrophoneSendsFortyMillisecondsOfPcmAtSixteenKilohertz()
        {
            Enter();
            var microphone = new MicrophoneUplink(_client, 48000);
            var stereo = new float[2 * 48000];
            for (int i = 0; i < 48000; i++) stereo[2 * i] = stereo[2 * i + 1] = (float)Math.Sin(0.05 * i) / 2;
            microphone.Write(stereo, 48000, 2);
            Assert.That(Socket.Count<AudioChunk>(), Is.EqualTo(24), "a second, less what is on its way");
            Assert.That(Socket.Last<AudioChunk>().Audio, Has.Length.EqualTo(1280));
            Assert.That(microphone.Level, Is.EqualTo(0.5).Within(0.02));
            microphone.IsMuted = true;
            microphone.Write(stereo, 48000, 2);
            Assert.That(Socket.Last<AudioChunk>().Audio, Is.All.Zero, "muted is silence, not nothing");
        }

        [Test]
        public void AStallOfTheGameDoesNotBreakTheServersLimits()
        {
            Enter();
            var microphone = new MicrophoneUplink(_client, 16000);
            microphone.Write(new float[16000 * 9], 16000 * 9, 1);
            Assert.That(Socket.Count<AudioChunk>() * 40, Is.LessThanOrEqualTo(5000));
            Assert.That(microphone.Dropped, Is.GreaterThan(90));
            Assert.That(_client.SendText(new string('x', 2001)), Is.False);
        }

        [Test]
        public void AReplyIsPlayedMarkedAndItsEndToldOnce()
        {
            Enter();
            var ended = new List<long>();
            _client.Conversation!.ReplyEnded += ended.Add;
            for (int i = 0; i < 5; i++) Socket.Say(Server.Chunk(1, 4800 * i, 4800, last: i == 4));
            Pass(2);
            var marks = Socket.Sent.OfType<PlaybackMark>().Select(mark => mark.HeardSamples).ToArray();
            Assert.That(marks.Last(), Is.EqualTo(24000));
            Assert.That(marks, Is.Ordered);
            Assert.That(marks.Length, Is.InRange(9, 12), "every 100 ms of a second");
            Assert.That(ended, Is.EqualTo(new[] { 1L }));
        }

        [Test]
        public void AnotherSoundDeviceGoesOnWhereTheOldOneStopped()
        {
            Enter();
            Socket.Say(Server.Chunk(1, 0, 24000, last: true));
            Pass(0.5);
            _client.UseDevice(44100);
            Pass(1);
            Assert.That(Socket.Last<PlaybackMark>().HeardSamples, Is.EqualTo(24000));
            Assert.That(Socket.Sent.OfType<PlaybackMark>().Select(mark => mark.HeardSamples), Is.Ordered);
        }

        [Test]
        public void AnInterruptionIsSilentAtOnceAndMarked()
        {
            Enter();
            Socket.Say(Server.Chunk(1, 0, 24000));
            Pass(0.35);
            Say(new ReplyCancelled { ReplyId = 1, Reason = "barge_in", HeardSamples = 8000 });
            long heard = Socket.Last<PlaybackMark>().HeardSamples;
            Assert.That(heard, Is.InRange(5000, 9000));
            Socket.Say(Server.Chunk(1, 24000, 4800, last: true));
            Pass(0.2);
            Assert.That(_block, Is.All.Zero);
            Assert.That(Socket.Last<PlaybackMark>().HeardSamples, Is.EqualTo(heard), "nothing more of it is heard");
        }

        [Test]
        public void StopIsSilenceFirstAndAMessageAfterIt()
        {
            Enter();
            Socket.Say(Server.Chunk(1, 0, 24000));
            Pass(0.3);
            _client.Interrupt();
            Assert.That(Socket.Sent.Last(), Is.InstanceOf<Interrupt>());
            Pass(0.1);
            Assert.That(_block, Is.All.Zero);
        }

        [Test]
        public void ALostConnectionIsResumedAfterAPauseWithoutAskingAgain()
        {
            Enter();
            Socket.Say(Server.Chunk(3, 0, 24000));
            Pass(0.4);
            Socket.Hang(TransportEvent.Lost);
            Pass(0.05);
            Assert.That(_client.State, Is.EqualTo(ClientState.Away));
            Pass(1);
            Assert.That(_sockets, Has.Count.EqualTo(2));
            Resume resume = Socket.Last<Hello>().Resume!;
            Assert.That((resume.Token, resume.ReplyId), Is.EqualTo(("again", 3L)));
            Assert.That(resume.HeardSamples, Is.InRange(12000, 24000), "it went on playing what it had");
            Conversation before = _client.Conversation!;
            Welcome welcome = Server.Welcome();
            welcome.Resumed = true;
            Say(welcome);
            Assert.That(_client.State, Is.EqualTo(ClientState.Open));
            Assert.That(_client.Conversation, Is.SameAs(before));
            Assert.That(_client.SendText("still there?"), Is.True);
        }

        [Test]
        public void ARefusedResumeBecomesANewVisitThatAsksAgain()
        {
            Enter();
            Socket.Hang(1011);
            Pass(1);
            Socket.Say(new ErrorMessage { Code = "resume_refused", Fatal = true });
            Socket.Hang(1008, "resume_refused");
            Pass(1);
            Assert.That(Socket.Last<Hello>().Resume, Is.Null);
            Say(Server.Welcome("s-2"));
            Assert.That(_client.State, Is.EqualTo(ClientState.Disclosing));
            Assert.That(_client.SendText("hello"), Is.False);
        }

        [Test]
        public void PausesGrowAndEndAndFatalClosesAreForGood()
        {
            var reconnect = new Reconnect(1);
            double? first = reconnect.PauseAfter(TransportEvent.Lost), pause = first;
            int attempts = 1;
            while (reconnect.PauseAfter(1013) is double next) (pause, attempts) = (next, attempts + 1);
            Assert.That(first, Is.InRange(0.4, 0.6));
            Assert.That(pause, Is.InRange(6.4, 9.6));
            Assert.That(attempts, Is.EqualTo(12));
            foreach (int code in new[] { 1000, 1008, 1009 }) Assert.That(new Reconnect(1).PauseAfter(code), Is.Null);
        }

        [Test]
        public void AFatalErrorEndsTheVisitWithItsCode()
        {
            Enter();
            (int code, string reason) end = default;
            _client.Ended += (code, reason) => end = (code, reason);
            Socket.Say(new ErrorMessage { Code = "session_over", Fatal = true });
            Socket.Hang(1000);
            Pass(1);
            Assert.That(end, Is.EqualTo((1000, "session_over")));
            Assert.That(_client.State, Is.EqualTo(ClientState.Closed));
            Assert.That(_sockets, Has.Count.EqualTo(1));
        }

        [Test]
        public void BadBytesAreCountedAndTheTalkGoesOn()
        {
            Enter();
            Socket.Raw(new byte[] { 0xc1, 0, 0 });
            Pass(0.1);
            Assert.That(_client.Malformed, Is.EqualTo(1));
            Assert.That(_client.State, Is.EqualTo(ClientState.Open));
        }

        [TestCase(-1)]
        [TestCase(long.MaxValue)]
        [TestCase(1L << 40)]
        public void ChunksWhereNoReplyReachesCostNothing(long start)
        {
            Enter();
            Say(Server.Chunk(1, start, 4800));
            Socket.Say(Server.Chunk(1, 0, 4800, last: true));
            Pass(1);
            Assert.That(Socket.Last<PlaybackMark>().HeardSamples, Is.EqualTo(4800));
        }

        [TestCase(0, 60)]
        [TestCase(24001, 60)]
        [TestCase(24000, 0)]
        [TestCase(24000, 100000)]
        public void ARateThatIsNoneIsNotWorkedWith(long rateHz, long fps)
        {
            Welcome welcome = Server.Welcome();
            (welcome.AudioOut.SampleRateHz, welcome.Face.Fps) = (rateHz, fps);
            Say(welcome);
            Assert.That(_client.State, Is.EqualTo(ClientState.Closed));
        }

        [Test]
        public void WhatTheFanFeelsStaysHereWithoutTheirConsent()
        {
            Enter();
            Assert.That(_client.SendFanFace(new byte[52], 80), Is.False);
            _client.SetConsents(new Consents { EmotionSensing = true });
            Assert.That(_client.SendFanFace(new byte[52], 80), Is.True);
            Assert.That(_client.SendFanFace(new byte[52], 80), Is.False, "ten times a second at most");
            Assert.That(Socket.Count<FanFace>(), Is.EqualTo(1));
        }

        [Test]
        public void LeavingSaysGoodbye()
        {
            Enter();
            _client.Leave();
            Assert.That(Socket.Sent.Last(), Is.InstanceOf<Leave>());
            Assert.That(Socket.IsClosed, Is.True);
            Socket.Hang(1000);
            Pass(3);
            Assert.That(_sockets, Has.Count.EqualTo(1), "and does not come back");
        }

        [Test]
        public void SilentVisitsAreKeptAliveAndMeasured()
        {
            Enter();
            Pass(45);
            Assert.That(Socket.Count<Ping>(), Is.EqualTo(2), "one at the beginning, one after a third of the idle limit");
            Say(new Pong { Nonce = Socket.Last<Ping>().Nonce });
            Assert.That(_client.RoundTripMs, Is.GreaterThan(0));
        }

        [Test]
        public void TheFansHeadIsSentTenTimesASecondWhileItMoves()
        {
            Enter();
            for (int i = 0; i < 100; i++)
            {
                _client.SetFanPose(0, 1.6, 0.5 + 0.01 * i);
                Pass(0.01);
            }
            Assert.That(Socket.Count<FanPose>(), Is.InRange(9, 11));
            Pass(1);
            Assert.That(Socket.Count<FanPose>(), Is.InRange(9, 12));
        }

        [Test]
        public void TheGoldenSessionIsFollowed()
        {
            var codec = new Codec(Codec.JsonProtocol);
            foreach (string line in File.ReadLines(Path.Combine(Golden.Folder(), "session_hello.jsonl")))
            {
                if (!line.Contains("\"direction\": \"down\"")) continue;
                int start = line.IndexOf("\"frame\": ", StringComparison.Ordinal) + "\"frame\": ".Length;
                string frame = line.Substring(start, line.LastIndexOf('}') - start);
                Socket.Say(codec.DecodeServer(Encoding.UTF8.GetBytes(frame)));
                Pass(0.06);
                _client.AcknowledgeDisclosure();
            }
            Pass(1);
            var marks = Socket.Sent.OfType<PlaybackMark>().ToArray();
            Assert.That(marks.Last().ReplyId, Is.EqualTo(2));
            Assert.That(marks.Last().HeardSamples, Is.EqualTo(800));
        }

        private void Enter()
        {
            Say(Server.Welcome());
            _client.AcknowledgeDisclosure();
        }

        private void Say(Message message)
        {
            Socket.Say(message);
            Pass(0.01);
        }

        /// <summary>Time goes by: the sound device takes a block every 10 ms, and a picture is drawn.</summary>
        private void Pass(double seconds)
        {
            for (double endS = _nowS + seconds - 1e-9; _nowS < endS;)
            {
                _nowS += 0.01;
                _client.Conversation?.Speaker.Fill(_block, 1, _nowS, multiply: false);
                _client.Tick(_nowS);
            }
        }
    }
}
