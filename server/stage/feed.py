"""One view of what is on the stage, made once for all who see it in the same way: codec, face layout, sound.

What the house renders comes in, parcels for the wire go out. Eyes look straight ahead: where the fan stands is not for
the audience. What comes next: stage.py hands the parcels to every watcher of this view.
"""

from dataclasses import dataclass
from functools import cache

from msgspec.structs import replace

from avatar.layouts import Layout
from avatar.shown import Shown
from protocol.codec import Codec
from protocol.messages import FaceFormat, Hello, Listening, ReplyCancelled, ReplyChunk, ServerMessage
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, AudioFormat
from server.stage.parcel import Parcel
from server.wire_audio import Speaker


@cache
def codec_of(subprotocol: str) -> Codec:
    """The codec of a form of the wire; it keeps no state."""
    return Codec(subprotocol)


def parcel(subprotocol: str, message: ServerMessage) -> Parcel:
    """A message to all who speak this form of the wire."""
    codec = codec_of(subprotocol)
    return Parcel(codec.encode(message), binary=codec.binary)


@dataclass(frozen=True, slots=True)
class View:
    """How a client wants to see the stage."""

    subprotocol: str
    face: Layout
    encoding: str

    @classmethod
    def of(cls, codec: Codec, hello: Hello) -> "View":
        """The view that `hello` asks for."""
        return cls(codec.subprotocol, hello.face, hello.audio_out.encoding)


class Feed:
    """Belongs to one visit on the stage: the next visit gets new ones."""

    def __init__(self, view: View) -> None:
        self._subprotocol = view.subprotocol
        self._shown = Shown(view.face)
        self._speaker = Speaker(AudioFormat(view.encoding, OUTPUT_RATE_HZ))
        self._seq = 0
        self._cut_at_samples: int | None = None

    @property
    def audio_out(self) -> AudioFormat:
        """How its sound is encoded."""
        return self._speaker.audio_format

    @property
    def face(self) -> FaceFormat:
        """How its faces are to be read."""
        layout = self._shown.layout
        return FaceFormat(layout.names, FACE_FPS, layout.centred)

    def chunk(self, chunk: ReplyChunk) -> Parcel:
        """A slice of a reply as the house renders it. Must be called in order."""
        self._cut_at_samples = None
        if chunk.face:
            face, head = self._shown.speak(chunk.reply_id, chunk.start_samples, chunk.face)
            chunk = replace(chunk, face=face, head=head)
        return parcel(self._subprotocol, self._speaker.chunk(chunk))

    def cancelled(self, cut: ReplyCancelled) -> Parcel:
        """A reply was broken off; the slice that closes the mouth follows."""
        self._cut_at_samples = cut.heard_samples
        return parcel(self._subprotocol, cut)

    def listening(self, shown: Listening) -> Parcel | None:
        """A slice of the face between replies. None: this view has no face."""
        if not self._shown.wanted:
            return None
        cut_at_samples, self._cut_at_samples = self._cut_at_samples, None
        if cut_at_samples is None:
            face, head = self._shown.listen(shown.face)
        else:
            face, head = self._shown.close_mouth(cut_at_samples, shown.face)
        self._seq += 1
        return parcel(self._subprotocol, replace(shown, seq=self._seq, face=face, head=head))
