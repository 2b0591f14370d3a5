"""Lips that meet all the way into their corners, and whose underside is no black hole when they part.

The base mesh leaves their corners ajar, and the teeth would show. What comes next: person.py seals the face at rest,
morphs.py the shapes of a shut mouth; build.py lights the lips.
"""

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from avatar.rig.mesh import Indices, Mesh, Points

#: Base mesh points in the middle of the lips, where they meet: of the upper and of the lower.
UPPER_LIP: Final = (474, 520)
LOWER_LIP: Final = (523, 493)

#: The inner rim of the lips on the person's left and right, from the middle of the upper lip to that of the lower.
_RIMS: Final = (
    (520, 7267, 7268, 7261, 7262, 11962, 7263, 7181, 7180, 7196, 10399, 7194, 7195, 10376, 7205, 7206, 7266, 7265,
     7264, 523),
    (520, 521, 522, 514, 515, 5360, 516, 421, 420, 436, 3731, 434, 435, 3708, 445, 446, 519, 518, 517, 523),
)  # fmt: skip
_OVERLAP_M: Final = 0.0004  # sealed lips press a little
_REACH_M: Final = 0.0045  # how far from the rim the skin comes along


def sealing(points: Points, skin: Indices) -> Points:
    """Moves [19158, 3] that bring lips which are ajar together, half way each. `skin`: the ids of what may move."""
    moves = np.zeros_like(points)
    for rim, side in zip(_RIMS, (1.0, -1.0), strict=True):
        line = points[list(rim)] * (side, 1.0, 1.0)
        corner = int(line[:, 0].argmax())
        upper, lower = line[: corner + 1], line[corner:][::-1]
        across = points[skin, 0] * side
        here = skin[(across >= 0) & (across < line[corner, 0])]
        x = points[here, 0] * side
        high, low = (np.stack([np.interp(x, lip[:, 0], lip[:, k]) for k in (1, 2)], axis=1) for lip in (upper, lower))
        ajar = np.maximum(high[:, 0] - low[:, 0] + _OVERLAP_M * _inwards(x, line[corner, 0]), 0.0)
        above, below = (np.linalg.norm(points[here, 1:] - lip, axis=1) for lip in (high, low))
        near = np.exp(-((np.minimum(above, below) / _REACH_M) ** 2))
        moves[here, 1] = np.where(above < below, -0.5, 0.5) * ajar * near
    return moves


def lit(points: Points, head: Mesh) -> Points:
    """The normals [n, 3] of the head's skin, with those under the edge of the upper lip bent to the front.

    Teeth and lower lip throw light up there; renderers know lamps only, and would paint a black notch into the teeth.
    `points` [19158, 3] is the base mesh, `head` a part of it.
    """
    rims = np.concatenate([_between(points[list(rim)], 8) for rim in _RIMS])
    near = np.exp(-((cKDTree(rims).query(head.points)[0] / _REACH_M) ** 2))
    hidden = np.clip(-1.2 * head.normals[:, 1], 0, 1) * near
    bent = head.normals + hidden[:, None] * (0.0, 0.35, 0.85)
    return np.asarray(bent / np.linalg.norm(bent, axis=1, keepdims=True))


def _between(line: Points, n: int) -> Points:
    """The points of a line [k, 3] and n - 1 more between each two."""
    at = np.linspace(0, len(line) - 1, n * (len(line) - 1) + 1)
    return np.stack([np.interp(at, np.arange(len(line)), line[:, k]) for k in range(3)], axis=1)


def _inwards(x: Points, corner: float) -> Points:
    """1 in the middle of the mouth, 0 in its corner."""
    return np.asarray(np.clip((corner - x) / 0.004, 0.0, 1.0))
