"""Eyes that live: fixations, saccades, glances away, blinks. Statistics of people, chances from one seed.

Both are told which frames to fill and remember the next event, so it does not matter how many frames are asked for at
a time. What comes next: expression.py lays them over the feeling.

Sources: looking at and away from the partner, and the size of saccades: S. Lee, J. Badler, N. Badler, "Eyes Alive",
2002 (at 30 pictures a second: talking 93.9 +- 94.9 towards, 27.8 +- 24.0 away; listening 237.5 +- 47.1 and
13.0 +- 7.1). Length of a saccade: W. Becker, 1989, 25 ms and 2.4 ms a degree. Blinks: A. Bentivoglio and others, 1997,
17 a minute at rest and 26 in conversation; with large saccades: C. Evinger and others, 1994.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from avatar.blendshapes import INDEX, Weights
from protocol.timeline import FACE_FPS

Array = NDArray[Any]

#: What the avatar does: "speaking" covers its reply, "thinking" the wait for it, "idle" a silence of both.
Attention = Literal["speaking", "listening", "thinking", "idle"]


@dataclass(frozen=True, slots=True)
class _Habit:
    """How long the eyes stay with the partner and away (mean, spread), and how far they go (mean)."""

    towards_s: tuple[float, float]
    away_s: tuple[float, float]
    away_deg: float
    upward: float  # share of the glances that go up


_HABITS: Final[Mapping[Attention, _Habit]] = {
    "speaking": _Habit((3.13, 3.16), (0.93, 0.80), 6.9, 0.5),
    "listening": _Habit((7.92, 1.57), (0.43, 0.23), 5.0, 0.3),
    "thinking": _Habit((0.45, 0.20), (1.40, 0.60), 11.0, 0.9),
    "idle": _Habit((4.0, 2.0), (1.1, 0.6), 8.0, 0.4),
}
_FACE_DEG: Final = (1.6, 1.0)  # from eye to eye to mouth of the partner: across, and up and down
_FARTHEST_DEG: Final = 20.0
_BLINK_WITH_DEG: Final = 9.0

#: A blink falls fast and rises slowly: 133 ms in all.
_BLINK: Final = np.array([0.35, 0.85, 1.0, 1.0, 0.78, 0.46, 0.2, 0.06], np.float32)
_BLINK_MEDIAN_S: Final[Mapping[Attention, float]] = {"speaking": 1.95, "listening": 2.9, "thinking": 2.9, "idle": 3.0}


class Eyes:
    """Where the eyes look, relative to the partner's face."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._from_deg = self._to_deg = np.zeros(2, np.float32)
        self._moved_at = -FACE_FPS
        self._next_at = 0
        self._away_until = self._towards_until = 0
        self._habit: Attention = "idle"

    def attend(self, attention: Attention, frame: int) -> None:
        """Changes what the eyes do; whoever begins to think looks away at once, whoever begins to listen looks back."""
        if attention == self._habit:
            return
        self._habit = attention
        if attention != "speaking":
            self._next_at = self._away_until = frame
            self._towards_until = frame if attention == "thinking" else frame + FACE_FPS

    def fill(self, at: Array) -> tuple[Weights, list[int]]:
        """Yaw (to the avatar's left) and pitch (up) in degrees, [frames, 2], and the frames of large saccades."""
        turns = np.zeros((len(at), 2), np.float32)
        large: list[int] = []
        begin = 0
        while begin < len(at):
            frame = int(at[begin])
            if frame >= self._next_at and self._fixate(frame) > _BLINK_WITH_DEG:
                large.append(frame)
            end = min(len(at), begin + max(self._next_at - frame, 1))
            length = self._saccade_frames()
            done = smooth((at[begin:end] + 1 - self._moved_at) / length)[:, None]
            turns[begin:end] = self._from_deg * (1 - done) + self._to_deg * done
            begin = end
        return turns, large

    def _saccade_frames(self) -> int:
        size_deg = float(np.hypot(*(self._to_deg - self._from_deg)))
        return max(2, math.ceil((25 + 2.4 * size_deg) * FACE_FPS / 1000))

    def _fixate(self, frame: int) -> float:
        """The next fixation; returns how far away it is, in degrees."""
        habit, before = _HABITS[self._habit], self._to_deg
        across, upward, length, size, side = self._rng.random(5)
        hold, spread = self._rng.normal(size=2)
        if frame >= self._towards_until and frame >= self._away_until:
            away_s = max(0.2, habit.away_s[0] + habit.away_s[1] * spread)
            self._away_until = frame + int(away_s * FACE_FPS)
            towards_s = max(0.4, habit.towards_s[0] + habit.towards_s[1] * float(self._rng.normal()))
            self._towards_until = self._away_until + int(towards_s * FACE_FPS)
        if frame < self._away_until:
            far_deg = min(3.0 - habit.away_deg * math.log(max(1.0 - size, 1e-3)), _FARTHEST_DEG)
            sideways = math.copysign(0.4 + 0.6 * across, side - 0.5)
            height = (0.15 + 0.5 * length) * (1 if upward < habit.upward else -1)
            goal = far_deg * np.array([sideways, height])
            self._next_at = self._away_until
        else:
            goal = np.array([(across - 0.5) * 2.4 * _FACE_DEG[0], (upward - 0.6) * 2.4 * _FACE_DEG[1]])
            hold_s = min(max(0.9 * math.exp(0.5 * hold), 0.25), 3.0)
            self._next_at = min(frame + int(hold_s * FACE_FPS), max(self._towards_until, frame + 1))
        self._from_deg, self._to_deg, self._moved_at = before, goal.astype(np.float32), frame
        return float(np.hypot(*(self._to_deg - before)))


