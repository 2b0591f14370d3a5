"""The avatar's face on its way to one client: between replies it listens, thinks, nods; in them it goes as rendered.

While no reply sounds, a slice of 200 ms leaves every 200 ms; a timer asks the session what the avatar is at. Every
slice, of a reply or not, passes `Shown`: eyes to the fan, no jumps, the client's layout. What comes next: the outbox.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from avatar.emotion import Emotion
from avatar.face import Face
from avatar.gaze import EYES_M
from avatar.layouts import Layout
from avatar.life import Attention
from avatar.listening import Listener
from avatar.shown import Shown
from protocol.messages import FaceFormat, Listening, ReplyChunk, ServerMessage
from protocol.timeline import FACE_FPS, Gesture, GestureCue, PostureCue

Point = tuple[float, float, float]
Lips = Literal["exact", "sound"]  # what moves them, see FaceFormat

AHEAD_M: Final[Point] = (0.0, EYES_M[1], 1.2)
SLICE_FRAMES: Final = 12
SLICE_S: Final = SLICE_FRAMES / FACE_FPS
MIRRORED_S: Final = 6.0  # how long a strong feeling of the fan's stays on the listener's face


class Presence:
    """One client's view of the avatar. Belongs to one event loop.

    face: the session's face as it is now. attention: what the avatar does; None while a reply has the face.
    """

    def __init__(
        self,
        layout: Layout,
        seed: int,
        face: Callable[[], Face],
        attention: Callable[[], Attention | None],
        post: Callable[[ServerMessage], None],
    ) -> None:
        self._shown = Shown(layout)
        self._listener = Listener(seed)
        self._face = face
        self._attention = attention
        self._post = post
        self._seq = 0
        #: Gets every slice between replies in the house's channels, once told to; the client may want no face at all.
        self.watch: Callable[[Listening], None] | None = None
        self.on_seen: Callable[[Point], None] = lambda head: None
        #: What the avatar attends to may be another's matter: gets what it is here, answers what it is.
        self.defer: Callable[[Attention | None], Attention | None] = lambda own: own
        self.head: Point | None = None  # the fan's, as far as their client tells
        self._aside: Point | None = None
        self.lips: Lips = "exact"
        self._cue: Gesture | None = None  # of the next slice
        self._posture: PostureCue | None = None
        self._mirrored: Emotion | None = None
        self._mirrored_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0
        self._begun = False

    def format(self) -> FaceFormat:
        """How the client is to read the frames."""
        return FaceFormat(self._shown.layout.names, FACE_FPS, self._shown.layout.centred, self.lips)

    # --- what is known of the fan ---

    def see(self, head: Point) -> None:
        """Where the fan's head is; the newest counts."""
        self.head = head
        if self._aside is None:
            self._shown.see(head)
        self.on_seen(head)

    def look_aside(self, at: Point | None) -> None:
        """The avatar looks at somebody else, whose head is there; None: at the fan again."""
        if at is not None or self._aside is not None:
            self._aside = at
            self._shown.see(at or self.head or AHEAD_M)

    def attention(self) -> Attention | None:
        """What the avatar does. None: a reply has the face."""
        return self._attention()

    def fan_began(self) -> None:
        """The fan's turn begins."""
        self._listener.begin_turn(_now())

    def fan_said(self, partial: str) -> None:
        """What is understood of the turn so far."""
        self._listener.hear(partial, _now())

    def fan_paused(self) -> None:
        """The fan has fallen silent, for a moment or for good."""
        self._listener.pause(_now())

    def mirror(self, feeling: Emotion | None) -> None:
        """The fan seems to feel this, strongly, and has allowed us to ask: the listening face answers softly. None:
        nothing strong, or they do not allow it any more.
        """
        self._mirrored, self._mirrored_until = feeling, _now() + MIRRORED_S

    # --- what is sent ---

    def begin(self) -> None:
        """From now on there is a face between replies. For a client that wants none nothing happens, unless somebody
        watches.
        """
        self._begun = True
        if (self._shown.wanted or self.watch) and self._timer is None:
            self._next_at = _now()
            self._tick()

    def go_on(self) -> None:
        """The client is back: slices go on if they had begun."""
        if self._begun:
            self.begin()

    def stop(self) -> None:
        """No more slices, until `begin` or `go_on`."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def dress(self, chunk: ReplyChunk) -> ReplyChunk:
        """A chunk as the client gets it. Must be called in the order of sending, just before it."""
        if not chunk.face:
            return chunk
        face, head = self._shown.speak(chunk.reply_id, chunk.start_samples, chunk.face)
        return msgspec.structs.replace(chunk, face=face, head=head)

    def gesture(self, name: Gesture) -> None:
        """The avatar answers something without words: with its next slice, whoever has the face then."""
        self._face().gesture(name)
        self._cue = name

    def close_mouth(self, heard_samples: int) -> None:
        """A reply was cut: the mouth is shut in the next frame the client shows."""
        raw, self._posture = self._face().close_mouth(heard_samples).tobytes(), None  # held as it is, for now
        self._send(raw, *self._shown.close_mouth(heard_samples, raw))
        if self._timer:
            self.stop()
            self._next_at = _now() + SLICE_S
            self._arm()

    def _tick(self) -> None:
        attention = self.defer(self._attention())
        if attention is not None:
            nod = self._listener.takes_nod()
            mirrored = self._mirrored if _now() < self._mirrored_until else None
            face = self._face()
            raw = face.listen(SLICE_FRAMES, attention, nod=nod, mirrored=mirrored).tobytes()
            self._posture = face.posture(attention)
            names = (*(("nod",) if nod else ()), *((self._cue,) if self._cue else ()))
            self._cue = None
            self._send(raw, *self._shown.listen(raw), tuple(GestureCue(0, name) for name in names))
        self._next_at = max(self._next_at + SLICE_S, _now())
        self._arm()

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._next_at, self._tick)

    def _send(self, raw: bytes, face: bytes, head: bytes, gestures: tuple[GestureCue, ...] = ()) -> None:
        if self.watch:
            self.watch(Listening(0, raw, b"", gestures, self._posture))
        if self._shown.wanted:
            self._seq += 1
            self._post(Listening(self._seq, face, head, gestures, self._posture))


def _now() -> float:
    return asyncio.get_running_loop().time()
