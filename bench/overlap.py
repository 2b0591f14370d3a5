"""The fan makes a sound while the avatar speaks: did the avatar fall silent, how soon, and should it have? Pure.

What comes next: bargein.py makes the recordings and sums them up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bench.measures import Arrival
from protocol.messages import ReplyCancelled, ReplyDuck, Transcript

#: "words" must stop the avatar; everything else must not.
Sound = Literal["words", "backchannel", "laugh", "cough", "noise", "echo"]
HARMLESS: tuple[Sound, ...] = ("backchannel", "laugh", "cough", "noise", "echo")
FULL = 0.99  # a gain above this is as loud as ever


@dataclass(frozen=True, slots=True)
class Overlap:
    """One sound over one reply, and all that arrived from its beginning on. Instants are seconds of the fan's clock.

    began_at, ended_at: when its first and its last voiced sample were sent. reply_over_at: when the reply had been
    played to its end, None when it had not been by the end of the watch.
    """

    name: str
    sound: Sound
    reply_id: int
    began_at: float
    ended_at: float
    arrivals: tuple[Arrival, ...]
    reply_over_at: float | None = None


@dataclass(frozen=True, slots=True)
class OverlapScore:
    """What one sound did. Milliseconds from its first voiced sample on; None: it did not happen.

    silent_ms: to the moment the client plays nothing more, cancelled or at gain 0. duck_ms: to the first moment that
    the reply is fainter than before (a cancelled one is). stopped: it was cancelled, or silent to the end.
    left_fainter: it went on, but never got its full loudness back. heard: what the server showed of it as words.
    """

    name: str
    sound: Sound
    silent_ms: float | None
    duck_ms: float | None
    stopped: bool
    left_fainter: bool
    heard: str = ""


def loudness(arrivals: Iterable[Arrival], reply_id: int) -> Iterator[tuple[float, float]]:
    """Each change of how loud the client plays this reply: from when on, and the gain, 0..1."""
    for arrival in arrivals:
        match arrival.message:
            case ReplyCancelled() as cancelled if cancelled.reply_id == reply_id:
                yield arrival.at, 0.0
                return
            case ReplyDuck() as duck if duck.reply_id == reply_id:
                yield arrival.at + duck.ramp_ms / 1000, duck.gain


def score_overlap(overlap: Overlap) -> OverlapScore:
    """Everything that one sound tells."""
    changes = [(at, gain) for at, gain in loudness(overlap.arrivals, overlap.reply_id) if at >= overlap.began_at]

    def first_ms(below: float) -> float | None:
        at = next((at for at, gain in changes if gain < below), None)
        return None if at is None else round(1000 * (at - overlap.began_at), 1)

    last_gain = changes[-1][1] if changes else 1.0
    return OverlapScore(
        name=overlap.name,
        sound=overlap.sound,
        silent_ms=first_ms(1e-3),
        duck_ms=first_ms(FULL),
        stopped=last_gain < 1e-3,
        left_fainter=1e-3 <= last_gain < FULL,
        heard=_newest_words(overlap.arrivals),
    )


def _newest_words(arrivals: Iterable[Arrival]) -> str:
    texts = [arrival.message.text for arrival in arrivals if isinstance(arrival.message, Transcript)]
    return texts[-1] if texts else ""


def is_void(overlap: Overlap, decide_s: float) -> bool:
    """Whether nothing can be learnt from it: the reply ended by itself before the sound could have stopped it.

    `decide_s`: how long after the end of a sound the server may still act on it.
    """
    over_at = overlap.reply_over_at
    return over_at is not None and over_at < overlap.ended_at + decide_s and not score_overlap(overlap).stopped
