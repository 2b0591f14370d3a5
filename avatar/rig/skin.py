"""Skin: a smooth painted picture for the head and one for the rest, by places on the body and not by the flat layout.

Warm where blood is near (cheeks, nose, ears, lids, lips), shaded where the sky does not reach. What comes next:
build.py.
"""

import io
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from avatar.rig.baking import islands, spread, texels_of
from avatar.rig.mesh import Mesh, Points
from avatar.rig.person import Person

Colour = tuple[float, float, float]

HEAD_PIXELS: Final = 2048
BODY_PIXELS: Final = 512
_LIPS_SEE: Final = 0.45  # at least so much sky


@dataclass(frozen=True, kw_only=True)
class Complexion:
    """Colours in sRGB, 0..1, and amounts 0..1."""

    skin: Colour
    blush: Colour
    lips: Colour
    shadow: Colour
    brows: Colour
    lid: Colour
    liner: float = 0.5
    blush_amount: float = 0.5
    freckles: float = 0.0
    stubble: float = 0.0
    brow_width: float = 1.0
    brow_lift: float = 0.0
    lines: float = 0.0
    seed: int = 7


def head_layout(person: Person, head: Mesh) -> Points:
    """UV [n, 2] for the head: most texels for the face, a strip at the foot for the inside of the mouth."""
    island = islands(head)
    sizes = np.bincount(island)
    uv = np.zeros_like(head.uv)
    eyes = person.eyes.mean(axis=0)
    facing = np.clip((head.points[:, 2] - eyes[2] + 0.05) / 0.06, 0, 1)
    for number in range(island.max() + 1):
        here = island == number
        if number == sizes.argmax():
            part = Mesh.of(head.points, head.triangles[here[head.triangles[:, 0]]], head.weights, head.uv)
            uv[here] = spread(head.uv, part, 0.12 + 0.88 * facing)[here] * (0.99, 0.91) + (0.005, 0.005)
            continue
        low, high = head.uv[here].min(axis=0), head.uv[here].max(axis=0)
        corner = (0.02 + 0.11 * number, 0.925)
        uv[here] = (head.uv[here] - low) / (high - low) * (0.09, 0.07) + corner
    return uv


def head_picture(person: Person, head: Mesh, light: Points, hair: "HairPaint", look: Complexion) -> bytes:
    """The JPEG of the head's skin. `head.uv` is `head_layout`; `light` [n] is how much sky each point sees."""
    texels = texels_of(head, HEAD_PIXELS)
    old_uv = head.attributes[:, 1:3]
    place = texels.sample(head.points)
    normal = texels.sample(head.normals)
    sky = texels.sample(light[:, None])[:, 0]
    colour = _tone(person, place, look)
    colour = _features(person, place, normal, colour, look)
    mask = _sampled(gaussian_filter(person.source.mask("lips"), 2.5), texels.sample(old_uv))
    colour = _lips(person, place, colour, mask, look)
    sky = np.maximum(sky, _LIPS_SEE * mask)  # what is hidden in a shut mouth is lit when it opens
    colour = _shaded(colour, sky, look)
    colour = hair.over(colour, place)
    inner = _sampled(gaussian_filter(person.source.mask("inside-mouth"), 2), texels.sample(old_uv))
    throat = np.clip((person.mouth[2] - place[:, 2]) / 0.05, 0, 1)[:, None]
    flesh = np.array([0.56, 0.22, 0.22]) * (1 - throat) + np.array([0.16, 0.04, 0.05]) * throat
    colour = colour * (1 - inner[:, None]) + flesh * inner[:, None]
    return jpeg(texels.picture(colour), 90)


def body_picture(person: Person, body: Mesh, light: Points, look: Complexion) -> bytes:
    """The JPEG of the skin below the neck."""
    texels = texels_of(body, BODY_PIXELS)
    place = texels.sample(body.points)
    colour = _shaded(_tone(person, place, look), texels.sample(light[:, None])[:, 0], look)
    return jpeg(texels.picture(colour), 88)


def jpeg(picture: NDArray[np.uint8], quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality, subsampling=0, optimize=True)
    return out.getvalue()


