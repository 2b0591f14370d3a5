"""One fan's conversation: feeds the turn machine, carries out what it asks for.

Everything that happens becomes an event in `_handle`, which is synchronous: the machine decides, `_act` starts
tasks or moves messages, and the one timer is set to the machine's next deadline. Slow work (recognising, replying)
runs in named tasks that the session owns and that report back as events. A session knows no socket: what it says
goes into its outbox. What comes next: connection.py drains the outbox.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from avatar.affect import tone_hint
from avatar.expression import Manners
from avatar.face import Face
from avatar.life import Attention
from avatar.persona import Persona
from protocol.errors import EngineError, StagedoorError
from protocol.messages import (
    Consents,
    Hello,
    Notice,
    ReplyCancelled,
    ReplyChunk,
    Transcript,
)
from server.ears import Ears
from server.empathy import Sensing
from server.group.chair import Chair
from server.hearing import AUDIO_GAP_S, Hearing
from server.outbox import Outbox
from server.prepared import opening_line
from server.presence import Presence
from server.read_ahead import ReadAhead
from server.reply import ReplyMaker
from server.session_clock import Alarm, SessionClock
from server.shared import Shared
from server.speaker import Speaker
from server.steering import Steering, Voice
from server.taps import Tap, Taps
from server.tasks import Tasks
from server.turn_log import TurnLog
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
    ReplyHeard,
    ScoreTurn,
    ShowTranscript,
    StartReply,
    StopPressed,
    Tick,
)
from speech.turn_state import State
from speech.turns import TurnMachine


class Session:
    """The conversation of one fan with one persona, from `start` to `close`, on one event loop."""

    def __init__(
        self, session_id: str, hello: Hello, persona: Persona, shared: Shared, chair: Chair | None = None
    ) -> None:
        """`chair`: of a fan who is not alone. Raises UnsupportedError for an audio format that is not spoken."""
        lanes, settings = shared.lanes, shared.settings
        self.chair = chair or Chair()
        self.id = session_id
        self.persona = persona
        self._clock = SessionClock(asyncio.get_running_loop().time)
        self._log = TurnLog(session_id, persona.id, shared.metrics, self._clock)
        self.now_ms = self._log.now_ms  # as it goes on the wire
        self.taps = Taps(self.now_ms)
        self.outbox = Outbox(self._clock, self._chunk_sent)
        self._lanes = lanes
        self._settings = settings
        self._load = shared.load
        self.audio_in = hello.audio_in
        self._machine = TurnMachine(persona.wait)
        self._machine.reply_numbers = self.chair.reply_numbers()
        self.number_reply = self._machine.number_reply  # for what is said here and not made here: a host's own voice
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self.live = False  # a host speaks just now
        self._ears = Ears(session_id, lanes, hello.audio_in, hello.language, self._clock)
        self._hearing = Hearing(self._ears, shared.load, self._clock, self._echoes, self.report_error)
        self._hearing.tell = self._sound
        self._dialogue = self.chair.dialogue(persona, hello.name, session_id)
        maker = ReplyMaker(lanes, shared.prepared, persona, self._clock)
        self.steering = Steering(persona.not_discussed, maker.bound, self.chair.whispers())
        face = Face(seed=settings.seed, manners=Manners(persona.manners.warmth, persona.manners.energy))
        self.speaker = Speaker(session_id, maker, self._dialogue, self.outbox, face, shared.metrics)
        self.speaker.tell, self.speaker.over = self._handle, self.steering.answered
        self.watch_turn: Callable[[OpenTurn | CloseTurn, State], None] = lambda action, state: None
        self.presence = Presence(
            hello.face, settings.seed, lambda: self.speaker.face, self._attention, self.outbox.post
        )
        self.sensing = Sensing(self._clock, self._ears, self.presence, shared.metrics)
        self.consent(hello.consents)
        self._read_ahead = ReadAhead(session_id, lanes.llm, self._dialogue)
        self._tasks = Tasks(session_id)
        self._timer = Alarm(self._clock, lambda at: self._handle(Tick(), at))
        self._gap_timer = Alarm(self._clock, lambda _: self._tasks.start(self._hearing.fall_silent(), "gap"))
        self.chair.take(self)

    # --- what the connection calls ---

    def start(self, *, aloud: bool = False) -> None:
        """The person knows that they talk with an AI: greet them, and say so first. `aloud`: they know it from this
        greeting alone, so it is said even where the configuration greets nobody.
        """
        self.chair.begin()
        self.presence.begin()
        if self._settings.greet or aloud:
            self._handle(LineDue(opening_line(self.persona)))
        else:
            self._read_ahead.begin_turn(now=True)

    async def hear(self, data: bytes) -> None:
        """Microphone bytes. Raises MalformedError, EngineError or OverloadedError; the conversation goes on."""
        if self.steering.deaf or self.chair.deaf:
            data = bytes(len(data))
        replies = self._machine.state in (State.WAITING, State.REPLYING, State.OVERLAP)
        over_avatar = self.live or replies or self.chair.avatar_speaks
        await self._hearing.hear(data, over_avatar=over_avatar)
        self.taps.tell(Tap.heard_fan, data)
        self._gap_timer.set(self._clock() + AUDIO_GAP_S)

    def _sound(self, event: FanStarted | FanPaused) -> None:
        if isinstance(event, FanPaused):
            self.presence.fan_paused()
        self._handle(event)

    def _echoes(self) -> list[str]:
        """The avatar's words that its own loudspeaker may bring back just now."""
        return self.speaker.just_said() if self._machine.state is State.OVERLAP else []

    def type(self, text: str) -> None:
        """A typed turn; white space alone is nothing."""
        if text.strip() and not self.steering.deaf:
            self._hearing.times = None
            self._handle(FanTyped(text.strip()))

    def consent(self, consents: Consents) -> None:
        """What the fan allows from now on. What was sensed before is forgotten when it is not allowed any more."""
        self.consents = consents
        self.sensing.allow(allowed=consents.emotion_sensing)
        self.taps.tell(Tap.consented, consents)

    def remember(self, told: Sequence[str]) -> None:
        """What the fan told at an earlier visit; nothing: it is forgotten."""
        self._dialogue.remember(told)

    def mark(self, reply_id: int, heard_samples: int) -> None:
        """A playback mark. Marks of old replies, or of more than was sent, are bounded, not believed."""
        if self.speaker.mark(reply_id, heard_samples):
            self.taps.tell(Tap.avatar_heard, reply_id, heard_samples)
            self._handle(ReplyHeard(reply_id, heard_samples))

    def interrupt(self) -> None:
        """The fan pressed stop."""
        self._handle(StopPressed())

    def tap(self, tap: Tap) -> None:
        """It hears this conversation from now on, until `taps.remove`."""
        self.taps.add(tap)
        self.presence.watch = lambda face: self.taps.tell(Tap.avatar_listened, face)
        if not self._clock.stands:
            self.presence.go_on()

    def say(self, line: str) -> None:
        """The persona says exactly this as soon as nobody speaks."""
        self._handle(LineDue(line))

    def lead(self, voice: Voice) -> None:
        """Who speaks from now on: the avatar, nobody (and nobody is heard), or the host. What the fan says to another
        than the avatar is understood and remembered, and not answered.
        """
        before, self.steering.voice = self.steering.voice, voice
        if voice != "avatar":
            self.interrupt()
            self.speaker.fall_silent()
        if voice != before:
            self._announce(before)
        self.taps.tell(Tap.led, voice)

    def _announce(self, before: Voice) -> None:
        if "host" in (self.steering.voice, before):
            self._disclose()
        if told := self.steering.moderation(before):
            self.outbox.post(Notice("moderation", told))

    def _disclose(self) -> None:
        self.outbox.post(Notice("disclosure", self.steering.disclosure(self.persona.disclosure)))

    async def goodbye(self, line: str) -> None:
        """The last words, after what is being said. The fan is not heard any more, so that nothing comes between.
        Returns when the line was heard to its end, or could not be said.
        """
        self.steering.farewell = True
        self.lead("avatar")
        self._handle(LineDue(line))
        await self.quiet()

    @property
    def is_idle(self) -> bool:
        """Whether nobody speaks in this session just now."""
        return self._machine.state is State.IDLE

    def take_up_voice(self) -> bool:
        """The fan has the floor now: a voice that goes on begins a turn. False: they are silent."""
        if self._ears.speaking:
            self._handle(FanStarted())
        return self._ears.speaking

    @property
    def is_quiet(self) -> bool:
        """Whether nobody speaks and nothing is about to be said."""
        return self._at_rest.is_set()

    async def quiet(self) -> None:
        """Returns when nobody speaks and nothing is about to be said."""
        await self._at_rest.wait()

    def hold(self) -> None:
        """Nobody is connected: time stands still. Work that runs goes on and waits in the outbox."""
        self.chair.away()
        self._clock.stop()
        self._stop_timers()

    def go_on(self, reply_id: int, heard_samples: int) -> None:
        """The fan is back, and has heard so much of this reply; the rest of it is sent again."""
        self._clock.go_on()
        self.chair.back()
        self.mark(reply_id, heard_samples)
        self.speaker.rewind()
        if self.steering.voice == "host":
            self._disclose()
        self.presence.go_on()
        self._timer.set(self._machine.deadline())
        self._gap_timer.set(self._clock() + AUDIO_GAP_S)

    async def close(self) -> None:
        """Ends every task of the session. Never raises."""
        self._stop_timers()
        self.chair.leave()
        await self._tasks.close()
        await self.speaker.close()
        await self._read_ahead.close()

    # --- the one way in ---

    def _handle(self, event: Event, at: float | None = None) -> None:
        if not self.chair.lets(event):
            if self.chair.holds:
                self._at_rest.clear()
            return
        before = self._machine.state
        if told := self._load.bear(self._machine, asyncio.get_running_loop().time()):
            self._log.eased(self._machine.effort)
            self.outbox.post(Notice("server", told))
        for action in self._machine.receive(event, self._clock() if at is None else at):
            self._act(action)
        if self._machine.state is not before:
            self._log.moved(before.value, self._machine.state.value, event)
        if self.is_idle and not self.chair.holds:
            self._at_rest.set()
        else:
            self._at_rest.clear()
        self._timer.set(self._machine.deadline())
        self.chair.moved(idle=self.is_idle)

    def _stop_timers(self) -> None:
        self.presence.stop()
        self._timer.stop()
        self._gap_timer.stop()

    def _act(self, action: Action) -> None:
        times = self._hearing.times
        match action:
            case Recognise(turn_id, revision):
                self._ask(self._hearing.recognise(action, times), f"recognise-{turn_id}.{revision}")
            case ScoreTurn(turn_id, revision):
                self._ask(self._hearing.score(action, times), f"score-{turn_id}.{revision}")
            case JudgeEnding(turn_id):
                self._ask(self._hearing.judge(action, self._dialogue.last_said(), times), f"judge-{turn_id}")
            case OpenTurn() | CloseTurn() | ShowTranscript():
                self._follow_turn(action)
            case StartReply():
                self._start_reply(action)
            case CommitReply(reply_id):
                self._commit(reply_id)
            case DuckReply(reply_id, ducked):
                self.taps.tell(Tap.avatar_ducked, self.outbox.duck(reply_id, ducked=ducked))
            case CancelReply():
                self._cancel(action)
            case EndReply(reply_id):
                self.taps.tell(Tap.avatar_heard, reply_id, self.speaker.end(reply_id))

    def _follow_turn(self, action: OpenTurn | CloseTurn | ShowTranscript) -> None:
        if not isinstance(action, ShowTranscript):
            self.watch_turn(action, self._machine.state)
        match action:
            case OpenTurn():
                self._ears.open_turn()
                self.presence.fan_began()
                # Over its own voice the model is busy with the reply.
                self._read_ahead.begin_turn(now=self._machine.state is State.LISTENING)
            case CloseTurn():
                self._ears.close_turn()
                self.sensing.end_turn()
            case ShowTranscript(turn_id, text, final, stable):
                said = Transcript(turn_id, text, final, self._ears.language, stable)
                self.outbox.post(self.chair.signed(said))
                self.taps.tell(Tap.fan_said, text, final)
                if not final:
                    self.presence.fan_said(text)
                    self.sensing.hear_words(text)
                    self._read_ahead.hear(text, stable)

    # --- replies ---

    def _start_reply(self, action: StartReply) -> None:
        mood, wishes = self.sensing.mood(action.text), self.steering.wishes()
        tone = "" if self._lanes.llm.goes_on else tone_hint(mood)
        hint = " ".join(filter(None, (tone, wishes.hint())))
        prompt = self._dialogue.prompt(
            action.text, hint=hint, max_tokens=self._settings.max_tokens, seed=action.reply_id
        )
        silent = self.steering.voice != "avatar" or not self.chair.may_be_answered
        reply = self.speaker.start(action, prompt, silent=silent)
        reply.mood, reply.wishes, reply.address = mood, wishes, self.chair.address()
        reply.recollection = self._dialogue.recollection(action.text)

    def _commit(self, reply_id: int) -> None:
        if self.speaker.withhold(reply_id):
            self._handle(ReplyComplete(reply_id, 0))
        else:
            self.speaker.commit(reply_id)

    def _chunk_sent(self, chunk: ReplyChunk) -> None:
        self.taps.tell(Tap.avatar_sent, chunk)
        reply = self.speaker.first_sound(chunk)
        if reply is None:
            return
        report = self._log.answered(reply, self._hearing.times)
        self.outbox.post(report)
        self.taps.tell(Tap.report, report)
        self._handle(ReplyAudible(reply.id))
        if reply.line:  # greeted first: the language model has until the end of it to read what is known of the fan
            self._read_ahead.begin_turn(now=True)

    def _cancel(self, action: CancelReply) -> None:
        cut = self.speaker.cancel(action)
        if cut is None:
            return
        if action.reason == "engine_failed":
            self.report_error(cut.reply.error or EngineError("the reply took too long"))
        if cut.sent:
            cancelled = ReplyCancelled(cut.reply.id, action.reason, cut.heard_samples)
            self.outbox.post(cancelled)
            self.taps.tell(Tap.avatar_cut, cancelled)
            self.presence.close_mouth(cut.heard_samples)

    def _attention(self) -> Attention | None:
        """What the avatar is at. None: a reply has its face."""
        if self.live:
            return None
        match self._machine.state:
            case State.LISTENING | State.DECIDING:
                return "listening"
            case State.IDLE:
                return "idle"
        return None if self.speaker.audible else "thinking"

    # --- small things ---

    def report_error(self, error: StagedoorError) -> None:
        """Tells the client, and counts it."""
        self.outbox.post(self._log.failed(error))

    def _ask(self, question: Coroutine[Any, Any, Event], name: str) -> None:
        async def answer() -> None:
            self._handle(await question)

        self._tasks.start(answer(), name)
