"""A stream of text pieces into clauses that can be spoken one by one. Pure.

The first clause is cut early, so that the voice can begin; later ones at sentence ends, so that they sound whole.
What comes next: the synthesiser speaks each clause (tts.py).
"""

import re

FIRST_CLAUSE_MIN_CHARS = 2  # "No," may go out at once: the rest is ready before it has been said
CLAUSE_MIN_CHARS = 60  # later commas only cut what is long enough to breathe
CLAUSE_MAX_CHARS = 220  # a model that never ends its sentence is cut at a space

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|\n+")
_CLAUSE_END = re.compile(r"[,;:—–]+[\"'”’)\]]*(?=\s)")
_ABBREVIATION = re.compile(r"(?:\b(?:mr|mrs|ms|dr|st|vs|etc|e\.g|i\.e|no|jr|sr|prof)|\b[A-Z])\.$", re.IGNORECASE)


def split_clauses(text: str) -> list[str]:
    """The clauses of a text that is known as a whole."""
    splitter = ClauseSplitter()
    return [*splitter.feed(text + " "), *splitter.finish()]


class ClauseSplitter:
    """Collects pieces; gives out clauses as soon as they are whole. Nothing is lost: the clauses joined by
    spaces are the text with its white space collapsed.
    """

    def __init__(self) -> None:
        self._pending = ""
        self._first = True

    def feed(self, piece: str) -> list[str]:
        """The clauses that this piece completed."""
        self._pending += piece
        clauses = []
        while (cut := self._cut()) is not None:
            clause = " ".join(self._pending[:cut].split())
            self._pending = self._pending[cut:]
            if clause:
                self._first = False
                clauses.append(clause)
        return clauses

    def finish(self) -> list[str]:
        """What is left when the stream has ended."""
        rest, self._pending = " ".join(self._pending.split()), ""
        return [rest] if rest else []

    def _cut(self) -> int | None:
        """Where the first clause ends, if that is known yet. The earliest end counts, so pieces do not matter."""
        text = self._pending
        shortest = FIRST_CLAUSE_MIN_CHARS if self._first else CLAUSE_MIN_CHARS
        ends = [match.end() for match in _SENTENCE_END.finditer(text) if not _is_abbreviation(text[: match.end()])]
        ends += [match.end() for match in _CLAUSE_END.finditer(text) if match.start() >= shortest]
        cut = min(ends, default=None)
        if len(text) <= CLAUSE_MAX_CHARS or (cut is not None and cut <= CLAUSE_MAX_CHARS):
            return cut
        space = text.rfind(" ", 1, CLAUSE_MAX_CHARS)
        return space if space > 0 else CLAUSE_MAX_CHARS


def _is_abbreviation(text: str) -> bool:
    return _ABBREVIATION.search(text.rstrip("\"'”’)]")) is not None
