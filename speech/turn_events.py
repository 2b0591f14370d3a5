"""What the turn machine is told, and what it asks for. Events in the past tense, actions in the imperative.

What comes next: turns.py, the rules.
"""

from dataclasses import dataclass
from typing import Literal

CancelReason = Literal["barge_in", "interrupt", "fan_went_on", "engine_failed"]

# --- what happened ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FanStarted:
    """A voice was heard."""


@dataclass(frozen=True, slots=True)
class FanPaused:
    """The voice stopped `silent_s` seconds ago."""

    silent_s: float


@dataclass(frozen=True, slots=True)
class FanTyped:
    text: str


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """What the turn says so far; `final` when it was asked for at a pause. `text` may be empty: no words.

    mean_logprob: how sure the recogniser is, a token; 0 is certain.
    """

    turn_id: int
    revision: int
    text: str
    final: bool
    mean_logprob: float = 0.0


@dataclass(frozen=True, slots=True)
class TurnScored:
    """How likely the turn is complete, by its sound. None: the model failed."""

    turn_id: int
    revision: int
    complete_prob: float | None


@dataclass(frozen=True, slots=True)
class EndingJudged:
    """How likely a sentence ends after `text`. None: the model failed."""

    turn_id: int
    text: str
    ending_prob: float | None


@dataclass(frozen=True, slots=True)
class LineDue:
    """The persona should say something by itself (a greeting, a goodbye)."""

    line: str


@dataclass(frozen=True, slots=True)
class ReplyAudible:
    """The first sound of a committed reply went out."""

    reply_id: int


@dataclass(frozen=True, slots=True)
class ReplyComplete:
    """All of a reply was made: `total_samples` of it."""

    reply_id: int
    total_samples: int


@dataclass(frozen=True, slots=True)
class ReplyHeard:
    """A playback mark."""

    reply_id: int
    heard_samples: int


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    reply_id: int


@dataclass(frozen=True, slots=True)
class StopPressed:
    """The fan pressed stop."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The deadline has come."""


Event = (
    FanStarted
    | FanPaused
    | FanTyped
    | WordsHeard
    | TurnScored
    | EndingJudged
    | LineDue
    | ReplyAudible
    | ReplyComplete
    | ReplyHeard
    | ReplyFailed
    | StopPressed
    | Tick
)


# --- what to do ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenTurn:
    """Keep the fan's audio from now on (and a little before)."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class Recognise:
    """Write down the turn so far and report WordsHeard with these numbers."""

    turn_id: int
    revision: int
    final: bool


@dataclass(frozen=True, slots=True)
class ScoreTurn:
    """Ask the audio turn model and report TurnScored with these numbers."""

    turn_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class JudgeEnding:
    """Ask how likely a sentence ends after `text`, and report EndingJudged with these values."""

    turn_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ShowTranscript:
    """`stable_words` of the text will not change any more."""

    turn_id: int
    text: str
    final: bool
    stable_words: int = 0


@dataclass(frozen=True, slots=True)
class CloseTurn:
    """The turn is over: its audio may be forgotten."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class StartReply:
    """Begin to make a reply. Nothing of it may be heard before CommitReply. `line`: say exactly this. `waited`: the fan
    was asked for a second in this turn, and is not asked again.
    """

    reply_id: int
    turn_id: int
    text: str
    line: str | None = None
    waited: bool = False


@dataclass(frozen=True, slots=True)
class CommitReply:
    reply_id: int


@dataclass(frozen=True, slots=True)
class DuckReply:
    """The fan makes a sound: speak more softly, or, when it was nothing, as before."""

    reply_id: int
    ducked: bool


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop making it, and silence it if any of it was sent."""

    reply_id: int
    reason: CancelReason


@dataclass(frozen=True, slots=True)
class EndReply:
    """The reply was heard to its end."""

    reply_id: int


Action = (
    OpenTurn
    | Recognise
    | ScoreTurn
    | JudgeEnding
    | ShowTranscript
    | CloseTurn
    | StartReply
    | CommitReply
    | DuckReply
    | CancelReply
    | EndReply
)
