"""Every message on the wire, declared once: here those of a conversation, in visit_messages.py those of a fan's visit
to an event, in event_messages.py those of its stage and host.

A message is a map with a `type`. Unknown fields are ignored, so adding one is a minor version; unknown types
are a coded error. `codec.py` comes next: it turns these into bytes and back; `handshake.py` says which one is
legal when. Bounds written here are checked while decoding.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .errors import ErrorCode
from .event_messages import (
    Group,
    HostAct,
    HostDone,
    HostHealth,
    HostLines,
    HostMood,
    HostQueue,
    HostTopic,
    HostTranscript,
    HostVisit,
    Reaction,
    Reactions,
    StageState,
)
from .roots import MAX_TEXT_CHARS as MAX_TEXT_CHARS  # noqa: PLC0414 (whoever knows the messages knows both)
from .roots import Consents as Consents  # noqa: PLC0414
from .roots import Count, Id, Message, Metres, Name, Token
from .roots import PersonaCard as PersonaCard  # noqa: PLC0414
from .timeline import OUTPUT_RATE_HZ, AudioFormat, EmotionCue, GestureCue, PostureCue, VisemeSpan, WordSpan
from .visit_messages import EventCard, ForgetMemory, KeepsakeState, QueuePlace, Remembered, Satisfaction, SlotTime

PROTOCOL_VERSION = "1.0"
SUBPROTOCOL_MSGPACK = "avatar.v1.msgpack"
SUBPROTOCOL_JSON = "avatar.v1.json"

MAX_MESSAGE_BYTES = 64 * 1024


# --- client to server ---------------------------------------------------------------------------------------


class Resume(Struct, frozen=True):
    """The visit to go on with after a lost connection, and how much of which reply was heard (none: reply 0)."""

    token: Annotated[str, Meta(max_length=200)]
    reply_id: Count = 0
    heard_samples: Count = 0


class Hello(Message, tag="hello", frozen=True):
    """The first message of a client: who it is and what it can do. With `resume` all else in it is ignored."""

    version: Annotated[str, Meta(max_length=16)] = PROTOCOL_VERSION
    client: Name = "unknown"
    name: Name = ""
    token: Token = ""
    language: Annotated[str, Meta(max_length=16)] = "en"
    audio_in: AudioFormat = AudioFormat()
    face: Literal["arkit52", "azure55", "oculus15", "vrm", "none"] = "arkit52"
    consents: Consents = Consents()
    audio_out: AudioFormat = AudioFormat("pcm16", OUTPUT_RATE_HZ)
    resume: Resume | None = None


class DisclosureAcknowledged(Message, tag="disclosure.acknowledged", frozen=True):
    """The person was told that they talk with an AI. No audio and no text passes before this."""


class AudioChunk(Message, tag="audio", frozen=True):
    """A slice of the fan's microphone in the format agreed in `hello`; 20 to 100 ms is a good size.

    audio: PCM16, or Opus packets, each after its length (2 bytes, little-endian).
    """

    audio: bytes
    seq: Count = 0


class TextInput(Message, tag="text", frozen=True):
    """A typed turn, for those who do not speak."""

    text: Annotated[str, Meta(max_length=MAX_TEXT_CHARS)]


class PlaybackMark(Message, tag="playback.mark", frozen=True):
    """The listener has heard the first `heard_samples` samples of the reply."""

    reply_id: Count
    heard_samples: Count


class FanPose(Message, tag="fan.pose", frozen=True):
    """Where the fan's head is, in metres in the avatar's space, so that its eyes and head can follow.

    The origin is on the floor under the avatar, y points up, z from the avatar towards the fan, x to the avatar's
    left. The newest counts; more than 10 a second are of no use.
    """

    head: tuple[Metres, Metres, Metres]


class FanFace(Message, tag="fan.face", frozen=True):
    """What the fan's own device tells of how they feel. Only with the consent `emotion_sensing`, else it is refused.

    face: their blendshapes, 52 bytes in the order of `arkit52`, weight = byte / 255; or nothing. heart_bpm: their heart
    rate; or null. The newest counts for two seconds and is then forgotten; at most 10 a second.
    """

    face: Annotated[bytes, Meta(max_length=52)] = b""
    heart_bpm: Annotated[float, Meta(ge=20, le=250)] | None = None


class Interrupt(Message, tag="interrupt", frozen=True):
    """The fan pressed stop: the reply that is playing ends now."""


class ConsentChange(Message, tag="consent", frozen=True):
    """The fan changed their mind; the new consents replace the old ones at once."""

    consents: Consents


class Ping(Message, tag="ping", frozen=True):
    """Answered with `pong` carrying the same nonce."""

    nonce: Count = 0


class Leave(Message, tag="leave", frozen=True):
    """The fan goes; the server says nothing more and closes with 1000."""


ClientMessage = (
    Hello
    | DisclosureAcknowledged
    | AudioChunk
    | TextInput
    | PlaybackMark
    | FanPose
    | FanFace
    | Interrupt
    | ConsentChange
    | Satisfaction
    | ForgetMemory
    | Reaction
    | HostAct
    | Ping
    | Leave
)


# --- server to client ---------------------------------------------------------------------------------------


class FaceFormat(Struct, frozen=True):
    """How `face` bytes are to be read: frames of len(names) bytes, weight = byte / 255.

    The names in `centred` go both ways: weight = (byte - 128) / 127. lips: what moves them, the synthesiser's own times
    of its phonemes (`exact`), or, where it tells none, the sound (`sound`): good, and less so (bench/README.md).
    """

    names: tuple[str, ...]
    fps: int
    centred: tuple[str, ...] = ()
    lips: Literal["exact", "sound"] = "exact"


class Limits(Struct, frozen=True):
    """What the server enforces."""

    max_message_bytes: int = MAX_MESSAGE_BYTES
    max_text_chars: int = MAX_TEXT_CHARS
    max_messages_per_s: int = 200
    max_audio_ahead_ms: int = 5000
    max_idle_s: int = 120
    max_session_s: int = 1800
    max_away_s: int = 30


class Welcome(Message, tag="hello", frozen=True):
    """The server's first message. `disclosure` must be shown or read to the person and acknowledged.

    resume_token: good once, within `limits.max_away_s` of a lost connection; empty: this visit cannot be resumed.
    resumed: the visit goes on where it was, and nothing is to be acknowledged again.
    """

    session_id: str
    persona: PersonaCard
    disclosure: str
    audio_in: AudioFormat
    audio_out: AudioFormat
    face: FaceFormat
    limits: Limits
    version: str = PROTOCOL_VERSION
    resume_token: str = ""
    resumed: bool = False
    role: Literal["fan", "host", "spectator"] = "fan"
    event: EventCard | None = None


class ReplyChunk(Message, tag="reply.chunk", frozen=True):
    """A slice of a reply: audio, and the face for exactly that audio.

    audio: in `audio_out`; as Opus, packets of 20 ms, each after its length (2 bytes, little-endian). face: one frame
    per 1/fps second; frame k of this chunk belongs to sample start_samples + k * rate / fps. head: where the head
    turns, 3 bytes for each face frame. Words, visemes and cues are on the same clock; a span is sent with the chunk in
    which it begins. `last` marks the end of the reply; that chunk may be empty.
    """

    reply_id: int
    seq: int
    start_samples: int
    audio: bytes
    face: bytes
    words: tuple[WordSpan, ...] = ()
    visemes: tuple[VisemeSpan, ...] = ()
    emotion: EmotionCue | None = None
    gestures: tuple[GestureCue, ...] = ()
    last: bool = False
    head: bytes = b""
    posture: PostureCue | None = None


class ReplyDuck(Message, tag="reply.duck", frozen=True):
    """Play this reply at `gain` from now on, reached in `ramp_ms`: softer while the fan makes a sound, then 1 again.

    Chunks go on arriving. A client that cannot change the loudness ignores it.
    """

    reply_id: int
    gain: Annotated[float, Meta(ge=0.0, le=1.0)]
    ramp_ms: int


class ReplyCancelled(Message, tag="reply.cancelled", frozen=True):
    """Stop at once: drop all buffered audio and face of this reply and close the mouth."""

    reply_id: int
    reason: Literal["barge_in", "interrupt", "fan_went_on", "engine_failed"]
    heard_samples: int


class Listening(Message, tag="listening", frozen=True):
    """Face frames between replies, played from arrival at `fps`; the newest message wins.

    head: as in `reply.chunk`. gestures: those that begin with this message; their `start_samples` is 0. posture: how
    the body is held from now on; null: as before.
    """

    seq: int
    face: bytes
    head: bytes = b""
    gestures: tuple[GestureCue, ...] = ()
    posture: PostureCue | None = None


class Transcript(Message, tag="transcript", frozen=True):
    """What was understood of the fan's turn. Partials may change, except for their first `stable_words` words; the
    final of a turn comes once. speaker: which member of a group said it, and `turn_id` counts the turns of each; empty
    for a fan who is alone.
    """

    turn_id: int
    text: str
    final: bool
    language: str = "en"
    stable_words: int = 0
    speaker: Id = ""


class Stage(Struct, frozen=True):
    """One stage of a turn. Milliseconds on the server's session clock."""

    name: str
    start_ms: float
    end_ms: float