@dataclass(frozen=True)
class HairPaint:
    """Hair painted on the scalp under the locks, so that no skin shows between them, with a soft hairline."""

    colour: Colour
    hairline: Points = field(default_factory=lambda: np.zeros((0, 4)))
    cover: float = 1.0

    def over(self, colour: Points, place: Points) -> Points:
        if not self.cover:
            return colour
        amount = scalp_cover(self.hairline, place)[:, None] * self.cover
        return np.asarray(colour * (1 - amount) + np.array(self.colour) * 0.80 * amount)


def scalp_cover(planes: Points, place: Points) -> Points:
    """0 on bare skin, 1 under hair; `planes` [k, 4] are spheres (centre, radius): hair is outside of all of them."""
    depth = np.full(len(place), np.inf)
    for *centre, radius in planes:
        depth = np.minimum(depth, np.linalg.norm(place - np.array(centre), axis=1) - radius)
    return np.asarray(_step(depth, -0.002, 0.006))


def _tone(person: Person, place: Points, look: Complexion) -> Points:
    """The ground: skin with broad, slow changes."""
    rng = np.random.default_rng(look.seed)
    waves = np.zeros(len(place))
    for _ in range(8):
        direction = rng.normal(size=3) * 60
        waves += np.sin(place @ direction + rng.random() * 6.28) / 8
    base = np.array(look.skin) * (1 + 0.022 * waves[:, None])
    return np.asarray(base)


def _features(person: Person, place: Points, normal: Points, colour: Points, look: Complexion) -> Points:
    eyes, radius, mouth, nose = person.eyes, person.eye_radius, person.mouth, person.nose
    side = np.sign(place[:, 0])
    span = abs(eyes[0, 0])

    def blot(x: float, y: float, z: float, wide: float, tall: float) -> Points:
        d = ((np.abs(place[:, 0]) - x) / wide) ** 2 + ((place[:, 1] - y) / tall) ** 2 + ((place[:, 2] - z) / 0.03) ** 2
        return np.asarray(np.exp(-d))

    low = (eyes[0, 1] + mouth[1]) / 2
    warm = look.blush_amount * (
        0.55 * blot(span * 1.22, low + 0.004, eyes[0, 2] + 0.008, 0.020, 0.014)
        + 0.55 * blot(0, nose[1], nose[2], 0.012, 0.010)
        + 0.25 * blot(0, mouth[1] - 0.028, mouth[2], 0.016, 0.012)
    )
    ears = np.clip((np.abs(place[:, 0]) - person.head[1][0] * 0.86) / 0.012, 0, 1) * (place[:, 1] < eyes[0, 1] + 0.03)
    ears *= (place[:, 1] > mouth[1]) * (place[:, 2] < eyes[0, 2] - 0.03)
    warm = np.clip(warm + 0.30 * ears * look.blush_amount, 0, 0.8)[:, None]
    colour = colour * (1 - warm) + colour * np.array(look.blush) * warm
    colour = _around_eyes(person, place, colour, look)
    colour = _stubble(person, place, colour, look)
    colour = _freckles(person, place, colour, look)
    brow = _brows(person, place, look)[:, None]
    del side, normal, radius
    return np.asarray(colour * (1 - brow) + np.array(look.brows) * brow)


def _around_eyes(person: Person, place: Points, colour: Points, look: Complexion) -> Points:
    for eye in person.eyes:
        away = place - eye
        distance = np.linalg.norm(away, axis=1) / person.eye_radius
        up = away[:, 1] / person.eye_radius
        lid = np.exp(-(((distance - 1.12) / 0.16) ** 2)) * _step(up, -0.1, 0.35) * (away[:, 2] > -0.003)
        colour = colour * (1 - 0.75 * lid[:, None]) + colour * np.array(look.lid) * 0.75 * lid[:, None]
        rim = (1 - _step(distance, 1.015, 1.055)) * (away[:, 2] > -0.006)
        wet = colour * np.array([1.0, 0.78, 0.76])
        line = np.array(look.brows) * 0.35
        above = _step(up, 0.05, 0.2)[:, None] * look.liner
        colour = colour * (1 - rim[:, None]) + (wet * (1 - above) + line * above) * rim[:, None]
    return np.asarray(colour)


