"""Any server that speaks OpenAI's /chat/completions with streaming: vLLM, llama-server, Ollama, a hosted model.

The API key is sent in a header and written nowhere else: errors are cleaned of it before they are raised.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import httpx

from avatar.llm import Emit, Prompt
from protocol.errors import EngineError

_DONE: Final = "[DONE]"


class OpenAiHttpEngine:
    """A remote model. `base_url` ends where /chat/completions begins, as in "http://127.0.0.1:8000/v1".

    `timeout_s` bounds the connection and each silence of the stream, not the whole answer.
    """

    goes_on = False  # the API has no way to say it; servers differ

    def __init__(
        self, base_url: str, model: str, *, api_key: str = "", slots: int = 8, timeout_s: float = 10.0
    ) -> None:
        self.slots = slots
        self._model = model
        self._api_key = api_key
        self._url = base_url.rstrip("/") + "/chat/completions"
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        limits = httpx.Limits(max_connections=slots, max_keepalive_connections=slots)
        self._client = httpx.Client(headers=headers, timeout=timeout_s, limits=limits)

    def stream(self, prompt: Prompt, emit: Emit) -> None:
        """Generates the assistant's next message; stopping closes the connection, which stops the server.

        Raises EngineError, and whatever `emit` raises.
        """
        try:
            with self._client.stream("POST", self._url, json=self._request(prompt)) as response:
                if response.is_error:
                    raise self._error(f"answered {response.status_code}")
                for text in self._pieces(response):
                    if not emit(text):
                        return
        except httpx.HTTPError as error:
            raise self._error(f"failed: {type(error).__name__}: {error}") from None  # its request holds the key
        except RuntimeError as error:
            if self._client.is_closed:
                raise self._error("was closed") from None
            raise error

    def prefill(self, prompt: Prompt) -> None:
        """Does nothing: what a server keeps of a prompt is its own affair, and asking would cost a reply."""

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in prompt.messages],
            "max_tokens": prompt.max_tokens,
            "temperature": prompt.temperature,
            "seed": prompt.seed,
            "stream": True,
        }

    def _pieces(self, response: httpx.Response) -> Iterator[str]:
        """The text of each server-sent event, until the stream says that it is whole."""
        whole = False
        for line in response.iter_lines():
            if not line.startswith("data:"):
                continue  # comments that keep the connection alive, event names, blank lines
            data = line.removeprefix("data:").strip()
            if data == _DONE:
                return
            choice = self._choice(data)
            whole = whole or bool(choice.get("finish_reason"))
            if text := (choice.get("delta") or {}).get("content"):
                yield text
        if not whole:
            raise self._error("broke off in the middle of an answer")

    def _choice(self, data: str) -> dict[str, Any]:
        try:
            event = json.loads(data)
            if "error" in event:
                raise self._error("failed in the middle of an answer")
            return dict(event["choices"][0]) if event.get("choices") else {}
        except (ValueError, TypeError, LookupError, AttributeError):
            raise self._error("sent what is not a completion event") from None

    def _error(self, what: str) -> EngineError:
        text = f"the language model at {self._url} {what}"
        return EngineError(text.replace(self._api_key, "***") if self._api_key else text)
