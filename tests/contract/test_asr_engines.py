"""One contract, every recogniser: two real models and the scripted fake."""

import re

import numpy as np
import pytest

from protocol.errors import EngineError
from speech.asr import AsrEngine, AsrJob, Hypothesis
from speech.engines.scripted import ScriptedAsr, spoken_line
from speech.engines.whisper import Whisper
from tests.speech_models import clip, model

SAID = {
    "fan_album": "When did your first album come out?",
    "fan_real": "Wait, are you a real person?",
    "fan_song": "Could you sing a little bit of the new song for me?",
}
LINES = list(SAID.values())


@pytest.fixture(scope="module")
def base() -> Whisper:
    return Whisper(model("whisper-base"))


@pytest.fixture(scope="module")
def tiny() -> Whisper:
    return Whisper(model("whisper-tiny.en"))


@pytest.fixture(params=["base", "tiny", "scripted"])
def engine(request: pytest.FixtureRequest) -> AsrEngine:
    return ScriptedAsr(LINES) if request.param == "scripted" else request.getfixturevalue(request.param)


def speech(engine: AsrEngine, name: str) -> np.ndarray:
    if not isinstance(engine, ScriptedAsr):
        return clip(name)
    return spoken_line(list(SAID).index(name), len(SAID[name].split()))


def heard(result: Hypothesis | Exception) -> Hypothesis:
    assert isinstance(result, Hypothesis), result
    return result


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def alone(engine: AsrEngine, pcm: np.ndarray, language: str | None = "en") -> Hypothesis:
    return heard(engine.run([AsrJob(pcm, language)])[0])


def test_a_batch_hears_every_fan(engine: AsrEngine) -> None:
    """Shorter clips are padded to the longest, which must change no word."""
    results = engine.run([AsrJob(speech(engine, name)) for name in SAID])
    assert [words(heard(r).text) for r in results] == [words(text) for text in LINES]
    assert [words(alone(engine, speech(engine, name)).text) for name in SAID] == [words(text) for text in LINES]


def test_silence_and_next_to_nothing_are_no_words(engine: AsrEngine) -> None:
    jobs = [AsrJob(np.zeros(n, np.float32)) for n in (0, 1, 400, 16_000, 480_000)]
    assert [heard(r).text for r in engine.run(jobs)] == [""] * 5
    assert engine.run([]) == []


BAD_SPEECH = {
    "more than 30 s": np.full(480_001, 0.1, np.float32),
    "not a number": np.full(16_000, np.nan, np.float32),
    "stereo": np.full((2, 16_000), 0.1, np.float32),
}


@pytest.mark.parametrize("bad", BAD_SPEECH.values(), ids=BAD_SPEECH.keys())
def test_a_bad_job_does_not_disturb_its_neighbours(tiny: Whisper, bad: np.ndarray) -> None:
    first, failed, last = tiny.run([AsrJob(clip("fan_album")), AsrJob(bad), AsrJob(clip("fan_real"))])
    assert isinstance(failed, EngineError)
    assert words(heard(first).text) == words(SAID["fan_album"])
    assert words(heard(last).text) == words(SAID["fan_real"])


def test_a_scripted_failure_does_not_disturb_its_neighbours() -> None:
    engine = ScriptedAsr(["Hello there", EngineError("out of memory")])
    good, failed = engine.run([AsrJob(spoken_line(0, 2)), AsrJob(spoken_line(1, 2))])
    assert heard(good).text == "Hello there"
    assert isinstance(failed, EngineError)


def test_a_scripted_partial_has_the_words_said_so_far() -> None:
    engine = ScriptedAsr(["How are you", "today"])
    pause = np.zeros(8000, np.float32)
    said = np.concatenate([pause, spoken_line(0, 3), pause, spoken_line(1, 1)])
    assert alone(engine, said[: 8000 + 2 * 4800]).text == "How are"
    assert alone(engine, said).text == "How are you today"


def test_noise_is_not_turned_into_words(base: Whisper) -> None:
    hiss = np.random.default_rng(0).normal(0, 0.02, 48_000).astype(np.float32)
    hum = (0.1 * np.sin(2 * np.pi * 50 * np.arange(32_000) / 16_000)).astype(np.float32)
    results = base.run([AsrJob(pcm) for pcm in (hiss, hum, clip("noise_sb2")[:48_000])])
    assert [heard(r).text for r in results] == ["", "", ""]


def test_the_language_is_found_when_none_is_given(base: Whisper) -> None:
    results = base.run([AsrJob(clip(name), None) for name in ("pv_test_de_norm", "nst_sv_u0016003", "fan_album")])
    assert [heard(r).language for r in results] == ["de", "sv", "en"]
    assert words(heard(results[0]).text) == words("Meine Lieblingszahl ist 268")


def test_an_english_model_says_so(tiny: Whisper) -> None:
    assert alone(tiny, clip("fan_album"), None).language == "en"
    assert alone(tiny, clip("fan_album"), "de").language == "en"


def test_an_unknown_language_is_refused_alone(base: Whisper) -> None:
    failed, good = base.run([AsrJob(clip("fan_album"), "xx"), AsrJob(clip("fan_album"))])
    assert isinstance(failed, EngineError)
    assert words(heard(good).text) == words(SAID["fan_album"])


def test_only_a_final_pays_for_a_second_pass(base: Whisper) -> None:
    """The speaker says "uh uh uh" and the decoder never stops: a final is decoded twice, a partial is not."""
    stutter = np.concatenate([clip("mfa_youknow")[30_000:]] * 3)
    quick, final = (heard(base.run([AsrJob(stutter, quick=quick)])[0]) for quick in (True, False))
    assert not quick.second_pass
    assert final.second_pass


def test_thirty_seconds_are_recognised(tiny: Whisper) -> None:
    said = np.concatenate([np.pad(clip(name), (0, 8000)) for name in [*SAID, "fan_thanks", "libri_367-130732-0001"]])
    text = alone(tiny, np.pad(said, (0, 480_000 - len(said)))).text
    assert "first album" in text
    assert "crayfish" in text.lower()


def test_a_missing_model_is_said_plainly(tmp_path) -> None:
    with pytest.raises(EngineError, match="not a readable Whisper model"):
        Whisper(tmp_path)
