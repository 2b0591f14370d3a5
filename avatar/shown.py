"""The last step of a face before it is sent: eyes to where the fan is now, no jump from what was sent before, layout.

Faces are rendered ahead, and some never leave: this sees only what one client gets, in the order in which they see
it. So it knows what no renderer can, which frame the next one follows. What comes next: the hallway sends the bytes.
"""

from typing import Final

import numpy as np

from avatar.blendshapes import INDEX, Weights
from avatar.channels import N_CHANNELS, Frames, as_bytes, as_weights
from avatar.face import SEAM_STEP, SPOKEN, fading
from avatar.gaze import Gaze
from avatar.layouts import LAYOUTS, Layout, head_bytes
from protocol.timeline import SAMPLES_PER_FACE_FRAME

_LIDS: Final = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


class Shown:
    """What one client sees of its avatar's face."""

    def __init__(self, layout: Layout) -> None:
        self.layout = LAYOUTS[layout]
        self._gaze = Gaze()
        self._last: Frames | None = None
        self._residue: Weights = np.zeros(N_CHANNELS, np.float32)
        self._reply_id: int | None = None  # the one that has the face
        self._reply: Frames = np.zeros((0, N_CHANNELS), np.uint8)  # what was sent of it; as long as a reply may be

    @property
    def wanted(self) -> bool:
        """Whether the client wants any face at all."""
        return bool(self.layout.names)

    def see(self, head: tuple[float, float, float]) -> None:
        """Where the fan's head is, see gaze.py."""
        self._gaze.see(head)

    def speak(self, reply_id: int, start_samples: int, raw: bytes) -> tuple[bytes, bytes]:
        """A slice of a reply as the house renders it; returns face and head as they go on the wire.

        A slice that was sent before (its connection was lost) takes the old one's place.
        """
        new = reply_id != self._reply_id
        frames = self._joined(raw, seam=new)
        before = self._reply[: 0 if new else start_samples // SAMPLES_PER_FACE_FRAME]
        self._reply_id, self._reply = reply_id, np.concatenate([before, frames])
        return self._encoded(frames)

    def listen(self, raw: bytes) -> tuple[bytes, bytes]:
        """A slice between replies, in the same way."""
        self._reply_id = None
        return self._encoded(self._joined(raw, seam=True))

    def close_mouth(self, heard_samples: int, raw: bytes) -> tuple[bytes, bytes]:
        """The slice that ends a reply which was cut: it follows the frame that was heard last, with the mouth shut."""
        if len(self._reply) and raw:
            self._last = self._reply[min(heard_samples // SAMPLES_PER_FACE_FRAME, len(self._reply) - 1)].copy()
            self._last[SPOKEN] = np.frombuffer(raw, np.uint8)[:N_CHANNELS][SPOKEN]
            self._residue = np.zeros(N_CHANNELS, np.float32)
        return self.listen(raw)

    def _joined(self, raw: bytes, *, seam: bool) -> Frames:
        """The frames, following the fan. Where another source begins (`seam`) jumps are led over; lids may jump."""
        channels = as_weights(np.frombuffer(raw, np.uint8).reshape(-1, N_CHANNELS))
        if not len(channels):
            return np.zeros((0, N_CHANNELS), np.uint8)
        self._gaze.follow(channels)
        if seam and self._last is not None:
            jump = as_weights(self._last) - channels[0] - self._residue
            jump[_LIDS] = 0.0
            self._residue = self._residue + np.where(np.abs(jump) > SEAM_STEP, jump, np.float32(0.0))
        residue = fading(self._residue, len(channels))
        frames = as_bytes(channels + residue)
        self._residue, self._last = residue[-1], frames[-1]
        return frames

    def _encoded(self, frames: Frames) -> tuple[bytes, bytes]:
        if not self.wanted:
            return b"", b""
        return self.layout.encode(frames).tobytes(), head_bytes(frames)
