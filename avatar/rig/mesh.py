"""Triangle meshes with what a part of an avatar needs, and the plain operations on them: clip, offset, smooth, join.

What comes next: gltf.py writes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Points = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Mesh:
    """Points [n, 3] in metres, triangles [m, 3] counter-clockwise, uv [n, 2] (v down), skin weights [n, bones].

    `colour` [n, 3] multiplies the material's colour (linear); `attributes` [n, k] travel along for painting and morphs.
    """

    points: Points
    triangles: Indices
    uv: Points
    weights: Points
    colour: Points
    attributes: Points = field(default_factory=lambda: np.zeros((0, 0)))

    @classmethod
    def of(cls, points: Points, triangles: Indices, weights: Points, uv: Points | None = None) -> Self:
        """A mesh without colour."""
        n = len(points)
        return cls(
            points, triangles, np.zeros((n, 2)) if uv is None else uv, weights, np.ones((n, 3)), np.zeros((n, 0))
        )

    @property
    def normals(self) -> Points:
        """Unit normals [n, 3], weighted by area; points at the same place share theirs, so seams do not show."""
        return smooth_normals(self.points, self.triangles)

    def moved(self, points: Points) -> "Mesh":
        return replace(self, points=points)

    def tinted(self, colour: Points | Sequence[float]) -> "Mesh":
        """The same with its colour multiplied by `colour` [3] or [n, 3]."""
        return replace(self, colour=self.colour * np.asarray(colour))


def smooth_normals(points: Points, triangles: Indices) -> Points:
    """Unit normals [n, 3], shared by points at the same place."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    flat = np.cross(b - a, c - a)
    same = _places(np.round(points, 6))
    corners = same[triangles.T.reshape(-1)]
    total = np.stack([np.bincount(corners, np.tile(flat[:, axis], 3)) for axis in range(3)], axis=1)
    normals = total[same]
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def _places(points: Points) -> Indices:
    """A number for each point [n], the same for those at the same place; every number is used."""
    order = np.lexsort(points.T)
    new = np.any(np.diff(points[order], axis=0) != 0, axis=1)
    places = np.empty(len(points), np.int64)
    places[order] = np.concatenate(([0], np.cumsum(new)))
    return places


def triangulate(quads: Indices) -> Indices:
    """Two triangles for each quad [n, 4], split at the first corner."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]], axis=1).reshape(-1, 3)


def take(mesh: Mesh, triangles: Indices) -> Mesh:
    """The part of a mesh that these of its triangles need."""
    used, renumbered = np.unique(triangles, return_inverse=True)
    return Mesh(
        mesh.points[used], renumbered.reshape(-1, 3), mesh.uv[used], mesh.weights[used], mesh.colour[used],
        mesh.attributes[used],
    )  # fmt: skip


def join(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one; they keep their own points."""
    starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes)])
    return Mesh(
        np.concatenate([mesh.points for mesh in meshes]),
        np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=False)]),
        np.concatenate([mesh.uv for mesh in meshes]),
        np.concatenate([mesh.weights for mesh in meshes]),
        np.concatenate([mesh.colour for mesh in meshes]),
        np.concatenate([mesh.attributes for mesh in meshes]),
    )


def clip(mesh: Mesh, level: Points) -> Mesh:
    """What lies where `level` [n] is positive, cut exactly along its zero line."""
    inside = level > 0
    count = inside[mesh.triangles].sum(axis=1)
    kept = [mesh.triangles[count == 3]]
    cuts: dict[tuple[int, int], int] = {}
    sources: list[tuple[int, int, float]] = []

    def cut(i: int, j: int) -> int:
        key = (min(i, j), max(i, j))
        if key not in cuts:
            cuts[key] = len(mesh.points) + len(sources)
            sources.append((*key, float(level[key[0]] / (level[key[0]] - level[key[1]]))))
        return cuts[key]

    new: list[tuple[int, int, int]] = []
    for triangle in mesh.triangles[(count == 1) | (count == 2)].tolist():
        alone = next(i for i in range(3) if inside[triangle[i]] == (inside[triangle].sum() == 1))
        a, b, c = (triangle[(alone + i) % 3] for i in range(3))
        ab, ca = cut(a, b), cut(c, a)
        new += [(a, ab, ca)] if inside[a] else [(ab, b, c), (ab, c, ca)]
    if new:
        kept.append(np.array(new))
    return take(_with_between(mesh, sources), np.concatenate(kept))


def subdivide(mesh: Mesh) -> Mesh:
    """Every triangle in four."""
    ids: dict[tuple[int, int], int] = {}
    middles = np.zeros_like(mesh.triangles)
    for row, triangle in enumerate(mesh.triangles.tolist()):
        for corner in range(3):
            i, j = triangle[corner], triangle[(corner + 1) % 3]
            middles[row, corner] = ids.setdefault((min(i, j), max(i, j)), len(mesh.points) + len(ids))
    finer = _with_between(mesh, [(i, j, 0.5) for i, j in ids])
    (a, b, c), (ab, bc, ca) = mesh.triangles.T, middles.T
    corners = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return replace(finer, triangles=np.concatenate([np.stack(t, axis=1) for t in corners]))


def smooth(mesh: Mesh, rounds: int, amount: float = 0.5, pinned: Points | None = None) -> Mesh:
    """Laplacian smoothing; `pinned` [n] 0..1 holds points back."""
    spread = neighbours(mesh)
    points = mesh.points
    give = amount if pinned is None else amount * (1 - pinned[:, None])
    for _ in range(rounds):
        points = points + give * (spread @ points - points)
    return mesh.moved(points)


def neighbours(mesh: Mesh) -> sp.csr_matrix:
    """The matrix [n, n] that replaces a value at each point by the mean of its neighbours."""
    edges = np.concatenate([mesh.triangles[:, [0, 1]], mesh.triangles[:, [1, 2]], mesh.triangles[:, [2, 0]]])
    both = np.concatenate([edges, edges[:, ::-1]])
    n = len(mesh.points)
    matrix = sp.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), (n, n))
    matrix.data[:] = 1
    degree = np.maximum(np.asarray(matrix.sum(axis=1)).ravel(), 1)
    return sp.csr_matrix(sp.diags(1 / degree) @ matrix)


def boundary_loops(mesh: Mesh) -> list[Indices]:
    """The open edges as closed loops of point ids, longest first, in the direction of their triangles."""
    edges = np.concatenate([mesh.triangles[:, [0, 1]], mesh.triangles[:, [1, 2]], mesh.triangles[:, [2, 0]]])
    known = {(int(i), int(j)) for i, j in edges}
    after = {i: j for i, j in sorted(known) if (j, i) not in known}
    loops: list[Indices] = []
    while after:
        start = min(after)
        loop = [start]
        while (following := after.pop(loop[-1], start)) != start:
            loop.append(following)
        loops.append(np.array(loop))
    return sorted(loops, key=len, reverse=True)


def _with_between(mesh: Mesh, sources: Sequence[tuple[int, int, float]]) -> Mesh:
    """The mesh with points added between i and j, at t of the way."""
    if not sources:
        return mesh
    i, j = (np.array([source[k] for source in sources], np.int64) for k in (0, 1))
    t = np.array([source[2] for source in sources])[:, None]

    def more(values: Points) -> Points:
        return np.concatenate([values, values[i] * (1 - t) + values[j] * t])

    return Mesh(
        more(mesh.points), mesh.triangles, more(mesh.uv), more(mesh.weights), more(mesh.colour), more(mesh.attributes)
    )
