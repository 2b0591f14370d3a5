"""The transformers engine with a small model of random weights, but real loaders and a real tokenizer, on the CPU."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from avatar.engines.transformers_llm import TransformersEngine
from avatar.llm import Prompt, PromptMessage
from protocol.device import check_device
from protocol.errors import EngineError

pytestmark = pytest.mark.filterwarnings("default")  # these libraries warn about themselves
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>{% endfor %}assistant:"


def make_model(folder: Path, template: str | None = TEMPLATE) -> str:
    """A two-layer Qwen2 with 300 words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<|end|>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(["hello dear fan how are you today"] * 9, trainer)
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>")
    fast.chat_template = template
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.Qwen2Config(vocab_size=300, num_key_value_heads=1, eos_token_id=0, **shape)
    transformers.Qwen2ForCausalLM(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransformersEngine]:
    folder = make_model(tmp_path_factory.mktemp("model"))
    running = TransformersEngine(folder, device="cpu", dtype="float32", slots=4, context_tokens=512)
    yield running
    running.close()


def prompt(text: str, max_tokens: int = 12) -> Prompt:
    return Prompt((PromptMessage("system", "You are Nova."), PromptMessage("user", text)), "fan", max_tokens)


def say(engine: TransformersEngine, text: str, max_tokens: int = 12) -> list[str]:
    pieces: list[str] = []
    engine.stream(prompt(text, max_tokens), lambda piece: not pieces.append(piece))  # type: ignore[func-returns-value]
    return pieces


def test_text_comes_piece_by_piece(engine: TransformersEngine) -> None:
    assert len(say(engine, "hello")) > 1


def test_a_reply_goes_on_from_what_was_begun(engine: TransformersEngine) -> None:
    pieces: list[str] = []
    begun = Prompt((PromptMessage("user", "hello"),), "fan", 5, begun="Well, you know,")
    engine.stream(begun, lambda piece: not pieces.append(piece))  # type: ignore[func-returns-value]
    assert pieces
    assert "Well" not in "".join(pieces)


def test_replies_are_made_together(engine: TransformersEngine) -> None:
    said: dict[int, list[str]] = {}
    threads = [threading.Thread(target=lambda n=n: said.update({n: say(engine, f"hello {n}")})) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(said) == list(range(6))
    assert all(said.values())


def test_a_reply_nobody_listens_to_stops(engine: TransformersEngine) -> None:
    pieces: list[str] = []

    def listen(piece: str) -> bool:
        pieces.append(piece)
        return len(pieces) < 3

    engine.stream(prompt("hello", 400), listen)
    assert len(pieces) == 3
    assert say(engine, "hello again")


def test_prefill_makes_no_text(engine: TransformersEngine) -> None:
    engine.prefill(prompt("hello"))


def test_a_gpu_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="sees no GPU: check `nvidia-smi`"):
        check_device(torch, "cuda")


def test_a_model_that_cannot_be_read_is_an_engine_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="not a readable language model"):
        TransformersEngine(str(tmp_path / "nothing"), device="cpu")


def test_a_model_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="has no chat template"):
        TransformersEngine(make_model(tmp_path, template=None), device="cpu")


def test_a_closed_engine_says_so(tmp_path: Path) -> None:
    engine = TransformersEngine(make_model(tmp_path), device="cpu", dtype="float32", slots=2, context_tokens=512)
    say(engine, "hello")
    engine.close()
    with pytest.raises(EngineError):
        say(engine, "hello")
