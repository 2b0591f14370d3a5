"""Eyes: two balls with a painted iris, and the lashes around them.

The balls hang on the eye bones; lids and lashes follow the face's shapes. What comes next: build.py puts them in place.
"""

import io
from typing import Final

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from avatar.rig.mesh import Mesh, Points, join
from avatar.rig.person import SIDES, Person

_SIZE: Final = 512
_RINGS, _SPOKES = 20, 40
_REACH: Final = np.radians(100)  # how far back the ball goes
IRIS: Final = 0.56  # the iris' angle from the middle, in radians: a little more than life


def eyeballs(person: Person) -> Mesh:
    """Both balls, front parts only; the middle of the picture is where they look."""
    return join([_ball(person, side) for side in range(2)])


def lashes(person: Person) -> Mesh:
    """The lashes of the base mesh, all four."""
    meshes = [person.group(f"helper-{side}-eyelashes-2") for side in "lr"]
    return join(meshes)


def _ball(person: Person, side: int) -> Mesh:
    ring = np.linspace(0, _REACH, _RINGS)
    turn = np.linspace(0, 2 * np.pi, _SPOKES, endpoint=False)
    angle = np.append(0.0, np.repeat(ring[1:], _SPOKES))
    around = np.append(0.0, np.tile(turn, _RINGS - 1))
    bulge = 1 + 0.045 * np.exp(-((angle / 0.42) ** 2))  # the cornea
    away = np.stack([np.sin(angle) * np.cos(around), np.sin(angle) * np.sin(around), np.cos(angle)], axis=1)
    points = person.eyes[side] + away * (person.eye_radius * 0.995 * bulge)[:, None]
    flat = 0.5 + 0.5 * (angle / _REACH)[:, None] * np.stack([np.cos(around), -np.sin(around)], axis=1)
    triangles = [(0, 1 + j, 1 + (j + 1) % _SPOKES) for j in range(_SPOKES)]
    for i in range(_RINGS - 2):
        for j in range(_SPOKES):
            a, b = 1 + i * _SPOKES + j, 1 + i * _SPOKES + (j + 1) % _SPOKES
            triangles += [(a, a + _SPOKES, b + _SPOKES), (a, b + _SPOKES, b)]
    weights = person.skeleton.only(f"{SIDES[side]}Eye", len(points))
    return Mesh.of(points, np.array(triangles), weights, flat)


def eye_picture(iris: tuple[float, float, float], seed: int) -> bytes:
    """The PNG of an eye: white with a soft shade from the lid, a fibrous iris with a dark rim, a catch-light."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] / (_SIZE - 1) * 2 - 1
    angle, around = np.hypot(x, y) * _REACH, np.arctan2(-y, x)
    r = angle / IRIS
    colour = np.broadcast_to(np.array([0.955, 0.945, 0.935]), (*x.shape, 3)).copy()
    far = _step(angle, 0.75, 1.35)[..., None]
    colour = colour * (1 - far) + np.array([0.90, 0.74, 0.70]) * far
    fibres = _fibres(around, r, seed)
    low = np.clip(0.5 - np.sin(around) * r * 0.75, 0, 1)[..., None]  # light falls in from above and glows below
    body = np.array(iris) * (0.62 + 1.0 * low) * (0.86 + 0.28 * fibres[..., None])
    ring = np.exp(-(((r - 0.50) / 0.16) ** 2))[..., None]
    body = body + ring * np.array([0.10, 0.075, 0.03]) * (0.4 + low)
    body = body * (1 - 0.72 * _step(r, 0.74, 1.0)[..., None])
    inside = 1 - _step(r, 0.95, 1.05)[..., None]
    colour = colour * (1 - inside) + body * inside
    pupil = 1 - _step(r, 0.40, 0.47)[..., None]
    colour = colour * (1 - pupil) + 0.02 * pupil
    shade = 1 - 0.42 * np.clip((-y * _REACH - 0.18) / 0.55, 0, 1)[..., None] * (angle < 2)[..., None]
    colour = colour * shade
    for cx, cy, size, strength in ((-0.19, 0.22, 0.135, 1.0), (0.22, -0.24, 0.07, 0.6)):
        spot = strength * (1 - _step(np.hypot(x * _REACH - cx, -y * _REACH - cy), size * 0.75, size))[..., None]
        colour = colour * (1 - spot) + spot
    return png(colour)


def png(colour: Points) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.round(np.clip(colour, 0, 1) * 255).astype(np.uint8)).save(out, "PNG", optimize=True)
    return out.getvalue()


def _fibres(around: Points, r: Points, seed: int) -> Points:
    """Radial streaks, 0..1."""
    rng = np.random.default_rng(seed)
    waves = gaussian_filter1d(rng.random((2, 720)), 2.2, mode="wrap", axis=1)
    waves = (waves - waves.min()) / (waves.max() - waves.min())
    turn = (around % (2 * np.pi)) / (2 * np.pi) * 720
    first, second = (np.interp(turn, np.arange(721), np.append(wave, wave[0])) for wave in waves)
    blend = np.clip(r, 0, 1)
    return np.asarray(first * blend + second * (1 - blend))


def _step(x: Points, low: float, high: float) -> Points:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
