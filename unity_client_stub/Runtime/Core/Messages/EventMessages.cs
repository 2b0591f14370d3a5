#nullable enable
using System;

namespace Stagedoor
{
    /// <summary>A spectator's heart, applause, laugh or "wow".</summary>
    public sealed class Reaction : Message
    {
        public string Kind = "";

        public override string Type => "reaction";

        public override void Exchange(Fields fields)
        {
            fields.Text("kind", ref Kind, required: true);
        }
    }

    /// <summary>A host does something; answered with HostDone under the same ActionId, and kept in the record.</summary>
    public sealed class HostAct : Message
    {
        public string ActionId = "";
        public string Kind = "";
        public string VisitId = "";
        public string TicketId = "";
        public string Text = "";
        public double Seconds;
        public long Place;
        public bool Allow;

        public override string Type => "host.act";

        public override void Exchange(Fields fields)
        {
            fields.Text("action_id", ref ActionId, required: true);
            fields.Text("kind", ref Kind, required: true);
            fields.Text("visit_id", ref VisitId);
            fields.Text("ticket_id", ref TicketId);
            fields.Text("text", ref Text);
            fields.Number("seconds", ref Seconds);
            fields.Integer("place", ref Place);
            fields.Flag("allow", ref Allow);
        }
    }

    /// <summary>What is on the stage from now on; the first message after hello.</summary>
    public sealed class StageState : Message
    {
        public string State = "";
        public string VisitId = "";
        public string Name = "";

        public override string Type => "stage";

        public override void Exchange(Fields fields)
        {
            fields.Text("state", ref State, required: true);
            fields.Text("visit_id", ref VisitId);
            fields.Text("name", ref Name);
        }
    }

    /// <summary>How many of each.</summary>
    public sealed class ReactionCounts : WireObject
    {
        public long Heart;
        public long Applause;
        public long Laugh;
        public long Wow;

        public override void Exchange(Fields fields)
        {
            fields.Integer("heart", ref Heart);
            fields.Integer("applause", ref Applause);
            fields.Integer("laugh", ref Laugh);
            fields.Integer("wow", ref Wow);
        }
    }

    /// <summary>The audience's reactions since the last such message, at most two a second; and how many watch.</summary>
    public sealed class Reactions : Message
    {
        public ReactionCounts Counts = new ReactionCounts();
        public long Watching;

        public override string Type => "reactions";

        public override void Exchange(Fields fields)
        {
            fields.Part("counts", ref Counts, () => new ReactionCounts(), required: true);
            fields.Integer("watching", ref Watching);
        }
    }

    /// <summary>A visit begins, changes or ends; also every few seconds, for the time that is left.</summary>
    public sealed class HostVisit : Message
    {
        public string VisitId = "";
        public string State = "";
        public string TicketId = "";
        public string Name = "";
        public Consents Consents = new Consents();
        public double? LeftS;
        public string[] Table = Array.Empty<string>();

        public override string Type => "host.visit";

        public override void Exchange(Fields fields)
        {
            fields.Text("visit_id", ref VisitId, required: true);
            fields.Text("state", ref State, required: true);
            fields.Text("ticket_id", ref TicketId);
            fields.Text("name", ref Name);
            fields.Part("consents", ref Consents, () => new Consents());
            fields.MaybeNumber("left_s", ref LeftS);
            fields.Texts("table", ref Table);
        }
    }

    /// <summary>What is said in a visit; the same line again replaces what it was.</summary>
    public sealed class HostTranscript : Message
    {
        public string VisitId = "";
        public string Who = "";
        public string Text = "";
        public bool Final;
        public long Line;
        public double AtMs;

        public override string Type => "host.transcript";

        public override void Exchange(Fields fields)
        {
            fields.Text("visit_id", ref VisitId, required: true);
            fields.Text("who", ref Who, required: true);
            fields.Text("text", ref Text, required: true);
            fields.Flag("final", ref Final, required: true);
            fields.Integer("line", ref Line, required: true);
            fields.Number("at_ms", ref AtMs, required: true);
        }
    }

    /// <summary>One line of a visit.</summary>
    public sealed class SaidLine : WireObject
    {
        public long Line;
        public string Who = "";
        public string Text = "";
        public bool Final;
        public double AtMs;

        public override void Exchange(Fields fields)
        {
            fields.Integer("line", ref Line, required: true);
            fields.Text("who", ref Who, required: true);
            fields.Text("text", ref Text, required: true);
            fields.Flag("final", ref Final, required: true);
            fields.Number("at_ms", ref AtMs, required: true);
        }
    }

    /// <summary>What was said in a visit before this host came in: its newest lines, in order.</summary>
    public sealed class HostLines : Message
    {
        public string VisitId = "";
        public SaidLine[] Lines = Array.Empty<SaidLine>();

        public override string Type => "host.lines";

