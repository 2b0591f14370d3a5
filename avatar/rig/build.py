"""One look as the bytes of a .glb: every part made, shaded, put in the T and written.

What comes next: __main__.py writes the files and their checksums.
"""

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from avatar.rig.baking import openness
from avatar.rig.eyes import eye_picture, eyeballs, lashes
from avatar.rig.gltf import Document, Material, Morph, Part
from avatar.rig.hair import Hair, hair_of
from avatar.rig.lips import LOWER_LIP, UPPER_LIP, lit
from avatar.rig.looks import Look
from avatar.rig.mesh import Indices, Mesh, Points, join, neighbours
from avatar.rig.morphs import FaceMorphs, face_morphs, morph_of
from avatar.rig.mouth import jaw_moves, teeth, tongue
from avatar.rig.outfit import Outfit, outfit_of
from avatar.rig.person import Person, ids_of, person_of
from avatar.rig.skin import HairPaint, body_picture, head_layout, head_picture
from avatar.rig.source import Source
from avatar.rig.vrm import vrm_extension


def build(source: Source, name: str, look: Look) -> bytes:
    """The file of a look. The same numbers give the same bytes."""
    person = person_of(source, look.body)
    morphs = face_morphs(person)
    hair = hair_of(person, look.hair, look.hair_colour, look.seed)
    outfit = outfit_of(person, look.outfit, look.cloth)
    body = outfit.bare(person.skin[1])
    light = _light([person.skin[0], body, outfit.mesh, hair.mesh])
    parts = [*_head(person, morphs, hair.paint, light[0], look), *_rest(person, body, hair, outfit, light[1:], look)]
    return _written(name, person, parts, look)


def _light(meshes: list[Mesh]) -> list[Points]:
    """How much sky each point of each mesh sees among the others, a little blurred."""
    whole = join([Mesh.of(mesh.points, mesh.triangles, np.zeros((len(mesh.points), 0))) for mesh in meshes])
    sky = openness(whole, whole.points, np.concatenate([mesh.normals for mesh in meshes]))
    blur = neighbours(whole)
    for _ in range(2):
        sky = 0.5 * sky + 0.5 * (blur @ sky)
    ends = np.cumsum([len(mesh.points) for mesh in meshes])
    return np.split(sky, ends[:-1])


def _head(person: Person, morphs: FaceMorphs, paint: HairPaint, light: Points, look: Look) -> list[Part]:
    head = person.skin[0]
    laid = Mesh(
        head.points, head.triangles, head_layout(person, head), head.weights, head.colour,
        np.concatenate([head.attributes, head.uv], axis=1),
    )  # fmt: skip
    skin = Material("skin", head_picture(person, laid, light, paint, look.complexion), roughness=0.58)
    return [
        _part(person, "Face", laid, skin, morphs.of(laid), extras=_lip_extras(laid), normals=lit(person.points, laid)),
        _part(person, "Lashes", (fringe := lashes(person)), _lash_material(look), morphs.of(fringe)),
        _part(
            person, "Tongue", (flesh := tongue(person)), Material("tongue", roughness=0.35), morphs.of(flesh), tint=True
        ),
        _part(person, "TeethUpper", teeth(person, upper=True), Material("teeth", roughness=0.25), tint=True),
        _lower_teeth(person, morphs),
        _part(person, "Eyes", eyeballs(person), Material("eyes", eye_picture(look.iris, look.seed), roughness=0.12)),
    ]


def _rest(person: Person, body: Mesh, hair: Hair, outfit: Outfit, light: list[Points], look: Look) -> list[Part]:
    shade = body_picture(person, body, light[0], look.complexion)
    cloth = outfit.mesh.tinted(np.clip(0.35 + 0.85 * light[1], 0, 1)[:, None])
    locks = hair.mesh.tinted(np.clip(0.30 + 0.90 * light[2], 0, 1)[:, None])
    return [
        _part(person, "Body", body, Material("body", shade, roughness=0.6)),
        _part(
            person,
            "Clothes",
            cloth,
            Material("cloth", roughness=0.85, double_sided=True),
            tint=True,
        ),
        _part(
            person,
            "Hair",
            locks,
            Material("hair", hair.picture, roughness=0.5, double_sided=True),
            tint=True,
        ),
    ]


def _lower_teeth(person: Person, morphs: FaceMorphs) -> Part:
    mesh = teeth(person, upper=False)
    normals = mesh.normals
    moves = {name: morph_of(mesh, move, normals) for name, move in jaw_moves(person, morphs, mesh).items()}
    return _part(person, "TeethLower", mesh, Material("teethLower", roughness=0.25), moves, tint=True)


def _lash_material(look: Look) -> Material:
    dark = tuple(float(c) ** 2.2 * 0.25 for c in look.complexion.brows)
    return Material("lashes", colour=(dark[0], dark[1], dark[2], 1.0), roughness=0.9, double_sided=True)


def _part(
    person: Person, name: str, mesh: Mesh, material: Material, morphs: Mapping[str, Morph] | None = None,
    extras: Mapping[str, object] | None = None, *, tint: bool = False, normals: Points | None = None,
) -> Part:  # fmt: skip
    """A mesh in the T; `normals` [n, 3] where they are not those of its shape."""
    sculpted = mesh.normals if normals is None else normals
    standing = person.skeleton.to_t(mesh)
    return Part(
        name, standing.points, person.skeleton.normals_to_t(mesh, sculpted), mesh.triangles, mesh.uv, mesh.weights,
        material, mesh.colour if tint else None, morphs or {}, extras or {},
    )  # fmt: skip


def _lip_extras(head: Mesh) -> dict[str, object]:
    """Which points of the face are the lips, for who measures the file."""
    ids = ids_of(head)
    return {"lips": {"upper": _where(ids, UPPER_LIP), "lower": _where(ids, LOWER_LIP)}}


def _where(ids: Indices, wanted: tuple[int, ...]) -> list[int]:
    return [int(np.flatnonzero(ids == i)[0]) for i in wanted]


def _written(name: str, person: Person, parts: list[Part], look: Look) -> bytes:
    document = Document()
    skin = document.bones(person.skeleton)
    nodes = {part.name: document.part(part, skin) for part in parts}
    faces = [(nodes[part.name], list(part.morphs)) for part in parts if part.morphs]
    thumbnail = document.image(_thumbnail(look), "thumbnail")
    eyes = person.eyes.mean(axis=0) - person.joint("Head")
    document.json["extensionsUsed"] = ["VRMC_vrm"]
    document.json["extensions"] = {
        "VRMC_vrm": vrm_extension(name.capitalize(), thumbnail, person.skeleton, faces, eyes)
    }
    return document.glb()


def _thumbnail(look: Look) -> bytes:
    """A small drawing in the look's colours: skin in hair over cloth."""
    size = 256
    picture = Image.new("RGB", (size, size), (60, 66, 84))
    draw = ImageDraw.Draw(picture)

    def rgb(colour: tuple[float, float, float]) -> tuple[int, int, int]:
        return (round(colour[0] * 255), round(colour[1] * 255), round(colour[2] * 255))

    draw.ellipse((28, 190, 228, 340), fill=rgb(look.cloth[0]))
    draw.ellipse((64, 26, 192, 190), fill=rgb(look.hair_colour))
    draw.ellipse((82, 54, 174, 186), fill=rgb(look.complexion.skin))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
