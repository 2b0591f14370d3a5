"""Rates: so many in the long run, so many at once, each for themselves; and memory for so many names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.rates import Rates, network_of


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 60))
def test_nobody_gets_more_than_their_share(gaps_s: list[float], per_minute: int) -> None:
    rates, now, passed = Rates(per_minute), 0.0, 0
    for gap_s in gaps_s:
        now += gap_s
        passed += rates.pour("ana", now) == 0.0
    assert passed <= per_minute + now * per_minute / 60 + 1e-6


@given(st.integers(1, 60))
def test_who_waits_as_long_as_told_gets_in(per_minute: int) -> None:
    rates = Rates(per_minute)
    for _ in range(per_minute):
        assert rates.pour("ana", 0.0) == 0.0
    wait_s = rates.pour("ana", 0.0)
    assert wait_s > 0
    assert rates.pour("ana", wait_s + 1e-6) == 0.0


def test_one_name_does_not_hold_up_another() -> None:
    rates = Rates(1)
    assert rates.pour("ana", 0.0) == 0.0
    assert rates.pour("ana", 0.0) > 0
    assert rates.pour("ben", 0.0) == 0.0
    rates.forgive("ana")
    assert rates.pour("ana", 0.0) == 0.0


def test_names_do_not_fill_the_memory_and_who_asks_on_is_remembered() -> None:
    rates = Rates(1, max_names=100)
    rates.pour("loud", 0.0)
    for n in range(10_000):
        rates.pour(f"name {n}", 0.0)
        assert rates.pour("loud", 0.0) > 0
    assert len(rates._levels) <= 100


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
    ],
)
def test_a_house_counts_once(address: str, network: str) -> None:
    assert network_of(address) == network
