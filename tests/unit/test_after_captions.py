"""Captions and text of a keepsake."""

import re

from hypothesis import given
from hypothesis import strategies as st

from server.after.captions import Said, as_text, as_vtt, clock, cues, in_order, shifted

NAMES = {"fan": "Maya", "avatar": "Nova Reyes (AI)", "host": "Nova Reyes"}


def words(text: str, each_ms: float = 300) -> list[Said]:
    return [Said("avatar", word, k * each_ms, k * each_ms + 250) for k, word in enumerate(text.split())]


def test_captions_name_who_speaks_and_say_what_this_is() -> None:
    said = [Said("avatar", "Miso.", 2500, 3000), Said("fan", "What is your cat called?", 800, 2000)]
    assert as_vtt(said, NAMES, "Made with an AI avatar.") == (
        "WEBVTT\n\nNOTE Made with an AI avatar.\n\n"
        "00:00:00.800 --> 00:00:02.000\n<v Maya>What is your cat called?\n\n"
        "00:00:02.500 --> 00:00:03.000\n<v Nova Reyes (AI)>Miso.\n"
    )
    assert as_text(said, NAMES, "Made with an AI avatar.") == (
        "Made with an AI avatar.\n\n[00:00] Maya: What is your cat called?\n[00:02] Nova Reyes (AI): Miso.\n"
    )


def test_a_cue_is_a_sentence_or_two_short_lines_of_one() -> None:
    gathered = cues(words("She runs the house. " + "la " * 30))
    assert gathered[0].text == "She runs the house."
    assert (gathered[0].start_ms, gathered[0].end_ms) == (0, 1150)
    assert [len(cue.text.split()) for cue in gathered[1:]] == [10, 10, 10]
    assert [len(cue.text.split()) for cue in cues(words("la " * 13))] == [7, 6], "no last word alone"


def test_a_pause_begins_a_new_cue() -> None:
    assert len(cues([Said("avatar", "Well", 0, 200), Said("avatar", "then", 2000, 2200)])) == 2


def test_what_stands_before_the_recording_shifts_it() -> None:
    assert shifted([Said("fan", "Hi", 10, 20)], 1000) == [Said("fan", "Hi", 1010, 1020)]


def test_times_go_on_past_an_hour() -> None:
    assert clock(3_723_004) == "01:02:03.004"


@given(
    st.lists(
        st.builds(Said, st.sampled_from(["fan", "avatar", "host"]), st.text(), st.floats(0, 1e7), st.floats(0, 1e7))
    )
)
def test_no_words_can_break_out_of_their_cue(said: list[Said]) -> None:
    blocks = as_vtt(said, NAMES, "--> note").removesuffix("\n").split("\n\n")
    assert blocks[1] == "NOTE --&gt; note"
    assert len(blocks) == 2 + len(said)
    for block, cue in zip(blocks[2:], in_order(said), strict=True):
        times, _, text = block.partition("\n")
        assert re.fullmatch(r"[\d:.]+ --> [\d:.]+", times)
        assert text.startswith(f"<v {NAMES[cue.who]}>")
        assert "<" not in text[3:]
        assert "-->" not in text
        assert "\n" not in text
