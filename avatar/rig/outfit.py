"""Clothes with a shape of their own: a shell cut from the body's helper mesh, loosened, with bands where it ends.

What comes next: build.py shades them and leaves out the skin that they cover.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d

from avatar.rig.mesh import Indices, Mesh, Points, boundary_loops, clip, join, smooth, subdivide, take, triangulate
from avatar.rig.person import SIDES, Person
from avatar.rig.skeleton import four_weights

Colour = tuple[float, float, float]
Cloth = tuple[Colour, Colour, Colour]

_ARM: Final = ("Arm", "ForeArm", "Hand")


@dataclass(frozen=True)
class Outfit:
    """The clothes, and which skin stays bare: above the neckline and beyond the cuffs."""

    mesh: Mesh
    person: Person
    neckline: Points

    def bare(self, body: Mesh) -> Mesh:
        """The part of the body's skin that is seen."""
        hand = _beyond_wrist(self.person, body, -0.030)
        chest = (body.points - self.neckline[0]) @ self.neckline[1] + 0.030
        chest = np.where(_arm_share(self.person, body) > 0.5, -1, chest)
        seen = (hand > 0) | (chest > 0)
        return take(body, body.triangles[seen[body.triangles].all(axis=1)])


def outfit_of(person: Person, kind: str, cloth: Cloth) -> Outfit:
    """The outfit of a kind: see `KINDS`."""
    linear = tuple(tuple(float(c) ** 2.2 for c in colour) for colour in cloth)
    parts, neckline = KINDS[kind](person, linear)  # type: ignore[arg-type]
    return Outfit(join([*parts, *_legs(person, linear[2])]), person, neckline)


def _jacket(person: Person, cloth: Cloth) -> tuple[list[Mesh], Points]:
    """A round-necked shirt under an open jacket with a turned collar."""
    neckline = _neckline(person, 0.004, 0.60)
    shirt = _top(person, neckline, offset=0.0035, hem=-0.06, sleeve=-0.10)
    seen = np.minimum(shirt.points[:, 2] - person.joint("Spine2")[2], 0.085 - np.abs(shirt.points[:, 0]))
    shirt = clip(shirt, np.maximum(seen, shirt.points[:, 1] - person.joint("Neck")[1] + 0.05))
    jacket = _top(person, _neckline(person, 0.020, 0.30), offset=0.012, hem=-0.075, sleeve=-0.012)
    middle = person.joint("Spine2")
    width = 0.034 + 0.030 * np.clip((jacket.points[:, 1] - middle[1]) / 0.16, 0, 1) ** 1.5
    front = jacket.points[:, 2] > middle[2] + 0.02
    jacket = clip(jacket, np.where(front, np.abs(jacket.points[:, 0]) - width, 1.0))
    jacket = jacket.tinted(cloth[0])
    trims = [_band(jacket, loop, 0.0055, 0.0035, np.array(cloth[0]) * 0.80) for loop in boundary_loops(jacket)[:3]]
    neck = _band(shirt, boundary_loops(shirt)[_highest(shirt)], 0.008, 0.0028, np.array(cloth[1]) * 0.93)
    collar = _collar(person, jacket, cloth[0])
    return [shirt.tinted(cloth[1]), neck, jacket, collar, *trims, *_sleeve_seams(jacket, cloth[0])], neckline


def _hoodie(person: Person, cloth: Cloth) -> tuple[list[Mesh], Points]:
    """A soft pullover with a hood lying on the back, ribbed ends and two cords."""
    neckline = _neckline(person, -0.012, 0.40)
    top = _top(person, neckline, offset=0.016, hem=-0.08, sleeve=-0.018)
    loops = boundary_loops(top)
    trims = [
        _band(top, loop, 0.020, 0.006, np.array(cloth[0]) * 0.86)
        for i, loop in enumerate(loops[:4])
        if i != _highest(top)
    ]
    hood = _hood(person, top, loops[_highest(top)], cloth[0])
    return [top.tinted(cloth[0]), *trims, hood], neckline


