"""The bones of a person: where they are in the mesh, how they hold it, and the way from the sculpted A to VRM's T.

The mesh was sculpted with its arms lowered. The T is made by undoing the skinning, so that a client that lowers the
arms gets the sculpted shoulders back. What comes next: the parts (skin.py, outfit.py ...) and gltf.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from avatar.rig.mesh import Mesh
from avatar.rig.source import Points, Source

#: VRM's bone for each bone of the Mixamo-style rig.
_CENTRE: Final = {
    "Hips": "hips", "Spine": "spine", "Spine1": "chest", "Spine2": "upperChest", "Neck": "neck", "Head": "head",
}  # fmt: skip
_LIMBS: Final = {
    "Shoulder": "Shoulder", "Arm": "UpperArm", "ForeArm": "LowerArm", "Hand": "Hand",
    "UpLeg": "UpperLeg", "Leg": "LowerLeg", "Foot": "Foot", "ToeBase": "Toes",
}  # fmt: skip
_FINGERS: Final = {"Index": "Index", "Middle": "Middle", "Ring": "Ring", "Pinky": "Little", "Thumb": "Thumb"}
_PHALANGES: Final = ("Proximal", "Intermediate", "Distal")
_THUMB: Final = ("Metacarpal", "Proximal", "Distal")


def vrm_names() -> dict[str, str]:
    """Bone of the rig -> VRM 1.0 humanoid bone."""
    names = dict(_CENTRE)
    for side in ("Left", "Right"):
        names |= {f"{side}{ours}": f"{side.lower()}{theirs}" for ours, theirs in _LIMBS.items()}
        names[f"{side}Eye"] = f"{side.lower()}Eye"
        for finger, theirs in _FINGERS.items():
            for i, part in enumerate(_THUMB if finger == "Thumb" else _PHALANGES):
                names[f"{side}Hand{finger}{i + 1}"] = f"{side.lower()}{theirs}{part}"
    return names


@dataclass(frozen=True)
class Skeleton:
    """Bones in order, parents first. Heads [n, 3] in the A and in the T; `to_a` [n, 4, 4] leads from T to A."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads_a: Points
    heads_t: Points
    to_a: Points

    def index(self, name: str) -> int:
        return self.names.index(name)

    def only(self, bone: str, n: int) -> Points:
        """Weights [n, bones] that hang wholly on one bone."""
        weights = np.zeros((n, len(self.names)))
        weights[:, self.index(bone)] = 1
        return weights

    def to_t(self, mesh: Mesh) -> Mesh:
        """A mesh sculpted in the A, as it must stand in the T."""
        blend = np.einsum("nb,bij->nij", mesh.weights, self.to_a)
        local = np.concatenate([mesh.points, np.ones((len(mesh.points), 1))], axis=1)
        return mesh.moved(np.linalg.solve(blend, local[:, :, None])[:, :3, 0])

    def normals_to_t(self, mesh: Mesh, sculpted: Points) -> Points:
        """Normals [n, 3] of it, such that skinning gives back the sculpted ones."""
        blend = np.einsum("nb,bij->nij", mesh.weights, self.to_a)[:, :3, :3]
        normals = np.linalg.solve(blend, sculpted[:, :, None])[:, :, 0]
        return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12))


def skeleton_of(source: Source, points: Points, eyes: Points) -> Skeleton:
    """The bones of a mesh [19158, 3] that stands in the A; `eyes` [2, 3] are the centres of the left and the right."""
    joints = source.joints()
    order: list[str] = []
    parents: dict[str, str | None] = {name: parent for name, (parent, _) in joints.items()}
    parents |= {"LeftEye": "Head", "RightEye": "Head"}

    def add(name: str) -> None:
        order.append(name)
        for child in sorted(parents):
            if parents[child] == name:
                add(child)

    add("Hips")
    heads = {name: points[ids].mean(axis=0) for name, (_, ids) in joints.items()}
    heads |= {"LeftEye": eyes[0], "RightEye": eyes[1]}
    indices = tuple(order.index(parent) if (parent := parents[name]) else -1 for name in order)
    heads_a = np.array([heads[name] for name in order])
    to_t = _t_pose(order, indices, heads_a)
    heads_t = np.einsum("bij,bj->bi", to_t[:, :3, :3], heads_a) + to_t[:, :3, 3]
    return Skeleton(tuple(order), indices, heads_a, heads_t, np.linalg.inv(to_t).astype(np.float64))


