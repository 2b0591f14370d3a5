"""`make demo`: a recorded fan talks to a real server, and what happened is written to out/demo/.

reply.wav, turns.json (every stage's time), timeline.png (all on one time axis). Exits with 1, and says in one
sentence what is missing, when there is no transcript, no reply or no latency.
"""

import argparse
import asyncio
import json
import sys
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.clips import Clip, ClipError, read_clip
from bench.fan import REPLY_WAIT_S, Fan, FanError
from bench.measures import FanTurn, TurnScore, first_sounds, reply_chunks, report_of, score_turn
from bench.server_process import HOUSE, ServerProcess, ServerProcessError
from bench.timeline import draw_timeline, place_reply
from protocol.messages import FaceFormat, Stage, Transcript

DEMO_CLIP = HOUSE / "tests" / "clips" / "fan_question.wav"
FILES = ("reply.wav", "turns.json", "timeline.png")
WHOLE_REPLY_S = 60.0  # the demo hears the avatar out


@dataclass(frozen=True, slots=True)
class Visit:
    """What the fan brought home."""

    turn: FanTurn
    face: FaceFormat
    persona: str
    server_zero_at: float
    errors: tuple[str, ...]


def main(argv: Sequence[str]) -> int:
    """Runs the demo; the exit code is 0 only when everything that it should show is there."""
    arguments = _parser().parse_args(argv)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:  # what an earlier demo wrote must not pass for this one's
        (out / name).unlink(missing_ok=True)
    try:
        clip = read_clip(arguments.clip)
        print("starting the server ...", flush=True)
        with ServerProcess(log=out / "server.log") as server:
            print(f"listening on {server.url}; the avatar greets, then the fan speaks ...", flush=True)
            visit = asyncio.run(visit_once(server.ws_url, server.token, clip, arguments.patience))
    except (ClipError, ServerProcessError, FanError) as error:
        return _fail(str(error))
    score = score_turn(visit.turn)
    missing = what_is_missing(visit, score, arguments.patience)
    if missing:
        return _fail(missing)
    write_visit(visit, score, out)
    print(story(visit, score, out))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.demo", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clip", type=Path, default=DEMO_CLIP, help="what the fan says (WAV, mono, 16 bit, 16 kHz)")
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "demo")
    parser.add_argument("--patience", type=float, default=REPLY_WAIT_S, help="seconds to wait for a reply")
    return parser


def _fail(sentence: str) -> int:
    print(f"demo: {sentence}", file=sys.stderr)
    return 1


async def visit_once(url: str, token: str, clip: Clip, patience_s: float) -> Visit:
    """Hears the greeting, says the clip, hears the answer. Raises FanError."""
    async with Fan(url, token) as fan:
        await fan.hear_greeting()
        await fan.wait(0.5)
        turn = await fan.say(clip, reply_wait_s=patience_s, listen_s=WHOLE_REPLY_S)
        errors = tuple(f"{error.code}: {error.message}" for error in fan.errors)
        return Visit(turn, fan.welcome.face, fan.welcome.persona.name, fan.server_zero_at(), errors)


def what_is_missing(visit: Visit, score: TurnScore, patience_s: float) -> str | None:
    """One sentence about the first thing that should be there and is not, or None."""
    said = f" The server said: {visit.errors[-1]}." if visit.errors else ""
    clip = visit.turn.clip.name
    if not score.transcript:
        return f"no transcript: the server understood no words in {clip}.{said}"
    if score.cut_off:
        return f"no latency: the avatar began before the fan had finished {clip}.{said}"
    if score.v2v_ms is None:
        return f"no reply with voice and face within {patience_s:.0f} s after {clip}.{said}"
    if not score.reply:
        return f"no words came with the reply to {clip}.{said}"
    if score.commit_to_face_ms is None:
        return f"no turn report came with the reply to {clip}: its stages are unknown.{said}"
    return None


def reply_id_of(turn: FanTurn) -> int:
    """The reply that answered the turn."""
    return next(s.reply_id for s in first_sounds(turn) if s.with_face and s.arrived_at >= turn.voice_end_at)


def write_visit(visit: Visit, score: TurnScore, out: Path) -> None:
    """Writes reply.wav, turns.json and timeline.png."""
    reply_id = reply_id_of(visit.turn)
    with wave.open(str(out / "reply.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(visit.turn.rate_hz)
        file.writeframes(b"".join(chunk.audio for chunk in reply_chunks(visit.turn.arrivals, reply_id)))
    turns = [describe(visit, score, reply_id)]
    (out / "turns.json").write_text(json.dumps(turns, indent=2, ensure_ascii=False) + "\n", "utf-8")
    draw_timeline(visit.turn, reply_id, visit.face, visit.server_zero_at, out / "timeline.png")


def describe(visit: Visit, score: TurnScore, reply_id: int) -> dict[str, Any]:
    """One turn for turns.json. All `_ms` instants count from the first sample of the clip."""
    turn = visit.turn

    def ms(at: float) -> float:
        return round((at - turn.began_at) * 1000, 1)

    report = report_of(turn.arrivals, reply_id)
    chunks = place_reply(turn, reply_id)
    heard = [(ms(a.at), a.message) for a in turn.arrivals if isinstance(a.message, Transcript)]
    return {
        **asdict(score),
        "persona": visit.persona,
        "voice_end_ms": ms(turn.voice_end_at),
        "transcripts": [{"at_ms": at, "text": m.text, "final": m.final} for at, m in heard],
        "stages": [
            {"name": s.name, "start_ms": ms(visit.server_zero_at + s.start_ms / 1000), "length_ms": length(s)}
            for s in (report.stages if report else ())
        ],
        "words": [
            {"text": word.text, "start_ms": round(1000 * placed.moment_s(word.start_samples), 1)}
            for placed in chunks
            for word in placed.chunk.words
        ],
    }


def length(stage: Stage) -> float:
    """How long a stage took, ms."""
    return round(stage.end_ms - stage.start_ms, 1)


def story(visit: Visit, score: TurnScore, out: Path) -> str:
    """What the demo prints."""
    stages = ", ".join(f"{name.replace('_', ' ')} {ms:.0f}" for name, ms in score.stages_ms.items())
    return (
        f"\n  fan      {score.transcript}"
        f"\n  {visit.persona.split()[0]:<8} {score.reply}"
        f"\n  latency  {score.v2v_ms:.0f} ms voice to voice, {score.commit_to_face_ms:.0f} ms from commit to face"
        f"  (words: {score.kind})"
        f"\n  stages   {stages} (ms)"
        f"\n  files    {', '.join(str(out / name) for name in FILES)}\n"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
