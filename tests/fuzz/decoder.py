"""Coverage-guided fuzzing of what strangers send: `python -m tests.fuzz.decoder [-max_total_time=SECONDS] [FOLDER]`.

libFuzzer (atheris) begins with the golden files and changes them, as bytes and as trees (twist.py). Whatever comes of
that, a decoder answers with a message that survives being encoded, or with a coded error that is short; nothing else
may be raised.
"""

import sys
import tempfile
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["protocol"]):
    from protocol.codec import MAX_BLAME_CHARS, Codec
    from protocol.errors import StagedoorError
    from protocol.handshake import Handshake
    from protocol.messages import MAX_MESSAGE_BYTES, SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK, AudioChunk, ClientMessage
    from protocol.packets import MAX_PACKET_MS, join_packets, packet_ms, split_packets

from tests.fuzz.twist import twisted

GOLDEN = Path(__file__).resolve().parents[2] / "protocol" / "golden"
MSGPACK = Codec(SUBPROTOCOL_MSGPACK)
JSON = Codec(SUBPROTOCOL_JSON)
SEEDS = [path.read_bytes() for path in sorted((GOLDEN / "up").iterdir())]
BYTES_PROB = 0.3  # how often the change is libFuzzer's own


def check(data: bytes) -> None:
    """One input, to every decoder."""
    _decode(MSGPACK, data)
    _decode(JSON, data.decode("utf-8", "surrogateescape"))
    _decode(JSON, data.decode("latin-1"))


def _decode(codec: Codec, frame: bytes | str) -> None:
    try:
        message = codec.decode_client(frame)
    except StagedoorError as error:
        assert len(str(error)) <= MAX_BLAME_CHARS + 120, str(error)  # noqa: PT017  (either way is fine)
        return
    assert codec.decode_client(_again(codec, message)) == message
    try:
        Handshake().receive(message)
        if isinstance(message, AudioChunk):
            packets = split_packets(message.audio)
            assert join_packets(packets) == message.audio
            assert all(0 < packet_ms(packet) <= MAX_PACKET_MS for packet in packets)
    except StagedoorError:
        return


def _again(codec: Codec, message: ClientMessage) -> bytes | str:
    data = codec.encode(message)
    return data if codec.binary else data.decode()


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """What libFuzzer tries next: a twisted tree, or bytes changed at random."""
    random = Random(seed)
    if random.random() >= BYTES_PROB:
        data = twisted(data, SEEDS, random)
        if len(data) <= max_size:
            return data
    changed: bytes = atheris.Mutate(data[:max_size], max_size)
    return changed


def main() -> None:
    """Runs libFuzzer over a folder of inputs; a fresh one holds the golden messages of clients."""
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    with tempfile.TemporaryDirectory() as fresh:
        for number, seed in enumerate(SEEDS):
            (Path(fresh) / str(number)).write_bytes(seed)
        atheris.Setup(
            [sys.argv[0], f"-max_len={2 * MAX_MESSAGE_BYTES}", *options, *folders, fresh], check, custom_mutator=mutate
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
