"""The documents say what is there: keys, metrics, paths, names, links, commands and numbers are those of the code."""

import ast
import json
import re
from pathlib import Path
from typing import get_args

import pytest

from avatar.dialogue import HISTORY_TOKENS, KEPT_TOKENS
from protocol.errors import ErrorCode
from server.batching import BatchRules
from server.config import ENV_PREFIX, Config
from server.connection import HELLO_WAIT_S, MAX_MISTAKES, SEND_WAIT_S
from server.metrics import Metrics
from server.outbox import LEAD_S, MAX_WAITING
from speech.asr import MAX_WINDOW_S, MEMORY_S, PRE_ROLL_S
from speech.consent import Refusal
from speech.turn_rules import OVERLAP_S, PARTIAL_EVERY_S, SPECULATE_AHEAD_S, WENT_ON_S, WORDS_WAIT_S
from speech.turn_state import REPLY_WAIT_S

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("protocol", "speech", "avatar", "server", "bench", "tests")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]
EVERY = pytest.mark.parametrize("document", [*DOCUMENTS, *DECISIONS], ids=lambda path: path.name)

CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
SECTIONS = {name: getattr(Config(), name) for name in Config.__struct_fields__}
SUFFIXES = "py|md|js|ts|html|toml|json|csv"


def quoted(document: Path) -> list[str]:
    """What stands in backticks, outside of code blocks."""
    prose = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


