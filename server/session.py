"""One fan's conversation: feeds the turn machine, carries out what it asks for.

Everything that happens becomes an event in `_handle`, which is synchronous: the machine decides, `_act` starts
tasks or moves messages, and the one timer is set to the machine's next deadline. Slow work (recognising, replying)
runs in named tasks that the session owns and that report back as events. A session knows no socket: what it says
goes into its outbox. What comes next: connection.py drains the outbox.
"""

import asyncio
from collections.abc import AsyncGenerator, Container, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import structlog

from avatar.affect import Affect, Mood, mirrored, mood_of, tone_hint
from avatar.dialogue import Dialogue
from avatar.expression import Manners
from avatar.face import Face
from avatar.life import Attention
from avatar.llm import Prompt
from avatar.persona import Persona
from protocol.errors import ConsentRequiredError, EngineError, InternalError, StagedoorError
from protocol.messages import (
    Consents,
    ErrorMessage,
    FanFace,
    Hello,
    ReplyCancelled,
    ReplyChunk,
    ReplyDuck,
    Transcript,
)
from protocol.timeline import OUTPUT_RATE_HZ
from server.ears import Ears
from server.empathy import Empathy
from server.lanes import Lanes
from server.metrics import Metrics, TurnTimes, turn_report
from server.outbox import Outbox
from server.prepared import PreparedReplies, opening_line
from server.presence import Presence
from server.reply import Reply, ReplyMaker
from server.session_clock import SessionClock
from speech.interjections import is_echo
from speech.turn_events import (
    Action,
    CancelReply,
    CloseTurn,
    CommitReply,
    DuckReply,
    EndReply,
    Event,
    FanPaused,
    FanStarted,
    FanTyped,
    JudgeEnding,
    LineDue,
    OpenTurn,
    Recognise,
    ReplyAudible,
    ReplyComplete,
    ReplyFailed,
    ReplyHeard,
    ScoreTurn,
    ShowTranscript,
    StartReply,
    StopPressed,
    Tick,
    WordsHeard,
)
from speech.turn_state import State
from speech.turns import TurnMachine

log = structlog.get_logger()

