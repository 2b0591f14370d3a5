"""A server that does what a test tells it: the real page, the real wire, no models.

It serves `web_client/dist/` under the security headers of the real server, and speaks the protocol through
`protocol.codec` and `protocol.handshake`, so a page that says something illegal fails the test that drives it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from protocol.codec import Codec
from protocol.handshake import Handshake
from protocol.messages import (
    SUBPROTOCOL_JSON,
    ClientMessage,
    FaceFormat,
    Hello,
    Limits,
    PersonaCard,
    Ping,
    Pong,
    ServerMessage,
    Welcome,
)
from protocol.timeline import FACE_FPS, OUTPUT_RATE_HZ, AudioFormat
from server.listener import SECURITY_HEADERS
from server.page_files import LOOKS, MEDIA_TYPES, PAGE, SCREENS

HERE = Path(__file__).resolve().parent
EAR = "/ear.js"  # what the tests listen with; asked for by `ear_init.js`, never by the page

_SIDED = {
    "eye": ("Blink", "LookDown", "LookIn", "LookOut", "LookUp", "Squint", "Wide"),
    "mouth": ("Smile", "Frown", "Dimple", "Stretch"),
}
ARKIT_NAMES = (
    *(f"eye{part}{side}" for side in ("Left", "Right") for part in _SIDED["eye"]),
    *("jawForward", "jawLeft", "jawRight", "jawOpen"),
    *("mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight"),
    *(f"mouth{part}{side}" for part in _SIDED["mouth"] for side in ("Left", "Right")),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper"),
    *(f"mouth{part}{side}" for part in ("Press", "LowerDown", "UpperUp") for side in ("Left", "Right")),
    *("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    *("cheekPuff", "cheekSquintLeft", "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut"),
)  # fmt: skip
assert len(ARKIT_NAMES) == 52

WELCOME = Welcome(
    session_id="s-1",
    persona=PersonaCard(id="mara", name="Mara", pronouns="she/her", about="Sings, bakes, answers letters at night."),
    disclosure="Mara is an AI character. She is not a person, and she can be wrong.",
    audio_in=AudioFormat(),
    audio_out=AudioFormat(sample_rate_hz=OUTPUT_RATE_HZ),
    face=FaceFormat(names=ARKIT_NAMES, fps=FACE_FPS),
    limits=Limits(),
)

M = TypeVar("M", bound=ClientMessage)


def face_frame(**weights: float) -> bytes:
    """One face frame; weights 0..1 by ARKit name. A name without its side sets both sides."""
    frame = bytearray(len(ARKIT_NAMES))
    for i, name in enumerate(ARKIT_NAMES):
        both = name.removesuffix("Left").removesuffix("Right")
        frame[i] = round(255 * weights.get(name, weights.get(both, 0.0)))
    return bytes(frame)


class Visit:
    """One connection as the script sees it: say something, wait for something."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._codec = Codec(SUBPROTOCOL_JSON)
        self._handshake = Handshake()
        self._inbox: asyncio.Queue[ClientMessage] = asyncio.Queue()
        self.received: list[ClientMessage] = []
        self.closed = asyncio.Event()
        self._dropped = False

    async def say(self, *messages: ServerMessage) -> None:
        for message in messages:
            await self.say_raw(self._codec.encode(message).decode())

    async def welcome(self, welcome: Welcome) -> None:
        """Answers the `hello`; from now on the page may do what its role may."""
        self._handshake.take_role(welcome.role)
        await self.say(welcome)

    async def say_raw(self, text: str) -> None:
        """Anything at all, whether or not it is a message."""
        await self._connection.send(text)

    async def hears(self, kind: type[M]) -> M:
        """The next message of this kind; the others before it are passed over (they stay in `received`)."""
        async with asyncio.timeout(20):
            while not isinstance(message := await self._inbox.get(), kind):
                pass
        return message

    def of(self, kind: type[M]) -> list[M]:
        """Every message of this kind so far."""
        return [message for message in self.received if isinstance(message, kind)]

    async def close(self) -> None:
        await self._connection.close()

    def drop(self) -> None:
        """The connection is gone without a word, as when a network is lost."""
        self._dropped = True
        self._connection.transport.abort()

    @property
    def close_code(self) -> int | None:
        return self._connection.close_code

    async def run(self) -> None:
        """Takes in messages until the page goes; raises what the codec or the handshake object to."""
        try:
            await self._take_in()
        except ConnectionClosedError:
            if not self._dropped:
                raise
        self.closed.set()

    async def _take_in(self) -> None:
        async for data in self._connection:
            message = self._codec.decode_client(data)
            self._handshake.receive(message)
            if isinstance(message, Ping):
                await self.say(Pong(nonce=message.nonce, server_at_ms=0.0))
            self.received.append(message)
            self._inbox.put_nowait(message)


class ScriptedServer:
    """Where the page is, and the visits it makes."""

    def __init__(self) -> None:
        self.url = ""
        self.asked_for: list[str] = []
        self.faults: list[Exception] = []
        self.hangs = False  # calls are taken from now on, and never answered
        self.called = asyncio.Event()  # for the first time
        self._visits: asyncio.Queue[Visit] = asyncio.Queue()

    async def visit(self, *, welcome: bool = True) -> Visit:
        """The next page that connects, welcomed unless the test wants to answer its `hello` itself."""
        async with asyncio.timeout(20):
            visit = await self._visits.get()
        if welcome:
            await visit.hears(Hello)
            await visit.welcome(WELCOME)
        return visit

    async def take(self, connection: ServerConnection) -> None:
        visit = Visit(connection)
        self._visits.put_nowait(visit)
        try:
            await visit.run()
        except Exception as error:
            self.faults.append(error)
            raise

    async def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Files of the page for plain requests; None lets the WebSocket handshake go on."""
        self.asked_for.append(request.path)
        if request.path == "/ws":
            self.called.set()
            return await self._hang(connection) if self.hangs else None
        if request.path == EAR:
            return self._file(HERE / "ear.js")
        path = request.path.partition("?")[0].removeprefix("/")
        path = SCREENS.get(path, path)
        file = LOOKS / path.removeprefix("avatars/") if path.startswith("avatars/") else PAGE / path
        if not file.is_file():
            return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers(), b"")
        return self._file(file)

    async def _hang(self, connection: ServerConnection) -> Response:
        """Says nothing until the page gives up; then nobody hears the answer."""
        await connection.wait_closed()
        return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "")

    def _file(self, file: Path) -> Response:
        headers = Headers({"Content-Type": MEDIA_TYPES[file.suffix], "Connection": "close", **SECURITY_HEADERS})
        body = file.read_bytes()
        headers["Content-Length"] = str(len(body))
        return Response(HTTPStatus.OK, "OK", headers, body)


@asynccontextmanager
async def scripted_server() -> AsyncIterator[ScriptedServer]:
    """A server on a free port of this machine; on leaving, whatever a page did wrong is raised."""
    server = ScriptedServer()
    async with serve(
        server.take, "127.0.0.1", 0, process_request=server.answer, open_timeout=None,
        subprotocols=[Subprotocol(SUBPROTOCOL_JSON)],
    ) as listening:  # fmt: skip
        port = next(iter(listening.sockets)).getsockname()[1]
        server.url = f"http://127.0.0.1:{port}/"
        yield server
    assert server.faults == []
