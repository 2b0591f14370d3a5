"""How well the avatar listens: answers, interruptions, recognition, in one run against one server.

`python -m bench.ears --clips tests/clips` writes out/bench/ears.json (flat, units in the names), ears_turns.json (every
turn), ears_overlaps.json (every interruption) and ears.png. The short set takes under twelve minutes on two quiet
cores. What comes next: all.py prints the figures beside their targets.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import bargein, v2v, wer
from bench.clips import Clip, ClipError, load_clips
from bench.fan import FanError
from bench.figures import draw_ears
from bench.measures import TurnScore
from bench.server_process import HOUSE, ServerProcess, ServerProcessError
from protocol.errors import StagedoorError
from server.config import ConfigError, load_config
from server.model_store.store import ModelError, open_store

Figure = float | int | str | None

#: What is aimed at on two cores without GPU: a figure must not be above its limit.
TARGETS: Mapping[str, float] = {
    "v2v_p50_ms": 200,
    "v2v_p95_ms": 450,
    "llm_words_p50_ms": 500,
    "llm_words_p95_ms": 900,
    "v2v_prepared_p50_ms": 150,
    "v2v_prepared_p95_ms": 200,
    "v2v_4fans_by_1fan_p95": 2,
    "cutoff_rate": 0.05,
    "bargein_stop_p95_ms": 200,
    "false_stop_rate": 0.05,
    "peer_ratio_p50": 0.125,
}
NO_PEER = "not measured: `make bench-peer`"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is said to the server, and which clips are recognised once more without it."""

    turns: v2v.Plan
    overlaps: bargein.Plan


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one run found out."""

    turns: v2v.Measured
    overlaps: bargein.Measured


def main(argv: Sequence[str]) -> int:
    """Runs the bench and prints its figures; exits with 1 when it could not be run or nothing was answered."""
    options = _parser().parse_args(argv)
    try:
        plan = make_plan(options.clips, options.limit, quick=not options.full)
        figures = run(plan, options.out)
    except (ClipError, ServerProcessError, FanError, ConfigError, ModelError, StagedoorError) as error:
        print(f"ears: {error}", file=sys.stderr)
        return 1
    width = max(map(len, figures))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in figures.items()))
    print("\n".join(missed(figures)) or "every target is met")
    return 0 if figures["v2v_p50_ms"] is not None else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.ears", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    parser.add_argument("--full", action="store_true", help="every clip, not the short set")
    parser.add_argument("--limit", type=int, help="at most so many clips of each sort, to try it out")
    return parser


def make_plan(folder: Path, limit: int | None, *, quick: bool) -> Plan:
    """Chooses clips. Raises ClipError, also when the folder has no whole turn."""
    overlaps = bargein.make_plan(load_clips(folder), quick=quick)
    if limit is not None:
        overlaps = bargein.Plan(overlaps.sounds[: 3 * limit], overlaps.echo_replies)
    return Plan(v2v.make_plan(folder, limit, fans=4, quick=quick), overlaps)


def run(plan: Plan, out: Path) -> dict[str, Figure]:
    """Measures, writes the files, returns the flat figures.

    Raises ServerProcessError, FanError, ConfigError, ModelError or EngineError.
    """
    out.mkdir(parents=True, exist_ok=True)
    began_at, began = datetime.now(UTC), time.monotonic()
    with ServerProcess(v2v.settings(plan.turns), log=out / "ears_server.log") as server:
        measured = asyncio.run(_converse(server, plan))
    turns, overlaps = measured.turns, measured.overlaps
    figures: dict[str, Figure] = {
        **v2v.summarise(turns, plan.turns),
        **bargein.summarise(overlaps),
        **recognition([*plan.turns.turns, *plan.turns.pauses], [*turns.alone, *turns.pauses]),
        **peer_figures(out / "peer.json"),
        "measured_at": began_at.isoformat(timespec="seconds"),
        "took_s": round(time.monotonic() - began),
    }
    figures["v2v_4fans_by_1fan_p95"] = _quotient(figures["v2v_4fans_p95_ms"], figures["v2v_p95_ms"])
    (out / "ears.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    (out / "ears_turns.json").write_text(v2v.all_turns(turns), "utf-8")
    (out / "ears_overlaps.json").write_text(json.dumps([asdict(s) for s in overlaps.scores], indent=1) + "\n", "utf-8")
    draw_ears(figures, TARGETS, turns, overlaps.scores, out / "ears.png")
    return figures


async def _converse(server: ServerProcess, plan: Plan) -> Measured:
    print("-- turns --", flush=True)
    turns = await v2v.measure(server, plan.turns)
    print("-- interruptions --", flush=True)
    return Measured(turns, await bargein.measure(server, plan.overlaps))


def _quotient(a: Figure, b: Figure) -> float | None:
    return round(a / b, 2) if isinstance(a, float | int) and isinstance(b, float | int) and b else None


# --- recognition ----------------------------------------------------------------------------------------------


def recognition(clips: Sequence[Clip], scores: Sequence[TurnScore]) -> dict[str, Figure]:
    """Word error rates: of the last partial and of the final words of the live turns, and, from the same clips alone,
    of the short context and of the full 30 s. Turns that were cut off are left out: the rest was never one turn.

    Raises ConfigError, ModelError or EngineError.
    """
    said = {clip.name: clip for clip in wer.scorable(clips)}
    known = [score for score in scores if score.clip in said and not score.cut_off]
    partials = [(said[score.clip].text, score.partial) for score in known if score.partial]
    heard_clips = [said[name] for name in dict.fromkeys(score.clip for score in known)]
    alone = {score.kind: score for score in wer.measure(heard_clips, _whisper())} if heard_clips else {}
    return {
        "wer_partial": wer.word_error_rate(partials),
        "wer_partial_so_far": wer.word_error_rate(partials, so_far=True),
        "wer_final": wer.word_error_rate((said[score.clip].text, score.transcript) for score in known),
        **{f"wer_{kind}_context": round(alone[kind].wer, 4) if alone else None for kind in ("short", "full")},
        "n_wer_partial": len(partials),
        "n_wer": len(known),
    }


def _whisper() -> Path:
    return open_store().path(load_config(None, os.environ).asr.model)


# --- the peer, and the targets --------------------------------------------------------------------------------


def peer_figures(path: Path) -> dict[str, Figure]:
    """What the last `make bench-peer` found. It is a run of its own, so its date stands beside it."""
    if not path.exists():
        return {"peer_ratio_p50": None, "peer_reason": NO_PEER}
    found: Any = json.loads(path.read_text("utf-8"))
    return {f"peer_{name.removeprefix('peer_')}": found.get(name) for name in ("peer_ratio_p50", "measured_at")}


def missed(figures: Mapping[str, Figure]) -> list[str]:
    """A line for every target that was not met, or not measured."""
    lines = []
    for name, limit in TARGETS.items():
        value = figures.get(name)
        if not isinstance(value, float | int):
            lines.append(f"{name}: not measured (target {limit:g})")
        elif value > limit:
            lines.append(f"{name}: {value:g}, target {limit:g}: {value / limit:.1f} times as much")
    return lines


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
