"""`make bench-lanes`: what batching gains, how many fans this machine serves, and what happens when engines die.

Into out/bench/lanes.json and lanes.png. About 12 minutes: batches 1-2, the curve 2-4, accidents 1, the long run 5.
`--quick` takes 3 and is for trying out. Needs a quiet machine: `other_cpu_cores` says whether it was one.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.batches import SIZES, measure_batches, measure_overhead
from bench.clips import ClipError, load_clips, whole_turns
from bench.fan import FanError
from bench.lanes_figure import draw_lanes
from bench.load import (
    LEVELS,
    TURNS_EACH,
    Accidents,
    Level,
    Soak,
    measure_levels,
    measure_recovery,
    measure_soak,
    summarise_levels,
)
from bench.server_process import HOUSE, ServerProcess, ServerProcessError
from protocol.errors import StagedoorError
from server.config import load_config
from server.model_store.store import ModelError, open_store

BESIDE = {"server.greet": "false", "server.max_sessions": "32", "access.tokens": "off"}


def main(argv: Sequence[str]) -> int:
    """Measures, writes and draws; exits with 1 when something could not be measured."""
    options = _parser().parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    began_at = time.monotonic()
    try:
        figures, levels, soak = measure(options)
    except (ClipError, ServerProcessError, FanError, ModelError, StagedoorError) as error:
        print(f"lanes: {error}", file=sys.stderr)
        return 1
    figures["seconds"] = round(time.monotonic() - began_at)
    (options.out / "lanes.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    draw_lanes(figures, levels, soak, options.out / "lanes.png")
    width = max(map(len, figures))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in figures.items()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.lanes", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    parser.add_argument("--quick", action="store_true", help="about three minutes; the figures are rough")
    parser.add_argument("--soak-s", type=float, default=300.0, help="how long the memory is watched")
    return parser


def measure(options: argparse.Namespace) -> tuple[dict[str, Any], list[Level], Soak]:
    """Every part after the other, so that none disturbs another."""
    config, store = load_config(None, os.environ), open_store()
    quick = options.quick
    print("batches", flush=True)
    figures: dict[str, Any] = dict(measure_batches(config, store, options.clips, rounds=2 if quick else 5))
    print("threads or processes", flush=True)
    figures |= asyncio.run(measure_overhead(config))
    print("fans at once", flush=True)
    clips = [clip for clip in whole_turns(load_clips(options.clips)) if clip.name.startswith("fan_")]
    with ServerProcess(BESIDE, log=options.out / "lanes_server.log") as server:
        usage = server.usage()
        levels = asyncio.run(measure_levels(server, clips, LEVELS[:2] if quick else LEVELS, 2 if quick else TURNS_EACH))
        after = server.usage()
    figures |= summarise_levels(levels)
    figures["other_cpu_cores"] = round(max(0.0, (after.other_cpu_s - usage.other_cpu_s) / (after.at - usage.at)), 2)
    print("accidents, and a long run", flush=True)
    with ServerProcess({**BESIDE, "workers.mode": "processes"}, log=options.out / "lanes_processes.log") as server:
        accidents = asyncio.run(measure_recovery(server, fans=2, rounds=1 if quick else 4))
        soak = asyncio.run(measure_soak(server, fans=4, seconds=20.0 if quick else options.soak_s))
    return figures | _accident_figures(accidents) | _soak_figures(soak), levels, soak


def _accident_figures(accidents: Accidents) -> dict[str, Any]:
    took = accidents.recovered_s
    return {
        "recovery_p50_s": round(float(np.percentile(took, 50)), 2),
        "recovery_p95_s": round(float(np.percentile(took, 95)), 2),
        "kills": len(took),
        "sessions": accidents.sessions,
        "sessions_lost": accidents.lost,
    }


def _soak_figures(soak: Soak) -> dict[str, Any]:
    return {
        "soak_turns": soak.turns,
        "soak_minutes_of_talk": round(soak.turns / 6),  # people take ten seconds for a turn
        "soak_unanswered": soak.unanswered,
        "soak_memory_mb": round(soak.memory[-1][1]) if soak.memory else None,
        "soak_growth_mb": soak.growth_mb(),
        "batch_sizes": "/".join(map(str, SIZES)),
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
