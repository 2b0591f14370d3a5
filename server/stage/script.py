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
        self._open: dict[Speaker, int] = {}  # the line that they are saying
        self._next = 1

    def say(self, who: Speaker, text: str, *, final: bool) -> HostTranscript:
        """They say this now, in place of what they were saying. Without text it was nothing: no line stays of it."""
        line = self._open.pop(who, 0)
        if not line:
            line, self._next = self._next, self._next + 1
        if text:
            self._lines[line] = SaidLine(line, who, text, final)
            if not final:
                self._open[who] = line
            if len(self._lines) > KEPT:
                del self._lines[min(self._lines)]
        else:
            self._lines.pop(line, None)
        return HostTranscript(self._visit_id, who, text, final, line)

    def so_far(self) -> HostLines:
        """The newest lines, in order."""
        return HostLines(self._visit_id, tuple(self._lines[line] for line in sorted(self._lines)))
