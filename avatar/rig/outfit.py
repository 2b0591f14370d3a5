"""Clothes with a shape of their own: shells cut from the body's helper mesh, with collars, bands, cords and seams.

What comes next: build.py shades them and leaves out the skin that they cover.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from avatar.rig.mesh import Indices, Mesh, Points, boundary_loops, clip, join, subdivide, take
from avatar.rig.person import Person
from avatar.rig.tailoring import (
    Colour,
    arm_share,
    band,
    beyond_wrist,
    cord,
    creased,
    evened,
    highest,
    loop_tube,
    loosened,
    shell_of,
    strip,
)

Cloth = tuple[Colour, Colour, Colour]


@dataclass(frozen=True)
class Outfit:
    """The clothes, and which skin stays bare: above the neckline and beyond the cuffs."""

    mesh: Mesh
    person: Person
    neckline: Points

    def bare(self, body: Mesh) -> Mesh:
        """The part of the body's skin that is seen."""
        hand = beyond_wrist(self.person, body, -0.030)
        chest = (body.points - self.neckline[0]) @ self.neckline[1] + 0.030
        chest = np.where(arm_share(self.person, body) > 0.5, -1, chest)
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
    trims = [band(jacket, loop, 0.0055, 0.0035, np.array(cloth[0]) * 0.80) for loop in boundary_loops(jacket)[:3]]
    neck = band(shirt, boundary_loops(shirt)[highest(shirt)], 0.008, 0.0028, np.array(cloth[1]) * 0.93)
    collar = _collar(person, jacket, cloth[0])
    pockets = [_slit(person, jacket, side, cloth[0]) for side in (1.0, -1.0)]
    return [shirt.tinted(cloth[1]), neck, jacket, collar, *trims, *pockets], neckline


def _slit(person: Person, jacket: Mesh, side: float, colour: Colour) -> Mesh:
    """The welt of a slanting side pocket."""
    hips = person.joint("Hips")[1]
    path = np.array([[0.088, 0.105], [0.104, 0.065], [0.118, 0.020]]) * (side, 1) + np.array([0.0, hips])
    return cord(jacket, path, 0.0042, 0.001).tinted(np.array(colour) * 0.78)


def _hoodie(person: Person, cloth: Cloth) -> tuple[list[Mesh], Points]:
    """A soft pullover with a hood lying on the back, ribbed ends and two cords."""
    neckline = _neckline(person, 0.018, 0.75)
    top = _top(person, neckline, offset=0.016, hem=-0.08, sleeve=-0.018)
    loops = boundary_loops(top)
    trims = [
        band(top, loop, 0.020, 0.006, np.array(cloth[0]) * 0.86)
        for i, loop in enumerate(loops[:4])
        if i != highest(top)
    ]
    hood = _hood(person, top, loops[highest(top)], cloth[0])
    return [
        top.tinted(cloth[0]),
        *trims,
        hood,
        *_cords(person, top, cloth[1]),
        _pocket(person, top, cloth[0]),
    ], neckline


def _cords(person: Person, top: Mesh, colour: Colour) -> list[Mesh]:
    """Two drawstrings that hang from the hood."""
    neck = person.joint("Neck")
    cords = []
    for side in (1.0, -1.0):
        drop = np.linspace(-0.035, -0.165 - 0.008 * side, 8)
        path = np.stack([side * (0.028 - 0.05 * (drop + 0.04)), neck[1] + drop], axis=1)
        cords.append(cord(top, path, 0.0028, 0.003).tinted(colour))
    return cords


def _pocket(person: Person, top: Mesh, colour: Colour) -> Mesh:
    """The seam of the pocket that both hands go into."""
    hips = person.joint("Hips")[1]
    half = np.array([[0.115, 0.02], [0.095, 0.075], [0.065, 0.125], [0.0, 0.128]])
    outline = np.concatenate([half, half[-2::-1] * (-1, 1)])
    path = outline + np.array([0.0, hips])
    return cord(top, path, 0.0026, 0.0005).tinted(np.array(colour) * 0.80)


