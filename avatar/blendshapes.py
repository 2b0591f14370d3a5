"""Mouth targets in, ARKit blendshape weights out: the viseme table and the co-articulation between its rows.

Every target pulls on every frame with a dominance that fades with its distance in time (after Cohen and Massaro,
1993): sounds blend, short ones never quite arrive, lips round for a vowel before it is heard. What a viewer must see
is then laid over it: closed lips for p b m, lip on teeth for f v. What comes next: expression.py adds the feeling,
face.py joins both on the reply's clock.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from avatar.visemes import CONTACTS, VISEMES, MouthTarget
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, Viseme

Weights = NDArray[np.float32]

#: Apple's 52 names in the order of Azure's viseme event (without its three rotations).
ARKIT_52: Final = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
    "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip

N_WEIGHTS: Final = len(ARKIT_52)
N_MOUTH: Final = N_WEIGHTS + len(VISEMES)  # the columns of a mouth: ARKit's, then how much of each viseme
SIL: Final = N_WEIGHTS + VISEMES.index("sil")
INDEX: Final[Mapping[str, int]] = {name: i for i, name in enumerate(ARKIT_52)}


def pose(**weights: float) -> Weights:
    """A face, float32 [52], from names; `mouthSmile=0.4` sets both sides. Raises KeyError for an unknown name."""
    face = np.zeros(N_WEIGHTS, np.float32)
    for name, weight in weights.items():
        for side in [name] if name in INDEX else [f"{name}Left", f"{name}Right"]:
            face[INDEX[side]] = weight
    return face


#: How each viseme stands when held. f and v keep the lips flat and spread: rounding them is the classic mistake.
#: Openings are those of talk, not of song: `aa` is half an open jaw.
VISEME_POSES: Final[Mapping[Viseme, Weights]] = {
    "sil": pose(),
    "PP": pose(jawOpen=0.02, mouthClose=0.10, mouthPress=0.45, mouthRollLower=0.32, mouthRollUpper=0.28),
    "FF": pose(jawOpen=0.04, mouthRollLower=0.46, mouthUpperUp=0.20, mouthStretch=0.10, mouthPress=0.08),
    "TH": pose(jawOpen=0.13, mouthLowerDown=0.20, mouthUpperUp=0.12, mouthStretch=0.08, tongueOut=0.20),
    "DD": pose(jawOpen=0.12, mouthLowerDown=0.20, mouthUpperUp=0.10, mouthStretch=0.10),
    "kk": pose(jawOpen=0.18, mouthLowerDown=0.16, mouthUpperUp=0.08),
    "CH": pose(jawOpen=0.09, mouthFunnel=0.50, mouthPucker=0.18, mouthLowerDown=0.12, mouthUpperUp=0.10),
    "SS": pose(jawOpen=0.05, mouthStretch=0.20, mouthDimple=0.10, mouthLowerDown=0.24, mouthUpperUp=0.12),
    "nn": pose(jawOpen=0.11, mouthLowerDown=0.18, mouthUpperUp=0.07, mouthStretch=0.06),
    "RR": pose(jawOpen=0.12, mouthFunnel=0.30, mouthPucker=0.20, mouthLowerDown=0.08),
    "aa": pose(jawOpen=0.52, mouthLowerDown=0.24, mouthUpperUp=0.12, mouthStretch=0.05),
    "E": pose(jawOpen=0.31, mouthStretch=0.20, mouthDimple=0.10, mouthLowerDown=0.24, mouthUpperUp=0.14),
    "ih": pose(jawOpen=0.17, mouthStretch=0.28, mouthDimple=0.14, mouthLowerDown=0.22, mouthUpperUp=0.12),
    "oh": pose(jawOpen=0.34, mouthFunnel=0.45, mouthPucker=0.26, mouthLowerDown=0.05),
    "ou": pose(jawOpen=0.13, mouthFunnel=0.28, mouthPucker=0.70),
}

#: How strongly a viseme insists on its jaw, its lips and its rounding. Tongue sounds leave the lips to the vowels.
_DOMINANCE: Final[Mapping[Viseme, tuple[float, float, float]]] = {
    "sil": (0.90, 0.90, 0.90), "PP": (0.60, 0.60, 0.30), "FF": (0.60, 0.60, 0.60), "TH": (0.80, 0.80, 0.25),
    "DD": (0.50, 0.45, 0.15), "kk": (0.60, 0.60, 0.10), "CH": (1.20, 1.00, 1.20), "SS": (1.10, 0.90, 0.45),
    "nn": (0.60, 0.55, 0.15), "RR": (0.60, 0.50, 0.70), "aa": (1.00, 1.00, 0.80), "E": (1.00, 1.00, 0.90),
    "ih": (1.00, 1.00, 0.90), "oh": (1.00, 1.00, 1.20), "ou": (1.00, 1.00, 1.40),
}  # fmt: skip

_MOUTH: Final = slice(INDEX["jawForward"], INDEX["mouthUpperUpRight"] + 1)
_JAW: Final = np.array([INDEX["jawOpen"]])
_ROUND: Final = np.array([INDEX["mouthFunnel"], INDEX["mouthPucker"]])
_LIPS: Final = np.array(
    [i for i in (*range(_MOUTH.start, _MOUTH.stop), INDEX["tongueOut"]) if i not in {*_JAW.tolist(), *_ROUND.tolist()}]
)
_SHARES: Final = np.arange(N_WEIGHTS, N_MOUTH)
_WIDTH: Final = np.array([INDEX["jawOpen"], *(i for n, i in INDEX.items() if n[:10] in {"mouthLower", "mouthUpper"})])

#: Channels, and how early (before) and how long (after) they feel a neighbour. Rounding is seen 60-120 ms ahead.
#: A sound is left faster than it is made ready for: what is over need not be seen any more.
_GROUPS: Final = ((_JAW, 42, 12), (np.concatenate([_LIPS, _SHARES]), 42, 12), (_ROUND, 90, 22))
_REST_AFTER_MS: Final = 10  # out of a pause the mouth opens at once

_POSES: Final = np.hstack([np.stack([VISEME_POSES[v] for v in VISEMES]), np.eye(len(VISEMES), dtype=np.float32)])
_ROW: Final[Mapping[Viseme, int]] = {v: i for i, v in enumerate(VISEMES)}
_LEAD: Final = 0.5  # a frame shows the mouth of its middle, so that a picture that is held for one is never behind
_CLOSING_SAMPLES: Final = OUTPUT_RATE_HZ * 30 // 1000  # how long lips take to meet, and to part
_UNROUNDS: Final[Mapping[Viseme, float]] = {"PP": 0.5, "FF": 0.75}  # share of the rounding that a contact takes
_PRESSING_SAMPLES: Final = OUTPUT_RATE_HZ * 18 // 1000  # from the first touch, which is what is heard, to firm contact


def mouth(targets: Sequence[MouthTarget], n_frames: int, opening: Weights | None = None) -> Weights:
    """The speaking mouth alone, float32 [n_frames, N_MOUTH]; frame k belongs to sample k * SAMPLES_PER_FACE_FRAME.

    Columns: ARKit's 52 weights, then the shares of the 15 visemes, which add up to 1 (what is not open is `sil`).
    `opening` [n_frames] scales how wide the jaw and lips open (1.0: as in the table), see `loudness_opening`.
    """
    weights = resting_mouth(n_frames)
    if not targets or not n_frames:
        return weights
    at = (np.arange(n_frames, dtype=np.float32) + np.float32(_LEAD)) * SAMPLES_PER_FACE_FRAME
    starts = np.array([t.start_samples for t in targets], np.float32)
    ends = np.array([t.end_samples for t in targets], np.float32)
    rows = np.array([_ROW[t.viseme] for t in targets])
    amount = np.array([_amount(t) for t in targets], np.float32)
    poses = _POSES[rows] * amount[:, None]
    strengths = (
        np.array([_DOMINANCE[t.viseme] for t in targets], np.float32) * np.sqrt(np.maximum(amount, 0.2))[:, None]
    )
    until = np.maximum(starts - at[:, None], 0.0)
    since = np.maximum(at[:, None] - ends, 0.0)
    resting = np.array([t.viseme == "sil" for t in targets])
    for group, (channels, before_ms, after_ms) in enumerate(_GROUPS):
        per_sample = 1000 / OUTPUT_RATE_HZ
        left_ms = np.where(resting, _REST_AFTER_MS, after_ms)
        distance = until * (per_sample / before_ms) + since * (per_sample / left_ms)
        pull = np.exp(-(np.minimum(distance, 8.0) ** 2)) * strengths[:, group]
        weights[:, channels] = pull @ poses[:, channels] / pull.sum(axis=1, keepdims=True)
    if opening is not None:
        weights[:, _WIDTH] *= opening[:, None]
        weights[:, _SHARES] *= np.minimum(opening, 1.0)[:, None]
    weights = _with_contacts(np.clip(weights, 0.0, 1.0), targets, at)
    weights[:, SIL] = 0.0
    open_share = weights[:, _SHARES].sum(axis=1)
    weights[:, _SHARES] /= np.maximum(open_share, 1.0)[:, None]
    weights[:, SIL] = np.maximum(1.0 - open_share, 0.0)
    return weights


def resting_mouth(n_frames: int) -> Weights:
    """Nothing said, [n_frames, N_MOUTH]."""
    weights = np.zeros((n_frames, N_MOUTH), np.float32)
    weights[:, SIL] = 1.0
    return weights


def _amount(target: MouthTarget) -> float:
    """How much of its pose a target asks for: consonants all; vowels less when fast, more when stressed."""
    if target.viseme == "sil" or target.viseme in CONTACTS:
        return 1.0
    pace: float = min(max(target.length_samples / (OUTPUT_RATE_HZ * 0.1), 0.25), 1.5) ** 0.2
    return min(target.opening * pace * (1.0 + 0.08 * target.stress), 1.15)


def _with_contacts(weights: Weights, targets: Sequence[MouthTarget], at: Weights) -> Weights:
    """Lays lip closure and lip-teeth contact over blended weights, so that none is lost however short it is."""
    contacts = [t for t in targets if t.viseme in CONTACTS]
    if not contacts:
        return weights
    poses = _POSES[[_ROW[t.viseme] for t in contacts]]
    starts = np.array([t.start_samples for t in contacts], np.float32)
    firm = starts + _PRESSING_SAMPLES
    # Lips part before a stop's burst, so the last third already opens; two frames are the least an eye can catch.
    shut = np.array([max(0.65 * t.length_samples, 2 * SAMPLES_PER_FACE_FRAME) for t in contacts], np.float32)
    outside = np.maximum(firm - at[:, None], at[:, None] - np.maximum(firm, starts + shut))
    near = np.clip(1.0 - outside / _CLOSING_SAMPLES, 0.0, 1.0)
    near = near * near * (3.0 - 2.0 * near) * np.array([t.opening for t in contacts], np.float32)
    _give_each_a_frame(near, contacts)
    share = near**4 + 1e-12
    target = share @ poses / share.sum(axis=1, keepdims=True)
    grip = near.max(axis=1, keepdims=True)
    # "boo" closes with rounded lips; for the "f" of "you flew" they must be nearly flat.
    lost = np.array([_UNROUNDS[t.viseme] for t in contacts], np.float32)[:, None]
    rounding = weights[:, _ROUND] * (1.0 - grip * (share @ lost) / share.sum(axis=1, keepdims=True))
    blended = weights * (1.0 - grip) + target.astype(np.float32) * grip
    blended[:, _ROUND] = rounding
    return np.asarray(blended, np.float32)


def _give_each_a_frame(near: Weights, contacts: Sequence[MouthTarget]) -> None:
    """Where lips and teeth follow each other at once, each contact owns one frame in which the others are absent.

    Frame 0 is left alone: it belongs to the seam with what was shown before.
    """
    last = len(near) - 1
    frame = min(1, last)
    for i, contact in enumerate(contacts):
        first_inside = -(-contact.start_samples // SAMPLES_PER_FACE_FRAME) - int(_LEAD)
        frame = min(max(frame, first_inside), last)
        near[frame] = 0.0
        near[frame, i] = contact.opening
        if i + 1 < len(contacts) and contacts[i + 1].viseme != contact.viseme:
            frame += 1


def loudness_opening(pcm: NDArray[np.float32]) -> Weights:
    """How wide a clause is spoken, [n / SAMPLES_PER_FACE_FRAME], from its own sound (float32 at OUTPUT_RATE_HZ).

    About 1.0 in the middle of a syllable of ordinary loudness, 0.6 to 1.25 around it, and towards 0 where nothing
    is to be heard within a tenth of a second, whatever the phonemes say.
    """
    if not len(pcm):
        return np.zeros(0, np.float32)
    power = np.square(pcm.reshape(-1, SAMPLES_PER_FACE_FRAME)).mean(axis=1)
    bell = np.hanning(9)[1:-1]
    level = np.sqrt(np.convolve(power, bell / bell.sum(), mode="full")[3 : 3 + len(power)])
    usual = max(float(np.percentile(level, 85)), 0.01)
    padded = np.pad(level, 7)
    nearby = np.lib.stride_tricks.sliding_window_view(padded, 15).max(axis=1)[: len(level)]
    overall = np.clip((usual / 0.08) ** 0.25, 0.8, 1.15)
    syllable = 0.72 + 0.28 * np.clip(level / usual, 0.0, 1.3) ** 0.5
    audible = np.clip(nearby / (0.08 * usual), 0.0, 1.0)
    return np.asarray(overall * syllable * audible, np.float32)


def lip_gap(weights: Weights) -> Weights:
    """How far the lips stand apart, [frames], from weights [frames, 52 or more]: 0 or less is closed, `aa` about 0.6.

    A rule of thumb over the shapes that move the lips in any ARKit rig; the lower lip rolled in over the teeth
    counts as contact too. Used to check closure without a rig.
    """
    gap = pose(jawOpen=1.0, mouthClose=-1.0, mouthFunnel=0.3, mouthLowerDown=0.12, mouthUpperUp=0.12)
    gap += pose(mouthPress=-0.12, mouthRollLower=-0.2, mouthRollUpper=-0.1, mouthShrugLower=-0.15)
    return np.asarray(weights[:, :N_WEIGHTS] @ gap, np.float32)
