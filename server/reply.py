"""One reply, from the fan's words to chunks of voice and face.

words -> (disclosure | declined topic | creator's answer | "I was not told" | opening + language model) -> clauses ->
tts lane -> face -> chunks. A reply may be a guess that is never heard, so nothing here touches what sessions share: the
chunks go to the outbox, which holds them until the commit. What comes next: session.py commits or cancels it, outbox.py
sends it.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from typing import Literal

import msgspec
import numpy as np
import structlog

from avatar.affect import Mood, beginning, in_tone
from avatar.body_language import spoken_gestures
from avatar.direction import INSTEAD, Wishes
from avatar.disclosure import asks_if_real, claims_to_be_human, declines, touched
from avatar.emotion import Emotion, GestureMark, feel, split_marks
from avatar.face import Face, FaceSlice, calm_cuts
from avatar.gestures import at_words
from avatar.llm import Prompt
from avatar.not_known import NotKnown
from avatar.openings import CHEERFUL, Act, Openings
from avatar.persona import Boundary, Persona
from protocol.errors import ServerError, StagedoorError
from protocol.messages import ReplyChunk
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, Gesture, GestureCue, WordSpan
from server.batching import Priority
from server.lanes import Lanes, pieces_of
from server.lateness import or_late
from server.prepared import PREPARED_SEED, PreparedReplies
from speech.sentences import ClauseSplitter, split_clauses
from speech.tts import SpeechJob, SpokenChunk
from speech.turn_patience import LATE_S

log = structlog.get_logger()

CHUNK_FRAMES = 12  # at most 200 ms: small enough to cancel, large enough not to chatter

ReplyKind = Literal["llm", "prepared", "disclosure", "opening"]


@dataclass(slots=True)
class Reply:
    """A reply that is being made. Instants are seconds on the session's clock."""

    id: int
    turn_id: int
    text: str
    line: str | None
    prompt: Prompt  # made when the reply was begun: the history goes on without it
    face: Face
    begun_at: float
    mood: Mood = "unclear"  # the fan's, as far as they let us guess
    wishes: Wishes = field(default_factory=Wishes)  # the host's
    address: str = ""  # a name to begin with, where there are several fans
    kind: ReplyKind = "llm"
    guess: bool = False  # work on it began before its commit
    committed: bool = False
    words: list[WordSpan] = field(default_factory=list)  # spoken so far, for the history
    total_samples: int = 0
    gestures: tuple[Gesture, ...] = ()  # of marks with no word behind them so far
    first_piece_at: float | None = None  # the language model's first words
    first_clause_at: float | None = None
    first_voice_at: float | None = None  # the first clause was synthesised
    committed_at: float | None = None
    answer: str | None = None  # the creator's, found for these words
    recollection: str = ""  # of an earlier visit, for a fan who asks
    not_known: bool = False  # the fan asked for a fact that nobody wrote down
    opening: Act | None = None  # what the fan did, when the reply begins with a line for it
    opening_samples: int = 0
    waited: bool = False  # the fan was asked for a second
    compute_s: float = 0.0  # that models worked on it ...
    asked_at: float | None = None  # ... before they were asked for what they work on now
    error: StagedoorError | None = None

    def spent_s(self, now: float) -> float:
        """Seconds that models worked on it, up to now."""
        return self.compute_s + (0.0 if self.asked_at is None else now - self.asked_at)

    def ask(self, now: float) -> None:
        """A model is asked."""
        self.asked_at = now

    def got(self, now: float) -> None:
        """The model answered."""
        self.compute_s, self.asked_at = self.spent_s(now), None


@dataclass(slots=True)
class _Clause:
    """One clause, spoken and given a face."""

    spoken: SpokenChunk
    face: FaceSlice
    words: tuple[WordSpan, ...]
    emotion: Emotion
    gestures: tuple[GestureCue, ...]
    start_samples: int


@dataclass(frozen=True, slots=True)
class _Said:
    """Words for one clause. `fixed` ones are the same each time, and their voice lies ready."""

    text: str
    fixed: bool = False


