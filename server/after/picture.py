"""A picture that a fan's client sends: checked, stripped of what a camera writes into it, and written anew as PNG.

What comes next: keepsake.py keeps it beside the sound.
"""

import io
import warnings
from typing import Final

from PIL import Image, ImageOps, PngImagePlugin

from protocol.errors import MalformedError

MAX_PICTURE_BYTES: Final = 4 * 1024 * 1024
MAX_SIDE_PX: Final = 4096
KEPT_SIDE_PX: Final = 1600
FORMATS: Final = ("PNG", "JPEG")


def as_png(data: bytes, about: str) -> bytes:
    """The picture as PNG, at most KEPT_SIDE_PX on its longer side, with `about` as its description. Blocking.

    Raises MalformedError for what is no PNG or JPEG, or too large.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise MalformedError(f"a picture has at most {MAX_PICTURE_BYTES} bytes, not {len(data)}")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            if max(picture.size) > MAX_SIDE_PX:
                raise MalformedError(f"a picture has at most {MAX_SIDE_PX} pixels on a side, not {max(picture.size)}")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MalformedError("this is no PNG or JPEG picture that can be read") from error
    upright.thumbnail((KEPT_SIDE_PX, KEPT_SIDE_PX))
    return _written(upright, about)


def _written(picture: Image.Image, about: str) -> bytes:
    bare = Image.frombytes("RGB", picture.size, picture.tobytes())  # pixels, and nothing else that came with them
    words = PngImagePlugin.PngInfo()
    words.add_itxt("Description", about)
    file = io.BytesIO()
    bare.save(file, "PNG", pnginfo=words, optimize=False)
    return file.getvalue()
