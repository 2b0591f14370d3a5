"""What words say of a feeling: the shipped weights on our own lines, any text at all, and a fit from scratch."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.emotion import feel
from avatar.text_emotion import FEELINGS, N_BUCKETS, SHADES, WEIGHTS_FILE, clues, load_weights, read, tokens
from bench.emotion import score_texts
from bench.emotion_fit import GROUPS, fit, held_out, macro_f1

LINES = tomllib.loads(Path(__file__).with_name("emotion_lines.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "feeling", "because"),
    [
        ("I'm so excited to meet you!", "joy", "excited"),
        ("I am really nervous right now.", "fear", "nervous"),
        ("i was lost and lonely back then", "sadness", "lonely"),
        ("That is so UNFAIR, I hate it.", "anger", "i hate"),
        ("That is disgusting.", "disgust", "disgusting"),
        ("Oh wow, I never expected that!", "surprise", "oh wow"),
        ("The album has twelve songs.", "neutral", "songs"),
        ("", "neutral", ""),
    ],
)
def test_a_text_is_read_and_the_reading_says_why(text, feeling, because):
    reading = read(text)
    assert (reading.feeling, reading.because) == (feeling, because)


def test_thanks_are_affection_and_questions_interest():
    assert read("Thank you so much, I love you.").affection > 0.9
    assert read("Where did you grow up?").interest > 0.9
    assert read("No, I don't think so.").disapproval > 0.3


@pytest.mark.parametrize(
    ("line", "category"),
    [
        ("I'm not happy about it.", "sadness"),  # denied
        ("There was no rain. I'm so happy.", "joy"),  # denied in another sentence
        ("My dog died last week.", "sadness"),  # told plainly
        ("We got engaged in June.", "joy"),
        ("I won the prize and nobody came.", "sadness"),
        ("That got me through my divorce, thank you!", "affection"),  # sad news within thanks
        ("Where did you grow up?", "neutral"),  # asking is not surprise
        ("No.", "neutral"),  # saying no is not anger
    ],
)
def test_a_face_is_not_made_of_probabilities_alone(line, category):
    assert feel(line).category == category


def test_lines_that_were_only_counted_are_mostly_right():
    lines = [line for rows in LINES["held_out"].values() for line in rows]
    right = sum(feel(text).category in fitting for text, *fitting in lines)
    assert right >= 0.7 * len(lines)


def test_avatars_do_not_look_angry_by_mistake():
    for text, *fitting in [*LINES["held_out"]["avatar"], *LINES["tuning"]["avatar"]]:
        assert feel(text).category != "anger" or "anger" in fitting, text


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_a_reading_in_range(text):
    reading = read(text)
    assert reading.feeling in FEELINGS
    assert all(0.0 <= prob <= 1.0 for prob in reading.probs.values())
    assert min(reading.affection, reading.interest, reading.disapproval) >= 0.0
    assert len(reading.because.split()) <= 3
    assert set(reading.because.split()) <= set(tokens(text))


def test_of_a_long_text_the_end_is_read():
    assert read("lovely " * 5000 + "I am so scared. " * 60) == read("I am so scared. " * 60)


def test_clues_are_words_pairs_and_parts():
    assert list(clues(tokens("So good!!!"))) == [
        "so", "<s> so", "#<so", "#so>",
        "good", "so good", "#<go", "#goo", "#ood", "#od>", "#<goo", "#good", "#ood>", "#<good", "#good>",
        "!!", "good !!", "!! </s>",
    ]  # fmt: skip


def test_the_weights_are_small_and_whole():
    weights = load_weights()
    assert weights.table.shape == (N_BUCKETS, len(FEELINGS) + len(SHADES))
    assert weights.thresholds.shape == (len(FEELINGS),)
    assert ((weights.thresholds > 0.05) & (weights.thresholds < 0.6)).all()
    assert WEIGHTS_FILE.stat().st_size < 1_000_000
    packed = tomllib.loads((WEIGHTS_FILE.parents[1] / "pyproject.toml").read_text("utf-8"))
    assert "*.npz" in packed["tool"]["setuptools"]["package-data"]["stagedoor.avatar"]


def test_a_fit_learns_what_it_is_shown_and_repeats_itself(tmp_path):
    names = [label for group in list(GROUPS)[: len(FEELINGS)] for label in GROUPS[group].split()]
    (tmp_path / "goemotions_labels.txt").write_text("\n".join(names))
    shown = {"hooray": "joy", "boo": "anger", "yuck": "disgust", "eek": "fear", "alas": "sadness", "gosh": "surprise"}
    shown["table"] = "neutral"
    rows = "".join(f"the {word} is here\t{names.index(label)}\tid\n" for word, label in shown.items()) * 20
    for part in ("train", "dev"):
        (tmp_path / f"goemotions_{part}.tsv").write_text(rows)
    weights = fit(tmp_path, rounds=5)
    assert [read(f"a {word}", weights).feeling for word in shown] == list(shown.values())
    assert np.array_equal(weights.table, fit(tmp_path, rounds=5).table)
    found, there = held_out(tmp_path, rounds=5)
    assert found.shape == there.shape == (14, len(FEELINGS))
    assert macro_f1(found, there)["joy"] == 1.0


def test_the_bench_counts_a_perfect_and_a_poor_reading():
    texts = ["I am so happy!", "This makes me furious.", "Where is it?", "I am terrified."] * 10
    right = [[FEELINGS.index(read(text).feeling)] for text in texts]
    wrong = [[(numbers[0] + 1) % len(FEELINGS)] for numbers in right]
    best = score_texts(texts, right, tuned_on=False)["only_the_best_of_texts_with_one"]
    worst = score_texts(texts, wrong, tuned_on=False)["only_the_best_of_texts_with_one"]
    assert best["joy"] == best["fear"] == 1.0
    assert worst["macro"] < best["macro"]
