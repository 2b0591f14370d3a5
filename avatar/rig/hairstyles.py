"""Hairstyles: where each lock grows, which way, how long and how wide.

What comes next: hair.py walks the locks over the skull and sweeps them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from avatar.rig.mesh import Points
from avatar.rig.person import Person
from avatar.rig.skin import scalp_cover


@dataclass(frozen=True, kw_only=True)
class Lock:
    """How one lock grows: lengths in metres. `lift` is how far its middle lies off the skin."""

    root: Points
    way: Points
    length: float
    width: float
    thick: float
    lift: float
    fall: float
    tip: float = 0.12
    curl: float = 0.0
    shade: float = 1.0


def hairline(person: Person, style: str) -> Points:
    """Spheres that hold the bare skin: face, ears' front, nape."""
    centre, half = person.head
    eyes, mouth = person.eyes, person.mouth
    top = eyes[0, 1] + half[1] * {"short": 0.60, "curls": 0.66}.get(style, 0.62)
    face = (top - (mouth[1] - 0.02)) / 2
    middle = top - face
    return np.array([
        [0.0, middle, centre[2] + half[2] * 0.74, face],
        [0.0, middle - 0.012, centre[2] + half[2] * 0.60, face * 0.98],
        [0.0, person.joint("Neck")[1] - 0.02, centre[2] + half[2] * 0.25, eyes[0, 1] - person.joint("Neck")[1] - 0.0],
    ])  # fmt: skip


def _roots(person: Person, planes: Points, n: int, *, ears: bool = False) -> tuple[Points, Points]:
    """About `n` places spread evenly over the hairy scalp, and the way out at each; `ears` keeps theirs free."""
    centre, half = person.head
    head = person.skin[0]
    tree = cKDTree(head.points)
    i = np.arange(n * 2) + 0.5
    y = 1 - 2 * i / (2 * n)
    r, turn = np.sqrt(1 - y * y), i * np.pi * (3 - np.sqrt(5))
    rays = np.stack([r * np.cos(turn), y, r * np.sin(turn)], axis=1)
    ids = np.unique(tree.query(centre + rays * half)[1])
    places = head.points[ids]
    behind = places[:, 1] > person.mouth[1] - 0.005
    keep = behind & (scalp_cover(planes, places) > 0.5) & (head.normals[ids] @ np.array([0, 0, 1.0]) > -2)
    if ears:
        widest = np.abs(head.points[:, 0]).argmax()
        ear = head.points[widest] * (np.sign(head.points[widest, 0]), 1, 1)
        keep &= np.linalg.norm(np.abs(places) * (1, 0, 0) + places * (0, 1, 1) - ear, axis=1) > 0.030
        keep &= places[:, 1] > person.nose[1] - 0.005
    return places[keep], head.normals[ids][keep]


def _parting(person: Person, planes: Points, x: float, n: int) -> list[tuple[Points, Points]]:
    """`n` places along a parting, from the brow to the crown, and the way out at each."""
    centre, half = person.head
    head = person.skin[0]
    angles = np.linspace(np.radians(20), np.radians(128), 200)
    line = centre + np.stack([np.full(200, x / half[0]), np.sin(angles), np.cos(angles)], axis=1) * half
    ids = cKDTree(head.points).query(line)[1]
    hairy = np.asarray(ids, np.int64)[scalp_cover(planes, head.points[ids]) > 0.9]
    chosen = hairy[np.linspace(0, len(hairy) - 1, n).astype(int)]
    return [(np.array([x, *head.points[i, 1:]]), head.normals[i]) for i in chosen]


def _bob(person: Person, planes: Points, rng: np.random.Generator) -> list[Lock]:
    """Chin-long, parted on the side, turned in at the ends."""
    part = 0.022
    locks = []
    for root, out in zip(*_roots(person, planes, 105), strict=True):
        side = 1.0 if root[0] >= part else -1.0
        locks.append(_curtain(person, root, out, side, rng, over=0.0))
    for side in (1.0, -1.0):
        for root, out in _parting(person, planes, part + 0.001 * side, 13):
            locks.append(_curtain(person, root, out, side, rng, over=0.004))
    return locks


