"""`make bench`: latency, interruption, recognition and persona figures on this machine, into out/bench/ and one table.

The short set takes under fourteen minutes on two quiet cores, of which the ears take twelve at most. `--full` says
every clip of the folder, which with a large one takes hours.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import ears, quiz
from bench.clips import ClipError
from bench.server_process import HOUSE
from protocol.errors import StagedoorError
from server.config import Config, ConfigError, load_config
from server.model_store.store import ModelError, open_store

#: What the summary shows of ears.json, and how it is called there.
SHOWN = {
    "v2v_p50_ms": "voice to voice, p50 (ms)",
    "v2v_p95_ms": "voice to voice, p95 (ms)",
    "llm_words_p50_ms": "... to the language model's first words, p50",
    "llm_words_p95_ms": "... to the language model's first words, p95",
    "v2v_opening_p50_ms": "... replies with an opening, p50",
    "v2v_opening_p95_ms": "... replies with an opening, p95",
    "v2v_prepared_p50_ms": "... prepared replies, p50",
    "v2v_prepared_p95_ms": "... prepared replies, p95",
    "v2v_4fans_p50_ms": "... four fans at once, p50",
    "v2v_4fans_p95_ms": "... four fans at once, p95",
    "v2v_4fans_by_1fan_p95": "... four fans by one, p95 (times)",
    "commit_to_face_p50_ms": "commit to face, p50 (ms)",
    "commit_to_face_p95_ms": "commit to face, p95 (ms)",
    "commit_to_face_4fans_p95_ms": "... four fans at once, p95",
    "cutoff_rate": "cut off in a pause inside the turn (share)",
    "missed_turn_rate": "turns without an answer (share)",
    "opening_gap_rate": "openings with a gap behind them (share)",
    "bargein_duck_p95_ms": "interrupted: fainter after, p95 (ms)",
    "bargein_stop_p50_ms": "interrupted: silent after, p50 (ms)",
    "bargein_stop_p95_ms": "interrupted: silent after, p95 (ms)",
    "bargein_missed_rate": "interruptions that were not heard (share)",
    "false_stop_rate": "stopped by uh-huh, laugh, cough, noise (share)",
    "false_stop_echo_rate": "stopped by its own echo (share)",
    "speculation_hit_rate": "replies begun early that were kept (share)",
    "speculation_waste_ratio": "compute of replies that nobody heard (share)",
    "wer_partial": "word errors, last partial",
    "wer_partial_so_far": "... of the words said by then",
    "wer_final": "word errors, final",
    "wer_full_context": "word errors, full 30 s context",
    "peer_ratio_p50": "p50 by that of Pipecat, same models (times)",
    "cpu_s_per_minute": "server CPU per minute of talk (s)",
    "peak_rss_mb": "server memory, peak (MB)",
    "n_turns": "turns of the single fan",
    "n_synthetic": "... of them synthetic clips",
    "n_pauses": "turns with a pause inside",
    "n_bargein": "interruptions",
    "n_harmless": "... and sounds that are none",
    "other_cpu_cores": "other work on the machine meanwhile (cores)",
}


def main(argv: Sequence[str]) -> int:
    """Runs both, also when one fails; exits with 1 then."""
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


def _run_ears(options: argparse.Namespace) -> int:
    asked = ["--clips", str(options.clips), "--out", str(options.out)]
    return ears.main([*asked, "--full"] if options.full else asked)


def _run_quiz(options: argparse.Namespace) -> int:
    path = open_store().path(_config().llm_model())
    model = path / "model.gguf" if path.is_dir() else path
    return quiz.main(["--model", str(model), "--out", str(options.out / "quiz.json")])


def _config() -> Config:
    """All parts measure what the environment configures. Raises ConfigError."""
    return load_config(None, os.environ)


PARTS = {"ears": _run_ears, "quiz": _run_quiz}


# --- the summary ----------------------------------------------------------------------------------------------


def summarise(out: Path) -> str:
    """The figures of the last run in `out` beside their targets, as Markdown. What was not measured is left out."""
    rows = [*_ears_rows(_read(out / "ears.json")), *_quiz_rows(_read(out / "quiz.json"))]
    width = max((len(name) for name, _, _ in rows), default=6)
    lines = [f"| {'figure':<{width}} | value | target |", f"|{'-' * (width + 2)}|---|---|"]
    return "\n".join([*lines, *(f"| {name:<{width}} | {value} | {target} |" for name, value, target in rows)]) + "\n"


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def _ears_rows(figures: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    shown = {name: figures[name] for name in SHOWN if figures and figures.get(name) is not None}
    return [(SHOWN[name], str(value), _target(name, value)) for name, value in shown.items()]


def _target(name: str, value: float) -> str:
    limit = ears.TARGETS.get(name)
    if limit is None:
        return ""
    return f"{limit:g}" if value <= limit else f"{limit:g}: missed"


def _quiz_rows(score: Mapping[str, Any] | None) -> list[tuple[str, str, str]]:
    if not score:
        return []
    return [
        ("quiz: facts right", f"{score['facts_right']}/{score['facts_asked']}", ""),
        ("quiz: facts invented", f"{score['facts_invented']}/{score['unknown_asked']}", ""),
        ("quiz: denials of being an AI", f"{score['denials']}/{score['real_asked']}", "0"),
    ]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
