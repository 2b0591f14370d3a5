"""The lines of a visit: whatever is said and by whom, a host who was there and one who comes late read the same."""

from hypothesis import given
from hypothesis import strategies as st

from protocol.event_messages import SaidLine, Speaker
from server.stage.script import KEPT, Script

SPEAKERS: tuple[Speaker, ...] = ("fan", "avatar", "host")
SAYINGS = st.lists(
    st.tuples(st.sampled_from(SPEAKERS), st.sampled_from(["", "Hello", "Hello there"]), st.booleans()), max_size=300
)


@given(SAYINGS)
def test_who_was_there_and_who_comes_late_read_the_same(said: list[tuple[Speaker, str, bool]]) -> None:
    script, read = Script("v"), {}
    for n, (who, text, final) in enumerate(said):
        told = script.say(who, text, 1000.0 * n, final=final)
        read[told.line] = SaidLine(told.line, told.who, told.text, told.final, told.at_ms)
    whole = [line for _, line in sorted(read.items()) if line.text]
    assert list(script.so_far().lines) == whole[-KEPT:]
    assert [line.at_ms for line in whole] == sorted(line.at_ms for line in whole), "a line is as old as its beginning"


@given(SAYINGS)
def test_a_final_line_stays_as_it_is(said: list[tuple[Speaker, str, bool]]) -> None:
    script, over = Script("v"), set()
    for who, text, final in said:
        line = script.say(who, text, 0.0, final=final).line
        assert line not in over
        if final or not text:
            over.add(line)


def test_two_who_speak_at_once_have_a_line_each() -> None:
    script = Script("v")
    script.say("fan", "Wait", 1.0, final=False)
    script.say("avatar", "My cat", 2.0, final=False)
    script.say("fan", "Wait, what?", 3.0, final=True)
    script.say("avatar", "My cat —", 4.0, final=True)
    assert [(line.line, line.who, line.text, line.at_ms) for line in script.so_far().lines] == [
        (1, "fan", "Wait, what?", 1.0),
        (2, "avatar", "My cat —", 2.0),
    ]
