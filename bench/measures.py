"""What is measured, and how: pure functions over what a fan sent and what arrived. No clock, no I/O.

V2V (voice to voice) runs from the moment the frame with the fan's last voiced sample was sent, to the moment a
client without a jitter buffer plays the first audible sample of a reply that came with its face. Commit-to-face is
the server's own figure. fan.py makes the recordings, v2v.py sums them up.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.clips import Clip
from bench.player import Player
from protocol.messages import ReplyCancelled, ReplyChunk, ServerMessage, Transcript, TurnReport

AUDIBLE = 0.01  # of full scale


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message from the server and when it came in, in seconds of the fan's clock."""

    at: float
    message: ServerMessage


@dataclass(frozen=True, slots=True)
class FanTurn:
    """One clip as it was said, and everything that arrived from its first frame until the reply was over.

    `after_reply_id` is the newest reply before this turn. `stopped_at`: when the fan had heard enough and pressed
    stop.
    """

    clip: Clip
    began_at: float
    voice_end_at: float
    arrivals: tuple[Arrival, ...]
    rate_hz: int
    after_reply_id: int = 0
    stopped_at: float | None = None


@dataclass(frozen=True, slots=True)
class FirstSound:
    """The first audible sample of one reply: when its chunk arrived, and when a client plays it."""

    reply_id: int
    arrived_at: float
    heard_at: float
    with_face: bool


@dataclass(frozen=True, slots=True)
class TurnScore:
    """What one turn was like. Milliseconds; None where there is nothing to measure.

    v2v_ms: see the head of this module. arrival_ms: the same, but to the arrival of the chunk that holds the sample
    (what other harnesses report). llm_words_ms: the same, to the first audible words that the language model wrote,
    behind an opening if there is one. cut_off: a reply was audible before the fan had finished. missed: no
    reply with a face came after. withdrawn: the server took back what was already audible. kind: who made the words.
    partial: the last partial transcript.
    """

    clip: str
    transcript: str
    reply: str
    partial: str = ""
    kind: str | None = None
    v2v_ms: float | None = None
    llm_words_ms: float | None = None
    arrival_ms: float | None = None
    server_v2v_ms: float | None = None
    commit_to_face_ms: float | None = None
    cut_off: bool = False
    missed: bool = False
    withdrawn: bool = False
    underrun_ms: float = 0.0
    stages_ms: Mapping[str, float] = field(default_factory=dict)


def audible_from(pcm16: bytes) -> int | None:
    """The index of the first audible sample of little-endian PCM16, or None."""
    loud = np.flatnonzero(np.abs(np.frombuffer(pcm16, "<i2").astype(np.int32)) > AUDIBLE * 32768)
    return int(loud[0]) if len(loud) else None


def first_sounds(turn: FanTurn) -> list[FirstSound]:
    """The first audible sample of every reply that began in this turn, in the order of the replies."""
    sounds: dict[int, FirstSound] = {}
    for played in _played(turn):
        sounds.setdefault(played.sound.reply_id, played.sound)
    return list(sounds.values())


@dataclass(frozen=True, slots=True)
class _Played:
    """The first audible sample of one chunk, and where in its reply the chunk begins."""

    sound: FirstSound
    start_samples: int


def _played(turn: FanTurn) -> Iterator[_Played]:
    """Every audible chunk of this turn's replies, as a client without a jitter buffer plays them."""
    player = Player(turn.rate_hz)
    for arrival in turn.arrivals:
        chunk = arrival.message
        if isinstance(chunk, ReplyCancelled):
            player.cancel(chunk.reply_id, arrival.at)
        if not isinstance(chunk, ReplyChunk) or chunk.reply_id <= turn.after_reply_id:
            continue
        plays_at = player.receive(chunk, arrival.at)
        offset = audible_from(chunk.audio)
        if offset is not None:
            heard_at = plays_at + offset / turn.rate_hz
            yield _Played(FirstSound(chunk.reply_id, arrival.at, heard_at, bool(chunk.face)), chunk.start_samples)


def score_turn(turn: FanTurn) -> TurnScore:
    """Everything that one turn tells."""
    sounds = first_sounds(turn)
    answer = next((s for s in sounds if s.with_face and s.arrived_at >= turn.voice_end_at), None)
    cut_off = any(sound.arrived_at < turn.voice_end_at for sound in sounds)
    words = final_transcript(turn.arrivals)
    if answer is None:
        return TurnScore(turn.clip.name, words, "", last_partial(turn.arrivals), cut_off=cut_off, missed=not cut_off)
    report = report_of(turn.arrivals, answer.reply_id)
    written_at = _llm_words_at(turn, answer, report)
    return TurnScore(
        clip=turn.clip.name,
        transcript=words,
        reply=reply_text(turn.arrivals, answer.reply_id),
        partial=last_partial(turn.arrivals),
        kind=report.kind if report else None,
        v2v_ms=None if cut_off else _ms(answer.heard_at - turn.voice_end_at),
        llm_words_ms=None if cut_off or written_at is None else _ms(written_at - turn.voice_end_at),
        arrival_ms=None if cut_off else _ms(answer.arrived_at - turn.voice_end_at),
        server_v2v_ms=report.voice_to_voice_ms if report and not cut_off else None,
        commit_to_face_ms=report.commit_to_face_ms if report else None,
        cut_off=cut_off,
        withdrawn=_withdrawn(turn, sounds),
        underrun_ms=_underrun_ms(turn, answer.reply_id),
        stages_ms={s.name: round(s.end_ms - s.start_ms, 1) for s in report.stages} if report else {},
    )