class Blinks:
    """When the lids fall."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._at = int(rng.uniform(0.5, 2.0) * FACE_FPS)
        self._open_from = 0  # the last blink is over
        self.attention: Attention = "idle"

    def fill(self, frames: Weights, at: Array, saccades: Sequence[int]) -> None:
        """Lids fall over whatever the feeling holds, in place; a large saccade often takes a blink with it."""
        waiting = deque(saccades)
        while len(at) and (waiting or self._at <= at[-1]):
            if waiting and waiting[0] < self._at:
                self._blink_with(waiting.popleft())
                continue
            if self._at > at[-1]:
                break
            self._close(frames, at)
            if self._at + len(_BLINK) > at[-1] + 1:
                break  # its rest belongs to the next frames
            self._open_from = self._at + len(_BLINK)
            pause_s = _BLINK_MEDIAN_S[self.attention] * math.exp(0.55 * self._rng.normal())
            self._at += int(max(0.7, pause_s) * FACE_FPS)

    def _blink_with(self, saccade: int) -> None:
        if self._open_from + FACE_FPS // 2 <= saccade < self._at - len(_BLINK) and self._rng.random() < 0.6:
            self._at = saccade

    def _close(self, frames: Weights, at: Array) -> None:
        shape = np.zeros(len(at), np.float32)
        since = at - self._at
        inside = (since >= 0) & (since < len(_BLINK))
        shape[inside] = _BLINK[since[inside]]
        for side in ("Left", "Right"):
            lid = INDEX[f"eyeBlink{side}"]
            frames[:, lid] = np.maximum(frames[:, lid], shape)
            frames[:, INDEX[f"eyeWide{side}"]] *= 1 - shape


def smooth(done: Array) -> Array:
    """0 below 0, 1 above 1, and an even way between them."""
    done = np.clip(done, 0.0, 1.0)
    return np.asarray(done * done * (3.0 - 2.0 * done), np.float32)


def bump(done: Array) -> Array:
    """Rises from 0 at 0 to 1 in the middle and back to 0 at 1."""
    return np.asarray(np.sin(np.pi * np.clip(done, 0.0, 1.0)) ** 2, np.float32)
