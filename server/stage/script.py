"""What is said in a visit, line by line: a partial is replaced under its number, and a host who comes in late is told
the newest lines. Kept while the visit lasts, in the memory only. Pure. What comes next: notes.py writes it.
"""

from typing import Final

from protocol.event_messages import HostLines, HostTranscript, SaidLine, Speaker

KEPT: Final = 100  # lines: some ten minutes


class Script:
    """One visit's."""

    def __init__(self, visit_id: str) -> None:
        self._visit_id = visit_id
        self._lines: dict[int, SaidLine] = {}
        self._open: dict[Speaker, SaidLine] = {}  # what they are saying
        self._next = 1

    def say(self, who: Speaker, text: str, now_ms: float, *, final: bool) -> HostTranscript:
        """They say this now, in place of what they were saying. Without text it was nothing: no line stays of it."""
        begun = self._open.pop(who, None)
        if begun is None:
            begun = SaidLine(self._next, who, text, final, now_ms)
            self._next += 1
        said = SaidLine(begun.line, who, text, final, begun.at_ms)
        if text:
            self._lines[said.line] = said
            if not final:
                self._open[who] = said
            if len(self._lines) > KEPT:
                del self._lines[min(self._lines)]
        else:
            self._lines.pop(said.line, None)
        return HostTranscript(self._visit_id, who, text, final, said.line, said.at_ms)

    def so_far(self) -> HostLines:
        """The newest lines, in order."""
        return HostLines(self._visit_id, tuple(self._lines[line] for line in sorted(self._lines)))