def _dress(person: Person, cloth: Cloth) -> tuple[list[Mesh], Points]:
    """A knitted dress with a broad turned-over neck."""
    neckline = _neckline(person, -0.004, 0.30)
    top = _top(person, neckline, offset=0.008, hem=-0.07, sleeve=-0.014)
    loops = boundary_loops(top)
    trims = [
        _band(top, loop, 0.013, 0.0045, np.array(cloth[0]) * 0.88)
        for i, loop in enumerate(loops[:4])
        if i != _highest(top)
    ]
    neck = _rolled_neck(person, top, loops[_highest(top)], cloth[0])
    return [top.tinted(cloth[0]), *trims, neck], neckline


KINDS: Final[dict[str, Callable[[Person, Cloth], tuple[list[Mesh], Points]]]] = {
    "jacket": _jacket,
    "hoodie": _hoodie,
    "dress": _dress,
}


def _neckline(person: Person, down: float, slope: float) -> Points:
    """A plane as (point, normal up and forward...): cloth lies below it."""
    normal = np.array([0.0, 1.0, slope])
    return np.array([person.joint("Neck") + np.array([0.0, down, 0.0]), normal / np.linalg.norm(normal)])


def _shell(person: Person) -> Mesh:
    """The helper mesh around the body, in one piece."""
    quads = person.source.groups["helper-tights"].quads
    used, renumbered = np.unique(quads, return_inverse=True)
    return Mesh.of(person.points[used], triangulate(renumbered.reshape(-1, 4)), person.weights[used])


def _top(person: Person, neckline: Points, offset: float, hem: float, sleeve: float) -> Mesh:
    """From the neckline to `hem` over the hips and to `sleeve` metres from the wrist (negative is short of it)."""
    shell = _loosened(subdivide(_shell(person)), offset, 5)
    arm = _arm_share(person, shell)
    above_hem = shell.points[:, 1] - (person.joint("Hips")[1] + hem)
    cuff = -_beyond_wrist(person, shell, sleeve)
    level = np.where(arm > 0.5, np.minimum(cuff, 1), np.minimum(above_hem, 1))
    below_neck = -((shell.points - neckline[0]) @ neckline[1])
    return _creased(person, clip(shell, np.minimum(level, np.where(arm > 0.5, 1, below_neck))))


def _legs(person: Person, colour: Colour) -> list[Mesh]:
    """Trousers and shoes."""
    shell = _loosened(_shell(person), 0.007, 2)
    ankle = person.joint("LeftFoot")[1] + 0.010
    y = shell.points[:, 1]
    body = np.where(_arm_share(person, shell) > 0.5, -1.0, 1.0)
    hips = person.joint("Hips")[1]
    trousers = clip(shell, np.minimum(np.minimum(y - ankle, hips + 0.03 - y), body))
    hems = [_band(trousers, loop, 0.006, 0.003, np.array(colour) * 0.8) for loop in boundary_loops(trousers)[1:3]]
    foot = _loosened(_shell(person), 0.010, 2)
    shoe = clip(foot, ankle + 0.028 - foot.points[:, 1])
    shoe = shoe.moved(np.maximum(shoe.points, (-np.inf, 0.0, -np.inf)))
    sole = np.clip((0.026 - shoe.points[:, 1]) / 0.004, 0, 1)[:, None]
    return [trousers.tinted(colour), *hems, shoe.tinted(np.array([0.05, 0.05, 0.055]) * (1 - sole) + 0.62 * sole)]


def _loosened(mesh: Mesh, offset: float, rounds: int) -> Mesh:
    """Moved outwards and smoothed, never closer than 0.7 of `offset`."""
    out = mesh.normals
    loose = smooth(mesh.moved(mesh.points + out * offset), rounds)
    off = ((loose.points - mesh.points) * out).sum(axis=1)
    pushed = loose.points + out * np.maximum(0, 0.7 * offset - off)[:, None]
    return smooth(loose.moved(pushed), 1, 0.4)