def _curtain(person: Person, root: Points, out: Points, side: float, rng: np.random.Generator, over: float) -> Lock:
    """A lock that goes to its side and falls to the chin, shorter towards the nape."""
    eyes, mouth, (centre, half) = person.eyes, person.mouth, person.head
    high = np.clip((root[1] - eyes[0, 1]) / half[1], -0.6, 1)
    front = np.clip((root[2] - centre[2]) / half[2], -1, 1)
    aside = np.clip((front + 0.45) / 0.6, 0, 1)  # behind the crown hair falls straight down
    way = np.array([side * (1.0 - abs(root[0]) / half[0] * 0.5), -0.25 + 0.25 * high, -0.85 * front - 0.10]) * aside
    way = way + np.array([root[0] * 3, -0.6, -0.5 * max(0.0, high)]) * (1 - aside)
    way -= out * (way @ out)
    end = mouth[1] - 0.030 - 0.016 * max(0.0, -front)
    across = max(0.0, half[0] - side * root[0]) * aside
    length = max(0.05, root[1] - end + 0.85 * across * (0.4 + 0.6 * high))
    return Lock(
        root=root, way=way / np.linalg.norm(way), length=length * rng.uniform(0.97, 1.02),
        width=rng.uniform(0.034, 0.048), thick=0.008, lift=0.010 + over + 0.009 * max(0.0, high), fall=0.28,
        tip=0.35, curl=0.6, shade=rng.uniform(0.92, 1.05),
    )  # fmt: skip


def _short(person: Person, planes: Points, rng: np.random.Generator) -> list[Lock]:
    """Short at the sides, longer on top, swept up and back from the brow."""
    eyes, (centre, half) = person.eyes, person.head
    locks = []
    for root, out in zip(*_roots(person, planes, 220, ears=True), strict=True):
        high = np.clip((root[1] - eyes[0, 1]) / half[1], -0.6, 1)
        front = np.clip((root[2] - centre[2]) / half[2], -1, 1)
        top = np.clip((high - 0.45) / 0.3, 0, 1)
        sides = np.array([0.0, -0.8, -0.6])
        crown = np.array([0.35 + root[0] * 4, 0.25 + 0.5 * max(0.0, front), -0.9])
        way = sides * (1 - top) + crown * top
        way = way - out * (way @ out) + out * (0.10 + 0.55 * top * max(0.0, front))
        locks.append(
            Lock(
                root=root,
                way=way / np.linalg.norm(way),
                length=(0.026 + 0.040 * top) * rng.uniform(0.85, 1.15),
                width=rng.uniform(0.018, 0.024) + 0.006 * top,
                thick=0.006 + 0.005 * top,
                lift=0.0025 + 0.010 * top * (0.6 + 0.4 * front),
                fall=0.05,
                tip=0.25,
                curl=0.1,
                shade=rng.uniform(0.88, 1.08),
            )
        )
    return locks


def _curls(person: Person, planes: Points, rng: np.random.Generator) -> list[Lock]:
    """A round head of short, dense curls."""
    return [_curl(person, *root, rng, size=1.0) for root in zip(*_roots(person, planes, 300, ears=True), strict=True)]


def _coils(person: Person, planes: Points, rng: np.random.Generator) -> list[Lock]:
    """Close coils, fuller on top, nearly shaven at the sides."""
    eyes, half = person.eyes, person.head[1]
    locks = []
    for root in zip(*_roots(person, planes, 420, ears=True), strict=True):
        high = (root[0][1] - eyes[0, 1]) / half[1]
        top = float(np.clip((high - 0.22) / 0.35, 0, 1))
        if top > 0:
            locks.append(_curl(person, *root, rng, size=0.34 + 0.34 * top))
    return locks


def _curl(person: Person, root: Points, out: Points, rng: np.random.Generator, size: float) -> Lock:
    """One round curl; at `size` 1.0 about four centimetres long."""
    centre, half = person.head
    around = np.cross(out, rng.normal(size=3))
    around /= np.linalg.norm(around)
    high = np.clip((root[1] - centre[1]) / half[1], 0, 1)
    return Lock(
        root=root,
        way=around * 0.5 + out * 0.9,
        length=rng.uniform(0.034, 0.044) * size,
        width=rng.uniform(0.021, 0.027) * (0.35 + 0.65 * size),
        thick=0.022 * (0.35 + 0.65 * size),
        lift=(0.010 + 0.012 * high) * size,
        fall=0.0,
        tip=0.75,
        curl=1.3,
        shade=rng.uniform(0.88, 1.10),
    )


STYLES: Final[dict[str, Callable[[Person, Points, np.random.Generator], list[Lock]]]] = {
    "bob": _bob,
    "short": _short,
    "curls": _curls,
    "coils": _coils,
}