ECHO_MEMORY_S = 4.0  # words over the avatar's that it said itself since then are its echo
DUCK_GAIN = 0.3  # -10 dB: still understood, and plainly giving way
DUCK_MS, UNDUCK_MS = 60, 200  # down faster than a syllable, up gently
AUDIO_GAP_S = 0.5  # a microphone that sends nothing for this long has fallen silent


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What the configuration says about every session."""

    max_tokens: int = 80
    greet: bool = True
    seed: int = 0


class Session:
    """The conversation of one fan with one persona, from `start` to `close`, on one event loop."""

    def __init__(
        self,
        session_id: str,
        hello: Hello,
        persona: Persona,
        lanes: Lanes,
        prepared: PreparedReplies,
        metrics: Metrics,
        settings: SessionSettings,
    ) -> None:
        """Raises UnsupportedError for an audio format or language that is not spoken."""
        self.id = session_id
        self.persona = persona
        self._clock = SessionClock(asyncio.get_running_loop().time)
        self._epoch = self._clock()
        self.outbox = Outbox(self._clock, self._chunk_sent)
        self._lanes = lanes
        self._metrics = metrics
        self._settings = settings
        self._machine = TurnMachine()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._ears = Ears(lanes, hello.audio_in, _language(hello.language, lanes.languages), self._clock)
        self._dialogue = Dialogue(persona, hello.name, cache_key=session_id)
        self._maker = ReplyMaker(lanes, prepared, persona, self._clock)
        self._face = Face(seed=settings.seed, manners=Manners(persona.manners.warmth, persona.manners.energy))
        self.presence = Presence(hello.face, settings.seed, lambda: self._face, self._attention, self.outbox.post)
        self._empathy: Empathy | None = None  # only while the fan allows it
        self.consent(hello.consents)
        self._reply: Reply | None = None  # the newest one
        self._reply_task: asyncio.Task[None] | None = None
        self._reply_audible_at: float | None = None
        self._marks_seen = False
        self._heard_samples = 0
        self._times: TurnTimes | None = None
        self._warming = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._gap_timer: asyncio.TimerHandle | None = None
        self._hearing = asyncio.Lock()
        self._log = log.bind(session=session_id, persona=persona.id)

    # --- what the connection calls ---

    def start(self) -> None:
        """The person knows that they talk with an AI: greet them, and say so first."""
        self.presence.begin()
        self._warm(self._dialogue.base_prompt())
        if self._settings.greet:
            self._handle(LineDue(opening_line(self.persona)))

    async def hear(self, data: bytes) -> None:
        """Microphone bytes. Raises MalformedError, EngineError or OverloadedError; the conversation goes on."""
        over_avatar = self._machine.state in (State.REPLYING, State.OVERLAP)
        await self._attend(self._ears.hear(data, over_avatar=over_avatar))
        self._expect_audio()

    def _expect_audio(self) -> None:
        if self._gap_timer:
            self._gap_timer.cancel()
        self._gap_timer = asyncio.get_running_loop().call_later(AUDIO_GAP_S, self._notice_gap)

    async def _attend(self, sounds: AsyncGenerator[FanStarted | FanPaused, None]) -> None:
        async with self._hearing, aclosing(sounds):
            async for event in sounds:
                if isinstance(event, FanPaused):
                    self.presence.fan_paused()
                    self._times = TurnTimes(self._ears.onset_at, self._ears.voice_end_at, self._clock())
                self._handle(event)

    def _notice_gap(self) -> None:
        if self._ears.speaking:
            self._spawn(self._attend(self._ears.hear_silence(AUDIO_GAP_S)), "gap")

    def type(self, text: str) -> None:
        """A typed turn; white space alone is nothing."""
        if text.strip():
            self._times = None
            self._handle(FanTyped(text.strip()))

    def consent(self, consents: Consents) -> None:
        """What the fan allows from now on. What was sensed before is forgotten when it is not allowed any more."""
        self.consents = consents
        if not consents.emotion_sensing:
            self._empathy = self._ears.overheard = None
            self.presence.mirror(None)
        elif self._empathy is None:
            self._empathy = Empathy(self._clock)
            self._ears.overheard = self._empathy.hear

    def see(self, message: FanFace) -> None:
        """The fan's own face or heart. Raises ConsentRequiredError, MalformedError or RateError."""
        if self._empathy is None:
            raise ConsentRequiredError("fan.face needs the consent emotion_sensing; it was dropped")
        self._empathy.see(message)

    @property
    def affect(self) -> Affect | None:
        """What the fan may feel, for the listening face and the host; None: they did not allow us to ask."""
        return self._empathy.affect if self._empathy else None

    def _mood(self, words: str) -> Mood:
        """What the fan may feel, now that their words are these."""
        if self._empathy is None or not words:
            return "unclear"
        mood = mood_of(self._empathy.read(words))
        self._metrics.moods.labels(mood).inc()
        return mood

    def mark(self, reply_id: int, heard_samples: int) -> None:
        """A playback mark. Marks of old replies, or of more than was sent, are bounded, not believed."""
        if self._reply is None or reply_id != self._reply.id or not self._reply.committed:
            return
        self._marks_seen = True
        self._heard_samples = max(self._heard_samples, min(heard_samples, self._reply.total_samples))
        self._dialogue.heard(reply_id, self._heard_samples)
        self._handle(ReplyHeard(reply_id, heard_samples))

    def interrupt(self) -> None:
        """The fan pressed stop."""
        self._handle(StopPressed())

    async def quiet(self) -> None:
        """Returns when nobody speaks and nothing is about to be said."""
        await self._at_rest.wait()

    def now_ms(self) -> float:
        """The session's clock, as it goes on the wire."""
        return (self._clock() - self._epoch) * 1000

    def hold(self) -> None:
        """Nobody is connected: time stands still. Work that runs goes on and waits in the outbox."""
        self._clock.stop()
        self._stop_timers()

    def go_on(self, reply_id: int, heard_samples: int) -> None:
        """The fan is back, and has heard so much of this reply; the rest of it is sent again."""
        self._clock.go_on()
        self.mark(reply_id, heard_samples)
        if self._reply:
            self.outbox.rewind(self._reply.id, self._believed_heard())
        self.presence.go_on()
        self._arm_timer()
        self._expect_audio()

    async def close(self) -> None:
        """Ends every task of the session. Never raises."""
        self._stop_timers()
        tasks = [*self._tasks, *([self._reply_task] if self._reply_task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the one way in ---

    def _handle(self, event: Event, at: float | None = None) -> None:
        before = self._machine.state
        for action in self._machine.receive(event, self._clock() if at is None else at):
            self._act(action)
        if self._machine.state is not before:
            self._log.debug("state", was=before.value, now=self._machine.state.value, by=type(event).__name__)
        if self._machine.state is State.IDLE:
            self._at_rest.set()
        else:
            self._at_rest.clear()
        self._arm_timer()

    def _arm_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        deadline = self._machine.deadline()
        if deadline is not None and not self._clock.stands:
            # Timers may fire a hair early; the machine is told the time it asked for.
            at = max(deadline, self._clock())
            self._timer = asyncio.get_running_loop().call_at(self._clock.on_source(at), self._handle, Tick(), at)

    def _stop_timers(self) -> None:
        self.presence.stop()
        for timer in (self._timer, self._gap_timer):
            if timer:
                timer.cancel()

    def _act(self, action: Action) -> None:
        match action:
            case Recognise():
                self._spawn(self._recognise(action, self._times), f"recognise-{action.turn_id}.{action.revision}")
            case ScoreTurn():
                self._spawn(self._score(action, self._times), f"score-{action.turn_id}.{action.revision}")
            case JudgeEnding():
                self._spawn(self._judge(action), f"judge-{action.turn_id}")
            case OpenTurn() | CloseTurn() | ShowTranscript():
                self._follow_turn(action)
            case StartReply():
                self._start_reply(action)
            case CommitReply(reply_id):
                self._commit(reply_id)
            case DuckReply(reply_id, ducked):
                gain, ramp_ms = (DUCK_GAIN, DUCK_MS) if ducked else (1.0, UNDUCK_MS)
                self.outbox.post(ReplyDuck(reply_id, gain, ramp_ms))
            case CancelReply():
                self._cancel(action)
            case EndReply(reply_id):
                self._end(reply_id)

    def _follow_turn(self, action: OpenTurn | CloseTurn | ShowTranscript) -> None:
        match action:
            case OpenTurn():
                self._ears.open_turn()
                self.presence.fan_began()
                if self._machine.state is State.LISTENING:  # over its own voice the model is busy with the reply
                    self._warm(self._dialogue.base_prompt())
            case CloseTurn():
                self._ears.close_turn()
                if self._empathy:
                    self._empathy.end_turn()
            case ShowTranscript(turn_id, text, final, stable):
                self.outbox.post(Transcript(turn_id, text, final, self._ears.language, stable))
                if not final:
                    self.presence.fan_said(text)
                    if self._empathy:
                        self.presence.mirror(mirrored(self._empathy.read(text)))
                    self._warm(self._dialogue.prompt(text, max_tokens=1))

    # --- the ears' tasks ---

    async def _recognise(self, request: Recognise, times: TurnTimes | None) -> None:
        try:
            heard = await self._ears.recognise(request)
        except StagedoorError as error:
            self.report_error(error)
            heard = WordsHeard(request.turn_id, request.revision, "", request.final)
        if self._machine.state is State.OVERLAP and is_echo(heard.text, self._just_said()):
            heard = replace(heard, text="")
        if request.final and times:
            times.words_at = self._clock()
        self._handle(heard)

    def _just_said(self) -> list[str]:
        """The avatar's words of the last seconds, as the fan heard them."""
        heard = self._believed_heard()
        words = self._reply.words if self._reply else []
        since = heard - int(ECHO_MEMORY_S * OUTPUT_RATE_HZ)
        return [word.text for word in words if word.end_samples > since and word.start_samples <= heard]

    async def _score(self, request: ScoreTurn, times: TurnTimes | None) -> None:
        scored = await self._ears.score(request)
        if times:
            times.scored_at = self._clock()
        self._handle(scored)

    async def _judge(self, request: JudgeEnding) -> None:
        judged = await self._ears.judge(request, self._dialogue.last_said())
        self._handle(judged)

    def _warm(self, prompt: Prompt) -> None:
        """Lets the language model read what is known so far while the fan speaks; one such job at a time."""
        if not self._warming:
            self._warming = True
            self._spawn(self._prefill(prompt), "prefill")

    async def _prefill(self, prompt: Prompt) -> None:
        try:
            await self._lanes.llm.prefill(prompt)
        except StagedoorError as error:  # a cold cache only costs time
            self._log.warning("prefill_failed", code=error.code, error=str(error))
        finally:
            self._warming = False

    # --- replies ---

    def _start_reply(self, action: StartReply) -> None:
        if self._reply_task:
            self._reply_task.cancel()
        mood = self._mood(action.text)
        hint = "" if self._lanes.llm.goes_on else tone_hint(mood)
        reply = Reply(
            id=action.reply_id,
            turn_id=action.turn_id,
            text=action.text,
            line=action.line,
            prompt=self._dialogue.prompt(
                action.text, hint=hint, max_tokens=self._settings.max_tokens, seed=action.reply_id
            ),
            face=self._face.fork(),
            begun_at=self._clock(),
            mood=mood,
        )
        self._reply, self._heard_samples, self._reply_audible_at = reply, 0, None
        self._reply_task = asyncio.create_task(self._make(reply), name=f"reply-{self.id}-{reply.id}")

    async def _make(self, reply: Reply) -> None:
        def put(chunk: ReplyChunk) -> None:
            self.outbox.put(chunk)
            if reply.committed:
                self._dialogue.spoke(reply.id, chunk.words)

        try:
            await self._maker.make(reply, put)
        except StagedoorError as error:
            reply.error = error
            self._handle(ReplyFailed(reply.id))
        except Exception as error:
            self._log.exception("reply_broke")
            reply.error = InternalError(f"the reply broke: {type(error).__name__}")
            self._handle(ReplyFailed(reply.id))
        else:
            self._handle(ReplyComplete(reply.id, reply.total_samples))

    def _commit(self, reply_id: int) -> None:
        reply = self._reply
        if reply is None or reply.id != reply_id:
            return
        reply.committed, reply.committed_at = True, self._clock()
        self._face = reply.face
        self._dialogue.begin_reply(reply_id, reply.text)
        self._dialogue.spoke(reply_id, reply.words)
        self.outbox.release(reply_id)

    def _chunk_sent(self, chunk: ReplyChunk) -> None:
        reply = self._reply
        if reply is None or chunk.reply_id != reply.id or self._reply_audible_at is not None or not chunk.audio:
            return
        now = self._clock()
        self._reply_audible_at = now
        self._maker.heard(reply)
        report = turn_report(self._times if reply.line is None else None, reply, now, self._epoch)
        self._metrics.observe(report)
        self._log.info("turn", kind=report.kind, voice_to_voice_ms=report.voice_to_voice_ms)
        self.outbox.post(report)
        self._handle(ReplyAudible(reply.id))

    def _cancel(self, action: CancelReply) -> None:
        reply = self._reply
        if reply is None or reply.id != action.reply_id:
            return
        if self._reply_task and self._reply_task is not asyncio.current_task():
            self._reply_task.cancel()
        if action.reason == "engine_failed":
            self.report_error(reply.error or EngineError("the reply took too long"))
        heard = self._believed_heard()
        sent = self.outbox.drop(reply.id)
        if sent:
            self.outbox.post(ReplyCancelled(reply.id, action.reason, heard))
            self.presence.close_mouth(heard)
        if reply.committed:
            self._dialogue.heard(reply.id, heard)
            self._dialogue.cut(reply.id)
        self._metrics.cancelled.labels(action.reason, str(bool(heard)).lower()).inc()
        self._reply = None

    def _end(self, reply_id: int) -> None:
        if self._reply and self._reply.id == reply_id:
            self._dialogue.heard(reply_id, self._reply.total_samples)
            self._dialogue.finish(reply_id)

    def _believed_heard(self) -> int:
        """What the listener got: their marks, or, from a client that sends none, what the time allows."""
        reply = self._reply
        if reply is None or self._marks_seen or self._reply_audible_at is None:
            return self._heard_samples
        elapsed = int((self._clock() - self._reply_audible_at) * OUTPUT_RATE_HZ)
        return min(elapsed, reply.total_samples)

    def _attention(self) -> Attention | None:
        """What the avatar is at. None: a reply has its face."""
        match self._machine.state:
            case State.LISTENING | State.DECIDING:
                return "listening"
            case State.IDLE:
                return "idle"
        return "thinking" if self._reply_audible_at is None else None

    # --- small things ---

    def report_error(self, error: StagedoorError) -> None:
        """Tells the client, and counts it."""
        self._metrics.errors.labels(error.code).inc()
        self._log.warning("error", code=error.code, error=str(error))
        self.outbox.post(ErrorMessage(error.code, public_text(error), error.fatal))

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"{name}-{self.id}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._log.error("task_failed", task=task.get_name(), error=repr(error))


def public_text(error: StagedoorError) -> str:
    """What a client is told. Its own mistakes in full; of ours only what helps, the rest is in the log."""
    if isinstance(error, EngineError | InternalError):
        return "something failed on our side; please say it again"
    return str(error)


def _language(asked: str, known: Container[str]) -> str | None:
    """The recogniser's language code for a BCP 47 tag. None asks for detection: for "auto", and for languages that
    the recogniser has no code for.
    """
    code = asked.partition("-")[0].lower()
    return code if code in known else None
