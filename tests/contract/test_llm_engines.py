"""One contract, every language model: real ones, one behind HTTP, and the scripted fake."""

import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import platformdirs
import psutil
import pytest

from avatar.engines.llamacpp import LlamaCppEngine
from avatar.engines.openai_http import OpenAiHttpEngine
from avatar.engines.scripted import ScriptedLlm
from avatar.engines.slots import SlotTable
from avatar.llm import LlmEngine, Prompt, PromptMessage
from protocol.errors import EngineError
from tests.chat_server import API_KEY, ChatServer

SYSTEM = PromptMessage(
    "system",
    "You are Nova Reyes, a singer. Your cat is called Miso. Your dog is called Bruno. "
    "You grew up in Valencia. Answer in one short sentence.",
)
CAT = "What is your cat called?"
DOG = "What is your dog called?"
ANSWERS = {CAT: "My cat is called Miso, of course.", DOG: "My dog is called Bruno, of course."}


def model(name: str) -> Path:
    home = Path(os.environ.get("STAGEDOOR_HOME") or platformdirs.user_cache_path("stagedoor"))
    path = home / "models" / name / "model.gguf"
    assert path.is_file(), f"{path} is missing: run `stagedoor models pull --for tests`, or set STAGEDOOR_HOME"
    return path


def prompt(fan: str, *, key: str = "", max_tokens: int = 24) -> Prompt:
    return Prompt((SYSTEM, PromptMessage("user", fan)), cache_key=key, max_tokens=max_tokens, temperature=0.0, seed=7)


def text_of(engine: LlmEngine, asked: Prompt) -> str:
    pieces: list[str] = []

    def emit(piece: str) -> bool:
        pieces.append(piece)
        return True

    engine.stream(asked, emit)
    return "".join(pieces)


@pytest.fixture(scope="module")
def chat_server() -> Iterator[ChatServer]:
    with ChatServer(ANSWERS) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


# --- the contract -------------------------------------------------------------------------------------------

MAKERS: dict[str, Callable[[ChatServer], LlmEngine]] = {
    "llamacpp-smollm2-135m": lambda _: LlamaCppEngine(model("smollm2-135m"), slots=2, context_tokens=512),
    "llamacpp-qwen-0.5b": lambda _: LlamaCppEngine(model("qwen-0.5b"), slots=2, context_tokens=512),
    "openai-http": lambda server: OpenAiHttpEngine(server.base_url, "good", api_key=API_KEY, slots=2),
    "scripted": lambda _: ScriptedLlm(ANSWERS, slots=2),
}


@pytest.fixture(scope="module", params=MAKERS)
def engine(request: pytest.FixtureRequest, chat_server: ChatServer) -> Iterator[LlmEngine]:
    made = MAKERS[request.param](chat_server)
    yield made
    made.close()


def test_streams_text(engine: LlmEngine) -> None:
    pieces: list[str] = []

    def emit(piece: str) -> bool:
        pieces.append(piece)
        return True

    engine.stream(prompt(CAT), emit)
    assert len(pieces) >= 2
    assert all(pieces)
    assert "Miso" in "".join(pieces)


def test_makes_no_more_than_it_was_asked(engine: LlmEngine) -> None:
    if not isinstance(engine, OpenAiHttpEngine):  # there the server counts
        assert len(text_of(engine, prompt(DOG, max_tokens=2)).split()) <= 2


def test_stops_when_told(engine: LlmEngine) -> None:
    pieces: list[str] = []

    def emit(piece: str) -> bool:
        pieces.append(piece)
        return len(pieces) < 2

    engine.stream(prompt(DOG, max_tokens=300), emit)
    assert len(pieces) == 2


def test_says_the_same_twice(engine: LlmEngine) -> None:
    assert text_of(engine, prompt(DOG, key="twice")) == text_of(engine, prompt(DOG, key="twice"))


