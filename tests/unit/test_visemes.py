"""Phonemes to visemes: what the synthesisers write, and whatever else may come."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.visemes import CONTACTS, PAUSE_SAMPLES, VISEMES, mouth_targets, visemes
from protocol.timeline import SAMPLES_PER_FACE_FRAME, PhonemeSpan

MISAKI = "AIOQWYTSᵊɑbdɛfhijklmnŋɔpɹsɜʃtɾθuvwzʌæðəʊɪʤʧʒɡᵻɐʔˈˌː ,.!?—"
HIBARI_MS = 25 * 24


def spoken(*sounds, length_samples=1800):
    """Sounds one after the other, each as long as the others; ("m", 0) gives a length of its own."""
    at, spans = 0, []
    for sound in sounds:
        symbol, length = sound if isinstance(sound, tuple) else (sound, length_samples)
        spans.append(PhonemeSpan(symbol, at, at + length))
        at += length
    return spans


def names(phonemes):
    return [span.viseme for span in visemes(phonemes)]


def any_symbol():
    return st.sampled_from(MISAKI) | st.text(max_size=3)


def any_speech(min_length=0):
    return st.lists(st.tuples(any_symbol(), st.integers(min_length, 4000)), max_size=30).map(lambda s: spoken(*s))


def test_hello_there_as_hibari_writes_it():
    phonemes = spoken("", "h", "ə", "l", "ˈ", "O", " ", "ð", "ˈ", "ɛ", "ɹ", ".", "", length_samples=HIBARI_MS)
    assert names(phonemes) == ["sil", "kk", "aa", "nn", "oh", "ou", "TH", "E", "RR", "sil"]


def test_the_same_words_in_other_alphabets():
    assert names(spoken("həlˈoʊ")) == names(spoken("həlˈO")) == names(spoken("h", "ə", "l", "ˈoʊ"))
    assert names(spoken("t͡ʃ")) == names(spoken("tʃ")) == names(spoken("ʧ")) == ["CH"]
    assert names(spoken("p", "ɑː", "ɾ")) == ["PP", "aa", "DD"]
    assert names(spoken("ʃ", "ø", "n")) == ["CH", "ou", "nn"]  # German "schön"
    assert names(spoken("ɲ", "ɔ̃")) == ["nn", "oh"]
    assert names(spoken("ɪ", "ç")) == ["ih"]  # German "ich": spread, not a k
    assert names(spoken("ʀ", "yː", "ʁ")) == ["kk", "ou", "kk"]  # French and German r: in the throat
    assert names(spoken("ɯ", "t͡ɕ", "i")) == ["ih", "CH", "ih"]  # Japanese "uchi": unrounded


def test_a_diphthong_moves_through_two_shapes():
    first, second = visemes(spoken("ˈI", length_samples=2400))
    assert (first.viseme, second.viseme) == ("aa", "ih")
    assert first.end_samples == second.start_samples == 1200


def test_a_stress_mark_gives_its_time_to_the_vowel_behind_it():
    p, vowel = mouth_targets(spoken("p", "ˈ", "i"))
    assert (p.stress, vowel.stress) == (0.0, 1.0)
    assert (vowel.start_samples, vowel.end_samples) == (1800, 5400)


def test_a_length_mark_holds_the_sound_before_it():
    assert names(spoken("u", "ː", "t")) == ["ou", "DD"]


def test_a_word_gap_is_no_rest_but_a_pause_is():
    assert names(spoken("i", (" ", PAUSE_SAMPLES - 1), "ɑ")) == ["ih", "aa"]
    assert names(spoken("i", (",", PAUSE_SAMPLES // 2), (" ", PAUSE_SAMPLES), "ɑ")) == ["ih", "sil", "aa"]


def test_letters_that_no_table_knows_take_the_nearest_shape():
    assert names(spoken("ƒ")) == ["FF"]  # latin small letter f with hook
    assert names(spoken("ᶆ")) == ["PP"]  # m with palatal hook
    assert names(spoken("я")) == ["aa"]  # any other letter: half open
    assert names(spoken("♪")) == ["sil"]


def test_nothing_said_is_nothing_or_silence():
    assert visemes([]) == ()
    assert mouth_targets([], 0) == ()
    (silence,) = mouth_targets([], 800)
    assert (silence.viseme, silence.start_samples, silence.end_samples) == ("sil", 0, 800)


def test_a_bilabial_without_any_time_still_gets_a_frame():
    spans = visemes(spoken(("ɑ", 1500), ("m", 0), ("ɑ", 1500)))
    assert [s.viseme for s in spans] == ["aa", "PP", "aa"]
    assert spans[1].end_samples - spans[1].start_samples == SAMPLES_PER_FACE_FRAME
    assert spans[-1].end_samples == 3000


@settings(deadline=None)
@given(any_speech())
def test_visemes_cover_the_phonemes_without_holes_or_repeats(phonemes):
    spans = visemes(phonemes)
    assert sum(s.end_samples - s.start_samples for s in spans) == sum(p.end_samples - p.start_samples for p in phonemes)
    for one, next_one in pairwise(spans):
        assert one.end_samples == next_one.start_samples
        assert one.viseme != next_one.viseme
    assert all(s.start_samples < s.end_samples and s.viseme in VISEMES for s in spans)


@settings(deadline=None)
@given(st.lists(st.builds(PhonemeSpan, any_symbol(), st.integers(-500, 9000), st.integers(-500, 9000)), max_size=20))
def test_torn_spans_still_cover_exactly_the_clause(phonemes):
    targets = mouth_targets(phonemes, 8000)
    assert (targets[0].start_samples, targets[-1].end_samples) == (0, 8000)
    assert all(a.end_samples == b.start_samples for a, b in pairwise(targets))
    assert all(t.length_samples > 0 for t in targets)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pbmfv"), st.integers(0, 300)), min_size=1, max_size=12))
def test_no_contact_is_lost_however_short(sounds):
    phonemes = spoken(*[part for sound in sounds for part in (("ɑ", 1600), sound)], ("ɑ", 1600))
    contacts = [t for t in mouth_targets(phonemes) if t.viseme in CONTACTS]
    assert len(contacts) == len(sounds)
    assert all(t.length_samples >= SAMPLES_PER_FACE_FRAME for t in contacts)
