"""What a fan's open microphone picks up, frame by frame: the room, the fan, and what leaks in from the loudspeaker.

Pure: time is an argument. What comes next: fan.py sends the frames.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from protocol.timeline import INPUT_RATE_HZ
from speech.resampling import Resampler

FRAME_SAMPLES = INPUT_RATE_HZ // 50
NOISE = 0.0005  # standard deviation, of full scale: a quiet room
SEAM_S = 0.005  # chunks that follow each other this closely are one sound; the resampler holds back under 2 ms
MEMORY_S = 2.0  # older sound has left the room


class Echo:
    """The avatar's voice on its way from the loudspeaker to the microphone: later and fainter.

    `gain` 0.1 is -20 dB. Instants are seconds of the caller's clock.
    """

    def __init__(self, rate_hz: int, delay_s: float, gain: float) -> None:
        self._rate_hz = rate_hz
        self._delay_s = delay_s
        self._gain = gain
        self._loudness = 1.0
        self._resampler = Resampler(rate_hz)
        self._end_at = 0.0
        self._parts: deque[tuple[float, NDArray[np.float32]]] = deque()  # bounded by MEMORY_S and the server's lead

    def play(self, pcm16: bytes, plays_at: float) -> None:
        """The loudspeaker plays this from `plays_at` on."""
        if plays_at > self._end_at + SEAM_S:
            self._resampler, self._end_at = Resampler(self._rate_hz), plays_at
        pcm = self._resampler.feed(pcm16)
        self._parts.append((self._end_at, pcm))
        self._end_at += len(pcm) / INPUT_RATE_HZ

    def stop(self, now: float) -> None:
        """The client dropped what it had not played."""
        self._parts = deque(
            (at, pcm[: max(0, round((now - at) * INPUT_RATE_HZ))]) for at, pcm in self._parts if at < now
        )
        self._end_at = min(self._end_at, now)

    def turn_to(self, loudness: float) -> None:
        """The client plays at this loudness from now on, 0..1."""
        self._loudness = loudness

    def heard(self, now: float, n_samples: int) -> NDArray[np.float32]:
        """What the microphone got of it in the `n_samples` that end now, float32 [n_samples]."""
        begin_at = now - self._delay_s - n_samples / INPUT_RATE_HZ
        frame = np.zeros(n_samples, np.float32)
        while self._parts and self._parts[0][0] + len(self._parts[0][1]) / INPUT_RATE_HZ < begin_at - MEMORY_S:
            self._parts.popleft()
        for at, pcm in self._parts:
            offset = round((at - begin_at) * INPUT_RATE_HZ)
            first, last = max(0, offset), min(n_samples, offset + len(pcm))
            if first < last:
                frame[first:last] += pcm[first - offset : last - offset]
        return frame * np.float32(self._gain * self._loudness)


class Microphone:
    """Frames of 20 ms, PCM16 mono at 16 kHz, never digital silence."""

    def __init__(self, seed: int = 0) -> None:
        self.echo: Echo | None = None
        self._rng = np.random.default_rng(seed)
        self._to_say: deque[NDArray[np.float32]] = deque()  # bounded by the clip that is being said

    def say(self, pcm: NDArray[np.float32]) -> int:
        """The fan says float32 [n] after what they are saying now. Returns in how many frames."""
        n_frames = -(-len(pcm) // FRAME_SAMPLES)
        padded = np.pad(pcm, (0, n_frames * FRAME_SAMPLES - len(pcm)))
        self._to_say.extend(padded.reshape(n_frames, FRAME_SAMPLES))
        return n_frames

    def frame(self, now: float) -> bytes:
        """The 20 ms that end now."""
        heard = self._rng.standard_normal(FRAME_SAMPLES) * NOISE
        if self._to_say:
            heard += self._to_say.popleft()
        if self.echo:
            heard += self.echo.heard(now, FRAME_SAMPLES)
        data: bytes = (np.clip(heard, -1.0, 1.0) * 32767).astype("<i2").tobytes()
        return data
