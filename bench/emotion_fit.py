"""Fits the weights of avatar/text_emotion.py, and writes avatar/text_emotion.npz.

    python -m bench.emotion_fit --data folder    # with goemotions_{train,dev}.tsv and goemotions_labels.txt
    python -m bench.emotion_fit --data folder --held-out    # writes nothing: how well it does on texts it never saw

Logistic regressions for each feeling, over rarity-weighted clues of unit length, by L-BFGS from zero: no chance is in
it, so the same data and libraries give the same bytes. The thresholds are those with the best F1 on the dev part.
What comes next: bench/emotion.py measures the weights on texts that were not used here.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from avatar.text_emotion import FEELINGS, N_BUCKETS, SHADES, WEIGHTS_FILE, Weights, bucket, clues, is_shouted, tokens

PENALTY: Final = 1e-5
ROUNDS: Final = 40
IDF_STEPS: Final = 16

#: GoEmotions' own grouping of its labels (ekman_mapping.json of the data set), and our shades of it.
GROUPS: Final = {
    "anger": "anger annoyance disapproval",
    "disgust": "disgust",
    "fear": "fear nervousness",
    "joy": "joy amusement approval excitement gratitude love optimism relief pride admiration desire caring",
    "neutral": "neutral",
    "sadness": "sadness disappointment embarrassment grief remorse",
    "surprise": "surprise realization confusion curiosity",
    "affection": "love caring gratitude",
    "interest": "curiosity confusion",
    "disapproval": "disapproval annoyance",
}

Floats = NDArray[np.float64]


def read_rows(path: Path) -> tuple[list[str], list[list[int]]]:
    """Texts and label numbers of a GoEmotions file: text, labels, comment id between tabs."""
    rows = [line.split("\t") for line in path.read_text("utf-8").split("\n") if line.strip()]
    return [row[0] for row in rows], [[int(label) for label in row[1].split(",")] for row in rows]


def targets(labels: Sequence[Sequence[int]], names: Sequence[str]) -> Floats:
    """Which of FEELINGS + SHADES each row has: [n, 10] of 0 and 1."""
    group_of = [[group for group, members in GROUPS.items() if name in members.split()] for name in names]
    order = [*FEELINGS, *SHADES]
    wanted = np.zeros((len(labels), len(order)))
    for row, numbers in enumerate(labels):
        for number in numbers:
            wanted[row, [order.index(group) for group in group_of[number]]] = 1.0
    return wanted


def table_of(texts: Sequence[str]) -> sparse.csr_matrix:
    """Which buckets each text has: [n, N_BUCKETS] of 0 and 1."""
    columns: list[int] = []
    ends = [0]
    for text in texts:
        found = {bucket(clue) for clue in clues(tokens(text))} | ({bucket("<shout>")} if is_shouted(text) else set())
        columns += sorted(found)
        ends.append(len(columns))
    return sparse.csr_matrix((np.ones(len(columns)), columns, ends), (len(texts), N_BUCKETS))


def rarity_of(table: sparse.csr_matrix) -> NDArray[np.uint8]:
    """How rare each bucket is, in the steps in which it is kept."""
    counts = np.bincount(table.indices, minlength=N_BUCKETS)
    steps: Floats = IDF_STEPS * np.log((table.shape[0] + 1) / (counts + 1))
    return steps.round().clip(1, 255).astype(np.uint8)


def weighted(table: sparse.csr_matrix, rarity: NDArray[np.uint8]) -> sparse.csr_matrix:
    """Rarities in place of ones, each row of unit length."""
    rare = table @ sparse.diags(rarity / IDF_STEPS)
    lengths = np.sqrt(rare.multiply(rare).sum(axis=1).A1)
    scaled: sparse.csr_matrix = (sparse.diags(1.0 / np.maximum(lengths, 1e-9)) @ rare).tocsr()
    return scaled


def fit_one(rows: sparse.csr_matrix, wanted: Floats, rounds: int) -> tuple[Floats, float]:
    """Weights [N_BUCKETS] and bias of one feeling: the mean of two fits, one of them on telling-weighted columns."""
    telling = telling_of(rows, wanted)
    plain, plain_bias = _regress(rows, wanted, rounds)
    told, told_bias = _regress((rows @ sparse.diags(telling)).tocsr(), wanted, rounds)
    return (plain + telling * told) / 2, (plain_bias + told_bias) / 2


def telling_of(rows: sparse.csr_matrix, wanted: Floats) -> Floats:
    """How much each bucket tells whether the feeling is there, [N_BUCKETS] around 1: the log of how much oftener it is
    with or without it (S. Wang, C. Manning, "Baselines and Bigrams", ACL 2012).
    """
    with_it, without = (np.bincount(rows[wanted == there].indices, minlength=N_BUCKETS) + 1.0 for there in (1.0, 0.0))
    telling: Floats = np.abs(np.log((with_it / with_it.sum()) / (without / without.sum())))
    return telling / max(float(telling.mean()), 1e-9)


def _regress(rows: sparse.csr_matrix, wanted: Floats, rounds: int) -> tuple[Floats, float]:
    columns = rows.T.tocsr()

    def loss(point: Floats) -> tuple[float, Floats]:
        scores = rows @ point[:-1] + point[-1]
        miss = (1.0 / (1.0 + np.exp(-scores)) - wanted) / len(wanted)
        value = float(
            (np.logaddexp(0.0, scores) - wanted * scores).mean() + 0.5 * PENALTY * np.square(point[:-1]).sum()
        )
        return value, np.append(columns @ miss + PENALTY * point[:-1], miss.sum())

    found = minimize(loss, np.zeros(N_BUCKETS + 1), jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    return found.x[:-1], float(found.x[-1])


def best_thresholds(probs: Floats, wanted: Floats) -> NDArray[np.float32]:
    """For each column the probability with the best F1, half way to the next lower."""
    thresholds = []
    for column in range(probs.shape[1]):
        order = np.argsort(-probs[:, column], kind="stable")
        hits = np.cumsum(wanted[order, column])
        f1 = 2 * hits / (np.arange(1, len(order) + 1) + wanted[:, column].sum())
        best = int(f1.argmax())
        thresholds.append(probs[order[best : best + 2], column].mean())
    return np.array(thresholds, np.float32)


def fit(data: Path, *, rounds: int = ROUNDS) -> Weights:
    """The classifier, fitted on the train part of `data`, its thresholds on the dev part."""
    names = (data / "goemotions_labels.txt").read_text("utf-8").split()
    texts, labels = read_rows(data / "goemotions_train.tsv")
    table, wanted = table_of(texts), targets(labels, names)
    rarity = rarity_of(table)
    rows = weighted(table, rarity)
    fitted = [fit_one(rows, wanted[:, column], rounds) for column in range(wanted.shape[1])]
    exact = np.stack([column for column, _ in fitted], axis=1)
    scale = np.abs(exact).max(axis=0) / 127.0
    whole = np.rint(exact / scale).astype(np.int8)
    bias = np.array([b for _, b in fitted])

    dev_texts, dev_labels = read_rows(data / "goemotions_dev.tsv")
    scores = weighted(table_of(dev_texts), rarity) @ (whole * scale) + bias
    dev_wanted = targets(dev_labels, names)
    n = len(FEELINGS)
    thresholds = best_thresholds(1.0 / (1.0 + np.exp(-scores[:, :n])), dev_wanted[:, :n])
    return Weights(whole, scale.astype(np.float32), bias.astype(np.float32), rarity, thresholds)


def macro_f1(predicted: NDArray[np.bool_], wanted: Floats) -> dict[str, float]:
    """F1 of each feeling and their mean as `macro`: both [n, 7]."""
    hits = (predicted * wanted).sum(axis=0)
    f1 = 2 * hits / np.maximum(predicted.sum(axis=0) + wanted.sum(axis=0), 1)
    return {"macro": round(float(f1.mean()), 4), **dict(zip(FEELINGS, f1.round(3).tolist(), strict=True))}


def held_out(data: Path, *, rounds: int = ROUNDS) -> tuple[NDArray[np.bool_], Floats]:
    """What is found, and what is there, both [n, 7], in a tenth of the train part that nothing was fitted or chosen on.

    The weights are fitted on eight tenths, the thresholds chosen on another; the penalty and the clues were chosen with
    the dev part. So these are not the weights that are shipped, which saw all of the train part.
    """
    names = (data / "goemotions_labels.txt").read_text("utf-8").split()
    texts, labels = read_rows(data / "goemotions_train.tsv")
    table, wanted = table_of(texts), targets(labels, names)[:, : len(FEELINGS)]
    tenth = np.arange(len(texts)) % 10
    rarity = rarity_of(table[tenth < 8])
    rows = weighted(table, rarity)
    fitted = [fit_one(rows[tenth < 8], column, rounds) for column in wanted[tenth < 8].T]
    scores = np.stack([rows @ weights + bias for weights, bias in fitted], axis=1)
    probs: Floats = 1.0 / (1.0 + np.exp(-scores))
    thresholds = best_thresholds(probs[tenth == 8], wanted[tenth == 8])
    return probs[tenth == 9] >= thresholds, wanted[tenth == 9]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the GoEmotions files")
    parser.add_argument("--out", type=Path, default=WEIGHTS_FILE)
    parser.add_argument("--held-out", action="store_true", help="measure the method instead of writing the weights")
    options = parser.parse_args(argv)
    if options.held_out:
        print(macro_f1(*held_out(options.data)))
        return 0
    weights = fit(options.data)
    np.savez_compressed(options.out, **{name: getattr(weights, name) for name in weights.__slots__})
    data = options.out.read_bytes()
    print(f"{options.out}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
