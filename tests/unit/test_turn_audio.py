"""The audio of a turn: first sounds kept, memory bounded, monologues settled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ears import quietest_spot
from speech.asr import MAX_WINDOW_S, MEMORY_S, PRE_ROLL_S, TAIL_S, TurnAudio

RATE = 16_000


def count_up(audio: TurnAudio, n_samples: int, chunk: int = 320) -> None:
    """Appends samples whose value is their own position, in thousandths."""
    for begin in range(0, n_samples, chunk):
        at = audio.position_samples + np.arange(min(chunk, n_samples - begin))
        audio.append((at / 1000).astype(np.float32))


def test_a_turn_begins_a_little_before_the_voice() -> None:
    audio = TurnAudio()
    count_up(audio, 3 * RATE)
    audio.open(onset_samples=2 * RATE)
    window = audio.window()
    assert window[0] * 1000 == pytest.approx(2 * RATE - PRE_ROLL_S * RATE)
    assert window[-1] * 1000 == pytest.approx(3 * RATE - 1)


def test_a_final_window_ends_a_little_after_the_voice() -> None:
    audio = TurnAudio()
    audio.open(0)
    count_up(audio, 2 * RATE)
    assert len(audio.window(voice_end_samples=RATE)) == RATE + int(TAIL_S * RATE)


def test_memory_is_bounded_while_nobody_speaks() -> None:
    audio = TurnAudio()
    count_up(audio, 60 * RATE)
    audio.open(onset_samples=0)
    assert len(audio.window()) <= MEMORY_S * RATE + 320


def test_settled_words_stay_and_their_audio_goes() -> None:
    audio = TurnAudio()
    audio.open(0)
    count_up(audio, int(MAX_WINDOW_S * RATE))
    assert audio.is_full()
    audio.settle("First part.", 10 * RATE)
    assert not audio.is_full()
    assert audio.window()[0] * 1000 == pytest.approx(10 * RATE)
    assert audio.whole("and the rest") == "First part. and the rest"
    audio.close()
    assert audio.whole("") == ""
    assert len(audio.window()) == 0


@given(st.lists(st.integers(1, 5000), max_size=30), st.integers(0, 40_000))
def test_windows_are_always_cut_from_the_stream(chunks: list[int], onset: int) -> None:
    audio = TurnAudio()
    for n in chunks:
        count_up(audio, n, chunk=n)
    audio.open(min(onset, audio.position_samples))
    window = audio.window() * 1000
    assert np.all(np.diff(window) > 0)
    if len(window):
        assert window[-1] == pytest.approx(audio.position_samples - 1)


def test_a_monologue_is_cut_where_it_is_quietest() -> None:
    loud = np.full(10 * RATE, 0.5, np.float32)
    loud[8 * RATE : 8 * RATE + 3200] = 0.0
    assert 8 * RATE <= quietest_spot(loud, 4 * RATE) <= 8 * RATE + 3200
    assert quietest_spot(np.zeros(100, np.float32), RATE) == 100
