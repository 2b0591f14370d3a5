"""Every language's sounds: the whole chart of the IPA, and words as espeak writes them."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.ipa import letters
from avatar.visemes import CONTACTS, VISEMES, mouth_targets, visemes
from protocol.timeline import PhonemeSpan

#: The chart of the International Phonetic Association (2020): pulmonic consonants, others, affricates, vowels.
CONSONANTS = "pbtdʈɖcɟkɡqɢʔmɱnɳɲŋɴʙrʀⱱɾɽɸβfvθðszʃʒʂʐçʝxɣχʁħʕhɦɬɮʋɹɻjɰlɭʎʟ"
OTHERS = "ʘǀǃǂǁɓɗʄɠʛʍwɥʜʢʡɕʑɺɧ"
VOWELS = "iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒ"
#: Voiceless, voiced, aspirated, rounded, centred ..., syllabic or not, rhotic, released, raised, nasal, toned.
DIACRITICS = (
    "\u0325\u030a\u032c\u02b0\u0339\u031c\u031f\u0320\u0308\u033d\u0329\u032f\u02de\u0324\u0330\u033c\u02b7\u02b2"
    "\u02e0\u02e4\u0334\u031d\u031e\u0318\u0319\u032a\u033a\u033b\u0303\u207f\u02e1\u031a"
)
LIPS = {"PP": "pbmʙɓʘβɸ", "FF": "fvɱⱱʋ"}
ROUNDED = "yʉuʏʊøɵoœɞɔɶɒ"


def shapes(word):
    """The visemes of a word that is said evenly, without the silence around it."""
    return " ".join(span.viseme for span in visemes([PhonemeSpan(word, 0, 48_000)]))


#: As espeak-ng 1.52 writes them.
WORDS = {
    "German": {"ʃˈøːn": "CH ou nn", "pfˈʏtsə": "PP FF ou SS aa", "ɪç": "ih", "ʃtrˈɑːsə": "CH DD aa SS aa"},
    "French": {"bɔ̃ʒˈuʁ": "PP oh CH ou kk", "vˈø": "FF ou", "pˈɛ̃": "PP E", "yˈit": "ou ih DD", "ɥˈit": "ou ih DD"},
    "Spanish": {"lˈoβo": "nn oh PP oh", "pˈero": "PP E DD oh", "θˌiɣuˈeɲa": "TH ih kk ou E nn aa"},
    "Italian": {"ɲˈokːɪ": "nn oh kk ih", "fˈiʎo": "FF ih nn oh", "pˈitsːa": "PP ih SS aa", "ɡwˈɛrɾa": "kk ou E DD aa"},
    "Portuguese": {"kˌuɾɐsˈɐ̃ʊ̃": "kk ou DD aa SS aa ou", "muʎˈɛɾ": "PP ou nn E DD", "dʒˈiʲɐ": "CH ih aa"},
    "Polish": {"tʃˈɛʑdʑ": "CH E CH", "dʒˈuŋɡla": "CH ou kk nn aa", "ʒˈɨtɕɛ": "CH ih CH E", "ʈʂɨ": "CH ih"},
    "Czech": {"r̝ˈeka": "DD E kk aa", "ʒlˈutiː": "CH nn ou DD ih", "pr̩st": "PP DD SS DD"},
    "Japanese": {"ɸɯᵝdʑˈisäɴ": "PP ih CH ih SS aa kk", "sˈɯᵝki": "SS ih kk ih", "ɕiˈũbɯᵝɴ": "CH ih ou PP ih kk"},
    "Mandarin": {"ni2χˈɑu2": "nn ih kk aa ou", "ɕiɛ5ɕˈiɛ1": "CH ih E CH ih E", "wo˨˩˦": "ou oh", "ʈʂʰɻ̩˥˩": "CH RR"},
    "Hindi": {"nəmˈʌsteː": "nn aa PP aa SS DD E", "bʰˈaːi": "PP aa ih", "pˈʌr.hənˌaː": "PP aa DD kk aa nn aa"},
    "Arabic": {"ħabiːbˌiː": "kk aa PP ih PP ih", "qˈalb": "kk aa nn PP", "sˤabaːħ": "SS aa PP aa kk"},
    "Russian": {"mˈyʃ": "PP ou CH", "ɭʲu\"bˈof": "nn ou PP oh FF"},
    "Swedish": {"ɧˈʉː": "CH ou"},
    "Xhosa": {"ǃʰɔːsa": "DD oh SS aa", "iǁanda": "ih nn aa nn DD aa"},
    "Korean": {"ˈɐnnjʌŋhˌɐsejˌo": "aa nn ih aa kk aa SS E ih oh"},
}  # fmt: skip


@pytest.mark.parametrize(("language", "word"), [(name, word) for name, words in WORDS.items() for word in words])
def test_words_as_espeak_writes_them(language, word):
    assert shapes(word) == WORDS[language][word]
    assert shapes(unicodedata.normalize("NFD", word)) == WORDS[language][word]


def test_every_letter_of_the_chart_is_known_and_only_lips_touch():
    for letter in CONSONANTS + OTHERS + VOWELS:
        (found,) = letters(letter)
        assert found.viseme in VISEMES
        assert 0.0 < found.opening <= 1.0
        assert found.vowel == (letter in VOWELS)
        touching = next((viseme for viseme, row in LIPS.items() if letter in row), None)
        assert (found.viseme if found.viseme in CONTACTS else None) == touching


def test_round_vowels_round_the_lips_and_spread_ones_do_not():
    assert {letter for letter in VOWELS if next(letters(letter)).viseme in ("oh", "ou")} == set(ROUNDED)


@settings(deadline=None)
@given(st.sampled_from(CONSONANTS + OTHERS + VOWELS), st.text(st.sampled_from(DIACRITICS), max_size=3))
def test_no_diacritic_changes_what_kind_of_mouth_it_is(letter, marks):
    plain, *others = (found for found in letters(letter + marks) if found.viseme is not None)
    if "\u02b7" not in marks and "\u02de" not in marks:
        assert not others
        assert plain.viseme == next(letters(letter)).viseme


def test_lips_round_for_a_labialised_sound():
    assert shapes("kʷa") == "kk ou aa"
    assert [found.viseme for found in letters("ʷ")] == ["ou"]


def test_tones_lengths_and_links_hold_the_sound_before():
    for mark in ("˥", "˨˩˦", "²¹", "5", "ː", "ˑ", "↗", "ꜜ", "‿", "ʰ", "ᵝ", "ʼ"):
        assert all(found.viseme is None for found in letters(mark)), mark


def test_a_whispered_vowel_hardly_opens_and_a_syllabic_consonant_carries_its_syllable():
    assert next(letters("ɯ̥")).opening < 0.7 * next(letters("ɯ")).opening
    assert next(letters("n̩")).vowel
    assert not list(letters("aɪ̯"))[1].vowel
    d, n = mouth_targets([PhonemeSpan("ˈdn̩", 0, 3000)])
    assert (d.length_samples, n.length_samples, n.stress) == (1000, 2000, 1.0)


def test_a_dot_parts_syllables_inside_a_word_and_is_a_pause_alone():
    assert shapes("pa.ta") == "PP aa DD aa"
    assert [found.viseme for found in letters(".")] == ["sil"]


def test_a_lip_sound_that_does_not_close_touches_less():
    assert next(letters("β")).opening < next(letters("b")).opening == 1.0
