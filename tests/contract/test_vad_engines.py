"""One contract, every VAD: the real one and the scripted fake."""

import numpy as np
import pytest

from protocol.errors import EngineError
from speech.engines.scripted import ScriptedVad
from speech.engines.silero import SileroVad
from speech.framing import Framer
from speech.vad import FRAME_SAMPLES, Segmenter, SpeechStarted, SpeechStopped, VadEngine, VadJob, VadResult
from tests.speech_models import clip, model

FAN, LOBSTER = "fan_question", "libri_367-130732-0001"


@pytest.fixture(scope="module", params=["silero", "scripted"])
def engine(request: pytest.FixtureRequest) -> VadEngine:
    return SileroVad(model("silero-vad")) if request.param == "silero" else ScriptedVad()


@pytest.fixture(scope="module")
def silero() -> SileroVad:
    return SileroVad(model("silero-vad"))


def frames(name: str) -> np.ndarray:
    return Framer(FRAME_SAMPLES).feed(clip(name))


def quiet(n: int) -> np.ndarray:
    return np.zeros((n, FRAME_SAMPLES), np.float32)


def probs(result: VadResult | Exception) -> np.ndarray:
    assert isinstance(result, VadResult), result
    return result.probs


def alone(engine: VadEngine, pcm: np.ndarray) -> np.ndarray:
    return probs(engine.run([VadJob(pcm, engine.new_state())])[0])


def test_a_voice_is_heard_and_silence_is_not(engine: VadEngine) -> None:
    assert alone(engine, frames(FAN)).max() > 0.9
    assert alone(engine, quiet(50)).max() < 0.2


def test_a_batch_says_what_each_job_alone_says(engine: VadEngine) -> None:
    jobs = [frames(FAN), quiet(7), frames(LOBSTER)]
    together = engine.run([VadJob(pcm, engine.new_state()) for pcm in jobs])
    for pcm, result in zip(jobs, together, strict=True):
        assert probs(result).shape == (len(pcm),)
        assert probs(result).dtype == np.float32
        np.testing.assert_allclose(probs(result), alone(engine, pcm), atol=1e-5)


def test_a_session_goes_on_where_its_state_left_off(engine: VadEngine) -> None:
    """Two sessions take turns in chunks of other sizes; each hears only itself."""
    fan, lobster = frames(FAN)[:60], frames(LOBSTER)[:60]
    states = [engine.new_state(), engine.new_state()]
    heard: list[list[np.ndarray]] = [[], []]
    for at in range(0, 60, 4):
        chunks = [fan[at : at + 4], lobster[at : at + 4]]
        for i, result in enumerate(engine.run([VadJob(c, s) for c, s in zip(chunks, states, strict=True)])):
            heard[i].append(probs(result))
            assert isinstance(result, VadResult)
            states[i] = result.state
    np.testing.assert_allclose(np.concatenate(heard[0]), alone(engine, fan), atol=1e-5)
    np.testing.assert_allclose(np.concatenate(heard[1]), alone(engine, lobster), atol=1e-5)


BAD_FRAMES = {
    "a wrong frame length": np.zeros((3, 480), np.float32),
    "no frames at all": np.zeros(512, np.float32),
    "not a number": np.full((2, FRAME_SAMPLES), np.nan, np.float32),
}


@pytest.mark.parametrize("bad", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
def test_a_bad_job_does_not_disturb_its_neighbours(engine: VadEngine, bad: np.ndarray) -> None:
    jobs = [VadJob(pcm, engine.new_state()) for pcm in (frames(FAN), bad, frames(LOBSTER))]
    first, failed, last = engine.run(jobs)
    assert isinstance(failed, EngineError)
    np.testing.assert_allclose(probs(first), alone(engine, frames(FAN)), atol=1e-5)
    np.testing.assert_allclose(probs(last), alone(engine, frames(LOBSTER)), atol=1e-5)


def test_nothing_to_hear_is_no_fault(engine: VadEngine) -> None:
    assert engine.run([]) == []
    assert alone(engine, quiet(0)).shape == (0,)


def test_a_foreign_state_is_refused(silero: SileroVad) -> None:
    (result,) = silero.run([VadJob(quiet(1), "a state")])
    assert isinstance(result, EngineError)


def test_the_job_is_left_as_it_was(silero: SileroVad) -> None:
    state = silero.new_state()
    silero.run([VadJob(frames(FAN), state)])
    assert not state.hidden.any()
    assert not state.context.any()


@pytest.mark.parametrize(("name", "begins_s", "ends_s"), [(FAN, 0.30, 2.23), (LOBSTER, 0.35, 3.87)])
def test_real_speech_begins_and_ends_where_the_clip_says(
    silero: SileroVad, name: str, begins_s: float, ends_s: float
) -> None:
    heard = np.concatenate([frames(name), quiet(30)])
    events = Segmenter().feed(alone(silero, heard))
    assert isinstance(events[0], SpeechStarted)
    assert isinstance(events[-1], SpeechStopped)
    assert events[0].at_samples / 16_000 == pytest.approx(begins_s, abs=0.1)
    assert events[-1].at_samples / 16_000 == pytest.approx(ends_s, abs=0.1)


def test_a_noise_bed_starts_nothing(silero: SileroVad) -> None:
    assert Segmenter().feed(alone(silero, frames("noise_sb2"))) == []


def test_a_missing_model_is_said_plainly(tmp_path) -> None:
    with pytest.raises(EngineError, match="not a readable ONNX model"):
        SileroVad(tmp_path / "model.onnx")
