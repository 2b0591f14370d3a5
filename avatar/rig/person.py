"""One person's mesh, bones and landmarks, in the drawn style: what every part of the avatar is built on.

What comes next: skin.py, eyes.py, mouth.py, hair.py and outfit.py each make their parts from it.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from avatar.rig.baking import islands
from avatar.rig.lips import LOWER_LIP, UPPER_LIP, sealing
from avatar.rig.mesh import Indices, Mesh, Points, take, triangulate
from avatar.rig.shapes import Body, Style, shaped, style_of
from avatar.rig.skeleton import Skeleton, skeleton_of, skin_weights
from avatar.rig.source import Source

SIDES: Final = ("Left", "Right")


@dataclass(frozen=True)
class Person:
    """A person in the sculpted A, metres, feet on y = 0, facing +z.

    `plain` [19158, 3] is before the style and `points` after it, with sealed lips.
    """

    source: Source
    plain: Points
    style: Style
    points: Points
    skeleton: Skeleton
    weights: Points

    def group(self, name: str) -> Mesh:
        """A part of the base mesh; its attributes hold the base vertex id of each point."""
        group = self.source.groups[name]
        pairs = np.stack([triangulate(group.quads), triangulate(group.uv_quads)], axis=-1).reshape(-1, 2)
        both, triangles = np.unique(pairs, axis=0, return_inverse=True)
        ids, uv = both[:, 0], self.source.uvs[both[:, 1]] * (1, -1) + (0, 1)
        mesh = Mesh.of(self.points[ids], triangles.reshape(-1, 3), self.weights[ids], uv)
        return Mesh(mesh.points, mesh.triangles, uv, mesh.weights, mesh.colour, ids[:, None].astype(float))

    @cached_property
    def skin(self) -> tuple[Mesh, Mesh]:
        """The body's skin as two meshes: the head with its inside of the mouth, and all below."""
        body = self.group("body")
        island = islands(body)
        throat = self.joint("Neck")[1]
        high = np.array([body.points[island == i, 1].mean() > throat for i in range(island.max() + 1)])
        on_head = high[island[body.triangles[:, 0]]]
        return take(body, body.triangles[on_head]), take(body, body.triangles[~on_head])

    def joint(self, bone: str) -> Points:
        return np.asarray(self.skeleton.heads_a[self.skeleton.index(bone)])

    @cached_property
    def eyes(self) -> Points:
        """The centres [2, 3] of the left and the right eye."""
        return np.array([self.joint("LeftEye"), self.joint("RightEye")])

    @cached_property
    def eye_radius(self) -> float:
        ball = self.points[self.source.groups["helper-l-eye"].vertices]
        return float(np.linalg.norm(ball - self.eyes[0], axis=1).mean())

    @cached_property
    def mouth(self) -> Points:
        """The middle of the closed lips."""
        return np.asarray(self.points[[UPPER_LIP[0], LOWER_LIP[0]]].mean(axis=0))

    @cached_property
    def nose(self) -> Points:
        """The tip of the nose."""
        face = self.points[self.source.groups["body"].vertices]
        near = face[(np.abs(face[:, 0]) < 0.004) & (face[:, 1] > self.mouth[1]) & (face[:, 1] < self.eyes[0, 1])]
        return np.asarray(near[near[:, 2].argmax()])

    @cached_property
    def head(self) -> tuple[Points, Points]:
        """The middle of the skull and its half sizes [3]."""
        skull = self.points[self.source.groups["body"].vertices]
        skull = skull[skull[:, 1] > self.eyes[0, 1] - 0.01]
        low, high = skull.min(axis=0), skull.max(axis=0)
        half = (high - low) / 2
        half[1] = high[1] - self.eyes[0, 1]
        return np.array([0.0, self.eyes[0, 1], (low[2] + high[2]) / 2]), half


def person_of(source: Source, body: Body) -> Person:
    """The person that a look's numbers describe."""
    plain = shaped(source, body)
    plain = plain - (0.0, plain[source.groups["body"].vertices, 1].min(), 0.0)
    style = style_of(source, plain, body)
    points = style(plain)
    points = points + sealing(points, source.groups["body"].vertices)
    eyes = np.array([points[source.groups[f"helper-{side}-eye"].vertices].mean(axis=0) for side in "lr"])
    skeleton = skeleton_of(source, points, eyes)
    return Person(source, plain, style, points, skeleton, skin_weights(source, skeleton, points))


def ids_of(mesh: Mesh) -> Indices:
    """The base vertex id of each point."""
    return mesh.attributes[:, 0].astype(np.int64)
