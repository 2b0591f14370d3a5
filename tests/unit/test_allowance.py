"""How much a client may send, and what it may catch up on when a network or the server held it up."""

from server.allowance import LeakyBucket


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_ahead_of_real_time_is_bounded() -> None:
    clock = Clock()
    bucket = LeakyBucket(5.0, 1.0, clock)
    assert all(bucket.pour(1.0) for _ in range(5))
    assert not bucket.pour(1.0)
    clock.now = 1.0
    assert bucket.pour(1.0)
    assert not bucket.pour(1.0)


def test_without_credit_nothing_is_saved_up() -> None:
    clock = Clock()
    bucket = LeakyBucket(5.0, 1.0, clock)
    clock.now = 100.0
    assert not bucket.pour(5.1)


def test_what_was_held_up_may_come_at_once_but_no_more() -> None:
    clock = Clock()
    bucket = LeakyBucket(5.0, 1.0, clock, credit=30.0)
    assert bucket.pour(0.02)
    clock.now = 12.0  # nothing was read for twelve seconds: they come in one burst
    assert all(bucket.pour(0.5) for _ in range(24))
    assert all(bucket.pour(0.5) for _ in range(9))
    assert not bucket.pour(1.0)
    clock.now = 1000.0
    assert not bucket.pour(35.1)
    assert bucket.pour(35.0)
