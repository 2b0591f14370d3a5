"""A look's numbers in, a person's mesh out: macro targets (sex, age, origin, build), details, and the drawn style.

The style is a warp of space: larger eyes, a slightly larger head. Morphs go through the same warp, so a lid that closes
over the eye still does. What comes next: skeleton.py finds the bones in the mesh.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from avatar.rig.source import Points, Source

_SIDED: Final = ("eyes/", "cheek/", "ears/")


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a person is made of, 0..1 each. `male` 0 is female; `age` 0.5 is 25, 1.0 is 90; `origin` sums to 1."""

    male: float
    age: float
    muscle: float
    weight: float
    height: float
    proportions: float
    origin: Mapping[str, float]
    details: Mapping[str, float] = field(default_factory=dict)
    eye_size: float = 1.14
    head_size: float = 1.06


def shaped(source: Source, body: Body) -> Points:
    """The whole base mesh [19158, 3] in metres as this person, not yet in the drawn style."""
    points = source.vertices.copy()
    for name, amount in _macros(source, body):
        points += amount * source.target(name)
    for name, amount in body.details.items():
        for target in _sides(name):
            points += amount * source.target(target)
    return points


@dataclass(frozen=True)
class Style:
    """The warp: eyes grow by `eye_size` about their centres, the head by `head_size` about its pivot."""

    eyes: Points
    eye_radius: float
    pivot: Points
    eye_size: float
    head_size: float

    def __call__(self, points: Points) -> Points:
        out = points
        for eye in self.eyes:
            away = out - eye
            distance = np.linalg.norm(away * (1.0, 1.0, 0.8), axis=1) / self.eye_radius
            grow = (self.eye_size - 1) * np.exp(-((np.maximum(distance - 1.0, 0.0) / 0.95) ** 2))
            out = out + away * grow[:, None]
        above = np.clip((out[:, 1] - self.pivot[1] + 0.035) / 0.07, 0, 1)
        grow = (self.head_size - 1) * above * above * (3 - 2 * above)
        return np.asarray(out + (out - self.pivot) * grow[:, None])


def style_of(source: Source, points: Points, body: Body) -> Style:
    """The warp for a shaped mesh."""
    eyes = np.array([points[source.groups[f"helper-{side}-eye"].vertices].mean(axis=0) for side in "lr"])
    radius = np.linalg.norm(points[source.groups["helper-l-eye"].vertices] - eyes[0], axis=1).mean()
    neck, head = (points[source.groups[f"joint-{name}"].vertices].mean(axis=0) for name in ("neck", "head"))
    pivot = neck * 0.5 + head * 0.5
    return Style(eyes, float(radius), pivot, body.eye_size, body.head_size)


def _macros(source: Source, body: Body) -> Iterator[tuple[str, float]]:
    ages = {"young": 1 - max(0.0, (body.age - 0.5) * 2), "old": max(0.0, (body.age - 0.5) * 2)}
    sexes = {"female": 1 - body.male, "male": body.male}
    muscles, weights = _thirds(body.muscle, "muscle"), _thirds(body.weight, "weight")
    heights = {"minheight": max(0.0, 1 - 2 * body.height), "maxheight": max(0.0, 2 * body.height - 1)}
    ideal = {
        "uncommonproportions": max(0.0, 1 - 2 * body.proportions),
        "idealproportions": max(0.0, 2 * body.proportions - 1),
    }
    for sex, is_sex in sexes.items():
        for age, is_age in ages.items():
            for origin, share in body.origin.items():
                yield from _known(source, f"{origin}-{sex}-{age}", share * is_sex * is_age)
            for muscle, is_muscle in muscles.items():
                for weight, is_weight in weights.items():
                    part = is_sex * is_age * is_muscle * is_weight
                    stem = f"{sex}-{age}-{muscle}-{weight}"
                    yield from _known(source, f"universal-{stem}", part)
                    for height, amount in heights.items():
                        yield from _known(source, f"height/{stem}-{height}", part * amount)
                    for proportion, amount in ideal.items():
                        yield from _known(source, f"proportions/{stem}-{proportion}", part * amount)


def _known(source: Source, name: str, amount: float) -> Iterator[tuple[str, float]]:
    path = f"macrodetails/{name}"
    if amount > 0 and source.has_target(path):
        yield path, amount


def _thirds(value: float, word: str) -> dict[str, float]:
    return {
        f"min{word}": max(0.0, 1 - 2 * value),
        f"average{word}": 1 - abs(2 * value - 1),
        f"max{word}": max(0.0, 2 * value - 1),
    }


def _sides(name: str) -> Iterator[str]:
    """`eyes/eye-scale-incr` means both `l-` and `r-`."""
    folder, _, rest = name.partition("/")
    yield from (f"{folder}/{side}-{rest}" for side in "lr") if name.startswith(_SIDED) else (name,)
