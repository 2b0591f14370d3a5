#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>The first message of a client: who it is and what it can do.</summary>
    public sealed class Hello : Message
    {
        public string Version = "1.0";
        public string Client = "unknown";
        public string Name = "";
        public string Token = "";
        public string Language = "en";
        public AudioFormat AudioIn = new AudioFormat();
        public AudioFormat AudioOut = new AudioFormat { SampleRateHz = 24000 };
        public string Face = "arkit52";
        public Consents Consents = new Consents();
        public Resume? Resume;

        public override string Type => "hello";

        public override void Exchange(Fields fields)
        {
            fields.Text("version", ref Version);
            fields.Text("client", ref Client);
            fields.Text("name", ref Name);
            fields.Text("token", ref Token);
            fields.Text("language", ref Language);
            fields.Part("audio_in", ref AudioIn, () => new AudioFormat());
            fields.Part("audio_out", ref AudioOut, () => new AudioFormat());
            fields.Text("face", ref Face);
            fields.Part("consents", ref Consents, () => new Consents());
            fields.MaybePart("resume", ref Resume, () => new Resume());
        }
    }

    /// <summary>The person was told that they talk with an AI. No audio and no text passes before this.</summary>
    public sealed class DisclosureAcknowledged : Message
    {
        public override string Type => "disclosure.acknowledged";

        public override void Exchange(Fields fields) { }
    }

    /// <summary>A slice of the fan's microphone.</summary>
    public sealed class AudioChunk : Message
    {
        public byte[] Audio = Array.Empty<byte>();
        public long Seq;

        public override string Type => "audio";

        public override void Exchange(Fields fields)
        {
            fields.Bytes("audio", ref Audio, required: true);
            fields.Integer("seq", ref Seq);
        }
    }

    /// <summary>A typed turn, for those who do not speak.</summary>
    public sealed class TextInput : Message
    {
        public string Text = "";

        public override string Type => "text";

        public override void Exchange(Fields fields) => fields.Text("text", ref Text, required: true);
    }

    /// <summary>The listener has heard the first HeardSamples samples of the reply.</summary>
    public sealed class PlaybackMark : Message
    {
        public long ReplyId;
        public long HeardSamples;

        public override string Type => "playback.mark";

        public override void Exchange(Fields fields)
        {
            fields.Integer("reply_id", ref ReplyId, required: true);
            fields.Integer("heard_samples", ref HeardSamples, required: true);
        }
    }

    /// <summary>Where the fan's head is: x, y, z in metres in the avatar's space (y up, z towards the fan).</summary>
    public sealed class FanPose : Message
    {
        public double[] Head = new double[3];

        public override string Type => "fan.pose";

        public override void Exchange(Fields fields) => fields.Numbers("head", ref Head, required: true);
    }

    /// <summary>What the fan's own device tells of how they feel; only with the consent EmotionSensing, else it is refused.</summary>
    public sealed class FanFace : Message
    {
        /// <summary>Their blendshapes: 52 bytes in ARKit's order, weight = byte / 255; or nothing.</summary>
        public byte[] Face = Array.Empty<byte>();
        public double? HeartBpm;

        public override string Type => "fan.face";

        public override void Exchange(Fields fields)
        {
            fields.Bytes("face", ref Face);
            fields.MaybeNumber("heart_bpm", ref HeartBpm);
        }
    }

    /// <summary>The fan pressed stop: the reply that is playing ends now.</summary>
    public sealed class Interrupt : Message
    {
        public override string Type => "interrupt";

        public override void Exchange(Fields fields) { }
    }

    /// <summary>The fan changed their mind; the new consents replace the old ones at once.</summary>
    public sealed class ConsentChange : Message
    {
        public Consents Consents = new Consents();

        public override string Type => "consent";

        public override void Exchange(Fields fields) =>
            fields.Part("consents", ref Consents, () => new Consents(), required: true);
    }

    /// <summary>How the fan liked the visit of an event, 1 to 5 stars; the newest counts.</summary>
    public sealed class Satisfaction : Message
    {
        public long Stars = 5;

        public override string Type => "satisfaction";

        public override void Exchange(Fields fields) => fields.Integer("stars", ref Stars, required: true);
    }

    /// <summary>The fan wants to be forgotten; answered with an empty Remembered.</summary>
    public sealed class ForgetMemory : Message
    {
        public override string Type => "memory.forget";

        public override void Exchange(Fields fields) { }
    }

    /// <summary>Answered with Pong carrying the same nonce.</summary>
    public sealed class Ping : Message
    {
        public long Nonce;

        public override string Type => "ping";

        public override void Exchange(Fields fields) => fields.Integer("nonce", ref Nonce);
    }

    /// <summary>The fan goes; the server says nothing more and closes with 1000.</summary>
    public sealed class Leave : Message
    {
        public override string Type => "leave";

        public override void Exchange(Fields fields) { }
    }
}
