"""A terminal conversation in thirty lines: `python examples/talk.py ws://127.0.0.1:8700/ws [NAME] [TOKEN]`."""

import asyncio
import sys

from stagedoor.client import Talk, connect
from stagedoor.protocol.messages import ReplyCancelled, ReplyChunk, Transcript


async def listen(talk: Talk) -> None:
    """Prints what is said while it is said."""
    async for message in talk:
        match message:
            case Transcript(_, text, True):
                print(f"\nyou: {text}")
            case ReplyChunk():
                print("".join(f"{word.text} " for word in message.words), end="\n" * message.last, flush=True)
            case ReplyCancelled():
                print(" ...")


async def main(url: str, name: str = "", token: str = "") -> None:
    """Types every line of the terminal to the avatar."""
    async with connect(url, name=name, token=token) as talk:
        await asyncio.to_thread(input, f"{talk.welcome.disclosure}\nPress enter to go on. ")
        await talk.acknowledge()
        listening = asyncio.create_task(listen(talk))
        while line := await asyncio.to_thread(sys.stdin.readline):
            await talk.type(line.strip())
        await talk.rest()
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
