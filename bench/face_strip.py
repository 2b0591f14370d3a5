"""A picture of one sentence: its sound, its phonemes, the lips' distance, and the avatar's face at its sounds.

`python -m bench.face_strip` writes out/bench/face_strip.png. The faces are the default avatar (avatar/rig/looks/) in a
real Chromium, on the page examples/arkit.html, set to the very frames that a client would get.
"""

import argparse
import io
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from playwright.sync_api import Page, sync_playwright

from avatar.blendshapes import ARKIT_52, N_WEIGHTS, Weights, lip_gap
from avatar.channels import EYE_FULL_DEG, HEAD, HEAD_FULL_DEG, as_weights, gaze_deg
from avatar.emotion import Emotion
from avatar.face import Face
from avatar.layouts import LAYOUTS
from avatar.shown import Shown
from avatar.visemes import VISEMES
from bench.face import speak
from bench.server_process import HOUSE
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from speech.tts import SpokenChunk

SENTENCE: Final = "Maybe five of you will show up!"
LOOK: Final = "avatar/rig/looks/nova.glb"
N_FACES: Final = 10
CHROMIUM_FLAGS: Final = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
_POSE = """([weights, [pitch, yaw, roll], [left, up]]) => {
  for (const mesh of rig.meshes) for (const [name, weight] of Object.entries(weights))
    if (name in mesh.morphTargetDictionary) mesh.morphTargetInfluences[mesh.morphTargetDictionary[name]] = weight;
  rig.head()?.rotation.set(pitch, yaw, roll, "YXZ");
  for (const eye of rig.eyes) eye.rotation.set(-up, left, 0);
  return new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
}"""


def main(argv: Sequence[str]) -> int:
    """Speaks, draws, writes."""
    parser = argparse.ArgumentParser(prog="bench.face_strip", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--text", default=SENTENCE)
    parser.add_argument("--out", type=Path, default=HOUSE / "out" / "bench" / "face_strip.png")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args(argv)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    [chunk] = speak([options.text])
    channels = shown(chunk)
    at = moments(chunk)
    with _rig_page(options.chromium) as page:
        pictures = [photograph(page, channels[k]) for k in at]
    draw(options.text, chunk, channels, list(zip(at, pictures, strict=True)), options.out)
    print(options.out)
    return 0


def shown(chunk: SpokenChunk) -> Weights:
    """The face of the clause as a client sees it, said with joy: float32 [frames, N_CHANNELS]."""
    raw = Face(seed=11).clause(chunk.phonemes, chunk.pcm, 0, Emotion.named("joy")).frames
    screen = Shown("arkit52")
    face, head = screen.speak(1, 0, raw.tobytes())
    channels = as_weights(raw)
    channels[:, :N_WEIGHTS] = np.frombuffer(face, np.uint8).reshape(-1, len(LAYOUTS["arkit52"].names)) / np.float32(255)
    channels[:, HEAD] = np.frombuffer(head, np.int8).reshape(-1, 3) / np.float32(127)
    return channels


def moments(chunk: SpokenChunk) -> list[int]:
    """The frames to show: in the middle of sounds, spread over the clause."""
    middles = [
        (p.start_samples + p.end_samples) // 2 // SAMPLES_PER_FACE_FRAME
        for p in chunk.phonemes
        if any(c.isalpha() for c in p.symbol)
    ]
    wanted = np.linspace(middles[0], middles[-1], N_FACES)
    return [min(middles, key=lambda k: abs(k - goal)) for goal in wanted]


def photograph(page: Page, channels: Weights) -> Any:
    """The avatar with this face, as an image [height, width, 4]."""
    weights = dict(zip(ARKIT_52, channels[:N_WEIGHTS].tolist(), strict=True))
    head = np.deg2rad(channels[HEAD] * HEAD_FULL_DEG).tolist()
    eyes = np.deg2rad(np.clip(gaze_deg(channels[None])[0], -EYE_FULL_DEG, EYE_FULL_DEG)).tolist()
    page.evaluate(_POSE, [weights, head, eyes])
    return plt.imread(io.BytesIO(page.screenshot()))


@contextmanager
def _rig_page(chromium: str) -> Iterator[Page]:
    handler = partial(_QuietHandler, directory=str(HOUSE))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, name="strip-files", daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium, args=[*CHROMIUM_FLAGS])
        page = browser.new_page(viewport={"width": 300, "height": 380})
        page.goto(f"http://127.0.0.1:{server.server_port}/examples/arkit.html?avatar=/{LOOK}")
        page.wait_for_selector("body[data-rig=ready]", timeout=120_000)
        page.add_style_tag(content="main { display: none !important }")
        yield page
        browser.close()
        server.shutdown()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def draw(text: str, chunk: SpokenChunk, channels: Weights, faces: Sequence[tuple[int, Any]], out: Path) -> None:
    """Sound and phonemes, lips and visemes, faces with lines to their moments."""
    mpl.use("Agg")
    seconds = len(chunk.pcm) / OUTPUT_RATE_HZ
    figure = plt.figure(figsize=(17, 7.2), layout="constrained")
    rows = figure.add_gridspec(3, len(faces), height_ratios=(1, 1, 2.1))
    sound, lips = figure.add_subplot(rows[0, :]), figure.add_subplot(rows[1, :])
    sound.plot(np.arange(len(chunk.pcm)) / OUTPUT_RATE_HZ, chunk.pcm, lw=0.4, color="#456")
    sound.set(title=f"“{text}”", xlim=(0, seconds), yticks=[], xticks=[])
    top = float(np.abs(chunk.pcm).max())
    for phoneme in chunk.phonemes:
        sound.axvline(phoneme.start_samples / OUTPUT_RATE_HZ, color="#ccc", lw=0.6)
        middle = (phoneme.start_samples + phoneme.end_samples) / 2 / OUTPUT_RATE_HZ
        sound.text(middle, top, phoneme.symbol, ha="center", va="bottom", fontsize=11)
    sound.set_ylim(-top, 1.35 * top)
    times = np.arange(len(channels)) / FACE_FPS
    lips.plot(times, lip_gap(channels), color="#b34", label="distance of the lips")
    lips.axhline(0, color="#888", lw=0.6)
    lips.set(xlim=(0, seconds), ylabel="lips", xlabel="seconds")
    for k, _ in faces:
        lips.axvline(k / FACE_FPS, color="#b34", lw=0.5, ls=":")
    for column, (k, picture) in enumerate(faces):
        axes = figure.add_subplot(rows[2, column])
        axes.imshow(picture[40:340, 30:270])
        viseme = VISEMES[int(channels[k, N_WEIGHTS : HEAD.start].argmax())]
        axes.set(xticks=[], yticks=[], title=f"{k / FACE_FPS:.2f} s  {viseme}")
    figure.savefig(out, dpi=80)
    plt.close(figure)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
