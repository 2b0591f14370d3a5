"""The line of an event: the order is fair, nobody is lost, nobody sits twice, and there are never more than places."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from protocol.errors import IllegalStateError
from server.events.line import CHANGE_S, EventRules, Line, QueueRule, expected_waits_s, lot
from server.events.tickets import (
    ENDS,
    IN_LINE,
    IN_SEAT,
    LIVE,
    MAX_MISSES,
    MOVES,
    Ticket,
    TicketState,
    arrive,
    call,
    end,
    enter,
    go_away,
    interrupt,
    move,
)

S = TicketState
FIRST_COME = EventRules("e", places=2, no_show_s=30.0, closes_at=10_000.0)


def line_of(*names: str, rules: EventRules = FIRST_COME) -> Line:
    """Those names in line, in this order."""
    tickets: list[Ticket] = []
    for now, name in enumerate(names):
        tickets.append(arrive(Ticket(name), Line(rules, tickets).last_rank(), float(now)))
    return Line(rules, tickets)


def after(line: Line, *changed: Ticket) -> Line:
    return Line(line.rules, {t.id: t for t in (*line.tickets, *changed)}.values())


def names(tickets: Iterable[Ticket]) -> list[str]:
    return [ticket.id for ticket in tickets]


# --- who is next ---


def test_the_first_two_are_called_into_the_two_seats() -> None:
    called = line_of("ana", "ben", "cleo").due(now=10.0)
    assert [(t.id, t.state, t.seat) for t in called] == [("ana", S.CALLED, 0), ("ben", S.CALLED, 1)]


def test_whoever_is_away_is_passed_over_and_keeps_the_place() -> None:
    line = line_of("ana", "ben", "cleo")
    line = after(line, go_away(line.find("ana")))
    assert [line.place(name) for name in ("ana", "ben", "cleo")] == [0, 1, 2]
    assert names(line.due(now=10.0)) == ["ben", "cleo"]
    back = after(line, arrive(line.find("ana"), 99.0, now=11.0))
    assert names(back.waiting()) == ["ana", "ben", "cleo"]


def test_nobody_is_called_before_it_opens_while_it_is_paused_or_when_the_room_is_full() -> None:
    line = line_of("ana")
    assert Line(replace(FIRST_COME, opens_at=20.0), line.tickets).due(now=19.9) == []
    assert Line(replace(FIRST_COME, state="paused"), line.tickets).due(now=19.9) == []
    assert line.due(now=1.0, room=0) == []
    assert line.due(now=1.0, calls_from=2.0) == []


def test_who_does_not_enter_goes_behind_those_who_could_have_and_not_for_ever() -> None:
    line = line_of("ana", "ben", "cleo", "dan", "eve")
    line = after(line, *line.due(now=10.0))
    line = after(line, enter(line.find("ben"), 12.0))
    assert line.due(now=39.9) == []
    missed, called = line.due(now=40.0)
    assert (missed.id, missed.state, missed.misses) == ("ana", S.AWAY, 1)
    assert (called.id, called.seat) == ("cleo", 0)
    line = after(line, arrive(missed, 99.0, now=41.0))
    assert names(line.waiting()) == ["cleo", "dan", "ana", "eve"]
    again = call(line.find("ana"), 0, now=50.0)
    assert [t.state for t in Line(FIRST_COME, [again]).due(now=80.0)] == [S.NO_SHOW]


def test_when_the_event_is_over_those_in_line_missed_it_and_those_inside_stay() -> None:
    line = line_of("ana", "ben", "cleo")
    line = after(line, enter(call(line.find("ana"), 0, 5.0), 6.0))
    over = line.due(now=10_000.0)
    assert [(t.id, t.state, t.ended_at) for t in over] == [("ben", S.MISSED, 10_000.0), ("cleo", S.MISSED, 10_000.0)]


def test_only_the_invited_may_stand_in_line_where_invitations_rule() -> None:
    rules = replace(FIRST_COME, queue_rule="invited")
    assert [rules.admits(Ticket("a", invited=invited)) for invited in (True, False)] == [True, False]
    assert FIRST_COME.admits(Ticket("a"))


def test_a_lottery_ignores_who_came_first_and_late_tickets_queue_behind() -> None:
    rules = replace(FIRST_COME, queue_rule="lottery", opens_at=100.0)
    line = Line(rules, [])
    for k in range(20):
        ticket = Ticket(f"t{k}", issued_at=50.0 if k % 2 else 150.0)
        line = after(line, arrive(ticket, line.arrival_rank(ticket), now=200.0 + k))
    order = names(line.waiting())
    drawn, late = order[:10], order[10:]
    assert drawn == sorted(drawn, key=lambda ticket_id: lot("e", ticket_id)) != sorted(drawn, key=lambda t: int(t[1:]))
    assert late == sorted(late, key=lambda ticket_id: int(ticket_id[1:]))


def test_lots_are_spread_and_depend_on_the_event() -> None:
    lots = [lot("e", f"t{k}") for k in range(1000)]
    assert len(set(lots)) == 1000
    assert 0.45 < sum(lots) / 1000 < 0.55
    assert all(0 < value < 1 for value in lots)
    assert lot("e", "t0") != lot("f", "t0")


# --- the host's hand ---


def test_the_host_moves_somebody_to_a_place_and_the_others_keep_their_order() -> None:
    line = line_of("ana", "ben", "cleo", "dan")
    assert names(after(line, *line.reorder("dan", 2)).in_line()) == ["ana", "dan", "ben", "cleo"]
    assert names(after(line, *line.reorder("ana", 99)).in_line()) == ["ben", "cleo", "dan", "ana"]
    assert line.reorder("ben", 2) == []


def test_only_somebody_in_line_has_a_place() -> None:
    line = line_of("ana")
    line = after(line, call(line.find("ana"), 0, 1.0))
    for ticket_id in ("ana", "nobody"):
        with pytest.raises(IllegalStateError):
            line.reorder(ticket_id, 1)


def test_somebody_passed_over_is_the_last_one_and_gives_a_seat_back() -> None:
    line = line_of("ana", "ben")
    line = after(line, call(line.find("ana"), 0, 1.0))
    passed = line.to_the_end(line.find("ana"))
    assert (passed.state, passed.seat) == (S.AWAY, None)
    assert names(after(line, passed).in_line()) == ["ben", "ana"]


# --- a server that died ---


def test_after_a_crash_those_from_the_seats_are_next_with_what_they_used() -> None:
    line = line_of("ana", "ben", "cleo")
    ana, ben = (call(line.find(name), seat, 5.0) for seat, name in enumerate(("ana", "ben")))
    crashed = Line(FIRST_COME, [replace(enter(ana, 6.0), used_s=70.0), ben, line.find("cleo")])
    back = after(crashed, *crashed.recovered())
    assert [(t.id, t.state, t.used_s) for t in back.tickets] == [
        ("ana", S.AWAY, 70.0),
        ("ben", S.AWAY, 0.0),
        ("cleo", S.AWAY, 0.0),
    ]


# --- how long ---


def test_the_wait_is_until_a_seat_is_free_and_visits_follow_each_other_in_it() -> None:
    visit = 180.0
    assert first_waits(3, [], 1) == [0.0, visit + CHANGE_S, 2 * (visit + CHANGE_S)]
    assert first_waits(3, [40.0, 100.0], 0) == [40 + CHANGE_S, 100 + CHANGE_S, 40 + visit + 2 * CHANGE_S]
    assert first_waits(1, [-5.0], 0) == [CHANGE_S]
    assert first_waits(2, [], 0) == [visit, 2 * visit + CHANGE_S]


def first_waits(n: int, left_s: list[float], n_free: int) -> list[float]:
    return list(islice(expected_waits_s(left_s, n_free, visit_s=180.0), n))


# --- whatever happens ---


class Evening(RuleBasedStateMachine):
    """Fans, a host and crashes do what they like, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.tickets: dict[str, Ticket] = {}
        self.began: list[str] = []

    @initialize(places=st.integers(1, 3), queue_rule=st.sampled_from(["first_come", "lottery"]), n=st.integers(1, 6))
    def opens(self, places: int, queue_rule: QueueRule, n: int) -> None:
        self.event = replace(FIRST_COME, places=places, queue_rule=queue_rule, opens_at=5.0)
        self.issued = {f"t{k}" for k in range(n)}
        self.tickets = {ticket_id: Ticket(ticket_id) for ticket_id in self.issued}

    def line(self) -> Line:
        return Line(self.event, self.tickets.values())

    def put(self, *changed: Ticket) -> None:
        self.tickets |= {ticket.id: ticket for ticket in changed}

    def some(self, states: Iterable[TicketState], data: st.DataObject) -> Ticket | None:
        able = [ticket for ticket in self.tickets.values() if ticket.state in states]
        return data.draw(st.sampled_from(able)) if able else None

    @rule(seconds=st.floats(0.1, 40.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.put(*self.line().due(self.now))

    @rule(data=st.data())
    def somebody_arrives(self, data: st.DataObject) -> None:
        if ticket := self.some({S.ISSUED, S.AWAY}, data):
            self.put(arrive(ticket, self.line().arrival_rank(ticket), self.now))

    @rule(data=st.data())
    def somebody_enters(self, data: st.DataObject) -> None:
        if ticket := self.some({S.CALLED}, data):
            self.put(enter(ticket, self.now))

    @rule(data=st.data())
    def a_connection_is_lost(self, data: st.DataObject) -> None:
        if ticket := self.some({S.WAITING, S.CALLED, S.SEATED}, data):
            lost = go_away(ticket) if ticket.state is S.WAITING else interrupt(ticket, self.line().first_rank(), 1.0)
            self.put(lost)

    @rule(data=st.data())
    def a_slot_ends(self, data: st.DataObject) -> None:
        if ticket := self.some({S.SEATED}, data):
            self.put(end(ticket, S.DONE, "slot", self.now))

    @rule(data=st.data(), place=st.integers(-1, 9))
    def the_host_reorders(self, data: st.DataObject, place: int) -> None:
        if ticket := self.some(IN_LINE, data):
            order = [other for other in names(self.line().in_line()) if other != ticket.id]
            self.put(*self.line().reorder(ticket.id, place))
            now = names(self.line().in_line())
            assert now.index(ticket.id) == min(max(place, 1), len(now)) - 1
            assert [other for other in now if other != ticket.id] == order

    @rule(data=st.data())
    def the_host_passes_over(self, data: st.DataObject) -> None:
        if ticket := self.some(IN_LINE | {S.CALLED}, data):
            self.put(self.line().to_the_end(ticket))
            assert names(self.line().in_line())[-1] == ticket.id

    @precondition(lambda self: any(t.state in LIVE for t in self.tickets.values()))
    @rule()
    def the_server_dies(self) -> None:
        seats = names(self.line().seated())
        waiting = names(self.line().in_line())
        self.put(*self.line().recovered())
        assert names(self.line().in_line()) == seats + waiting

    @invariant()
    def nobody_is_lost_and_nobody_sits_twice(self) -> None:
        if not self.tickets:
            return
        assert set(self.tickets) == self.issued
        line = self.line()
        shown = {t.id for t in line.tickets}
        assert shown | {t.id for t in self.tickets.values() if t.state in ENDS | {S.ISSUED}} == self.issued
        seats = [ticket.seat for ticket in line.seated()]
        assert len(set(seats)) == len(seats) <= self.event.places
        assert None not in seats
        assert all(ticket.seat is None for ticket in self.tickets.values() if ticket.state not in IN_SEAT)
        assert all(ticket.misses <= MAX_MISSES for ticket in self.tickets.values())

    @invariant()
    def a_seat_is_not_free_while_somebody_waits(self) -> None:
        if self.tickets and self.event.is_calling(self.now):
            line = self.line()
            called = line.due(self.now)
            line = after(line, *called)
            assert not (line.free_seats() and line.waiting())
            came = [t.id for t in called if t.state is S.CALLED]
            assert came == names(after(self.line(), *(t for t in called if t.id not in came)).waiting())[: len(came)]


TestEvening = Evening.TestCase
TestEvening.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)


def test_nothing_leads_out_of_an_end_and_every_other_state_leads_to_one() -> None:
    assert set(MOVES) == set(S)
    for state in S:
        assert (not MOVES[state]) is (state in ENDS)
        if state in ENDS:
            with pytest.raises(IllegalStateError):
                move(Ticket("t", state=state), S.WAITING)
