"""What is known beforehand is said beforehand: greetings, disclosures, and the answers that the creator wrote.

`PreparedSpeech` is a lane around the synthesiser's lane: what is said with PREPARED_SEED is kept, so the second time
it costs nothing. `PreparedReplies` finds the creator's answer to a fan's question by its meaning. `rehearse` fills
both when the server starts. What comes next: reply.py asks before it asks the language model.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from math import inf

import numpy as np
import structlog
from numpy.typing import NDArray

from avatar.affect import beginnings
from avatar.emotion import split_marks
from avatar.meaning import PreparedAnswers, asked_texts
from avatar.persona import Persona
from protocol.errors import ServerError
from server.batching import Priority
from server.lanes import Lane
from speech.consent import VoiceConsentError, VoiceConsents
from speech.sentences import split_clauses
from speech.tts import SpeechJob, SpokenChunk

log = structlog.get_logger()

PREPARED_SEED = 0  # replies of the language model use their own number, which begins at 1
LEARN_AT_ONCE = 16
MAX_KEPT = 512  # clauses of about 200 kB; the one that was said longest ago goes first


class PreparedSpeech:
    """A lane that remembers what it said with PREPARED_SEED. Belongs to one event loop.

    A cloned voice is asked for its owner's consent before anything is said with it, remembered or not.
    """

    def __init__(self, tts: Lane[SpeechJob, SpokenChunk], consents: VoiceConsents | None = None) -> None:
        self._tts = tts
        self._consents = consents or VoiceConsents()
        self._kept: OrderedDict[SpeechJob, SpokenChunk] = OrderedDict()

    async def ask(
        self, job: SpeechJob, priority: Priority = Priority.COMMITTED, session: str = "", wanted_at: float = inf
    ) -> SpokenChunk:
        """See Lane. Raises VoiceConsentError too."""
        try:
            self._consents.check(job.voice)
        except VoiceConsentError:
            for kept in [kept for kept in self._kept if kept.voice == job.voice]:
                del self._kept[kept]
            raise
        if job.seed != PREPARED_SEED:
            return await self._tts.ask(job, priority, session, wanted_at)
        if job in self._kept:
            self._kept.move_to_end(job)
            return self._kept[job]
        job = replace(job, emit=None)  # kept whole
        spoken = await self._tts.ask(job, priority, session, wanted_at)
        self._kept[job] = spoken
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return spoken

    def forget(self, jobs: Iterable[SpeechJob]) -> None:
        """These will not be said again."""
        for job in jobs:
            self._kept.pop(job, None)

    def close(self) -> None:
        """See Lane."""
        self._kept.clear()
        self._tts.close()


class PreparedReplies:
    """The creators' answers, by persona. Belongs to one event loop; empty until `learn`."""

    def __init__(self, meaning: Lane[str, NDArray[np.float32]]) -> None:
        self._meaning = meaning
        self._answers: dict[str, PreparedAnswers] = {}

    async def learn(self, persona: Persona) -> None:
        """Reads the persona's prepared questions. Raises EngineError or OverloadedError."""
        vectors: list[NDArray[np.float32]] = []
        texts = asked_texts(persona)
        for begin in range(0, len(texts), LEARN_AT_ONCE):  # together, so that the lane batches; not all, it is bounded
            asks = (self._meaning.ask(text, Priority.PARTIAL) for text in texts[begin : begin + LEARN_AT_ONCE])
            vectors += await asyncio.gather(*asks)
        self._answers[persona.id] = PreparedAnswers(persona, vectors)

    async def find(self, persona: Persona, said: str, priority: Priority) -> str | None:
        """The answer that the creator wrote for these words. None: there is none, or the model of meaning failed."""
        answers = self._answers.get(persona.id)
        question = answers.question(said) if answers else None
        if answers is None or question is None:
            return None
        try:
            vector = await self._meaning.ask(question.text, priority)
        except ServerError as error:
            log.warning("meaning_failed", persona=persona.id, code=error.code, error=str(error))
            return None
        match = answers.best(question, vector)
        return match.answer if match else None


def opening_line(persona: Persona) -> str:
    """What the persona says first: that it is an AI, then hello."""
    return f"{persona.disclosure} {persona.greeting}"


def lines_for_fan(persona: Persona) -> list[str]:
    """What a persona with a fan's name in its words (events/words.py) says to them alone."""
    return [opening_line(persona), persona.last_minute, persona.goodbye]


def named_jobs(persona: Persona, plain: Persona) -> set[SpeechJob]:
    """The clauses of `lines_for_fan` that the persona has for this fan, and for nobody else."""
    named, everybodys = (
        {job for line in lines_for_fan(each) for job in speech_jobs(each, line)} for each in (persona, plain)
    )
    return named - everybodys


def fixed_lines(persona: Persona) -> list[str]:
    """Every line that the persona says word for word."""
    answers = [prepared.answer for fact in persona.facts for prepared in fact.prepared]
    refusals = [boundary.line for boundary in persona.not_discussed]
    return [
        opening_line(persona),
        persona.disclosure,
        persona.wait,
        persona.last_minute,
        persona.goodbye,
        *refusals,
        *persona.not_known,
        *answers,
    ]


def speech_jobs(persona: Persona, line: str) -> list[SpeechJob]:
    """A line as the clauses that a reply would ask for."""
    said = [split_marks(clause)[0] for clause in split_clauses(line)]
    return [
        SpeechJob(text, persona.speaker, persona.speed, PREPARED_SEED, persona.language)
        for text in said
        if text.strip()
    ]


def opening_jobs(persona: Persona) -> list[SpeechJob]:
    """Every opening, each in one piece."""
    lines = (line for lines in (*persona.openings.values(), beginnings()) for line in lines)
    return [_fixed(persona, line) for line in lines]


def _fixed(persona: Persona, text: str) -> SpeechJob:
    return SpeechJob(text, persona.speaker, persona.speed, PREPARED_SEED, persona.language)


async def rehearse(tts: Lane[SpeechJob, SpokenChunk], replies: PreparedReplies, personas: Iterable[Persona]) -> None:
    """Learns every prepared question and says every fixed line once, behind all other work.

    What fails is logged and left out: the language model answers then, and the line is said when it is needed.
    """
    for persona in personas:
        try:
            await replies.learn(persona)
        except ServerError as error:
            log.warning("learning_failed", persona=persona.id, code=error.code, error=str(error))
        await say_once(tts, persona, fixed_lines(persona))
        await _ask_all(tts, persona, opening_jobs(persona))


async def say_once(tts: Lane[SpeechJob, SpokenChunk], persona: Persona, lines: Iterable[str]) -> None:
    """Says these lines to nobody, behind all other work, so that their voice lies ready. What fails is left out."""
    await _ask_all(tts, persona, (job for line in lines for job in speech_jobs(persona, line)))


async def _ask_all(tts: Lane[SpeechJob, SpokenChunk], persona: Persona, jobs: Iterable[SpeechJob]) -> None:
    for job in jobs:
        try:
            await tts.ask(job, Priority.PARTIAL)
        except ServerError as error:
            log.warning("rehearsal_failed", persona=persona.id, code=error.code, error=str(error))
