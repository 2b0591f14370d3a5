"""The tailor's tools: a shell around the body, loosened and creased; bands, collars and cords along its edges.

What comes next: outfit.py cuts clothes with them.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from avatar.rig.mesh import Indices, Mesh, Points, boundary_loops, smooth, triangulate
from avatar.rig.person import SIDES, Person
from avatar.rig.skeleton import four_weights

Colour = tuple[float, float, float]

_ARM: Final = ("Arm", "ForeArm", "Hand")


def shell_of(person: Person) -> Mesh:
    """The helper mesh around the body, in one piece."""
    quads = person.source.groups["helper-tights"].quads
    used, renumbered = np.unique(quads, return_inverse=True)
    return Mesh.of(person.points[used], triangulate(renumbered.reshape(-1, 4)), person.weights[used])


def loosened(mesh: Mesh, offset: float, rounds: int) -> Mesh:
    """Moved outwards and smoothed, never closer than 0.7 of `offset`."""
    out = mesh.normals
    loose = smooth(mesh.moved(mesh.points + out * offset), rounds)
    off = ((loose.points - mesh.points) * out).sum(axis=1)
    pushed = loose.points + out * np.maximum(0, 0.7 * offset - off)[:, None]
    return smooth(loose.moved(pushed), 1, 0.4)


def creased(person: Person, mesh: Mesh) -> Mesh:
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


def band(mesh: Mesh, loop: Indices, wide: float, thick: float, colour: Points) -> Mesh:
    """A flat tube along an open edge: half width and half thickness in metres."""
    path, out, weights = evened(mesh, loop, 0.008)
    along = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    out = out - along * (out * along).sum(axis=1, keepdims=True)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    across = np.cross(along, out)
    turn = np.arange(10) / 10 * 2 * np.pi
    c, s = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.6, np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.6
    rings = path[:, None] + across[:, None] * (c * wide)[None, :, None] + out[:, None] * (s * thick)[None, :, None]
    return loop_tube(rings, weights).tinted(colour)


def evened(mesh: Mesh, loop: Indices, step: float) -> tuple[Points, Points, Points]:
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


def loop_tube(rings: Points, weights: Points) -> Mesh:
    """Rings [n, k, 3] joined round, the last to the first."""
    return _outward(np.concatenate([rings, rings[:1]]), np.concatenate([weights, weights[:1]]))


def strip(rings: Points, weights: Points) -> Mesh:
    """Profiles [n, k, 3] joined from first to last."""
    return _outward(rings, weights)


def _outward(rings: Points, weights: Points) -> Mesh:
    n, k = rings.shape[:2]
    i, j = np.meshgrid(np.arange(n - 1), np.arange(k), indexing="ij")
    a, b = (i * k + j).ravel(), (i * k + (j + 1) % k).ravel()
    triangles = np.concatenate([np.stack([a, b, b + k], axis=1), np.stack([a, b + k, a + k], axis=1)])
    mesh = Mesh.of(rings.reshape(-1, 3), triangles, weights.repeat(k, axis=0))
    middle = rings.mean(axis=1).repeat(k, axis=0)
    if (mesh.normals * (mesh.points - middle)).sum() < 0:
        mesh = replace(mesh, triangles=triangles[:, ::-1])
    return mesh


def highest(mesh: Mesh) -> int:
    """Which open edge reaches highest: the neck's."""
    return int(np.argmax([mesh.points[loop, 1].max() for loop in boundary_loops(mesh)]))


def arm_share(person: Person, mesh: Mesh) -> Points:
    names = [i for i, name in enumerate(person.skeleton.names) if any(part in name for part in _ARM)]
    return np.asarray(mesh.weights[:, names].sum(axis=1))


def beyond_wrist(person: Person, mesh: Mesh, past: float) -> Points:
    """How far each point is beyond a cut `past` metres from the wrist; -1 for what is no arm."""
    out = np.full(len(mesh.points), -1.0)
    arm = arm_share(person, mesh) > 0.5
    for side, sign in (("Left", 1), ("Right", -1)):
        elbow, hand = person.joint(f"{side}ForeArm"), person.joint(f"{side}Hand")
        axis = (hand - elbow) / np.linalg.norm(hand - elbow)
        here = arm & (np.sign(mesh.points[:, 0]) == sign)
        out[here] = (mesh.points[here] - hand) @ axis - past
    return out


def cord(mesh: Mesh, path: Points, radius: float, lift: float) -> Mesh:
    """A thin tube that lies on the front of the cloth along places [n, 2] (x and y): a seam, a drawstring."""
    front = np.flatnonzero(mesh.normals[:, 2] > 0.1)
    tree = cKDTree(mesh.points[front, :2])
    even = np.linspace(0, len(path) - 1, max(8, len(path) * 3))
    places = np.stack([np.interp(even, np.arange(len(path)), column) for column in path.T], axis=1)
    weights, near = tree.query(places[:, :2], k=4)
    near = front[near]
    share = 1 / np.maximum(weights, 1e-5)
    share /= share.sum(axis=1, keepdims=True)
    out = np.einsum("nk,nkc->nc", share, mesh.normals[near])
    out = gaussian_filter1d(out, 1.5, axis=0, mode="nearest")
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    on = np.einsum("nk,nkc->nc", share, mesh.points[near])
    middle = gaussian_filter1d(on + out * lift, 1.5, axis=0, mode="nearest")
    along = np.gradient(middle, axis=0)
    across = np.cross(along / np.linalg.norm(along, axis=1, keepdims=True), out)
    turn = np.arange(6) / 6 * 2 * np.pi
    rings = middle[:, None] + radius * (
        across[:, None] * np.cos(turn)[None, :, None] + out[:, None] * np.sin(turn)[None, :, None]
    )
    return strip(rings, four_weights(np.einsum("nk,nkb->nb", share, mesh.weights[near])))
