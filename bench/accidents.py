"""`kill -9` of every engine of a real server, while fans ask: how long until others work, and who lost what.

Then all processes die at once, spares too: how long the engines take to be loaded again. What comes next: lanes.py.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import psutil

from bench.fan import Fan, FanError
from bench.load import TYPED
from bench.server_process import ServerProcess

MAX_RECOVERY_S = 60.0
POLL_S = 0.005
PATIENCE_S = 30.0


@dataclass(slots=True)
class Accidents:
    """What the kills did. `spare_s`: until a loaded spare stood ready again, each time."""

    recovered_s: list[float] = field(default_factory=list)
    spare_s: list[float] = field(default_factory=list)
    all_killed_s: float | None = None
    sessions: int = 0
    lost: int = 0
    asked: int = 0
    unanswered: int = 0
    engines_mb: float = 0.0  # held by those that work, and by their spares: what both map is shared out (PSS)
    spares_mb: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Flat, for lanes.json."""
        return {
            "recovery_p50_s": _percentile(self.recovered_s, 50),
            "recovery_p95_s": _percentile(self.recovered_s, 95),
            "recovery_all_killed_s": round(self.all_killed_s, 2) if self.all_killed_s else None,
            "spare_ready_p95_s": _percentile(self.spare_s, 95),
            "kills": len(self.recovered_s),
            "sessions": self.sessions,
            "sessions_lost": self.lost,
            "asked_while_killed": self.asked,
            "unanswered_while_killed": self.unanswered,
            "engines_memory_mb": round(self.engines_mb),
            "spares_memory_mb": round(self.spares_mb),
        }


def _percentile(values: Sequence[float], q: float) -> float | None:
    return round(float(np.percentile(values, q)), 3) if values else None


async def measure_recovery(server: ServerProcess, fans: int, rounds: int) -> Accidents:
    """Kills the process of every group, `rounds` times; at each kill one of the fans asks something. A session is lost
    when its connection ended, or nothing is answered in it at the end.
    """
    found = Accidents(sessions=fans)
    visits = [Fan(server.ws_url, server.token, seed=n) for n in range(fans)]
    entered = [await visit.__aenter__() for visit in visits]
    try:
        await _until_spared(server)
        by_age = sorted(engine_processes(server), key=lambda process: process.create_time())
        groups = len(by_age) // 2
        found.engines_mb, found.spares_mb = _memory_mb(by_age[:groups]), _memory_mb(by_age[groups:])
        for n in range(rounds * groups):
            oldest = min(engine_processes(server), key=lambda process: process.create_time())
            asking = asyncio.create_task(_is_answered(entered[n % fans], TYPED[n % len(TYPED)]), name="asking")
            found.recovered_s.append(await _kill(server, [oldest]))
            found.asked += 1
            found.unanswered += not await asking
            found.spare_s.append(await _until_spared(server))
            print(f"  went on after {found.recovered_s[-1]:.3f} s", flush=True)
        found.all_killed_s = await _kill_all(server, groups)
        print(f"  all killed: went on after {found.all_killed_s:.2f} s", flush=True)
        answered = await asyncio.gather(*(_is_answered(fan, TYPED[0]) for fan in entered))
        found.lost = answered.count(False)
    finally:
        for visit in visits:
            await visit.__aexit__(None, None, None)
    return found


def engine_processes(server: ServerProcess) -> list[psutil.Process]:
    """The children that run engines. Those that work were begun before their spares."""
    return [child for child in psutil.Process(server.pid).children() if _runs_engines(child)]


def _runs_engines(child: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(child.cmdline())
    except psutil.NoSuchProcess:  # it ended just now
        return False


def _memory_mb(processes: Sequence[psutil.Process]) -> float:
    return sum(float(process.memory_full_info().pss) for process in processes) / 2**20


async def _kill(server: ServerProcess, engines: Sequence[psutil.Process]) -> float:
    """Seconds from the kill until a loss was noticed and every lane takes work again, as /health says."""
    async with httpx.AsyncClient(timeout=5) as client:
        losses = _losses(await _lanes(client, server))
        killed_at = time.monotonic()
        for engine in engines:
            engine.kill()
        while (waited_s := time.monotonic() - killed_at) < MAX_RECOVERY_S:
            lanes = await _lanes(client, server)
            if _losses(lanes) > losses and all(lane["ready"] for lane in lanes.values()):
                return waited_s
            await asyncio.sleep(POLL_S)
    return MAX_RECOVERY_S


async def _kill_all(server: ServerProcess, groups: int) -> float:
    """Seconds from the end of every process, spares too, until each group has loaded a new one."""
    killed_at = time.monotonic()
    dead = {process.pid for process in engine_processes(server)}
    for process in engine_processes(server):
        process.kill()
    async with httpx.AsyncClient(timeout=5) as client:
        while (waited_s := time.monotonic() - killed_at) < MAX_RECOVERY_S:
            born = [process for process in engine_processes(server) if process.pid not in dead]
            lanes = await _lanes(client, server)
            if len(born) >= groups and all(lane["ready"] for lane in lanes.values()):
                return waited_s
            await asyncio.sleep(POLL_S)
    return MAX_RECOVERY_S


async def _until_spared(server: ServerProcess) -> float:
    """Waits for every group to have a spare again; returns how long that took."""
    began_at = time.monotonic()
    async with httpx.AsyncClient(timeout=5) as client:
        while (waited_s := time.monotonic() - began_at) < MAX_RECOVERY_S:
            lanes = await _lanes(client, server)
            if all(lane["spare_ready"] for name, lane in lanes.items() if name != "vad"):
                return waited_s
            await asyncio.sleep(0.05)
    return MAX_RECOVERY_S


async def _lanes(client: httpx.AsyncClient, server: ServerProcess) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (await client.get(f"{server.url}/health")).json()["lanes"]
    return found


def _losses(lanes: Mapping[str, Any]) -> int:
    return sum(lane["losses"] for lane in lanes.values())


async def _is_answered(fan: Fan, text: str) -> bool:
    try:
        return await fan.ask(text, patience_s=PATIENCE_S) is not None
    except FanError:
        return False
