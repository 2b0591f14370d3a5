"""Everything on the face that is not speech: feeling, eyes, blinks, and the small motion that says somebody is there.

One Expression lives as long as its session and goes on from frame to frame, through replies and listening alike.
Its chances come from one seed, and each kind of motion has its own, so the face of a session does not depend on how
many frames are asked for at a time. What comes next: face.py lays the speaking mouth over it.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.blendshapes import INDEX, N_WEIGHTS, Weights, pose
from avatar.emotion import CATEGORIES, Emotion
from protocol.timeline import FACE_FPS, EmotionCategory

Array = NDArray[np.floating | np.integer]

#: Each feeling at its usual strength, without the jaw: that belongs to speech.
FEELING_POSES: Final[dict[EmotionCategory, Weights]] = {
    "neutral": pose(mouthSmile=0.07),
    "joy": pose(
        mouthSmile=0.50, cheekSquint=0.38, eyeSquint=0.20, mouthDimple=0.12, browOuterUp=0.14, browInnerUp=0.08
    ),
    "sadness": pose(
        browInnerUp=0.55, mouthFrown=0.38, mouthShrugLower=0.16, eyeBlink=0.10, eyeLookDown=0.10, browDown=0.10
    ),
    "anger": pose(browDown=0.62, eyeSquint=0.28, noseSneer=0.22, mouthFrown=0.16, mouthPress=0.14, eyeWide=0.08),
    "fear": pose(browInnerUp=0.55, browOuterUp=0.25, eyeWide=0.42, mouthStretch=0.22, mouthFrown=0.12),
    "surprise": pose(browInnerUp=0.50, browOuterUp=0.52, eyeWide=0.48, mouthSmile=0.05),
    "affection": pose(mouthSmile=0.38, cheekSquint=0.26, eyeSquint=0.14, browInnerUp=0.22, eyeBlink=0.05),
}
ATTENTIVE_POSE: Final = pose(browInnerUp=0.10, browOuterUp=0.07, eyeWide=0.06, mouthSmile=0.09)
IDLE_POSE: Final = pose(mouthSmile=0.10)

_FADE_FRAMES: Final = FACE_FPS * 300 // 1000
_NOD: Final = pose(browInnerUp=0.20, browOuterUp=0.24, eyeSquint=0.10, cheekSquint=0.08, mouthSmile=0.08)
_NOD_FRAMES: Final = FACE_FPS * 450 // 1000
_ACCENT: Final = pose(browInnerUp=0.16, browOuterUp=0.20, eyeWide=0.05)
_ACCENT_FRAMES: Final = FACE_FPS * 110 // 1000  # the half width of a raised brow
_ACCENT_APART: Final = FACE_FPS * 600 // 1000
_BREATHS_HZ: Final = 0.24
#: A blink falls fast and rises slowly: 133 ms in all.
_BLINK: Final = np.array([0.35, 0.85, 1.0, 1.0, 0.78, 0.46, 0.2, 0.06], np.float32)
_SACCADE_FRAMES: Final = 3
_SMILES: Final = tuple(INDEX[f"mouthSmile{side}"] for side in ("Left", "Right"))


@dataclass(frozen=True, slots=True)
class Manners:
    """How a persona wears its feelings: `warmth` scales smiles and tenderness, `energy` all of it. 1.0 is usual."""

    warmth: float = 1.0
    energy: float = 1.0


def feeling_pose(emotion: Emotion, manners: Manners) -> Weights:
    """The held face of a feeling, float32 [52]: stronger with arousal and with the size of its valence."""
    usual_valence, usual_arousal = CATEGORIES[emotion.category]
    strength = 1.0 + 0.5 * (emotion.arousal - usual_arousal) + 0.5 * (abs(emotion.valence) - abs(usual_valence))
    if emotion.category in {"joy", "affection", "neutral"}:
        strength *= manners.warmth
    return np.asarray(np.clip(FEELING_POSES[emotion.category] * max(0.2, strength) * _energy(manners), 0.0, 1.0))


def _energy(manners: Manners) -> np.float32:
    return np.float32(0.5 + 0.5 * manners.energy)


class Expression:
    """The face without its speech, frame by frame. Holds the feeling it fades to and the next blink and glance."""

    def __init__(self, seed: int, manners: Manners) -> None:
        self._manners = manners
        self._frame = 0
        self._from = self._to = self._shown = feeling_pose(Emotion(), manners)
        self._fade_begin = -_FADE_FRAMES
        self._blinks, self._glances, self._brows = (np.random.default_rng([seed, kind]) for kind in range(3))
        self._blink_at = int(self._blinks.uniform(0.5, 2.0) * FACE_FPS)
        self._gaze_from = self._gaze_to = np.zeros(2, np.float32)
        self._gaze_at, self._next_gaze_at = -_SACCADE_FRAMES, 0
        self._nod_at = -_NOD_FRAMES
        self._phases = np.random.default_rng([seed, 3]).uniform(0, 2 * math.pi, 5)
        self._attentive = True

    def fork(self) -> "Expression":
        """A twin that goes its own way from here."""
        return copy.deepcopy(self)

    def feel(self, emotion: Emotion) -> None:
        """Fades to a feeling, from whatever the face shows now."""
        self._head_for(feeling_pose(emotion, self._manners))
        self._attentive = True

    def attend(self, *, fan_speaking: bool, mood: Emotion) -> None:
        """The face between replies: attentive or idle, with a trace of the mood that the last reply left."""
        trace = 0.4 * feeling_pose(mood, self._manners)
        held = (ATTENTIVE_POSE if fan_speaking else IDLE_POSE) * _energy(self._manners)
        held[list(_SMILES)] *= np.float32(self._manners.warmth)
        self._head_for(np.maximum(held, trace))
        self._attentive = fan_speaking

    def nod(self) -> None:
        """Acknowledges what was said with brows and eyes; one that is under way is finished first."""
        if self._frame - self._nod_at >= _NOD_FRAMES:
            self._nod_at = self._frame

    def advance(self, n_frames: int) -> Weights:
        """The next frames, float32 [n_frames, 52], all weights in 0..1."""
        at = np.arange(self._frame, self._frame + n_frames)
        frames = self._feeling(at) + self._breath(at)
        frames += _bump((at - self._nod_at) / _NOD_FRAMES)[:, None] * _NOD
        self._look(frames, at)
        self._blink(frames, at)
        self._frame += n_frames
        return np.asarray(np.clip(frames, 0.0, 1.0), np.float32)

    def accents(self, stressed: Sequence[int], n_frames: int, arousal: float) -> Weights:
        """Raised brows on some of the stressed syllables (their frames, rising): float32 [n_frames, 52] to add."""
        frames = np.zeros((n_frames, N_WEIGHTS), np.float32)
        height = np.float32((0.6 + 0.8 * arousal) * self._manners.energy)
        clear_of = _ACCENT_FRAMES  # no brow is half raised where the clause begins or ends
        for at in stressed:
            if self._brows.random() < 0.55 and clear_of <= at <= n_frames - _ACCENT_FRAMES:
                shape = _bump((np.arange(n_frames) - at + _ACCENT_FRAMES) / (2 * _ACCENT_FRAMES))
                frames += shape[:, None] * _ACCENT * height * np.float32(self._brows.uniform(0.5, 1.0))
                clear_of = at + _ACCENT_APART
        return frames

    def _head_for(self, target: Weights) -> None:
        if not np.array_equal(target, self._to):
            self._from, self._to = self._shown, target
            self._fade_begin = self._frame

    def _feeling(self, at: Array) -> Weights:
        done = _smooth((at + 1 - self._fade_begin) / _FADE_FRAMES)[:, None]
        frames = self._from * (1 - done) + self._to * done
        if len(at):
            self._shown = frames[-1].copy()
        return frames

    def _breath(self, at: Array) -> Weights:
        """Slow drift of brows, cheeks and corners, a little different left and right."""
        frames = np.zeros((len(at), N_WEIGHTS), np.float32)
        turn = 2 * math.pi * at[:, None] / FACE_FPS
        waves = 0.5 + 0.5 * np.sin(turn * (_BREATHS_HZ * np.array([1.0, 0.31, 0.37, 0.53, 0.47])) + self._phases)
        frames[:, INDEX["browInnerUp"]] = 0.025 * waves[:, 0] + 0.03 * waves[:, 1]
        for side, wave in (("Left", 2), ("Right", 3)):
            frames[:, INDEX[f"mouthSmile{side}"]] = 0.03 * waves[:, wave]
            frames[:, INDEX[f"browOuterUp{side}"]] = 0.03 * waves[:, wave]
            frames[:, INDEX[f"noseSneer{side}"]] = 0.015 * waves[:, 0]
        return frames

    def _look(self, frames: Weights, at: Array) -> None:
        """Fixations on the fan's face and short saccades between them; when nobody speaks, also a glance aside."""
        begin = 0
        while begin < len(at):
            if at[begin] >= self._next_gaze_at:
                self._next_fixation(int(at[begin]))
            end = min(len(at), begin + self._next_gaze_at - int(at[begin]))
            done = _smooth((at[begin:end] + 1 - self._gaze_at) / _SACCADE_FRAMES)[:, None]
            yaw, pitch = (self._gaze_from * (1 - done) + self._gaze_to * done).T
            # yaw > 0 looks to the avatar's left: the left eye outwards, the right eye inwards.
            for name, angle in (
                ("eyeLookOutLeft", yaw), ("eyeLookInRight", yaw), ("eyeLookInLeft", -yaw), ("eyeLookOutRight", -yaw),
                ("eyeLookUpLeft", pitch), ("eyeLookUpRight", pitch),
                ("eyeLookDownLeft", -pitch), ("eyeLookDownRight", -pitch),
            ):  # fmt: skip
                frames[begin:end, INDEX[name]] += np.maximum(angle, 0.0)
            begin = end

    def _next_fixation(self, frame: int) -> None:
        roll, yaw, pitch, hold = self._glances.normal(size=4)
        aside = not self._attentive and roll > 1.1
        spread = 0.14 if aside else 0.055
        self._gaze_from, self._gaze_at = self._gaze_to, frame
        self._gaze_to = np.clip(np.array([yaw, 0.6 * pitch]) * spread, -0.3, 0.3).astype(np.float32)
        hold_s = min(max(0.9 * math.exp(0.5 * hold), 0.25), 3.0)
        self._next_gaze_at = frame + int(hold_s * FACE_FPS)

    def _blink(self, frames: Weights, at: Array) -> None:
        """Blinks at log-normal intervals (median 3.0 s, mean 3.5 s); lids fall over whatever the feeling holds."""
        while len(at) and self._blink_at <= at[-1]:
            shape = np.zeros(len(at), np.float32)
            since = at - self._blink_at
            inside = (since >= 0) & (since < len(_BLINK))
            shape[inside] = _BLINK[since[inside]]
            for side in ("Left", "Right"):
                lid = INDEX[f"eyeBlink{side}"]
                frames[:, lid] = np.maximum(frames[:, lid], shape)
                frames[:, INDEX[f"eyeWide{side}"]] *= 1 - shape
            if self._blink_at + len(_BLINK) > at[-1] + 1:
                break  # its rest belongs to the next frames
            self._blink_at += int(max(0.7, 3.0 * math.exp(0.55 * self._blinks.normal())) * FACE_FPS)


def _smooth(done: Array) -> Array:
    done = np.clip(done, 0.0, 1.0)
    return np.asarray(done * done * (3.0 - 2.0 * done), np.float32)


def _bump(done: Array) -> Array:
    """Rises from 0 at 0 to 1 in the middle and back to 0 at 1."""
    return np.asarray(np.sin(np.pi * np.clip(done, 0.0, 1.0)) ** 2, np.float32)
