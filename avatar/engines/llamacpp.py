"""llama.cpp inside this process, through xllamacpp: GGUF models on the CPU, with one warm cache for each conversation.

The library brings an HTTP listener with it that cannot be switched off. It is bound to the loopback address behind
a random key that nobody is told, and its web page is off.
"""

import secrets
from pathlib import Path
from typing import Any, Final

import xllamacpp

from avatar.engines.slots import SlotTable
from avatar.llm import Emit, Prompt
from protocol.errors import EngineError

# Small models fall into saying one sentence for ever. DRY sampling (llama.cpp pull request 9702) makes it less likely
# the longer the repeated run is; a penalty on single words would also punish the facts in the prompt.
_NO_LOOPS: Final = {"dry_multiplier": 0.8, "dry_allowed_length": 4, "dry_penalty_last_n": 48}
_SILENT: Final = -1  # below llama.cpp's lowest log level: its errors come to us as results


class LlamaCppEngine:
    """A GGUF model. `context_tokens` is for each of the `slots` conversations; `threads` are shared by all."""

    goes_on = True

    def __init__(self, path: Path, *, threads: int = 1, slots: int = 1, context_tokens: int = 2048) -> None:
        """Loads the model and makes one token, so that the first fan does not wait for it. Raises EngineError."""
        self.slots = slots
        self._path = path
        self._table = SlotTable(slots)
        self._server: xllamacpp.Server | None = load_gguf(
            path, threads=threads, slots=slots, context_tokens=context_tokens
        )
        # Also a guard: freeing a server that never ran a request can hang (xllamacpp 2026.10, seen 1 time in 20).
        self._run({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}, lambda piece: False)

    def stream(self, prompt: Prompt, emit: Emit) -> None:
        """Generates the assistant's next message. Raises EngineError, and whatever `emit` raises."""
        with self._table.lease(prompt.cache_key) as slot:
            self._run(_request(prompt, slot, prompt.max_tokens), emit)

    def prefill(self, prompt: Prompt) -> None:
        """Reads the prompt into the conversation's slot. Raises EngineError."""
        with self._table.lease(prompt.cache_key) as slot:
            # llama.cpp makes one token even when asked for none; it is thrown away.
            self._run(_request(prompt, slot, max_tokens=0), lambda piece: False)

    def close(self) -> None:
        """Lets the model go: it is freed at once, or when the generations that are running have ended."""
        self._server = None

    @property
    def listener(self) -> str | None:
        """Where the library's own HTTP listener is; None when closed."""
        return self._server and str(self._server.listening_address)

    def _run(self, request: dict[str, Any], emit: Emit) -> None:
        """Blocks until the message is made or `emit` returned False."""
        server = self._server
        if server is None:
            raise EngineError(f"the language model {self._path} was closed")
        receiver = _Receiver(emit)
        try:
            server.handle_chat_completions({**request, "stream": True, "cache_prompt": True}, receiver)
        except (RuntimeError, ValueError, TypeError) as error:
            raise EngineError(f"llama.cpp: {error}") from error
        receiver.raise_errors()


class _Receiver:
    """llama.cpp's callback: passes text on, and keeps what went wrong until the call is back in Python.

    Called for each event of the stream; True stops the generation. An exception raised here would be lost.
    """

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._error: BaseException | None = None

    def __call__(self, event: dict[str, Any]) -> bool:
        try:
            if "error" in event:
                raise EngineError(f"llama.cpp: {event['error'].get('message', event['error'])}")
            text: str = (event["choices"][0]["delta"].get("content") or "") if event.get("choices") else ""
            return text != "" and not self._emit(text)
        except BaseException as error:
            self._error = error
            return True

    def raise_errors(self) -> None:
        if self._error is not None:
            raise self._error


def _request(prompt: Prompt, slot: int, max_tokens: int) -> dict[str, Any]:
    messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
    if prompt.begun:  # llama.cpp leaves a last message of the assistant open, and goes on from there
        messages.append({"role": "assistant", "content": prompt.begun})
    return {
        "messages": messages,
        "max_tokens": max_tokens,
        "temperature": prompt.temperature,
        "seed": prompt.seed,
        **_NO_LOOPS,
        "id_slot": slot,
    }


def load_gguf(path: Path, *, threads: int, slots: int, context_tokens: int) -> xllamacpp.Server:
    """A model with so many slots of so many tokens; its listener answers nobody. Raises EngineError."""
    if not path.is_file():
        raise EngineError(f"no language model at {path}")
    try:
        return xllamacpp.Server(_params(path, threads, slots, context_tokens))
    except RuntimeError as error:
        raise EngineError(f"llama.cpp cannot load {path}: is the file whole, and a GGUF model?") from error


def _params(path: Path, threads: int, slots: int, context_tokens: int) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = context_tokens * slots  # llama.cpp shares it out evenly
    params.n_parallel = slots
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.fit_params = False  # the sizes are what was asked for, or an error
    params.cache_ram_mib = 0  # no second copy of prefixes beside the slots
    params.n_threads_http = 1
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [secrets.token_hex(32)]
    params.cors_origins = ""
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = _SILENT
    return params