def slugs(document: Path) -> set[str]:
    """The anchors that GitHub gives its headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def names_of_the_code() -> set[str]:
    """Every function, class and constant, methods and fields also as Class.name."""
    found: set[str] = set()
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found |= {f"{node.name}.{name}" for inner in ast.walk(node) for name in defined(inner)}
            found |= defined(node)
    return found


def defined(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {t.id if isinstance(t, ast.Name) else t.attr for t in targets if isinstance(t, ast.Name | ast.Attribute)}


NAMES = names_of_the_code()


# --- configuration and metrics ------------------------------------------------------------------------------


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_described_with_its_default(section: str) -> None:
    part = CONFIGURATION.partition(f"## [{section}]\n")[2].partition("\n## ")[0]
    described = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \| \S", part, re.MULTILINE))
    fields = type(SECTIONS[section]).__struct_fields__
    assert described == {key: json.dumps(getattr(SECTIONS[section], key)) for key in fields}


def test_every_section_is_described_and_no_other() -> None:
    assert re.findall(r"^## \[(\w+)\]$", CONFIGURATION, re.MULTILINE) == list(SECTIONS)


@EVERY
def test_every_variable_that_is_shown_is_a_key(document: Path) -> None:
    shown = re.findall(rf"\b{ENV_PREFIX}([A-Z0-9_]+?)__([A-Z0-9_]+)=", document.read_text("utf-8"))
    for section, key in shown:
        assert hasattr(SECTIONS[section.lower()], key.lower()), f"{section}__{key}"


def test_every_metric_is_described_with_its_labels() -> None:
    metrics = {
        family.name + "_total" * (family.type == "counter"): getattr(attribute, "_labelnames", ())
        for attribute in vars(Metrics()).values()
        if hasattr(attribute, "describe")
        for family in attribute.describe()
    }
    rows = re.findall(r"^\| `(stagedoor_\w+)` \|([^|]*)\|", CONFIGURATION, re.MULTILINE)
    assert {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows} == metrics


# --- paths, names, links, commands --------------------------------------------------------------------------


@EVERY
def test_paths_that_are_named_exist_and_hold_what_is_named(document: Path) -> None:
    for text in quoted(document):
        found = re.fullmatch(rf"((?:[\w.-]+/)+[\w.-]+\.(?:{SUFFIXES}))(?::([\w.]+))?", text)
        if found is None or text.startswith("out/"):
            continue
        path = ROOT / found[1]
        assert path.is_file(), text
        held = path.read_text("utf-8")
        assert all(re.search(rf"\b{name}\b", held) for name in (found[2] or "").split(".")), text
        assert path.suffix != ".py" or found[2] is None or found[2] in NAMES, text


@EVERY
def test_folders_that_are_named_exist(document: Path) -> None:
    folders = [text for text in quoted(document) if re.fullmatch(r"(?:[a-z_]+/)+", text)]
    away = {"stagedoor/", "models/", "src/", "engines/", "web_client/dist/"}  # in a wheel, a cache, a room, built
    assert all((ROOT / folder).is_dir() for folder in folders if folder not in away and not folder.startswith("out/"))


@EVERY
def test_names_that_are_named_exist(document: Path) -> None:
    named = [re.sub(r"\(.*\)$", "", text) for text in quoted(document)]
    looks_like_code = r"_{1,2}\w+|[A-Z][a-z]\w*\.\w+|[A-Z]+_[A-Z_]+|(?!stagedoor_)[a-z]+(?:_[a-z]+)+"
    checked = [name for name in named if re.fullmatch(looks_like_code, name)]
    endings = {"_MS", "_CHARS"}
    words = {
        *get_args(ErrorCode),
        *get_args(Refusal),
        "guess_hit_rate",
        "task_failed",
        "ws_max_size",
    }  # on the wire, in files and logs
    variables = {"HF_ENDPOINT", "HF_HUB_OFFLINE", "STAGEDOOR_HOME", "STAGEDOOR_MODELS", "STAGEDOOR__SECTION__KEY"}
    assert [name for name in checked if name not in NAMES | endings | words | variables] == []


@EVERY
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", document.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        to = (document.parent / path) if path else document
        assert to.exists(), target
        assert not anchor or anchor in slugs(to), target


@EVERY
def test_make_goals_that_are_named_exist(document: Path) -> None:
    goals = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = document.read_text("utf-8")
    assert set(re.findall(r"(?:`|^)(?:\S+=\S+ )*make ([a-z]+)", text, re.MULTILINE)) <= goals


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        text = path.read_text("utf-8")
        assert text.startswith(f"# {path.name[:4]} ")
        assert all(f"**{part}" in text for part in ("Context", "Decision", "Consequences"))


# --- numbers ------------------------------------------------------------------------------------------------


def test_the_places_that_are_filled_by_others_are_there() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert readme.count("<!-- figures -->") == readme.count("<!-- end figures -->") == 1
    assert ARCHITECTURE.count("<!-- generated: turn-machine -->") == 1


@pytest.mark.parametrize(
    "said",
    [
        f"| `Outbox` messages | {MAX_WAITING} |",
        f"| chunks sent ahead | {LEAD_S:.0f} s before they are due |",
        f"| outgoing socket | {SEND_WAIT_S:.0f} s for one message |",
        f"after {MAX_MISTAKES} mistakes of any kind",
        f"| the turn's audio (`TurnAudio`) | {MEMORY_S:.0f} s while no turn is open",
        f"in pieces of {MAX_WINDOW_S:.0f} s",
        f"from {PRE_ROLL_S} s before the voice on",
        f"| the history (`Dialogue`) | {HISTORY_TOKENS} tokens",
        f"until {KEPT_TOKENS} are left",
        f"Every {PARTIAL_EVERY_S} s a `Tick`",
        f"the end is {SPECULATE_AHEAD_S:.0f} s away",
        f"a sound of {OVERLAP_S} s",
        f"within {WENT_ON_S} s of the first sound",
        f"no sound in {REPLY_WAIT_S:.0f} s",
        f"waits {WORDS_WAIT_S:.0f} s for words and {REPLY_WAIT_S:.0f} s for a first sound",
    ],
)
def test_numbers_are_those_of_the_code(said: str) -> None:
    assert said in ARCHITECTURE


def test_the_bound_of_a_lane_is_that_of_the_code() -> None:
    assert f"(`server/batching.py:BatchQueue`) | {BatchRules().max_waiting} each |" in ARCHITECTURE


def test_the_wait_for_hello_is_the_one_in_the_spec() -> None:
    assert f"{HELLO_WAIT_S:.0f} s" in (ROOT / "protocol" / "PROTOCOL.md").read_text("utf-8")
