"""A fan who talks over the avatar: real words must stop it, "uh-huh", a cough or its own echo must not.

`python -m bench.bargein --clips tests/clips` prints the figures alone. Replies are asked for by typing, so that every
second is one of overlap. Real words are the recorded turns of the clips folder, noises its noise clips; the rest is
made by sounds.py. Takes at most LONGEST_S and a few replies. What comes next: ears.py puts the figures beside the
others.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import sounds
from bench.clips import Clip, ClipError, load_clips, only_noise, spread, whole_turns
from bench.fan import Fan, FanError
from bench.measures import percentile, rate
from bench.overlap import HARMLESS, Overlap, OverlapScore, Sound, is_void, score_overlap
from bench.server_process import HOUSE, ServerProcess, ServerProcessError
from protocol.timeline import INPUT_RATE_HZ

#: Typed before words: the language model still writes when they come, which is the harder case.
OPEN_QUESTIONS = (
    "Tell me the story of your first tour, from the beginning to the end.",
    "What should I do tomorrow? Give me five ideas and say why.",
    "Describe the room that you write your songs in, with everything in it.",
)
#: Typed before everything else: the answer is always the same five seconds, so the sound never outlasts it.
FIXED_QUESTION = "Are you a real person?"
WARM_S = 1.0
INTO_REPLY_S = 0.9  # of the avatar's voice are heard before the fan makes a sound
DECIDE_S = 1.5  # after a sound the server may think this long about what it was
STOP_WAIT_S = 3.0  # words that have not stopped the avatar so long after their end will not
NOISE_S = 2.0
ECHO_GAIN = 0.1  # -20 dB
ECHO_DELAYS_S = (0.08, 0.15, 0.3)
ECHO_REPLY_S = 6.0  # of each reply with echo are listened to
TRIES = 3  # for a sound whose reply ended too soon
LONGEST_S = 300.0  # then what is left is not measured, and the figures say of how many sounds they are

Figure = float | int | str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is said over the replies."""

    sounds: Sequence[tuple[Sound, Clip]]
    echo_replies: int  # with each of ECHO_DELAYS_S


@dataclass(slots=True)
class Measured:
    """All sounds, and those of which nothing could be learnt."""

    scores: list[OverlapScore] = field(default_factory=list)
    n_void: int = 0


def make_plan(clips: Sequence[Clip], *, quick: bool) -> Plan:
    """Chooses and makes the sounds, the kinds mixed as they are in life."""
    n_words, n_backchannels, n_few, n_noises = (10, 12, 3, 2) if quick else (24, 24, 6, 8)
    groups: list[list[tuple[Sound, Clip]]] = [
        [("words", clip) for clip in spread(whole_turns(clips), n_words)],
        [("backchannel", clip) for clip in sounds.backchannels(n_backchannels)],
        [("laugh", clip) for clip in sounds.laughs(n_few)],
        [("cough", clip) for clip in sounds.coughs(n_few)],
        [("noise", _head(clip, NOISE_S)) for clip in spread(only_noise(clips), n_noises)],
    ]
    placed = [((i + 0.5) / len(group), each) for group in groups for i, each in enumerate(group)]
    return Plan([each for _, each in sorted(placed, key=lambda pair: pair[0])], echo_replies=1 if quick else 3)


def _head(clip: Clip, seconds: float) -> Clip:
    pcm = clip.pcm[: int(seconds * INPUT_RATE_HZ)]
    return replace(clip, pcm=pcm, voice_begin_samples=0, voice_end_samples=len(pcm) - 1)


def main(argv: Sequence[str]) -> int:
    """Runs this part alone, against a server of its own."""
    parser = argparse.ArgumentParser(prog="bench.bargein", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=Path, default=HOUSE / "tests" / "clips", help="folder with manifest.csv")
    parser.add_argument("--full", action="store_true", help="twice as many sounds")
    options = parser.parse_args(argv)
    try:
        plan = make_plan(load_clips(options.clips), quick=not options.full)
        with ServerProcess({"server.greet": "false"}) as server:
            figures = summarise(asyncio.run(measure(server, plan)))
    except (ClipError, ServerProcessError, FanError) as error:
        print(f"bargein: {error}", file=sys.stderr)
        return 1
    print(json.dumps(figures, indent=2))
    return 0


# --- visits ---------------------------------------------------------------------------------------------------


async def measure(server: ServerProcess, plan: Plan) -> Measured:
    """One visit with every sound, one with the echo. A visit that breaks down is followed by another."""
    measured = Measured()
    waiting = list(plan.sounds)
    give_up_at = time.monotonic() + LONGEST_S
    while waiting and time.monotonic() < give_up_at:
        async with Fan(server.ws_url, server.token, seed=40 + len(waiting)) as fan:
            try:
                await fan.wait(WARM_S)
                while waiting and time.monotonic() < give_up_at:
                    await _say_over(fan, *waiting.pop(0), measured)
            except FanError as error:
                print(f"  the visit broke down: {error}", file=sys.stderr)
                measured.n_void += 1
    measured.n_void += len(waiting)
    await _visit_with_echo(server, ECHO_DELAYS_S * plan.echo_replies, measured)
    return measured


