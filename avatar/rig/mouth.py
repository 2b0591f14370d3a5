"""Teeth, gums and tongue: made to be read when the mouth opens a little.

The teeth are our own, set on the arch of the base mesh's; the tongue is the base mesh's. What comes next: build.py.
"""

from typing import Final

import numpy as np

from avatar.rig.mesh import Mesh, Points, join
from avatar.rig.morphs import FaceMorphs
from avatar.rig.person import Person

#: Widths and heights in mm from the middle outwards: incisors, canine, premolars, molars.
_UPPER: Final = ((8.6, 9.6), (6.8, 8.8), (7.4, 9.4), (6.8, 8.2), (6.6, 7.6), (9.2, 7.0))
_LOWER: Final = ((5.4, 8.4), (5.8, 8.4), (6.6, 9.0), (6.8, 8.0), (6.8, 7.4), (9.6, 6.8))
_ENAMEL: Final = (0.97, 0.94, 0.88)
#: How much light reaches each tooth past lips and cheeks, which throw no shadow of their own.
_DIMMER: Final = (1.0, 1.0, 0.90, 0.72, 0.50, 0.34)
_GUM: Final = (0.62, 0.24, 0.24)
_AROUND: Final = 10
_ROWS: Final = np.array([0.0, 0.03, 0.10, 0.30, 0.65, 1.0])


def teeth(person: Person, upper: bool) -> Mesh:
    """One row of teeth with its gum, coloured by point."""
    name = f"helper-{'upper' if upper else 'lower'}-teeth"
    ids = person.source.groups[name].vertices
    rough = person.points[ids]
    front = rough[rough[:, 2].argmax(), 2]
    half_width, depth = np.abs(rough[:, 0]).max() * 0.73, (front - rough[:, 2].min()) * 0.96
    lip = person.mouth
    edge = lip[1] - 0.0034 if upper else lip[1] - 0.0044
    front = min(front, lip[2] - 0.0076) if upper else min(front, lip[2] - 0.0076) - 0.0024
    scale = half_width / 0.0242
    parts = []
    sizes = _UPPER if upper else _LOWER
    for side in (1.0, -1.0):
        along = 0.0
        for index, (width_mm, height_mm) in enumerate(sizes):
            width, height = width_mm / 1000 * scale, height_mm / 1000 * scale
            at, facing = _arch(along + width / 2, half_width, depth, front)
            along += width
            droop = 0.0006 * (index == 1) - 0.0002 * (index == 2) + 0.00025 * max(0, index - 2)
            y = edge + droop * scale if upper else edge - droop * scale
            parts.append(
                _tooth(person, np.array([at[0] * side, y, at[1]]), facing * (side, 1), width, height, upper, index)
            )
    parts.append(_gum(person, edge, half_width, depth, front, scale, upper))
    return join(parts)


def jaw_moves(person: Person, morphs: FaceMorphs, mesh: Mesh) -> dict[str, Points]:
    """How the lower teeth go with each shape: as one stiff piece, like the base mesh's."""
    ids = person.source.groups["helper-lower-teeth"].vertices
    return {name: _stiff(person.points[ids], move[ids], mesh.points) for name, move in morphs.moves.items()}


def tongue(person: Person) -> Mesh:
    """The base mesh's tongue, rosy, darker towards the throat."""
    mesh = person.group("helper-tongue")
    z = mesh.points[:, 2]
    front = np.clip((z - z.min()) / np.ptp(z), 0, 1)[:, None]
    groove = 1 - 0.16 * np.exp(-((mesh.points[:, :1] / 0.0022) ** 2))
    colour = (np.array([0.22, 0.03, 0.04]) * (1 - front) + np.array([0.58, 0.16, 0.165]) * front) * groove
    return mesh.moved(mesh.points - (0.0, 0.0035, 0.003)).tinted(colour)


def _stiff(before: Points, move: Points, points: Points) -> Points:
    """The best turn and shift (Kabsch) of `before` to `before + move`, applied to `points`."""
    if np.abs(move).max() < 1e-6:
        return np.zeros_like(points)
    centre, after = before.mean(axis=0), (before + move).mean(axis=0)
    u, _, vt = np.linalg.svd((before - centre).T @ (before + move - after))
    turn = vt.T @ np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))]) @ u.T
    return np.asarray((points - centre) @ turn.T + after - points)


