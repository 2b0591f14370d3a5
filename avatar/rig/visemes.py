"""The 15 mouth shapes of a look's file, mixed from its 52 ARKit shapes, and how far its lips must part in each.

The amounts are tuned on this face: CH and O stay narrow, F and V keep the lips flat. A client that is sent ARKit
weights does not need them; one that knows visemes only does. What comes next: morphs.py mixes them.
"""

from collections.abc import Mapping
from typing import Final

from avatar.blendshapes import ARKIT_52

Mix = Mapping[str, float]

#: Viseme -> ARKit shapes; a name without its side means both.
MIXES: Final[Mapping[str, Mix]] = {
    "sil": {},
    "PP": {"mouthClose": 0.04, "mouthPress": 0.45, "mouthRollLower": 0.30, "mouthRollUpper": 0.26},
    "FF": {"jawOpen": 0.04, "mouthRollLower": 0.50, "mouthUpperUp": 0.16, "mouthStretch": 0.10, "mouthPress": 0.08},
    "TH": {"jawOpen": 0.14, "mouthLowerDown": 0.20, "mouthUpperUp": 0.14, "mouthStretch": 0.08, "tongueOut": 0.24},
    "DD": {"jawOpen": 0.10, "mouthLowerDown": 0.24, "mouthUpperUp": 0.14, "mouthStretch": 0.10},
    "kk": {"jawOpen": 0.16, "mouthLowerDown": 0.18, "mouthUpperUp": 0.10},
    "CH": {"jawOpen": 0.05, "mouthFunnel": 0.42, "mouthPucker": 0.16, "mouthLowerDown": 0.10, "mouthUpperUp": 0.08},
    "SS": {"jawOpen": 0.05, "mouthStretch": 0.20, "mouthDimple": 0.12, "mouthLowerDown": 0.28, "mouthUpperUp": 0.20},
    "nn": {"jawOpen": 0.09, "mouthLowerDown": 0.20, "mouthUpperUp": 0.10, "mouthStretch": 0.06},
    "RR": {"jawOpen": 0.10, "mouthFunnel": 0.28, "mouthPucker": 0.22, "mouthLowerDown": 0.08},
    "aa": {"jawOpen": 0.52, "mouthLowerDown": 0.24, "mouthUpperUp": 0.16, "mouthStretch": 0.05},
    "E": {"jawOpen": 0.27, "mouthStretch": 0.22, "mouthDimple": 0.14, "mouthLowerDown": 0.24, "mouthUpperUp": 0.18},
    "ih": {"jawOpen": 0.13, "mouthStretch": 0.28, "mouthDimple": 0.16, "mouthLowerDown": 0.22, "mouthUpperUp": 0.16},
    "oh": {"jawOpen": 0.30, "mouthFunnel": 0.40, "mouthPucker": 0.28, "mouthLowerDown": 0.04},
    "ou": {"jawOpen": 0.11, "mouthFunnel": 0.26, "mouthPucker": 0.72},
}

#: How far the lips part in the middle, in millimetres: least and most. PP presses, FF rests on the teeth.
LIP_GAPS_MM: Final[Mapping[str, tuple[float, float]]] = {
    "sil": (-2.0, 0.6), "PP": (-8.0, 0.0), "FF": (-3.0, 1.5), "TH": (4.0, 12.0), "DD": (3.0, 11.0), "kk": (4.0, 13.0),
    "CH": (2.0, 8.0), "SS": (2.0, 8.0), "nn": (3.0, 10.0), "RR": (3.0, 9.0), "aa": (16.0, 27.0), "E": (9.0, 17.0),
    "ih": (5.0, 11.0), "oh": (9.0, 17.0), "ou": (3.0, 9.0),
}  # fmt: skip

#: What avatars call the morph of each viseme: three vowels go by other letters than in Oculus' own list.
MORPH_NAMES: Final = {v: "viseme_" + {"ih": "I", "oh": "O", "ou": "U"}.get(v, v) for v in MIXES}

#: VRM's names for five of them, and the Oculus names of the other ten stay our own.
VRM_MOUTHS: Final = {"aa": "aa", "ih": "ih", "ou": "ou", "ee": "E", "oh": "oh"}


def arkit_weights(mix: Mix) -> dict[str, float]:
    """The mix with both sides spelled out. Raises ValueError for a shape that ARKit does not have."""
    out: dict[str, float] = {}
    for name, weight in mix.items():
        for shape in [name] if name in ARKIT_52 else [f"{name}Left", f"{name}Right"]:
            if shape not in ARKIT_52:
                raise ValueError(f"{name}: no such ARKit shape")
            out[shape] = weight
    return out
