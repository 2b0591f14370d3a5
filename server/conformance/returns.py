"""Checks of lost connections: the visit goes on where it was, with a token that is good once."""

import asyncio
from collections.abc import Mapping

from protocol.messages import ErrorMessage, Hello, ReplyChunk, Resume, Welcome
from server.conformance.hands import Check
from server.conformance.line import SAY_AGAIN, TRIES, Line, Target
from server.conformance.report import NotApplicableError
from server.conformance.talks import begin_reply
from server.conformance.witness import demand


async def _goes_on(target: Target) -> None:
    for _ in range(TRIES):
        if await _went_on(target):
            return
    raise NotApplicableError(f"{TRIES} times the server asked for the question to be said again")


async def _went_on(target: Target) -> bool:
    """Loses the connection in a reply and comes back. False when the server failed to make the rest of it."""
    async with target.fan() as line:
        token = _token(line)
        session_id = line.welcome.session_id
        reply_id = await begin_reply(line)
        heard = line.heard_samples()
        line.abort()
    await asyncio.sleep(0.3)
    async with target.line() as line:
        welcome = await _resume(line, Resume(token, reply_id, heard))
        demand(welcome.session_id == session_id, "another session")
        while not isinstance(chunk := await line.attend(), ReplyChunk):
            if isinstance(chunk, ErrorMessage) and chunk.code in SAY_AGAIN:
                return False
        demand(chunk.reply_id == reply_id, f"reply {chunk.reply_id} goes on, {reply_id} sounded")
        frame = welcome.audio_out.sample_rate_hz // welcome.face.fps
        demand(heard - 2 * frame < chunk.start_samples <= heard, f"goes on at {chunk.start_samples}, {heard} was heard")
        while not line.witness.finished:
            await line.attend()
    return True


async def _good_once(target: Target) -> None:
    async with target.fan() as line:
        token = _token(line)
        line.abort()
    await asyncio.sleep(0.3)
    async with target.line() as line:
        welcome = await _resume(line, Resume(token))
        demand(welcome.resume_token not in ("", token), "the token was not renewed")
        await _refused(target, token)
        await _refused(target, "made up")
        await line.alive()


async def _takes_over(target: Target) -> None:
    async with target.fan() as old, target.line() as line:
        await _resume(line, Resume(_token(old)))
        demand((await old.error("taken_over")).fatal, "not said to be fatal")
        await old.closed(1008)
        await line.alive()


async def _refused(target: Target, token: str) -> None:
    async with target.line() as line:
        await line.send(Hello(resume=Resume(token)))
        demand((await line.error("resume_refused")).fatal, "not said to be fatal")
        await line.closed(1008)


async def _resume(line: Line, resume: Resume) -> Welcome:
    await line.send(Hello(client="stagedoor conformance", resume=resume))
    welcome = await line.until(Welcome)
    demand(welcome.resumed, "the server's hello does not say `resumed`")
    return welcome


def _token(line: Line) -> str:
    if not line.welcome.resume_token:
        raise NotApplicableError("this server offers no resume_token")
    return line.welcome.resume_token


CHECKS: Mapping[str, Mapping[str, Check]] = {
    "reconnect": {
        "a reply goes on from what was heard": _goes_on,
        "a token is renewed, and refused when it comes twice or was made up": _good_once,
        "a newer connection takes over from one that seems alive": _takes_over,
    }
}
