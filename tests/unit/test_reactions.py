"""What an audience does: every reaction is told once, and the avatar notices what many do, now and then."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from protocol.event_messages import ReactionCounts, ReactionKind
from server.stage.reactions import CALM_S, NOTICED_S, Audience, Impression

KINDS: tuple[ReactionKind, ...] = ("heart", "applause", "laugh", "wow")


def seen(audience: Audience, kind: ReactionKind, n: int, now: float = 0.0) -> Audience:
    for _ in range(n):
        audience.react(kind, now)
    return audience


@given(st.lists(st.one_of(st.sampled_from(KINDS), st.none()), max_size=200))
def test_every_reaction_is_told_once(done: list[ReactionKind | None]) -> None:
    audience, told = Audience(), dict.fromkeys(KINDS, 0)
    for kind in (*done, None):  # None: the moment to tell
        if kind:
            audience.react(kind, 0.0)
        elif counts := audience.counts():
            for each in KINDS:
                told[each] += getattr(counts, each)
    assert told == {kind: done.count(kind) for kind in KINDS}


def test_nothing_new_is_nothing_to_tell() -> None:
    audience = seen(Audience(), "heart", 2)
    assert audience.counts() == ReactionCounts(heart=2)
    assert audience.counts() is None


def test_a_few_among_many_are_not_noticed() -> None:
    assert seen(Audience(), "heart", 10).impression(0.0, watching=200) is None
    assert seen(Audience(), "heart", 20).impression(0.0, watching=200) == Impression("heart", strong=False)


def test_one_alone_is_not_noticed_two_are() -> None:
    assert seen(Audience(), "laugh", 1).impression(0.0, watching=2) is None
    assert seen(Audience(), "laugh", 2).impression(0.0, watching=2) == Impression("laugh", strong=False)


def test_only_applause_is_worth_a_word_and_only_much_of_it() -> None:
    assert seen(Audience(), "applause", 59).impression(0.0, watching=200) == Impression("applause", strong=False)
    assert seen(Audience(), "applause", 60).impression(0.0, watching=200) == Impression("applause", strong=True)
    assert seen(Audience(), "heart", 200).impression(0.0, watching=200) == Impression("heart", strong=False)


def test_what_was_long_ago_makes_no_impression() -> None:
    assert seen(Audience(), "heart", 50).impression(NOTICED_S + 0.1, watching=10) is None


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=60))
def test_the_avatar_answers_now_and_then_however_much_is_done(pauses_s: list[float]) -> None:
    audience, now, noticed = Audience(), 0.0, list[float]()
    for pause_s in pauses_s:
        now += pause_s
        seen(audience, "heart", 20, now)
        if audience.impression(now, watching=20):
            noticed.append(now)
    assert all(later - earlier >= CALM_S for earlier, later in itertools.pairwise(noticed))


def test_every_kind_has_its_gesture() -> None:
    assert {Impression(kind, strong=False).gesture for kind in KINDS} == {"heart", "wave", "laugh", "nod"}