def test_prefill_changes_no_word(engine: LlmEngine) -> None:
    cold = text_of(engine, prompt(CAT, key="cold"))
    engine.prefill(Prompt((SYSTEM,), cache_key="warm"))
    assert text_of(engine, prompt(CAT, key="warm")) == cold


def test_two_conversations_do_not_mix(engine: LlmEngine) -> None:
    with ThreadPoolExecutor(2) as threads:
        for _ in range(3):
            cat = threads.submit(text_of, engine, prompt(CAT, key="a"))
            dog = threads.submit(text_of, engine, prompt(DOG, key="b"))
            assert "Miso" in cat.result()
            assert "Bruno" not in cat.result()
            assert "Bruno" in dog.result()
            assert "Miso" not in dog.result()


def test_more_conversations_than_slots(engine: LlmEngine) -> None:
    assert engine.slots == 2
    with ThreadPoolExecutor(5) as threads:
        texts = [threads.submit(text_of, engine, prompt(CAT, key=f"fan {i}")) for i in range(5)]
        assert all("Miso" in text.result() for text in texts)


def test_an_exception_in_emit_comes_out_and_breaks_nothing(engine: LlmEngine) -> None:
    class FanLeftError(Exception):
        pass

    def emit(piece: str) -> bool:
        raise FanLeftError(piece)

    with pytest.raises(FanLeftError):
        engine.stream(prompt(CAT), emit)
    assert "Miso" in text_of(engine, prompt(CAT))


@pytest.mark.parametrize("maker", MAKERS)
def test_closed_is_closed_and_leaves_no_thread(maker: str, chat_server: ChatServer) -> None:
    def live_and_die() -> int:
        engine = MAKERS[maker](chat_server)
        engine.close()
        engine.close()
        with pytest.raises(EngineError, match="closed"):
            engine.stream(prompt(CAT), lambda piece: True)
        return psutil.Process().num_threads()

    first = live_and_die()  # a library may keep one thread for the life of the process
    if maker != "openai-http":  # here the server in the test has threads of its own
        assert live_and_die() <= first
        assert live_and_die() <= first


# --- llama.cpp ----------------------------------------------------------------------------------------------


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=str(tmp_path / "none.gguf")):
        LlamaCppEngine(tmp_path / "none.gguf")


@pytest.mark.parametrize("kept_bytes", [0, 1000, 5_000_000])
def test_a_model_that_is_torn(tmp_path: Path, kept_bytes: int, capfd: pytest.CaptureFixture[str]) -> None:
    torn = tmp_path / "torn.gguf"
    with model("smollm2-135m").open("rb") as whole:
        torn.write_bytes(whole.read(kept_bytes))
    with pytest.raises(EngineError, match=f"cannot load {torn}"):
        LlamaCppEngine(torn)
    assert capfd.readouterr() == ("", "")


def test_llamacpp_is_quiet_and_keeps_to_itself(capfd: pytest.CaptureFixture[str]) -> None:
    engine = LlamaCppEngine(model("smollm2-135m"), context_tokens=256)
    try:
        text_of(engine, prompt(CAT))
        assert engine.listener is not None
        assert engine.listener.startswith("http://127.0.0.1:")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{engine.listener}/v1/models")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{engine.listener}/")
        assert capfd.readouterr() == ("", "")
    finally:
        engine.close()


def test_a_prompt_beyond_the_context_is_an_error_and_the_next_is_not() -> None:
    engine = LlamaCppEngine(model("smollm2-135m"), context_tokens=256)
    try:
        with pytest.raises(EngineError, match="exceeds the available context size"):
            text_of(engine, prompt("word " * 2000))
        assert "Miso" in text_of(engine, prompt(CAT))
    finally:
        engine.close()


# --- the slots of llama.cpp -----------------------------------------------------------------------------------


def test_a_conversation_keeps_its_slot() -> None:
    table = SlotTable(2)
    with table.lease("a") as a, table.lease("b") as b:
        assert {a, b} == {0, 1}
    for _ in range(3):
        with table.lease("a") as again:
            assert again == a
    with table.lease("c") as c:
        assert c == b  # idle for longest
    with table.lease("a") as again:
        assert again == a


