"""`make golden`: writes protocol/golden/, schema/ and docs/ and the generated parts of documents anew.

Golden files are what other implementations of the protocol are tested against. tests/unit/test_golden.py and
test_protocol_md.py fail while they differ from what the code says.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import msgpack  # type: ignore[import-untyped]  # the independent second implementation

from protocol.codec import Codec
from protocol.diagrams import handshake_diagram, state_diagram
from protocol.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from speech.turn_state import State
from speech.turns import TABLE
from tests import reference
from tests.docs_page import docs_files
from tests.golden_examples import DOWN, UP, session
from tests.recorded import recorded_files
from tests.schema import schema_files

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "protocol" / "golden"
SCHEMA = ROOT / "protocol" / "schema"
DOCS = ROOT / "protocol" / "docs"
DOCUMENTS = (ROOT / "protocol" / "PROTOCOL.md", ROOT / "ARCHITECTURE.md")

MARKED = re.compile(r"<!-- generated: (?P<name>[\w-]+) -->\n(?P<body>.*?)<!-- end -->", re.DOTALL)

JSON = Codec(SUBPROTOCOL_JSON)
MSGPACK = Codec(SUBPROTOCOL_MSGPACK)


# --- golden files -------------------------------------------------------------------------------------------


def golden_files() -> dict[str, bytes]:
    """What protocol/golden/ should hold, by path inside it; its README.md is written by hand."""
    files: dict[str, bytes] = {}
    for direction, examples in (("up", UP), ("down", DOWN)):
        for name, message in examples.items():
            files[f"{direction}/{name}.json"] = JSON.encode(message)
            files[f"{direction}/{name}.msgpack"] = MSGPACK.encode(message)
    return {**files, **_session_files(), **recorded_files()}


def _session_files() -> dict[str, bytes]:
    lines, stream = [], []
    for step in session():
        head = {"direction": step.direction, "phase": step.phase.value}
        frame = json.loads(JSON.encode(step.message))
        lines.append(json.dumps({**head, "frame": frame}, ensure_ascii=False) + "\n")
        stream.append(msgpack.packb({**head, "frame": MSGPACK.encode(step.message)}))
    return {
        "session_hello.jsonl": "".join(lines).encode(),
        "session_hello.msgpack-stream": b"".join(stream),
    }


def written_files() -> dict[str, bytes]:
    """What protocol/golden/ does hold."""
    paths = (path for path in GOLDEN.rglob("*") if path.is_file() and path.name != "README.md")
    return {path.relative_to(GOLDEN).as_posix(): path.read_bytes() for path in paths}


# --- generated parts of documents ---------------------------------------------------------------------------


def sections() -> dict[str, str]:
    """Every generated part, by the name in its marker."""
    return {
        "client-messages": reference.message_tables(reference.client_messages()),
        "server-messages": reference.message_tables(reference.server_messages()),
        "value-types": reference.value_tables(),
        "errors": reference.error_table(),
        "handshake": _mermaid(handshake_diagram()),
        "turn-machine": _mermaid(turn_diagram()),
    }


def turn_diagram() -> str:
    """The turn machine of speech/turns.py; arrows that lead back to where they began are left out, for clarity."""
    edges = [
        (before.value, event.__name__, after.value)
        for (before, event), rule in TABLE.items()
        for after in rule.to
        if after is not before
    ]
    return state_diagram(State.IDLE.value, edges)


def fill(text: str, parts: Mapping[str, str]) -> str:
    """`text` with every marked part made anew. Raises KeyError for an unknown name, ValueError for a torn marker."""
    if text.count("<!-- generated: ") != len(MARKED.findall(text)):
        raise ValueError("a marker has no end, or stands inside another")
    return MARKED.sub(lambda m: f"<!-- generated: {m['name']} -->\n\n{parts[m['name']]}\n\n<!-- end -->", text)


def _mermaid(text: str) -> str:
    return f"```mermaid\n{text}\n```"


def main() -> None:
    """Writes everything; removes golden files that no example makes any more."""
    files = golden_files()
    for name in written_files().keys() - files.keys():
        (GOLDEN / name).unlink()
    for name, data in files.items():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for document in filter(Path.exists, DOCUMENTS):
        document.write_text(fill(document.read_text("utf-8"), sections()), "utf-8")
    for folder, made in ((SCHEMA, schema_files()), (DOCS, docs_files())):
        folder.mkdir(exist_ok=True)
        for name, data in made.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
