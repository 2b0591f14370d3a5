"""Files of a keepsake: the sound and the picture, read back by another pair of hands."""

import io
import warnings
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from protocol.errors import MalformedError
from protocol.timeline import OUTPUT_RATE_HZ
from server.after.picture import KEPT_SIDE_PX, MAX_PICTURE_BYTES, MAX_SIDE_PX, as_png
from server.after.sound import write_m4a

ABOUT = {"title": "Maya with Nova Reyes", "comment": "A conversation with an AI avatar of Nova Reyes."}


def photo(size: tuple[int, int] = (640, 480), form: str = "JPEG", **more: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 80, 20)).save(file, form, **more)
    return file.getvalue()


def test_sound_comes_back_with_its_length_its_tone_and_what_it_is(tmp_path: Path) -> None:
    seconds = np.arange(3 * OUTPUT_RATE_HZ) / OUTPUT_RATE_HZ
    tone = (8000 * np.sin(2 * np.pi * 440 * seconds)).astype(np.int16)
    write_m4a(tmp_path / "sound.m4a", np.array_split(tone, 7), ABOUT)
    with av.open(tmp_path / "sound.m4a") as container:
        assert container.metadata["comment"] == ABOUT["comment"]
        assert container.metadata["title"] == ABOUT["title"]
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(heard) == pytest.approx(len(tone), abs=3 * 1024)
    peak_hz = np.abs(np.fft.rfft(heard[8192 : 8192 + 24_000])).argmax()
    assert peak_hz == pytest.approx(440, abs=2)


def test_a_picture_loses_everything_but_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "my address is 12 Acorn Street"
    exif[0x0112] = 6  # turned on its side
    sent = photo(exif=exif)
    assert b"Acorn" in sent
    kept = as_png(sent, ABOUT["comment"])
    assert b"Acorn" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert (picture.format, picture.size) == ("PNG", (480, 640))
        assert picture.info == {"Description": ABOUT["comment"]}


def test_a_large_picture_is_kept_smaller() -> None:
    with Image.open(io.BytesIO(as_png(photo((4000, 1000), "PNG"), ""))) as picture:
        assert picture.size == (KEPT_SIDE_PX, KEPT_SIDE_PX // 4)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GIF89a" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        photo(form="WEBP"),
        photo()[:200],
        photo((MAX_SIDE_PX + 1, 8), "PNG"),
        bytes(MAX_PICTURE_BYTES + 1),
    ],
    ids=["nothing", "gif", "svg", "webp", "half", "wide", "heavy"],
)
def test_what_is_no_picture_we_want_is_refused(sent: bytes) -> None:
    with warnings.catch_warnings(), pytest.raises(MalformedError):
        as_png(sent, "")