def test_a_slot_in_use_is_never_taken() -> None:
    table = SlotTable(2)
    entered = threading.Event()

    def second_turn() -> int:
        with table.lease("a") as slot:
            entered.set()
            return slot

    with ThreadPoolExecutor(1) as thread:
        with table.lease("a") as a:
            same_conversation = thread.submit(second_turn)  # waits for its own slot, though the other is idle
            for key in ("b", "c", "d", ""):
                with table.lease(key) as slot:
                    assert slot != a
            assert not entered.is_set()
        assert same_conversation.result() == a


def test_a_slot_comes_back_after_an_error() -> None:
    table = SlotTable(1)
    for key in ("a", "b"):
        with pytest.raises(EngineError), table.lease(key):
            raise EngineError("failed")


# --- HTTP ---------------------------------------------------------------------------------------------------


def test_the_server_is_asked_as_openai_says(chat_server: ChatServer) -> None:
    engine = OpenAiHttpEngine(chat_server.base_url + "/", "good", api_key=API_KEY)
    assert text_of(engine, prompt(CAT, max_tokens=9)) == ANSWERS[CAT]
    engine.close()
    assert chat_server.requests[-1] == {
        "path": "/v1/chat/completions",
        "authorization": f"Bearer {API_KEY}",
        "model": "good",
        "messages": [{"role": "system", "content": SYSTEM.content}, {"role": "user", "content": CAT}],
        "max_tokens": 9,
        "temperature": 0.0,
        "seed": 7,
        "stream": True,
    }


def test_stopping_hangs_up(chat_server: ChatServer) -> None:
    engine = OpenAiHttpEngine(chat_server.base_url, "endless")
    engine.stream(prompt(CAT), lambda piece: False)
    assert chat_server.gone.wait(timeout=30)
    engine.close()


@pytest.mark.parametrize(
    ("model_name", "told"),
    [
        ("failing", "answered 500$"),
        ("failing_late", "failed in the middle of an answer$"),
        ("malformed", "sent what is not a completion event$"),
        ("odd", "sent what is not a completion event$"),
        ("broken_off", "broke off in the middle"),
        ("silent", "failed: ReadTimeout"),
    ],
)
def test_a_server_that_fails(
    chat_server: ChatServer, model_name: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    engine = OpenAiHttpEngine(chat_server.base_url, model_name, api_key=API_KEY, timeout_s=0.3)
    with pytest.raises(EngineError, match=told) as caught:
        text_of(engine, prompt(CAT))
    engine.close()
    assert API_KEY not in str(caught.value)
    assert API_KEY not in caplog.text
    assert caught.value.__cause__ is None


def test_no_server_at_all() -> None:
    engine = OpenAiHttpEngine("http://127.0.0.1:1/v1", "good")
    with pytest.raises(EngineError, match="failed: ConnectError"):
        text_of(engine, prompt(CAT))
    engine.close()


# --- the script ---------------------------------------------------------------------------------------------


def test_the_script_remembers_and_refuses() -> None:
    scripted = ScriptedLlm({CAT: "Miso."}, default=None, delays_s=(0.3, 0.05))
    assert text_of(scripted, prompt(CAT)) == "Miso."
    scripted.prefill(Prompt((SYSTEM,)))
    assert [asked.messages[-1].content for asked in scripted.streamed] == [CAT]
    assert [asked.messages[-1].content for asked in scripted.prefilled] == [SYSTEM.content]
    assert [scripted.delay_s(piece) for piece in range(3)] == [0.3, 0.05, 0.05]
    with pytest.raises(EngineError, match="no answer to 'Who\\?'"):
        text_of(scripted, prompt("Who?"))


def test_a_script_may_be_a_function() -> None:
    shouting = ScriptedLlm(lambda asked: asked.messages[-1].content.upper())
    assert text_of(shouting, prompt("hello there")) == "HELLO THERE"
