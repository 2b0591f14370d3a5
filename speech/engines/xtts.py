"""XTTS v2 of coqui-tts: voices in many languages, sound while it is still being made, and voices cloned by consent.

It gives no times, so the mouth comes from the sound and words are placed by their letters (flow.py). A clone is loaded
only from the bytes that its owner's consent names, and every clause asks again whether the consent still holds
(speech/consent.py). Its network makes one voice at a time (docs/decisions/0037-xtts-in-turns.md), so voices that are
made at the same time take turns, piece by piece. What comes next: reply.py puts each piece out as it comes.
"""

import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from protocol.device import Dtype
from protocol.errors import EngineError
from speech.consent import VoiceConsentError, VoiceConsents
from speech.engines.coqui import CoquiModel, at_output_rate, refusal
from speech.engines.flow import Flow
from speech.tts import SpeechJob, SpokenChunk, Timing

MIN_RECORDING_S: Final = 3.0  # less tells the model too little of a voice
_PIECE_TOKENS: Final = 20  # of 46 ms: the first piece, and how much comes at a time


class Turns:
    """A lock that is had in the order of asking, so that nobody has it twice while another waits."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._asked = self._served = 0

    def __enter__(self) -> None:
        with self._changed:
            mine, self._asked = self._asked, self._asked + 1
            self._changed.wait_for(lambda: self._served == mine)

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._served += 1
            self._changed.notify_all()


@dataclass(slots=True)
class _Memory:
    """What the network must be told again when it goes on with a voice: the rest of it is in the voice's generator."""

    prefix: Any  # of the words and the speaker
    chance: Any  # the state of the random numbers


class XttsVoices:
    """An XTTS v2 model in a folder: its own speakers, and the clones that `consents` allows. `run` may be called from
    several threads: their voices take turns.
    """

    timing: Timing = "none"

    def __init__(
        self, folder: Path, *, device: str = "cuda", dtype: Dtype = "auto", consents: VoiceConsents | None = None
    ) -> None:
        """Raises EngineError (see CoquiModel), and VoiceConsentError for a clone without a valid consent."""
        self._consents = consents or VoiceConsents()
        recordings = {name: self._consents.recording(name) for name in self._consents.voices()}
        self._model = CoquiModel(folder, "xtts", device=device, dtype=dtype)
        net = self._model.net
        speakers = net.speaker_manager.speakers if net.speaker_manager else {}
        self._voices: dict[str, tuple[Any, Any]] = {name: tuple(of.values()) for name, of in speakers.items()}
        self._voices |= {name: self._clone(name, recording) for name, recording in recordings.items()}
        self._on_gpu = device.startswith("cuda")
        self._rate_hz = int(self._model.config.model_args.output_sample_rate)
        self._turns = Turns()

    def voices(self) -> tuple[str, ...]:
        return tuple(self._voices)

    def run(self, jobs: Sequence[SpeechJob]) -> list[SpokenChunk | Exception]:
        """See TtsEngine. The jobs of one call are said one after the other."""
        return [self._speak(job) for job in jobs]

    def _speak(self, job: SpeechJob) -> SpokenChunk | Exception:
        try:
            self._consents.check(job.voice)
        except VoiceConsentError as error:
            self._voices.pop(job.voice, None)  # what was learned of the voice goes too
            return error
        refused = refusal(job, self.voices(), tuple(self._model.config.languages))
        if refused:
            return refused
        if not any(c.isalnum() for c in job.text):
            return Flow(job).finish()
        try:
            return self._flow(job)
        except Exception as error:  # its words may quote what was to be said
            return EngineError(f"XTTS failed: {type(error).__name__}")

    def _flow(self, job: SpeechJob) -> SpokenChunk:
        flow = Flow(job)
        with self._model.computing():
            for pcm in self._pieces(job):
                if job.emit is None:
                    flow.hold(pcm)
                elif (piece := flow.feed(pcm)) and not job.emit(piece):
                    return SpokenChunk(np.zeros(0, np.float32), (), ())  # nobody listens any more
        return flow.finish()

    def _pieces(self, job: SpeechJob) -> Iterator[NDArray[np.float32]]:
        latents, speaker = self._voices[job.voice]
        made = self._model.net.inference_stream(
            job.text, job.language, latents, speaker, stream_chunk_size=_PIECE_TOKENS, speed=job.speed
        )
        memory: _Memory | None = None
        while True:
            with self._turns:
                self._recall(memory, job.seed)
                piece = next(made, None)
                memory = self._remember()
                pcm = None if piece is None else piece.float().cpu().numpy().reshape(-1)
            if pcm is None:
                return
            yield at_output_rate(pcm, self._rate_hz)

    def _recall(self, memory: _Memory | None, seed: int) -> None:
        torch = self._model.torch
        if memory is None:
            torch.manual_seed(seed % 2**63)
            return
        self._model.net.gpt.gpt_inference.store_prefix_emb(memory.prefix)
        if self._on_gpu:
            torch.cuda.set_rng_state(memory.chance, self._model.device)
        else:
            torch.set_rng_state(memory.chance)

    def _remember(self) -> _Memory:
        torch = self._model.torch
        chance = torch.cuda.get_rng_state(self._model.device) if self._on_gpu else torch.get_rng_state()
        return _Memory(self._model.net.gpt.gpt_inference.cached_prefix_emb, chance)

    def _clone(self, name: str, recording: bytes) -> tuple[Any, Any]:
        """What the network takes from a recording: how somebody speaks, and whose throat it is."""
        import soundfile  # noqa: PLC0415  (comes with coqui-tts)

        try:
            pcm, rate_hz = soundfile.read(io.BytesIO(recording), dtype="float32", always_2d=True)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"the recording of {name!r} cannot be read: {error}") from error
        if len(pcm) < MIN_RECORDING_S * rate_hz:
            raise EngineError(f"the recording of {name!r} is shorter than {MIN_RECORDING_S:.0f} s")
        net, config = self._model.net, self._model.config
        sound = self._model.torch.from_numpy(pcm.mean(axis=1)[None, : config.max_ref_len * rate_hz])
        latents = net.get_gpt_cond_latents(sound, rate_hz, config.gpt_cond_len, config.gpt_cond_chunk_len)
        return latents, net.get_speaker_embedding(sound, rate_hz)