def _arch(length: float, half_width: float, depth: float, front: float) -> tuple[Points, Points]:
    """Place (x, z) and outward direction on the arch, so far from its middle."""
    turn = np.linspace(0, np.pi / 2, 200)
    x, z = half_width * np.sin(turn), front - depth * (1 - np.cos(turn))
    way = np.concatenate([[0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    at = np.array([np.interp(length, way, x), np.interp(length, way, z)])
    angle = np.interp(length, way, turn)
    facing = np.array([np.sin(angle) / half_width, np.cos(angle) / depth])
    return at, facing / np.linalg.norm(facing)


def _tooth(person: Person, edge: Points, facing: Points, width: float, height: float, upper: bool, index: int) -> Mesh:
    """A rounded block whose biting edge is at `edge`, narrowing to the gum."""
    v, u = np.meshgrid(_ROWS, np.arange(_AROUND) / _AROUND * 2 * np.pi, indexing="ij")
    thick = 0.0034 if index < 3 else 0.0062
    blunt = np.sqrt(np.clip(1 - (1 - np.clip(v / 0.10, 0, 1)) ** 2, 0, 1)) * 0.45 + 0.55 * (v > 0)
    across = _power(np.cos(u), 0.45) * (width * 0.497) * blunt * (1 - 0.16 * v * v)
    deep = _power(np.sin(u), 0.75) * thick * (0.25 + 0.75 * v) * blunt
    bend = 0.0011 * np.sin(np.pi * np.clip(v, 0, 1)) - 0.0012 * v
    up = (1.0 if upper else -1.0) * v * height
    out3 = np.array([facing[0], 0.0, facing[1]])
    side3 = np.array([facing[1], 0.0, -facing[0]])
    centre = edge - out3 * thick * 0.5
    points = (
        centre + across[..., None] * side3 + (deep + bend)[..., None] * out3 + up[..., None] * np.array([0.0, 1.0, 0.0])
    )
    inner = 1 - 0.10 * np.clip(v, 0, 1)[..., None]
    back = _DIMMER[index]
    colour = np.array(_ENAMEL) * inner * back * np.array([1.0, 1 - 0.012 * (index == 2), 1 - 0.05 * (index == 2)])
    return _tube(person, points, colour, flip=not upper)


def _gum(person: Person, edge: float, half_width: float, depth: float, front: float, scale: float, upper: bool) -> Mesh:
    lengths = np.linspace(-0.050, 0.050, 25) * scale
    turn = np.arange(_AROUND) / _AROUND * 2 * np.pi
    rows = []
    for length in lengths:
        at, facing = _arch(abs(length), half_width, depth, front - 0.0018)
        out = np.array([facing[0] * np.sign(length), 0.0, facing[1]])
        sign = 1.0 if upper else -1.0
        middle = np.array([at[0] * np.sign(length), edge + sign * 0.0125 * scale, at[1]]) - out * 0.0008
        ring = np.cos(turn)[:, None] * out * 0.0030 + np.sin(turn)[:, None] * np.array([0.0, 0.0052, 0.0])
        rows.append(middle + ring)
    points = np.array(rows)
    return _tube(person, points, np.broadcast_to(np.array(_GUM), points.shape), flip=False)


def _tube(person: Person, points: Points, colour: Points, flip: bool) -> Mesh:
    """Rows of rings [rows, around, 3] as a mesh that hangs on the head, its ends closed."""
    rows, around = points.shape[:2]
    triangles = []
    for i in range(rows - 1):
        for j in range(around):
            a, b = i * around + j, i * around + (j + 1) % around
            triangles += [(a, b, b + around), (a, b + around, a + around)]
    for row in (0, rows - 1):
        base = row * around
        fan = [(base, base + j + 1, base + j) for j in range(1, around - 1)]
        triangles += fan if row == 0 else [(a, c, b) for a, b, c in fan]
    faces = np.array(triangles)
    flat = points.reshape(-1, 3)
    mesh = Mesh.of(flat, faces if not flip else faces[:, ::-1], person.skeleton.only("Head", len(flat)))
    middle = points.mean(axis=1).repeat(around, axis=0)
    if (mesh.normals * (flat - middle)).sum() < 0:
        mesh = Mesh.of(flat, mesh.triangles[:, ::-1], mesh.weights)
    return mesh.tinted(colour.reshape(-1, 3))


def _power(x: Points, p: float) -> Points:
    return np.asarray(np.sign(x) * np.abs(x) ** p)
