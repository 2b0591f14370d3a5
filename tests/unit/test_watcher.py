"""A spectator's queue: written at once when nothing is before it, else in order; who does not read is lost alone."""

import asyncio
from collections.abc import Callable

import pytest
from websockets.frames import Frame

from protocol.codec import Codec
from protocol.errors import SlowReaderError
from protocol.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, Hello, Pong
from server.stage.feed import View, parcel
from server.stage.parcel import Parcel
from server.stage.show import MAX_BEHIND, Watcher

VIEW = View.of(Codec(SUBPROTOCOL_MSGPACK), Hello())


class Socket:
    """What was written at once, and whether more may be."""

    def __init__(self) -> None:
        self.open = True
        self.frames: list[bytes] = []

    def write_now(self, framed: bytes) -> bool:
        if self.open:
            self.frames.append(framed)
        return self.open


def parcels(*texts: str) -> list[Parcel]:
    return [Parcel(text.encode(), binary=True) for text in texts]


async def in_time(watcher: Watcher) -> list[bytes]:
    async with asyncio.timeout(1):
        return await watcher.next()


def run(story: Callable[[Watcher, Socket], object]) -> None:
    async def tell() -> None:
        socket = Socket()
        result = story(Watcher(VIEW, socket.write_now), socket)
        if asyncio.iscoroutine(result):
            await result

    asyncio.run(tell())


def test_a_frame_is_what_a_server_sends_and_is_made_once() -> None:
    for subprotocol, opcode in ((SUBPROTOCOL_MSGPACK, 0x82), (SUBPROTOCOL_JSON, 0x81)):
        made = parcel(subprotocol, Pong(7, 1.0))
        assert made.framed is made.framed
        assert made.framed[0] == opcode
        assert made.framed[1] == len(made.data)
        assert made.framed[2:] == made.data
        assert Codec(subprotocol).decode_server(made.data if opcode == 0x82 else made.data.decode()) == Pong(7, 1.0)
    long = Parcel(b"x" * 70_000, binary=True)
    assert long.framed == Frame(2, long.data).serialize(mask=False)


def test_who_waits_for_nothing_gets_it_at_once() -> None:
    async def story(watcher: Watcher, socket: Socket) -> None:
        waits = asyncio.create_task(watcher.next())
        await asyncio.sleep(0)
        for one in parcels("a", "b"):
            watcher.put(one)
        assert [frame[2:] for frame in socket.frames] == [b"a", b"b"]
        await asyncio.sleep(0)
        assert not waits.done()
        waits.cancel()

    run(story)


def test_nothing_overtakes_what_waits_or_is_being_sent() -> None:
    async def story(watcher: Watcher, socket: Socket) -> None:
        a, b, c, d, e = parcels("a", "b", "c", "d", "e")
        watcher.put(a)  # nobody sends yet
        assert await in_time(watcher) == [b"a"]
        watcher.put(b)  # while that is being sent
        assert await in_time(watcher) == [b"b"]
        waits = asyncio.create_task(watcher.next())
        await asyncio.sleep(0)
        socket.open = False
        watcher.put(c)
        socket.open = True
        watcher.put(d)
        assert await waits == [b"c", b"d"]
        assert socket.frames == []
        waits = asyncio.create_task(watcher.next())
        await asyncio.sleep(0)
        watcher.put(e)
        assert [frame[2:] for frame in socket.frames] == [b"e"]
        waits.cancel()

    run(story)


def test_who_does_not_read_is_lost() -> None:
    async def story(watcher: Watcher, socket: Socket) -> None:
        socket.open = False
        for one in parcels(*"x" * (MAX_BEHIND + 1)):
            watcher.put(one)
        with pytest.raises(SlowReaderError):
            await watcher.next()

    run(story)