class ReplyMaker:
    """Makes the replies of one session."""

    def __init__(self, lanes: Lanes, prepared: PreparedReplies, persona: Persona, clock: Callable[[], float]) -> None:
        self._lanes = lanes
        self._answers = prepared
        self._given: set[str] = set()  # answers that the fan has heard the beginning of
        self._openings = Openings(persona)
        self._not_known = NotKnown(persona)
        self._persona = persona
        self._wait = split_clauses(persona.wait)
        self._clock = clock

    def bound(self, not_discussed: tuple[Boundary, ...]) -> None:
        """From now on these are the topics that the persona does not discuss."""
        self._persona = msgspec.structs.replace(self._persona, not_discussed=not_discussed)

    def heard(self, reply: Reply) -> None:
        """The fan hears the beginning of this reply: the next one begins otherwise."""
        if reply.answer:
            self._given.add(reply.answer)
        if reply.opening:
            self._openings.heard(reply.opening)
        if reply.not_known:
            self._not_known.heard()

    async def make(self, reply: Reply, put: Callable[[ReplyChunk], None]) -> None:
        """Makes the whole reply; `put` gets every chunk as soon as it exists, the last one marked.

        Raises EngineError or OverloadedError; what was put before stays good.
        """
        reply.face.begin_reply()
        seq = 0
        coming = or_late(self._spoken(reply), partial(_late_at, reply, self._clock), self._clock)
        async with aclosing(coming) as clauses:
            async for clause in clauses:
                for made in (clause,) if clause else await self._second(reply):
                    for chunk in cut(reply.id, seq, made):
                        put(chunk)
                        seq += 1
        for name in reply.gestures:
            reply.face.gesture(name)
        cues = tuple(GestureCue(reply.total_samples, name) for name in reply.gestures)
        put(ReplyChunk(reply.id, seq, reply.total_samples, b"", b"", gestures=cues, last=True))

    # --- words ---

    async def _clauses(self, reply: Reply) -> AsyncGenerator[_Said, None]:
        """The reply's words, clause by clause. What must be true is decided here, outside the language model."""
        prepared = await self._prepared(reply)
        opening = self._opening(reply) if prepared is None else None
        if reply.address and reply.line is None:
            yield self._call(reply, goes_on=prepared is None and opening is None)
        if prepared is not None:
            for line in split_clauses(prepared):
                yield _Said(line, fixed=True)
            return
        if opening:
            yield self._open(reply, *opening)
        said = dropped = 0
        async with aclosing(self._answered(reply)) as clauses:
            async for clause in clauses:
                if instead := self._stopped_by(reply, clause.text):
                    yield _Said(instead, fixed=True)
                    return
                if reply.wishes.recited(clause.text):
                    dropped += 1
                    continue
                said += 1
                yield clause
        if dropped and not said:
            yield _Said(INSTEAD, fixed=True)

    def _stopped_by(self, reply: Reply, clause: str) -> str | None:
        """What is said in place of this clause and all that would follow. None: it may be spoken."""
        if claims_to_be_human(clause, self._persona.name):
            reply.kind = "disclosure"
            return self._persona.disclosure
        vetoed = (b for b in self._persona.not_discussed if b.topic in reply.wishes.vetoed)
        off = touched(vetoed, clause)
        return off.line if off else None

    def _call(self, reply: Reply, *, goes_on: bool) -> _Said:
        """The name of whom the answer is for. `goes_on`: in the middle of a sentence."""
        called = f"{reply.address}{',' if goes_on else '.'}"
        reply.prompt = replace(reply.prompt, begun=called if self._lanes.llm.goes_on else "")
        return _Said(called, fixed=True)

    def _opening(self, reply: Reply) -> tuple[Act | None, str] | None:
        """How the answer begins, if that is clear before the language model has thought, and what the fan did."""
        if not self._lanes.llm.goes_on:
            return None
        chosen = self._openings.choose(reply.text)
        if chosen and not (chosen[0] in CHEERFUL and reply.mood in ("sad", "upset")):
            return chosen
        begun = beginning(reply.mood)
        return (None, begun) if begun else None

    def _open(self, reply: Reply, act: Act | None, begun: str) -> _Said:
        reply.kind, reply.opening = "opening", act
        reply.prompt = replace(reply.prompt, begun=f"{reply.prompt.begun} {begun}".strip())
        return _Said(begun, fixed=True)

    async def _answered(self, reply: Reply) -> AsyncGenerator[_Said, None]:
        """The language model's clauses. When it fails the fan is asked for a second, and it is asked once more."""
        try:
            async with aclosing(self._thought(reply)) as pieces:
                async for clause in _split(pieces):
                    yield _Said(clause)
        except ServerError as error:
            log.warning("asking_again", reply=reply.id, code=error.code, error=str(error))
        else:
            return
        if not reply.waited:
            for line in self._wait:
                yield _Said(line, fixed=True)
        reply.waited = True
        async with aclosing(self._thought(reply)) as pieces:
            async for clause in _split(pieces):
                yield _Said(clause)

    async def _prepared(self, reply: Reply) -> str | None:
        if reply.line is None and asks_if_real(reply.text, self._persona.name):
            reply.kind = "disclosure"
            return self._persona.disclosure
        line = reply.line or declines(self._persona, reply.text) or reply.recollection or None
        if line is None and not reply.wishes.directions:  # an answer that was written before heeds no direction
            line = await self._new_answer(reply) or self._admission(reply)
        if line is not None:
            reply.kind = "prepared"
        return line

    def _admission(self, reply: Reply) -> str | None:
        """That the persona was not told what the fan asks; a model would make it up."""
        line = self._not_known.line(reply.text)
        reply.not_known = line is not None
        return line

    async def _new_answer(self, reply: Reply) -> str | None:
        """The creator's answer, once in a conversation: whoever asks again wants to hear something else."""
        answer = await self._answers.find(self._persona, reply.text, _priority(reply))
        if answer in self._given:
            return None
        reply.answer = answer
        return answer

    async def _thought(self, reply: Reply) -> AsyncGenerator[str, None]:
        async with aclosing(self._lanes.llm.stream(reply.prompt, _priority(reply))) as pieces:
            reply.ask(self._clock())
            async for piece in pieces:
                reply.got(self._clock())
                if reply.first_piece_at is None:
                    reply.first_piece_at = self._clock()
                yield piece
                reply.ask(self._clock())
        reply.asked_at = None

    # --- voice and face ---

    async def _spoken(self, reply: Reply) -> AsyncGenerator[_Clause, None]:
        """The reply's clauses with voice and face; a clause comes in pieces from an engine that streams."""
        made: tuple[GestureMark, ...] = ()
        async with aclosing(self._clauses(reply)) as clauses:
            async for words in clauses:
                said, marked, marks = split_marks(words.text)
                if not said.strip():
                    known = [mark.name for mark in made]
                    reply.gestures += tuple(mark.name for mark in marks if mark.name not in known)
                    continue
                if reply.first_clause_at is None:
                    reply.first_clause_at = self._clock()
                emotion = marked or in_tone(feel(said), reply.mood)
                marks = (*(GestureMark(name, 0) for name in reply.gestures), *marks) or spoken_gestures(said)
                made, reply.gestures = marks, ()
                left = len(said.split())
                async with aclosing(self._voice(reply, self._job(reply, said, fixed=words.fixed))) as pieces:
                    async for piece in pieces:
                        left -= len(piece.words)
                        rest = left <= 0 or not piece.words  # of what is left nothing is known but that it is said
                        now = tuple(mark for mark in marks if rest or mark.word < len(piece.words))
                        marks = tuple(
                            mark._replace(word=mark.word - len(piece.words)) for mark in marks if mark not in now
                        )
                        yield self._composed(reply, piece, emotion, now)

    def _job(self, reply: Reply, said: str, *, fixed: bool) -> SpeechJob:
        seed = PREPARED_SEED if fixed else reply.id
        return SpeechJob(said, self._persona.speaker, self._persona.speed, seed, self._persona.language)

    async def _voice(self, reply: Reply, job: SpeechJob) -> AsyncGenerator[SpokenChunk, None]:
        """The sound of a clause, as it is made."""
        reply.ask(self._clock())
        asked = _priority(reply), reply.prompt.cache_key, _wanted_at(reply)
        async with aclosing(pieces_of(lambda emit: self._lanes.tts.ask(replace(job, emit=emit), *asked))) as pieces:
            async for piece in pieces:
                reply.got(self._clock())
                if len(piece.pcm):
                    yield piece
                reply.ask(self._clock())
        reply.asked_at = None

    def _composed(
        self, reply: Reply, spoken: SpokenChunk, emotion: Emotion, marks: tuple[GestureMark, ...] = ()
    ) -> _Clause:
        """Behind what was said so far. Nothing is awaited here: what is composed first is heard first."""
        if reply.first_voice_at is None:
            reply.first_voice_at = self._clock()
        start = reply.total_samples
        cues = at_words(marks, spoken.words)
        face = reply.face.clause(spoken.phonemes, spoken.pcm, start, emotion, cues)
        spans = tuple(WordSpan(w.text, w.start_samples + start, w.end_samples + start) for w in spoken.words)
        reply.words.extend(spans)
        reply.total_samples += len(spoken.pcm)
        if reply.kind == "opening" and not reply.opening_samples:
            reply.opening_samples = reply.total_samples
        cues = tuple(GestureCue(cue.start_samples + start, cue.name) for cue in cues)
        return _Clause(spoken, face, spans, emotion, cues, start)

    async def _second(self, reply: Reply) -> list[_Clause]:
        """The fan is asked for a second; unless what was late came while that was being said."""
        said_before, reply.waited = reply.total_samples, True
        log.info("answer_late", reply=reply.id, said_s=round(said_before / OUTPUT_RATE_HZ, 2))
        jobs = [self._job(reply, line, fixed=True) for line in self._wait]
        try:
            spoken = [await self._lanes.tts.ask(job, _priority(reply), reply.prompt.cache_key) for job in jobs]
        except ServerError as error:
            log.warning("no_second", reply=reply.id, code=error.code, error=str(error))
            return []
        if reply.total_samples != said_before:
            return []
        return [self._composed(reply, chunk, feel(self._persona.wait)) for chunk in spoken if len(chunk.pcm)]


