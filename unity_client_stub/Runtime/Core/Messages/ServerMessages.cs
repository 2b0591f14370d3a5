#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>The server's first message. Disclosure must be shown or read to the person and acknowledged.</summary>
    public sealed class Welcome : Message
    {
        private const int MaxShapes = 1024;

        public string SessionId = "";
        public PersonaCard Persona = new PersonaCard();
        public string Disclosure = "";
        public AudioFormat AudioIn = new AudioFormat();
        public AudioFormat AudioOut = new AudioFormat();
        public FaceFormat Face = new FaceFormat();
        public Limits Limits = new Limits();
        public string Version = "1.0";
        public string ResumeToken = "";
        public bool Resumed;
        public string Role = "fan";
        public EventCard? Event;

        public override string Type => "hello";

        /// <summary>False for a server that did not do what it was asked, or whose numbers are no rates.</summary>
        public bool IsUsable
        {
            get
            {
                long rateHz = AudioOut.SampleRateHz;
                bool isSound = AudioOut.Encoding == "pcm16" && rateHz >= 8000 && rateHz <= 192000 && rateHz % 50 == 0;
                return isSound && Face.Fps >= 1 && Face.Fps <= 240 && Face.Names.Length <= MaxShapes;
            }
        }

        public override void Exchange(Fields fields)
        {
            fields.Text("session_id", ref SessionId, required: true);
            fields.Part("persona", ref Persona, () => new PersonaCard(), required: true);
            fields.Text("disclosure", ref Disclosure, required: true);
            fields.Part("audio_in", ref AudioIn, () => new AudioFormat(), required: true);
            fields.Part("audio_out", ref AudioOut, () => new AudioFormat(), required: true);
            fields.Part("face", ref Face, () => new FaceFormat(), required: true);
            fields.Part("limits", ref Limits, () => new Limits(), required: true);
            fields.Text("version", ref Version);
            fields.Text("resume_token", ref ResumeToken);
            fields.Flag("resumed", ref Resumed);
            fields.Text("role", ref Role);
            fields.MaybePart("event", ref Event, () => new EventCard());
        }
    }

    /// <summary>Where the fan stands in line for an event; comes before the server's hello. Show the newest.</summary>
    public sealed class QueuePlace : Message
    {
        /// <summary>waiting, called, paused or closed.</summary>
        public string State = "";

        /// <summary>1 is the next.</summary>
        public long Place;
        public long Of;
        public double WaitS;
        public string Text = "";
        public string Title = "";
        public PersonaCard? Persona;
        public string Disclosure = "";
        public bool Spectators;

        public override string Type => "queue";

        public override void Exchange(Fields fields)
        {
            fields.Text("state", ref State, required: true);
            fields.Integer("place", ref Place);
            fields.Integer("of", ref Of);
            fields.Number("wait_s", ref WaitS);
            fields.Text("text", ref Text);
            fields.Text("title", ref Title);
            fields.MaybePart("persona", ref Persona, () => new PersonaCard());
            fields.Text("disclosure", ref Disclosure);
            fields.Flag("spectators", ref Spectators);
        }
    }

    /// <summary>The fan's time with the avatar enters another phase, or is changed; count down from LeftS.</summary>
    public sealed class SlotTime : Message
    {
        /// <summary>running, last_minute, overtime or over.</summary>
        public string Phase = "";
        public double LeftS;

        public override string Type => "slot";

        public override void Exchange(Fields fields)
        {
            fields.Text("phase", ref Phase, required: true);
            fields.Number("left_s", ref LeftS, required: true);
        }
    }

    /// <summary>A slice of a reply: audio, and the face for exactly that audio.</summary>
    public sealed class ReplyChunk : Message
    {
        public long ReplyId;
        public long Seq;
        public long StartSamples;
        public byte[] Audio = Array.Empty<byte>();
        public byte[] Face = Array.Empty<byte>();
        public WordSpan[] Words = Array.Empty<WordSpan>();
        public VisemeSpan[] Visemes = Array.Empty<VisemeSpan>();
        public EmotionCue? Emotion;
        public GestureCue[] Gestures = Array.Empty<GestureCue>();
        public bool Last;
        public byte[] Head = Array.Empty<byte>();
        public PostureCue? Posture;

        public override string Type => "reply.chunk";

        public int Samples => Audio.Length / 2;

        public override void Exchange(Fields fields)
        {
            fields.Integer("reply_id", ref ReplyId, required: true);
            fields.Integer("seq", ref Seq, required: true);
            fields.Integer("start_samples", ref StartSamples, required: true);
            fields.Bytes("audio", ref Audio, required: true);
            fields.Bytes("face", ref Face, required: true);
            fields.Parts("words", ref Words, () => new WordSpan());
            fields.Parts("visemes", ref Visemes, () => new VisemeSpan());
            fields.MaybePart("emotion", ref Emotion, () => new EmotionCue());
            fields.Parts("gestures", ref Gestures, () => new GestureCue());
            fields.Flag("last", ref Last);
            fields.Bytes("head", ref Head);
            fields.MaybePart("posture", ref Posture, () => new PostureCue());
        }
    }

    /// <summary>Stop at once: drop all buffered audio and face of this reply and close the mouth.</summary>
    public sealed class ReplyCancelled : Message
    {
        public long ReplyId;
        public string Reason = "";
        public long HeardSamples;

        public override string Type => "reply.cancelled";

        public override void Exchange(Fields fields)
        {
            fields.Integer("reply_id", ref ReplyId, required: true);
            fields.Text("reason", ref Reason, required: true);
            fields.Integer("heard_samples", ref HeardSamples, required: true);
        }
    }

    /// <summary>Play this reply at this loudness from now on, reached within RampMs; 1 undoes it.</summary>
    public sealed class ReplyDuck : Message
    {
        public long ReplyId;
        public double Gain = 1;
        public long RampMs;

        public override string Type => "reply.duck";

        public override void Exchange(Fields fields)
        {
            fields.Integer("reply_id", ref ReplyId, required: true);
            fields.Number("gain", ref Gain, required: true);
            fields.Integer("ramp_ms", ref RampMs, required: true);
        }
    }

    /// <summary>Face frames between replies, played from arrival at `fps`; the newest message wins.</summary>
    public sealed class Listening : Message
    {
        public long Seq;
        public byte[] Face = Array.Empty<byte>();
        public byte[] Head = Array.Empty<byte>();
        public GestureCue[] Gestures = Array.Empty<GestureCue>();
        public PostureCue? Posture;

        public override string Type => "listening";

        public override void Exchange(Fields fields)
        {
            fields.Integer("seq", ref Seq, required: true);
            fields.Bytes("face", ref Face, required: true);
            fields.Bytes("head", ref Head);
            fields.Parts("gestures", ref Gestures, () => new GestureCue());
            fields.MaybePart("posture", ref Posture, () => new PostureCue());
        }
    }

    /// <summary>What was understood of the fan's turn. Partials may change; the final of a turn comes once.</summary>
    public sealed class Transcript : Message
    {
        public long TurnId;
        public string Text = "";
        public bool Final;
        public string Language = "en";

        /// <summary>So many words at the beginning of a partial will not change any more.</summary>
        public long StableWords;

        /// <summary>Which member of a group said it; empty for a fan who is alone.</summary>
        public string Speaker = "";

        public override string Type => "transcript";

        public override void Exchange(Fields fields)
        {
            fields.Integer("turn_id", ref TurnId, required: true);
            fields.Text("text", ref Text, required: true);
            fields.Flag("final", ref Final, required: true);
            fields.Text("language", ref Language);
            fields.Integer("stable_words", ref StableWords);
            fields.Text("speaker", ref Speaker);
        }
    }

    /// <summary>Where the time of a turn went.</summary>
    public sealed class TurnReport : Message
    {
        public long TurnId;
        public long ReplyId;
        public string Kind = "";
        public double VoiceToVoiceMs;
        public double CommitToFaceMs;
        public Stage[] Stages = Array.Empty<Stage>();
        public long OpeningSamples;

        public override string Type => "turn.report";

        public override void Exchange(Fields fields)
        {
            fields.Integer("turn_id", ref TurnId, required: true);
            fields.Integer("reply_id", ref ReplyId, required: true);
            fields.Text("kind", ref Kind, required: true);
            fields.Number("voice_to_voice_ms", ref VoiceToVoiceMs, required: true);
            fields.Number("commit_to_face_ms", ref CommitToFaceMs, required: true);
            fields.Parts("stages", ref Stages, () => new Stage(), required: true);
            fields.Integer("opening_samples", ref OpeningSamples);
        }
    }

    /// <summary>Something the person should know.</summary>
    public sealed class Notice : Message
    {
        public string Kind = "";
        public string Text = "";

        public override string Type => "notice";

        public override void Exchange(Fields fields)
        {
            fields.Text("kind", ref Kind, required: true);
            fields.Text("text", ref Text, required: true);
        }
    }

    /// <summary>What is kept of this visit of an event, and the page where its fan finds it.</summary>
    public sealed class KeepsakeState : Message
    {
        /// <summary>A path on the server; whoever has it can open it, so show it to the fan alone.</summary>
        public string Url = "";

        /// <summary>none, recording or deleted.</summary>
        public string State = "";

        /// <summary>ISO 8601, UTC.</summary>
        public string ExpiresAt = "";

        public override string Type => "keepsake";

        public override void Exchange(Fields fields)
        {
            fields.Text("url", ref Url, required: true);
            fields.Text("state", ref State, required: true);
            fields.Text("expires_at", ref ExpiresAt, required: true);
        }
    }

    /// <summary>What the persona remembers of this fan; empty once it is forgotten. Show it.</summary>
    public sealed class Remembered : Message
    {
        public string[] Facts = Array.Empty<string>();
        public string Mood = "";

        public override string Type => "memory";

        public override void Exchange(Fields fields)
        {
            fields.Texts("facts", ref Facts);
            fields.Text("mood", ref Mood);
        }
    }

    /// <summary>The answer to Ping.</summary>
    public sealed class Pong : Message
    {
        public long Nonce;
        public double ServerAtMs;

        public override string Type => "pong";

        public override void Exchange(Fields fields)
        {
            fields.Integer("nonce", ref Nonce, required: true);
            fields.Number("server_at_ms", ref ServerAtMs, required: true);
        }
    }

    /// <summary>Something went wrong; a fatal one is followed by close.</summary>
    public sealed class ErrorMessage : Message
    {
        public string Code = "";
        public string Text = "";
        public bool Fatal;

        public override string Type => "error";

        public override void Exchange(Fields fields)
        {
            fields.Text("code", ref Code, required: true);
            fields.Text("message", ref Text, required: true);
            fields.Flag("fatal", ref Fatal);
        }
    }
}
