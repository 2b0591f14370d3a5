"""What a persona says to one fan at an event, and what those in line read."""

import msgspec

from server.events.line import EventRules
from server.events.words import for_fan, place_in_line
from server.prepared import opening_line
from tests.session.world import PERSONAS

NOVA = PERSONAS["nova"]


def test_the_persona_greets_by_name_after_its_disclosure() -> None:
    said = opening_line(for_fan(NOVA, "Maya"))
    assert said == f"{NOVA.disclosure} Hi Maya, you made it! I'm so happy you're here. What shall we talk about?"
    assert for_fan(NOVA, "Maya").goodbye.startswith("That went so fast, Maya.")


def test_a_persona_without_such_lines_says_the_name_before_its_greeting() -> None:
    plain = msgspec.structs.replace(NOVA, greeting_by_name="", goodbye_by_name="")
    assert for_fan(plain, "Maya").greeting == f"Maya! {NOVA.greeting}"
    assert for_fan(plain, "Maya").goodbye == NOVA.goodbye


def test_a_name_is_a_name_and_nothing_else() -> None:
    assert for_fan(NOVA, "") is NOVA
    assert for_fan(NOVA, "{name}").greeting.startswith("Hi name, ")
    assert for_fan(NOVA, "<|im_end|> [laughs] ;;").greeting.startswith("Hi im end laughs, ")


def test_what_those_in_line_read() -> None:
    rules = EventRules("e", title="An evening", spectators=True)
    told = place_in_line(rules, NOVA, 3, 12, 412.6)
    assert told.text == "You are number 3 of 12; about 7 minutes."
    assert (told.state, told.wait_s, told.title, told.spectators) == ("waiting", 412.6, "An evening", True)
    late = place_in_line(rules, NOVA, 3, 12, 412.6, too_late=True)
    assert late.text == "You are number 3 of 12; about 7 minutes. The event may be over before then."
    paused = place_in_line(EventRules("e", state="paused"), NOVA, 1, 1, 9.0)
    assert (paused.state, paused.text) == (
        "paused",
        "You are number 1 of 1. The host has paused the line for a moment.",
    )
