"""A voice beside itself: the same speaker higher, louder, livelier, quicker; and what is too little to say so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.prosody import LONGEST_TURN_S, MEMORY_S, Prosody, syllables
from speech.vad import FRAME_SAMPLES
from tests.speech_models import clip

LINE = "What is your favourite song of them all?"
RATE = 16_000


def buzz(hz, seconds=2.0, level=0.1, wobble=0.0):
    """A voice-like buzz whose pitch moves up and down by `wobble` (a part of it) twice a second."""
    t = np.arange(int(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(hz * (1 + wobble * np.sin(4 * np.pi * t))) / RATE
    return (level * sum(np.sin(n * phase) / n for n in range(1, 7))).astype(np.float32)


def say(prosody, pcm, prob=1.0):
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    prosody.feed(frames, np.full(len(frames), prob, np.float32))


def used_to(pcm, text=LINE):
    """A Prosody that has heard this voice once."""
    prosody = Prosody()
    say(prosody, pcm)
    prosody.end_turn(text)
    return prosody


def test_nothing_is_said_of_a_first_turn():
    prosody = Prosody()
    say(prosody, buzz(120))
    assert prosody.tone(LINE) is None


def test_the_same_again_is_as_usual():
    prosody = used_to(buzz(120))
    say(prosody, buzz(120))
    tone = prosody.tone(LINE)
    assert tone.pitch_semitones == pytest.approx(0, abs=0.1)
    assert tone.loudness_db == pytest.approx(0, abs=0.5)
    assert tone.pace == pytest.approx(1.0)
    assert tone.usual_s == pytest.approx(tone.speech_s) == pytest.approx(2.0, abs=0.05)


def test_an_octave_up_is_twelve_semitones():
    prosody = used_to(buzz(120))
    say(prosody, buzz(240))
    assert prosody.tone(LINE).pitch_semitones == pytest.approx(12, abs=0.2)


def test_twice_the_level_is_six_decibels():
    prosody = used_to(buzz(120, level=0.05))
    say(prosody, buzz(120, level=0.1))
    assert prosody.tone(LINE).loudness_db == pytest.approx(6, abs=0.5)


def test_a_voice_that_moves_more_is_livelier():
    prosody = used_to(buzz(150))
    say(prosody, buzz(150, wobble=0.2))
    assert prosody.tone(LINE).liveliness_semitones > 3


def test_twice_the_syllables_is_twice_the_pace():
    prosody = used_to(buzz(120))
    say(prosody, buzz(120))
    assert prosody.tone(f"{LINE} {LINE}").pace == pytest.approx(2.0)


def test_a_short_turn_has_no_pace():
    prosody = used_to(buzz(120))
    say(prosody, buzz(120, seconds=0.8))
    assert prosody.tone(f"{LINE} {LINE}").pace == 1.0


@pytest.mark.parametrize(
    "sound", [np.zeros(2 * RATE, np.float32), buzz(120, seconds=0.3), np.random.default_rng(0).normal(0, 0.1, 2 * RATE)]
)
def test_silence_a_cough_and_a_hiss_have_no_tone(sound):
    prosody = used_to(buzz(120))
    say(prosody, sound.astype(np.float32))
    assert prosody.tone(LINE) is None


def test_frames_without_speech_are_not_measured():
    prosody = used_to(buzz(120))
    say(prosody, buzz(400), prob=0.2)
    assert prosody.tone(LINE) is None


def test_a_turn_without_words_was_noise_and_is_forgotten():
    prosody = used_to(buzz(120))
    say(prosody, buzz(300))
    prosody.end_turn("")
    say(prosody, buzz(120))
    assert prosody.tone(LINE).pitch_semitones == pytest.approx(0, abs=0.1)


def test_what_is_usual_follows_the_speaker():
    prosody = used_to(buzz(120))
    higher = buzz(160, seconds=4.0)
    for _ in range(60):
        say(prosody, higher)
        prosody.end_turn(LINE)
    say(prosody, buzz(160))
    tone = prosody.tone(LINE)
    assert tone.pitch_semitones == pytest.approx(0, abs=0.5)
    assert tone.usual_s == MEMORY_S


def test_a_monologue_is_bounded():
    prosody = used_to(buzz(120))
    long = buzz(120, seconds=20.0)
    for _ in range(8):
        say(prosody, long)
    assert len(prosody._levels) * FRAME_SAMPLES / RATE <= LONGEST_TURN_S
    assert prosody.tone(LINE).speech_s > LONGEST_TURN_S


def test_a_real_voice_played_faster_is_higher_and_quicker():
    lobster = clip("libri_367-130732-0001")
    text = "when is a lobster not a lobster when it is a crayfish"
    faster = np.interp(np.arange(0, len(lobster), 1.25), np.arange(len(lobster)), lobster).astype(np.float32)
    prosody = used_to(lobster, text)
    say(prosody, 0.5 * faster)
    tone = prosody.tone(text)
    assert tone.pitch_semitones == pytest.approx(12 * np.log2(1.25), abs=1.0)
    assert tone.pace == pytest.approx(1.25, abs=0.03)
    assert tone.loudness_db == pytest.approx(-6, abs=1.0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=10))
def test_how_the_stream_is_cut_changes_nothing(cuts):
    pcm = buzz(150, seconds=1.6, wobble=0.1)
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    probs = np.linspace(0.3, 1.0, len(frames)).astype(np.float32)
    whole, pieces = used_to(buzz(120)), used_to(buzz(120))
    whole.feed(frames, probs)
    begin = 0
    for cut in [*cuts, len(frames)]:
        pieces.feed(frames[begin : begin + cut], probs[begin : begin + cut])
        begin += cut
    assert pieces.tone(LINE) == whole.tone(LINE)


@pytest.mark.parametrize(
    ("text", "n"), [("", 0), ("Hello there.", 3), ("I love it", 3), ("The tree", 2), ("Größe", 2), ("in 1984", 5)]
)
def test_syllables_are_about_right(text, n):
    assert syllables(text) == n
