"""What is believed of a decoding, and what is decoded again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.engines.whisper import (
    Decoded,
    believed,
    compression,
    is_audible,
    is_doubtful,
    spoken_tokens,
    token_cap,
    without_echo,
)

STAMP = 1000  # the first time stamp token: 0.00 s; each one after it is 20 ms later


def at(seconds: float) -> int:
    return STAMP + round(seconds / 0.02)


def decoded(
    text: str = "What is your cat called?",
    *,
    logprob: float = -0.3,
    no_speech: float = 0.1,
    tokens: int = 9,
    capped: bool = False,
) -> Decoded:
    return Decoded(text, "en", logprob, no_speech, tokens, capped)


def test_what_the_decoder_places_behind_the_speech_was_never_said() -> None:
    ids = [at(0), 1, 2, 3, at(1.9), at(1.9), 1, 2, 3, at(3.8)]
    assert spoken_tokens(ids, STAMP, seconds=2.0) == [1, 2, 3]


def test_a_second_sentence_inside_the_speech_is_kept() -> None:
    ids = [at(0), 1, 2, at(1.2), at(1.2), 3, 4, at(2.4)]
    assert spoken_tokens(ids, STAMP, seconds=2.5) == [1, 2, 3, 4]


def test_without_stamps_every_token_is_kept() -> None:
    assert spoken_tokens([1, 2, 3], STAMP, seconds=0.1) == [1, 2, 3]


def test_the_first_segment_is_kept_wherever_it_is_placed() -> None:
    assert spoken_tokens([at(5), 1, 2, at(6)], STAMP, seconds=0.4) == [1, 2]


@given(st.lists(st.integers(0, STAMP + 1500), max_size=60), st.floats(0, 30, allow_subnormal=False))
def test_only_text_tokens_are_kept_in_their_order(ids: list[int], seconds: float) -> None:
    kept = spoken_tokens(ids, STAMP, seconds)
    rest = iter(ids)
    assert all(token < STAMP for token in kept)
    assert all(token in rest for token in kept)  # a subsequence


@pytest.mark.parametrize(
    ("text", "believed_text"),
    [
        ("What has happened to me? What has happened to me?", "What has happened to me?"),
        ("Is it safe to swim here? Is it safe to", "Is it safe to swim here?"),
        ("Thou also, thou also.", "Thou also, thou also."),
        ("I love you so much, I love you!", "I love you so much, I love you!"),
        ("No. No.", "No. No."),
        ("", ""),
    ],
)
def test_a_long_phrase_said_again_is_an_echo_a_short_one_is_speech(text: str, believed_text: str) -> None:
    assert without_echo(text) == believed_text
    assert believed(decoded(text), second_pass=False).text == believed_text


@given(st.text(alphabet="ab ,.", max_size=80))
def test_cutting_an_echo_twice_changes_nothing_more(text: str) -> None:
    once = without_echo(text)
    assert text.startswith(once) or once == " ".join(text.split()[: len(once.split())])
    assert without_echo(once) == once


@pytest.mark.parametrize(
    "one",
    [
        decoded(capped=True),
        decoded(logprob=-0.95),
        decoded("What has happened to me? What has happened to me?"),
        decoded("uh, " * 30),
    ],
    ids=["did not end", "improbable words", "echo", "loop"],
)
def test_doubtful_decodings_are_decoded_again(one: Decoded) -> None:
    assert is_doubtful(one)


def test_good_decodings_are_not() -> None:
    assert not is_doubtful(decoded())
    assert not is_doubtful(decoded("Firefox", logprob=-1.3, tokens=1))


@pytest.mark.parametrize(
    ("text", "logprob", "no_speech"),
    [("Thank you.", -1.3, 0.7), ("you", -1.7, 0.9), ("Thanks for watching!", -1.2, 0.65), ("I'm sorry.", -1.9, 0.3)],
)
def test_words_made_up_from_noise_are_left_out_and_cost_no_second_pass(
    text: str, logprob: float, no_speech: float
) -> None:
    made_up = decoded(text, logprob=logprob, no_speech=no_speech)
    assert believed(made_up, second_pass=False).text == ""
    assert not is_doubtful(made_up)


@pytest.mark.parametrize(("logprob", "no_speech"), [(-0.3, 0.9), (-1.5, 0.5), (-2.5, 0.05)])
def test_a_fan_who_says_thank_you_is_heard(logprob: float, no_speech: float) -> None:
    assert believed(decoded("Thank you.", logprob=logprob, no_speech=no_speech), second_pass=False).text


def test_the_hypothesis_says_which_context_it_came_from() -> None:
    assert believed(decoded(), second_pass=True).second_pass
    assert not believed(decoded(), second_pass=False).second_pass


def test_loops_compress_better_than_speech() -> None:
    assert compression("uh, " * 30) > 2.4 > compression("I just wanted to say that your music got me through it.")
    assert compression("") == 0.0


def test_the_cap_grows_with_the_speech_and_never_beyond_the_decoder() -> None:
    caps = [token_cap(seconds * 16_000, full=False) for seconds in range(31)]
    assert caps == sorted(caps)
    assert caps[2] == 22
    assert token_cap(30 * 16_000, full=True) == 224


@pytest.mark.parametrize("pcm", [np.zeros(0), np.ones(100), np.zeros(16_000), np.full(16_000, 1e-4)])
def test_nothing_audible_is_not_worth_a_model(pcm: np.ndarray) -> None:
    assert not is_audible(pcm.astype(np.float32))


def test_a_soft_voice_is_audible() -> None:
    assert is_audible(np.full(1600, 0.002, np.float32))
