"""Writes glTF 2.0 binary files: nodes, skinned meshes, sparse morph targets, pictures. The same input, the same bytes.

What comes next: vrm.py adds what makes an avatar of the file.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from avatar.rig.mesh import Indices, Points
from avatar.rig.skeleton import Skeleton

_FLOAT, _USHORT, _UBYTE, _UINT = 5126, 5123, 5121, 5125
_TYPES: Final = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_VERTICES, _ELEMENTS = 34962, 34963


@dataclass(frozen=True)
class Material:
    """How a part is lit. `picture` is the bytes of a PNG or JPEG; colours are linear."""

    name: str
    picture: bytes | None = None
    colour: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    roughness: float = 0.7
    blend: bool = False
    double_sided: bool = False


@dataclass(frozen=True)
class Morph:
    """The points [k] that move, by how much [k, 3] in metres, and how their normals change [k, 3]."""

    at: Indices
    move: Points
    turn: Points


@dataclass(frozen=True)
class Part:
    """A skinned mesh of the file, in the T: one node, one material."""

    name: str
    points: Points
    normals: Points
    triangles: Indices
    uv: Points
    weights: Points
    material: Material
    colour: Points | None = None
    morphs: Mapping[str, Morph] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)


class Document:
    """A glTF being written. `json` is its tree; the blob follows it."""

    def __init__(self) -> None:
        self.json: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "stagedoor avatar.rig"},
            "scene": 0, "scenes": [{"nodes": []}], "nodes": [], "meshes": [], "skins": [], "materials": [],
            "accessors": [], "bufferViews": [], "buffers": [],
        }  # fmt: skip
        self._blob = bytearray()

    def bones(self, skeleton: Skeleton) -> int:
        """Adds the bones as nodes 0..n-1 (turned nowhere, in the T) and the skin; gives the skin's index."""
        for i, name in enumerate(skeleton.names):
            parent = skeleton.parents[i]
            offset = skeleton.heads_t[i] - (skeleton.heads_t[parent] if parent >= 0 else 0)
            children = [j for j, p in enumerate(skeleton.parents) if p == i]
            node = {"name": name, "translation": _rounded(offset)}
            self.json["nodes"].append(node | ({"children": children} if children else {}))
        self.json["scenes"][0]["nodes"].append(0)
        inverse = np.tile(np.eye(4), (len(skeleton.names), 1, 1))
        inverse[:, :3, 3] = -np.array([self._world(i, skeleton) for i in range(len(skeleton.names))])
        matrices = self._accessor(inverse.transpose(0, 2, 1).reshape(-1, 16).astype(np.float32), _FLOAT)
        self.json["skins"].append(
            {"joints": list(range(len(skeleton.names))), "skeleton": 0, "inverseBindMatrices": matrices}
        )
        return len(self.json["skins"]) - 1

    def part(self, part: Part, skin: int) -> int:
        """Adds a part; gives its node's index."""
        joints, weights = _four(part.weights)
        attributes = {
            "POSITION": self._accessor(part.points.astype(np.float32), _FLOAT, _VERTICES, limits=True),
            "NORMAL": self._accessor(part.normals.astype(np.float32), _FLOAT, _VERTICES),
            "JOINTS_0": self._accessor(joints, _UBYTE, _VERTICES),
            "WEIGHTS_0": self._accessor(weights, _UBYTE, _VERTICES, normalized=True),
        }
        if part.material.picture is not None:
            attributes["TEXCOORD_0"] = self._accessor(part.uv.astype(np.float32), _FLOAT, _VERTICES)
        if part.colour is not None:
            rgba = np.concatenate([part.colour, np.ones((len(part.colour), 1))], axis=1)
            attributes["COLOR_0"] = self._accessor(
                np.round(np.clip(rgba, 0, 1) * 255).astype(np.uint8), _UBYTE, _VERTICES, normalized=True
            )
        kind = (np.uint16, _USHORT) if len(part.points) < 65535 else (np.uint32, _UINT)
        primitive: dict[str, Any] = {
            "attributes": attributes,
            "indices": self._accessor(part.triangles.reshape(-1, 1).astype(kind[0]), kind[1], _ELEMENTS),
            "material": self._material(part.material),
        }
        mesh: dict[str, Any] = {"name": part.name, "primitives": [primitive]}
        if part.morphs:
            n = len(part.points)
            primitive["targets"] = [
                {"POSITION": self._sparse(m.at, m.move, n, limits=True), "NORMAL": self._sparse(m.at, m.turn, n)}
                for m in part.morphs.values()
            ]
            mesh["extras"] = {"targetNames": list(part.morphs)} | dict(part.extras)
        self.json["meshes"].append(mesh)
        self.json["nodes"].append({"name": part.name, "mesh": len(self.json["meshes"]) - 1, "skin": skin})
        self.json["scenes"][0]["nodes"].append(len(self.json["nodes"]) - 1)
        return len(self.json["nodes"]) - 1

    def image(self, content: bytes, name: str) -> int:
        """Adds a picture; gives the index of its image."""
        mime = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg"
        images = self.json.setdefault("images", [])
        images.append({"name": name, "bufferView": self._view(content, None), "mimeType": mime})
        return len(images) - 1

    def glb(self) -> bytes:
        """The file."""
        self.json["buffers"] = [{"byteLength": len(self._blob)}]
        text = json.dumps(self.json, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 4)
        blob = bytes(self._blob) + b"\0" * (-len(self._blob) % 4)
        head = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(blob))
        return head + struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(blob), b"BIN\0") + blob

    def _world(self, bone: int, skeleton: Skeleton) -> Points:
        """Where the bone is by the rounded numbers that were written."""
        parent = skeleton.parents[bone]
        above = self._world(parent, skeleton) if parent >= 0 else np.zeros(3)
        return np.asarray(above + np.array(self.json["nodes"][bone]["translation"]))

    def _material(self, material: Material) -> int:
        look: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": material.roughness}
        if material.colour != (1.0, 1.0, 1.0, 1.0):
            look["baseColorFactor"] = list(material.colour)
        if material.picture is not None:
            self.json.setdefault("samplers", [{"magFilter": 9729, "minFilter": 9987, "wrapS": 10497, "wrapT": 10497}])
            textures = self.json.setdefault("textures", [])
            textures.append({"source": self.image(material.picture, material.name), "sampler": 0})
            look["baseColorTexture"] = {"index": len(textures) - 1}
        entry: dict[str, Any] = {"name": material.name, "pbrMetallicRoughness": look}
        if material.blend:
            entry["alphaMode"] = "BLEND"
        if material.double_sided:
            entry["doubleSided"] = True
        self.json["materials"].append(entry)
        return len(self.json["materials"]) - 1

    def _view(self, content: bytes, target: int | None, stride: int | None = None) -> int:
        self._blob += b"\0" * (-len(self._blob) % 4)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self._blob), "byteLength": len(content)}
        if target is not None:
            view["target"] = target
        if stride is not None:
            view["byteStride"] = stride
        self._blob += content
        self.json["bufferViews"].append(view)
        return len(self.json["bufferViews"]) - 1

    def _accessor(
        self,
        values: NDArray[Any],
        kind: int,
        target: int | None = None,
        *,
        limits: bool = False,
        normalized: bool = False,
    ) -> int:
        view = self._view(np.ascontiguousarray(values).tobytes(), target)
        entry: dict[str, Any] = {
            "bufferView": view, "componentType": kind, "count": len(values), "type": _TYPES[values.shape[1]],
        }  # fmt: skip
        if normalized:
            entry["normalized"] = True
        if limits:
            entry |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self.json["accessors"].append(entry)
        return len(self.json["accessors"]) - 1

    def _sparse(self, at: Indices, values: Points, n: int, *, limits: bool = False) -> int:
        """An accessor of zeros [n, 3] with some rows put in. Its limits include the zeros."""
        rows = np.ascontiguousarray(values.astype(np.float32))
        entry: dict[str, Any] = {
            "componentType": _FLOAT, "count": n, "type": "VEC3",
            "sparse": {
                "count": len(at),
                "indices": {"bufferView": self._view(at.astype(np.uint16).tobytes(), None), "componentType": _USHORT},
                "values": {"bufferView": self._view(rows.tobytes(), None)},
            },
        }  # fmt: skip
        if limits:
            whole = np.concatenate([rows, np.zeros((int(len(at) < n), 3), np.float32)])
            entry |= {"min": whole.min(axis=0).tolist(), "max": whole.max(axis=0).tolist()}
        self.json["accessors"].append(entry)
        return len(self.json["accessors"]) - 1


def _rounded(values: Points) -> list[float]:
    return [round(float(value), 6) + 0.0 for value in values]


def _four(weights: Points) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The four strongest bones of each point and their shares in 255ths, which sum to 255."""
    joints = np.argsort(-weights, axis=1, kind="stable")[:, :4]
    strongest = np.take_along_axis(weights, joints, axis=1)
    shares = np.floor(strongest / strongest.sum(axis=1, keepdims=True) * 255).astype(np.int64)
    shares[:, 0] += 255 - shares.sum(axis=1)
    joints = np.where(shares > 0, joints, 0)
    return joints.astype(np.uint8), shares.astype(np.uint8)


def names(morphs: Sequence[str]) -> dict[str, int]:
    """Morph name -> its index."""
    return {name: i for i, name in enumerate(morphs)}
