"""Where the chairs of a table stand around the avatar, and how that looks from one of them. Pure.

Every client has a space of its own, in which its fan is in front of the avatar; the others sit to the sides, as far as
their chairs are apart. What comes next: table.py has the avatar look there.
"""

from math import cos, radians, sin
from typing import Final

Point = tuple[float, float, float]

APART_DEG: Final = 30.0  # between two neighbours, seen from the avatar
USUAL_HEAD_M: Final[Point] = (0.0, 1.6, 1.2)  # of a client that does not say where its fan is


def chair_deg(index: int, n_chairs: int) -> float:
    """Where a chair stands around the avatar; over 0: to its left."""
    return (index - (n_chairs - 1) / 2) * APART_DEG


def turned(head: Point | None, by_deg: float) -> Point:
    """A head in its own client's space, as somebody sees it who sits `by_deg` farther to the avatar's right."""
    across, height, depth = head or USUAL_HEAD_M
    turn = radians(by_deg)
    return (across * cos(turn) + depth * sin(turn), height, depth * cos(turn) - across * sin(turn))
