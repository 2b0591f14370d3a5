"""The channels of a face frame inside the house: ARKit's 52, the shares of 15 visemes, three turns of the head.

Every layout that a client may ask for is made of these (layouts.py). The head's turns are in -1..1, of HEAD_FULL_DEG;
all other channels in 0..1. What comes next: expression.py and face.py move them.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.blendshapes import INDEX, N_MOUTH, Weights

#: Turns about x (over 0: nods down), y (over 0: to the avatar's left) and z (over 0: tilts to its right shoulder).
PITCH: Final = N_MOUTH
YAW: Final = N_MOUTH + 1
ROLL: Final = N_MOUTH + 2
N_CHANNELS: Final = N_MOUTH + 3
HEAD: Final = slice(PITCH, N_CHANNELS)
HEAD_FULL_DEG: Final = 127 / 4  # a step of a byte is a quarter of a degree
EYE_FULL_DEG: Final = 30.0  # how far an eyeLook weight of 1.0 turns the eye, as ARKit rigs are commonly built

Frames = NDArray[np.uint8]


def widened(weights: Weights, *, pitch_deg: float = 0.0, yaw_deg: float = 0.0, roll_deg: float = 0.0) -> Weights:
    """A face, float32 [N_CHANNELS], from ARKit's 52 weights and how the head is held."""
    channels = np.zeros(N_CHANNELS, np.float32)
    channels[: len(weights)] = weights
    channels[HEAD] = np.array([pitch_deg, yaw_deg, roll_deg]) / HEAD_FULL_DEG
    return channels


def as_bytes(channels: Weights) -> Frames:
    """[..., N_CHANNELS] as uint8: weight * 255; the head's turns as 128 + 127 * turn."""
    data = np.rint(np.clip(channels, 0.0, 1.0) * 255)
    data[..., HEAD] = 128 + np.rint(np.clip(channels[..., HEAD], -1.0, 1.0) * 127)
    return np.asarray(data, np.uint8)


def as_weights(frames: Frames) -> Weights:
    """The way back."""
    channels = frames.astype(np.float32) / np.float32(255)
    channels[..., HEAD] = (frames[..., HEAD].astype(np.float32) - 128) / 127
    return channels


def gaze_deg(channels: Weights) -> Weights:
    """Where the eyes look in the head, float32 [..., 2]: to the avatar's left, and up."""
    yaw = channels[..., INDEX["eyeLookOutLeft"]] - channels[..., INDEX["eyeLookInLeft"]]
    pitch = channels[..., INDEX["eyeLookUpLeft"]] - channels[..., INDEX["eyeLookDownLeft"]]
    return np.asarray(np.stack([yaw, pitch], axis=-1) * EYE_FULL_DEG, np.float32)


def look(channels: Weights, yaw_deg: Weights, pitch_deg: Weights) -> None:
    """Turns both eyes of [frames, N_CHANNELS] in place: to the avatar's left, and up."""
    yaw, pitch = yaw_deg / EYE_FULL_DEG, pitch_deg / EYE_FULL_DEG
    # The left eye outwards is to the avatar's left; so is the right eye inwards.
    for name, turn in (
        ("eyeLookOutLeft", yaw), ("eyeLookInRight", yaw), ("eyeLookInLeft", -yaw), ("eyeLookOutRight", -yaw),
        ("eyeLookUpLeft", pitch), ("eyeLookUpRight", pitch), ("eyeLookDownLeft", -pitch), ("eyeLookDownRight", -pitch),
    ):  # fmt: skip
        channels[:, INDEX[name]] = np.clip(turn, 0.0, 1.0)
