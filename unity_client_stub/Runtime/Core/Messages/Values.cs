#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>How audio bytes are to be read: mono, little-endian.</summary>
    public sealed class AudioFormat : WireObject
    {
        public string Encoding = "pcm16";
        public long SampleRateHz = 16000;
        public long PreSkipSamples;

        public override void Exchange(Fields fields)
        {
            fields.Text("encoding", ref Encoding);
            fields.Integer("sample_rate_hz", ref SampleRateHz);
            fields.Integer("pre_skip_samples", ref PreSkipSamples);
        }
    }

    /// <summary>What the fan allows. Everything is off until they say yes.</summary>
    [Serializable]
    public sealed class Consents : WireObject
    {
        public bool Recording;
        public bool Memory;
        public bool EmotionSensing;
        public bool Audience;

        public override void Exchange(Fields fields)
        {
            fields.Flag("recording", ref Recording);
            fields.Flag("memory", ref Memory);
            fields.Flag("emotion_sensing", ref EmotionSensing);
            fields.Flag("audience", ref Audience);
        }
    }

    /// <summary>The visit to go on with after a lost connection, and how much of which reply was heard.</summary>
    public sealed class Resume : WireObject
    {
        public string Token = "";
        public long ReplyId;
        public long HeardSamples;

        public override void Exchange(Fields fields)
        {
            fields.Text("token", ref Token, required: true);
            fields.Integer("reply_id", ref ReplyId);
            fields.Integer("heard_samples", ref HeardSamples);
        }
    }

    /// <summary>What a client may show of the persona.</summary>
    public sealed class PersonaCard : WireObject
    {
        public string Id = "";
        public string Name = "";
        public string Pronouns = "";
        public string About = "";

        /// <summary>The name of their look: a model at /avatars/LOOK.glb of the server; empty for none.</summary>
        public string Look = "";

        public override void Exchange(Fields fields)
        {
            fields.Text("id", ref Id, required: true);
            fields.Text("name", ref Name, required: true);
            fields.Text("pronouns", ref Pronouns, required: true);
            fields.Text("about", ref About, required: true);
            fields.Text("look", ref Look);
        }
    }

    /// <summary>How face bytes are to be read: frames of Names.Length bytes. `Centred` names go both ways.</summary>
    public sealed class FaceFormat : WireObject
    {
        public string[] Names = Array.Empty<string>();
        public long Fps = 60;
        public string[] Centred = Array.Empty<string>();

        /// <summary>What moves the lips: the voice's own times (exact), or its sound (sound).</summary>
        public string Lips = "exact";

        public override void Exchange(Fields fields)
        {
            fields.Texts("names", ref Names, required: true);
            fields.Integer("fps", ref Fps, required: true);
            fields.Texts("centred", ref Centred);
            fields.Text("lips", ref Lips);
        }
    }

    /// <summary>The event that a visit belongs to; SlotS is how long a fan's time is.</summary>
    public sealed class EventCard : WireObject
    {
        public string Id = "";
        public string Title = "";
        public double SlotS;
        public bool Spectators;

        public override void Exchange(Fields fields)
        {
            fields.Text("id", ref Id, required: true);
            fields.Text("title", ref Title, required: true);
            fields.Number("slot_s", ref SlotS, required: true);
            fields.Flag("spectators", ref Spectators);
        }
    }

    /// <summary>What the server enforces.</summary>
    public sealed class Limits : WireObject
    {
        public long MaxMessageBytes = 65536;
        public long MaxTextChars = 2000;
        public long MaxMessagesPerS = 200;
        public long MaxAudioAheadMs = 5000;
        public long MaxIdleS = 120;
        public long MaxSessionS = 1800;
        public long MaxAwayS = 30;

        public override void Exchange(Fields fields)
        {
            fields.Integer("max_message_bytes", ref MaxMessageBytes);
            fields.Integer("max_text_chars", ref MaxTextChars);
            fields.Integer("max_messages_per_s", ref MaxMessagesPerS);
            fields.Integer("max_audio_ahead_ms", ref MaxAudioAheadMs);
            fields.Integer("max_idle_s", ref MaxIdleS);
            fields.Integer("max_session_s", ref MaxSessionS);
            fields.Integer("max_away_s", ref MaxAwayS);
        }
    }

    /// <summary>One written word and the samples in which it is heard.</summary>
    public sealed class WordSpan : WireObject
    {
        public string Text = "";
        public long StartSamples;
        public long EndSamples;

        public override void Exchange(Fields fields)
        {
            fields.Text("text", ref Text, required: true);
            fields.Integer("start_samples", ref StartSamples, required: true);
            fields.Integer("end_samples", ref EndSamples, required: true);
        }
    }

    /// <summary>One mouth shape of 15 and the samples in which it is the target of the mouth.</summary>
    public sealed class VisemeSpan : WireObject
    {
        public string Viseme = "";
        public long StartSamples;
        public long EndSamples;

        public override void Exchange(Fields fields)
        {
            fields.Text("viseme", ref Viseme, required: true);
            fields.Integer("start_samples", ref StartSamples, required: true);
            fields.Integer("end_samples", ref EndSamples, required: true);
        }
    }

    /// <summary>What the avatar feels from StartSamples on. Valence -1..1 (bad..good), arousal 0..1 (calm..excited).</summary>
    public sealed class EmotionCue : WireObject
    {
        public long StartSamples;
        public string Category = "neutral";
        public double Valence;
        public double Arousal;

        public override void Exchange(Fields fields)
        {
            fields.Integer("start_samples", ref StartSamples, required: true);
            fields.Text("category", ref Category, required: true);
            fields.Number("valence", ref Valence, required: true);
            fields.Number("arousal", ref Arousal, required: true);
        }
    }

    /// <summary>A named gesture that begins at StartSamples; rigs without it ignore it.</summary>
    public sealed class GestureCue : WireObject
    {
        public long StartSamples;
        public string Name = "";

        public override void Exchange(Fields fields)
        {
            fields.Integer("start_samples", ref StartSamples, required: true);
            fields.Text("name", ref Name, required: true);
        }
    }

    /// <summary>How the body is held from StartSamples on: a name, and how much of it, 0 to 1.</summary>
    public sealed class PostureCue : WireObject
    {
        public long StartSamples;
        public string Name = "";
        public double Amount = 1;

        public override void Exchange(Fields fields)
        {
            fields.Integer("start_samples", ref StartSamples, required: true);
            fields.Text("name", ref Name, required: true);
            fields.Number("amount", ref Amount);
        }
    }

    /// <summary>One stage of a turn, in milliseconds on the server's session clock.</summary>
    public sealed class Stage : WireObject
    {
        public string Name = "";
        public double StartMs;
        public double EndMs;

        public override void Exchange(Fields fields)
        {
            fields.Text("name", ref Name, required: true);
            fields.Number("start_ms", ref StartMs, required: true);
            fields.Number("end_ms", ref EndMs, required: true);
        }
    }
}