async def _visit_with_echo(server: ServerProcess, delays_s: Sequence[float], measured: Measured) -> None:
    async with Fan(server.ws_url, server.token, seed=60) as fan:
        try:
            await fan.wait(WARM_S)
            for delay_s in delays_s:
                _note(await _listen_with_echo(fan, delay_s), measured)
        except FanError as error:
            print(f"  the visit with an echo broke down: {error}", file=sys.stderr)
            measured.n_void += 1


async def _say_over(fan: Fan, sound: Sound, clip: Clip, measured: Measured) -> None:
    """Makes one sound over a reply, and again over another one when that was too short to tell. Raises FanError."""
    for attempt in range(TRIES):
        open_question = OPEN_QUESTIONS[(len(measured.scores) + attempt) % len(OPEN_QUESTIONS)]
        await _ask(fan, open_question if sound == "words" else FIXED_QUESTION)
        await fan.wait(INTO_REPLY_S)
        overlap = await _overlap(fan, sound, clip)
        if not is_void(overlap, DECIDE_S):
            _note(overlap, measured)
            return
    print(f"  {sound:<11} {clip.name[:34]:<34} every reply ended too soon", flush=True)
    measured.n_void += 1


async def _ask(fan: Fan, question: str) -> int:
    """Returns the number of the reply as soon as it plays. Raises FanError."""
    reply_id = await fan.ask(question)
    if reply_id is None:
        raise FanError(f"no reply to {question!r}")
    return reply_id


async def _overlap(fan: Fan, sound: Sound, clip: Clip) -> Overlap:
    reply_id, first_arrival = fan.player.reply_id, len(fan.arrivals)
    began_at, ended_at = await fan.utter(clip)
    patience_s = STOP_WAIT_S if sound == "words" else DECIDE_S

    def settled() -> bool:
        return fan.player.reply_id != reply_id or not fan.player.playing or fan.reply_is_over()

    await fan.until(settled, ended_at + patience_s - fan.now())
    arrivals = tuple(fan.arrivals[first_arrival:])
    # Another reply that plays by now can only have begun when this one had been cancelled, or heard to its end.
    same = fan.player.reply_id == reply_id
    over_at = fan.player.over_at if same else fan.player.began_at
    return Overlap(clip.name, sound, reply_id, began_at, ended_at, arrivals, over_at)


async def _listen_with_echo(fan: Fan, delay_s: float) -> Overlap:
    """Hears a reply that leaks back into the microphone. Raises FanError."""
    fan.leak(delay_s, ECHO_GAIN)
    first_arrival = len(fan.arrivals)
    reply_id = await _ask(fan, FIXED_QUESTION)
    began_at = fan.player.began_at
    await fan.until(lambda: not fan.player.playing or fan.reply_is_over(), ECHO_REPLY_S)
    arrivals = tuple(fan.arrivals[first_arrival:])
    return Overlap(f"echo_{1000 * delay_s:.0f}ms", "echo", reply_id, began_at, fan.now(), arrivals)


def _note(overlap: Overlap, measured: Measured) -> None:
    score = score_overlap(overlap)
    measured.scores.append(score)
    outcome = "went on" if not score.stopped else f"silent after {score.silent_ms:.0f} ms"
    ducked = f", fainter after {score.duck_ms:.0f} ms" if score.duck_ms is not None else ""
    right = "" if score.stopped == (score.sound == "words") else "  WRONG"
    print(f"  {score.sound:<11} {score.name[:34]:<34} {outcome}{ducked}{right}  {score.heard[:46]!r}", flush=True)


# --- figures --------------------------------------------------------------------------------------------------


def summarise(measured: Measured) -> dict[str, Figure]:
    """The flat figures. `bargein_missed_rate`: words that did not stop the avatar; they have no stop time."""
    words = [score for score in measured.scores if score.sound == "words"]
    harmless = [score for score in measured.scores if score.sound in HARMLESS]
    heard = [score for score in harmless if score.sound != "echo"]
    return {
        **{f"bargein_stop_p{q}_ms": percentile((s.silent_ms for s in words if s.stopped), q) for q in (50, 95)},
        **{f"bargein_duck_p{q}_ms": percentile((s.duck_ms for s in words), q) for q in (50, 95)},
        "bargein_missed_rate": rate(not score.stopped for score in words),
        "false_stop_rate": rate(score.stopped for score in heard),
        **{f"false_stop_{k}_rate": rate(s.stopped for s in harmless if s.sound == k) for k in HARMLESS},
        "left_fainter_rate": rate(score.left_fainter for score in harmless),
        "n_bargein": len(words),
        "n_harmless": len(heard),
        "n_echo": len(harmless) - len(heard),
        "n_overlap_void": measured.n_void,
    }


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