def _llm_words_at(turn: FanTurn, answer: FirstSound, report: TurnReport | None) -> float | None:
    """When the first words by the language model were heard. None: it wrote none, or none was heard in time."""
    if report is None or report.kind not in ("llm", "opening"):
        return None
    sounds = (played.sound for played in _played(turn) if played.start_samples >= report.opening_samples)
    return next((sound.heard_at for sound in sounds if sound.reply_id == answer.reply_id), None)


def _withdrawn(turn: FanTurn, sounds: Sequence[FirstSound]) -> bool:
    """Whether the server silenced a reply that was audible after the fan had finished, unasked."""
    after = {s.reply_id for s in sounds if s.arrived_at >= turn.voice_end_at}
    return any(
        isinstance(a.message, ReplyCancelled)
        and a.message.reply_id in after
        and (turn.stopped_at is None or a.at < turn.stopped_at)
        for a in turn.arrivals
    )


def _underrun_ms(turn: FanTurn, reply_id: int) -> float:
    player = Player(turn.rate_hz)
    for arrival in turn.arrivals:
        if isinstance(arrival.message, ReplyChunk) and arrival.message.reply_id == reply_id:
            player.receive(arrival.message, arrival.at)
    return _ms(player.underrun_s)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


# --- what a reply was -----------------------------------------------------------------------------------------


def reply_chunks(arrivals: Iterable[Arrival], reply_id: int) -> list[ReplyChunk]:
    """The chunks of one reply, in order."""
    messages = (arrival.message for arrival in arrivals)
    return [m for m in messages if isinstance(m, ReplyChunk) and m.reply_id == reply_id]


def reply_text(arrivals: Iterable[Arrival], reply_id: int) -> str:
    """The words of one reply, as far as they were sent."""
    return " ".join(word.text for chunk in reply_chunks(arrivals, reply_id) for word in chunk.words)


def report_of(arrivals: Iterable[Arrival], reply_id: int) -> TurnReport | None:
    """The server's report on one reply."""
    reports = (a.message for a in arrivals if isinstance(a.message, TurnReport))
    return next((report for report in reports if report.reply_id == reply_id), None)


def reply_to(text: str, arrivals: Sequence[Arrival]) -> int | None:
    """The number of the reply that answers a typed turn, once it began to be heard."""
    messages = [arrival.message for arrival in arrivals]
    turns = {m.turn_id for m in messages if isinstance(m, Transcript) and m.final and m.text == text}
    return next((m.reply_id for m in messages if isinstance(m, TurnReport) and m.turn_id in turns), None)


def final_transcript(arrivals: Iterable[Arrival]) -> str:
    """What was understood: the final transcripts, joined where the server split the turn in two."""
    finals = (a.message for a in arrivals if isinstance(a.message, Transcript) and a.message.final)
    return " ".join(final.text for final in finals)


def last_partial(arrivals: Iterable[Arrival]) -> str:
    """What was shown last while the fan spoke: the newest partial before each final, joined as the finals are."""
    newest: dict[int, str] = {}
    for arrival in arrivals:
        message = arrival.message
        if isinstance(message, Transcript) and not message.final:
            newest[message.turn_id] = message.text
    return " ".join(newest.values())


# --- many turns -----------------------------------------------------------------------------------------------


def percentile(values: Iterable[float | None], q: float) -> float | None:
    """The q-th percentile (0..100, linear) of those that are not None; None of nothing."""
    known = [value for value in values if value is not None]
    return round(float(np.percentile(known, q)), 1) if known else None


def rate(flags: Iterable[bool]) -> float | None:
    """The share that is true, 0..1; None of nothing."""
    all_flags = list(flags)
    return round(sum(all_flags) / len(all_flags), 4) if all_flags else None


def stage_medians(scores: Iterable[TurnScore]) -> dict[str, float]:
    """The median length of each stage, ms, in the order of the fullest report."""
    lengths: dict[str, list[float]] = {}
    for score in sorted(scores, key=lambda score: -len(score.stages_ms)):
        for name, length_ms in score.stages_ms.items():
            lengths.setdefault(name, []).append(length_ms)
    return {name: round(float(np.median(values)), 1) for name, values in lengths.items()}


def peaks(pcm: NDArray[np.floating], n_bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and the highest sample in each of up to `n_bins` equal slices: a waveform that can be drawn."""
    n_bins = max(1, min(n_bins, len(pcm)))
    if not len(pcm):
        return np.zeros(1), np.zeros(1)
    edges = np.linspace(0, len(pcm), n_bins, endpoint=False).astype(int)
    samples = pcm.astype(np.float64)
    return np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)
