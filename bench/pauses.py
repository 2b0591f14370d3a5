"""The pauses of recorded speech, each with what the server would know of it when it is noticed.

VAD frame by frame, Segmenter, Smart Turn, Whisper and the ending model, as server/ears.py has them. What comes next:
endpointing.py asks its rules how long they would have waited.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.engines.llamacpp import load_gguf
from bench.clips import Clip
from bench.microphone import NOISE
from protocol.timeline import INPUT_RATE_HZ
from server.model_store.store import open_store
from speech.asr import AsrJob, TurnAudio
from speech.ending import EndingJob
from speech.engines.next_word import CONTEXT_TOKENS, SLOTS, NextWord
from speech.engines.silero import SileroVad
from speech.engines.smart_turn import SmartTurn
from speech.engines.whisper import Whisper
from speech.vad import FRAME_SAMPLES, Segmenter, SpeechStarted, VadJob, VadResult

ROOM_S = 1.0  # of quiet room behind each clip
SECOND_LOOK_S = 0.3  # of silence: does Smart Turn know more then?
READ_ON = (",", ";")  # a reader's clip that ends so was cut out of a sentence: it is no end of a turn


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause as the server noticed it. `silent_ms`: until the voice went on, or None at the end of the turn.

    later_prob: Smart Turn once more after SECOND_LOOK_S, or None where the pause was shorter. ending_prob: that a
    sentence ends after `text`, by the words alone.
    """

    clip: str
    synthetic: bool
    text: str
    complete_prob: float
    later_prob: float | None
    silent_ms: float | None
    true_end: bool
    ending_prob: float | None = None

    @property
    def in_fit_half(self) -> bool:
        """Decided by the name of the recording: what was derived from it stays on its side."""
        origin = re.sub(r"^d(?:pause|noisy)_.*?_(?=libri_|lj_|rav_)", "", self.clip)
        return zlib.crc32(origin.encode()) % 2 == 0


@dataclass(slots=True)
class _Notice:
    at_samples: int
    window: NDArray[np.float32]
    later: NDArray[np.float32] | None = None
    silent_ms: float | None = None


class Listener:
    """The server's ears without the server. Raises ModelError or EngineError when a model is not there."""

    def __init__(self) -> None:
        store = open_store()
        self._vad = SileroVad(store.path("silero-vad"))
        self._turn = SmartTurn(store.path("smart-turn"))
        self._asr = Whisper(store.path("whisper-base"))
        small = store.path("smollm2-135m") / "model.gguf"
        self._ending = NextWord(load_gguf(small, threads=1, slots=SLOTS, context_tokens=CONTEXT_TOKENS))

    def pauses(self, clip: Clip) -> list[Pause]:
        """Every pause of the clip, with what was known when it was noticed."""
        return [self._judge(clip, notice) for notice in self._notices(clip)]

    def _notices(self, clip: Clip) -> list[_Notice]:
        rng = np.random.default_rng(7)
        pcm = np.pad(clip.pcm, (0, int(ROOM_S * INPUT_RATE_HZ)))
        pcm = (pcm + rng.normal(0, NOISE, len(pcm))).astype(np.float32)
        frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
        (heard,) = self._vad.run([VadJob(frames, self._vad.new_state())])
        if not isinstance(heard, VadResult):
            raise heard
        segmenter, audio = Segmenter(), TurnAudio()
        notices: list[_Notice] = []
        for frame, prob in zip(frames, heard.probs, strict=True):
            audio.append(frame)
            _look_again(notices, audio, speaking=segmenter.speaking)
            for event in segmenter.feed(np.array([prob], np.float32)):
                if not isinstance(event, SpeechStarted):
                    notices.append(_Notice(event.at_samples, audio.window(event.at_samples)))
                elif notices:
                    notices[-1].silent_ms = 1000 * (event.at_samples - notices[-1].at_samples) / INPUT_RATE_HZ
                else:
                    audio.open(event.at_samples)
        return notices

    def _judge(self, clip: Clip, notice: _Notice) -> Pause:
        (words,) = self._asr.run([AsrJob(notice.window)])
        if isinstance(words, Exception):
            raise words
        return Pause(
            clip=clip.name,
            synthetic=clip.synthetic,
            text=words.text,
            complete_prob=self._score(notice.window),
            later_prob=None if notice.later is None else self._score(notice.later),
            silent_ms=notice.silent_ms,
            true_end=notice.silent_ms is None and not clip.text.rstrip().endswith(READ_ON),
            ending_prob=self.ending(words.text),
        )

    def ending(self, text: str) -> float:
        """How likely a sentence ends after these words."""
        (prob,) = self._ending.run([EndingJob(text)])
        if isinstance(prob, Exception):
            raise prob
        return round(prob, 4)

    def close(self) -> None:
        """Frees the language model."""
        self._ending.close()

    def _score(self, window: NDArray[np.float32]) -> float:
        (prob,) = self._turn.run([window])
        if isinstance(prob, Exception):
            raise prob
        return round(prob, 4)


def _look_again(notices: Sequence[_Notice], audio: TurnAudio, *, speaking: bool) -> None:
    if speaking or not notices or notices[-1].later is not None:
        return
    if audio.position_samples - notices[-1].at_samples >= SECOND_LOOK_S * INPUT_RATE_HZ:
        notices[-1].later = audio.window()
