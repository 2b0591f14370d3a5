"""Everything on the face that is not speech: feeling, head, and the small motion that says somebody is there.

One Expression lives as long as its session and goes on from frame to frame, through replies and listening alike.
Its chances come from one seed, and each kind of motion has its own, so the face of a session does not depend on how
many frames are asked for at a time. What comes next: face.py lays the speaking mouth over it.
"""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from avatar.blendshapes import INDEX, Weights, pose
from avatar.channels import HEAD, HEAD_FULL_DEG, N_CHANNELS, PITCH, ROLL, YAW, look, widened
from avatar.emotion import CATEGORIES, Emotion
from avatar.gestures import ACKNOWLEDGE, MOTIONS, Motion
from avatar.life import Array, Attention, Blinks, Eyes, bump, smooth
from protocol.timeline import FACE_FPS, EmotionCategory, Gesture

#: Each feeling at its usual strength, without the jaw: that belongs to speech.
FEELING_POSES: Final[dict[EmotionCategory, Weights]] = {
    "neutral": pose(mouthSmile=0.14),  # lips without any of it look put out
    "joy": pose(
        mouthSmile=0.50, cheekSquint=0.38, eyeSquint=0.20, mouthDimple=0.12, browOuterUp=0.14, browInnerUp=0.08
    ),
    "sadness": pose(
        browInnerUp=0.70, mouthFrown=0.48, mouthShrugLower=0.16, eyeBlink=0.06, eyeLookDown=0.08, browDown=0.10
    ),
    "anger": pose(browDown=0.80, eyeSquint=0.34, noseSneer=0.30, mouthFrown=0.16, mouthPress=0.14, eyeWide=0.08),
    "fear": pose(browInnerUp=0.55, browOuterUp=0.25, eyeWide=0.42, mouthStretch=0.22, mouthFrown=0.12),
    "surprise": pose(browInnerUp=0.50, browOuterUp=0.52, eyeWide=0.48, mouthSmile=0.05),
    "affection": pose(mouthSmile=0.38, cheekSquint=0.26, eyeSquint=0.14, browInnerUp=0.22, eyeBlink=0.05),
}
#: How the head is held with it: pitch (down), yaw, roll in degrees.
FEELING_HEADS: Final[Mapping[EmotionCategory, tuple[float, float, float]]] = {
    "neutral": (0.0, 0.0, 0.0), "joy": (-2.0, 0.0, 2.0), "sadness": (6.0, 0.0, 2.5), "anger": (3.5, 0.0, 0.0),
    "fear": (-2.5, 0.0, -1.5), "surprise": (-3.5, 0.0, 0.0), "affection": (1.0, 0.0, 5.0),
}  # fmt: skip
_HELD: Final[Mapping[Attention, Weights]] = {
    "listening": widened(
        pose(browInnerUp=0.10, browOuterUp=0.07, eyeWide=0.06, mouthSmile=0.18), pitch_deg=2.0, roll_deg=2.5
    ),
    "thinking": widened(pose(browInnerUp=0.06, browDown=0.10, mouthSmile=0.10), pitch_deg=-1.5, roll_deg=-2.0),
    "idle": widened(pose(mouthSmile=0.28)),
    "speaking": widened(pose()),
}
#: How a listener answers a strong feeling of the partner's: with it, and anger never with anger.
_MIRRORED_AS: Final[Mapping[EmotionCategory, EmotionCategory]] = {"anger": "sadness", "fear": "sadness"}
_MIRRORED_SHARE: Final = 0.4
_TRACE_SHARE: Final = 0.6  # of the last reply's feeling: more than the smile that is always there
_SOMBRE: Final[frozenset[EmotionCategory]] = frozenset({"sadness", "anger", "fear"})  # beside these nobody smiles

