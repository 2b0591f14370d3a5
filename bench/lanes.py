"""`make bench-lanes`: what batching gains, how many fans this machine serves, and what happens when engines die.

Into out/bench/lanes.json and lanes.png. About 14 minutes: batches 2, the curve 4, accidents 2, the long run 5. `--part`
measures one of them and keeps what lanes.json says of the others; `--quick` is for trying out. Needs a quiet machine:
`other_cpu_cores` says whether it was one.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.accidents import measure_recovery
from bench.batches import SIZES, measure_batches, measure_overhead
from bench.clips import ClipError, load_clips, whole_turns
from bench.fan import FanError
from bench.lanes_figure import draw_lanes
from bench.load import LEVELS, TRIES, TURNS_EACH, measure_levels, measure_soak, summarise_levels
from bench.server_process import HOUSE, ServerProcess, ServerProcessError
from protocol.errors import StagedoorError
from server.config import load_config
from server.model_store.store import ModelError, open_store

BESIDE = {"server.greet": "false", "server.max_sessions": "32", "access.tokens": "off"}
PROCESSES = {**BESIDE, "workers.mode": "processes"}


def main(argv: Sequence[str]) -> int:
    """Measures, writes and draws; a part that cannot be measured is left out, and the exit code is 1."""
    options = _parser().parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / "lanes.json"
    figures: dict[str, Any] = json.loads(path.read_text("utf-8")) if options.part and path.is_file() else {}
    began_at, failed = time.monotonic(), False
    for name in options.part or PARTS:
        print(name, flush=True)
        try:
            figures |= PARTS[name](options)
        except (ClipError, ServerProcessError, FanError, ModelError, StagedoorError) as error:
            print(f"lanes: {name}: {error}", file=sys.stderr)
            failed = True
        figures["seconds"] = round(time.monotonic() - began_at)
        path.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    draw_lanes(figures, options.out / "lanes.png")
    shown = {name: value for name, value in figures.items() if not isinstance(value, list)}
    width = max(map(len, shown))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in shown.items()))
    return int(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.lanes", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this; may be given again")
    parser.add_argument("--quick", action="store_true", help="about three minutes; the figures are rough")
    parser.add_argument("--soak-s", type=float, default=300.0, help="how long the memory is watched")
    return parser


def _batches(options: argparse.Namespace) -> dict[str, Any]:
    rounds = 2 if options.quick else 5
    figures = measure_batches(load_config(None, os.environ), open_store(), options.clips, rounds=rounds)
    return {**figures, "batch_sizes": "/".join(map(str, SIZES))}


def _overhead(_: argparse.Namespace) -> dict[str, Any]:
    return asyncio.run(measure_overhead(load_config(None, os.environ)))


def _capacity(options: argparse.Namespace) -> dict[str, Any]:
    """What the server thinks it can serve, by its calibration at the start; three starts."""
    found = []
    for _ in range(1 if options.quick else 3):
        with ServerProcess({**BESIDE, "server.max_sessions": "0"}, log=options.out / "lanes_calibrated.log") as server:
            found.append(int(httpx.get(f"{server.url}/health", timeout=10).json()["capacity"]))
    return {"capacity_calibrated_fans": sorted(found)[len(found) // 2]}


def _fans(options: argparse.Namespace) -> dict[str, Any]:
    clips = [clip for clip in whole_turns(load_clips(options.clips)) if clip.name.startswith("fan_")]
    few, turns, tries = (LEVELS[:2], 2, 1) if options.quick else (LEVELS, TURNS_EACH, TRIES)
    with ServerProcess(BESIDE, log=options.out / "lanes_server.log") as server:
        usage = server.usage()
        levels = asyncio.run(measure_levels(server, clips, few, turns, tries))
        after = server.usage()
    other = max(0.0, (after.other_cpu_s - usage.other_cpu_s) / (after.at - usage.at))
    return {**summarise_levels(levels), "other_cpu_cores": round(other, 2)}


def _accidents(options: argparse.Namespace) -> dict[str, Any]:
    with ServerProcess(PROCESSES, log=options.out / "lanes_accidents.log") as server:
        accidents = asyncio.run(measure_recovery(server, fans=2, rounds=1 if options.quick else 4))
    return accidents.figures()


def _soak(options: argparse.Namespace) -> dict[str, Any]:
    with ServerProcess(PROCESSES, log=options.out / "lanes_soak.log") as server:
        soak = asyncio.run(measure_soak(server, fans=4, seconds=20.0 if options.quick else options.soak_s))
    return {
        "soak_turns": soak.turns,
        "soak_minutes_of_talk": round(soak.turns / 6),  # people take ten seconds for a turn
        "soak_unanswered": soak.unanswered,
        "soak_memory_mb": round(soak.memory[-1][1]) if soak.memory else None,
        "soak_growth_mb": soak.growth_mb(),
        "soak_memory": [[round(at, 1), round(mb, 1)] for at, mb in soak.memory],
    }


PARTS: Mapping[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "batches": _batches,
    "overhead": _overhead,
    "capacity": _capacity,
    "fans": _fans,
    "accidents": _accidents,
    "soak": _soak,
}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
