"""One contract, every voice: the real one and the scripted fake."""

import re

import numpy as np
import pytest

from protocol.errors import EngineError
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from speech.asr import AsrJob, Hypothesis
from speech.engines.hibari import Hibari
from speech.engines.scripted import LETTER_SAMPLES, ScriptedTts
from speech.engines.whisper import Whisper
from speech.resampling import Resampler
from speech.tts import SpeechJob, SpokenChunk, TtsEngine
from tests.speech_models import model

AUDIBLE = 0.01
TEXTS = [
    "Hi!",
    "My cat is called Miso, and she sleeps on my keyboard.",
    "On the 3rd of March, I'm turning 25!",
    "Dr. Smith paid $9.99 at 7:30 pm 😀 — really?",
    "[odd](links), King IV & 3/4 of http://x.y/z",
    "well-known   words,\nwith strange (spacing)",
]


@pytest.fixture(scope="module")
def hibari() -> Hibari:
    return Hibari()


@pytest.fixture(params=["hibari", "scripted"])
def engine(request: pytest.FixtureRequest, hibari: Hibari) -> TtsEngine:
    return hibari if request.param == "hibari" else ScriptedTts()


def spoken(result: SpokenChunk | Exception) -> SpokenChunk:
    assert isinstance(result, SpokenChunk), result
    return result


def say(engine: TtsEngine, text: str, **how) -> SpokenChunk:
    return spoken(engine.run([SpeechJob(text, engine.voices()[0], **how)])[0])


@pytest.mark.parametrize("text", TEXTS)
def test_the_phonemes_cover_the_audio_on_the_grid_of_the_face(engine: TtsEngine, text: str) -> None:
    chunk = say(engine, text)
    assert chunk.pcm.dtype == np.float32
    assert np.abs(chunk.pcm).max() <= 1
    assert len(chunk.pcm) % SAMPLES_PER_FACE_FRAME == 0
    edges = [0, *(p.end_samples for p in chunk.phonemes)]
    assert [p.start_samples for p in chunk.phonemes] == edges[:-1]
    assert edges == sorted(set(edges))
    assert edges[-1] == len(chunk.pcm)


@pytest.mark.parametrize("text", TEXTS)
def test_every_written_word_has_its_time_in_order(engine: TtsEngine, text: str) -> None:
    chunk = say(engine, text)
    assert [w.text for w in chunk.words] == text.split()
    edges = [e for w in chunk.words for e in (w.start_samples, w.end_samples)]
    assert edges == sorted(edges)
    assert edges[-1] <= len(chunk.pcm)
    assert all(w.end_samples > w.start_samples for w in chunk.words if any(c.isalnum() for c in w.text))


def test_the_first_sound_comes_early_and_the_gap_behind_is_short(engine: TtsEngine) -> None:
    sentence, clause = (np.flatnonzero(np.abs(say(engine, text).pcm) > AUDIBLE) for text in ("Hello.", "so"))
    assert sentence[0] <= 0.02 * OUTPUT_RATE_HZ
    assert clause[0] <= 0.02 * OUTPUT_RATE_HZ
    assert len(say(engine, "Hello.").pcm) - sentence[-1] < 0.23 * OUTPUT_RATE_HZ
    assert len(say(engine, "so").pcm) - clause[-1] < 0.15 * OUTPUT_RATE_HZ


def test_the_same_seed_gives_the_same_samples(engine: TtsEngine) -> None:
    np.testing.assert_array_equal(say(engine, TEXTS[1], seed=5).pcm, say(engine, TEXTS[1], seed=5).pcm)


def test_any_seed_will_do(engine: TtsEngine) -> None:
    assert len(say(engine, "Hi!", seed=-1).pcm) == len(say(engine, "Hi!", seed=2**40).pcm)


def test_a_batch_says_what_each_job_alone_says(engine: TtsEngine) -> None:
    together = engine.run([SpeechJob(text, engine.voices()[0]) for text in TEXTS])
    for text, result in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(spoken(result).pcm, say(engine, text).pcm)
        assert spoken(result).phonemes == say(engine, text).phonemes


@pytest.mark.parametrize("text", ["", "   ", "...", "😀 🎉", "—?!", "\n"])
def test_what_cannot_be_said_is_an_empty_chunk(engine: TtsEngine, text: str) -> None:
    chunk = say(engine, text)
    assert (len(chunk.pcm), chunk.phonemes, chunk.words) == (0, (), ())


