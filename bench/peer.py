"""Stagedoor beside Pipecat's fast preset: the same harness, clips, models and machine, one run. `make bench-peer`.

The harness lives outside of this repository (its folder: `--peers`). The systems take turns, each alone on the
machine: theirs, ours, ours, theirs, with one half of the clips and then the other. Writes out/bench/peer.json and
peer.png; takes under LONGEST_S, besides setting up the peer's Python once. What comes next: ears.py picks the ratio up.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bench.clips import Clip, ClipError, last_voiced_sample, load_clips, spread, whole_turns
from bench.figures import draw_peer
from bench.measures import percentile
from bench.peer_adapter import TOKEN_VARIABLE
from bench.server_process import HOUSE, ServerProcess, ServerProcessError
from protocol.timeline import INPUT_RATE_HZ
from server.config import ConfigError, load_config
from server.model_store.store import ModelError, open_store

ORDER: tuple[tuple["System", int], ...] = (("pipecat", 0), ("ours", 0), ("ours", 1), ("pipecat", 1))
NEEDED = ("v2v.py", "baseline.py", "setup.sh")
TURNS = 12
LONGEST_S = 460.0  # of all four blocks
SETUP_S = 600.0
END_WAIT_S = 10.0
RULERS_AGREE_S = 0.1  # the harness measures from where it hears the voice end; in noise that can be far too late
NICE = "-10"  # of the harness, for both: its clock must not suffer from the systems that it measures

System = Literal["ours", "pipecat"]
Figure = float | int | str | None


class PeerError(Exception):
    """The peer cannot be measured here."""


@dataclass(frozen=True, slots=True)
class Setup:
    """Where everything lies."""

    peers: Path
    python: Path  # the peer's
    whisper: Path
    llm: Path
    clips: Path
    work: Path


def main(argv: Sequence[str]) -> int:
    """Runs all blocks; exits with 1 when there is nothing to compare."""
    options = _parser().parse_args(argv)
    try:
        setup = prepare(options.peers, options.clips)
        figures = run(setup, options.turns, options.out)
    except (PeerError, ClipError, ConfigError, ModelError) as error:
        print(f"peer: {error}", file=sys.stderr)
        return 1
    width = max(map(len, figures))
    print("\n".join(f"  {name:<{width}}  {value}" for name, value in figures.items()))
    return 0 if figures["peer_ratio_p50"] is not None else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.peer", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--peers", type=Path, default=HOUSE.parent / "shared" / "peers", help="the harness's folder")
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench")
    parser.add_argument("--turns", type=int, default=TURNS, help="of each system, in two halves")
    return parser


def prepare(peers: Path, clips: Path) -> Setup:
    """Makes the peer's venv when there is none. Raises PeerError, ConfigError or ModelError."""
    lacking = [name for name in NEEDED if not (peers / name).exists()]
    if lacking:
        raise PeerError(
            f"no {', '.join(lacking)} in {peers.resolve()}; `make bench-peer PEERS=folder` names another one"
        )
    work = HOUSE / "out" / "peers"
    work.mkdir(parents=True, exist_ok=True)
    python = work / "venv" / "bin" / "python"
    if not (work / "ready").exists():
        print(f"setting up Pipecat in {python.parents[1]} (about a minute)", flush=True)
        _run(["bash", str(peers / "setup.sh"), str(python.parents[1])], work / "setup.log", SETUP_S)
        (work / "ready").touch()
    config, store = load_config(None, os.environ), open_store()
    llm = store.path(config.llm_model())
    return Setup(
        peers=peers.resolve(),
        python=python,
        whisper=store.path(config.asr.model),
        llm=llm / "model.gguf" if llm.is_dir() else llm,
        clips=clips,
        work=work,
    )


