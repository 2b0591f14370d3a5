"""How busy the server under test is. A slow answer breaks no rule, so all waits grow with the slowest one seen. Pure.

What comes next: line.py tells it how long answers took, and waits as long as it says.
"""

from typing import Final

USUAL_ANSWER_S: Final = 2.0  # to something typed, by small models on a machine that does nothing else
LONGEST: Final = 10.0  # times as long as usual; who is slower than that cannot be talked with


class Pace:
    """One for a server, shared by all connections to it."""

    def __init__(self) -> None:
        self._slowest_s = 0.0

    def saw(self, answer_s: float) -> None:
        """An answer began so long after the question."""
        self._slowest_s = max(self._slowest_s, answer_s)

    def patient(self, wait_s: float) -> float:
        """How long to wait for what an idle server does within `wait_s`."""
        return wait_s * min(LONGEST, max(1.0, self._slowest_s / USUAL_ANSWER_S))
