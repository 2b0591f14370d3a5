"""The queue of a lane: first what fans wait for, then by age; bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import OverloadedError
from server.batching import BatchQueue, Priority

COMMITTED, SPECULATIVE, PARTIAL = Priority


def queue_of(*jobs: tuple[str, Priority], max_waiting: int = 99) -> BatchQueue[str]:
    queue: BatchQueue[str] = BatchQueue("asr", max_waiting)
    for name, priority in jobs:
        queue.put(name, priority)
    return queue


def test_what_a_fan_waits_for_goes_before_guesses_and_captions() -> None:
    queue = queue_of(("caption", PARTIAL), ("guess", SPECULATIVE), ("wanted", COMMITTED))
    assert [queue.take(1), queue.take(1), queue.take(1), queue.take(1)] == [["wanted"], ["guess"], ["caption"], []]


def test_equals_go_by_age() -> None:
    queue = queue_of(("first", COMMITTED), ("second", COMMITTED), ("third", COMMITTED))
    assert queue.take(2) == ["first", "second"]
    assert queue.take(2) == ["third"]


def test_a_batch_never_mixes_priorities() -> None:
    queue = queue_of(("guess 1", SPECULATIVE), ("wanted", COMMITTED), ("guess 2", SPECULATIVE))
    assert queue.take(8) == ["wanted"]
    assert queue.take(8) == ["guess 1", "guess 2"]


def test_a_full_queue_refuses_the_newcomer_and_keeps_the_rest() -> None:
    queue = queue_of(("a", PARTIAL), ("b", PARTIAL), max_waiting=2)
    with pytest.raises(OverloadedError, match="the asr lane is full: 2 jobs wait"):
        queue.put("wanted", COMMITTED)
    assert queue.take(9) == ["a", "b"]
    queue.put("wanted", COMMITTED)
    assert queue.take(9) == ["wanted"]


def test_jobs_need_not_be_comparable() -> None:
    queue: BatchQueue[object] = BatchQueue("tts", 9)
    jobs = [object(), object(), object()]
    for job in jobs:
        queue.put(job, COMMITTED)
    assert queue.take(9) == jobs


_PUTS = st.sampled_from(Priority)
_TAKES = st.integers(1, 5)


@given(st.lists(_PUTS | _TAKES, max_size=60), st.integers(1, 20))
def test_any_history_agrees_with_a_sorted_list(history: list[Priority | int], max_waiting: int) -> None:
    queue: BatchQueue[int] = BatchQueue("llm", max_waiting)
    waiting: list[tuple[Priority, int]] = []  # what should be in it
    for number, step in enumerate(history):
        if isinstance(step, Priority):
            if len(waiting) < max_waiting:
                queue.put(number, step)
                waiting = sorted([*waiting, (step, number)])
            else:
                with pytest.raises(OverloadedError):
                    queue.put(number, step)
        else:
            same = [job for job in waiting if job[0] == waiting[0][0]][:step]
            assert queue.take(step) == [number for _, number in same]
            waiting = waiting[len(same) :]
        assert len(queue) == len(waiting)
