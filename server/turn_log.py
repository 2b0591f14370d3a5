"""What is noted of one session: how long each turn took, and what went wrong. Never what was said.

What comes next: metrics.py counts, tracing.py traces, the log tells; the client gets the report and the error.
"""

import time
from collections.abc import Callable

import structlog

from protocol.errors import EngineError, InternalError, StagedoorError
from protocol.messages import ErrorMessage, TurnReport
from server.metrics import Metrics, TurnTimes, turn_report
from server.reply import Reply
from server.tracing import trace_turn
from speech.turn_state import Effort


class TurnLog:
    """One session's. `clock` is the session's, in seconds; the wire counts from now on."""

    def __init__(self, session_id: str, persona_id: str, metrics: Metrics, clock: Callable[[], float]) -> None:
        self._metrics = metrics
        self._clock = clock
        self._epoch, self._epoch_ns = clock(), time.time_ns()
        self._log = structlog.get_logger().bind(session=session_id, persona=persona_id)

    def now_ms(self) -> float:
        """The session's clock, as it goes on the wire."""
        return (self._clock() - self._epoch) * 1000

    def moved(self, was: str, now: str, by: object) -> None:
        """The turn machine is in another state."""
        self._log.debug("state", was=was, now=now, by=type(by).__name__)

    def eased(self, effort: Effort) -> None:
        """The server does more or less for everybody."""
        self._metrics.effort.set(effort)

    def answered(self, reply: Reply, times: TurnTimes | None) -> TurnReport:
        """The first sound of a reply went out: where the time went. `times`: of the turn; None for a typed one."""
        report = turn_report(times if reply.line is None else None, reply, self._clock(), self._epoch)
        self._metrics.observe(report)
        trace_turn(report, self._epoch_ns)
        self._log.info("turn", kind=report.kind, voice_to_voice_ms=report.voice_to_voice_ms)
        return report

    def failed(self, error: StagedoorError) -> ErrorMessage:
        """Something went wrong: what the client is told."""
        self._metrics.errors.labels(error.code).inc()
        self._log.warning("error", code=error.code, error=str(error))
        return ErrorMessage(error.code, public_text(error), error.fatal)


def public_text(error: StagedoorError) -> str:
    """What a client is told. Its own mistakes in full; of ours only what helps, the rest is in the log."""
    if isinstance(error, EngineError | InternalError):
        return "something failed on our side; please say it again"
    return str(error)
