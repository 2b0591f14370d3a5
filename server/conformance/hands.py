"""Checks of the first minute: the handshake, the disclosure, formats of sound and face."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from websockets.exceptions import InvalidHandshake, InvalidStatus

from protocol.codec import SUBPROTOCOLS
from protocol.messages import (
    SUBPROTOCOL_JSON,
    AudioChunk,
    DisclosureAcknowledged,
    ErrorMessage,
    Hello,
    Leave,
    Ping,
    Pong,
    TextInput,
    Welcome,
)
from protocol.packets import join_packets, packet_ms, split_packets
from protocol.timeline import AudioFormat
from server.conformance.line import ENTER_WAIT_S, Line, Target
from server.conformance.report import NotApplicableError, ViolationError
from server.conformance.witness import demand

Check = Callable[[Target], Awaitable[None]]
OPUS_IN = AudioFormat("opus", 48_000)
_FORGED = "e30.e30.forged"
OPUS_SILENCE = b"\xf8\xff\xfe"  # 20 ms of nothing (RFC 6716: CELT, full band, one frame)


async def said_hello(target: Target, line: Line, **hello: object) -> Welcome:
    await line.send(Hello(client="stagedoor conformance", **{"token": target.token, **hello}))  # type: ignore[arg-type]
    return await line.until(Welcome)


async def _hello_in_both_forms(target: Target) -> None:
    for subprotocol in SUBPROTOCOLS:
        async with target.line(subprotocol) as line:
            demand(
                line.socket.subprotocol == subprotocol, f"{subprotocol} was offered, {line.socket.subprotocol} chosen"
            )
            welcome = await said_hello(target, line)
            demand(welcome.version.startswith("1."), f"version {welcome.version}")
            demand(bool(welcome.session_id and welcome.persona.name), "a hello without session or persona")
            demand(len(set(welcome.face.names)) == len(welcome.face.names), "a face name twice")
            demand(welcome.face.fps > 0, "no frame rate")


async def _stranger_refused(target: Target) -> None:
    try:
        async with target.line("chat.v7"):
            pass
    except InvalidStatus as refused:
        demand(refused.response.status_code == 403, f"HTTP {refused.response.status_code}, expected 403")
        return
    except InvalidHandshake:
        return
    raise ViolationError("a connection without a subprotocol that both speak was accepted")


async def _ping_before_hello(target: Target) -> None:
    async with target.line() as line:
        await line.send(Ping(5))
        demand((await line.until(Pong)).nonce == 5, "a pong with another nonce")
        await said_hello(target, line)


async def _nothing_before_hello(target: Target) -> None:
    async with target.line() as line:
        await line.send(AudioChunk(bytes(640)))
        await line.error("illegal_state")
        await line.send(TextInput("Hello?"))
        await line.error("illegal_state")
        await said_hello(target, line)


async def _second_hello(target: Target) -> None:
    async with target.fan() as line:
        await line.send(Hello(token=target.token))
        await line.error("illegal_state")
        await line.alive()


async def _another_version(target: Target) -> None:
    async with target.line() as line:
        await line.send(Hello(version="2.0", token=target.token))
        demand((await line.error("unsupported")).fatal, "not said to be fatal")
        await line.closed(1008)


async def _bad_token(target: Target) -> None:
    async with target.line() as line:
        await line.send(Hello(token=_FORGED))
        demand((await line.error("bad_token")).fatal, "not said to be fatal")
        await line.closed(1008)


async def _leave(target: Target) -> None:
    async with target.fan() as line:
        await line.send(Leave())
        await line.closed(1000)


async def _disclosure(target: Target) -> None:
    async with target.line() as line:
        welcome = await said_hello(target, line)
        demand("AI" in welcome.disclosure, f"the disclosure does not say that this is an AI: {welcome.disclosure!r}")
        await line.send(AudioChunk(bytes(640)))
        await line.error("disclosure_required")
        await line.send(TextInput("Hello?"))
        await line.error("disclosure_required")
        try:
            message = await line.receive(1.0)
        except TimeoutError:
            message = None
        demand(message is None, f"{type(message).__name__} before the disclosure was acknowledged")
        await line.send(DisclosureAcknowledged())
        await line.alive()


async def _pcm_rates(target: Target) -> None:
    for rate_hz in (16_000, 24_000, 44_100, 48_000):
        audio_in = AudioFormat("pcm16", rate_hz)
        async with target.fan(audio_in=audio_in) as line:
            demand(line.welcome.audio_in == audio_in, f"{rate_hz} Hz became {line.welcome.audio_in}")
            for _ in range(5):
                await line.send(AudioChunk(bytes(2 * (rate_hz // 50))))
            await line.alive()


async def _unknown_formats(target: Target) -> None:
    for audio_in in (AudioFormat("mp3", 16_000), AudioFormat("pcm16", 11_025), AudioFormat("opus", 11_025)):
        async with target.line() as line:
            await line.send(Hello(token=target.token, audio_in=audio_in))
            await line.error("unsupported")
            await line.closed(1008)


async def _half_a_sample(target: Target) -> None:
    async with target.fan() as line:
        await line.send(AudioChunk(bytes(641)))
        await line.error("malformed")
        await line.alive()


async def _opus_up(target: Target) -> None:
    async with _with_opus(target) as line:
        for _ in range(10):
            await line.send(AudioChunk(join_packets([OPUS_SILENCE])))
        await line.send(AudioChunk(join_packets([OPUS_SILENCE] * 3)))
        await line.alive()
        for torn in (b"\x05", b"\x09\0abc", b"\0\0"):
            await line.send(AudioChunk(torn))
            await line.error("malformed")
        await line.send(AudioChunk(join_packets([b"\x1b\x02"] * 10_000)))
        await line.error("rate_limited", "malformed")
        await line.alive()


async def _opus_down(target: Target) -> None:
    async with _with_opus(target) as line:
        out = line.welcome.audio_out
        demand(out.encoding == "opus" and out.pre_skip_samples > 0, f"audio_out is {out}")
        chunks = await line.answer("Tell me something nice.")
        packets = [packet for chunk in chunks for packet in split_packets(chunk.audio)]
        sound_ms = sum(map(packet_ms, packets)) - out.pre_skip_samples * 1000 / out.sample_rate_hz
        reply_ms = chunks[-1].start_samples * 1000 / out.sample_rate_hz
        demand(reply_ms <= sound_ms < reply_ms + 21, f"{sound_ms:.1f} ms of sound for a reply of {reply_ms:.1f} ms")


def _with_opus(target: Target):  # type: ignore[no-untyped-def]
    return target.fan(audio_in=OPUS_IN, audio_out=AudioFormat("opus", 24_000))


async def _faces(target: Target) -> None:
    for layout in ("arkit52", "azure55", "oculus15", "vrm", "none"):
        async with target.fan(face=layout) as line:
            n_names = len(line.welcome.face.names)
            demand((n_names == 0) == (layout == "none"), f"{layout}: {n_names} names")


async def _faceless_reply(target: Target) -> None:
    async with target.fan(SUBPROTOCOL_JSON, face="none") as line:
        chunks = await line.answer("Tell me something nice.")
        demand(sum(len(chunk.audio) for chunk in chunks) > 0, "a reply without sound")


async def _busy_or_in(target: Target) -> None:
    """Many at once: each gets in or is told that it is full."""

    async def knock() -> str:
        async with target.line() as line:
            await line.send(Hello(token=target.token))
            message = await line.receive(line.pace.patient(ENTER_WAIT_S))
            await asyncio.sleep(0.5)
            return message.code if isinstance(message, ErrorMessage) else "in"

    answers = await asyncio.gather(*(knock() for _ in range(24)))
    demand(set(answers) <= {"in", "busy"}, f"answers: {sorted(set(answers))}")
    if "busy" not in answers:
        raise NotApplicableError("24 fans at once did not fill the server")


ALONE = frozenset({_busy_or_in})  # others would find no place

CHECKS: Mapping[str, Mapping[str, Check]] = {
    "handshake": {
        "hello is answered in msgpack and in JSON": _hello_in_both_forms,
        "who speaks no common subprotocol is refused with HTTP 403": _stranger_refused,
        "a ping may come before hello": _ping_before_hello,
        "audio and text before hello are illegal_state": _nothing_before_hello,
        "a second hello is illegal_state and changes nothing": _second_hello,
        "another major version is unsupported, close 1008": _another_version,
        "a forged join token is bad_token, close 1008": _bad_token,
        "leave is answered with close 1000": _leave,
        "a full server says busy": _busy_or_in,
    },
    "disclosure": {"nothing passes before the disclosure was acknowledged": _disclosure},
    "formats": {
        "PCM16 at 16, 24, 44.1 and 48 kHz is heard": _pcm_rates,
        "other formats are unsupported, close 1008": _unknown_formats,
        "half a sample is malformed": _half_a_sample,
        "Opus is heard; torn packets and hours in kilobytes are refused": _opus_up,
        "a reply in Opus is whole packets, pre-skip and all": _opus_down,
        "every face layout names its shapes": _faces,
        "a client without a face gets the sound alone": _faceless_reply,
    },
}
