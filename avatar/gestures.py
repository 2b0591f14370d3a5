"""Gestures as far as a head and a face can make them; arms are the rig's business, by the cue's name.

Each is a short curve over the channels of channels.py, from rest to rest. What comes next: expression.py adds them to
the feeling at their moment.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from avatar.blendshapes import Weights, pose
from avatar.channels import HEAD_FULL_DEG, PITCH, ROLL, YAW, widened
from avatar.emotion import GestureMark
from avatar.life import Array, bump
from protocol.timeline import FACE_FPS, Gesture, GestureCue, WordSpan


@dataclass(frozen=True, slots=True)
class Motion:
    """`held` grows and fades over the gesture; the head turns by `turns(done)` degrees (pitch, yaw, roll) besides."""

    length_s: float
    held: Weights
    turns: Callable[[Array], tuple[Array, Array, Array]]

    @property
    def n_frames(self) -> int:
        return int(self.length_s * FACE_FPS)

    def frames(self, since: Array, strength: float) -> Weights:
        """What it adds `since` frames after its beginning, float32 [len(since), N_CHANNELS]; nothing outside of it."""
        done = since / self.n_frames
        added = bump(done)[:, None] * self.held
        inside = ((done > 0) & (done < 1)).astype(np.float32)
        for channel, degrees in zip((PITCH, YAW, ROLL), self.turns(done), strict=True):
            added[:, channel] += inside * degrees / HEAD_FULL_DEG
        return np.asarray(added * np.float32(strength), np.float32)


def at_words(marks: Sequence[GestureMark], words: Sequence[WordSpan]) -> tuple[GestureCue, ...]:
    """When each gesture of a clause begins: with the first sound of the word that its mark stands before.

    A written word without a sound (a dash) passes it on to the next one; behind the last word it begins with that
    word, so that it is not made in silence. Samples as in `words`; without words, 0.
    """
    return tuple(GestureCue(_begin(mark, words), mark.name) for mark in marks)


def _begin(mark: GestureMark, words: Sequence[WordSpan]) -> int:
    heard = [(i, word) for i, word in enumerate(words) if word.end_samples > word.start_samples]
    follows = next((word for i, word in heard if i >= mark.word), heard[-1][1] if heard else None)
    return follows.start_samples if follows else 0


def _still(done: Array) -> tuple[Array, Array, Array]:
    return (0 * done,) * 3


def _waves(done: Array, cycles: float, degrees: float) -> Array:
    """A swing that fades in and out."""
    return np.asarray(degrees * np.sin(2 * np.pi * cycles * done) * bump(done) ** 0.5, np.float32)


def _dips(done: Array) -> Array:
    """Two nods down, the second half as deep."""
    return np.asarray(9.0 * bump(done / 0.55) + 4.5 * bump((done - 0.5) / 0.5), np.float32)


MOTIONS: Final[Mapping[Gesture, Motion]] = {
    "nod": Motion(0.85, widened(pose(browOuterUp=0.12, eyeSquint=0.06)), lambda d: (_dips(d), 0 * d, 0 * d)),
    "shake": Motion(1.1, widened(pose(browDown=0.12)), lambda d: (0 * d, _waves(d, 2.5, 11.0), 0 * d)),
    "laugh": Motion(
        1.5,
        widened(pose(mouthSmile=0.35, cheekSquint=0.40, eyeSquint=0.30), pitch_deg=-5.0, roll_deg=2.0),
        lambda d: (_waves(d, 7.0, 2.0), 0 * d, 0 * d),
    ),
    "heart": Motion(1.6, widened(pose(mouthSmile=0.30, eyeSquint=0.16, cheekSquint=0.2), roll_deg=6.0), _still),
    "shrug": Motion(
        0.95,
        widened(pose(browInnerUp=0.30, browOuterUp=0.25, mouthShrugLower=0.35), pitch_deg=-2.0, roll_deg=5.0),
        _still,
    ),
    "wave": Motion(1.3, widened(pose(mouthSmile=0.22, browOuterUp=0.22), pitch_deg=-2.0, roll_deg=-4.0), _still),
    "point": Motion(0.7, widened(pose(browOuterUp=0.12, eyeWide=0.08), pitch_deg=3.0), _still),
}

#: The small nod of a listener: "go on". Half a second, with the brows.
ACKNOWLEDGE: Final = Motion(
    0.5,
    widened(pose(browInnerUp=0.20, browOuterUp=0.24, eyeSquint=0.10, cheekSquint=0.08, mouthSmile=0.08), pitch_deg=5.0),
    _still,
)