def _priority(reply: Reply) -> Priority:
    priority = Priority.COMMITTED if reply.committed else Priority.SPECULATIVE
    return priority.later if reply.total_samples else priority


def _wanted_at(reply: Reply) -> float:
    """When what was made so far will have been heard."""
    began_at = reply.begun_at if reply.committed_at is None else reply.committed_at
    return began_at + reply.total_samples / OUTPUT_RATE_HZ


def _late_at(reply: Reply, clock: Callable[[], float]) -> float:
    """When the fan has waited for too long in silence. Nobody waits for a guess: it is looked at again later."""
    if reply.waited:
        return inf
    return _wanted_at(reply) + LATE_S if reply.committed else clock() + LATE_S


async def _split(pieces: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    splitter = ClauseSplitter()
    async for piece in pieces:
        for clause in splitter.feed(piece):
            yield clause
    for clause in splitter.finish():
        yield clause


def cut(reply_id: int, seq: int, clause: _Clause) -> list[ReplyChunk]:
    """A clause as chunks of at most CHUNK_FRAMES, cut where the face is calm. Each has the face of its sound, and
    the spans that begin in it.
    """
    pcm16 = (np.clip(clause.spoken.pcm, -1.0, 1.0) * 32767.0).astype("<i2")
    chunks: list[ReplyChunk] = []
    begins = [k * SAMPLES_PER_FACE_FRAME for k in calm_cuts(clause.face.frames, CHUNK_FRAMES)]
    for begin, end in zip(begins, [*begins[1:], len(pcm16)], strict=True):
        start, stop = clause.start_samples + begin, clause.start_samples + end
        frames = clause.face.frames[begin // SAMPLES_PER_FACE_FRAME : -(-end // SAMPLES_PER_FACE_FRAME)]
        chunks.append(
            ReplyChunk(
                reply_id=reply_id,
                seq=seq + len(chunks),
                start_samples=start,
                audio=pcm16[begin:end].tobytes(),
                face=frames.tobytes(),
                words=tuple(w for w in clause.words if start <= w.start_samples < stop),
                visemes=tuple(v for v in clause.face.visemes if start <= v.start_samples < stop),
                emotion=clause.emotion.cue(start) if begin == 0 else None,
                gestures=tuple(cue for cue in clause.gestures if start <= cue.start_samples < stop),
                posture=clause.face.posture if begin == 0 else None,
            )
        )
    return chunks
