"""The queue of a lane: first what fans wait for, sessions in turn, batches when full or due; bounded."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import OverloadedError
from server.batching import BatchQueue, BatchRules, Claim, LaneFullError, Priority

COMMITTED, SPECULATIVE, COMMITTED_LATER, SPECULATIVE_LATER, PARTIAL = Priority


def queue_of(*jobs: tuple[str, Priority], **rules: float) -> BatchQueue[str]:
    queue: BatchQueue[str] = BatchQueue("asr", BatchRules(**{"max_batch": 1, **rules}))  # type: ignore[arg-type]
    for name, priority in jobs:
        queue.put(name, Claim(priority), now=0.0)
    return queue


def taken(queue: BatchQueue[str], now: float = 0.0) -> list[str]:
    return [item for item, _ in queue.take(now)]


# --- order ---


def test_what_a_fan_waits_for_goes_before_guesses_and_captions() -> None:
    queue = queue_of(("caption", PARTIAL), ("more", COMMITTED_LATER), ("guess", SPECULATIVE), ("wanted", COMMITTED))
    assert [taken(queue) for _ in range(5)] == [["wanted"], ["guess"], ["more"], ["caption"], []]


def test_a_later_clause_lets_guesses_pass_until_it_is_needed_soon() -> None:
    queue = queue_of(("guess", SPECULATIVE))
    queue.put("more", Claim(COMMITTED_LATER, "ann", wanted_at=5.0), 0.0)
    queue.put("more guesses", Claim(SPECULATIVE_LATER, "bob", wanted_at=5.0), 0.0)
    assert taken(queue, 4.0) == ["guess"]
    queue.put("guess", Claim(SPECULATIVE), 4.0)
    assert [taken(queue, 4.8), taken(queue, 4.8), taken(queue, 4.8)] == [["more"], ["guess"], ["more guesses"]]


def test_the_first_clause_of_a_guess_goes_before_the_next_of_another() -> None:
    queue = queue_of(("second", SPECULATIVE.later), ("first", SPECULATIVE))
    assert [taken(queue), taken(queue)] == [["first"], ["second"]]


def test_later_is_only_for_clauses() -> None:
    assert [priority.later for priority in Priority] == [
        COMMITTED_LATER,
        SPECULATIVE_LATER,
        COMMITTED_LATER,
        SPECULATIVE_LATER,
        PARTIAL,
    ]


def test_equals_go_by_age() -> None:
    queue = queue_of(("first", COMMITTED), ("second", COMMITTED), ("third", COMMITTED), max_batch=2)
    assert taken(queue) == ["first", "second"]
    assert taken(queue) == ["third"]


def test_what_is_needed_sooner_goes_first_among_equals() -> None:
    queue = queue_of()
    queue.put("can wait", Claim(COMMITTED_LATER, "ann", wanted_at=9.0), 0.0)
    queue.put("soon", Claim(COMMITTED_LATER, "bob", wanted_at=3.0), 0.0)
    assert [taken(queue), taken(queue)] == [["soon"], ["can wait"]]


def test_one_who_asks_much_does_not_hold_up_one_who_asks_little() -> None:
    queue = queue_of(max_batch=2)
    for n in range(4):
        queue.put(f"ann {n}", Claim(COMMITTED, "ann"), 0.0)
    queue.put("bob", Claim(COMMITTED, "bob"), 0.0)
    assert taken(queue) == ["ann 0", "bob"]
    queue.put("bob again", Claim(COMMITTED, "bob"), 0.0)
    assert taken(queue) == ["ann 1", "bob again"]


# --- batches ---


def test_a_batch_never_mixes_what_is_wanted_with_guesses() -> None:
    queue = queue_of(("guess 1", SPECULATIVE), ("wanted", COMMITTED), ("guess 2", SPECULATIVE), max_batch=8)
    assert taken(queue) == ["wanted"]
    assert taken(queue) == ["guess 1", "guess 2"]


def test_an_engine_that_likes_full_batches_gets_them() -> None:
    queue = queue_of(("guess", SPECULATIVE), ("wanted", COMMITTED), ("caption", PARTIAL), max_batch=2, fills_up=True)
    assert taken(queue) == ["wanted", "guess"]


def test_a_job_waits_for_company_but_not_for_ever() -> None:
    queue = queue_of(("a", COMMITTED), max_batch=3, max_wait_s=0.01)
    assert queue.due_at(0.0) == 0.01
    assert taken(queue, 0.005) == []
    queue.put("b", Claim(COMMITTED), 0.005)
    assert taken(queue, 0.01) == ["a", "b"]


def test_a_full_batch_waits_for_nothing() -> None:
    queue = queue_of(("a", COMMITTED), ("b", COMMITTED), max_batch=2, max_wait_s=60)
    assert taken(queue) == ["a", "b"]


def test_a_deadline_ends_the_wait_in_time_for_the_batch_to_be_run() -> None:
    queue = queue_of(max_batch=8, max_wait_s=60)
    queue.measured(jobs=1, took_s=0.5)
    queue.put("a", Claim(COMMITTED, wanted_at=2.0), 0.0)
    assert queue.due_at(0.0) == 1.5
    assert taken(queue, 1.4) == []
    assert taken(queue, 1.5) == ["a"]


# --- bounds ---


def test_a_full_queue_refuses_the_newcomer_and_says_how_long_it_would_have_been() -> None:
    queue = queue_of(("a", PARTIAL), ("b", PARTIAL), max_waiting=2)
    queue.measured(jobs=1, took_s=1.5)
    with pytest.raises(OverloadedError, match=r"the asr lane is full: 2 jobs wait, about 3\.0 s") as refused:
        queue.put("caption", Claim(PARTIAL), 0.0)
    assert isinstance(refused.value, LaneFullError)
    assert refused.value.wait_s == 3.0
    assert [taken(queue), taken(queue)] == [["a"], ["b"]]
    queue.put("caption", Claim(PARTIAL), 0.0)
    assert taken(queue) == ["caption"]


def test_the_expected_wait_counts_only_what_goes_before() -> None:
    queue = queue_of(("caption", PARTIAL), ("wanted", COMMITTED), ("wanted too", COMMITTED))
    assert queue.expected_wait_s() == 0.0
    queue.measured(jobs=2, took_s=0.4)
    assert queue.expected_wait_s(COMMITTED) == 0.4
    assert queue.expected_wait_s(PARTIAL) == pytest.approx(0.6)


def test_a_job_can_be_taken_back_while_it_waits() -> None:
    queue = queue_of()
    first = queue.put("a", Claim(), 0.0)
    queue.put("b", Claim(), 0.0)
    assert queue.cancel(first)
    assert not queue.cancel(first)
    assert taken(queue) == ["b"]


def test_a_job_that_could_not_be_run_goes_first_also_when_the_queue_is_full() -> None:
    queue = queue_of(("a", COMMITTED), ("b", COMMITTED), max_waiting=2)
    ((item, claim),) = queue.take(0.0)
    queue.put("c", Claim(), 0.0)
    queue.put_back(item, claim, 0.0)
    assert [taken(queue) for _ in range(3)] == [["a"], ["b"], ["c"]]


# --- any history ---

_PUT = st.tuples(st.sampled_from(Priority), st.sampled_from("abc"))
_CANCEL = st.floats(0, 1)
_TAKE = st.none()


@given(st.lists(_PUT | _CANCEL | _TAKE, max_size=80), st.integers(1, 20), st.integers(1, 5), st.booleans())
def test_every_job_is_taken_once_or_cancelled_once_or_refused_at_once(
    history: list[tuple[Priority, str] | float | None], max_waiting: int, max_batch: int, fills_up: bool
) -> None:
    queue: BatchQueue[int] = BatchQueue("llm", BatchRules(max_batch, max_waiting=max_waiting, fills_up=fills_up))
    waiting: dict[int, tuple[int, Priority]] = {}  # number to what should be in it
    for name, step in enumerate(history):
        if isinstance(step, tuple):
            if len(waiting) < max_waiting:
                waiting[queue.put(name, Claim(*step), now=name)] = (name, step[0])
            else:
                with pytest.raises(LaneFullError):
                    queue.put(name, Claim(*step), now=name)
        elif step is None:
            batch = queue.take(name)
            assert len(batch) <= max_batch
            assert bool(batch) == bool(waiting)
            first = min((priority for _, priority in waiting.values()), default=None)
            assert not batch or batch[0][1].priority == first
            assert [c.priority for _, c in batch] == sorted(c.priority for _, c in batch)
            known = {job: number for number, (job, _) in waiting.items()}
            for item, _ in batch:
                del waiting[known.pop(item)]
        elif waiting:
            number = list(waiting)[int(step * (len(waiting) - 1))]
            del waiting[number]
            assert queue.cancel(number)
        assert len(queue) == len(waiting)
    assert sorted(item for item, _ in queue.drain()) == sorted(job for job, _ in waiting.values())


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), st.integers(1, 4))
def test_sessions_that_always_want_something_get_the_same(asks: list[str], max_batch: int) -> None:
    queue: BatchQueue[str] = BatchQueue("tts", BatchRules(max_batch, max_waiting=999))
    for session in asks:
        queue.put(session, Claim(COMMITTED, session), 0.0)
    left, served = Counter(asks), Counter[str]()
    busy = {session for session, n in left.items() if n == max(left.values())}  # they wait to the very end
    while batch := queue.take(0.0):
        served.update(item for item, _ in batch)
        counts = [served[session] for session in busy]
        assert max(counts) - min(counts) <= 1
    assert served == left


@given(st.lists(st.tuples(st.floats(0, 0.05), st.sampled_from(Priority)), max_size=40), st.floats(0.001, 0.1))
def test_on_a_virtual_clock_nobody_waits_longer_than_company_is_worth(
    arrivals: list[tuple[float, Priority]], max_wait_s: float
) -> None:
    """A worker that is always free: each job is taken at the moment it may wait no longer, or before."""
    queue: BatchQueue[float] = BatchQueue("gpu", BatchRules(4, max_wait_s, fills_up=True))
    now, waits = 0.0, []
    for gap_s, priority in [*arrivals, (1.0, PARTIAL)]:
        arrives_at = now + gap_s
        while (due_at := queue.due_at(now)) is not None and due_at <= arrives_at:
            now = max(now, due_at)
            waits += [now - since for since, _ in queue.take(now)]
        now = arrives_at
        queue.put(now, Claim(priority), now)
    assert len(waits) == len(arrivals)
    assert all(wait <= max_wait_s + 1e-9 for wait in waits)
