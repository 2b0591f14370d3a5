"""The scenes that a client has to play well in, and the order in which they come.

What comes next: stage.py's Guest carries them out; client.py plays them one after the other.
"""

import math
import time
from array import array
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from protocol.messages import (
    ErrorMessage,
    Hello,
    Listening,
    Notice,
    ReplyCancelled,
    ReplyChunk,
    Transcript,
)
from protocol.timeline import OUTPUT_RATE_HZ, SAMPLES_PER_FACE_FRAME, VisemeSpan, WordSpan
from server.conformance.report import NotApplicableError
from server.conformance.stage import CHUNK_SAMPLES, FACE_NAMES, Guest
from server.conformance.witness import demand

Scene = Callable[[Guest, "Memory"], Awaitable[None]]
AWAY_S = 30.0
BROKEN_MSGPACK = (b"", b"\xc1", b"\x91\x01", b"\x81\xa4type", b"\x81\xa4type\x05", b"\x81\xa4type\xabreply.chunk")
BROKEN_JSON = (b"", b"null", b"[1]", b'{"type":', b'{"type":5}', b'{"type":"reply.chunk"}')


class Memory:
    """What one scene leaves for the next: a client that comes back must bring it."""

    def __init__(self) -> None:
        self.hello = Hello()
        self.token = ""
        self.reply_id = 0
        self.sent_samples = 0
        self.heard_samples = 0


