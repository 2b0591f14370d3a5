"""Fits the network of avatar/audio_visemes.py: `python -m bench.audio_mouth_fit --lines FILE`, a line of text each.

The lines are spoken by the server's own voice, whose phoneme times are exact; copies at other pitches (which also moves
the formants, as another head would), with other microphones and noise, stand in for other speakers. The exact mouth's
viseme shares are what the network learns. Nothing of bench/face.py's sentences may be among the lines.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

from avatar.audio_visemes import DELAY_FRAMES, N_BANDS, N_FEATURES, WEIGHTS_FILE, BandReader
from avatar.blendshapes import N_WEIGHTS, loudness_opening, mouth
from avatar.visemes import VISEMES, mouth_targets
from bench.face import SENTENCES, speak
from protocol.timeline import SAMPLES_PER_FACE_FRAME, PhonemeSpan
from speech.tts import SpokenChunk

PITCHES: Final = ((1, 1), (5, 6), (4, 5), (7, 6), (9, 8))  # a copy is so many times as long
N_HIDDEN: Final = 64
EPOCHS: Final = 24
BATCH: Final = 256
HELD_OUT: Final = 8  # every eighth line

Floats = NDArray[np.float32]


def main(argv: Sequence[str]) -> int:
    """Speaks, fits, says how well, writes the weights."""
    parser = argparse.ArgumentParser(
        prog="bench.audio_mouth_fit", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--lines", type=Path, required=True)
    options = parser.parse_args(argv)
    lines = [line for line in options.lines.read_text("utf-8").splitlines() if line.strip() and line not in SENTENCES]
    fit(speak(lines))
    return 0


def fit(spoken: Sequence[SpokenChunk], out: Path = WEIGHTS_FILE) -> None:
    """Fits on seven lines of eight, prints the agreement on the eighth, writes `out`."""
    rng = np.random.default_rng(1)
    usual = _usual_bands(spoken)
    parts = [[examples(chunk, usual, rng) for chunk in _copies(c, rng)] for i, c in enumerate(spoken) if i % HELD_OUT]
    features, shares = (np.concatenate(column) for column in zip(*(p for part in parts for p in part), strict=True))
    weights = _train(features, shares, rng)
    held = [examples(chunk, usual, rng) for chunk in spoken[::HELD_OUT]]
    tests, wanted = (np.concatenate(column) for column in zip(*held, strict=True))
    hit = (_forward(weights, tests)[1].argmax(axis=1) == wanted.argmax(axis=1)).mean()
    print(f"{len(features)} frames; same viseme on the lines held out: {hit:.3f}")
    names = ("first", "first_bias", "second", "second_bias")
    arrays: dict[str, Any] = {n: w.astype(np.float16) for n, w in zip(names, weights, strict=True)}
    np.savez_compressed(out, usual=usual, **arrays)


def examples(chunk: SpokenChunk, usual: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Features and viseme shares of every frame."""
    quiet = np.zeros(DELAY_FRAMES * SAMPLES_PER_FACE_FRAME, np.float32)
    features = BandReader(usual).read(np.concatenate([chunk.pcm, quiet]))
    n_frames = len(chunk.pcm) // SAMPLES_PER_FACE_FRAME
    targets = mouth_targets(chunk.phonemes, len(chunk.pcm))
    return features, mouth(targets, n_frames, loudness_opening(chunk.pcm))[:, N_WEIGHTS:]


def _usual_bands(spoken: Sequence[SpokenChunk]) -> Floats:
    """The mean spectrum of the voice, by reading it once from nothing."""
    reader = BandReader(np.full(N_BANDS, -8.0, np.float32))
    for chunk in spoken[:40]:
        reader.read(chunk.pcm)
    return reader.mean


def _copies(chunk: SpokenChunk, rng: np.random.Generator) -> Iterator[SpokenChunk]:
    """The clip as other heads, microphones and rooms would have it."""
    for up, down in PITCHES:
        pcm = resample_poly(chunk.pcm, up, down).astype(np.float32) if up != down else chunk.pcm
        pcm = pcm[: len(pcm) // SAMPLES_PER_FACE_FRAME * SAMPLES_PER_FACE_FRAME]
        tilt = rng.uniform(-0.5, 0.4)
        pcm = lfilter([1.0, -tilt], [1.0], pcm).astype(np.float32)
        noise = rng.standard_normal(len(pcm)) * pcm.std() * 10 ** (-rng.uniform(18, 50) / 20)
        pcm = ((pcm + noise) * 10 ** rng.uniform(-0.8, 0.2)).astype(np.float32)
        spans = tuple(
            PhonemeSpan(p.symbol, p.start_samples * up // down, p.end_samples * up // down) for p in chunk.phonemes
        )
        yield replace(chunk, pcm=pcm, phonemes=spans)


def _forward(weights: Sequence[Floats], features: Floats) -> tuple[Floats, Floats]:
    first, first_bias, second, second_bias = weights
    hidden = np.maximum(features @ first + first_bias, 0.0)
    scores = hidden @ second + second_bias
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return hidden, odds / odds.sum(axis=1, keepdims=True)


def _train(features: Floats, shares: Floats, rng: np.random.Generator) -> list[Floats]:
    """Adam on the cross entropy with soft labels; rare visemes weigh more."""
    shares = shares / shares.sum(axis=1, keepdims=True)
    rare = 1 / np.sqrt(shares.mean(axis=0) + 0.01)
    sizes = ((N_FEATURES, N_HIDDEN), (N_HIDDEN,), (N_HIDDEN, len(VISEMES)), (len(VISEMES),))
    weights = [
        (rng.standard_normal(s) * (2 / s[0]) ** 0.5 if len(s) > 1 else np.zeros(s)).astype(np.float32) for s in sizes
    ]
    moments = [(np.zeros_like(w), np.zeros_like(w)) for w in weights]
    step = 0
    for epoch in range(EPOCHS):
        rate = 2e-3 * 0.5 * (1 + np.cos(np.pi * epoch / EPOCHS))
        order = rng.permutation(len(features))
        for begin in range(0, len(order) - BATCH, BATCH):
            rows = order[begin : begin + BATCH]
            step += 1
            grads = _gradients(weights, features[rows], shares[rows], rare)
            for weight, moment, grad in zip(weights, moments, grads, strict=True):
                _adam(weight, moment, grad, rate, step)
    return weights


def _adam(weight: Floats, moment: tuple[Floats, Floats], grad: Floats, rate: float, step: int) -> None:
    """One step, in place (D. Kingma and J. Ba, 2015)."""
    mean, square = moment
    mean += 0.1 * (grad - mean)
    square += 0.001 * (grad * grad - square)
    weight -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)


def _gradients(weights: Sequence[Floats], features: Floats, shares: Floats, rare: Floats) -> list[Floats]:
    hidden, odds = _forward(weights, features)
    wanted = shares * rare
    back = (odds * wanted.sum(axis=1, keepdims=True) - wanted) / len(features)
    to_hidden = (back @ weights[2].T) * (hidden > 0)
    return [features.T @ to_hidden + 1e-5 * weights[0], to_hidden.sum(axis=0), hidden.T @ back, back.sum(axis=0)]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