def _pullover(person: Person, cloth: Cloth) -> tuple[list[Mesh], Points]:
    """A knitted pullover with a broad turned-over neck."""
    neckline = _neckline(person, 0.022, 0.32)
    top = _top(person, neckline, offset=0.008, hem=-0.07, sleeve=-0.014)
    loops = boundary_loops(top)
    trims = [
        band(top, loop, 0.013, 0.0045, np.array(cloth[0]) * 0.88)
        for i, loop in enumerate(loops[:4])
        if i != highest(top)
    ]
    neck = _rolled_neck(person, top, loops[highest(top)], cloth[0])
    return [top.tinted(cloth[0]), *trims, neck], neckline


KINDS: Final[dict[str, Callable[[Person, Cloth], tuple[list[Mesh], Points]]]] = {
    "jacket": _jacket,
    "hoodie": _hoodie,
    "pullover": _pullover,
}


def _neckline(person: Person, down: float, slope: float) -> Points:
    """A plane as (point, normal up and forward...): cloth lies below it."""
    normal = np.array([0.0, 1.0, slope])
    return np.array([person.joint("Neck") + np.array([0.0, down, 0.0]), normal / np.linalg.norm(normal)])


def _top(person: Person, neckline: Points, offset: float, hem: float, sleeve: float) -> Mesh:
    """From the neckline to `hem` over the hips and to `sleeve` metres from the wrist (negative is short of it)."""
    shell = loosened(subdivide(shell_of(person)), offset, 5)
    arm = arm_share(person, shell)
    above_hem = shell.points[:, 1] - (person.joint("Hips")[1] + hem)
    cuff = -beyond_wrist(person, shell, sleeve)
    level = np.where(arm > 0.5, np.minimum(cuff, 1), np.minimum(above_hem, 1))
    below_neck = -((shell.points - neckline[0]) @ neckline[1])
    return creased(person, clip(shell, np.minimum(level, np.where(arm > 0.5, 1, below_neck))))


def _legs(person: Person, colour: Colour) -> list[Mesh]:
    """Trousers and shoes."""
    shell = loosened(shell_of(person), 0.007, 2)
    ankle = person.joint("LeftFoot")[1] + 0.010
    y = shell.points[:, 1]
    body = np.where(arm_share(person, shell) > 0.5, -1.0, 1.0)
    hips = person.joint("Hips")[1]
    trousers = clip(shell, np.minimum(np.minimum(y - ankle, hips + 0.03 - y), body))
    hems = [band(trousers, loop, 0.006, 0.003, np.array(colour) * 0.8) for loop in boundary_loops(trousers)[1:3]]
    foot = loosened(shell_of(person), 0.010, 2)
    shoe = clip(foot, ankle + 0.028 - foot.points[:, 1])
    shoe = shoe.moved(np.maximum(shoe.points, (-np.inf, 0.0, -np.inf)))
    sole = np.clip((0.026 - shoe.points[:, 1]) / 0.004, 0, 1)[:, None]
    return [trousers.tinted(colour), *hems, shoe.tinted(np.array([0.05, 0.05, 0.055]) * (1 - sole) + 0.62 * sole)]


def _collar(person: Person, jacket: Mesh, colour: Colour) -> Mesh:
    """A turned-down collar on the part of the jacket's edge that goes round the neck."""
    path, _, weights = evened(jacket, boundary_loops(jacket)[highest(jacket)], 0.008)
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
    return strip(rings, weights).tinted(colour)


def _hood(person: Person, top: Mesh, loop: Indices, colour: Colour) -> Mesh:
    """A heavy ring around the neck that swells behind it."""
    path, _, weights = evened(top, loop, 0.009)
    neck = person.joint("Neck")
    away = (path - neck) * (1, 0, 1)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    back = np.clip(0.5 - away[:, 2] * 0.75, 0, 1)[:, None] ** 1.3
    turn = np.arange(14) / 14 * 2 * np.pi
    wide, tall = 0.007 + 0.036 * back, 0.013 + 0.022 * back
    middle = path + away * (0.004 + 0.020 * back) + np.array([0, 0.002, 0]) + np.array([0, 0.012, 0]) * back
    rings = middle[:, None] + away[:, None] * (np.cos(turn)[None, :] * wide)[..., None]
    rings = rings + np.array([0, 1.0, 0]) * (np.sin(turn)[None, :] * tall)[..., None]
    return loop_tube(rings, weights).tinted(np.array(colour) * 0.97)


def _rolled_neck(person: Person, top: Mesh, loop: Indices, colour: Colour) -> Mesh:
    path, _, weights = evened(top, loop, 0.008)
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
    return loop_tube(rings, weights).tinted(np.array(colour) * 0.95)
