"""The looks: who each default avatar is, in numbers. A new one is a few lines here.

What comes next: build.py makes the files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from avatar.rig.shapes import Body
from avatar.rig.skin import Colour, Complexion


@dataclass(frozen=True, kw_only=True)
class Look:
    """Everything that tells one avatar from another."""

    body: Body
    complexion: Complexion
    iris: Colour
    hair: str
    hair_colour: Colour
    outfit: str
    cloth: tuple[Colour, Colour, Colour]
    seed: int


#: What makes a face friendly and young of heart, whoever wears it.
_SOFT: Final = {
    "nose/nose-scale-horiz-decr": 0.45, "nose/nose-scale-vert-decr": 0.25, "nose/nose-point-up": 0.30,
    "mouth/mouth-upperlip-volume-incr": 0.35, "mouth/mouth-lowerlip-volume-incr": 0.35,
    "mouth/mouth-angles-up": 0.8, "neck/neck-scale-horiz-decr": 0.2, "mouth/mouth-scale-horiz-decr": 0.15,
    "torso/measure-shoulder-dist-decr": 0.8, "torso/torso-scale-horiz-decr": 0.5,
    "head/head-age-decr": 0.35, "head/head-round": 0.2,
    "ears/ear-scale-decr": 0.4, "ears/ear-wing-decr": 0.5, "eyes/eye-scale-incr": 0.3,
}  # fmt: skip

LOOKS: Final[Mapping[str, Look]] = {
    # a woman of about 25: fair and freckled, auburn bob, open jacket
    "nova": Look(
        body=Body(
            male=0.05, age=0.5, muscle=0.5, weight=0.45, height=0.5, proportions=0.9,
            origin={"caucasian": 0.7, "asian": 0.3}, details=_SOFT,
        ),
        complexion=Complexion(
            skin=(0.93, 0.76, 0.66), blush=(1.0, 0.72, 0.70), lips=(0.85, 0.53, 0.50), shadow=(0.62, 0.36, 0.31),
            brows=(0.26, 0.15, 0.11), lid=(0.96, 0.86, 0.83), blush_amount=0.75, freckles=0.25, seed=7,
        ),
        iris=(0.32, 0.52, 0.36), hair="bob", hair_colour=(0.40, 0.21, 0.13), outfit="jacket",
        cloth=((0.17, 0.36, 0.42), (0.93, 0.90, 0.85), (0.22, 0.24, 0.31)), seed=11,
    ),
    # a man of about 35: brown skin, short black hair, a shade of beard, hoodie
    "bram": Look(
        body=Body(
            male=0.95, age=0.58, muscle=0.58, weight=0.50, height=0.55, proportions=0.85,
            origin={"african": 0.7, "caucasian": 0.3},
            details={
                **_SOFT, "nose/nose-scale-horiz-decr": 0.2, "nose/nose-point-up": 0.1,
                "torso/measure-shoulder-dist-decr": 0.3, "neck/neck-scale-horiz-decr": 0.35, "head/head-round": 0.0,
            },
            eye_size=1.12,
        ),
        complexion=Complexion(
            skin=(0.60, 0.41, 0.30), blush=(1.0, 0.74, 0.66), lips=(0.58, 0.34, 0.29), shadow=(0.50, 0.29, 0.24),
            brows=(0.13, 0.095, 0.08), lid=(0.95, 0.87, 0.83), blush_amount=0.45, stubble=0.26, liner=0.15,
            brow_width=1.35, brow_lift=-0.12, seed=23,
        ),
        iris=(0.42, 0.27, 0.15), hair="coils", hair_colour=(0.17, 0.13, 0.11), outfit="hoodie",
        cloth=((0.72, 0.45, 0.20), (0.90, 0.88, 0.84), (0.26, 0.29, 0.34)), seed=29,
    ),
    # a woman of about 55: dark skin, silvering curls, a knitted pullover
    "amara": Look(
        body=Body(
            male=0.05, age=0.66, muscle=0.5, weight=0.58, height=0.5, proportions=0.85,
            origin={"african": 0.9, "caucasian": 0.1},
            details={**_SOFT, "nose/nose-scale-horiz-decr": 0.25, "head/head-age-decr": 0.15},
        ),
        complexion=Complexion(
            skin=(0.52, 0.335, 0.245), blush=(1.0, 0.70, 0.62), lips=(0.53, 0.27, 0.245), shadow=(0.48, 0.27, 0.24),
            brows=(0.10, 0.075, 0.07), lid=(0.90, 0.80, 0.76), blush_amount=0.5, lines=0.5, seed=31,
        ),
        iris=(0.30, 0.17, 0.09), hair="curls", hair_colour=(0.43, 0.40, 0.39), outfit="pullover",
        cloth=((0.56, 0.20, 0.33), (0.90, 0.88, 0.84), (0.17, 0.16, 0.20)), seed=37,
    ),
}  # fmt: skip