def tone(reply_id: int, first: int, n_chunks: int, *, last: bool = False) -> list[ReplyChunk]:
    """A part of a humming reply, with its face: chunks of 200 ms from chunk `first` on."""
    chunks: list[ReplyChunk] = []
    for seq in range(first, first + n_chunks):
        start = seq * CHUNK_SAMPLES
        wave = (
            round(6000 * math.sin(2 * math.pi * 220 * n / OUTPUT_RATE_HZ)) for n in range(start, start + CHUNK_SAMPLES)
        )
        jaws = [abs(n % 8 - 4) * 40 for n in range(CHUNK_SAMPLES // SAMPLES_PER_FACE_FRAME)]
        chunks.append(
            ReplyChunk(
                reply_id,
                seq,
                start,
                array("h", wave).tobytes(),
                b"".join(bytes((jaw, 60, 60)) for jaw in jaws),
                words=(WordSpan("hum", start, start + CHUNK_SAMPLES),),
                visemes=(VisemeSpan("aa", start, start + CHUNK_SAMPLES),),
            )
        )
    if last:
        at = first + n_chunks
        chunks.append(ReplyChunk(reply_id, at, at * CHUNK_SAMPLES, b"", b"", last=True))
    return chunks


async def _say(guest: Guest, reply_id: int, n_chunks: int) -> None:
    for chunk in tone(reply_id, 0, n_chunks, last=True):
        await guest.send(chunk)


async def _plain_reply(guest: Guest, _: Memory) -> None:
    await guest.welcome()
    await _say(guest, 1, 6)
    await guest.marked(1, 6 * CHUNK_SAMPLES)
    demand(len(guest.marks[1]) >= 5, f"{len(guest.marks[1])} marks in 1.2 s; one every 100 ms is asked for")


async def _disclosure(guest: Guest, _: Memory) -> None:
    await guest.welcome()  # the table refuses audio and text before the acknowledgement
    await guest.watch(1.0)


async def _two_replies(guest: Guest, _: Memory) -> None:
    await guest.welcome()
    await _say(guest, 1, 4)
    await _say(guest, 2, 4)
    await guest.marked(2, 4 * CHUNK_SAMPLES)
    demand(guest.heard(1) == 4 * CHUNK_SAMPLES, "the older reply was not played to its end")


async def _cancelled(guest: Guest, _: Memory) -> None:
    await guest.welcome()
    for chunk in tone(1, 0, 6):
        await guest.send(chunk)
    await guest.watch(0.5)
    await guest.send(ReplyCancelled(1, "barge_in", guest.heard(1)))
    await guest.watch(0.3)
    at_most = guest.can_have_heard(1)  # marks of a busy client may still be on their way
    for chunk in tone(1, 6, 2, last=True):
        await guest.send(chunk)
    await guest.watch(1.0)
    demand(guest.heard(1) <= at_most, "a cancelled reply was played on")
    await _say(guest, 2, 3)
    await guest.marked(2, 3 * CHUNK_SAMPLES)


async def _runs_dry(guest: Guest, _: Memory) -> None:
    await guest.welcome()
    for chunk in tone(1, 0, 3):
        await guest.send(chunk)
    await guest.watch(1.5)
    demand(guest.heard(1) <= 3 * CHUNK_SAMPLES, "more was heard than was sent")
    for chunk in tone(1, 3, 3, last=True):
        await guest.send(chunk)
    await guest.watch(0.3)
    demand(guest.heard(1) < 6 * CHUNK_SAMPLES, "the pause was made up for: samples were skipped")
    await guest.marked(1, 6 * CHUNK_SAMPLES)


async def _stale(guest: Guest, _: Memory) -> None:
    await guest.welcome()
    await _say(guest, 5, 3)
    await guest.marked(5, 3 * CHUNK_SAMPLES)
    await _say(guest, 4, 3)
    await guest.watch(1.0)
    demand(guest.heard(4) == 0, "a reply older than the newest was played")
    await _say(guest, 6, 2)
    await guest.marked(6, 2 * CHUNK_SAMPLES)


async def _broken(guest: Guest, _: Memory) -> None:
    await guest.welcome()
    for broken in BROKEN_MSGPACK if guest.binary else BROKEN_JSON:
        await guest.send_raw(broken)
    await _say(guest, 1, 3)
    await guest.marked(1, 3 * CHUNK_SAMPLES)


async def _news(guest: Guest, _: Memory) -> None:
    await guest.welcome()
    form = msgspec.msgpack if guest.binary else msgspec.json
    await guest.send_raw(form.encode({"type": "weather", "rain": True}))
    await guest.send_raw(form.encode({"type": "notice", "kind": "a new kind", "text": "Hello", "new": {"a": [1]}}))
    await guest.send_raw(form.encode({"type": "error", "code": "a_new_code", "message": "nothing", "fatal": False}))
    await guest.send(ErrorMessage("engine_failed", "something failed on our side; please say it again"))
    await guest.send(Notice("server", "A scene of the conformance kit."))
    await guest.send(Transcript(1, "what is", final=False))
    await guest.send(Listening(1, bytes(len(FACE_NAMES) * 3) if guest.hello.face != "none" else b""))
    await _say(guest, 1, 3)
    await guest.marked(1, 3 * CHUNK_SAMPLES)


async def lost(guest: Guest, memory: Memory) -> None:
    """Ends without a goodbye."""
    memory.hello = await guest.welcome(token="stage-lost")  # noqa: S106
    for chunk in tone(1, 0, 8):
        await guest.send(chunk)
    await guest.watch(0.7)
    memory.token, memory.reply_id, memory.heard_samples = "stage-lost", 1, guest.heard(1)
    memory.sent_samples = 8 * CHUNK_SAMPLES
    guest.abort()


async def _comes_back(guest: Guest, memory: Memory) -> None:
    began = time.monotonic()
    hello = await guest.welcome(resumed=memory.hello, token="stage-back")  # noqa: S106
    demand(time.monotonic() - began < AWAY_S, "it came too late")
    if hello.resume is None:
        raise NotApplicableError("the client does not resume; it began a new visit")
    demand(hello.resume.token == memory.token, "it brought another token than the last hello's")
    demand(hello.resume.reply_id == memory.reply_id, f"it was listening to reply {hello.resume.reply_id}")
    heard = hello.resume.heard_samples
    demand(memory.heard_samples <= heard <= memory.sent_samples, f"it says that it heard {heard} samples")
    first = heard // CHUNK_SAMPLES
    for chunk in tone(1, first, 10 - first, last=True):
        await guest.send(chunk)
    await guest.marked(1, 10 * CHUNK_SAMPLES)


async def shown_out(guest: Guest, _: Memory) -> None:
    """The last one: a client that comes back after it fails."""
    await guest.welcome()
    await guest.send(ErrorMessage("bad_token", "a scene of the conformance kit", fatal=True))
    await guest.close(1008)


SCENES: Mapping[str, Mapping[str, Scene]] = {
    "handshake": {"hello, then nothing before the disclosure is acknowledged": _disclosure},
    "playback": {
        "a reply is played in real time, with a mark every 100 ms and one at its end": _plain_reply,
        "a newer reply waits for the older one": _two_replies,
        "when the sound runs dry it waits, and skips nothing": _runs_dry,
    },
    "barge-in": {"a cancelled reply falls silent, and late chunks of it are not played": _cancelled},
    "stale": {"a reply older than the newest is not played": _stale},
    "malformed input": {"what is no message is passed over, and the talk goes on": _broken},
    "what is new": {"unknown messages, fields and codes, and errors that are not fatal, change nothing": _news},
    "reconnect": {
        "the network is lost in the middle of a reply": lost,
        "it comes back with its token and says how much it heard": _comes_back,
        "after a fatal error and close 1008 it does not come back by itself": shown_out,
    },
}
