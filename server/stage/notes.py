"""What a host reads of one visit: both sides' words, topics that were touched, how long answers take.

A tap of the session. What it hears goes to the event's hosts, and to nothing that outlives the visit. What comes next:
wings.py passes the messages on.
"""

from collections.abc import Callable

from avatar.emotion import CATEGORIES
from protocol.event_messages import HostMood, HostTopic, Speaker
from protocol.messages import Consents, ReplyCancelled, ReplyChunk, ServerMessage, TurnReport
from protocol.timeline import EmotionCategory
from server.session import Session
from server.stage.script import Script
from server.steering import Voice
from server.taps import Tap

CUT_OFF = " —"


class Notes(Tap):
    """One visit's. `tell` gets messages for the hosts, `changed` is called when the visit itself changed."""

    def __init__(
        self,
        visit_id: str,
        session: Session,
        tell: Callable[[ServerMessage], None],
        measured: Callable[[float], None],
        changed: Callable[[], None],
        now_ms: Callable[[], float],
    ) -> None:
        """`measured` gets the voice-to-voice time of each answer, in milliseconds; `now_ms`: the clock of `pong`."""
        self.script = Script(visit_id)
        self._visit_id = visit_id
        self._session = session
        self._tell = tell
        self._measured = measured
        self._changed = changed
        self._now_ms = now_ms
        self._words: list[str] = []  # of the reply that is being said
        self._proposed: set[str] = set()
        self._mood: HostMood | None = None

    def fan_said(self, text: str, final: bool, at_ms: float) -> None:
        """See Tap."""
        self._say("fan", text, final=final)
        topic = self._session.steering.touched(text) if final else None
        if topic and topic not in self._proposed and not self._session.steering.topics[topic]:
            self._proposed.add(topic)
            self._tell(HostTopic(self._visit_id, topic, "proposed"))

    def avatar_sent(self, chunk: ReplyChunk, at_ms: float) -> None:
        """See Tap."""
        if chunk.seq == 0:
            self._words = []
        self._words += [word.text for word in chunk.words]
        if self._words and (chunk.words or chunk.last):
            self._say("avatar", " ".join(self._words), final=chunk.last)
        if chunk.last:
            self._words = []  # told to their end: a cut while they are still heard adds nothing

    def avatar_cut(self, cut: ReplyCancelled, at_ms: float) -> None:
        """See Tap."""
        if self._words:
            self._say("avatar", " ".join(self._words) + CUT_OFF, final=True)
        self._words = []

    def host_said(self, text: str, at_ms: float) -> None:
        """See Tap."""
        self._say("host", text, final=True)

    def _say(self, who: Speaker, text: str, *, final: bool) -> None:
        self._tell(self.script.say(who, text, self._now_ms(), final=final))

    def led(self, voice: Voice, at_ms: float) -> None:
        """See Tap."""
        self._changed()

    def report(self, report: TurnReport) -> None:
        """See Tap."""
        if report.turn_id:
            self._measured(report.voice_to_voice_ms)

    def consented(self, consents: Consents, at_ms: float) -> None:
        """See Tap."""
        self._changed()

    def look_at_mood(self) -> None:
        """Tells how the fan may feel, if they allow it and it changed."""
        affect = self._session.sensing.affect
        if affect is None or not affect.confidence:
            return
        mood = HostMood(
            self._visit_id,
            _nearest(affect.valence, affect.arousal),
            round(affect.valence, 2),
            round(affect.arousal, 2),
            round(affect.confidence, 1),
            affect.reason,
        )
        if mood != self._mood:
            self._mood = mood
            self._tell(mood)


def _nearest(valence: float, arousal: float) -> EmotionCategory:
    def far(category: EmotionCategory) -> float:
        at_valence, at_arousal = CATEGORIES[category]
        return (at_valence - valence) ** 2 + (at_arousal - arousal) ** 2

    return min(CATEGORIES, key=far)
