"""Probabilities become speech and pauses. V is a voiced frame, s a silent one, . one in between."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speech.vad import FRAME_SAMPLES as F
from speech.vad import Hysteresis, Segmenter, SpeechStarted, SpeechStopped

PROBS = {"V": 0.9, "s": 0.1, ".": 0.4, "N": float("nan")}
THREE = Hysteresis(pause_frames=3, sure_stop_prob=0.0)


def feed(segmenter: Segmenter, frames: str) -> list[SpeechStarted | SpeechStopped]:
    return segmenter.feed(np.array([PROBS[c] for c in frames], np.float32))


def test_silence_starts_nothing() -> None:
    assert feed(Segmenter(), "s" * 1000) == []


def test_a_click_of_one_frame_is_no_voice() -> None:
    assert feed(Segmenter(), "ssVssVssVss") == []


def test_two_voiced_frames_start_speech_where_the_first_began() -> None:
    assert feed(Segmenter(), "sssVV") == [SpeechStarted(at_samples=3 * F)]


def test_one_frame_may_be_missed_at_the_onset() -> None:
    assert feed(Segmenter(), "sssVsV") == [SpeechStarted(at_samples=3 * F)]


def test_a_pause_ends_with_the_last_voiced_frame_and_says_when_it_was_known() -> None:
    assert feed(Segmenter(THREE), "VVVsss")[1:] == [SpeechStopped(at_samples=3 * F, heard_samples=6 * F)]


def test_frames_in_between_keep_speech_alive_but_do_not_start_it() -> None:
    assert feed(Segmenter(), "." * 50) == []
    assert feed(Segmenter(), "VV" + "." * 50) == [SpeechStarted(0)]


def test_a_gap_shorter_than_a_pause_is_not_told() -> None:
    assert feed(Segmenter(THREE), "VVssVssVssV") == [SpeechStarted(0)]


def test_one_frame_of_sure_silence_is_a_pause() -> None:
    segmenter = Segmenter(Hysteresis(pause_frames=3, sure_stop_prob=0.2))
    probs = np.array([0.9, 0.9, 0.3, 0.1, 0.1], np.float32)
    assert segmenter.feed(probs) == [SpeechStarted(0), SpeechStopped(2 * F, 4 * F)]


def test_the_fan_goes_on_after_a_pause() -> None:
    segmenter = Segmenter(THREE)
    assert feed(segmenter, "VVsssVV") == [SpeechStarted(0), SpeechStopped(2 * F, 5 * F), SpeechStarted(5 * F)]
    assert segmenter.speaking
    assert segmenter.heard_samples == 7 * F


def test_a_model_that_answers_nan_does_not_hold_the_microphone_open() -> None:
    assert feed(Segmenter(THREE), "NNVVNNN") == [SpeechStarted(2 * F), SpeechStopped(4 * F, 7 * F)]


probs = st.lists(st.integers(0, 100), max_size=200).map(lambda p: np.array(p, np.float32) / 100)


@given(probs)
def test_events_alternate_and_time_never_runs_back(p: np.ndarray) -> None:
    events = Segmenter().feed(p)
    assert [isinstance(e, SpeechStarted) for e in events] == [i % 2 == 0 for i in range(len(events))]
    times = [e.at_samples for e in events]
    assert times == sorted(times)
    assert all(t % F == 0 and 0 <= t <= len(p) * F for t in times)
    for stopped, started in zip(events[1::2], events[2::2], strict=False):
        assert isinstance(stopped, SpeechStopped)
        assert stopped.at_samples < stopped.heard_samples <= started.at_samples


@given(probs, st.lists(st.integers(0, 200), max_size=8))
def test_how_the_frames_arrive_changes_nothing(p: np.ndarray, cuts: list[int]) -> None:
    whole, pieces = Segmenter(), Segmenter()
    expected = whole.feed(p)
    assert [e for part in np.split(p, sorted(cuts)) for e in pieces.feed(part)] == expected
    assert (pieces.speaking, pieces.heard_samples) == (whole.speaking, whole.heard_samples)


@given(st.lists(st.floats(0, 0.4375, width=32, allow_subnormal=False), max_size=200))
def test_nothing_below_the_threshold_ever_starts_speech(p: list[float]) -> None:
    assert Segmenter().feed(np.array(p, np.float32)) == []
