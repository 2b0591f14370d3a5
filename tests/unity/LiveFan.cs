using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading;
using Stagedoor;

/// <summary>
/// A fan without a game engine: the package's Core, a real socket, the clock of this machine. It types a line, speaks
/// one (PCM16 at 16 kHz from a file), loses its connection in the middle of the answer, comes back, interrupts, and
/// leaves. Each thing that happens is a line on stdout: what, tab, detail.
/// </summary>
public static class LiveFan
{
    private const int DeviceHz = 48000;
    private const int BlockFrames = 480;
    private static readonly Stopwatch Clock = Stopwatch.StartNew();
    private static readonly float[] Block = new float[BlockFrames];
    private static readonly List<string> Words = new List<string>();
    private static CuttableSocket socket;
    private static AvatarClient client;
    private static long blocks;
    private static long endedId = -1;
    private static float jaw;
    private static double loudest;

    private static double NowS => Clock.Elapsed.TotalSeconds;

    /// <summary>Arguments: address, subprotocol, a line to type, a file to speak.</summary>
    public static int Main(string[] arguments)
    {
        var options = new ClientOptions { Address = new Uri(arguments[0]), Subprotocol = arguments[1], DeviceRateHz = DeviceHz };
        client = new AvatarClient(options, () => socket = new CuttableSocket());
        client.StateChanged += state => Say("state", state.ToString());
        client.DisclosureNeeded += welcome => Say("disclosure", welcome.Disclosure);
        client.TranscriptReceived += transcript => { if (transcript.Final) Say("final", transcript.Text); };
        client.TurnReported += report => Say("report", report.Kind);
        client.ErrorReceived += error => Say("error", error.Code);
        client.ReplyCancelled += cancelled => Say("cancelled", cancelled.Reason);
        client.Ended += (code, reason) => Say("over", $"{code} {reason}");
        client.ConversationBegan += Listen;
        client.Connect(NowS);
        Until("the disclosure", () => client.State == ClientState.Disclosing);
        Say("early sound", client.SendAudio(new byte[1280], 40).ToString());
        client.AcknowledgeDisclosure();
        TypeALine(arguments[2]);
        SpeakALine(File.ReadAllBytes(arguments[3]));
        Interrupt(arguments[2]);
        Say("malformed", client.Malformed.ToString());
        client.Leave();
        client.Dispose();
        Thread.Sleep(300); // the goodbye goes out by itself
        return 0;
    }

    private static void Listen(Conversation talk)
    {
        talk.Cues.WordHeard += word => Words.Add(word.Text);
        talk.ReplyEnded += replyId => endedId = replyId;
    }

    private static void TypeALine(string line)
    {
        client.SendText(line);
        Until("the answer", () => endedId >= 0);
        Say("heard", string.Join(" ", Words));
        Say("jaw moved", (jaw > 0.1f).ToString());
        Say("sounded", (loudest > 0.01).ToString());
    }

    private static void SpeakALine(byte[] pcm)
    {
        long before = endedId;
        Words.Clear();
        var microphone = new MicrophoneUplink(client, 16000);
        var slice = new float[160];
        int sent = 0;
        bool wasCut = false;
        double startS = NowS;
        Until("the spoken answer", () =>
        {
            for (; sent < (NowS - startS) * 16000; sent += slice.Length)
            {
                for (int i = 0; i < slice.Length; i++)
                {
                    int k = 2 * (sent + i);
                    slice[i] = k + 1 < pcm.Length ? BitConverter.ToInt16(pcm, k) / 32768f : 0;
                }
                microphone.Write(slice, slice.Length, 1);
            }
            Heard heard = client.Conversation.Heard;
            if (!wasCut && heard.IsPlaying && heard.ReplyId > before && heard.Position > 4800)
            {
                wasCut = true;
                Say("cut", "");
                socket.Cut();
            }
            return endedId > before;
        });
        Say("heard", string.Join(" ", Words));
    }

    private static void Interrupt(string line)
    {
        long before = endedId;
        client.SendText(line);
        Until("another answer", () => client.Conversation.Heard.IsPlaying && client.Conversation.Heard.Position > 2400);
        client.Interrupt();
        For(0.3);
        Say("silent", (loudestNow < 1e-6 && !client.Conversation.Heard.IsPlaying).ToString());
        Say("ended", (endedId > before).ToString());
    }

    private static double loudestNow;

    /// <summary>So much sound goes by: counted in blocks, so that a busy machine plays no less of it.</summary>
    private static void For(double seconds)
    {
        long wanted = blocks + (long)(seconds * DeviceHz / BlockFrames);
        Until("sound", () => blocks >= wanted);
    }

    /// <summary>Plays, draws and talks until it is so.</summary>
    private static void Until(string what, Func<bool> isSo)
    {
        double endS = NowS + 30;
        while (!isSo())
        {
            if (NowS > endS)
            {
                Say("waited in vain", what);
                Environment.Exit(1);
            }
            Conversation talk = client.Conversation;
            for (; blocks * BlockFrames < NowS * DeviceHz; blocks++)
            {
                talk?.Speaker.Fill(Block, 1, NowS, multiply: false);
                loudestNow = talk == null ? 0 : Block.Max(Math.Abs);
                loudest = Math.Max(loudest, loudestNow);
            }
            client.Tick(NowS);
            if (talk != null && talk.Face.Source == FaceSource.Reply)
            {
                jaw = Math.Max(jaw, talk.Face.Weights[Array.IndexOf(talk.Face.Names, "jawOpen")]);
            }
            Thread.Sleep(4);
        }
    }

    private static void Say(string what, string detail)
    {
        Console.WriteLine($"{what}\t{detail}");
        Console.Out.Flush();
    }

    /// <summary>A real socket whose cable can be pulled.</summary>
    private sealed class CuttableSocket : ITransport
    {
        private readonly SystemWebSocketTransport _real = new SystemWebSocketTransport();
        private bool _isCut;
        private bool _isTold;

        public void Cut()
        {
            _isCut = true;
            _real.Dispose();
        }

        public void Open(Uri address, string subprotocol) => _real.Open(address, subprotocol);

        public bool TryReceive(out TransportEvent happened)
        {
            if (!_isCut) return _real.TryReceive(out happened);
            happened = TransportEvent.Closed(TransportEvent.Lost, "cut");
            return !_isTold && (_isTold = true);
        }

        public bool Send(byte[] data, bool isBinary) => !_isCut && _real.Send(data, isBinary);

        public void Close() => _real.Close();

        public void Dispose() => _real.Dispose();
    }
}