class TurnReport(Message, tag="turn.report", frozen=True):
    """Where the time of a turn went. `kind` says where its first words came from: the language model, a prepared
    answer, the disclosure, or a prepared opening of `opening_samples` samples that the language model goes on from.
    """

    turn_id: int
    reply_id: int
    kind: Literal["llm", "prepared", "disclosure", "opening"]
    voice_to_voice_ms: float
    commit_to_face_ms: float
    stages: tuple[Stage, ...]
    opening_samples: int = 0


class Notice(Message, tag="notice", frozen=True):
    """Something the person should know."""

    kind: Literal["disclosure", "consent", "moderation", "time_left", "server"]
    text: str


class Pong(Message, tag="pong", frozen=True):
    """The answer to `ping`; `server_at_ms` is the server's session clock."""

    nonce: int
    server_at_ms: float


class ErrorMessage(Message, tag="error", frozen=True):
    """Something went wrong; a fatal one is followed by close."""

    code: ErrorCode
    message: str
    fatal: bool = False


ServerMessage = (
    Welcome
    | QueuePlace
    | SlotTime
    | Group
    | ReplyChunk
    | ReplyDuck
    | ReplyCancelled
    | Listening
    | Transcript
    | TurnReport
    | Notice
    | KeepsakeState
    | Remembered
    | StageState
    | Reactions
    | HostVisit
    | HostTranscript
    | HostLines
    | HostMood
    | HostQueue
    | HostHealth
    | HostTopic
    | HostDone
    | Pong
    | ErrorMessage
)
