"""Friends with tickets of their own: they sit together where it fits, nobody waits for ever, no chair twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.events.line import EventRules, Line
from server.events.parties import MAX_PARTY_CHARS, party_of
from server.events.tickets import Ticket, TicketState, arrive, call, end, enter, go_away

S = TicketState
TWO_TABLES = EventRules("e", places=2, group_size=3)


def line_of(*who: str, rules: EventRules = TWO_TABLES) -> Line:
    """Fans in line in this order, each as "name" or "name party"."""
    tickets = []
    for rank, words in enumerate(who):
        name, _, party = words.partition(" ")
        tickets.append(arrive(Ticket(name, party=party), float(rank), now=float(rank)))
    return Line(rules, tickets)


def seats(tickets: Iterable[Ticket]) -> dict[str, int | None]:
    return {ticket.id: ticket.seat for ticket in tickets}


def sit(line: Line, **seated: int) -> Line:
    """These fans have a seat since a minute."""
    return line.after(enter(call(line.find(name), seat, now=-60.0), -60.0) for name, seat in seated.items())


def names(line: Line) -> list[str]:
    return [ticket.id for ticket in line.waiting()]


# --- the rules, one by one ---


def test_friends_come_forward_to_the_first_of_them_and_sit_at_one_table() -> None:
    line = line_of("ana", "ben x", "cleo", "dan", "eve x", "fay x")
    assert names(line) == ["ana", "ben", "eve", "fay", "cleo", "dan"]
    assert [line.place(name) for name in ("eve", "cleo")] == [3, 5]
    assert seats(line.due(now=10.0)) == {"ana": 0, "ben": 3, "eve": 4, "fay": 5, "cleo": 1, "dan": 2}


def test_without_tables_a_party_changes_nothing() -> None:
    line = line_of("ana x", "ben", "cleo x", rules=EventRules("e", places=3))
    assert seats(line.due(now=10.0)) == {"ana": 0, "ben": 1, "cleo": 2}


def test_a_friend_who_is_away_is_not_waited_for() -> None:
    line = line_of("ana x", "ben x", "cleo x", "dan")
    line = line.after([go_away(line.find("ben"))])
    assert names(line) == ["ana", "cleo", "dan"]
    assert seats(line.due(now=10.0)) == {"ana": 0, "cleo": 1, "dan": 2}


def test_more_friends_than_a_table_has_chairs_are_two_groups() -> None:
    line = line_of("ana x", "ben x", "cleo x", "dan", "eve x")
    assert names(line) == ["ana", "ben", "cleo", "dan", "eve"]
    assert seats(line.due(now=10.0)) == {"ana": 0, "ben": 1, "cleo": 2, "dan": 3, "eve": 4}


def test_who_comes_later_sits_with_their_friends_if_a_chair_is_free() -> None:
    line = sit(line_of("ana x", "ben", "cleo", "dan x", "eve"), ana=0, ben=3, cleo=4)
    assert seats(line.due(now=10.0)) == {"dan": 1, "eve": 2}


def test_friends_are_not_torn_apart_and_a_table_is_kept_for_them() -> None:
    """One chair is free at each; the first table's fans came earlier."""
    line = sit(line_of("a1", "a2", "b1", "b2", "eve x", "fay x", "gus", "hal"), a1=0, a2=1, b1=3, b2=4)
    line = line.after([replace(line.find("b1"), called_at=-20.0)])
    called = line.due(now=10.0)
    assert seats(called) == {"gus": 5}, "nobody takes the chair at the first table"
    line = line.after([*called, end(line.find("a1"), S.DONE, "slot", 20.0)])
    assert seats(line.due(now=20.0)) == {"eve": 0, "fay": 2}


def test_a_room_too_small_for_friends_is_kept_for_them_but_not_for_ever() -> None:
    line = sit(line_of("ana", "ben x", "cleo x", "dan"), ana=0)
    assert line.due(now=10.0, room=1) == []
    line = line.after([end(line.find("ana"), S.DONE, "slot", 20.0)])
    assert seats(line.due(now=20.0, room=1)) == {"ben": 0}, "nobody will make room any more"


