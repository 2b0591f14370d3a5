"""The committed looks: what every client may count on, read from the files alone."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from avatar.blendshapes import ARKIT_52
from avatar.rig.looks import LOOKS
from avatar.rig.source import WHEEL, WHEEL_SHA256
from avatar.rig.visemes import LIP_GAPS_MM, MORPH_NAMES
from avatar.visemes import VISEMES
from tests.glb import Glb

FOLDER = Path(__file__).resolve().parents[2] / "avatar" / "rig" / "looks"
FILES = sorted(FOLDER.glob("*.glb"))
EVERY = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def look(request):
    return Glb(request.param)


def test_there_are_three_looks_and_each_can_be_built_anew():
    assert {path.stem for path in FILES} == set(LOOKS)
    assert len(FILES) >= 3
    assert any(each.body.male > 0.5 for each in LOOKS.values())


def test_the_files_are_those_that_the_builder_wrote():
    manifest = json.loads((FOLDER / "manifest.json").read_text())
    assert manifest["source"] == {"wheel": WHEEL, "sha256": WHEEL_SHA256}
    assert manifest["looks"] == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FILES}


@EVERY
def test_a_look_is_under_six_megabytes(path):
    assert path.stat().st_size < 6_000_000


def test_the_face_has_the_52_shapes_and_the_15_visemes(look):
    wanted = [*ARKIT_52, *MORPH_NAMES.values()]
    for name in ("Face", "Lashes", "Tongue", "TeethLower"):
        assert look.mesh(name)["extras"]["targetNames"] == wanted


def test_every_shape_moves_the_face(look):
    mesh = look.mesh("Face")
    rest = look.rows(mesh["primitives"][0]["attributes"]["POSITION"])
    still = [name for name in mesh["extras"]["targetNames"] if np.abs(look.morphed("Face", name) - rest).max() < 3e-4]
    assert set(still) <= {"viseme_sil", "tongueOut"}  # the tongue is a mesh of its own


@pytest.mark.parametrize("viseme", VISEMES)
def test_the_lips_part_as_far_as_the_sound_asks(look, viseme):
    least, most = LIP_GAPS_MM[viseme]
    assert least <= look.lip_gap_mm(viseme) <= most


@pytest.mark.parametrize("viseme", ["sil", "PP"])
def test_no_tooth_shows_between_shut_lips(look, viseme):
    """Not in the corners of the mouth either, where it would be a white speck."""
    teeth = look.rows(look.mesh("TeethUpper")["primitives"][0]["attributes"]["POSITION"])
    front = teeth[teeth[:, 2] > teeth[:, 2].max() - 0.018]
    skin = look.morphed("Face", MORPH_NAMES[viseme])[look.triangles("Face")]
    low, high = front.min(axis=0) - 0.01, front.max(axis=0) + 0.01
    near = ((skin.max(axis=1) > low) & (skin.min(axis=1) < high)).all(axis=1)
    assert len(front) > 300
    assert skin_before(skin[near], front).all()


def test_the_lids_close_over_the_eyes(look):
    """Seen from the front, every point of the iris lies behind the skin of the closed lids."""
    eyes = look.rows(look.mesh("Eyes")["primitives"][0]["attributes"]["POSITION"])
    for side, sign in (("Left", 1), ("Right", -1)):
        ball = eyes[eyes[:, 0] * sign > 0]
        iris = ball[ball[:, 2] > ball[:, 2].max() - 0.004]
        lids = look.morphed("Face", f"eyeBlink{side}")[look.triangles("Face")]
        assert len(iris) > 100
        assert skin_before(lids, iris).mean() > 0.99


def skin_before(triangles, points):
    """For each point whether a triangle [n, 3, 3] lies before it, towards +z."""
    a, b, c = (triangles[None, :, i] for i in range(3))
    p = points[:, None]

    def side(u, v, w):
        return (v[..., 0] - u[..., 0]) * (w[..., 1] - u[..., 1]) - (w[..., 0] - u[..., 0]) * (v[..., 1] - u[..., 1])

    whole = side(a, b, c)
    shares = (
        np.stack([side(p, b, c), side(a, p, c), side(a, b, p)], axis=-1)
        / np.where(whole == 0, np.nan, whole)[..., None]
    )
    depth = (shares * np.stack([a[..., 2], b[..., 2], c[..., 2]], axis=-1)).sum(axis=-1)
    return ((shares >= 0).all(axis=-1) & (depth > p[..., 2])).any(axis=1)


def test_it_is_a_vrm_with_every_bone_and_expression(look):
    vrm = look.json["extensions"]["VRMC_vrm"]
    assert vrm["specVersion"] == "1.0"
    assert {"hips", "head", "leftEye", "rightEye", "leftHand", "rightLittleDistal"} <= set(
        vrm["humanoid"]["humanBones"]
    )
    assert {"aa", "ih", "ou", "ee", "oh", "happy", "blink", "lookUp"} <= set(vrm["expressions"]["preset"])
    assert list(vrm["expressions"]["custom"]) == list(ARKIT_52)


def test_it_stands_on_the_floor_with_its_arms_out_facing_the_fan(look):
    nodes = look.json["nodes"]
    place = {}

    def walk(index, above):
        place[nodes[index]["name"]] = above + np.array(nodes[index]["translation"])
        for child in nodes[index].get("children", []):
            walk(child, place[nodes[index]["name"]])

    walk(0, np.zeros(3))
    shoulder, hand = place["LeftArm"], place["LeftHand"]
    assert hand[0] - shoulder[0] > 0.35
    assert np.abs(hand - shoulder)[1:].max() < 0.002
    assert place["LeftEye"][0] > 0
    assert place["LeftEye"][2] > place["Head"][2]
    shoes = look.rows(look.mesh("Clothes")["primitives"][0]["attributes"]["POSITION"])
    assert -0.001 < shoes[:, 1].min() < 0.02
