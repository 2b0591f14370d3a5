"""One contract, every model of meaning: the real one and the scripted fake."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from avatar.engines.minilm import MiniLm
from avatar.engines.scripted import ScriptedMeaning
from avatar.meaning import MEANING_SIZE, MeaningEngine
from protocol.errors import EngineError
from tests.speech_models import model

CAT, NAMED, ALBUM = "what is your cat called", "what is the name of your cat", "when does the new album come out"
TEXTS = [CAT, "", "hi", "Ünïcödé \U0001f600 \x00", "and then " * 2000, "   ", ALBUM]


@pytest.fixture(scope="module", params=["minilm", "scripted"])
def engine(request: pytest.FixtureRequest) -> MeaningEngine:
    return MiniLm(model("minilm")) if request.param == "minilm" else ScriptedMeaning()


def vector(result: np.ndarray | Exception) -> np.ndarray:
    assert isinstance(result, np.ndarray), result
    return result


def alone(engine: MeaningEngine, text: str) -> np.ndarray:
    return vector(engine.run([text])[0])


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_every_text_has_a_unit_vector(engine: MeaningEngine, text: str) -> None:
    meaning = alone(engine, text)
    assert meaning.shape == (MEANING_SIZE,)
    assert meaning.dtype == np.float32
    assert np.linalg.norm(meaning) == pytest.approx(1.0, abs=1e-5)


def test_near_in_meaning_is_near_in_angle(engine: MeaningEngine) -> None:
    cat, named, album = (alone(engine, text) for text in (CAT, NAMED, ALBUM))
    assert cat @ named > 0.6
    assert cat @ named > cat @ album + 0.3
    assert alone(engine, CAT) @ cat == pytest.approx(1.0, abs=1e-5)


def test_a_batch_says_what_each_text_alone_says(engine: MeaningEngine) -> None:
    together = engine.run(TEXTS)
    assert len(together) == len(TEXTS)
    for text, result in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(vector(result), alone(engine, text), atol=1e-4)


def test_a_bad_job_does_not_disturb_its_neighbours(engine: MeaningEngine) -> None:
    first, failed, last = engine.run([CAT, None, ALBUM])  # type: ignore[list-item]
    assert isinstance(failed, EngineError)
    np.testing.assert_allclose(vector(first), alone(engine, CAT), atol=1e-4)
    np.testing.assert_allclose(vector(last), alone(engine, ALBUM), atol=1e-4)
    assert [type(result) for result in engine.run([None])] == [EngineError]  # type: ignore[list-item]


def test_nothing_to_read_is_no_fault(engine: MeaningEngine) -> None:
    assert engine.run([]) == []


def test_several_threads_may_ask_at_once(engine: MeaningEngine) -> None:
    expected = {text: alone(engine, text) for text in TEXTS}
    with ThreadPoolExecutor(4) as pool:
        for text, meaning in zip(TEXTS * 4, pool.map(lambda text: alone(engine, text), TEXTS * 4), strict=True):
            np.testing.assert_allclose(meaning, expected[text], atol=1e-4)


def test_of_a_long_text_the_beginning_counts() -> None:
    engine = MiniLm(model("minilm"))
    words = "album " * 400
    np.testing.assert_allclose(alone(engine, words), alone(engine, words + CAT), atol=1e-4)


@pytest.mark.parametrize("broken", ["model.onnx", "tokenizer.json"])
def test_a_missing_or_broken_file_is_said_plainly(tmp_path: Path, broken: str) -> None:
    with pytest.raises(EngineError, match="not a readable sentence model"):
        MiniLm(tmp_path)
    for name in ("model.onnx", "tokenizer.json"):
        if name == broken:
            (tmp_path / name).write_bytes(b"not this")
        else:
            (tmp_path / name).symlink_to(model("minilm") / name)
    with pytest.raises(EngineError, match="not a readable sentence model"):
        MiniLm(tmp_path)


def test_the_fake_remembers_and_fails_as_told() -> None:
    engine = ScriptedMeaning(fails=frozenset({"boom"}))
    good, bad = engine.run([CAT, "boom"])
    assert isinstance(good, np.ndarray)
    assert isinstance(bad, EngineError)
    assert engine.asked == [CAT, "boom"]
