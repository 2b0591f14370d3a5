"""Reads a binary glTF without any of the builder's code: what a client would find in it."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.rig.visemes import MORPH_NAMES


class Glb:
    """A glTF binary file, read without any of the builder's code."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", content)
        assert (magic, version, length) == (b"glTF", 2, len(content))
        n = struct.unpack_from("<I", content, 12)[0]
        self.json = json.loads(content[20 : 20 + n])
        self.blob = content[28 + n :]

    def view(self, index: int, kind: Any, count: int, width: int) -> NDArray[Any]:
        view = self.json["bufferViews"][index]
        return np.frombuffer(self.blob, kind, count * width, view["byteOffset"]).reshape(count, width)

    def rows(self, index: int) -> NDArray[Any]:
        """A float accessor [n, 3], sparse or not."""
        accessor = self.json["accessors"][index]
        if "sparse" not in accessor:
            return self.view(accessor["bufferView"], np.float32, accessor["count"], 3)
        sparse = accessor["sparse"]
        out = np.zeros((accessor["count"], 3), np.float32)
        at = self.view(sparse["indices"]["bufferView"], np.uint16, sparse["count"], 1)[:, 0]
        out[at] = self.view(sparse["values"]["bufferView"], np.float32, sparse["count"], 3)
        return out

    def mesh(self, name: str) -> Any:
        return next(mesh for mesh in self.json["meshes"] if mesh["name"] == name)

    def triangles(self, name: str) -> NDArray[Any]:
        accessor = self.json["accessors"][self.mesh(name)["primitives"][0]["indices"]]
        return self.view(accessor["bufferView"], np.uint16, accessor["count"] // 3, 3)

    def morphed(self, name: str, morph: str) -> NDArray[Any]:
        """The points [n, 3] of a mesh with one morph in full."""
        mesh = self.mesh(name)
        primitive = mesh["primitives"][0]
        target = primitive["targets"][mesh["extras"]["targetNames"].index(morph)]
        return self.rows(primitive["attributes"]["POSITION"]) + self.rows(target["POSITION"])

    def lip_gap_mm(self, viseme: str) -> float:
        """How far the lips part in the middle; negative where they are pressed."""
        lips = self.mesh("Face")["extras"]["lips"]
        points = self.morphed("Face", MORPH_NAMES[viseme])
        return float(points[lips["upper"], 1].min() - points[lips["lower"], 1].max()) * 1000
