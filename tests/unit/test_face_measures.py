"""The bench's measures can tell a good mouth from a bad one."""

import numpy as np
import pytest

from avatar.blendshapes import INDEX, mouth
from avatar.visemes import mouth_targets
from bench.face_measures import clock_skew_ms, contacts, jitter, onset_errors_ms, seam_jumps, shape_agreement, sounds
from protocol.timeline import SAMPLES_PER_FACE_FRAME, PhonemeSpan

JAW = INDEX["jawOpen"]


def said(text="ɑmɑfisu", ms=100):
    spans = [PhonemeSpan(c, i * ms * 24, (i + 1) * ms * 24) for i, c in enumerate(text)]
    n_samples = -(-len(text) * ms * 24 // SAMPLES_PER_FACE_FRAME) * SAMPLES_PER_FACE_FRAME
    targets = mouth_targets(spans, n_samples)
    return mouth(targets, n_samples // SAMPLES_PER_FACE_FRAME)[:, :52], sounds(spans)


def p95(weights, spoken):
    return np.percentile(np.abs(list(onset_errors_ms(weights, spoken))), 95)


def test_a_mouth_in_time_is_told_from_a_late_one():
    weights, spoken = said()
    assert p95(weights, spoken) < 25
    late = np.roll(weights, 3, axis=0)
    late[:3] = weights[0]
    assert np.median(list(onset_errors_ms(late, spoken))) > 20


def test_a_mouth_that_never_closes_is_caught():
    weights, spoken = said()
    assert list(contacts(weights, spoken, "PP")) == list(contacts(weights, spoken, "FF")) == [True]
    gaping = weights.copy()
    gaping[:, JAW] = 0.5
    assert list(contacts(gaping, spoken, "PP")) == list(contacts(gaping, spoken, "FF")) == [False]
    pouting = weights.copy()
    pouting[:, INDEX["mouthFunnel"]] = 0.8
    assert list(contacts(pouting, spoken, "FF")) == [False]


def test_jumps_and_trembling_are_counted():
    weights, _ = said()
    assert seam_jumps(weights, [10]).max() < 0.4
    torn = weights.copy()
    torn[10:, JAW] += 0.5
    assert seam_jumps(torn, [10]).max() > 0.4
    trembling = weights.copy()
    trembling[::2, JAW] += 0.1
    assert jitter(trembling) > 3 * jitter(weights)


def test_agreement_is_one_with_oneself_and_none_with_a_still_mouth():
    weights, _ = said()
    assert shape_agreement(weights, weights) == pytest.approx(1.0)
    assert shape_agreement(np.zeros_like(weights), weights) == 0.0


def test_a_picture_is_late_by_as_long_as_it_is_held():
    assert np.percentile(clock_skew_ms(5, 60, 0.3), 95) == pytest.approx(0.95 * 1000 / 60, abs=0.5)
    assert clock_skew_ms(5, 60, 0.3, clock_step_s=0.02).max() > 30
