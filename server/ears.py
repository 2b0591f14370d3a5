"""What the fan says, from microphone bytes to events of the turn machine.

bytes -> Resampler -> Framer -> vad lane -> Segmenter -> FanStarted / FanPaused, and on request the asr and turn
lanes -> WordsHeard / TurnScored. What comes next: session.py hands the events to the turn machine.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Container
from dataclasses import replace

import numpy as np
import structlog
from numpy.typing import NDArray

from protocol.errors import ServerError, UnsupportedError
from protocol.timeline import INPUT_RATE_HZ, AudioFormat
from server.batching import Priority
from server.lanes import Lanes
from speech.asr import AsrJob, Hypothesis, TurnAudio
from speech.ending import EndingJob
from speech.framing import Framer
from speech.loudness import LoudnessGate
from speech.resampling import Resampler
from speech.turn_events import (
    EndingJudged,
    FanPaused,
    FanStarted,
    JudgeEnding,
    Recognise,
    ScoreTurn,
    TurnScored,
    WordsHeard,
)
from speech.vad import FRAME_SAMPLES, Segmenter, SpeechStarted, SpeechStopped, VadJob

log = structlog.get_logger()

Floats = NDArray[np.float32]

GATE_SAMPLES = 3 * FRAME_SAMPLES  # 96 ms: long enough for a level, short enough to duck in time
SETTLE_LOOKBACK_S = 4.0  # a long monologue is cut at the quietest spot of its last seconds


class Ears:
    """The ears of one session. Owns no task: callers await its methods, and cancel them."""

    def __init__(
        self, session: str, lanes: Lanes, audio_in: AudioFormat, language: str, clock: Callable[[], float]
    ) -> None:
        """`session` is whose turn it is in the lanes. Raises UnsupportedError for an encoding or a sample rate that is
        not spoken.
        """
        if audio_in.encoding != "pcm16":
            raise UnsupportedError(f"audio encoding {audio_in.encoding!r} is not spoken here; send pcm16")
        self._session = session
        self._lanes = lanes
        self._asked_language = _code(language, lanes.languages)
        self.language = self._asked_language or "en"  # the fan's, as far as is known
        self._clock = clock
        self._resampler = Resampler(audio_in.sample_rate_hz)
        self._framer = Framer(FRAME_SAMPLES)
        self._vad_state = lanes.new_vad_state()
        self._segmenter = Segmenter()
        self._audio = TurnAudio()
        self._onset_samples = 0  # of the newest voice
        self._turn_onset_samples = 0
        self._voice_end_samples: int | None = None  # None while the fan speaks
        self._newest_at = 0.0  # when the newest sample arrived
        self._gate = LoudnessGate()
        self._held_back = False  # a voice goes on that is too soft to be the fan over the avatar
        self.overheard: Callable[[Floats, Floats], None] | None = None  # gets the fan's frames and voice probabilities
        self._settling = asyncio.Lock()

    @property
    def speaking(self) -> bool:
        """Whether the fan's voice goes on, as far as was heard."""
        return self._segmenter.speaking

    @property
    def onset_at(self) -> float:
        """When the voice of this turn began, on the session's clock."""
        return self._moment(self._turn_onset_samples)

    @property
    def voice_end_at(self) -> float:
        """When the last voiced sample arrived, on the session's clock."""
        end = self._audio.position_samples if self._voice_end_samples is None else self._voice_end_samples
        return self._moment(end)

    def _moment(self, samples: int) -> float:
        return self._newest_at - (self._audio.position_samples - samples) / INPUT_RATE_HZ

    async def hear(self, data: bytes, *, over_avatar: bool = False) -> AsyncGenerator[FanStarted | FanPaused, None]:
        """Microphone bytes in the agreed format, any length; yields what happened in them. Each event is to be acted
        on before the next is asked for: after a network stall one message may hold several. While the avatar speaks
        (`over_avatar`) a voice that is too soft to be the fan's is not reported.

        Raises MalformedError for half a sample, EngineError or OverloadedError when the VAD could not answer.
        """
        pcm = self._resampler.feed(data)
        if not len(pcm):
            return
        self._audio.append(pcm)
        self._newest_at = self._clock()
        frames = self._framer.feed(pcm)
        if not len(frames):
            return
        result = await self._lanes.vad.ask(VadJob(frames, self._vad_state), session=self._session)
        self._vad_state = result.state
        for event in self._segmenter.feed(result.probs):
            if isinstance(event, SpeechStarted):
                self._onset_samples, self._voice_end_samples = event.at_samples, None
                self._held_back = True
            else:
                self._voice_end_samples = event.at_samples
            for reported in self._report(event, over_avatar=over_avatar):
                yield reported
        if self._held_back and (not over_avatar or self._gate.passes(self._audio.newest(GATE_SAMPLES))):
            self._onset_samples = max(self._onset_samples, self._audio.position_samples - GATE_SAMPLES)
            self._held_back = False
            yield FanStarted()
        if self.overheard and not self._held_back:
            self.overheard(frames, result.probs)

    def _report(self, event: SpeechStarted | SpeechStopped, *, over_avatar: bool) -> list[FanStarted | FanPaused]:
        if isinstance(event, SpeechStarted):
            since_onset = self._audio.newest(self._audio.position_samples - event.at_samples)
            if over_avatar and not self._gate.passes(since_onset):
                return []
            self._held_back = False
            return [FanStarted()]
        if self._held_back:
            self._held_back = False
            return []
        silent_samples = self._audio.position_samples - event.at_samples
        if not over_avatar:
            voiced_samples = self._audio.position_samples - self._onset_samples
            self._gate.learn(self._audio.newest(voiced_samples)[: voiced_samples - silent_samples])
        return [FanPaused(silent_samples / INPUT_RATE_HZ)]

    async def hear_silence(self, seconds: float) -> AsyncGenerator[FanStarted | FanPaused, None]:
        """What the microphone did not send is heard as silence, so that a turn ends when a client stops sending."""
        async for event in self.hear(bytes(2 * int(seconds * self._resampler.rate_in_hz))):
            yield event

    def open_turn(self) -> None:
        """Keep the audio from a little before the last onset on."""
        self._turn_onset_samples = self._onset_samples
        self._audio.open(self._onset_samples)

    def close_turn(self) -> None:
        """Forget the turn's audio."""
        self._audio.close()

    async def recognise(self, request: Recognise) -> WordsHeard:
        """The turn's words so far; none for a partial that could not be had (nothing is lost by it).

        Raises EngineError or OverloadedError when a final failed.
        """
        heard = WordsHeard(request.turn_id, request.revision, "", request.final)
        try:
            text, mean_logprob = await self._words(request)
        except ServerError as error:
            if request.final:
                raise
            log.warning("partial_failed", code=error.code, error=str(error))
            return heard
        return replace(heard, text=text, mean_logprob=mean_logprob)

    async def _words(self, request: Recognise) -> tuple[str, float]:
        async with self._settling:
            while self._audio.is_full():
                await self._settle()
        window = self._audio.window(self._voice_end_samples if request.final else None)
        priority = Priority.COMMITTED if request.final else Priority.PARTIAL
        heard = await self._ask(window, priority, quick=not request.final)
        return self._audio.whole(heard.text), heard.mean_logprob

    async def _settle(self) -> None:
        """Writes down the older part of a long turn for good, cut where it is quietest."""
        window = self._audio.window()
        cut = quietest_spot(window, int(SETTLE_LOOKBACK_S * INPUT_RATE_HZ))
        heard = await self._ask(window[:cut], Priority.COMMITTED, quick=False)
        self._audio.settle(heard.text, cut)

    async def _ask(self, pcm: NDArray[np.float32], priority: Priority, *, quick: bool) -> Hypothesis:
        heard = await self._lanes.asr.ask(AsrJob(pcm, self._asked_language, quick=quick), priority, self._session)
        if heard.text:
            self.language = heard.language
        return heard

    async def score(self, request: ScoreTurn) -> TurnScored:
        """How complete the turn sounds. A model that fails is answered with None: silence alone decides then."""
        try:
            window = self._audio.window(self._voice_end_samples)
            prob: float | None = await self._lanes.turn.ask(window, session=self._session)
        except ServerError as error:
            log.warning("turn_score_failed", code=error.code, error=str(error))
            prob = None
        return TurnScored(request.turn_id, request.revision, prob)

    async def judge(self, request: JudgeEnding, said_before: str) -> EndingJudged:
        """How likely a sentence ends after these words. In a language that the model does not know, or when it fails:
        None, and the other cues decide.
        """
        prob: float | None = None
        if self.language == "en":
            try:
                prob = await self._lanes.ending.ask(EndingJob(request.text, said_before), session=self._session)
            except ServerError as error:
                log.warning("ending_failed", code=error.code, error=str(error))
        return EndingJudged(request.turn_id, request.text, prob)


def quietest_spot(pcm: NDArray[np.float32], lookback_samples: int) -> int:
    """Where to cut float32 [n]: the middle of the quietest 100 ms among the last `lookback_samples`."""
    step = INPUT_RATE_HZ // 10
    begin = max(0, len(pcm) - lookback_samples)
    tail = pcm[begin : begin + (len(pcm) - begin) // step * step]
    if not len(tail):
        return len(pcm)
    energy = np.square(tail.reshape(-1, step)).mean(axis=1)
    return begin + int(energy.argmin()) * step + step // 2


def _code(asked: str, known: Container[str]) -> str | None:
    """The recogniser's language code for a BCP 47 tag. None asks for detection: for "auto", and for languages that
    the recogniser has no code for.
    """
    code = asked.partition("-")[0].lower()
    return code if code in known else None