_FADE_FRAMES: Final = FACE_FPS * 300 // 1000
_ACCENT: Final = widened(pose(browInnerUp=0.16, browOuterUp=0.20, eyeWide=0.05), pitch_deg=3.0)
_ACCENT_FRAMES: Final = FACE_FPS * 110 // 1000  # the half width of a raised brow
_ACCENT_APART: Final = FACE_FPS * 600 // 1000
_BREATHS_HZ: Final = 0.24
_SMILES: Final = tuple(INDEX[f"mouthSmile{side}"] for side in ("Left", "Right"))
_SWAY_DEG: Final = ((PITCH, 0.9, 0.13), (YAW, 1.6, 0.071), (ROLL, 1.1, 0.097))  # how far the head drifts, and Hz


@dataclass(frozen=True, slots=True)
class Manners:
    """How a persona wears its feelings: `warmth` scales smiles and tenderness, `energy` all of it. 1.0 is usual."""

    warmth: float = 1.0
    energy: float = 1.0


def feeling_pose(emotion: Emotion, manners: Manners) -> Weights:
    """The held face of a feeling, float32 [52]: stronger with arousal and with the size of its valence."""
    strength = _strength(emotion, manners)
    return np.asarray(np.clip(FEELING_POSES[emotion.category] * strength, 0.0, 1.0), np.float32)


def _strength(emotion: Emotion, manners: Manners) -> np.float32:
    usual_valence, usual_arousal = CATEGORIES[emotion.category]
    strength = 1.0 + 0.5 * (emotion.arousal - usual_arousal) + 0.5 * (abs(emotion.valence) - abs(usual_valence))
    if emotion.category in {"joy", "affection", "neutral"}:
        strength *= manners.warmth
    return np.float32(max(0.2, strength) * _energy(manners))


def _held(emotion: Emotion, manners: Manners) -> Weights:
    """The feeling with its head, float32 [N_CHANNELS]."""
    channels = widened(feeling_pose(emotion, manners))
    channels[HEAD] = np.array(FEELING_HEADS[emotion.category]) / HEAD_FULL_DEG * _strength(emotion, manners)
    return channels


def _energy(manners: Manners) -> np.float32:
    return np.float32(0.5 + 0.5 * manners.energy)