def choose_clips(clips: Sequence[Clip], n: int) -> list[Clip]:
    """Whole turns whose end both rulers place at the same moment, spread over the list. Raises ClipError."""
    agreed = [clip for clip in whole_turns(clips) if _rulers_agree(clip)]
    if len(agreed) < 2:
        raise ClipError("fewer than two clips end where the harness thinks")
    return spread(agreed, n)


def _rulers_agree(clip: Clip) -> bool:
    harness_end = last_voiced_sample(clip.pcm) or 0  # its rule, over the whole clip
    return abs(harness_end - clip.voice_end_samples) < RULERS_AGREE_S * INPUT_RATE_HZ


def run(setup: Setup, n_turns: int, out: Path) -> dict[str, Figure]:
    """Measures, writes the files, returns the flat figures. Raises ClipError."""
    out.mkdir(parents=True, exist_ok=True)
    began_at, began = datetime.now(UTC), time.monotonic()
    clips = choose_clips(load_clips(setup.clips), n_turns)
    halves = [[_file_of(setup.clips, clip) for clip in clips[half::2]] for half in range(2)]
    blocks: dict[System, list[dict[str, Any]]] = {"ours": [], "pipecat": []}
    lost = []
    for system, half in ORDER:
        print(f"== {system}, half {half + 1}: {len(halves[half])} turns ==", flush=True)
        measure = _ours if system == "ours" else _pipecat
        try:
            left_s = LONGEST_S - (time.monotonic() - began)
            blocks[system].append(measure(setup, halves[half], f"{system}_{half + 1}", left_s))
        except (PeerError, ServerProcessError) as error:  # the other blocks are worth showing
            print(f"peer: {error}", file=sys.stderr)
            lost.append(f"{system} {half + 1}")
    figures = summarise(blocks)
    figures |= {
        "measured_at": began_at.isoformat(timespec="seconds"),
        "took_s": round(time.monotonic() - began),
        "lost_blocks": ", ".join(lost),
        "models": f"{setup.whisper.name}, {setup.llm.parent.name}, hibari",
    }
    (out / "peer.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    (out / "peer_turns.json").write_text(json.dumps(blocks, indent=1, ensure_ascii=False) + "\n", "utf-8")
    draw_peer(figures, latencies(blocks["ours"]), latencies(blocks["pipecat"]), out / "peer.png")
    return figures


def _file_of(folder: Path, clip: Clip) -> str:
    beside = folder / f"{clip.name}.wav"
    return str((beside if beside.exists() else folder / "audio" / beside.name).resolve())


# --- blocks ---------------------------------------------------------------------------------------------------


def _pipecat(setup: Setup, files: Sequence[str], name: str, left_s: float) -> dict[str, Any]:
    """Its own baseline.py starts its servers, warms them and runs the harness. The voice of Piper is not used by the
    fast preset, but must be named.
    """
    asked = [
        "--preset", "fast", "--sessions", "1", "--limit", str(len(files)), "--suffix", f"_{name}", "--nice", NICE,
        "--stt-model", str(setup.whisper), "--llm", f"qwen={setup.llm}", "--piper-voice", "unused",
        "--port", str(_free_port()), "--llm-port", str(_free_port()), "--quiet-wait", "0",
        "--out", str(setup.work / "results"), "--clips", *files,
    ]  # fmt: skip
    _run([str(setup.python), str(setup.peers / "baseline.py"), *asked], setup.work / f"{name}.log", left_s)
    return _read(setup.work / "results" / f"pipecat_fast_qwen_1s_{name}.json")


def _ours(setup: Setup, files: Sequence[str], name: str, left_s: float) -> dict[str, Any]:
    path = setup.work / "results" / f"{name}.json"
    with ServerProcess({"server.greet": "false"}, log=setup.work / f"{name}_server.log") as server:
        asked = [
            "--adapter", "bench.peer_adapter:StagedoorAdapter", "--url", server.ws_url, "--watch-pid", str(server.pid),
            "--limit", str(len(files)), "--label", name, "--nice", NICE, "--json", str(path), "--clips", *files,
        ]  # fmt: skip
        harness = [sys.executable, str(setup.peers / "v2v.py"), *asked]
        _run(harness, setup.work / f"{name}.log", left_s, {TOKEN_VARIABLE: server.token})
    return _read(path)


def _run(command: Sequence[str], log: Path, limit_s: float, variables: Mapping[str, str] | None = None) -> None:
    """Runs a command and all that it starts, and ends them all. Raises PeerError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})}
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=HOUSE, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(max(1.0, limit_s))
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"not done after {limit_s:.0f} s; see {log}") from error
        finally:
            _end_group(process)
    if code:
        tail = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-8:])
        raise PeerError(f"{Path(command[1]).name} ended with code {code}:\n{tail}")


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(END_WAIT_S)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise PeerError(f"the harness wrote no {path.name}")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


# --- figures --------------------------------------------------------------------------------------------------


def latencies(blocks: Sequence[Mapping[str, Any]]) -> list[float]:
    """`latency_ms` of every turn that was answered after its end."""
    return [turn["latency_ms"] for block in blocks for turn in block["turns"] if turn["latency_ms"] is not None]


def summarise(blocks: Mapping[System, Sequence[Mapping[str, Any]]]) -> dict[str, Figure]:
    """The flat figures. Ratios are ours by theirs: 0.125 is an eighth."""
    ours, theirs = blocks["ours"], blocks["pipecat"]
    written = [llm_words_ms(turn) for block in ours for turn in block["turns"]]
    return {
        "peer_ratio_p50": _ratio(latencies(ours), latencies(theirs), 50),
        "peer_ratio_p95": _ratio(latencies(ours), latencies(theirs), 95),
        "peer_ratio_llm_words_p50": _ratio([ms for ms in written if ms is not None], latencies(theirs), 50),
        **_system("ours", ours),
        "ours_llm_words_p50_ms": percentile(written, 50),
        **_kinds(ours),
        **_system("pipecat", theirs),
    }


def _ratio(ours: Sequence[float], theirs: Sequence[float], q: float) -> float | None:
    a, b = percentile(ours, q), percentile(theirs, q)
    return round(a / b, 4) if a is not None and b else None


def _system(name: str, blocks: Sequence[Mapping[str, Any]]) -> dict[str, Figure]:
    turns = [turn for block in blocks for turn in block["turns"]]
    others = [block["machine"].get("other_cpu_cores", 0.0) for block in blocks]
    return {
        **{f"{name}_p{q}_ms": percentile(latencies(blocks), q) for q in (50, 95)},
        f"{name}_heard_p50_ms": percentile((turn["heard_ms"] for turn in turns), 50),
        f"{name}_turns": len(turns),
        **{f"{name}_{fate}": sum(turn[fate] for turn in turns) for fate in ("cut_off", "no_reply", "withdrawn")},
        f"{name}_other_cpu_cores": max(others, default=None),
    }


def _kinds(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Figure]:
    """How many of our replies were written by whom."""
    reports = [
        event["kind"]
        for block in blocks for turn in block["turns"] for _, event in turn["events"] if event["type"] == "report"
    ]  # fmt: skip
    return {f"ours_n_{kind}": reports.count(kind) for kind in ("llm", "opening", "prepared", "disclosure")}


def llm_words_ms(turn: Mapping[str, Any]) -> float | None:
    """From the end of the fan's voice until the first words by our language model are played; None: it wrote none."""
    opening = {
        event["reply_id"]: event["opening_samples"]
        for _, event in turn["events"]
        if event["type"] == "report" and event["kind"] in ("llm", "opening")
    }
    for at_s, event in turn["events"]:
        if event["type"] != "chunk" or event["heard_in_s"] is None or at_s < turn["t_eos_s"]:
            continue
        if event["start_samples"] >= opening.get(event["reply_id"], float("inf")):
            return float(round(1000 * (at_s + event["heard_in_s"] - turn["t_eos_s"]), 1))
    return None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
