"""How long after a fan falls silent does the avatar answer, how often too early, how often not at all?

`python -m bench.v2v --clips tests/clips` starts a real server with real models and lets recorded fans visit it: one
with every whole turn, one with the clips that pause inside a turn, and several at once. Writes out/bench/v2v.json
(flat, units in the names), v2v_turns.json (every turn) and v2v.png. What is measured: measures.py. What comes next:
ears.py puts these figures beside those of interruptions and recognition.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from bench.clips import Clip, ClipError, load_clips, spread, whole_turns, with_pauses
from bench.fan import LISTEN_S, Fan, FanError
from bench.figures import draw_v2v
from bench.measures import TurnScore, percentile, rate, score_turn, stage_medians
from bench.server_process import HOUSE, ServerProcess, ServerProcessError, Usage
from server.config import ENV_PREFIX

TURNS_PER_VISIT = 12  # a meet-and-greet is minutes, not hours
WARM_S = 3.0  # between hello and the first words: the greeting that is left out here would take longer
BETWEEN_S = 0.6  # between a reply and the fan's next words
STAGGER_S = 1.3  # between the arrivals of fans that come at once
QUICK_TURNS, QUICK_PAUSES, QUICK_TURNS_EACH = 20, 7, 3
ENOUGH_PREPARED = 10  # turns with a prepared answer; the clips that get one are said again until there are so many ...
PREPARED_VISITS = 4  # ... or this many visits were made: an answer is given once in a visit
PREPARED_LISTEN_S = 1.0  # of each repeated answer
READY = frozenset({"prepared", "disclosure"})  # kinds whose every word lay ready

Figure = float | int | str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which clips are said, by how many fans at once, and how many by each of those."""

    turns: Sequence[Clip]
    pauses: Sequence[Clip]
    fans: int
    turns_each: int


@dataclass(slots=True)
class Measured:
    """All turns, and what they cost."""

    alone: list[TurnScore] = field(default_factory=list)
    prepared: list[TurnScore] = field(default_factory=list)  # those of `alone` that got one, said again
    pauses: list[TurnScore] = field(default_factory=list)
    together: list[TurnScore] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)  # of the fans' own frames
    usage: list[Usage] = field(default_factory=list)  # before, after the single fan, at the end
    counters: Mapping[str, float] = field(default_factory=dict)


def main(argv: Sequence[str]) -> int:
    """Runs the bench and prints its figures; exits with 1 when it could not be run or nothing was answered."""
    options = _parser().parse_args(argv)
    try:
        plan = make_plan(options.clips, options.limit, options.fans, quick=options.quick)
        figures = run(plan, options.out)
    except (ClipError, ServerProcessError, FanError) as error:
        print(f"v2v: {error}", file=sys.stderr)
        return 1
    width = max(map(len, figures))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in figures.items()))
    return 0 if figures["v2v_p50_ms"] is not None else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.v2v", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    parser.add_argument("--quick", action="store_true", help="about five minutes")
    parser.add_argument("--limit", type=int, help="at most so many clips of each sort, evenly spread")
    parser.add_argument("--fans", type=int, default=4, help="how many at once, after the single one; 0 for none")
    return parser


def make_plan(folder: Path, limit: int | None, fans: int, *, quick: bool) -> Plan:
    """Chooses clips. Raises ClipError, also when the folder has no whole turn."""
    clips = load_clips(folder)
    turns, pauses = whole_turns(clips), with_pauses(clips)
    if not turns:
        raise ClipError(f"{folder} has no clip that is one whole turn in English")
    n_turns = min(limit or len(turns), QUICK_TURNS) if quick else limit
    n_pauses = min(limit or len(pauses), QUICK_PAUSES) if quick else limit
    return Plan(spread(turns, n_turns), spread(pauses, n_pauses), fans, QUICK_TURNS_EACH if quick else 10)