class Expression:
    """The face without its speech, frame by frame. Holds the feeling it fades to and the next blink and glance."""

    def __init__(self, seed: int, manners: Manners) -> None:
        self._manners = manners
        self._frame = 0
        self._from = self._to = self._shown = _held(Emotion(), manners)
        self._fade_begin = -_FADE_FRAMES
        blinks, glances, self._brows = (np.random.default_rng([seed, kind]) for kind in range(3))
        self._blinks, self._eyes = Blinks(blinks), Eyes(glances)
        self._phases = np.random.default_rng([seed, 3]).uniform(0, 2 * math.pi, 8)
        self._motions: tuple[tuple[int, Motion, float], ...] = ()  # when, what, how strongly

    def fork(self) -> "Expression":
        """A twin that goes its own way from here."""
        return copy.deepcopy(self)

    def feel(self, emotion: Emotion) -> None:
        """Fades to the feeling of what is being said, from whatever the face shows now."""
        self._head_for(_held(emotion, self._manners))
        self._pay("speaking")

    def attend(self, attention: Attention, mood: Emotion, mirrored: Emotion | None = None) -> None:
        """The face between replies, with a trace of the mood that the last reply left.

        `mirrored` is what the fan seems to feel, if it is strong: shown softly.
        """
        held = _HELD[attention] * _energy(self._manners)
        held[list(_SMILES)] *= np.float32(self._manners.warmth)
        if mirrored is not None:
            shown = _MIRRORED_AS.get(mirrored.category, mirrored.category)
            held = held + _MIRRORED_SHARE * _held(Emotion(shown, mirrored.valence, mirrored.arousal), self._manners)
        trace = _TRACE_SHARE * _held(mood, self._manners)
        stronger = np.abs(trace) > np.abs(held)
        target = np.clip(np.where(stronger, trace, held), -1.0, 1.0).astype(np.float32)
        if _SOMBRE & {mood.category, mirrored.category if mirrored else mood.category}:
            target[list(_SMILES)] = 0.0
        self._head_for(target)
        self._pay(attention)

    def nod(self) -> None:
        """Acknowledges what was said; one that is under way is finished first."""
        self._begin(ACKNOWLEDGE, self._frame)

    def gesture(self, name: Gesture, in_frames: int = 0) -> None:
        """Makes a gesture with head and face, so many frames from now."""
        self._begin(MOTIONS[name], self._frame + in_frames)

    def advance(self, n_frames: int) -> Weights:
        """The next frames, float32 [n_frames, N_CHANNELS], without mouth shapes."""
        at = np.arange(self._frame, self._frame + n_frames)
        frames = self._feeling(at) + self._breath(at)
        for begin, motion, strength in self._motions:
            frames += motion.frames(at - begin, strength)
        turns, saccades = self._eyes.fill(at)
        look(frames, turns[:, 0], turns[:, 1])
        frames[:, : HEAD.start] = np.clip(frames[:, : HEAD.start], 0.0, 1.0)
        self._blinks.fill(frames, at, saccades)
        self._frame += n_frames
        self._motions = tuple(m for m in self._motions if m[0] + m[1].n_frames > self._frame)
        return np.asarray(frames, np.float32)

    def accents(self, stressed: Sequence[int], n_frames: int, arousal: float) -> Weights:
        """Brow and head beats on some of the stressed syllables (their frames, rising): channels to add."""
        frames = np.zeros((n_frames, N_CHANNELS), np.float32)
        height = np.float32((0.6 + 0.8 * arousal) * self._manners.energy)
        clear_of = _ACCENT_FRAMES  # no brow is half raised where the clause begins or ends
        for at in stressed:
            if self._brows.random() < 0.55 and clear_of <= at <= n_frames - _ACCENT_FRAMES:
                shape = bump((np.arange(n_frames) - at + _ACCENT_FRAMES) / (2 * _ACCENT_FRAMES))
                frames += shape[:, None] * _ACCENT * height * np.float32(self._brows.uniform(0.5, 1.0))
                clear_of = at + _ACCENT_APART
        return frames

    def _begin(self, motion: Motion, at: int) -> None:
        if not any(running is motion and abs(at - begun) < motion.n_frames for begun, running, _ in self._motions):
            self._motions += ((at, motion, float(_energy(self._manners))),)

    def _pay(self, attention: Attention) -> None:
        self._eyes.attend(attention, self._frame)
        self._blinks.attention = attention

    def _head_for(self, target: Weights) -> None:
        if not np.array_equal(target, self._to):
            self._from, self._to = self._shown, target
            self._fade_begin = self._frame

    def _feeling(self, at: Array) -> Weights:
        done = smooth((at + 1 - self._fade_begin) / _FADE_FRAMES)[:, None]
        frames: Weights = self._from * (1 - done) + self._to * done
        if len(at):
            self._shown = frames[-1].copy()
        return frames

    def _breath(self, at: Array) -> Weights:
        """Slow drift of brows, cheeks, corners and head, a little different left and right."""
        frames = np.zeros((len(at), N_CHANNELS), np.float32)
        turn = 2 * math.pi * at[:, None] / FACE_FPS
        rates_hz = [*_BREATHS_HZ * np.array([1.0, 0.31, 0.37, 0.53, 0.47]), *(hz for _, _, hz in _SWAY_DEG)]
        waves = 0.5 + 0.5 * np.sin(turn * rates_hz + self._phases)
        frames[:, INDEX["browInnerUp"]] = 0.025 * waves[:, 0] + 0.03 * waves[:, 1]
        for side, wave in (("Left", 2), ("Right", 3)):
            frames[:, INDEX[f"mouthSmile{side}"]] = 0.03 * waves[:, wave]
            frames[:, INDEX[f"browOuterUp{side}"]] = 0.03 * waves[:, wave]
            frames[:, INDEX[f"noseSneer{side}"]] = 0.015 * waves[:, 0]
        for k, (channel, degrees, _) in enumerate(_SWAY_DEG):
            frames[:, channel] = (2 * waves[:, 5 + k] - 1) * degrees / HEAD_FULL_DEG
        frames[:, PITCH] -= (waves[:, 0] - 0.5) * 0.8 / HEAD_FULL_DEG  # the chest lifts the head
        return frames
