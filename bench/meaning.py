"""How sure are prepared answers? Fans' sentences that must get one, and near ones that must not.

    python -m bench.meaning                      # the held-out sentences
    python -m bench.meaning --tuning             # those that the rules and the threshold were chosen with
    python -m bench.meaning --chat folder        # and every line of synthetic_persona_chat_valid.csv in that folder

Writes out/bench/meaning.json and meaning.png: precision and recall over the threshold, with the rules about words and
by vectors alone. A wrong answer is much worse than a miss, which the language model answers.
"""

import argparse
import csv
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import platformdirs
from matplotlib.figure import Figure as Picture
from msgspec import Struct
from numpy.typing import NDArray

from avatar.engines.minilm import MiniLm
from avatar.meaning import MARGIN, SIMILARITY, MeaningEngine, PreparedAnswers, asked_texts
from avatar.persona import Persona, load_persona
from bench.figures import GRID, INK, QUIET

ROOT = Path(__file__).resolve().parents[1]
CHAT_FILE = "synthetic_persona_chat_valid.csv"
THRESHOLDS = [round(float(x), 2) for x in np.arange(0.3, 1.0, 0.02)]
TIMED_QUESTION = "what is your cat called"


class Positive(Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence, and how the answer begins that it must get."""

    say: str
    gets: str


class Sentences(Struct, frozen=True, forbid_unknown_fields=True):
    """The sentences for one persona: those with an answer, and those that must get none."""

    match: tuple[Positive, ...]
    none: tuple[str, ...]


class Trial(Struct, frozen=True):
    """What one sentence got. `similarity` is 0 where no answer was possible."""

    said: str
    wanted: str | None
    answer: str
    similarity: float
    margin: float

    @property
    def right(self) -> bool:
        return self.wanted is not None and self.answer.startswith(self.wanted)


class Desk:
    """One persona's prepared answers with no threshold, and the same by vectors alone."""

    def __init__(self, persona: Persona, engine: MeaningEngine) -> None:
        self._engine = engine
        self._vectors = vectors_of(engine, asked_texts(persona))
        self._answers = [p.answer for fact in persona.facts for p in fact.prepared for _ in p.asked]
        self._prepared = PreparedAnswers(persona, list(self._vectors), similarity=0.0, margin=0.0)

    def with_words(self, said: str, wanted: str | None) -> Trial:
        """By the product's way."""
        question = self._prepared.question(said)
        match = self._prepared.best(question, vectors_of(self._engine, [question.text])[0]) if question else None
        if match is None:
            return Trial(said, wanted, "", 0.0, 0.0)
        return Trial(said, wanted, match.answer, match.similarity, match.margin)

    def by_vectors(self, said: str, wanted: str | None) -> Trial:
        """By the nearest vector of the whole turn, and no rule."""
        similar = self._vectors @ vectors_of(self._engine, [said])[0]
        nearest = int(similar.argmax())
        return Trial(said, wanted, self._answers[nearest], float(similar[nearest]), 1.0)


def vectors_of(engine: MeaningEngine, texts: Sequence[str]) -> NDArray[np.float32]:
    """[n, MEANING_SIZE]. Raises the engine's error."""
    results = engine.run(texts)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return np.array(results, np.float32)


def score(trials: Sequence[Trial], threshold: float, margin: float = MARGIN) -> dict[str, Any]:
    """Counts at one threshold. `precision` is None where nothing was answered."""
    answered = [trial for trial in trials if trial.similarity >= threshold and trial.margin >= margin]
    right = sum(trial.right for trial in answered)
    wanted = sum(trial.wanted is not None for trial in trials)
    return {
        "threshold": threshold,
        "answered": len(answered),
        "right": right,
        "wrong": len(answered) - right,
        "precision": right / len(answered) if answered else None,
        "recall": right / wanted if wanted else None,
    }


def chat_lines(folder: Path, *, tuning: bool) -> list[str]:
    """Every different line of half of the dialogues: the first half for tuning, the second held out."""
    with (folder / CHAT_FILE).open(encoding="utf-8", newline="") as file:
        dialogues = [row[2] for row in csv.reader(file)][1:]
    half = len(dialogues) // 2
    dialogues = dialogues[:half] if tuning else dialogues[half:]
    lines = (line.partition(": ")[2].strip() for dialogue in dialogues for line in dialogue.splitlines())
    return list(dict.fromkeys(filter(None, lines)))


def time_ms(engine: MeaningEngine, runs: int = 60) -> float:
    """The median of one short question."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        engine.run([TIMED_QUESTION])
        times.append(time.perf_counter() - began)
    return 1000 * float(np.median(times))


def measure(sets: Mapping[str, Sentences], personas: Mapping[str, Persona], engine: MeaningEngine) -> dict[str, Any]:
    """All figures but those of the chat."""
    words: list[Trial] = []
    alone: list[Trial] = []
    for name, sentences in sets.items():
        desk = Desk(personas[name], engine)
        lines = [(m.say, m.gets) for m in sentences.match] + [(said, None) for said in sentences.none]
        words += [desk.with_words(said, wanted) for said, wanted in lines]
        alone += [desk.by_vectors(said, wanted) for said, wanted in lines]
    chosen = [t for t in words if t.similarity >= SIMILARITY and t.margin >= MARGIN]
    return {
        "positives": sum(t.wanted is not None for t in words),
        "negatives": sum(t.wanted is None for t in words),
        "question_ms": round(time_ms(engine), 2),
        **score(words, SIMILARITY),
        "by_vectors_alone": score(alone, SIMILARITY),
        "wrong_answers": [msgspec.to_builtins(t) for t in chosen if not t.right],
        "missed": [t.said for t in words if t.wanted is not None and t not in chosen],
        "curve": [score(words, threshold) for threshold in THRESHOLDS],
        "curve_by_vectors_alone": [score(alone, threshold, 0.0) for threshold in THRESHOLDS],
    }


def measure_chat(lines: Sequence[str], personas: Mapping[str, Persona], engine: MeaningEngine) -> dict[str, Any]:
    """What the lines of strangers got; whether it fits is for a reader to say."""
    answered: dict[str, list[dict[str, Any]]] = {}
    for name, persona in personas.items():
        desk = Desk(persona, engine)
        trials = [desk.with_words(said, None) for said in lines]
        hits = [t for t in trials if t.similarity >= SIMILARITY and t.margin >= MARGIN]
        hits.sort(key=lambda trial: trial.similarity)
        answered[name] = [{"said": t.said, "answer": t.answer, "similarity": round(t.similarity, 3)} for t in hits]
    return {"lines": len(lines), "answered": {name: len(hits) for name, hits in answered.items()}, "hits": answered}


def draw(figures: Mapping[str, Any], path: Path) -> None:
    """Writes a PNG: precision and recall over the threshold, twice."""
    picture = Picture(figsize=(12, 5), dpi=110, facecolor="white")
    titles = {"curve": "vectors and words", "curve_by_vectors_alone": "vectors alone"}
    panels = picture.subplots(1, 2, sharey=True)
    for panel, (key, title) in zip(panels, titles.items(), strict=True):
        for what, colour in (("precision", "#2563a8"), ("recall", "#b4501f")):
            points = [(p["threshold"], p[what]) for p in figures[key] if p[what] is not None]
            panel.plot(*zip(*points, strict=True), color=colour, linewidth=2, label=what)
        panel.axvline(SIMILARITY, color=QUIET, linewidth=1, linestyle=(0, (4, 2)))
        panel.set_title(title, loc="left", fontsize=12, color=INK)
        panel.set_xlabel("least cosine to a prepared question", color=QUIET)
        panel.set_ylim(0, 1.03)
        panel.grid(color=GRID, linewidth=0.8)
        panel.tick_params(colors=QUIET)
        panel.legend(loc="lower left", frameon=False)
        for side in panel.spines.values():
            side.set_visible(False)
    picture.suptitle(
        f"Prepared answers: {figures['right']} of {figures['positives']} found, {figures['wrong']} wrong among "
        f"{figures['positives'] + figures['negatives']} sentences, at {SIMILARITY} (dashed)",
        x=0.06, ha="left", fontsize=13, color=INK,
    )  # fmt: skip
    picture.subplots_adjust(left=0.06, right=0.98, top=0.84, bottom=0.12, wspace=0.08)
    picture.savefig(path)


def main() -> None:
    home = Path(os.environ.get("STAGEDOOR_HOME") or platformdirs.user_cache_path("stagedoor"))
    parser = argparse.ArgumentParser(description="precision and recall of prepared answers")
    parser.add_argument("--model", type=Path, default=home / "models" / "minilm")
    parser.add_argument("--tuning", action="store_true", help="the sentences that the rules were chosen with")
    parser.add_argument("--chat", type=Path, help=f"a folder with {CHAT_FILE}")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    args = parser.parse_args()
    source = ROOT / "bench" / ("meaning_tuning.toml" if args.tuning else "meaning_heldout.toml")
    sets = msgspec.toml.decode(source.read_bytes(), type=dict[str, Sentences])
    personas = {name: load_persona(ROOT / "personas" / f"{name}.toml") for name in sets}
    engine = MiniLm(args.model)
    figures = {"sentences": source.name, **measure(sets, personas, engine)}
    if args.chat:
        figures["chat"] = measure_chat(chat_lines(args.chat, tuning=args.tuning), personas, engine)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "meaning.json").write_text(json.dumps(figures, indent=1, ensure_ascii=False), encoding="utf-8")
    draw(figures, args.out / "meaning.png")
    print(json.dumps({k: v for k, v in figures.items() if not k.startswith("curve") and k != "chat"}, indent=1))
    if args.chat:
        print(figures["chat"]["answered"], "answered of", figures["chat"]["lines"], "lines of chat")


if __name__ == "__main__":
    main()
