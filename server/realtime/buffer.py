"""The input audio buffer: what a client appends, counted against real time, and kept until it is committed.

What comes next: talk.py gives it to the session.
"""

from collections.abc import Callable, Iterator
from typing import Final

from protocol.errors import MalformedError
from protocol.timeline import OUTPUT_RATE_HZ, AudioFormat
from server.realtime.client_events import RefusedError
from server.wire_audio import Microphone

_BYTES_PER_S: Final = 2 * OUTPUT_RATE_HZ
MAX_KEPT_S: Final = 30  # the longest turn that may be committed by hand
MIN_COMMIT_MS: Final = 100  # as OpenAI asks for
PIECE_BYTES: Final = _BYTES_PER_S
CLOSING_SILENCE: Final = bytes(_BYTES_PER_S // 2)  # a committed turn ends in silence, or the session would wait for it


class AudioBuffer:
    """One client's input audio: PCM16 mono at 24 kHz."""

    def __init__(self, max_ahead_ms: int, clock: Callable[[], float]) -> None:
        self._microphone = Microphone(AudioFormat("pcm16", OUTPUT_RATE_HZ), max_ahead_ms, clock)
        self._kept = bytearray()  # at most MAX_KEPT_S; what is more is refused
        self._committed = b""
        self._taken_bytes = 0

    @property
    def heard_ms(self) -> int:
        """How much was appended since the session began."""
        return self._taken_bytes * 1000 // _BYTES_PER_S

    @property
    def committed(self) -> bool:
        """Whether a turn waits for its response."""
        return bool(self._committed)

    def take(self, audio: bytes) -> bytes:
        """Counts what was appended. Raises RateError when it is too far ahead, MalformedError for half a sample."""
        if len(audio) % 2:
            raise MalformedError(f"{len(audio)} bytes are not whole PCM16 samples")
        heard = self._microphone.take(audio)
        self._taken_bytes += len(heard)
        return heard

    def keep(self, audio: bytes) -> None:
        """Without turn detection: kept until `commit`. Raises RefusedError when the buffer is full."""
        if len(self._kept) + len(audio) > MAX_KEPT_S * _BYTES_PER_S:
            raise RefusedError("input_audio_buffer_full", f"a turn has at most {MAX_KEPT_S} s", "audio")
        self._kept += audio

    def clear(self) -> None:
        """Forgets what was not committed."""
        self._kept.clear()

    def commit(self) -> None:
        """What is kept is a turn now. Raises RefusedError while another waits, and for less than MIN_COMMIT_MS."""
        if self._committed:
            raise RefusedError("illegal_state", "a committed turn waits for its response.create", "type")
        if len(self._kept) * 1000 < MIN_COMMIT_MS * _BYTES_PER_S:
            raise RefusedError("input_audio_buffer_commit_empty", f"less than {MIN_COMMIT_MS} ms were appended", "type")
        self._committed, self._kept = bytes(self._kept), bytearray()

    def take_committed(self) -> Iterator[bytes]:
        """The committed turn and the silence after it, in pieces of a second; it is not kept any more."""
        turn, self._committed = self._committed + CLOSING_SILENCE, b""
        return (turn[begin : begin + PIECE_BYTES] for begin in range(0, len(turn), PIECE_BYTES))
