"""Pictures of the page: all of them in out/web/ to look at, small ones beside the tests to compare with.

Browsers draw letters and edges a little differently, so both pictures are made small and soft before they are compared:
what is told apart is another screen, a face that is missing, a mouth of another shape. Make new ones, and look at them,
with `STAGEDOOR_NEW_PICTURES=1 pytest tests/web/test_page_pictures.py`.
"""

import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

HOUSE = Path(__file__).resolve().parents[2]
FRESH = HOUSE / "out" / "web"
KEPT = Path(__file__).resolve().parent / "pictures"
KEPT_WIDTH = 480
COLOURS = 128
SOFT_WIDTH = 160  # pixels that are compared
MOST_MEAN = 4.0  # of 255, over the whole picture
MOST_FAR_SHARE = 0.02  # of pixels that differ by more than FAR
FAR = 40

Pixels = npt.NDArray[np.float32]


def opened(png: bytes) -> Image.Image:
    """A screenshot as a picture."""
    return Image.open(io.BytesIO(png)).convert("RGB")


def hang_fresh(name: str, picture: Image.Image) -> None:
    """Writes it to out/web/, to look at."""
    FRESH.mkdir(parents=True, exist_ok=True)
    picture.save(FRESH / f"{name}.png")


def hang(name: str, picture: Image.Image) -> None:
    """Writes it to out/web/, and compares it with the kept one. AssertionError when they are not alike."""
    hang_fresh(name, picture)
    kept = KEPT / f"{name}.png"
    if os.environ.get("STAGEDOOR_NEW_PICTURES"):
        KEPT.mkdir(exist_ok=True)
        small = picture.resize(
            (KEPT_WIDTH, round(picture.height * KEPT_WIDTH / picture.width)), Image.Resampling.LANCZOS
        )
        small.quantize(COLOURS).save(kept, optimize=True)
    mean, far = difference(picture, Image.open(kept).convert("RGB"))
    assert mean <= MOST_MEAN, f"{name} differs from {kept} by {mean:.1f} of 255 in the mean; look at out/web/{name}.png"
    assert far <= MOST_FAR_SHARE, f"{far:.1%} of {name} differs much from {kept}; look at out/web/{name}.png"


def difference(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """The mean difference of two pictures, 0..255, and the share of pixels that differ by more than FAR."""
    apart = np.abs(_soft(one) - _soft(other)).max(axis=2)
    return float(apart.mean()), float((apart > FAR).mean())


def _soft(picture: Image.Image) -> Pixels:
    height = round(picture.height * SOFT_WIDTH / picture.width)
    return np.asarray(picture.resize((SOFT_WIDTH, height), Image.Resampling.BOX), np.float32)
