#nullable enable
using System;
using System.Collections.Generic;
using System.Linq;

namespace Stagedoor.Tests
{
    /// <summary>A socket that a test speaks through: what the client sent is in Sent, what it is told comes from Say.</summary>
    internal sealed class ScriptedTransport : ITransport
    {
        private readonly Queue<TransportEvent> _events = new Queue<TransportEvent>();
        private readonly Codec _codec = new Codec(Codec.MsgPackProtocol);

        public List<Message> Sent { get; } = new List<Message>();

        public bool IsClosed { get; private set; }

        public bool IsDisposed { get; private set; }

        public void Open(Uri address, string subprotocol) => _events.Enqueue(TransportEvent.Opened(subprotocol));

        public bool TryReceive(out TransportEvent happened) => _events.TryDequeue(out happened);

        public bool Send(byte[] data, bool isBinary)
        {
            Sent.Add(_codec.DecodeClient(data));
            return true;
        }

        public void Close() => IsClosed = true;

        public void Dispose() => IsDisposed = true;

        public void Say(Message message) => Raw(_codec.Encode(message));

        public void Raw(byte[] data) => _events.Enqueue(TransportEvent.Message(data, true));

        public void Hang(int code, string reason = "") => _events.Enqueue(TransportEvent.Closed(code, reason));

        public T Last<T>() where T : Message => Sent.OfType<T>().Last();

        public int Count<T>() where T : Message => Sent.OfType<T>().Count();
    }

    /// <summary>Small makers of what servers say.</summary>
    internal static class Server
    {
        public const int RateHz = 24000;
        public const int FrameSamples = 400;

        public static readonly string[] Names = { "jawOpen", "eyeBlinkLeft", "eyeBlinkRight" };

        public static Welcome Welcome(string session = "s-1") => new Welcome
        {
            SessionId = session,
            Persona = new PersonaCard { Id = "nova", Name = "Nova" },
            Disclosure = "I am an AI.",
            AudioOut = new AudioFormat { SampleRateHz = RateHz },
            Face = new FaceFormat { Names = Names, Fps = 60 },
            ResumeToken = "again",
        };

        /// <summary>Samples that say their own number, and a jaw that opens by one step of 255 each frame.</summary>
        public static ReplyChunk Chunk(long replyId, long start, int samples, bool last = false)
        {
            var audio = new byte[2 * samples];
            for (int i = 0; i < samples; i++)
            {
                short value = Sample(start + i);
                (audio[2 * i], audio[2 * i + 1]) = ((byte)value, (byte)(value >> 8));
            }
            int frames = (samples + FrameSamples - 1) / FrameSamples;
            var face = new byte[frames * Names.Length];
            for (int k = 0; k < frames; k++) face[k * Names.Length] = (byte)Math.Min(255, start / FrameSamples + k);
            return new ReplyChunk { ReplyId = replyId, StartSamples = start, Audio = audio, Face = face, Last = last };
        }

        public static short Sample(long number) => (short)(number % 30000 + 1);

        public static float[] Samples(long from, int count)
        {
            var samples = new float[count];
            for (int i = 0; i < count; i++) samples[i] = Sample(from + i) / 32768f;
            return samples;
        }
    }
}