        public override void Exchange(Fields fields)
        {
            fields.Text("visit_id", ref VisitId, required: true);
            fields.Parts("lines", ref Lines, () => new SaidLine(), required: true);
        }
    }

    /// <summary>How the fan may feel; only while they allow it (emotion_sensing).</summary>
    public sealed class HostMood : Message
    {
        public string VisitId = "";
        public string Category = "";
        public double Valence;
        public double Arousal;
        public double Confidence;
        public string Reason = "";

        public override string Type => "host.mood";

        public override void Exchange(Fields fields)
        {
            fields.Text("visit_id", ref VisitId, required: true);
            fields.Text("category", ref Category, required: true);
            fields.Number("valence", ref Valence, required: true);
            fields.Number("arousal", ref Arousal, required: true);
            fields.Number("confidence", ref Confidence, required: true);
            fields.Text("reason", ref Reason, required: true);
        }
    }

    /// <summary>Somebody in the room; speaking: they have the floor, waiting: they will have it.</summary>
    public sealed class GroupMember : WireObject
    {
        public string Id = "";
        public string Name = "";
        public string State = "here";

        /// <summary>Where they are around the avatar, seen from here; over 0: to the avatar's left.</summary>
        public double AngleDeg;

        public override void Exchange(Fields fields)
        {
            fields.Text("id", ref Id, required: true);
            fields.Text("name", ref Name, required: true);
            fields.Text("state", ref State);
            fields.Number("angle_deg", ref AngleDeg);
        }
    }

    /// <summary>Who is in the room with the avatar, and who has the floor; empty: whoever speaks next.</summary>
    public sealed class Group : Message
    {
        public string You = "";
        public GroupMember[] Members = Array.Empty<GroupMember>();
        public string Floor = "";

        public override string Type => "group";

        public override void Exchange(Fields fields)
        {
            fields.Text("you", ref You, required: true);
            fields.Parts("members", ref Members, () => new GroupMember(), required: true);
            fields.Text("floor", ref Floor);
        }
    }

    /// <summary>A ticket in the line or in a seat.</summary>
    public sealed class QueueEntry : WireObject
    {
        public string TicketId = "";
        public string Name = "";
        public long Place;
        public string State = "";
        public double WaitS;
        public double? LeftS;

        public override void Exchange(Fields fields)
        {
            fields.Text("ticket_id", ref TicketId, required: true);
            fields.Text("name", ref Name, required: true);
            fields.Integer("place", ref Place, required: true);
            fields.Text("state", ref State, required: true);
            fields.Number("wait_s", ref WaitS, required: true);
            fields.MaybeNumber("left_s", ref LeftS);
        }
    }

    /// <summary>The line of the event and its seats, at every change: the first 200 of of.</summary>
    public sealed class HostQueue : Message
    {
        public QueueEntry[] Entries = Array.Empty<QueueEntry>();
        public long Of;
        public bool Paused;

        public override string Type => "host.queue";

        public override void Exchange(Fields fields)
        {
            fields.Parts("entries", ref Entries, () => new QueueEntry(), required: true);
            fields.Integer("of", ref Of, required: true);
            fields.Flag("paused", ref Paused);
        }
    }

    /// <summary>How the server does, every few seconds.</summary>
    public sealed class HostHealth : Message
    {
        public double? V2vP50Ms;
        public double? V2vP95Ms;
        public long Effort;
        public long Sessions;
        public long Spectators;
        public long Waiting;

        public override string Type => "host.health";

        public override void Exchange(Fields fields)
        {
            fields.MaybeNumber("v2v_p50_ms", ref V2vP50Ms);
            fields.MaybeNumber("v2v_p95_ms", ref V2vP95Ms);
            fields.Integer("effort", ref Effort, required: true);
            fields.Integer("sessions", ref Sessions, required: true);
            fields.Integer("spectators", ref Spectators, required: true);
            fields.Integer("waiting", ref Waiting, required: true);
        }
    }

    /// <summary>A topic in a visit.</summary>
    public sealed class HostTopic : Message
    {
        public string VisitId = "";
        public string Topic = "";
        public string State = "";

        public override string Type => "host.topic";

        public override void Exchange(Fields fields)
        {
            fields.Text("visit_id", ref VisitId, required: true);
            fields.Text("topic", ref Topic, required: true);
            fields.Text("state", ref State, required: true);
        }
    }

    /// <summary>The answer to a host.act.</summary>
    public sealed class HostDone : Message
    {
        public string ActionId = "";
        public bool Ok;
        public string Code = "";
        public string Message = "";

        public override string Type => "host.done";

        public override void Exchange(Fields fields)
        {
            fields.Text("action_id", ref ActionId, required: true);
            fields.Flag("ok", ref Ok, required: true);
            fields.Text("code", ref Code);
            fields.Text("message", ref Message);
        }
    }
}