@pytest.mark.parametrize(
    ("word", "party"), [("  The Smiths ", "the smiths"), ("ÄNNE\tund Bo", "änne und bo"), ("", "")]
)
def test_a_party_is_a_word_that_need_not_be_typed_exactly(word: str, party: str) -> None:
    assert party_of(word) == party
    assert len(party_of(word * 50)) <= MAX_PARTY_CHARS


# --- whatever comes ---

VISIT_S = 100.0


@dataclass
class Evening:
    """Fans come at their time, visits last their time, and seats are given by the rules."""

    rules: EventRules
    visits_s: Mapping[str, float]
    line: Line = field(init=False)
    now: float = 0.0
    called_at: dict[str, float] = field(default_factory=dict)
    patience_s: dict[str, float] = field(default_factory=dict)  # when each will have been called at the latest

    def __post_init__(self) -> None:
        self.line = Line(self.rules, [])

    def comes(self, ticket: Ticket) -> None:
        arrived = arrive(ticket, self.line.last_rank(), self.now)
        self.line = self.line.after([arrived])
        ahead = {t.party or t.id for t in self.line.waiting() if t.rank < arrived.rank}
        full = sum(t.rank < arrived.rank for t in self.line.waiting()) / self.rules.group_size
        self.patience_s[ticket.id] = self.now + VISIT_S * (len(ahead) + int(full) + 1)
        self.call()

    def call(self) -> None:
        """Calls whoever is due, and looks whether that is as it should be."""
        before, called = self.line, self.line.due(self.now)
        self.line = before.after(called)
        taken = [ticket.seat for ticket in self.line.seated()]
        assert len(set(taken)) == len(taken)
        assert all(seat is not None and seat < self.rules.n_seats for seat in taken)
        for ticket in called:
            self.called_at[ticket.id] = self.now
            if ticket.party:
                self.is_with_friends(ticket, called, before)

    def is_with_friends(self, ticket: Ticket, called: Sequence[Ticket], before: Line) -> None:
        """Whoever of them was here came along, to one table, but for those who would have been too many."""
        party = [t.id for t in sorted(before.waiting(), key=lambda t: t.rank) if t.party == ticket.party]
        index = party.index(ticket.id) // self.rules.group_size
        group = party[index * self.rules.group_size :][: self.rules.group_size]
        tables = {t.seat // self.rules.group_size for t in called if t.id in group and t.seat is not None}
        assert {t.id for t in called} >= set(group)
        assert len(tables) == 1

    def passes(self, until: float) -> None:
        """Visits end, and the next ones are called."""
        while over := [t for t in self.line.seated() if self.ends_at(t) <= until]:
            first = min(over, key=self.ends_at)
            self.now = self.ends_at(first)
            self.line = self.line.after([end(enter(first, self.now), S.DONE, "slot", self.now)])
            self.call()
        self.now = until

    def ends_at(self, ticket: Ticket) -> float:
        return self.called_at[ticket.id] + self.visits_s[ticket.id]


fans = st.lists(
    st.tuples(st.sampled_from(["", "", "x", "y", "z"]), st.floats(0.0, 80.0), st.floats(1.0, VISIT_S)),
    min_size=1,
    max_size=24,
)


@settings(max_examples=150, deadline=None)
@given(n_tables=st.integers(1, 3), size=st.integers(1, 4), who=fans)
@example(n_tables=1, size=2, who=[("", 0.0, 9.0), ("x", 0.0, 9.0), ("x", 0.0, 9.0), ("", 0.0, 9.0)])
def test_whoever_comes_sits_with_their_friends_and_is_called_in_time(
    n_tables: int, size: int, who: list[tuple[str, float, float]]
) -> None:
    visits_s = {f"t{k}": visit_s for k, (_, _, visit_s) in enumerate(who)}
    evening = Evening(EventRules("e", places=n_tables, group_size=size, no_show_s=1e9), visits_s)
    for k, (party, after_s, _) in enumerate(who):
        evening.passes(evening.now + after_s)
        evening.comes(Ticket(f"t{k}", party=party))
    evening.passes(evening.now + VISIT_S * (len(who) + 1))
    assert set(evening.called_at) == set(visits_s)
    late = {name: at - evening.patience_s[name] for name, at in evening.called_at.items()}
    assert max(late.values()) <= 1e-6