def _creased(person: Person, mesh: Mesh) -> Mesh:
    """Soft folds where arms bend and over the hem."""
    out = mesh.normals
    depth = np.zeros(len(mesh.points))
    for side in SIDES:
        shoulder, elbow, hand = (person.joint(f"{side}{bone}") for bone in _ARM)
        for start, end, at, spread, pitch in (
            (elbow, hand, 0.02, 0.055, 0.024),
            (elbow, hand, 0.86, 0.16, 0.030),
            (shoulder, elbow, 0.96, 0.05, 0.024),
        ):
            axis = end - start
            along = (mesh.points - start) @ axis / (axis @ axis)
            near = np.linalg.norm(mesh.points - (start + np.outer(along, axis)), axis=1) < 0.11
            turn = np.arctan2(*((mesh.points - start) @ np.stack([np.cross(axis, (0, 0, 1.0)), (0, 0, 1.0)], axis=1)).T)
            length = np.linalg.norm(axis)
            wave = np.sin(along * length / pitch * 2 * np.pi + 1.5 * np.sin(turn + 1))
            depth += near * wave * np.exp(-((((along - at) * length) / spread) ** 2)) * 0.0022
    hips = person.joint("Hips")[1]
    x, y, z = mesh.points.T
    low = np.exp(-(((y - hips - 0.01) / 0.07) ** 2)) * (np.abs(x) < 0.25)
    depth += low * np.sin(y * 190 + 2.0 * np.sin(x * 22 + z * 9)) * 0.0022
    return mesh.moved(mesh.points + out * depth[:, None])


def _band(mesh: Mesh, loop: Indices, wide: float, thick: float, colour: Points) -> Mesh:
    """A flat tube along an open edge: half width and half thickness in metres."""
    path, out, weights = _evened(mesh, loop, 0.008)
    along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    out = out - along * (out * along).sum(axis=1, keepdims=True)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    across = np.cross(along, out)
    turn = np.arange(10) / 10 * 2 * np.pi
    c, s = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.6, np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.6
    rings = path[:, None] + across[:, None] * (c * wide)[None, :, None] + out[:, None] * (s * thick)[None, :, None]
    return _loop_tube(rings, weights).tinted(colour)


def _collar(person: Person, jacket: Mesh, colour: Colour) -> Mesh:
    """A turned-down collar on the part of the jacket's edge that goes round the neck."""
    path, _, weights = _evened(jacket, boundary_loops(jacket)[_highest(jacket)], 0.008)
    neck = person.joint("Neck")
    high = path[:, 1] > neck[1] - 0.060
    start = int(np.flatnonzero(high & ~np.roll(high, 1))[0]) if not high.all() else 0
    order = (np.arange(len(path)) + start) % len(path)
    order = order[high[order]]
    path, weights = path[order], weights[order]
    s = np.linspace(-1, 1, len(path))
    away = (path - neck) * (1, 0, 1)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    profile = (
        (0.0, -0.004),
        (0.018, -0.004),
        (0.027, 0.001),
        (0.026, 0.008),
        (0.010, 0.016),
        (-0.010, 0.021),
        (-0.012, 0.018),
        (0.006, 0.012),
    )
    size = (1.0 + 0.25 * np.abs(s) ** 2)[:, None]
    rings = np.stack([path + size * (np.array([0, up, 0]) + away * out) for up, out in profile], axis=1)
    return _strip(rings, weights).tinted(colour)


def _hood(person: Person, top: Mesh, loop: Indices, colour: Colour) -> Mesh:
    """A heavy ring around the neck that swells behind it."""
    path, _, weights = _evened(top, loop, 0.009)
    neck = person.joint("Neck")
    away = (path - neck) * (1, 0, 1)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    back = np.clip(0.5 - away[:, 2] * 0.75, 0, 1)[:, None] ** 1.3
    turn = np.arange(14) / 14 * 2 * np.pi
    wide, tall = 0.013 + 0.030 * back, 0.016 + 0.024 * back
    middle = path + away * (0.004 + 0.020 * back) + np.array([0, 0.008, 0]) + np.array([0, 0.010, 0]) * back
    rings = middle[:, None] + away[:, None] * (np.cos(turn)[None, :] * wide)[..., None]
    rings = rings + np.array([0, 1.0, 0]) * (np.sin(turn)[None, :] * tall)[..., None]
    return _loop_tube(rings, weights).tinted(np.array(colour) * 0.97)


