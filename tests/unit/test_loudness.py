"""Whose voice is that: the fan's, or the avatar's own coming back?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.interjections import claim, is_echo, takes_turn
from speech.loudness import ECHO_MARGIN_DB, FIRST_LEVEL_DB, SILENCE_DB, LoudnessGate, level_db


def hum(db: float, n_samples: int = 1536) -> np.ndarray:
    tone = np.sin(2 * np.pi * 220 * np.arange(n_samples) / 16_000)
    return (tone / np.sqrt(np.mean(tone**2)) * 10 ** (db / 20)).astype(np.float32)


@given(st.floats(-60, -3))
def test_the_level_is_that_of_the_sound(db: float) -> None:
    assert level_db(hum(db)) == pytest.approx(db, abs=0.1)


def test_silence_has_a_level_too() -> None:
    assert level_db(np.zeros(100, np.float32)) == SILENCE_DB == level_db(np.zeros(0, np.float32))


def test_an_echo_is_softer_than_a_fan_who_has_not_spoken_yet() -> None:
    gate = LoudnessGate()
    assert gate.passes(hum(-28))
    assert not gate.passes(hum(-39))


@given(st.floats(-45, -10))
def test_the_gate_learns_how_loud_this_fan_is(db: float) -> None:
    gate = LoudnessGate()
    for _ in range(12):
        gate.learn(hum(db))
    assert gate.passes(hum(db - ECHO_MARGIN_DB + 1))
    assert not gate.passes(hum(db - ECHO_MARGIN_DB - 1))


def test_silence_teaches_nothing() -> None:
    gate = LoudnessGate()
    gate.learn(np.zeros(500, np.float32))
    assert gate.usual_db == FIRST_LEVEL_DB


@pytest.mark.parametrize(
    ("words", "worth"),
    [
        ("", 0),
        ("Uh-huh.", 0),
        ("Oh wow, that's so cool!", 0),
        ("Haha. No way!", 0),
        ("Stop.", 2),
        ("Nova", 1),
        ("But what about the tour?", 7),
        ("Yeah, my sister too", 3),
        ("So so so", 1),
        ("T.C.", 0),
        ("I sing", 2),
        ("Oh, that's so...", 0),
    ],
)
def test_words_claim_the_turn_and_backchannels_do_not(words: str, worth: int) -> None:
    assert claim(words) == worth


@pytest.mark.parametrize(
    ("heard", "agreed", "mean_logprob", "final", "takes"),
    [
        ("Wait", "", -0.5, False, True),
        ("My brother", "", -0.3, False, True),
        ("all night", "", -0.9, False, False),  # "Oh nice."
        ("Nova", "", -0.4, False, False),
        ("Nova!", "", -0.4, True, True),
        ("Mama", "Mama", -0.9, True, False),  # "Mm-hm."
        ("so so so", "so so", -0.8, True, False),  # a laugh
        ("my brother", "my brother", -1.2, False, True),
        ("and over your cloud", "", -1.3, False, True),
        ("Chosuasa Tosasa Moura", "", -1.7, True, False),
        ("Oh, that's so cool!", "Oh that's so", -0.2, True, False),
    ],
)
def test_what_takes_the_turn(heard: str, agreed: str, mean_logprob: float, final: bool, takes: bool) -> None:
    assert takes_turn(heard, agreed=agreed, mean_logprob=mean_logprob, final=final) is takes


@pytest.mark.parametrize(
    ("heard", "echo"),
    [
        ("my kitchen, in one", True),
        ("Kitchen cold winter", True),
        ("winter kitchen", False),
        ("my kitchen is bigger", False),
        ("", False),
    ],
)
def test_words_that_the_avatar_is_saying_are_its_echo(heard: str, echo: bool) -> None:
    assert is_echo(heard, "I made it in my kitchen, in one very cold winter.".split()) is echo
