"""What a loaded server leaves out, and in which order. Pure: time is an argument.

The recogniser is asked by everybody and answers what every reply waits for, so its delay is the measure. First no
reply is begun before the final words, then there are no partials, then no turn model; words, replies, disclosure and
limits are never left out. What comes next: each session's turn machine is told the effort.
"""

from typing import Final

from speech.turn_state import Effort
from speech.turns import TurnMachine

#: Seconds from the pause to its words, smoothed, from which each step is taken. Alone on two cores it is 0.1-0.25 s.
STEPS_S: Final = {Effort.NO_EARLY_GUESSES: 0.4, Effort.NO_PARTIALS: 0.6, Effort.NO_TURN_MODEL: 0.9}
BACK_SHARE: Final = 0.7  # a step is taken back when the delay is under this share of it: no flicker
SMOOTHING: Final = 0.3  # of the newest delay
BUSY: Final = "The server is slower than usual right now; captions and answers may come a little later."
EASED: Final = "The server is as quick as usual again."
FORGET_S: Final = 20.0  # with no answer for so long nobody waits, and the effort is full again


class Load:
    """One for the server: how long its fans wait for their words."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self._effort = Effort.FULL
        self._heard_at = float("-inf")

    def heard(self, delay_s: float, now: float) -> None:
        """Final words came `delay_s` after they were asked for."""
        fresh = now - self._heard_at > FORGET_S
        self.delay_s = delay_s if fresh else self.delay_s + SMOOTHING * (delay_s - self.delay_s)
        self._heard_at = now
        wanted = max((step for step, at_s in STEPS_S.items() if self.delay_s >= at_s), default=Effort.FULL)
        self._effort = max(self._effort, wanted)
        while self._effort > wanted and self.delay_s < BACK_SHARE * STEPS_S[self._effort]:
            self._effort = Effort(self._effort - 1)

    def effort(self, now: float) -> Effort:
        """What sessions still do."""
        if now - self._heard_at > FORGET_S:
            self._effort = Effort.FULL
        return self._effort

    def bear(self, machine: TurnMachine, now: float) -> str | None:
        """Has one session do as much as the server can for everybody. Returns what its fan is told, if that changed."""
        effort = self.effort(now)
        if effort is machine.effort:
            return None
        eased = effort < machine.effort
        machine.effort = effort
        return EASED if eased else BUSY