def _rolled_neck(person: Person, top: Mesh, loop: Indices, colour: Colour) -> Mesh:
    path, _, weights = _evened(top, loop, 0.008)
    away = (path - person.joint("Neck")) * (1, 0, 1)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    profile = (
        (0.0, 0.0),
        (0.018, -0.006),
        (0.034, -0.008),
        (0.042, -0.003),
        (0.040, 0.005),
        (0.020, 0.009),
        (-0.002, 0.013),
        (-0.008, 0.010),
        (0.004, 0.004),
    )
    rings = np.stack([path + np.array([0, up, 0]) + away * out for up, out in profile], axis=1)
    return _loop_tube(rings, weights).tinted(np.array(colour) * 0.95)


def _sleeve_seams(jacket: Mesh, colour: Colour) -> list[Mesh]:
    del jacket, colour
    return []


def _evened(mesh: Mesh, loop: Indices, step: float) -> tuple[Points, Points, Points]:
    """An edge as an even, smooth path: places, ways out and weights."""
    points, out = mesh.points[loop], mesh.normals[loop]
    ends = np.concatenate([points, points[:1]])
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(ends, axis=0), axis=1))])
    count = max(12, int(way[-1] / step))
    at = np.linspace(0, way[-1], count, endpoint=False)

    def along(values: Points, blur: float) -> Points:
        closed = np.concatenate([values, values[:1]])
        even = np.stack([np.interp(at, way, column) for column in closed.T], axis=1)
        return np.asarray(gaussian_filter1d(even, blur, axis=0, mode="wrap"))

    return along(points, 1.5), along(out, 3.0), four_weights(along(mesh.weights[loop], 1.0))


def _loop_tube(rings: Points, weights: Points) -> Mesh:
    """Rings [n, k, 3] joined round, the last to the first."""
    return _outward(np.concatenate([rings, rings[:1]]), np.concatenate([weights, weights[:1]]), closed=True)


def _strip(rings: Points, weights: Points) -> Mesh:
    """Profiles [n, k, 3] joined from first to last."""
    return _outward(rings, weights, closed=True)


def _outward(rings: Points, weights: Points, closed: bool) -> Mesh:
    n, k = rings.shape[:2]
    i, j = np.meshgrid(np.arange(n - 1), np.arange(k if closed else k - 1), indexing="ij")
    a, b = (i * k + j).ravel(), (i * k + (j + 1) % k).ravel()
    triangles = np.concatenate([np.stack([a, b, b + k], axis=1), np.stack([a, b + k, a + k], axis=1)])
    mesh = Mesh.of(rings.reshape(-1, 3), triangles, weights.repeat(k, axis=0))
    middle = rings.mean(axis=1).repeat(k, axis=0)
    if (mesh.normals * (mesh.points - middle)).sum() < 0:
        mesh = replace(mesh, triangles=triangles[:, ::-1])
    return mesh


def _highest(mesh: Mesh) -> int:
    """Which open edge reaches highest: the neck's."""
    return int(np.argmax([mesh.points[loop, 1].max() for loop in boundary_loops(mesh)]))


def _arm_share(person: Person, mesh: Mesh) -> Points:
    names = [i for i, name in enumerate(person.skeleton.names) if any(part in name for part in _ARM)]
    return np.asarray(mesh.weights[:, names].sum(axis=1))


def _beyond_wrist(person: Person, mesh: Mesh, past: float) -> Points:
    """How far each point is beyond a cut `past` metres from the wrist; -1 for what is no arm."""
    out = np.full(len(mesh.points), -1.0)
    arm = _arm_share(person, mesh) > 0.5
    for side, sign in (("Left", 1), ("Right", -1)):
        elbow, hand = person.joint(f"{side}ForeArm"), person.joint(f"{side}Hand")
        axis = (hand - elbow) / np.linalg.norm(hand - elbow)
        here = arm & (np.sign(mesh.points[:, 0]) == sign)
        out[here] = (mesh.points[here] - hand) @ axis - past
    return out
