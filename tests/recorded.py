"""Whole sessions, recorded from the real server around scripted engines on a virtual clock, and played again.

Everything is determined: the clock, the engines, the seeds, and (patched here) the session's name and tokens. So the
same messages at the same times get the same bytes back. What comes next: golden.py writes the recordings.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from unittest import mock

import msgpack

from protocol.codec import Codec
from protocol.handshake import Handshake
from protocol.messages import (
    SUBPROTOCOL_JSON,
    SUBPROTOCOL_MSGPACK,
    ClientMessage,
    Hello,
    Resume,
    ServerMessage,
    TextInput,
    Welcome,
)
from server.room import Room
from tests.session.virtual import run_virtual
from tests.session.world import Fan, World

MSGPACK = Codec(SUBPROTOCOL_MSGPACK)
JSON = Codec(SUBPROTOCOL_JSON)


@dataclass(frozen=True)
class Record:
    """One frame, `at_s` seconds after the recording began; connection 0 is the first. "lost": the network is gone.

    Times are not rounded: what the server measures would fall on the other side of a rounding now and then.
    """

    at_s: float
    connection: int
    direction: str  # "up", "down" or "lost"
    frame: bytes

    def message(self) -> ClientMessage | ServerMessage:
        """The frame, read."""
        return MSGPACK.decode_client(self.frame) if self.direction == "up" else MSGPACK.decode_server(self.frame)


def world() -> World:
    """Short lines: recordings are kept in the repository."""
    return World(lines=["Miso?"], answers={"Miso?": "My cat.", "Who is Miso?": "A cat, ten."})


async def spoken(room: Room) -> list[Fan]:
    """A fan asks a word, hears the answer to its end and leaves."""
    fan = Fan(room, Hello(client="golden/1.0"))
    await fan.enter()
    await fan.speak(0, words=1)
    await fan.silence(0.6)
    await asyncio.sleep(1.0)
    await fan.leave()
    return [fan]


async def resumed(room: Room) -> list[Fan]:
    """A fan loses the network in the middle of the answer, comes back, hears the rest and leaves."""
    fan = Fan(room, Hello(client="golden/1.0", face="oculus15"))
    await fan.enter()
    fan.send(TextInput("Who is Miso?"))
    await asyncio.sleep(0.55)
    fan.stop_playing()
    fan.socket.up.put_nowait(None)
    await asyncio.sleep(3.0)
    token = fan.all(Welcome)[0].resume_token
    back = Fan(room, Hello(client="golden/1.0", resume=Resume(token, 1, 7000)))
    back.send(back.hello)
    await asyncio.sleep(1.2)
    await back.leave()
    await fan.served
    return [fan, back]


STORIES: dict[str, Callable[[Room], Awaitable[list[Fan]]]] = {"spoken": spoken, "resumed": resumed}


def record(story: Callable[[Room], Awaitable[list[Fan]]]) -> list[Record]:
    """What passed between the fans of the story and the server, in the order in which it did."""

    async def told() -> list[Record]:
        began = asyncio.get_running_loop().time()
        fans = await story(world().room())
        return sorted(
            (
                Record(at - began, i, direction, frame)
                for i, fan in enumerate(fans)
                for at, direction, frame in fan.socket.log
            ),
            key=lambda noted: (noted.at_s, noted.connection),
        )

    return _determined(told)


def replay(records: Sequence[Record]) -> list[Record]:
    """The same again: what went up is sent at the same times; all that passes is recorded anew."""

    async def story(room: Room) -> list[Fan]:
        began = asyncio.get_running_loop().time()
        fans: list[Fan] = []
        for sent in records:
            if sent.direction == "down":
                continue
            if began + sent.at_s > asyncio.get_running_loop().time():  # what came at once is sent at once
                await _until(began + sent.at_s)
            if sent.connection == len(fans):
                fans.append(Fan(room, Hello()))
                fans[-1].stop_playing()
            fans[sent.connection].socket.up.put_nowait(sent.frame if sent.direction == "up" else None)
        await asyncio.gather(*(fan.served for fan in fans))
        return fans

    return record(story)


async def _until(at: float) -> None:
    """Exactly then: asyncio.sleep adds a difference to now, which rounds."""
    loop = asyncio.get_running_loop()
    then = loop.create_future()
    loop.call_at(at, then.set_result, None)
    await then


def _determined(told: Callable[[], Awaitable[list[Record]]]) -> list[Record]:
    ids, tokens = count(1), count(1)
    with (
        mock.patch("server.room.secrets.token_hex", lambda n: f"{next(ids):0{2 * n}x}"),
        mock.patch("server.visits.secrets.token_urlsafe", lambda n: f"resume-token-{next(tokens):0{n}d}"),
    ):
        return run_virtual(told())  # type: ignore[arg-type]


# --- as files -----------------------------------------------------------------------------------------------


def recorded_files() -> dict[str, bytes]:
    """Every recording in both forms."""
    files: dict[str, bytes] = {}
    for name, story in STORIES.items():
        records = record(story)
        phases = _phases(records)
        heads = [
            {"at_s": r.at_s, "connection": r.connection, "direction": r.direction, "phase": phase}
            for r, phase in zip(records, phases, strict=True)
        ]
        lines = [
            {**head, "frame": None if r.direction == "lost" else json.loads(JSON.encode(r.message()))}
            for head, r in zip(heads, records, strict=True)
        ]
        files[f"recorded/{name}.jsonl"] = "".join(
            json.dumps(line, ensure_ascii=False) + "\n" for line in lines
        ).encode()
        packed = [{**head, "frame": r.frame} for head, r in zip(heads, records, strict=True)]
        files[f"recorded/{name}.msgpack-stream"] = b"".join(msgpack.packb(item) for item in packed)
    return files


def read_stream(data: bytes) -> list[Record]:
    """A recording as written by `recorded_files`."""
    unpacker = msgpack.Unpacker()
    unpacker.feed(data)
    return [Record(r["at_s"], r["connection"], r["direction"], r["frame"]) for r in unpacker]


def _phases(records: Sequence[Record]) -> list[str]:
    """The phase that each record's connection is in once it has passed."""
    handshakes: dict[int, Handshake] = {}
    phases: list[str] = []
    for r in records:
        handshake = handshakes.setdefault(r.connection, Handshake())
        if r.direction == "up":
            handshake.receive(MSGPACK.decode_client(r.frame))
        phases.append("closed" if r.direction == "lost" else handshake.phase.value)
    return phases
