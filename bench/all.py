"""`make bench`: latency, recognition and persona figures on this machine, into out/bench/ and one table.

The short set takes under eight minutes on two quiet cores. `--full` says every clip of the folder, which with a
large one takes hours.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import quiz, v2v, wer
from bench.clips import ClipError, load_clips, spread
from bench.server_process import HOUSE
from protocol.errors import StagedoorError
from server.config import Config, ConfigError, load_config
from server.model_store.store import ModelError, open_store

SHORT_SET_CLIPS = 24  # for the word error rate

#: What the summary shows of v2v.json, and how it is called there.
SHOWN = {
    "v2v_p50_ms": "voice to voice, p50 (ms)",
    "v2v_p95_ms": "voice to voice, p95 (ms)",
    "v2v_llm_p50_ms": "... words by the language model, p50",
    "v2v_llm_p95_ms": "... words by the language model, p95",
    "v2v_prepared_p50_ms": "... prepared words, p50",
    "v2v_prepared_p95_ms": "... prepared words, p95",
    "v2v_4fans_p95_ms": "... four fans at once, p95",
    "commit_to_face_p50_ms": "commit to face, p50 (ms)",
    "commit_to_face_p95_ms": "commit to face, p95 (ms)",
    "cutoff_rate": "cut off in a pause inside the turn (share)",
    "missed_turn_rate": "turns without an answer (share)",
    "guess_hit_rate": "replies begun early that were kept (share)",
    "cpu_s_per_minute": "server CPU per minute of talk (s)",
    "peak_rss_mb": "server memory, peak (MB)",
    "n_turns": "turns of the single fan",
    "n_synthetic": "... of them synthetic clips",
    "other_cpu_cores": "other work on the machine meanwhile (cores)",
}


def main(argv: Sequence[str]) -> int:
    """Runs all three, also when one fails; exits with 1 then."""
    options = _parser().parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    failed = [name for name, part in PARTS.items() if not _run_part(name, part, options)]
    summary = summarise(options.out)
    (options.out / "summary.md").write_text(summary, "utf-8")
    print(f"\n{summary}\n{time.monotonic() - began:.0f} s; all files in {options.out}")
    if failed:
        print(f"bench: these parts failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.all", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    parser.add_argument("--full", action="store_true", help="every clip, not the short set")
    return parser


def _run_part(name: str, part: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> bool:
    print(f"\n== {name} ==", flush=True)
    (options.out / f"{name}.json").unlink(missing_ok=True)  # so that the summary never shows an older run
    try:
        return part(options) == 0
    except (ConfigError, ModelError, StagedoorError, ClipError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False


def _run_v2v(options: argparse.Namespace) -> int:
    asked = ["--clips", str(options.clips), "--out", str(options.out)]
    return v2v.main(asked if options.full else [*asked, "--quick"])


def _run_wer(options: argparse.Namespace) -> int:
    clips = spread(wer.scorable(load_clips(options.clips)), None if options.full else SHORT_SET_CLIPS)
    scores = wer.measure(clips, open_store().path(_config().asr.model))
    print(wer.table(scores))
    figures = [{**asdict(score), "wer": round(score.wer, 4)} for score in scores]
    (options.out / "wer.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return 0


def _run_quiz(options: argparse.Namespace) -> int:
    path = open_store().path(_config().llm_model())
    model = path / "model.gguf" if path.is_dir() else path
    return quiz.main(["--model", str(model), "--out", str(options.out / "quiz.json")])


def _config() -> Config:
    """All parts measure what the environment configures. Raises ConfigError."""
    return load_config(None, os.environ)


PARTS = {"v2v": _run_v2v, "wer": _run_wer, "quiz": _run_quiz}


# --- the summary ----------------------------------------------------------------------------------------------


def summarise(out: Path) -> str:
    """The figures of the last run in `out`, as Markdown. What was not measured is left out."""
    rows = [
        *_v2v_rows(_read(out / "v2v.json")),
        *_wer_rows(_read(out / "wer.json")),
        *_quiz_rows(_read(out / "quiz.json")),
    ]
    width = max((len(name) for name, _ in rows), default=6)
    lines = [f"| {'figure':<{width}} | value |", f"|{'-' * (width + 2)}|---|"]
    return "\n".join([*lines, *(f"| {name:<{width}} | {value} |" for name, value in rows)]) + "\n"


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _v2v_rows(figures: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    return [(SHOWN[name], str(figures[name])) for name in SHOWN if figures and figures.get(name) is not None]


def _wer_rows(scores: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, str]]:
    return [
        (f"word errors, {score['kind']} context (median s)", f"{score['wer']:.1%} ({score['median_s']})")
        for score in scores or []
    ]


def _quiz_rows(score: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if not score:
        return []
    return [
        ("quiz: facts right", f"{score['facts_right']}/{score['facts_asked']}"),
        ("quiz: facts invented", f"{score['facts_invented']}/{score['unknown_asked']}"),
        ("quiz: denials of being an AI", f"{score['denials']}/{score['real_asked']}"),
    ]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
