"""Hugging Face transformers with continuous batching: any chat model, on a GPU, as many replies at once as fit.

Every step of the model serves all replies that are being made; new ones join at the next step, and prompts that begin
alike share their cache. Needs the `gpu` extra. On a CPU it runs too, slowly, which is how it is tested.
"""

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any, Final

from avatar.llm import Emit, Prompt
from protocol.device import Dtype, check_device
from protocol.errors import EngineError

_TOP_P: Final = 0.9
_TEMPERATURE: Final = 0.6  # each prompt brings its own; 1.0 here would switch temperatures off for good
_PAGE_TOKENS: Final = 256
_SETTLE_S: Final = 10.0  # for the generation thread to end
_BROKEN: Final = "�"  # a character whose bytes are not all there yet


class TransformersEngine:
    """A chat model in Hugging Face's format, by folder or hub id."""

    goes_on = True

    def __init__(
        self,
        model: str,
        *,
        device: str = "cuda",
        dtype: Dtype = "auto",
        slots: int = 16,
        context_tokens: int = 2048,
        cuda_graphs: bool = True,
        max_batch_tokens: int = 0,
    ) -> None:
        """`context_tokens` is for each of the `slots` replies that are made at once; `max_batch_tokens` of prompts and
        replies together in one step, 0: as many as the memory takes.

        Raises EngineError when the extra is not installed, the device is not there or the model cannot be read.
        """
        torch, transformers = _libraries()
        check_device(torch, device)
        self.slots = slots
        try:
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(model)
            loaded = transformers.AutoModelForCausalLM.from_pretrained(model, dtype=dtype).to(device)
        except (OSError, ValueError, RuntimeError) as error:
            raise EngineError(f"not a readable language model: {model}: {error}") from error
        if not self._tokenizer.chat_template:
            raise EngineError(f"{model} has no chat template; take a model that was made for conversations")
        self._manager = loaded.init_continuous_batching(
            generation_config=transformers.GenerationConfig(
                do_sample=True, top_p=_TOP_P, temperature=_TEMPERATURE, eos_token_id=self._tokenizer.eos_token_id
            ),
            continuous_batching_config=transformers.ContinuousBatchingConfig(
                page_size=_PAGE_TOKENS,
                num_blocks=slots * -(-context_tokens // _PAGE_TOKENS),
                max_requests_per_batch=slots,
                max_batch_tokens=max_batch_tokens or None,
                use_cuda_graph=cuda_graphs and device.startswith("cuda"),
                per_request_processors=True,
            ),
        )
        self._numbers = 0
        self._lock = threading.Lock()
        self._outputs: dict[str, SimpleQueue[Any]] = {}  # one for each reply that is being made
        self._manager.start()
        self._router = threading.Thread(target=self._route, name="llm-outputs", daemon=True)
        self._router.start()

    def stream(self, prompt: Prompt, emit: Emit) -> None:
        """See LlmEngine. Seeds are not kept apart: replies that are made together share their dice."""
        said = ""
        for tokens in self._generate(prompt, prompt.max_tokens):
            text: str = self._tokenizer.decode(tokens, skip_special_tokens=True)
            if text.endswith(_BROKEN) or len(text) <= len(said):
                continue
            if not emit(text[len(said) :]):
                return
            said = text

    def prefill(self, prompt: Prompt) -> None:
        """See LlmEngine. One token is made and thrown away; the prompt's blocks stay for those that begin alike."""
        for _ in self._generate(prompt, 1):
            pass

    def close(self) -> None:
        """Ends the generation thread; replies that are being made fail."""
        self._manager.stop(block=True, timeout=_SETTLE_S, hard_stop=True)
        self._router.join(_SETTLE_S)
        for outputs in list(self._outputs.values()):
            outputs.put(None)

    def _generate(self, prompt: Prompt, max_tokens: int) -> Iterator[list[int]]:
        """The reply's tokens so far, again and again. Leaving the loop cancels the reply."""
        messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
        ids = [
            *self._tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False),
            *self._tokenizer.encode(prompt.begun, add_special_tokens=False),
        ]
        with self._lock:
            self._numbers += 1
            name = f"reply-{self._numbers}"
            outputs = self._outputs[name] = SimpleQueue()
        finished = False
        try:
            accepted = self._manager.add_request(
                ids, name, max_tokens, streaming=True,
                eos_token_id=self._tokenizer.eos_token_id, temperature=max(prompt.temperature, 0.01),
            )  # fmt: skip
            if accepted is None:
                raise EngineError("the language model takes no work: it was closed, or its thread broke")
            while not finished:
                output = outputs.get()
                if output is None or output.error:
                    raise EngineError(f"the language model failed: {output.error if output else 'it was closed'}")
                finished = output.is_finished()
                yield list(output.generated_tokens)
        finally:
            with self._lock:
                del self._outputs[name]
            if not finished:
                self._manager.cancel_request(name)

    def _route(self) -> None:
        """Hands every output to the thread that waits for it."""
        for output in self._manager:
            with self._lock:
                waiting = self._outputs.get(output.request_id)
            if waiting:
                waiting.put(output)


def _libraries() -> tuple[Any, Any]:
    try:
        import torch  # noqa: PLC0415  (an extra, and seconds to import)
        import transformers  # noqa: PLC0415
    except ImportError as error:
        raise EngineError(
            f"the transformers engine needs the gpu extra: pip install 'stagedoor[gpu]' ({error})"
        ) from error
    return torch, transformers