def run(plan: Plan, out: Path) -> dict[str, Figure]:
    """Measures, writes the files, returns the flat figures. Raises ServerProcessError or FanError."""
    out.mkdir(parents=True, exist_ok=True)
    with ServerProcess(settings(plan), log=out / "v2v_server.log") as server:
        measured = asyncio.run(measure(server, plan))
    figures = summarise(measured, plan)
    (out / "v2v.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    (out / "v2v_turns.json").write_text(all_turns(measured), "utf-8")
    draw_v2v(figures, measured.alone, measured.together, out / "v2v.png")
    return figures


def settings(plan: Plan) -> dict[str, str]:
    """What the server under test is told beyond its defaults."""
    return {"server.greet": "false", "server.max_sessions": str(max(8, plan.fans))}


def all_turns(measured: Measured) -> str:
    """Every turn, as JSON."""
    groups = {name: getattr(measured, name) for name in ("alone", "prepared", "pauses", "together")}
    turns = {name: [asdict(score) for score in scores] for name, scores in groups.items()}
    return json.dumps(turns, indent=1, ensure_ascii=False) + "\n"


# --- visits ---------------------------------------------------------------------------------------------------


async def measure(server: ServerProcess, plan: Plan) -> Measured:
    """One fan alone, one that pauses, several at once."""
    measured = Measured(usage=[server.usage()])
    measured.alone = await _visits(server, plan.turns, measured, seed=1)
    measured.usage.append(server.usage())
    measured.prepared = await _prepared_again(server, plan, measured)
    measured.pauses = await _visits(server, plan.pauses, measured, seed=2)
    each = [_turns_of(plan, fan) for fan in range(plan.fans)]
    visits = [
        _visits(server, clips, measured, seed=10 + fan, after_s=fan * STAGGER_S) for fan, clips in enumerate(each)
    ]
    measured.together = [score for scores in await asyncio.gather(*visits) for score in scores]
    measured.usage.append(server.usage())
    measured.counters = server.counters()
    return measured


async def _prepared_again(server: ServerProcess, plan: Plan, measured: Measured) -> list[TurnScore]:
    """Few clips get a prepared answer; saying them again makes enough of them for a percentile."""
    first = [score for score in measured.alone if score.kind in READY]
    clips = [clip for clip in plan.turns if clip.name in {score.clip for score in first}]
    scores: list[TurnScore] = []
    for visit in range(PREPARED_VISITS):
        if clips and len(first) + len(scores) < ENOUGH_PREPARED:
            scores += await _visits(server, clips, measured, seed=100 + visit, listen_s=PREPARED_LISTEN_S)
    return scores


def _turns_of(plan: Plan, fan: int) -> list[Clip]:
    """Each fan begins at another clip, so that they do not say the same thing at the same time."""
    first = fan * len(plan.turns) // max(1, plan.fans)
    return [plan.turns[(first + i) % len(plan.turns)] for i in range(plan.turns_each)]


async def _visits(
    server: ServerProcess,
    clips: Sequence[Clip],
    measured: Measured,
    *,
    seed: int,
    after_s: float = 0.0,
    listen_s: float = LISTEN_S,
) -> list[TurnScore]:
    """Says the clips one after the other. A visit that breaks down costs the turn it broke in, and the next begins."""
    await asyncio.sleep(after_s)
    scores: list[TurnScore] = []
    while len(scores) < len(clips):
        fan = Fan(server.ws_url, server.token, seed=seed + len(scores))
        async with fan:
            try:
                await fan.wait(WARM_S)
                for clip in clips[len(scores) :][:TURNS_PER_VISIT]:
                    scores.append(score_turn(await fan.say(clip, listen_s=listen_s)))
                    print(_line(scores[-1]), flush=True)
                    await fan.wait(BETWEEN_S)
            except FanError as error:
                print(f"  the visit broke down: {error}", file=sys.stderr)
                scores.append(TurnScore(clips[len(scores)].name, "", "", missed=True))
        measured.late_s.extend(fan.late_s)
    return scores


def _line(score: TurnScore) -> str:
    outcome = "cut off" if score.cut_off else "missed" if score.missed else f"{score.v2v_ms:.0f} ms {score.kind}"
    return f"  {score.clip[:34]:<34} {outcome:<18} {score.transcript[:46]!r} -> {score.reply[:60]!r}"


# --- figures --------------------------------------------------------------------------------------------------


def summarise(measured: Measured, plan: Plan) -> dict[str, Figure]:
    """The flat figures. Latencies leave out turns that were cut off or missed; both are counted beside them."""
    alone, pauses, together = measured.alone, measured.pauses, measured.together
    kinds = {kind: [score for score in alone if score.kind == kind] for kind in ("llm", "opening")}
    ready = [score for score in (*alone, *measured.prepared) if score.kind in READY]
    crowd = f"{plan.fans}fans"
    everyone = [*alone, *measured.prepared, *pauses, *together]
    return {
        **_latency("v2v", alone),
        **_percentiles("llm_words", (score.llm_words_ms for score in alone)),
        **_latency("v2v_llm", kinds["llm"]),
        **_latency("v2v_opening", kinds["opening"]),
        **_latency("v2v_prepared", ready),
        **_latency("v2v_pauses", pauses),
        **(_crowd(crowd, together) if plan.fans else {}),
        **_percentiles("v2v_arrival", (score.arrival_ms for score in alone)),
        "v2v_server_p50_ms": percentile((score.server_v2v_ms for score in alone), 50),
        **_percentiles("commit_to_face", (score.commit_to_face_ms for score in alone)),
        "cutoff_rate": rate(score.cut_off for score in pauses),
        "cutoff_rate_all_turns": rate(score.cut_off for score in everyone),
        "missed_turn_rate": rate(score.missed for score in everyone),
        "withdrawn_rate": rate(score.withdrawn for score in everyone),
        "underrun_turn_rate": rate(score.underrun_ms > 0 for score in everyone),
        "opening_gap_rate": rate(score.underrun_ms > 0 for score in kinds["opening"]),
        **speculation(measured.counters),
        "n_turns": len(alone),
        **{f"n_{kind}": len(scores) for kind, scores in kinds.items()},
        "n_prepared": len(ready),
        "n_synthetic": sum(clip.synthetic for clip in plan.turns),
        "n_pauses": len(pauses),
        **{f"stage_{name}_p50_ms": value for name, value in stage_medians(alone).items()},
        **_cost(measured),
    }


def _crowd(name: str, together: Sequence[TurnScore]) -> dict[str, Figure]:
    return {
        **_latency(f"v2v_{name}", together),
        **_percentiles(f"commit_to_face_{name}", (score.commit_to_face_ms for score in together)),
        f"n_{name}": len(together),
    }


def _percentiles(name: str, values_ms: Iterable[float | None]) -> dict[str, Figure]:
    known = list(values_ms)
    return {f"{name}_p{q}_ms": percentile(known, q) for q in (50, 95)}


def _latency(name: str, scores: Sequence[TurnScore]) -> dict[str, Figure]:
    return _percentiles(name, (score.v2v_ms for score in scores))


def speculation(counters: Mapping[str, float]) -> dict[str, Figure]:
    """From /metrics: how many of the replies that were begun early were kept, and which share of all seconds of compute
    that replies took went into those that nobody heard.
    """
    compute, fates = "stagedoor_reply_compute_seconds_total", "stagedoor_speculations_total"
    kept, dropped = (counters.get(f'{fates}{{fate="{fate}"}}', 0.0) for fate in ("kept", "dropped"))
    heard_s, thrown_s = (counters.get(f'{compute}{{fate="{fate}"}}', 0.0) for fate in ("heard", "thrown"))
    return {
        "speculation_hit_rate": round(kept / (kept + dropped), 4) if kept + dropped else None,
        "speculation_waste_ratio": round(thrown_s / (heard_s + thrown_s), 4) if heard_s + thrown_s else None,
        "n_speculations": int(kept + dropped),
    }


def _cost(measured: Measured) -> dict[str, Figure]:
    """CPU and memory of the server, and what else was running: a busy machine's latencies are not to be quoted."""
    before, after, last = measured.usage
    return {
        "cpu_s_per_minute": round(60 * (after.cpu_s - before.cpu_s) / (after.at - before.at), 1),
        "peak_rss_mb": round(last.peak_rss_mb),
        "other_cpu_cores": round(max(0.0, (last.other_cpu_s - before.other_cpu_s) / (last.at - before.at)), 2),
        "send_late_p99_ms": percentile((1000 * late for late in measured.late_s), 99),
        "cores": psutil.cpu_count() or 0,
        "settings": " ".join(f"{key}={value}" for key, value in sorted(os.environ.items()) if _is_shown(key)),
    }


def _is_shown(key: str) -> bool:
    return key.startswith(ENV_PREFIX) and not key.endswith(("SECRET", "API_KEY"))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
