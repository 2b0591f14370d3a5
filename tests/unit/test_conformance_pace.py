"""The conformance kit is patient with busy servers: as much as they are slower than usual, and no further."""

from hypothesis import given
from hypothesis import strategies as st

from server.conformance.pace import LONGEST, USUAL_ANSWER_S, Pace


def test_of_a_server_never_heard_nothing_is_assumed() -> None:
    assert Pace().patient(10.0) == 10.0


def test_who_answers_three_times_as_slowly_is_given_three_times_as_long() -> None:
    pace = Pace()
    pace.saw(3 * USUAL_ANSWER_S)
    pace.saw(0.1)  # one quick answer makes no idle server
    assert pace.patient(10.0) == 30.0


@given(st.lists(st.floats(0, 1e6), max_size=5), st.floats(0.1, 200))
def test_waits_never_shrink_and_always_end(answers_s: list[float], wait_s: float) -> None:
    pace, waits = Pace(), [wait_s]
    for answer_s in answers_s:
        pace.saw(answer_s)
        waits.append(pace.patient(wait_s))
    assert waits == sorted(waits)
    assert waits[-1] <= LONGEST * wait_s
