"""Lines that are known beforehand, spoken beforehand: greetings, disclosures, answers that the creator wrote.

`PreparedSpeech` is a lane around the synthesiser's lane. What is said with PREPARED_SEED is kept, so the second time
it costs nothing. What comes next: room.py rehearses every persona's lines when the server starts.
"""

from collections import OrderedDict
from collections.abc import Iterable

import structlog

from avatar.emotion import split_marks
from avatar.persona import Persona
from protocol.errors import ServerError
from server.batching import Priority
from server.lanes import Lane
from speech.sentences import split_clauses
from speech.tts import SpeechJob, SpokenChunk

log = structlog.get_logger()

PREPARED_SEED = 0  # replies of the language model use their own number, which begins at 1
MAX_KEPT = 512  # clauses of about 200 kB; the one that was said longest ago goes first


class PreparedSpeech:
    """A lane that remembers what it said with PREPARED_SEED. Belongs to one event loop."""

    def __init__(self, tts: Lane[SpeechJob, SpokenChunk]) -> None:
        self._tts = tts
        self._kept: OrderedDict[SpeechJob, SpokenChunk] = OrderedDict()

    async def ask(self, job: SpeechJob, priority: Priority = Priority.COMMITTED) -> SpokenChunk:
        """See Lane."""
        if job.seed != PREPARED_SEED:
            return await self._tts.ask(job, priority)
        if job in self._kept:
            self._kept.move_to_end(job)
            return self._kept[job]
        spoken = await self._tts.ask(job, priority)
        self._kept[job] = spoken
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return spoken

    def close(self) -> None:
        """See Lane."""
        self._kept.clear()
        self._tts.close()


def fixed_lines(persona: Persona) -> list[str]:
    """Every line that the persona says word for word."""
    answers = [prepared.answer for fact in persona.facts for prepared in fact.prepared]
    refusals = [boundary.line for boundary in persona.not_discussed]
    return [persona.disclosure, persona.greeting, persona.wait, persona.goodbye, *refusals, *answers]


def speech_jobs(persona: Persona, line: str) -> list[SpeechJob]:
    """A line as the clauses that a reply would ask for."""
    said = [split_marks(clause)[0] for clause in split_clauses(line)]
    return [SpeechJob(text, persona.voice, persona.speed, PREPARED_SEED) for text in said if text.strip()]


async def rehearse(tts: Lane[SpeechJob, SpokenChunk], personas: Iterable[Persona]) -> None:
    """Says every fixed line once, behind all other work. A line that cannot be said is logged and left out."""
    for persona in personas:
        for line in fixed_lines(persona):
            for job in speech_jobs(persona, line):
                try:
                    await tts.ask(job, Priority.PARTIAL)
                except ServerError as error:
                    log.warning("rehearsal_failed", persona=persona.id, code=error.code, error=str(error))
