"""One contract, every model of turn ends: the real one and the scripted fake."""

import numpy as np
import pytest

from protocol.errors import EngineError
from speech.endpointing import TurnEngine
from speech.engines.scripted import ScriptedTurn
from speech.engines.smart_turn import SmartTurn
from tests.speech_models import clip, model


def until(name: str, end_s: float) -> np.ndarray:
    """A clip up to 100 ms after its last word: what the model hears when the fan pauses."""
    return clip(name)[: int((end_s + 0.1) * 16_000)]


COMPLETE = ("fan_question", 2.272)
UNFINISHED = ("fan_unfinished", 1.632)


@pytest.fixture(scope="module")
def smart_turn() -> SmartTurn:
    return SmartTurn(model("smart-turn"))


@pytest.fixture(params=["smart-turn", "scripted"])
def engine(request: pytest.FixtureRequest, smart_turn: SmartTurn) -> TurnEngine:
    return smart_turn if request.param == "smart-turn" else ScriptedTurn([0.97, 0.05])


def test_a_finished_question_is_told_from_half_a_sentence(engine: TurnEngine) -> None:
    complete, unfinished = engine.run([until(*COMPLETE), until(*UNFINISHED)])
    assert isinstance(complete, float)
    assert isinstance(unfinished, float)
    assert complete > 0.9
    assert unfinished < 0.2


def test_every_answer_is_a_probability(engine: TurnEngine) -> None:
    answers = engine.run([clip("fan_album"), clip("noise_sb2"), np.zeros(160, np.float32)])
    assert all(isinstance(p, float) and 0 <= p <= 1 for p in answers)
    assert engine.run([]) == []


def test_a_batch_says_what_each_utterance_alone_says(smart_turn: SmartTurn) -> None:
    jobs = [until(*COMPLETE), until(*UNFINISHED), clip("fan_home")]
    assert smart_turn.run(jobs) == pytest.approx([smart_turn.run([pcm])[0] for pcm in jobs], abs=1e-4)


def test_only_the_last_8_s_count(smart_turn: SmartTurn) -> None:
    end = clip("fan_thanks")
    before = np.concatenate([clip("libri_367-130732-0001"), np.zeros(8 * 16_000 - len(end), np.float32), end])
    assert smart_turn.run([before]) == pytest.approx(smart_turn.run([before[-8 * 16_000 :]]))


@pytest.mark.parametrize(
    "bad",
    [np.zeros(0, np.float32), np.full(1600, np.nan, np.float32), np.zeros((2, 1600), np.float32)],
    ids=["nothing", "not a number", "stereo"],
)
def test_a_bad_job_does_not_disturb_its_neighbours(smart_turn: SmartTurn, bad: np.ndarray) -> None:
    first, failed, last = smart_turn.run([until(*COMPLETE), bad, until(*UNFINISHED)])
    assert isinstance(failed, EngineError)
    assert isinstance(first, float)
    assert isinstance(last, float)
    assert first > 0.9 > 0.2 > last


def test_thirty_seconds_are_no_trouble(smart_turn: SmartTurn) -> None:
    (answer,) = smart_turn.run([np.tile(clip("fan_thanks"), 8)])
    assert isinstance(answer, float)


def test_the_script_is_followed_and_its_last_line_stays() -> None:
    engine = ScriptedTurn([0.1, EngineError("no idea"), 0.9])
    some = np.zeros(160, np.float32)
    first, failed = engine.run([some, some])
    assert first == 0.1
    assert isinstance(failed, EngineError)
    assert engine.run([some, some]) == [0.9, 0.9]
    assert ScriptedTurn(0.5).run([some]) == [0.5]
