"""What a loaded server leaves out, and what it tells a tracer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from protocol.messages import Stage, TurnReport
from server import tracing
from server.load import FORGET_S, Load
from speech.turn_state import Effort


def told(load: Load, delays_s: list[float], start: float = 0.0) -> list[Effort]:
    """One answer a second."""
    seen = []
    for k, delay_s in enumerate(delays_s):
        load.heard(delay_s, start + k)
        seen.append(load.effort(start + k))
    return seen


def test_it_leaves_out_one_thing_after_another_and_takes_them_back() -> None:
    load = Load()
    assert told(load, [0.2] * 5) == [Effort.FULL] * 5
    rising = told(load, [1.5] * 10, start=5)
    assert rising == sorted(rising)
    assert {*rising} >= {Effort.NO_EARLY_GUESSES, Effort.NO_TURN_MODEL}
    falling = told(load, [0.15] * 20, start=15)
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] is Effort.FULL


def test_one_slow_answer_among_many_changes_nothing() -> None:
    assert told(Load(), [0.2, 0.2, 0.2, 0.8, 0.2, 0.2]) == [Effort.FULL] * 6


def test_a_quiet_server_forgets() -> None:
    load = Load()
    told(load, [2.0] * 5)
    assert load.effort(4 + FORGET_S + 0.1) is Effort.FULL


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0, 10)), max_size=50))
def test_the_effort_never_flickers_between_neighbouring_delays(steps: list[tuple[float, float]]) -> None:
    load, now, before = Load(), 0.0, Effort.FULL
    for seconds, delay_s in steps:
        now += seconds
        load.heard(delay_s, now)
        effort = load.effort(now)
        load.heard(load.delay_s, now)
        assert load.effort(now) >= effort or effort is Effort.FULL or load.delay_s < 0.7 * 0.9
        before = effort
    assert isinstance(before, Effort)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_TRACER", provider.get_tracer("stagedoor"))
    return exporter


def test_a_turn_is_a_trace_with_a_span_for_each_stage(spans: InMemorySpanExporter) -> None:
    stages = (Stage("recognise", 1050.0, 1200.0), Stage("commit_to_face", 1210.0, 1230.0))
    tracing.trace_turn(TurnReport(3, 7, "opening", 230.0, 20.0, stages), epoch_ns=10**18)
    recognise, face, turn = spans.get_finished_spans()
    assert (turn.name, turn.attributes) == ("turn", {"stagedoor.kind": "opening", "stagedoor.turn_id": 3})
    assert (turn.start_time, turn.end_time) == (10**18 + 1_000_000_000, 10**18 + 1_230_000_000)
    assert [span.name for span in (recognise, face)] == ["recognise", "commit_to_face"]
    assert recognise.end_time - recognise.start_time == 150_000_000
    assert recognise.parent == turn.get_span_context()


def test_without_an_sdk_nothing_happens() -> None:
    tracing.trace_turn(TurnReport(1, 1, "llm", 100.0, 1.0, ()), epoch_ns=0)
