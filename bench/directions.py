"""How well a host's whispered directions work: heeded, and never read aloud. `python -m bench.directions --model FILE`

Each direction goes with each question, as the product asks: the hint behind the fan's words, the filter behind the
model. Minutes on a busy machine. Writes out/bench/directions.json: shares of the answers, and how many were recited
before the filter.
"""

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from avatar.dialogue import Dialogue
from avatar.direction import Wishes
from avatar.engines.llamacpp import LlamaCppEngine
from avatar.llm import LlmEngine
from avatar.persona import Persona, load_persona
from speech.sentences import split_clauses

ROOT: Final = Path(__file__).resolve().parents[1]
MAX_TOKENS: Final = 60
#: A direction, and what an answer that heeds it holds.
DIRECTIONS: Final = {
    "mention the tour": r"\b(tour|shows?|concerts?|on the road)\b",
    "wish them a happy birthday": r"\bbirthday\b",
    "ask them where they are from": r"\b(where|from)\b.*\?",
    "tell them to bring a friend to the show": r"\bfriend",
    "thank them for waiting in line": r"\b(thank|thanks|waiting|patience)\b",
}
QUESTIONS: Final = (
    "What is your cat called?",
    "I love your last song so much.",
    "I came all the way from Porto for this.",
    "Do you like the rain?",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Asks everything, prints every answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("out/bench/directions.json"))
    options = parser.parse_args(argv)
    engine = LlamaCppEngine(options.model, threads=1, context_tokens=2048)
    try:
        score = measure(engine, load_persona(ROOT / "personas" / "nova.toml"))
    finally:
        engine.close()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({"model": options.model.parent.name, **score}, indent=1) + "\n")
    print(json.dumps(score, indent=1))
    return 0


def measure(engine: LlmEngine, persona: Persona) -> dict[str, float]:
    """Shares of all answers."""
    heeded = recited = spoken = asked = 0
    for direction, pattern in DIRECTIONS.items():
        wishes = Wishes(directions=(direction,))
        for question in QUESTIONS:
            said = answer(engine, persona, question, wishes)
            kept = " ".join(clause for clause in split_clauses(said) if not wishes.recited(clause))
            asked += 1
            recited += wishes.recited(said)
            spoken += wishes.recited(kept)
            heeded += re.search(pattern, kept, re.IGNORECASE) is not None
            print(f"[{direction}] {question}\n    {said!r}" + (f"\n    kept {kept!r}" if kept != said else ""))
    return {
        "direction_answers": asked,
        "direction_heeded_share": round(heeded / asked, 3),
        "direction_recited_by_model_share": round(recited / asked, 3),
        "direction_read_aloud_share": round(spoken / asked, 3),
    }


def answer(engine: LlmEngine, persona: Persona, question: str, wishes: Wishes) -> str:
    """What the model says, unfiltered."""
    pieces: list[str] = []

    def emit(piece: str) -> bool:
        pieces.append(piece)
        return True

    prompt = Dialogue(persona, "Ana").prompt(question, hint=wishes.hint(), max_tokens=MAX_TOKENS, seed=1)
    engine.stream(prompt, emit)
    return "".join(pieces).strip()


if __name__ == "__main__":
    raise SystemExit(main())
