"""When the avatar nods while a fan speaks."""

from avatar.listening import Listener


def nods(listener, partials, every_s=1.0):
    """How often it nods over partials that come in even steps."""
    listener.begin_turn(0.0)
    count = 0
    for i, partial in enumerate(partials):
        listener.hear(partial, (i + 1) * every_s)
        count += listener.takes_nod()
    return count


STORY = [
    "So yesterday I was",
    "So yesterday I was at the show, and you",
    "So yesterday I was at the show, and you played my song, it was",
    "So yesterday I was at the show, and you played my song, it was great. I cried.",
]


def test_a_clause_that_ended_is_acknowledged_once():
    assert sum(nods(Listener(seed), STORY[:2]) for seed in range(40)) in range(22, 39)
    assert nods(Listener(1), [STORY[1]] * 5) <= 1


def test_how_a_partial_ends_is_a_guess_and_no_clause():
    assert nods(Listener(1), ["So yesterday.", "So yesterday I was.", "So yesterday I was at the show."]) == 0


def test_nods_come_seldom_and_not_at_once():
    assert nods(Listener(2), STORY, every_s=0.2) == 0  # within the first 0.7 s of a turn
    for seed in range(20):
        assert nods(Listener(seed), STORY, every_s=1.1) <= 2


def test_a_pause_may_be_acknowledged():
    taken = 0
    for seed in range(40):
        listener = Listener(seed)
        listener.begin_turn(10.0)
        listener.pause(13.0)
        taken += listener.takes_nod()
        assert not listener.takes_nod()
    assert 22 <= taken <= 38


def test_the_same_seed_nods_at_the_same_words():
    assert [nods(Listener(s), STORY) for s in range(9)] == [nods(Listener(s), STORY) for s in range(9)]
