"""The smallest person that every example accepts: a ball for a head, ARKit's morphs, Mixamo's bones, VRM's presets.

One binary glTF, made anew for each run: no avatar has to be in the repository for the examples to be tested.
"""

import json
import struct
from typing import Any, Final

import numpy as np

from avatar.blendshapes import ARKIT_52
from avatar.visemes import VISEMES

FINGERS: Final = ("Thumb", "Index", "Middle", "Ring", "Pinky")
MORPHS: Final = (
    *ARKIT_52,
    *(f"viseme_{'I' if v == 'ih' else v[:1].upper() if v in {'oh', 'ou'} else v}" for v in VISEMES),
)
_BONES: Final = {  # VRM's name -> ours
    "hips": "Hips", "spine": "Spine", "chest": "Spine1", "neck": "Neck", "head": "Head",
    **{f"{side.lower()}{vrm}": f"{side}{ours}" for side in ("Left", "Right") for vrm, ours in (
        ("UpperArm", "Arm"), ("LowerArm", "ForeArm"), ("Hand", "Hand"),
        ("UpperLeg", "UpLeg"), ("LowerLeg", "Leg"), ("Foot", "Foot"))},
}  # fmt: skip
_PRESETS: Final = {
    "aa": {"jawOpen": 0.6}, "ih": {"mouthStretchLeft": 0.6}, "ou": {"mouthPucker": 0.8},
    "ee": {"mouthStretchLeft": 0.4}, "oh": {"mouthFunnel": 0.6},
    "happy": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0}, "angry": {"browDownLeft": 1.0},
    "sad": {"mouthFrownLeft": 1.0}, "relaxed": {"mouthSmileLeft": 0.4}, "surprised": {"eyeWideLeft": 1.0},
    "neutral": {}, "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}, "blinkLeft": {"eyeBlinkLeft": 1.0},
    "blinkRight": {"eyeBlinkRight": 1.0}, "lookUp": {"eyeLookUpLeft": 1.0}, "lookDown": {"eyeLookDownLeft": 1.0},
    "lookLeft": {"eyeLookOutLeft": 1.0}, "lookRight": {"eyeLookInLeft": 1.0},
}  # fmt: skip


def tiny_rig() -> bytes:
    """The file."""
    nodes = _skeleton()
    names = [node["name"] for node in nodes]
    data, accessors, views = _geometry()
    face = len(nodes)
    nodes.append({"name": "Face", "mesh": 0})
    nodes[names.index("Head")].setdefault("children", []).append(face)
    primitive = {
        "attributes": {"POSITION": 0}, "indices": 1, "material": 0,
        "targets": [{"POSITION": 2 + k} for k in range(len(MORPHS))],
    }  # fmt: skip
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "Stagedoor's tests"},
        "extensionsUsed": ["VRMC_vrm"],
        "extensions": {"VRMC_vrm": _vrm(names, face)},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": nodes,
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.8, 0.6, 0.5, 1], "metallicFactor": 0}}],
        "meshes": [{"name": "Face", "primitives": [primitive], "extras": {"targetNames": MORPHS}}],
        "accessors": accessors,
        "bufferViews": views,
        "buffers": [{"byteLength": len(data)}],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(data)
    return struct.pack("<4sII", b"glTF", 2, total) + _chunk(b"JSON", text) + _chunk(b"BIN\0", data)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack("<I4s", len(data), kind) + data


def _skeleton() -> list[dict[str, Any]]:
    """Bones a hand's width apart, so that none coincide; parents before children."""
    nodes: list[dict[str, Any]] = []

    def bone(name: str, parent: int | None, at: tuple[float, float, float]) -> int:
        nodes.append({"name": name, "translation": list(at)})
        if parent is not None:
            nodes[parent].setdefault("children", []).append(len(nodes) - 1)
        return len(nodes) - 1

    hips = bone("Hips", bone("Armature", None, (0, 0, 0)), (0, 0.95, 0))
    chest = bone("Spine2", bone("Spine1", bone("Spine", hips, (0, 0.1, 0)), (0, 0.1, 0)), (0, 0.1, 0))
    head = bone("Head", bone("Neck", chest, (0, 0.15, 0)), (0, 0.1, 0))
    bone("HeadTop_End", head, (0, 0.2, 0))
    for side, x in (("Left", 1), ("Right", -1)):
        bone(f"{side}Eye", head, (0.03 * x, 0.06, 0.08))
        arm = bone(f"{side}Arm", bone(f"{side}Shoulder", chest, (0.05 * x, 0.1, 0)), (0.1 * x, 0, 0))
        hand = bone(f"{side}Hand", bone(f"{side}ForeArm", arm, (0.25 * x, 0, 0)), (0.25 * x, 0, 0))
        for finger in FINGERS:
            joint = hand
            for k in range(1, 5):
                joint = bone(f"{side}Hand{finger}{k}", joint, (0.03 * x, 0, 0.01))
        leg = bone(f"{side}Leg", bone(f"{side}UpLeg", hips, (0.1 * x, -0.05, 0)), (0, -0.42, 0))
        toe = bone(f"{side}ToeBase", bone(f"{side}Foot", leg, (0, -0.42, 0)), (0, -0.05, 0.1))
        bone(f"{side}Toe_End", toe, (0, 0, 0.05))
    return nodes


def _geometry() -> tuple[bytes, list[dict[str, Any]], list[dict[str, Any]]]:
    """A ball of 8 x 12 points; every morph moves it a little in its own direction."""
    up, around = np.meshgrid(np.linspace(0.01, np.pi - 0.01, 8), np.linspace(0, 2 * np.pi, 12), indexing="ij")
    ball = np.stack([np.sin(up) * np.sin(around), np.cos(up), np.sin(up) * np.cos(around)], -1).reshape(-1, 3)
    points = (0.11 * ball + [0, 0.06, 0]).astype("<f4")
    quads = [(r * 12 + c, r * 12 + (c + 1) % 12) for r in range(7) for c in range(12)]
    triangles = np.array([t for a, b in quads for t in ((a, a + 12, b), (b, a + 12, b + 12))], "<u2")
    rng = np.random.default_rng(1)
    arrays = [points, triangles, *(0.01 * rng.standard_normal(points.shape).astype("<f4") for _ in MORPHS)]
    data, accessors, views = b"", [], []
    for array in arrays:
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": array.nbytes})
        accessor: dict[str, Any] = {"bufferView": len(views) - 1, "componentType": 5126, "type": "VEC3"}
        if array.dtype == np.uint16:
            accessor |= {"componentType": 5123, "type": "SCALAR", "count": array.size}
        else:
            accessor |= {"count": len(array), "min": array.min(0).tolist(), "max": array.max(0).tolist()}
        accessors.append(accessor)
        data += array.tobytes()
        data += b"\0" * (-len(data) % 4)
    return data, accessors, views


def _vrm(names: list[str], face: int) -> dict[str, Any]:
    def binds(morphs: dict[str, float]) -> list[dict[str, Any]]:
        return [{"node": face, "index": MORPHS.index(name), "weight": weight} for name, weight in morphs.items()]

    return {
        "specVersion": "1.0",
        "meta": {
            "name": "Tiny", "authors": ["Stagedoor's tests"], "licenseUrl": "https://vrm.dev/licenses/1.0/",
        },
        "humanoid": {"humanBones": {vrm: {"node": names.index(ours)} for vrm, ours in _BONES.items()}},
        "expressions": {"preset": {name: {"morphTargetBinds": binds(morphs)} for name, morphs in _PRESETS.items()}},
    }  # fmt: skip
