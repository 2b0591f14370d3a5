"""The face of one session: speaking, listening, interrupted; every frame continues the one before.

Joins the speaking mouth (blendshapes.py) and the living face (expression.py) on the reply's clock, one frame for
every SAMPLES_PER_FACE_FRAME samples, as the bytes that go on the wire. What comes next: the hallway puts a FaceSlice
beside the audio it belongs to.

Between two slices no weight moves more than SEAM_STEP in a frame; only `close_mouth` may.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.audio_visemes import mouth_from_audio, viseme_spans
from avatar.blendshapes import (
    ARKIT_52,
    INDEX,
    N_MOUTH,
    SIL,
    VISEME_POSES,
    Weights,
    loudness_opening,
    mouth,
    resting_mouth,
)
from avatar.channels import N_CHANNELS, Frames, as_bytes, as_weights
from avatar.emotion import Emotion
from avatar.expression import Expression, Manners
from avatar.life import Attention
from avatar.posture import of_attention, of_feeling
from avatar.visemes import merged, mouth_targets
from protocol.timeline import FACE_FPS, SAMPLES_PER_FACE_FRAME, Gesture, GestureCue, PhonemeSpan, PostureCue, VisemeSpan

SEAM_STEP: Final = 0.15
_SEAM_BYTES: Final = int(SEAM_STEP * 255)
_OFFSET_STEP: Final = 0.12  # what is left of the mouth before a seam goes away at this much a frame
_CLOSING_FRAMES: Final = FACE_FPS * 200 // 1000
_MOOD_FRAMES: Final = FACE_FPS * 4  # how long a reply's feeling lingers on the listening face

_CORNERS: Final = np.array([i for n, i in INDEX.items() if n[:10] in {"mouthSmile", "mouthFrown", "mouthDimpl"}])
_PRESSED: Final = np.array([i for n, i in INDEX.items() if n[:10] in {"mouthShrug", "mouthPress", "mouthStret"}])
_ROUND: Final = [INDEX["mouthFunnel"], INDEX["mouthPucker"]]
_ROLLED: Final = INDEX["mouthRollLower"]
SPOKEN: Final = np.array(
    [i for i, n in enumerate(ARKIT_52) if n.startswith(("jaw", "mouth", "tongue")) and i not in set(_CORNERS.tolist())]
    + list(range(len(ARKIT_52), N_MOUTH))
)


@dataclass(frozen=True, slots=True)
class FaceSlice:
    """The face of one clause: uint8 [k, N_CHANNELS] (channels.py), its visemes and the body's posture on the reply's
    clock.
    """

    frames: Frames
    visemes: tuple[VisemeSpan, ...]
    posture: PostureCue


class Face:
    """Renders ahead of what is heard. Deterministic: the same seed and the same calls give the same bytes."""

    def __init__(self, *, seed: int, manners: Manners = Manners()) -> None:  # noqa: B008 (frozen)
        self._expression = Expression(seed, manners)
        self._energy = manners.energy
        self._mood = Emotion()
        self._mood_left = 0
        self._mouth: Weights = resting_mouth(1)[0]
        # what was shown last minus what these layers would have shown
        self._residue: Weights = np.zeros(N_CHANNELS, np.float32)
        self._last = as_bytes(_joined(resting_mouth(1), self._expression.fork().advance(1)))[0]
        self._reply: tuple[Frames, ...] = ()

    def fork(self) -> "Face":
        """A twin for a reply that may never be heard; adopt it by keeping it instead of this one."""
        twin = copy.copy(self)
        twin._expression = self._expression.fork()
        return twin

    def begin_reply(self) -> None:
        """A new reply: its first clause begins at sample 0."""
        self._reply = ()

    def clause(
        self,
        spoken_phonemes: Sequence[PhonemeSpan],
        pcm: NDArray[np.float32],
        start_samples: int,
        emotion: Emotion,
        gestures: Sequence[GestureCue] = (),
    ) -> FaceSlice:
        """The face for `pcm` (float32 at OUTPUT_RATE_HZ), which starts at `start_samples` of the reply.

        Phoneme spans and `gestures` count from the clause's beginning. What of a gesture a head can do is in the
        frames. Without phonemes the mouth comes from the sound. Raises ValueError when `pcm` is not whole face frames.
        """
        n_frames, odd = divmod(len(pcm), SAMPLES_PER_FACE_FRAME)
        if odd:
            raise ValueError(f"{len(pcm)} samples are not whole face frames of {SAMPLES_PER_FACE_FRAME}")
        self._expression.feel(emotion)
        self._mood, self._mood_left = emotion, _MOOD_FRAMES
        for cue in gestures:
            self._expression.gesture(cue.name, cue.start_samples // SAMPLES_PER_FACE_FRAME)
        spoken, spans, stressed = _spoken(spoken_phonemes, pcm)
        rest = self._expression.advance(n_frames)
        rest += self._expression.accents(stressed, n_frames, emotion.arousal)
        frames = self._continue(spoken, rest)
        if n_frames:
            self._reply += (frames,)
        return FaceSlice(frames, _moved(spans, start_samples), of_feeling(emotion, start_samples, self._energy))

    def live(self, mouth: Weights, emotion: Emotion) -> Frames:
        """Frames around a mouth that comes from a live voice: what `AudioMouth.feed` gave, [k, N_MOUTH]."""
        self._expression.feel(emotion)
        return self._continue(mouth, self._expression.advance(len(mouth)))

    def close_mouth(self, heard_samples: int | None = None) -> Frames:
        """The way out of a reply that was cut: the mouth is shut in the very first frame, the rest fades.

        `heard_samples` of the reply were heard: the frames go on from the one then shown instead of the last one
        rendered.
        """
        shown = self._last.copy()
        if heard_samples is not None and self._reply:
            reply = np.concatenate(self._reply)
            shown = reply[min(max(heard_samples, 0) // SAMPLES_PER_FACE_FRAME, len(reply) - 1)].copy()
        self._residue = as_weights(shown) - as_weights(self._last) + self._residue
        self._residue[SPOKEN] = 0.0
        shown[SPOKEN] = 0
        shown[SIL] = 255
        self._last, self._reply, self._mouth = shown, (), resting_mouth(1)[0]
        return self.listen(_CLOSING_FRAMES, "listening")

    def listen(
        self, n_frames: int, attention: Attention, *, nod: bool = False, mirrored: Emotion | None = None
    ) -> Frames:
        """Frames between replies, uint8 [n_frames, N_CHANNELS]; `nod` acknowledges what the fan has just said.

        `mirrored` is what the fan seems to feel, if it is strong and they allow us to ask.
        """
        mood = self._mood if self._mood_left > 0 else Emotion()
        self._mood_left -= n_frames
        self._expression.attend(attention, mood, mirrored)
        if nod:
            self._expression.nod()
        return self._continue(resting_mouth(n_frames), self._expression.advance(n_frames))

    def posture(self, attention: Attention) -> PostureCue:
        """How the body is held between replies."""
        return of_attention(attention, self._energy)

    def gesture(self, name: Gesture) -> None:
        """Makes a gesture with the next frames, whatever they are."""
        self._expression.gesture(name)

    def _continue(self, spoken: Weights, rest: Weights) -> Frames:
        """Joins mouth and expression to what was shown before, and remembers where they end."""
        n_frames = len(spoken)
        if not n_frames:
            return np.zeros((0, N_CHANNELS), np.uint8)
        grip = np.clip(spoken[:, [_ROLLED]] / VISEME_POSES["PP"][_ROLLED], 0.0, 1.0)
        grip[0] = 0.0  # the first frame belongs to the seam
        offset = fading(self._mouth - spoken[0], n_frames)
        round_offset = offset[:, _ROUND]
        offset *= 1.0 - grip  # lips that meet do so at once, ...
        offset[:, _ROUND] = round_offset  # ... however round they still are
        spoken = np.clip(spoken + offset, 0.0, 1.0)
        residue = fading(self._residue, n_frames)
        frames = as_bytes(_joined(spoken, rest) + residue)
        low, high = self._last.astype(int) - _SEAM_BYTES, self._last.astype(int) + _SEAM_BYTES
        frames[0] = np.clip(frames[0], np.maximum(low, 0), np.minimum(high, 255))
        self._mouth, self._residue, self._last = spoken[-1], residue[-1], frames[-1]
        return frames


def calm_cuts(frames: Frames, longest: int) -> list[int]:
    """Where to cut a clause into slices of at most `longest` frames: each begins at the calmest of the last few frames
    that it may begin at. Returns the first frame of every slice, 0 among them.
    """
    moved = np.abs(np.diff(frames[:, : len(ARKIT_52)].astype(np.int16), axis=0)).max(
        axis=1
    )  # moved[k - 1]: from frame k - 1 to k
    cuts, at = [0], 0
    while len(frames) - at > longest:
        first = at + longest - longest // 3
        at = first + int(moved[first - 1 : at + longest].argmin())
        cuts.append(at)
    return cuts


def _spoken(
    phonemes: Sequence[PhonemeSpan], pcm: NDArray[np.float32]
) -> tuple[Weights, tuple[VisemeSpan, ...], list[int]]:
    """The mouth of a clause, its visemes, and the frames in which stressed syllables begin."""
    if not phonemes:
        spoken = mouth_from_audio(pcm)
        return spoken, viseme_spans(spoken), []
    targets = mouth_targets(phonemes, len(pcm))
    spoken = mouth(targets, len(pcm) // SAMPLES_PER_FACE_FRAME, loudness_opening(pcm))
    stressed = [t.start_samples // SAMPLES_PER_FACE_FRAME for t in targets if t.stress == 1.0]
    return spoken, merged(targets), stressed


def _joined(spoken: Weights, rest: Weights) -> Weights:
    """Speech [k, N_MOUTH] and expression [k, N_CHANNELS] in one face: speech has the lips, feeling keeps the corners
    as far as speech lets it.
    """
    rounding = np.minimum(spoken[:, _ROUND].sum(axis=1, keepdims=True), 1.0)
    grip = np.minimum(spoken[:, [_ROLLED]] / VISEME_POSES["PP"][_ROLLED], 1.0)
    speaking = np.minimum(3.0 * spoken[:, [INDEX["jawOpen"]]] + rounding + grip, 1.0)
    face = rest.copy()
    face[:, _CORNERS] *= 1.0 - np.minimum(0.45 * rounding + 0.20 * grip, 0.6)
    face[:, _PRESSED] *= 1.0 - speaking
    face[:, :N_MOUTH] += spoken
    return face


def fading(offset: Weights, n_frames: int) -> Weights:
    """An offset [channels] on its way to zero, the same amount every frame: [n_frames, channels]."""
    left = np.abs(offset) - np.float32(_OFFSET_STEP) * np.arange(1, n_frames + 1, dtype=np.float32)[:, None]
    return np.asarray(np.sign(offset) * np.maximum(left, 0.0), np.float32)


def _moved(spans: Sequence[VisemeSpan], by_samples: int) -> tuple[VisemeSpan, ...]:
    return tuple(VisemeSpan(s.viseme, s.start_samples + by_samples, s.end_samples + by_samples) for s in spans)
