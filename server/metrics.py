"""What the server counts, for Prometheus, and the report of one turn. Labels are fixed sets: no fan is a label."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from protocol.messages import Stage, TurnReport
from server.reply import Reply

_LATENCY_BUCKETS_S = (0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.9, 1.3, 2.0, 4.0, 8.0)


class Metrics:
    """The server's counters, in a registry of their own so that several servers can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.sessions = Gauge("stagedoor_sessions", "Open sessions.", registry=self.registry)
        self.tasks = Gauge("stagedoor_tasks", "Tasks of the event loop.", registry=self.registry)
        self.replies = Counter(
            "stagedoor_replies", "Replies that were heard, by where their words came from.", ["kind"],
            registry=self.registry,
        )  # fmt: skip
        self.cancelled = Counter(
            "stagedoor_replies_cancelled", "Replies cancelled, by reason and by whether the fan heard any of them.",
            ["reason", "heard"], registry=self.registry,
        )  # fmt: skip
        self.moods = Counter(
            "stagedoor_moods", "Guesses of what fans who allow it feel, one a reply.", ["mood"], registry=self.registry
        )  # fmt: skip
        self.speculations = Counter(
            "stagedoor_speculations", "Replies begun before the turn was over, by what became of them.", ["fate"],
            registry=self.registry,
        )  # fmt: skip
        self.compute = Counter(
            "stagedoor_reply_compute_seconds", "Seconds that models worked on replies, by whether they were heard.",
            ["fate"], registry=self.registry,
        )  # fmt: skip
        self.effort = Gauge(
            "stagedoor_effort", "What is left out under load: 0 nothing, 1 early guesses, 2 partials, 3 turn model.",
            registry=self.registry,
        )  # fmt: skip
        self.errors = Counter("stagedoor_errors", "Coded errors sent to clients.", ["code"], registry=self.registry)
        self.away = Gauge(
            "stagedoor_visits_away", "Visits whose connection was lost and may come back.", registry=self.registry
        )
        self.resumes = Counter(
            "stagedoor_resumes", "How lost connections ended.", ["result"], registry=self.registry
        )  # fmt: skip
        self.voice_to_voice = Histogram(
            "stagedoor_voice_to_voice_seconds", "From the fan's last voiced sample to the reply's first chunk.",
            ["kind"], buckets=_LATENCY_BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self.stage = Histogram(
            "stagedoor_stage_seconds", "How long each stage of a turn took.", ["stage"],
            buckets=_LATENCY_BUCKETS_S, registry=self.registry,
        )  # fmt: skip

    def observe(self, report: TurnReport) -> None:
        """Counts a reply that began to be heard."""
        self.replies.labels(report.kind).inc()
        self.voice_to_voice.labels(report.kind).observe(report.voice_to_voice_ms / 1000)
        for stage in report.stages:
            self.stage.labels(stage.name).observe((stage.end_ms - stage.start_ms) / 1000)


@dataclass(slots=True)
class TurnTimes:
    """When things happened in the fan's turn: seconds on the session's clock, None when they did not."""

    onset_at: float
    voice_end_at: float
    pause_noticed_at: float
    words_at: float | None = None
    judged_at: float | None = None  # how likely a sentence ends there
    score_asked_at: float | None = None
    scored_at: float | None = None


def turn_report(times: TurnTimes | None, reply: Reply, sent_at: float, epoch: float) -> TurnReport:
    """Where the time went, up to the first chunk at `sent_at`. `epoch` is the zero of the wire's milliseconds.

    A typed turn, or a line of the persona's own, has no `times`: its latency counts from the beginning of the reply.
    """

    def ms(at: float) -> float:
        return round((at - epoch) * 1000, 1)

    committed_at = reply.committed_at or reply.begun_at
    spans: list[tuple[str, float | None, float | None]] = [
        ("fan_speaks", times.onset_at, times.voice_end_at) if times else ("fan_speaks", None, None),
        ("notice_pause", times.voice_end_at, times.pause_noticed_at) if times else ("notice_pause", None, None),
        ("recognise", times.pause_noticed_at, times.words_at) if times else ("recognise", None, None),
        ("judge_ending", times.words_at, times.judged_at) if times else ("judge_ending", None, None),
        ("score_turn", times.score_asked_at, times.scored_at) if times else ("score_turn", None, None),
        ("first_token", reply.begun_at, reply.first_piece_at),
        ("first_clause", reply.begun_at, reply.first_clause_at),
        ("first_voice", reply.first_clause_at, reply.first_voice_at),
        ("wait_to_commit", times.voice_end_at if times else None, committed_at),
        ("commit_to_face", committed_at, sent_at),
    ]
    since = times.voice_end_at if times else reply.begun_at
    return TurnReport(
        turn_id=reply.turn_id,
        reply_id=reply.id,
        kind=reply.kind,
        voice_to_voice_ms=round((sent_at - since) * 1000, 1),
        commit_to_face_ms=round((sent_at - committed_at) * 1000, 1),
        stages=tuple(Stage(name, ms(a), ms(b)) for name, a, b in spans if a is not None and b is not None),
        opening_samples=reply.opening_samples,
    )