def test_a_bad_job_does_not_disturb_its_neighbours(engine: TtsEngine) -> None:
    voice = engine.voices()[0]
    first, failed, last = engine.run(
        [SpeechJob("One.", voice), SpeechJob("Two.", "nobody"), SpeechJob("Three.", voice)]
    )
    assert isinstance(failed, EngineError)
    np.testing.assert_array_equal(spoken(first).pcm, say(engine, "One.").pcm)
    np.testing.assert_array_equal(spoken(last).pcm, say(engine, "Three.").pcm)


def test_faster_is_shorter(engine: TtsEngine) -> None:
    assert len(say(engine, TEXTS[1], speed=1.4).pcm) < 0.9 * len(say(engine, TEXTS[1]).pcm)


def test_a_speed_out_of_range_is_refused(hibari: Hibari) -> None:
    (result,) = hibari.run([SpeechJob("Hello.", "heart", speed=float("nan"))])
    assert isinstance(result, EngineError)


def test_a_text_longer_than_the_network_takes_is_said_whole(hibari: Hibari) -> None:
    text = " ".join(["I really like this song, and I sing it every day"] * 14)
    chunk = say(hibari, text)
    assert [w.text for w in chunk.words] == text.split()
    assert all(w.end_samples > w.start_samples for w in chunk.words)
    assert 25 < len(chunk.pcm) / OUTPUT_RATE_HZ < 60


def test_expanded_numbers_stay_one_word(hibari: Hibari) -> None:
    """ "25" is said as two words, "7:30" too; the words around them keep their own places."""
    words = say(hibari, "It is 7:30, and I have 25 cats").words
    length = {w.text: w.end_samples - w.start_samples for w in words}
    assert length["7:30,"] > 2 * length["and"]
    assert length["25"] > 1.3 * length["have"]


def test_lips_are_closed_when_the_phonemes_say_so(hibari: Hibari) -> None:
    """The closure of a p or b between vowels is next to silent, the vowels around it are loud."""
    closures, vowels = [], []
    for text in (
        "Papa bought a puppy.",
        "Bob, put the cup back into the cupboard.",
        "A happy baker opened a pop up shop.",
    ):
        chunk = say(hibari, text)
        for before, phoneme in zip(chunk.phonemes, chunk.phonemes[1:], strict=False):
            span = chunk.pcm[phoneme.start_samples : phoneme.end_samples]
            if phoneme.symbol in "pb" and before.symbol[-1] in "ɑəʌæɐɪi":
                closures.append(np.sqrt(np.mean(span[: len(span) // 2] ** 2)))
            if phoneme.symbol[0] == "ˈ":
                vowels.append(np.sqrt(np.mean(span**2)))
    assert len(closures) >= 5
    assert np.median(closures) < 0.1 * np.median(vowels)


def test_the_recogniser_understands_the_voice(hibari: Hibari) -> None:
    texts = [
        "Thank you so much for coming tonight!",
        "I grew up in Valencia, near the harbour.",
        "What a lovely thing to say, you made my day.",
    ]
    microphone = [Resampler(24_000).feed((say(hibari, t).pcm * 32767).astype("<i2").tobytes()) for t in texts]
    heard = Whisper(model("whisper-base")).run([AsrJob(pcm) for pcm in microphone])
    for text, hypothesis in zip(texts, heard, strict=True):
        assert isinstance(hypothesis, Hypothesis)
        plain = [re.findall(r"\w+", t.lower().replace("harbor", "harbour")) for t in (text, hypothesis.text)]
        assert plain[0] == plain[1]


def test_the_scripted_voice_hums_60_ms_a_letter() -> None:
    chunk = say(ScriptedTts(), "ab c")
    assert LETTER_SAMPLES == 0.06 * OUTPUT_RATE_HZ
    assert [(p.symbol, p.start_samples // LETTER_SAMPLES) for p in chunk.phonemes] == [
        ("a", 0),
        ("b", 1),
        (" ", 2),
        ("c", 3),
    ]
    assert [(w.start_samples, w.end_samples) for w in chunk.words] == [(0, 2880), (4320, 5760)]
    assert not chunk.pcm[2 * LETTER_SAMPLES : 3 * LETTER_SAMPLES].any()
