"""A turn as an OpenTelemetry trace: one span from the fan's silence to the first sound, one below it for each stage.

The API does nothing until an SDK is set up; `opentelemetry-instrument stagedoor run` does that from the environment.
No words and no names are in a span.
"""

from opentelemetry.trace import get_tracer, set_span_in_context

from protocol.messages import TurnReport

_TRACER = get_tracer("stagedoor")


def trace_turn(report: TurnReport, epoch_ns: int) -> None:
    """Tells the tracer about a turn that began to be answered; `epoch_ns` is the report's 0 ms, Unix time."""

    def ns(ms: float) -> int:
        return epoch_ns + round(ms * 1e6)

    ends_ms = max((stage.end_ms for stage in report.stages), default=0.0)
    attributes = {"stagedoor.kind": report.kind, "stagedoor.turn_id": report.turn_id}
    turn = _TRACER.start_span("turn", start_time=ns(ends_ms - report.voice_to_voice_ms), attributes=attributes)
    within = set_span_in_context(turn)
    for stage in report.stages:
        span = _TRACER.start_span(stage.name, context=within, start_time=ns(stage.start_ms))
        span.end(end_time=ns(stage.end_ms))
    turn.end(end_time=ns(ends_ms))
