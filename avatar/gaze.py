"""Eyes and head that follow the fan: where they are, how fast eyes and head get there, and what each of them does.

The eyes jump, the head comes after, and while it comes the eyes turn back, so that the look never leaves its goal.
What the eyes do besides (glances, life.py) and what the head does besides (nods, expression.py) is laid over it; the
eyes make up for every turn of the head. What comes next: shown.py adds this to each frame that is sent.
"""

import math
from typing import Final

import numpy as np

from avatar.blendshapes import Weights
from avatar.channels import EYE_FULL_DEG, HEAD_FULL_DEG, PITCH, YAW, gaze_deg, look
from protocol.timeline import FACE_FPS

EYES_M: Final = (0.0, 1.49, 0.12)  # where the eyes of the default avatar are: others differ by a few centimetres
NEAREST_M: Final = 0.25  # nearer than this nobody can be looked in the eye
_EYES_ALONE_DEG: Final = 10.0  # up to here the head stays where it is, and only the eyes go
_HEAD_FARTHEST_DEG: Final = (26.0, 18.0)  # yaw and pitch
_GIVEN_UP_DEG: Final = 110.0  # who stands behind is not looked at: the head would have to break
_HEAD_S: Final = 0.22  # the time constant of the head
_JUMP_DEG: Final = 2.0  # the goal has jumped: a saccade; less is followed smoothly
_EYE_FRAMES: Final = 3


class Gaze:
    """Where one avatar looks. Begins with somebody straight in front."""

    def __init__(self) -> None:
        self._goal_deg = np.zeros(2)  # to the avatar's left, and up
        self._head_deg = np.zeros(2)
        self._eyes_deg = np.zeros(2)  # the line of sight that has been reached

    def see(self, head: tuple[float, float, float]) -> None:
        """The fan's head is here, in metres in the avatar's space. Nonsense is ignored."""
        across, height, depth = (there - here for there, here in zip(head, EYES_M, strict=True))
        if not all(map(math.isfinite, head)) or math.dist(head, EYES_M) < NEAREST_M:
            return
        yaw, pitch = math.atan2(across, depth), math.atan2(height, math.hypot(across, depth))
        goal = np.degrees([yaw, pitch])
        self._goal_deg = goal if abs(goal[0]) <= _GIVEN_UP_DEG else np.zeros(2)

    def follow(self, channels: Weights) -> None:
        """Turns head and eyes of [frames, N_CHANNELS] towards the goal, in place, and goes on from there next time."""
        n_frames = len(channels)
        lines, heads = np.zeros((n_frames, 2)), np.zeros((n_frames, 2))
        ease = 1 - math.exp(-1 / (FACE_FPS * _HEAD_S))
        beyond = np.sign(self._goal_deg) * np.maximum(np.abs(self._goal_deg) - _EYES_ALONE_DEG, 0.0)
        head_goal = np.clip(beyond, -np.array(_HEAD_FARTHEST_DEG), _HEAD_FARTHEST_DEG)
        for k in range(n_frames):
            step = self._goal_deg - self._eyes_deg
            near = float(np.hypot(*step)) <= _JUMP_DEG
            self._eyes_deg = self._eyes_deg + step / (1 if near else _EYE_FRAMES)
            self._head_deg = self._head_deg + (head_goal - self._head_deg) * ease
            lines[k], heads[k] = self._eyes_deg, self._head_deg
        glances = gaze_deg(channels)
        channels[:, YAW] += heads[:, 0] / HEAD_FULL_DEG
        channels[:, PITCH] -= heads[:, 1] / HEAD_FULL_DEG  # pitch counts downwards
        turned = np.stack([channels[:, YAW], -channels[:, PITCH]], axis=1) * HEAD_FULL_DEG
        eyes = np.clip(lines - turned + glances, -EYE_FULL_DEG, EYE_FULL_DEG)
        look(channels, eyes[:, 0].astype(np.float32), eyes[:, 1].astype(np.float32))
