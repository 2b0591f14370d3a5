"""The face in the shapes that a client asks for: ARKit, Azure's event, Oculus visemes, the presets of VRM 1.0.

All are made of the channels that the house works in (channels.py), a matrix and a clip, so that a face looks the same
in each as far as its shapes allow. What comes next: shown.py sends them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from avatar.blendshapes import ARKIT_52, INDEX, N_MOUTH, N_WEIGHTS, Weights
from avatar.channels import HEAD, HEAD_FULL_DEG, ROLL, Frames, as_weights
from avatar.visemes import VISEMES
from protocol.timeline import Viseme

Layout = Literal["arkit52", "azure55", "oculus15", "vrm", "none"]

_AZURE_TURNS: Final = ("headRoll", "leftEyeRoll", "rightEyeRoll")
_VRM: Final = (
    "aa", "ih", "ou", "ee", "oh", "happy", "angry", "sad", "relaxed", "surprised", "neutral",
    "blink", "blinkLeft", "blinkRight", "lookUp", "lookDown", "lookLeft", "lookRight",
)  # fmt: skip

#: Viseme -> VRM's five mouths. `ee` is the mouth of "bet", `ih` that of "sit"; consonants open by a trace of a vowel.
_VRM_MOUTHS: Final[Mapping[Viseme, Mapping[str, float]]] = {
    "TH": {"ih": 0.30}, "DD": {"ih": 0.30}, "kk": {"ih": 0.20, "aa": 0.10}, "CH": {"ou": 0.40, "ih": 0.15},
    "SS": {"ih": 0.40}, "nn": {"ih": 0.25}, "RR": {"ou": 0.35}, "FF": {"ih": 0.06},
    "aa": {"aa": 0.80}, "E": {"ee": 0.75}, "ih": {"ih": 0.75}, "oh": {"oh": 0.80}, "ou": {"ou": 0.90},
}  # fmt: skip
#: VRM's moods read from ARKit's weights: a sum, of which a little is left out, for everybody's brows move a little.
_VRM_MOODS: Final[Mapping[str, tuple[Mapping[str, float], float]]] = {
    "happy": ({"mouthSmileLeft": 0.9, "mouthSmileRight": 0.9, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5}, 0.35),
    "angry": ({"browDownLeft": 0.8, "browDownRight": 0.8, "noseSneerLeft": 0.4, "noseSneerRight": 0.4}, 0.25),
    "sad": ({"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0, "browInnerUp": 0.4}, 0.30),
    "surprised": ({"eyeWideLeft": 1.0, "eyeWideRight": 1.0, "browOuterUpLeft": 0.4, "browOuterUpRight": 0.4}, 0.35),
}
_VRM_READS: Final[Mapping[str, Mapping[str, float]]] = {
    "blinkLeft": {"eyeBlinkLeft": 1.0}, "blinkRight": {"eyeBlinkRight": 1.0},
    "lookUp": {"eyeLookUpLeft": 0.5, "eyeLookUpRight": 0.5},
    "lookDown": {"eyeLookDownLeft": 0.5, "eyeLookDownRight": 0.5},
    "lookLeft": {"eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5},
    "lookRight": {"eyeLookInLeft": 0.5, "eyeLookOutRight": 0.5},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FaceLayout:
    """A client's face: the names of a frame's bytes, those of them that go both ways, and how they are made."""

    names: tuple[str, ...]
    centred: tuple[str, ...]
    encode: Callable[[Frames], Frames]


def _arkit52(frames: Frames) -> Frames:
    return frames[:, :N_WEIGHTS]


def _azure55(frames: Frames) -> Frames:
    """The head's roll in radians, centred on 128; eyes do not roll."""
    turns = np.full((len(frames), 3), 128, np.uint8)
    radians = np.deg2rad(as_weights(frames)[:, ROLL] * HEAD_FULL_DEG)
    turns[:, 0] = 128 + np.rint(np.clip(radians, -1.0, 1.0) * 127)
    return np.hstack([frames[:, :N_WEIGHTS], turns])


def _oculus15(frames: Frames) -> Frames:
    return frames[:, N_WEIGHTS:N_MOUTH]


def _vrm(frames: Frames) -> Frames:
    channels = as_weights(frames)
    weights = channels @ _VRM_MATRIX - _VRM_LEFT_OUT
    both = np.minimum(weights[:, _row("blinkLeft")], weights[:, _row("blinkRight")])
    weights[:, _row("blink")] = both
    for side in ("blinkLeft", "blinkRight"):
        weights[:, _row(side)] -= both
    return np.asarray(np.rint(np.clip(weights, 0.0, 1.0) * 255), np.uint8)


def _row(name: str) -> int:
    return _VRM.index(name)


def _vrm_matrix() -> Weights:
    """Channels to VRM's presets."""
    matrix = np.zeros((HEAD.stop, len(_VRM)), np.float32)
    for viseme, mouths in _VRM_MOUTHS.items():
        for name, share in mouths.items():
            matrix[N_WEIGHTS + VISEMES.index(viseme), _row(name)] = share
    for preset, reads in (*_VRM_READS.items(), *((mood, row) for mood, (row, _) in _VRM_MOODS.items())):
        for name, share in reads.items():
            matrix[INDEX[name], _row(preset)] = share
    return matrix


_VRM_MATRIX: Final = _vrm_matrix()
_VRM_LEFT_OUT: Final = np.array([_VRM_MOODS[n][1] if n in _VRM_MOODS else 0.0 for n in _VRM], np.float32)

LAYOUTS: Final[Mapping[Layout, FaceLayout]] = {
    "arkit52": FaceLayout(ARKIT_52, (), _arkit52),
    "azure55": FaceLayout((*ARKIT_52, *_AZURE_TURNS), _AZURE_TURNS, _azure55),
    "oculus15": FaceLayout(VISEMES, (), _oculus15),
    "vrm": FaceLayout(_VRM, (), _vrm),
    "none": FaceLayout((), (), lambda frames: frames[:, :0]),
}


def head_bytes(frames: Frames) -> bytes:
    """Pitch, yaw and roll of each frame as signed bytes, in quarters of a degree."""
    return (frames[:, HEAD].astype(np.int16) - 128).astype(np.int8).tobytes()
