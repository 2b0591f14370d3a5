"""A real server in a process of its own: starts it on a free port, watches what it uses, stops it.

What comes next: fan.py visits it.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

HOUSE = Path(__file__).resolve().parents[1]
START_WAIT_S = 120.0  # models load from a cold disk
STOP_WAIT_S = 10.0
POLL_S = 0.1
WATCH_S = 0.5
LOG_TAIL_LINES = 15

_ADDRESS = re.compile(r"listens on (?P<url>http://\S+)")
_TOKEN = re.compile(r"#join=(?P<token>\S+)")


class ServerProcessError(Exception):
    """The server did not start, or does not answer; the message ends with its last log lines."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What has been used so far: by the server and its children, and by everything else on this machine."""

    at: float
    cpu_s: float
    peak_rss_mb: float
    other_cpu_s: float


class ServerProcess:
    """`with ServerProcess({"server.greet": "false"}) as server: ...`

    Settings are `section.key` and go over those of the environment. `url`, `ws_url` and `token` are known inside.
    """

    def __init__(self, settings: Mapping[str, str] | None = None, *, log: Path | None = None) -> None:
        self.url = ""
        self.token = ""
        folder = Path(tempfile.mkdtemp(prefix="stagedoor-"))
        self._settings = {"server.port": "0", "store.url": f"sqlite:///{folder}/stagedoor.db", **(settings or {})}
        self._log = log or folder / "server.log"
        self._peak_rss_bytes = 0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="server-watcher", daemon=True)
        self._process: subprocess.Popen[bytes]

    @property
    def ws_url(self) -> str:
        """Where fans connect."""
        return self.url.replace("http", "ws", 1) + "/ws"

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def __enter__(self) -> Self:
        """Returns when /health answers. Raises ServerProcessError."""
        names = {f"STAGEDOOR__{key.replace('.', '__').upper()}": value for key, value in self._settings.items()}
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server.launcher", "run"],
                cwd=HOUSE, env={**os.environ, **names}, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            self._wait_for_health()
        except BaseException:
            self._end()
            raise
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """SIGTERM, a bounded wait, and SIGKILL for a server that does not listen."""
        self._over.set()
        self._watcher.join()
        self._end()

    def log_text(self) -> str:
        """Everything the server wrote."""
        return self._log.read_text("utf-8", errors="replace")

    def usage(self) -> Usage:
        """CPU seconds since the server, and the machine, started, and the most memory the server was seen with."""
        server = psutil.Process(self._process.pid)
        cpu_s = sum(sum(process.cpu_times()[:2]) for process in [server, *server.children(recursive=True)])
        machine = psutil.cpu_times()
        busy_s = sum(machine) - machine.idle - getattr(machine, "iowait", 0.0) - getattr(machine, "guest", 0.0)
        other_s = busy_s - cpu_s - time.process_time()
        return Usage(time.monotonic(), cpu_s, self._peak_rss_bytes / 2**20, other_s)

    def counters(self) -> dict[str, float]:
        """The samples of /metrics: `name{label="value",...}` and value."""
        text = httpx.get(f"{self.url}/metrics", timeout=5.0).text
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items()))
                found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
        return found

    def _wait_for_health(self) -> None:
        give_up_at = time.monotonic() + START_WAIT_S
        while time.monotonic() < give_up_at:
            if self._process.poll() is not None:
                raise ServerProcessError(f"the server ended with code {self._process.returncode}:\n{self._tail()}")
            text = self.log_text()
            if (address := _ADDRESS.search(text)) and (token := _TOKEN.search(text)):
                self.url, self.token = address["url"], token["token"]
                if self._is_healthy():
                    return
            time.sleep(POLL_S)
        raise ServerProcessError(f"the server was not ready within {START_WAIT_S:.0f} s:\n{self._tail()}")

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2.0).is_success
        except httpx.HTTPError:
            return False

    def _tail(self) -> str:
        return "\n".join(self.log_text().splitlines()[-LOG_TAIL_LINES:])

    def _watch(self) -> None:
        while not self._over.wait(WATCH_S):
            try:
                server = psutil.Process(self._process.pid)
                rss = sum(p.memory_info().rss for p in [server, *server.children(recursive=True)])
            except psutil.NoSuchProcess:
                continue
            self._peak_rss_bytes = max(self._peak_rss_bytes, rss)

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_WAIT_S)
