"""The face of a session as the hallway uses it: clauses, listening, interruptions, forks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avatar.blendshapes import INDEX, lip_gap
from avatar.channels import N_CHANNELS, PITCH
from avatar.emotion import Emotion
from avatar.expression import Manners
from avatar.face import SEAM_STEP, Face
from protocol.timeline import SAMPLES_PER_FACE_FRAME, PhonemeSpan, VisemeSpan

JOY, SAD, CALM = Emotion.named("joy"), Emotion.named("sadness"), Emotion()
JAW, SMILE = INDEX["jawOpen"], INDEX["mouthSmileLeft"]
LIDS = [INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"]]


def spoken(text, ms=75, frames=None):
    """Spans of one letter each and a hum that lasts as long, or `frames` face frames."""
    spans = [PhonemeSpan(c, i * ms * 24, (i + 1) * ms * 24) for i, c in enumerate(text)]
    frames = -(-len(text) * ms * 24 // SAMPLES_PER_FACE_FRAME) if frames is None else frames
    hum = 0.1 * np.sin(np.arange(frames * SAMPLES_PER_FACE_FRAME, dtype=np.float32) * 0.05)
    return spans, hum.astype(np.float32)


def jumps(frames):
    return np.abs(np.diff(frames.astype(int), axis=0)) / 255


def clause(face, text, *, start=0, emotion=CALM, ms=75, frames=None):
    return face.clause(*spoken(text, ms, frames), start, emotion)


def test_a_reply_is_spoken_clause_by_clause_on_one_clock():
    face = Face(seed=1)
    face.begin_reply()
    first = clause(face, "həlˈO", emotion=JOY)
    start = len(first.frames) * SAMPLES_PER_FACE_FRAME
    second = clause(face, "bˈɑb", start=start, emotion=JOY)

    assert first.frames.dtype == np.uint8
    assert first.frames.shape == (23, N_CHANNELS)  # five letters of 75 ms
    assert first.visemes[0] == VisemeSpan("kk", 0, 1800)
    assert second.visemes[0] == VisemeSpan("PP", start, start + 1800)
    assert first.visemes[-1].end_samples == start
    assert second.frames[-1, SMILE] > 70  # joy has arrived


def test_every_p_b_m_closes_whatever_the_feeling():
    for emotion in (CALM, JOY, SAD, Emotion.named("surprise"), Emotion.named("anger")):
        face = Face(seed=2)
        clause(face, "ɑɑɑɑ")
        slice_ = clause(face, " ɑpˈɑbˈimˈOpˈɛ", emotion=emotion, ms=50)
        weights = slice_.frames / np.float32(255)
        shut = [s for s in slice_.visemes if s.viseme == "PP"]
        assert len(shut) == 4
        for span in shut:
            frames = weights[span.start_samples // 400 : span.end_samples // 400 + 1]
            assert lip_gap(frames).min() < -0.15
            assert frames[:, JAW].min() < 0.04


#: "Oh wow, five new movies?" as hibari 0.2.1 times it, in its units of 25 ms, without the silence around it.
HIBARI_SYMBOLS = "ˈO wˈW, fˈIv nˈu mˈuviz"
HIBARI_UNITS = (3, 2, 2, 2, 5, 4, 2, 2, 2, 4, 2, 1, 2, 1, 1, 1, 1, 1, 2, 2, 3, 5, 13)


def test_real_durations_put_every_contact_within_a_frame_of_its_sound():
    ends = np.cumsum(HIBARI_UNITS) * 600
    starts = ends - np.array(HIBARI_UNITS) * 600
    spans = [PhonemeSpan(*s) for s in zip(HIBARI_SYMBOLS, starts.tolist(), ends.tolist(), strict=True)]
    _, hum = spoken("", frames=-(-int(ends[-1]) // 400))
    slice_ = Face(seed=12).clause(spans, hum, 0, JOY)

    assert [s.viseme for s in slice_.visemes if s.viseme in {"PP", "FF"}] == ["FF", "FF", "PP", "FF"]
    touching = np.flatnonzero(lip_gap(slice_.frames / np.float32(255)) <= 0.02)
    for sound in (s for s in spans if s.symbol in "fvm"):
        assert np.abs(touching - sound.start_samples / 400).min() <= 1.0


def test_feeling_leaves_speech_most_of_the_mouth():
    calm, glad = (clause(Face(seed=3), "hˈɑlˈOtˈuɹˈɑ", emotion=e).frames.astype(float) for e in (CALM, JOY))
    channels = [INDEX[n] for n in ("jawOpen", "mouthPucker", "mouthFunnel", "mouthLowerDownLeft")]
    assert np.abs(calm - glad)[:, channels].max() <= 1.0


def test_barge_in_shuts_the_mouth_in_the_very_first_frame():
    face = Face(seed=4)
    face.begin_reply()
    said = clause(face, "ˈɑˈɑˈɑ", emotion=JOY)
    assert said.frames[-1, JAW] > 60
    closing = face.close_mouth()
    assert closing.shape == (12, N_CHANNELS)
    assert lip_gap(closing / np.float32(255)).max() <= 0.01
    upper = np.array([i for n, i in INDEX.items() if not n.startswith(("mouth", "jaw", "tongue"))] + [PITCH])
    assert np.abs(closing[0].astype(int) - said.frames[-1])[upper].max() <= SEAM_STEP * 255


def test_barge_in_goes_on_from_the_frame_that_was_seen():
    face = Face(seed=4)
    face.begin_reply()
    said = clause(face, "tˈɑ" * 20, emotion=JOY)
    closing = face.close_mouth(heard_samples=2 * SAMPLES_PER_FACE_FRAME)
    assert said.frames[2, SMILE] + 60 < said.frames[-1, SMILE]
    assert abs(int(closing[0, SMILE]) - int(said.frames[2, SMILE])) <= SEAM_STEP * 255
    assert jumps(closing)[:, SMILE].max() <= SEAM_STEP


def test_listening_after_a_reply_keeps_a_trace_of_its_mood():
    face = Face(seed=5)
    clause(face, "tˈɑ" * 6, emotion=JOY)
    soon = face.listen(60, "listening")[-1, SMILE]
    later = [face.listen(60, "listening") for _ in range(6)][-1][-1, SMILE]
    assert soon > later + 15
    assert later > 10


def test_a_nod_shows_in_the_brows():
    plain, nodding = (Face(seed=6).listen(30, "listening", nod=nod) for nod in (False, True))
    brow = INDEX["browInnerUp"]
    assert nodding[:, brow].max() > plain[:, brow].max() + 25


def test_a_shy_persona_smiles_less():
    shy, usual = (
        clause(Face(seed=7, manners=manners), "tˈɑ" * 8, emotion=JOY).frames[-1, SMILE]
        for manners in (Manners(warmth=0.4), Manners())
    )
    assert shy < 0.7 * usual


def test_a_fork_that_is_dropped_leaves_no_trace():
    face, twin = Face(seed=8), Face(seed=8)
    fork = face.fork()
    fork.begin_reply()
    clause(fork, "bˈɑdˈɑ", emotion=SAD)
    fork.close_mouth(100)
    assert np.array_equal(face.listen(300, "idle"), twin.listen(300, "idle"))


def test_a_fork_that_is_kept_is_the_face():
    face, twin = Face(seed=8), Face(seed=8)
    face = face.fork()
    assert np.array_equal(clause(face, "həlˈO").frames, clause(twin, "həlˈO").frames)
    assert np.array_equal(face.listen(99, "listening"), twin.listen(99, "listening"))


def test_edges():
    face = Face(seed=9)
    face.begin_reply()
    assert face.clause([], np.zeros(0, np.float32), 0, CALM).frames.shape == (0, N_CHANNELS)
    assert clause(face, "p", frames=1).frames.shape == (1, N_CHANNELS)
    assert clause(face, "həlO", frames=2).visemes[-1].end_samples == 800  # phonemes beyond the sound are cut
    assert clause(face, "♪я5", frames=30).frames.shape == (30, N_CHANNELS)
    assert face.listen(0, "listening").shape == (0, N_CHANNELS)
    assert face.close_mouth(10**9).shape == (12, N_CHANNELS)
    with pytest.raises(ValueError, match="401 samples"):
        face.clause([], np.zeros(401, np.float32), 0, CALM)


ACTS = st.one_of(
    st.tuples(
        st.just("say"),
        st.text("pbmfvtksʃɑɛiuOˈ .♪", max_size=12),
        st.integers(0, 40),
        st.sampled_from([CALM, JOY, SAD]),
    ),
    st.tuples(st.just("listen"), st.integers(0, 40), st.booleans(), st.booleans()),
)


def play(face, acts):
    """The slices of a session."""
    slices = []
    for act in acts:
        if act[0] == "say":
            slices.append(clause(face, act[1], frames=act[2], emotion=act[3]).frames)
        else:
            slices.append(face.listen(act[1], "listening" if act[2] else "idle", nod=act[3]))
    return [s for s in slices if len(s)]


@settings(deadline=None, max_examples=60)
@example(0, [("say", "OOOO.u", 26, CALM), ("say", "", 2, CALM)])  # lips met by sound alone, still round
@given(st.integers(0, 50), st.lists(ACTS, max_size=12))
def test_no_seam_jumps_and_the_same_session_gives_the_same_bytes(seed, acts):
    slices = play(Face(seed=seed), acts)
    for before, after in pairwise(slices):
        assert jumps(np.stack([before[-1], after[0]])).max() <= SEAM_STEP
    if slices:
        inside = np.delete(jumps(np.concatenate(slices)[:, :52]), LIDS, axis=1)
        assert inside.max(initial=0.0) <= 0.5
    assert b"".join(s.tobytes() for s in slices) == b"".join(s.tobytes() for s in play(Face(seed=seed), acts))
