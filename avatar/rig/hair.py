"""Hair as a sculptor makes it: broad overlapping locks that lie on the skull and fall, over a painted scalp.

Each lock is walked out from its root along a flow, kept off the skin, and swept with a flat section. No cards, so no
fringes. What comes next: build.py shades the locks.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from avatar.rig.eyes import png
from avatar.rig.hairstyles import STYLES, Lock, hairline
from avatar.rig.mesh import Indices, Mesh, Points, join, neighbours, smooth, triangulate
from avatar.rig.person import Person
from avatar.rig.skin import Colour, HairPaint

_STEP_M: Final = 0.011
_AROUND: Final = 8
_STRANDS: Final = 256


@dataclass(frozen=True)
class Hair:
    """The locks, the hair painted under them, and the PNG of strands."""

    mesh: Mesh
    paint: HairPaint
    picture: bytes


@dataclass(frozen=True)
class Skull:
    """The skin that hair keeps off."""

    tree: cKDTree
    points: Points
    normals: Points
    bare: Points

    def beside_the_face(self, at: Points) -> Points:
        """The place, moved sideways out of the bare face if it was in it."""
        _, y, z, radius = self.bare[0]
        depth = radius**2 - (at[1] - y) ** 2 - (at[2] - z) ** 2
        if at[2] < z - 0.02 or depth <= 0 or abs(at[0]) ** 2 >= depth:
            return at
        side = 1.0 if at[0] >= 0 else -1.0
        return np.array([side * min(np.sqrt(depth), abs(at[0]) + 0.006), at[1], at[2]])

    def height(self, at: Points) -> tuple[float, Points]:
        """How far a place is off the skin, and which way is out."""
        near = self.tree.query(at, k=6)[1]
        out = self.normals[near].mean(axis=0)
        out /= np.linalg.norm(out)
        return float((at - self.points[near].mean(axis=0)) @ out), out


def hair_of(person: Person, style: str, colour: Colour, seed: int) -> Hair:
    """The hair of a style: see `STYLES`."""
    planes = hairline(person, style)
    plain = _without_ears(person)
    skull = Skull(cKDTree(plain.points), plain.points, plain.normals, planes)
    locks = STYLES[style](person, planes, np.random.default_rng(seed))
    meshes = [_swept(person, skull, lock) for lock in locks]
    return Hair(join(meshes), HairPaint(colour, planes), strands_picture(colour, seed))


def _without_ears(person: Person) -> Mesh:
    """The head with its ears smoothed away, for hair to lie on."""
    head = person.group("body")
    quads = person.source.groups["body"].quads
    ids = np.flatnonzero(person.points[:, 1] > person.joint("Neck")[1])
    faces = triangulate(quads[np.isin(quads, ids).all(axis=1)])
    used, renumbered = np.unique(faces, return_inverse=True)
    whole = Mesh.of(person.points[used], renumbered.reshape(-1, 3), person.weights[used])
    sheet = np.zeros(len(person.points))
    base = head.attributes[:, 0].astype(np.int64)
    mask = person.source.mask("ears")
    at = np.clip((head.uv * mask.shape[0]).astype(int), 0, mask.shape[0] - 1)
    np.maximum.at(sheet, base, mask[at[:, 1], at[:, 0]])
    on_ear = np.minimum(1, (neighbours(whole) @ sheet[used]) * 2 + sheet[used])
    return smooth(whole, 150, 0.8, pinned=1 - on_ear)


def strands_picture(colour: Colour, seed: int) -> bytes:
    """Strands along v, a soft gleam across them; sRGB."""
    rng = np.random.default_rng(seed)
    fine = gaussian_filter1d(rng.random(_STRANDS), 0.8, mode="wrap") - 0.5
    broad = gaussian_filter1d(rng.random(_STRANDS), 7, mode="wrap") - 0.5
    across = 1 + 0.30 * fine / np.abs(fine).max() * 0.6 + 0.20 * broad / np.abs(broad).max()
    v = np.linspace(0, 1, _STRANDS)[:, None]
    wobble = 0.03 * broad / np.abs(broad).max()
    gleam = np.exp(-(((v - 0.34 - wobble) / 0.10) ** 2)) * 0.30 + np.exp(-(((v - 0.66 + wobble) / 0.13) ** 2)) * 0.12
    root = 0.80 + 0.20 * np.clip(v / 0.25, 0, 1)
    tone = (across[None, :] * root)[..., None] * np.array(colour)
    return png(tone + gleam[..., None] * (np.array(colour) * 0.75 + 0.06))


def _swept(person: Person, skull: Skull, lock: Lock) -> Mesh:
    """A lock as a mesh, hung on the head."""
    path, outs = _walk(skull, lock)
    n = len(path)
    s = np.linspace(0, 1, n)
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(along, outs)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    up = np.cross(across, along)
    body = np.minimum(1, 0.30 + s / 0.16 * 0.70) * (1 - (1 - lock.tip) * np.clip((s - 0.45) / 0.55, 0, 1) ** 1.8)
    body[-1] *= 0.35
    turn = np.arange(_AROUND) / _AROUND * 2 * np.pi
    wide, deep = np.cos(turn), np.sin(turn)
    ring = (
        (across[:, None, :] * wide[None, :, None]) * (lock.width / 2 * body)[:, None, None]
        + (up[:, None, :] * deep[None, :, None]) * (lock.thick / 2 * body**0.7)[:, None, None]
        - up[:, None, :] * ((wide**2)[None, :, None] * lock.width * 0.16 * body[:, None, None])  # hugs the head
    )
    points = (path[:, None, :] + ring).reshape(-1, 3)
    u = (0.5 + 0.5 * wide * np.where(deep >= 0, 1, -1)) * 0.5 + 0.25
    uv = np.stack([np.tile(u, n) + lock.root[0] * 37 % 1, np.repeat(s, _AROUND)], axis=1)
    mesh = Mesh.of(points, _tube(n), person.skeleton.only("Head", len(points)), uv)
    under = 1 - 0.25 * np.tile(np.clip(-deep, 0, 1), n)
    return mesh.tinted((under * lock.shade)[:, None])


def _walk(skull: Skull, lock: Lock) -> tuple[Points, Points]:
    """The middle line of a lock and the way out along it."""
    at, way = lock.root.copy(), lock.way.copy()
    count = max(4, int(np.ceil(lock.length / _STEP_M)))
    path, outs = [], []
    side = np.cross(way, skull.height(at)[1])
    for i in range(count + 1):
        s = i / count
        height, out = skull.height(at)
        wanted = lock.lift * min(1.0, -0.60 + i * 0.80) * (1 - 0.35 * lock.curl * max(0.0, s - 0.7))
        at = at + out * (wanted - height) * (1.0 if height < wanted else 0.25 if lock.fall else 0.0)
        at = skull.beside_the_face(at) if i > 1 and lock.fall else at
        path.append(at)
        outs.append(out)
        way = way + np.array([0.0, -lock.fall, 0.0])
        if lock.curl > 1:
            way = way * np.cos(0.55) + np.cross(side, way) * np.sin(0.55)
        way = way - out * min(0.0, way @ out)
        way = way / np.linalg.norm(way)
        at = at + way * _STEP_M
    smooth = gaussian_filter1d(np.array(path), 1.0, axis=0, mode="nearest")
    out_smooth = gaussian_filter1d(np.array(outs), 1.5, axis=0, mode="nearest")
    return smooth, out_smooth / np.linalg.norm(out_smooth, axis=1, keepdims=True)


def _tube(rings: int) -> Indices:
    triangles = []
    for i in range(rings - 1):
        for j in range(_AROUND):
            a, b = i * _AROUND + j, i * _AROUND + (j + 1) % _AROUND
            triangles += [(a, b + _AROUND, b), (a, a + _AROUND, b + _AROUND)]
    last = (rings - 1) * _AROUND
    triangles += [(last, last + j + 1, last + j) for j in range(1, _AROUND - 1)]
    return np.array(triangles)
