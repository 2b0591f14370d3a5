"""The spec says what the code does: generated parts are current, and the drawings come from the tables."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import errors
from protocol.diagrams import handshake_diagram, state_diagram
from protocol.errors import ErrorCode, StagedoorError
from protocol.messages import ClientMessage, Limits, ServerMessage
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME
from speech.turn_state import State
from tests import golden, reference

SPEC = golden.ROOT / "protocol" / "PROTOCOL.md"


# --- the documents ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [d for d in golden.DOCUMENTS if d.exists()], ids=lambda d: d.name)
def test_the_generated_parts_are_current(document: Path) -> None:
    text = document.read_text("utf-8")
    assert golden.fill(text, golden.sections()) == text, "run `make golden`"


def test_the_spec_has_every_part_but_the_turn_machine() -> None:
    marked = [match["name"] for match in golden.MARKED.finditer(SPEC.read_text("utf-8"))]
    assert sorted(marked) == sorted(golden.sections().keys() - {"turn-machine"})


def test_every_message_limit_and_error_is_in_the_spec() -> None:
    text = SPEC.read_text("utf-8")
    for cls in (*get_args(ClientMessage), *get_args(ServerMessage)):
        assert f"### `{cls.__struct_config__.tag}`" in text
    for name in Limits.__struct_fields__:
        assert f"| `{name}` |" in text
    for code in get_args(ErrorCode):
        assert f"| `{code}` |" in text


def test_the_numbers_in_the_prose_are_those_of_the_code() -> None:
    text = SPEC.read_text("utf-8")
    assert f"{OUTPUT_RATE_HZ:,} Hz" in text
    assert f"`face.fps` is {FACE_FPS}" in text
    assert f"**{SAMPLES_PER_FACE_FRAME} samples a face frame**" in text


def test_links_inside_the_spec_lead_somewhere() -> None:
    text = SPEC.read_text("utf-8")
    headings = {
        re.sub(r"[^\w -]", "", line.lower()).strip().replace(" ", "-") for line in re.findall(r"^#+ (.+)", text, re.M)
    }
    anchors = headings | set(re.findall(r'<a id="([^"]+)"', text))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
    assert all((SPEC.parent / path).exists() for path in re.findall(r"\]\((?!#|https?:)([^)]+)\)", text))


# --- errors -------------------------------------------------------------------------------------------------


def test_the_tree_at_the_head_of_errors_names_every_class() -> None:
    classes = {name for name, cls in vars(errors).items() if inspect.isclass(cls) and issubclass(cls, StagedoorError)}
    assert set(reference.error_meanings()) == classes


def test_every_code_belongs_to_an_error_that_goes_on_the_wire() -> None:
    assert {cls.code for cls in reference.error_classes()} == set(get_args(ErrorCode))


def test_close_codes_in_the_tree_are_true() -> None:
    for name, code in re.findall(r"(\w+Error) .*\(close (\d+)\)", errors.__doc__ or ""):
        assert getattr(errors, name).close_code == int(code)


# --- markers ------------------------------------------------------------------------------------------------


def test_a_marked_part_is_made_anew_and_the_rest_is_kept() -> None:
    text = "before\n<!-- generated: x -->\nold\n<!-- end -->\nafter\n"
    filled = golden.fill(text, {"x": "new"})
    assert filled == "before\n<!-- generated: x -->\n\nnew\n\n<!-- end -->\nafter\n"
    assert golden.fill(filled, {"x": "new"}) == filled


def test_an_unknown_part_is_an_error() -> None:
    with pytest.raises(KeyError, match="typo"):
        golden.fill("<!-- generated: typo -->\n<!-- end -->", {"x": "new"})


@pytest.mark.parametrize(
    "torn", ["<!-- generated: x -->\n", "<!-- generated: x -->\n<!-- generated: x -->\n<!-- end -->"]
)
def test_a_torn_marker_is_an_error(torn: str) -> None:
    with pytest.raises(ValueError, match="marker"):
        golden.fill(torn, {"x": "new"})


# --- drawings -----------------------------------------------------------------------------------------------


def test_a_drawing() -> None:
    edges = [("new", "hello", "open"), ("open", "ping", "open"), ("open", "audio", "open"), ("open", "leave", "closed")]
    assert state_diagram("new", edges).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> new",
        "    new --> open: hello",
        "    open --> open: ping, audio",
        "    open --> closed: leave",
        "    closed --> [*]",
    ]


@pytest.mark.parametrize(
    "edge",
    [("a b", "x", "c"), ("a", "x", "end"), ("a", "", "c"), ("a", "x: y", "c"), ("a", "x\ny", "c"), ("c", "x", "a")],
)
def test_what_mermaid_would_misread_is_refused(edge: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match=r"Mermaid|initial"):
        state_diagram("a", [edge])


_STATES = st.sampled_from(["a", "b", "c"])


@given(st.lists(st.tuples(_STATES, st.sampled_from(["x", "y"]), _STATES), min_size=1))
def test_every_arrow_is_drawn_once(edges: list[tuple[str, str, str]]) -> None:
    lines = state_diagram(edges[0][0], edges).splitlines()
    drawn = [re.fullmatch(r" +(\w) --> (\w): (.+)", line) for line in lines]
    arrows = [(m[1], label, m[2]) for m in drawn if m for label in m[3].split(", ")]
    assert len(arrows) == len(set(arrows))
    assert set(arrows) == set(edges)


def test_the_handshake_is_drawn_from_its_table() -> None:
    text = handshake_diagram()
    assert "    new --> undisclosed: hello\n" in text
    assert "    undisclosed --> open: disclosure.acknowledged\n" in text
    assert text.endswith("closed --> [*]")


def test_the_turn_machine_is_drawn_with_every_state() -> None:
    text = golden.turn_diagram()
    assert text.startswith("stateDiagram-v2\n    [*] --> idle\n")
    assert all(state.value in text for state in State)
    assert "replying --> overlap: FanStarted" in text
