"""The golden files are what the code writes today, and mean what they should to other implementations."""

import json
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import get_args

import msgpack  # type: ignore[import-untyped]
import pytest

from protocol.codec import Codec
from protocol.errors import StagedoorError
from protocol.handshake import Handshake, Phase
from protocol.messages import (
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    ClientMessage,
    ErrorMessage,
    ReplyChunk,
    ServerMessage,
)
from tests import golden, recorded
from tests.golden_examples import DOWN, STORY, UP, session
from tests.messages_any import plain

JSON = Codec(SUBPROTOCOL_JSON)
MSGPACK = Codec(SUBPROTOCOL_MSGPACK)
UP_NAMES = [f"up/{name}" for name in UP]
DOWN_NAMES = [f"down/{name}" for name in DOWN]


def read(name: str) -> bytes:
    return (golden.GOLDEN / name).read_bytes()


def test_the_files_are_current() -> None:
    assert golden.written_files() == golden.golden_files(), "run `make golden`, and look at what changed on the wire"


def test_they_stay_small() -> None:
    assert sum(map(len, golden.written_files().values())) < 400_000


def test_every_message_type_has_an_example() -> None:
    assert {type(message) for message in UP.values()} == set(get_args(ClientMessage))
    assert {type(message) for message in DOWN.values()} == set(get_args(ServerMessage))


@pytest.mark.parametrize("name", UP_NAMES)
def test_what_clients_send_is_read_alike_in_both_forms(name: str) -> None:
    expected = UP[name.removeprefix("up/")]
    assert MSGPACK.decode_client(read(f"{name}.msgpack")) == expected
    assert JSON.decode_client(read(f"{name}.json").decode()) == expected


@pytest.mark.parametrize("name", DOWN_NAMES)
def test_what_servers_send_is_read_alike_in_both_forms(name: str) -> None:
    expected = DOWN[name.removeprefix("down/")]
    assert MSGPACK.decode_server(read(f"{name}.msgpack")) == expected
    assert JSON.decode_server(read(f"{name}.json").decode()) == expected


@pytest.mark.parametrize("name", UP_NAMES + DOWN_NAMES)
def test_the_msgpack_package_agrees(name: str) -> None:
    direction, _, example = name.partition("/")
    message = UP[example] if direction == "up" else DOWN[example]
    assert msgpack.unpackb(read(f"{name}.msgpack")) == plain(message)
    assert msgpack.packb(plain(message)) == read(f"{name}.msgpack")


def test_the_session_reads_alike_in_both_forms() -> None:
    lines = [json.loads(line) for line in read("session_hello.jsonl").decode().splitlines()]
    records = list(msgpack.Unpacker(BytesIO(read("session_hello.msgpack-stream"))))
    assert len(lines) == len(records) == len(STORY)
    for line, record, message in zip(lines, records, STORY, strict=True):
        assert (line["direction"], line["phase"]) == (record["direction"], record["phase"])
        if line["direction"] == "up":
            assert MSGPACK.decode_client(record["frame"]) == message
            assert JSON.decode_client(json.dumps(line["frame"])) == message
        else:
            assert MSGPACK.decode_server(record["frame"]) == message
            assert JSON.decode_server(json.dumps(line["frame"])) == message


def test_the_session_is_a_legal_conversation() -> None:
    handshake = Handshake()
    for step, following in pairwise([*session(), None]):
        if step is None or not isinstance(step.message, ClientMessage):
            continue
        if following is not None and isinstance(following.message, ErrorMessage):
            with pytest.raises(StagedoorError) as caught:
                handshake.receive(step.message)
            assert (caught.value.code, str(caught.value)) == (following.message.code, following.message.message)
        else:
            handshake.receive(step.message)
        assert handshake.phase is step.phase
    assert handshake.phase is Phase.CLOSED


@pytest.mark.parametrize("name", recorded.STORIES)
def test_a_recorded_session_replays_byte_for_byte(name: str) -> None:
    records = recorded.read_stream(read(f"recorded/{name}.msgpack-stream"))
    again = recorded.replay(records)
    assert [(r.connection, r.direction, r.frame) for r in again] == [
        (r.connection, r.direction, r.frame) for r in records
    ]
    assert [r.at_s for r in again] == pytest.approx([r.at_s for r in records], abs=1e-6)


@pytest.mark.parametrize("name", recorded.STORIES)
def test_a_recorded_session_reads_alike_in_both_forms(name: str) -> None:
    records = recorded.read_stream(read(f"recorded/{name}.msgpack-stream"))
    lines = [json.loads(line) for line in read(f"recorded/{name}.jsonl").decode().splitlines()]
    for record, line in zip(records, lines, strict=True):
        assert (record.at_s, record.connection, record.direction) == (
            line["at_s"],
            line["connection"],
            line["direction"],
        )
        if record.direction != "lost":
            text = json.dumps(line["frame"])
            read_alike = JSON.decode_client(text) if record.direction == "up" else JSON.decode_server(text)
            assert read_alike == record.message()


def test_a_changed_message_is_noticed_in_the_replay() -> None:
    records = recorded.read_stream(read("recorded/resumed.msgpack-stream"))
    typed = next(i for i, r in enumerate(records) if b"Who is Miso?" in r.frame and r.direction == "up")
    changed = replace(records[typed], frame=records[typed].frame.replace(b"Miso", b"Maya"))
    assert recorded.replay([*records[:typed], changed, *records[typed + 1 :]]) != records


def test_what_was_heard_before_and_after_the_loss_is_the_whole_reply() -> None:
    messages = [
        (r.connection, r.message())
        for r in recorded.read_stream(read("recorded/resumed.msgpack-stream"))
        if r.direction == "down"
    ]
    before = [m for connection, m in messages if connection == 0 and isinstance(m, ReplyChunk)]
    after = [m for connection, m in messages if connection == 1 and isinstance(m, ReplyChunk)]
    whole = b"".join(chunk.audio for chunk in before)
    assert whole.endswith(b"".join(chunk.audio for chunk in after))
    assert 0 < after[0].start_samples < 7000 < after[0].start_samples + 400


def test_a_changed_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    monkeypatch.setattr(golden, "DOCUMENTS", ())
    monkeypatch.setattr(golden, "SCHEMA", tmp_path.parent / "schema")
    monkeypatch.setattr(golden, "DOCS", tmp_path.parent / "docs")
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "gone.json").write_bytes(b"{}")
    golden.main()
    assert golden.written_files() == golden.golden_files()
    (tmp_path / "up" / "ping.json").write_bytes(b"{}")
    assert golden.written_files() != golden.golden_files()
