"""From points to pictures: lays a mesh out flat, and gives every texel the place on the body that it shows.

What comes next: skin.py paints at those places, in metres, so that nothing depends on how the mesh is laid out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from avatar.rig.mesh import Indices, Mesh, Points

_CELL_M: Final = 0.004
_DIRECTIONS: Final = 56


@dataclass(frozen=True)
class Texels:
    """For the texels [k] that a mesh covers: row and column, triangle, and the shares of its corners [k, 3]."""

    size: int
    rows: Indices
    columns: Indices
    corners: Indices
    shares: Points

    def sample(self, values: Points) -> Points:
        """Values [n, c] of the mesh's points, at every texel [k, c]."""
        return np.asarray(np.einsum("kc,kcv->kv", self.shares, values[self.corners]))

    def picture(self, colours: Points) -> NDArray[np.uint8]:
        """Colours [k, 3], 0..1, as a picture whose empty texels repeat their nearest neighbour."""
        canvas = np.zeros((self.size, self.size, 3))
        empty = np.ones((self.size, self.size), bool)
        canvas[self.rows, self.columns] = colours
        empty[self.rows, self.columns] = False
        near = distance_transform_edt(empty, return_distances=False, return_indices=True)
        return np.asarray(np.round(np.clip(canvas[tuple(near)], 0, 1) * 255), np.uint8)


def texels_of(mesh: Mesh, size: int) -> Texels:
    """Which texels of a picture of `size` by `size` the mesh covers, by its uv (v down)."""
    owner = np.full((size, size), -1, np.int64)
    shares = np.zeros((size, size, 3))
    corners = mesh.uv[mesh.triangles] * size - 0.5
    low = np.clip(np.floor(corners.min(axis=1)).astype(int), 0, size - 1)
    high = np.clip(np.ceil(corners.max(axis=1)).astype(int), 0, size - 1)
    for i, ((ax, ay), (bx, by), (cx, cy)) in enumerate(corners.tolist()):
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        x = np.arange(low[i, 0], high[i, 0] + 1)[None, :]
        y = np.arange(low[i, 1], high[i, 1] + 1)[:, None]
        b = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
        c = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
        inside = (b >= -1e-3) & (c >= -1e-3) & (b + c <= 1.001)
        rows, columns = np.nonzero(inside)
        at = (rows + low[i, 1], columns + low[i, 0])
        owner[at] = i
        shares[at] = np.stack([1 - b - c, b, c], axis=-1)[inside]
    rows, columns = np.nonzero(owner >= 0)
    return Texels(size, rows, columns, mesh.triangles[owner[rows, columns]], shares[rows, columns])


def islands(mesh: Mesh) -> Indices:
    """For each point the number of the connected piece it belongs to."""
    edges = mesh.triangles[:, [0, 1, 1, 2]].reshape(-1, 2)
    n = len(mesh.points)
    return np.asarray(
        connected_components(csr_matrix((np.ones(len(edges)), edges.T), (n, n)), directed=False)[1], np.int64
    )


def spread(uv: Points, mesh: Mesh, importance: Points) -> Points:
    """UV stretched along both axes to fill 0..1, with texels going where `importance` [n] is: no overlap is made."""
    out = np.empty_like(uv)
    corners = mesh.triangles
    area = np.linalg.norm(
        np.cross(
            mesh.points[corners[:, 1]] - mesh.points[corners[:, 0]],
            mesh.points[corners[:, 2]] - mesh.points[corners[:, 0]],
        ),
        axis=1,
    )
    a, b, c = (uv[corners[:, i]] for i in range(3))
    flat = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (c - a)[:, 0] * (b - a)[:, 1])
    need = np.sqrt(area / np.maximum(flat, 1e-9)) * importance[corners].mean(axis=1)
    for axis in range(2):
        low, high = uv[:, axis].min(), uv[:, axis].max()
        edges = np.linspace(low, high, 129)
        at = np.clip(np.digitize(uv[corners].mean(axis=1)[:, axis], edges) - 1, 0, 127)
        density = np.zeros(128)
        np.maximum.at(density, at, need)
        density = np.convolve(np.pad(density, 4, "edge"), np.ones(9) / 9, "valid")
        density = np.maximum(density, density.max() * 0.02)
        out[:, axis] = np.interp(uv[:, axis], edges, np.concatenate([[0], np.cumsum(density)]) / density.sum())
    return out


def openness(occluders: Mesh, points: Points, normals: Points, reach: float = 0.006) -> Points:
    """How much of the sky each point [n] sees, 0..1: light from all around, a little more from above.

    Every direction draws a map of how far `occluders` reach towards it; what lies `reach` metres deeper is in shadow.
    """
    cloud = _surface_points(occluders, _CELL_M).astype(np.float32)
    seen, total = np.zeros(len(points)), np.zeros(len(points))
    for direction in _sphere(_DIRECTIONS):
        side = np.cross(direction, (0.0, 1.0, 0.1) if abs(direction[1]) < 0.9 else (1.0, 0.0, 0.0))
        side /= np.linalg.norm(side)
        frame = np.stack([side, np.cross(side, direction), direction], axis=1)
        theirs, own = cloud @ frame.astype(np.float32), points @ frame
        origin = np.minimum(theirs.min(axis=0), own.min(axis=0))[:2]
        cells = ((theirs[:, :2] - origin) / _CELL_M).astype(np.int32)
        mine = ((own[:, :2] - origin) / _CELL_M).astype(np.int32)
        wide = int(max(cells[:, 1].max(), mine[:, 1].max())) + 1
        depth = np.full(int(max(cells[:, 0].max(), mine[:, 0].max()) + 1) * wide, -np.inf, np.float32)
        np.maximum.at(depth, cells[:, 0] * wide + cells[:, 1], theirs[:, 2])
        free = own[:, 2] + reach >= depth[mine[:, 0] * wide + mine[:, 1]]
        weight = np.maximum(normals @ direction, 0) * (1.0 + 0.35 * direction[1])
        seen += weight * free
        total += weight
    return seen / np.maximum(total, 1e-9)


def _sphere(n: int) -> Points:
    """Directions spread evenly, in a golden spiral."""
    i = np.arange(n) + 0.5
    y = 1 - 2 * i / n
    r, turn = np.sqrt(1 - y * y), i * np.pi * (3 - np.sqrt(5))
    return np.stack([r * np.cos(turn), y, r * np.sin(turn)], axis=1)


def _surface_points(mesh: Mesh, step: float) -> Points:
    """Points no further than about `step` apart on the mesh."""
    a, b, c = (mesh.points[mesh.triangles[:, i]] for i in range(3))
    longest = np.maximum(
        np.linalg.norm(b - a, axis=1), np.maximum(np.linalg.norm(c - b, axis=1), np.linalg.norm(a - c, axis=1))
    )
    parts = np.clip(np.ceil(longest / step).astype(int), 1, 24)
    clouds = []
    for n in np.unique(parts):
        here = parts == n
        for i in range(n):
            for j in range(n - i):
                u, v = (i + 1 / 3) / n, (j + 1 / 3) / n
                clouds.append(a[here] * (1 - u - v) + b[here] * u + c[here] * v)
    return np.concatenate(clouds)
