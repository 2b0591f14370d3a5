"""What can be measured of a moving mouth against the phonemes it should show. Pure: weights and spans in, numbers out.

Every measure works on ARKit weights [frames, 52] alone, so that any rule can be held against it; frame k belongs to
sample k * 400 of the clause. What comes next: face.py runs the rules and prints the figures.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from avatar.blendshapes import ARKIT_52, INDEX, Weights, lip_gap
from avatar.visemes import PAUSE_SAMPLES, MouthTarget, mouth_targets
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, PhonemeSpan

FRAME_MS = 1000 * SAMPLES_PER_FACE_FRAME / OUTPUT_RATE_HZ
CLOSED_GAP = 0.0  # of lip_gap: the lips meet
TOUCHING_GAP = 0.05  # the lower lip is at the teeth
_TOUCHING = {"PP": CLOSED_GAP, "FF": TOUCHING_GAP}
VISIBLE_CHANGE = 0.12  # two shapes nearer than this (distance of weights) look the same: there is no onset to see
_MOUTH = [i for i, name in enumerate(ARKIT_52) if name.startswith(("jaw", "mouth", "tongue"))]
_ROUND = [INDEX["mouthFunnel"], INDEX["mouthPucker"]]
_LIDS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


def sounds(phonemes: Sequence[PhonemeSpan]) -> tuple[MouthTarget, ...]:
    """The synthesiser's own phonemes as (viseme, span), none stretched, none absorbed, none merged."""
    return tuple(target for p in phonemes for target in mouth_targets([p]))


def onset_errors_ms(weights: Weights, spoken: Sequence[MouthTarget]) -> Iterator[float]:
    """For each boundary between two sounds: when does the mouth show the second, against when it begins to sound.

    Signed: negative is early. A closing sound is shown from the moment of contact on, for that is what its beginning
    sounds like; every other (and one that finds the lips shut already) from half way between the shapes that the
    rule itself shows in the middle of both sounds, so that no table is preferred. A boundary between shapes that look
    the same has no onset and is left out.
    """
    mouth = weights[:, _MOUTH].astype(np.float64)
    gap = lip_gap(weights).astype(np.float64)[:, None]
    for before, after, earliest_samples in _boundaries(spoken):
        times = np.linspace(_middle(before), _middle(after), 64)
        start, goal = _at(mouth, times[0]), _at(mouth, times[-1])
        size = float(np.square(goal - start).sum())
        if size < VISIBLE_CHANGE**2:
            continue
        touch = _TOUCHING.get(after.viseme)
        if touch is not None and _at(gap, times[0])[0] > touch:
            shown = np.array([_at(gap, t)[0] <= touch for t in times])
        else:
            shown = np.array([(_at(mouth, t) - start) @ (goal - start) >= 0.5 * size for t in times])
        shown[-1] = True  # at the latest: a contact that never comes counts as late as can be
        at = times[int(np.argmax(shown))]
        earliest, latest = (
            at_samples / SAMPLES_PER_FACE_FRAME for at_samples in (earliest_samples, after.start_samples)
        )
        yield (at - min(max(at, earliest), latest)) * FRAME_MS


def _boundaries(spoken: Sequence[MouthTarget]) -> Iterator[tuple[MouthTarget, MouthTarget, int]]:
    """Two sounds that follow each other and look different, and the sample from which the second may be shown.

    That is its beginning; after a word gap (a space, not a phoneme, and seldom silent) it is the beginning of the gap.
    """
    before: MouthTarget | None = None
    gap_from: int | None = None
    for target in spoken:
        if target.viseme == "sil" and target.length_samples < PAUSE_SAMPLES:
            gap_from = target.start_samples if gap_from is None else gap_from
            continue
        if before is not None and before.viseme != target.viseme:
            yield before, target, target.start_samples if gap_from is None else gap_from
        before, gap_from = target, None


def _middle(target: MouthTarget) -> float:
    return (target.start_samples + target.end_samples) / 2 / SAMPLES_PER_FACE_FRAME


def _at(mouth: NDArray[np.float64], frame: float) -> NDArray[np.float64]:
    """The mouth at a fractional frame, as a client shows it: between two frames in proportion."""
    frame = min(max(frame, 0.0), len(mouth) - 1.0)
    k = int(frame)
    after = mouth[min(k + 1, len(mouth) - 1)]
    return np.asarray(mouth[k] + (after - mouth[k]) * (frame - k))


def contacts(weights: Weights, spoken: Sequence[MouthTarget], viseme: str) -> Iterator[bool]:
    """For each p, b, m ("PP") or f, v ("FF"): is the contact seen while it sounds, give or take one frame?"""
    gap = lip_gap(weights)
    rounded = weights[:, _ROUND].sum(axis=1)
    rolled = weights[:, INDEX["mouthRollLower"]] + weights[:, INDEX["mouthUpperUpLeft"]]
    for target in spoken:
        if target.viseme != viseme:
            continue
        first = max(0, int(target.start_samples / SAMPLES_PER_FACE_FRAME) - 1)
        last = int(target.end_samples / SAMPLES_PER_FACE_FRAME) + 2
        near = slice(first, last)
        if viseme == "PP":
            yield bool(gap[near].min() <= CLOSED_GAP)
        else:
            yield bool(((gap[near] <= TOUCHING_GAP) & (rolled[near] > 0.2) & (rounded[near] < 0.35)).any())


def seam_jumps(frames: Weights, cuts: Sequence[int]) -> NDArray[np.float32]:
    """The largest change of any weight but the lids over each cut (a frame number), float32 [cuts]."""
    moved = np.abs(np.diff(np.delete(frames, _LIDS, axis=1), axis=0)).max(axis=1)
    return np.asarray(moved[[cut - 1 for cut in cuts if 0 < cut < len(frames)]], np.float32)


def jitter(weights: Weights) -> float:
    """How much the lip gap trembles: the share of its movement that turns back within a frame."""
    gap = lip_gap(weights).astype(np.float64)
    speed = np.diff(gap)
    turned = np.minimum(np.abs(speed[1:]), np.abs(speed[:-1])) * (speed[1:] * speed[:-1] < 0)
    return float(turned.sum() / max(np.abs(speed).sum(), 1e-9))


def shape_agreement(weights: Weights, reference: Weights) -> float:
    """Correlation of two mouths' lip gaps, 1.0 the same; how near a rule without times comes to the exact one."""
    n = min(len(weights), len(reference))
    a, b = lip_gap(weights[:n]), lip_gap(reference[:n])
    return float(np.corrcoef(a, b)[0, 1]) if n > 2 and a.std() > 0 and b.std() > 0 else 0.0


def clock_skew_ms(seconds: float, display_hz: float, phase: float, clock_step_s: float = 0.0) -> NDArray[np.float64]:
    """Audio-face skew at every millisecond, of a client that follows PROTOCOL.md: for each picture it asks which
    sample is heard and shows the face there, and the picture stays until the next. Positive: the face is late.

    The position that the audio device reports moves in steps of `clock_step_s`. Simulated, not filmed.
    """
    instants = np.arange(1.0 / display_hz, seconds, 0.001)
    drawn_at = (np.floor(instants * display_hz - phase) + phase) / display_hz
    shown = np.floor(drawn_at / clock_step_s) * clock_step_s if clock_step_s else drawn_at
    return np.asarray((instants - shown) * 1000)
