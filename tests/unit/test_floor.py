"""One floor, fair turns, and chairs around the avatar."""

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from server.group.floor import LONGEST_S, Floor
from server.group.seating import USUAL_HEAD_M, chair_deg, turned


def table(*names):
    floor = Floor()
    for name in names:
        floor.join(name)
    return floor


def test_who_asks_first_speaks_and_the_other_is_next():
    floor = table("maya", "ben")
    assert floor.ask("maya", 0)
    assert not floor.ask("ben", 1)
    assert (floor.holder, floor.waiting()) == ("maya", ["ben"])
    assert floor.pass_on(2) == "ben"
    assert floor.pass_on(3) is None


def test_whoever_spoke_longest_ago_is_next_whenever_they_asked():
    floor = table("maya", "ben", "ana")
    floor.ask("ben", 0)
    floor.pass_on(1)
    floor.ask("maya", 2)
    floor.ask("ben", 3)
    floor.ask("ana", 4)
    assert floor.waiting() == ["ana", "ben"]
    assert floor.pass_on(5) == "ana"


def test_who_leaves_or_loses_the_connection_frees_the_floor():
    floor = table("maya", "ben")
    floor.ask("maya", 0)
    floor.ask("ben", 1)
    floor.leave("maya")
    assert floor.holder is None
    assert floor.pass_on(2) == "ben"
    floor.withdraw("ben")
    assert (floor.holder, floor.waiting()) == (None, [])


def test_a_newcomer_does_not_overtake_those_who_wait():
    floor = table("maya", "ben")
    floor.ask("maya", 0)
    floor.ask("ben", 1)
    floor.join("ana")
    floor.ask("ana", 2)
    assert floor.waiting() == ["ben", "ana"]


def test_from_each_chair_the_others_are_where_they_sit():
    assert [chair_deg(k, 3) for k in range(3)] == [-30.0, 0.0, 30.0]
    across, height, depth = turned(None, 30.0)
    assert height == USUAL_HEAD_M[1]
    assert math.degrees(math.atan2(across, depth)) == pytest.approx(30.0)
    assert math.hypot(across, depth) == pytest.approx(USUAL_HEAD_M[2])
    assert turned((0.4, 1.2, 0.9), 0.0) == (0.4, 1.2, 0.9)


def test_only_a_floor_that_others_want_is_held_too_long():
    floor = table("maya", "ben")
    floor.ask("maya", 0)
    assert not floor.is_too_long(LONGEST_S + 1)
    floor.ask("ben", 1)
    assert not floor.is_too_long(LONGEST_S)
    assert floor.is_too_long(LONGEST_S + 1)


class Table(RuleBasedStateMachine):
    """Members who come, ask, finish, withdraw and go in any order."""

    members = Bundle("members")

    def __init__(self):
        super().__init__()
        self.floor = Floor()
        self.here = []
        self.born = 0
        self.passed_by = {}  # how many turns began while somebody waited

    def turns(self):
        """Notes who has the floor after a change."""
        for name in self.floor.waiting():
            self.passed_by.setdefault(name, 0)
        for name in list(self.passed_by):
            if name not in self.floor.waiting():
                del self.passed_by[name]

    @rule(target=members)
    def come(self):
        if len(self.here) < 4:
            self.born += 1
            self.here.append(f"fan {self.born}")
            self.floor.join(self.here[-1])
        return self.here[-1]

    @rule(who=members)
    def ask(self, who):
        if who in self.here:
            had = self.floor.holder
            assert self.floor.ask(who, 0.0) == (self.floor.holder == who)
            assert had is None or self.floor.holder == had
            self.turns()

    @rule(who=members)
    def withdraw(self, who):
        if who in self.here:
            self.floor.withdraw(who)
            assert self.floor.holder != who
            assert who not in self.floor.waiting()
            self.turns()

    @rule(who=members)
    def go(self, who):
        if who in self.here:
            self.here.remove(who)
            self.floor.leave(who)
            self.turns()

    @rule()
    def pass_on(self):
        first = next(iter(self.floor.waiting()), None)
        assert self.floor.pass_on(0.0) == first
        for name in self.floor.waiting():
            self.passed_by[name] = self.passed_by.get(name, 0) + 1
        self.turns()

    @invariant()
    def one_speaks_and_does_not_wait(self):
        waiting = self.floor.waiting()
        assert len(set(waiting)) == len(waiting)
        assert self.floor.holder not in waiting
        assert set(waiting) <= set(self.here)
        assert self.floor.holder is None or self.floor.holder in self.here

    @invariant()
    def nobody_waits_for_more_turns_than_there_are_others(self):
        assert all(passed <= 3 for passed in self.passed_by.values())

    @precondition(lambda self: self.floor.waiting())
    @rule(n=st.integers(4, 8))
    def all_who_wait_get_it_by_and_by(self, n):
        waiting = self.floor.waiting()
        got = [self.floor.pass_on(0.0) for _ in range(n)]
        assert got[: len(waiting)] == waiting
        assert not self.floor.waiting()
        self.turns()


TestTable = Table.TestCase
TestTable.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