def skin_weights(source: Source, skeleton: Skeleton, points: Points) -> Points:
    """Weights [19158, bones] of the whole base mesh, at most four a point, each row sums to 1."""
    weights = np.zeros((len(points), len(skeleton.names)))
    for bone, (ids, values) in source.weights().items():
        weights[ids, skeleton.index(bone)] = values
    bare = weights.sum(axis=1) == 0
    near = cKDTree(points[~bare]).query(points[bare])[1]
    weights[bare] = weights[~bare][near]
    return four_weights(weights)


def four_weights(weights: Points) -> Points:
    """The four largest of each row, made to sum to 1."""
    kept = weights * (weights >= np.sort(weights, axis=1)[:, [-4]])
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def _t_pose(names: list[str], parents: tuple[int, ...], heads: Points) -> Points:
    """For each bone the transform [4, 4] from the A to the T."""
    moves = np.tile(np.eye(4), (len(names), 1, 1))
    for side, x in (("Left", 1.0), ("Right", -1.0)):
        out = np.array([x, 0.0, 0.0])
        chain = (("Arm", "ForeArm"), ("ForeArm", "Hand"), ("Hand", "HandMiddle1"))
        for bone, tip in chain:
            _turn_tree(
                moves,
                names,
                parents,
                heads,
                f"{side}{bone}",
                _towards(names, moves, heads, side + bone, side + tip, out),
            )
        across = _at(names, moves, heads, f"{side}HandPinky1") - _at(names, moves, heads, f"{side}HandIndex1")
        back = -np.pi / 2 - np.arctan2(across[2], across[1])  # palm down: from index to little finger is straight back
        back = (back + np.pi) % (2 * np.pi) - np.pi
        for bone in ("ForeArm", "Hand"):  # a forearm takes half of every twist of the hand
            _turn_tree(moves, names, parents, heads, f"{side}{bone}", _about(np.array([1.0, 0, 0]), back / 2))
    return moves


def _at(names: list[str], moves: Points, heads: Points, bone: str) -> Points:
    i = names.index(bone)
    return np.asarray(moves[i, :3, :3] @ heads[i] + moves[i, :3, 3])


def _towards(names: list[str], moves: Points, heads: Points, bone: str, tip: str, out: Points) -> Points:
    """The smallest rotation [3, 3] that makes the bone point along `out`."""
    along = _at(names, moves, heads, tip) - _at(names, moves, heads, bone)
    along /= np.linalg.norm(along)
    axis = np.cross(along, out)
    return _about(axis / np.linalg.norm(axis), float(np.arctan2(np.linalg.norm(axis), along @ out)))


def _about(axis: Points, angle: float) -> Points:
    """Rodrigues' rotation [3, 3]."""
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * (k @ k))


def _turn_tree(
    moves: Points, names: list[str], parents: tuple[int, ...], heads: Points, bone: str, turn: Points
) -> None:
    """Turns a bone about its head, and all that hangs on it."""
    pivot = _at(names, moves, heads, bone)
    step = np.eye(4)
    step[:3, :3] = turn
    step[:3, 3] = pivot - turn @ pivot
    tree = {names.index(bone)}
    for i in range(len(names)):
        if parents[i] in tree:
            tree.add(i)
    for i in tree:
        moves[i] = step @ moves[i]


def humanoid(skeleton: Skeleton) -> Mapping[str, int]:
    """VRM bone -> index into the skeleton."""
    return {vrm: skeleton.index(ours) for ours, vrm in vrm_names().items()}