def _brows(person: Person, place: Points, look: Complexion) -> Points:
    """How much brow hair covers each place."""
    radius, t = person.eye_radius, np.linspace(0, 1, 80)
    x = person.eyes[0, 0] + radius * (-0.86 + 2.10 * t)
    y = person.eyes[0, 1] + radius * (1.44 + look.brow_lift + 0.20 * np.sin(np.pi * t) - 0.14 * t**2)
    width = 0.0052 * look.brow_width * np.interp(t, [0, 0.12, 0.5, 0.8, 1], [0.55, 0.95, 1.0, 0.62, 0.12])
    flat = np.stack([np.abs(place[:, 0]), place[:, 1]], axis=1)
    distance, nearest = cKDTree(np.stack([x, y], axis=1)).query(flat)
    across = flat[:, 1] - y[nearest]
    along = (flat[:, 0] - x[0]) * 1000
    rng = np.random.default_rng(look.seed + 1)
    hairs = np.zeros(len(place))
    for k in range(5):
        slant = 0.35 + 0.5 * nearest / 80 + rng.normal() * 0.12
        hairs += np.sin((along * (1.0 + slant) - across * 1000 * 1.6 + rng.random() * 6) * (1.7 + 0.75 * k)) / 5
    edge = distance / np.maximum(width[nearest], 1e-4)
    amount = 1 - _step(edge, 0.45 + 0.22 * hairs, 1.0 + 0.22 * hairs)
    front = place[:, 2] > person.eyes[0, 2] - 0.012
    return np.asarray(amount * front * (0.90 + 0.10 * np.clip(hairs * 2, -1, 1)))


def _stubble(person: Person, place: Points, colour: Points, look: Complexion) -> Points:
    if not look.stubble:
        return colour
    eyes, mouth = person.eyes, person.mouth
    below = 1 - _step(place[:, 1] - mouth[1] - 0.55 * np.abs(place[:, 0]), 0.004, 0.022)
    throat = _step(place[:, 1], mouth[1] - 0.088, mouth[1] - 0.058)
    back = _step(place[:, 2], eyes[0, 2] - 0.085, eyes[0, 2] - 0.06)
    amount = (below * throat * back * look.stubble)[:, None]
    return np.asarray(colour * (1 - amount) + np.array(look.brows) * amount)


def _freckles(person: Person, place: Points, colour: Points, look: Complexion) -> Points:
    if not look.freckles:
        return colour
    rng = np.random.default_rng(look.seed + 2)
    eyes, nose = person.eyes, person.nose
    spots = np.stack([rng.normal(0, 0.030, 240), nose[1] + 0.012 + rng.normal(0, 0.010, 240)], axis=1)
    sizes = rng.uniform(0.0004, 0.0010, len(spots))
    distance, near = cKDTree(spots).query(place[:, :2])
    amount = (1 - _step(distance / sizes[near], 0.5, 1.2)) * look.freckles * (place[:, 2] > eyes[0, 2])
    return np.asarray(colour * (1 - amount[:, None] * np.array([0.22, 0.34, 0.42])))


def _lips(person: Person, place: Points, colour: Points, mask: Points, look: Complexion) -> Points:
    mask = _step(mask, 0.25, 0.75)[:, None]
    seam = np.exp(-(((place[:, 1] - person.mouth[1]) / 0.0012) ** 2))[:, None] * mask
    lower = _step(person.mouth[1] - place[:, 1], 0.0, 0.004)[:, None]
    lips = np.array(look.lips) * (0.93 + 0.10 * lower)
    colour = colour * (1 - 0.80 * mask) + lips * 0.80 * mask
    return np.asarray(colour * (1 - 0.30 * seam))


def _shaded(colour: Points, sky: Points, look: Complexion) -> Points:
    """Less sky is darker, and warmer: skin lets light through."""
    open_ = np.clip(0.30 + 0.95 * sky, 0, 1)[:, None]
    return np.asarray(colour * (np.array(look.shadow) * (1 - open_) + open_))


def _sampled(picture: Points, uv: Points) -> Points:
    """A picture's values at uv [k, 2] (v down)."""
    rows, columns = picture.shape
    at = [uv[:, 1] * rows - 0.5, uv[:, 0] * columns - 0.5]
    return np.asarray(map_coordinates(picture, at, order=1, mode="nearest"))


def _step(x: Points, low: float | Points, high: float | Points) -> Points:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
