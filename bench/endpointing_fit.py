"""Fits the weights of speech/endpointing.py to the table of pauses that endpointing.py keeps.

`python -m bench.endpointing_fit` prints the weights and how often they rank a true end above an inner pause, on
recordings that they were not fitted on. People and synthetic fans, ends and pauses count the same in all. What to do
with it: round the weights, put them into speech/endpointing.py, run endpointing.py again.
"""

import argparse
import json
import math
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.endpointing import INNER_PAUSE_MS
from bench.pauses import Pause
from bench.server_process import HOUSE
from speech.endpointing import FEW_WORDS, Thought, thought

RIDGE = 3.0  # pulls weights that the data do not need towards 0
FLOOR_PROB = 2e-3
CUES = ("per_sound", "per_ending", "per_log_word", *(f"kind_{kind.name.lower()}" for kind in Thought), "per_sound_few")


def cues(pause: Pause) -> list[float]:
    """What the server knows of a pause, a number for each of CUES."""
    n_words = len(pause.text.split())
    sound, ending = _log_odds(pause.complete_prob), _log_odds(pause.ending_prob or 0.0)
    kinds = [float(thought(pause.text) is kind) for kind in Thought]
    return [sound, ending, math.log1p(n_words), *kinds, sound if n_words <= FEW_WORDS else 0.0]


def _log_odds(prob: float) -> float:
    return math.log((prob + FLOOR_PROB) / (1 - min(prob, 1.0) + FLOOR_PROB))


def fit(seen: NDArray[np.float64], is_end: NDArray[np.bool_], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logistic regression: [n, k] cues, [n] truths, [n] shares -> [k + 1] weights, the base last."""
    inputs = np.c_[seen, np.ones(len(seen))]
    signs = np.where(is_end, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> float:
        fits = np.logaddexp(0.0, -signs * (inputs @ weights))
        return float(shares @ fits + RIDGE / 2 * np.square(weights[:-1]).sum())

    weights: NDArray[np.float64] = minimize(loss, np.zeros(inputs.shape[1]), method="L-BFGS-B").x
    return weights


def equal_shares(groups: Sequence[tuple[bool, bool]]) -> NDArray[np.float64]:
    """A share for each row so that every group weighs the same, and all together their number."""
    sizes = {group: groups.count(group) for group in set(groups)}
    return np.array([len(groups) / len(sizes) / sizes[group] for group in groups])


def ranked_right(scores: NDArray[np.float64], is_end: NDArray[np.bool_]) -> float:
    """How often an end scores above a pause (0.5 is chance)."""
    difference = np.subtract.outer(scores[is_end], scores[~is_end])
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def main() -> int:
    """Prints the fit; 1 when there is no table."""
    parser = argparse.ArgumentParser(prog="bench.endpointing_fit", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--table", type=Path, default=HOUSE / "out" / "bench" / "endpointing_pauses.json")
    table: Path = parser.parse_args().table
    if not table.exists():
        print(f"no {table}; run bench.endpointing first")
        return 1
    every = [Pause(**row) for row in json.loads(table.read_text("utf-8"))]
    pauses = [p for p in every if p.true_end or (p.silent_ms or 0) >= INNER_PAUSE_MS]
    seen = np.array([cues(pause) for pause in pauses])
    is_end = np.array([pause.true_end for pause in pauses])
    groups = [(pause.synthetic, pause.true_end) for pause in pauses]
    half = np.array([zlib.crc32(pause.clip.encode()) % 2 for pause in pauses])
    scores = np.zeros(len(pauses))
    for side in (0, 1):
        shares = equal_shares([group for group, on in zip(groups, half, strict=True) if on == side])
        weights = fit(seen[half == side], is_end[half == side], shares)
        scores[half != side] = np.c_[seen, np.ones(len(seen))][half != side] @ weights
    for synthetic in (False, True):
        of_kind = np.array([pause.synthetic is synthetic for pause in pauses])
        share = ranked_right(scores[of_kind], is_end[of_kind])
        print(f"  {'synthetic fans' if synthetic else 'people':<16} ranked right {share:.3f}")
    for name, weight in zip((*CUES, "base"), fit(seen, is_end, equal_shares(groups)), strict=True):
        print(f"  {name:<16} {weight:+.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
