"""A small server that speaks OpenAI's /chat/completions, well or badly, for the tests of HTTP language models."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

API_KEY = "sk-test-0123456789"


class ChatServer(ThreadingHTTPServer):
    """Answers the last message by table, word by word; the model's name chooses how badly.

    `gone` is set when a client hung up early.
    """

    daemon_threads = True

    def __init__(self, answers: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), ChatHandler)
        self.answers = answers
        self.requests: list[dict[str, Any]] = []
        self.gone = threading.Event()
        self.closing = threading.Event()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class ChatHandler(BaseHTTPRequestHandler):
    server: ChatServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({**asked, "path": self.path, "authorization": self.headers.get("Authorization")})
        words = self.server.answers.get(asked["messages"][-1]["content"], "I see.").split()
        getattr(self, f"_{asked['model']}")([word if i == 0 else f" {word}" for i, word in enumerate(words)])

    def _good(self, pieces: list[str]) -> None:
        self._begin()
        self._send(": a comment, to keep the line open\n\n")
        self._event({"choices": [{"delta": {"role": "assistant", "content": None}}]})
        for piece in pieces:
            self._event({"choices": [{"delta": {"content": piece}, "finish_reason": None}]})
        self._event({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        self._event({"choices": [], "usage": {"total_tokens": 9}})
        self._send("data: [DONE]\n\n")

    def _endless(self, pieces: list[str]) -> None:
        self._begin()
        try:
            while not self.server.closing.is_set():
                self._event({"choices": [{"delta": {"content": "la "}}]})
        except OSError:
            self.server.gone.set()

    def _broken_off(self, pieces: list[str]) -> None:
        self._begin()
        self._event({"choices": [{"delta": {"content": pieces[0]}}]})

    def _malformed(self, pieces: list[str]) -> None:
        self._begin()
        self._send("data: {not json\n\n")

    def _odd(self, pieces: list[str]) -> None:
        self._begin()
        self._send('data: ["a", "list"]\n\n')

    def _failing_late(self, pieces: list[str]) -> None:
        self._begin()
        self._event({"error": {"message": f"out of memory for {API_KEY}"}})

    def _failing(self, pieces: list[str]) -> None:
        body = f"the key {API_KEY} is tired".encode()
        self.send_response(500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _silent(self, pieces: list[str]) -> None:
        self.server.closing.wait()

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()

    def _event(self, event: dict[str, Any]) -> None:
        self._send(f"data: {json.dumps(event)}\n\n")

    def _send(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def log_message(self, *args: object) -> None:
        pass
