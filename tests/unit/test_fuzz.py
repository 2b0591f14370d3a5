"""The fuzzer's target holds for its own seeds, for Hypothesis, and for a quarter of a minute of libFuzzer.

The long run is by hand: `make fuzz`.
"""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.codec import MAX_BLAME_CHARS, Codec
from protocol.errors import StagedoorError, UnknownTypeError
from protocol.messages import SUBPROTOCOL_JSON, SUBPROTOCOL_MSGPACK
from tests.fuzz.twist import twisted
from tests.golden import GOLDEN

ROOT = Path(__file__).resolve().parents[2]
SEEDS = [path.read_bytes() for path in sorted((GOLDEN / "up").iterdir())]
CODECS = [Codec(SUBPROTOCOL_MSGPACK), Codec(SUBPROTOCOL_JSON)]
LONGEST = MAX_BLAME_CHARS + 120  # with the message's type before it


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 500), st.sampled_from("=+-x"), st.binary(max_size=6)), max_size=6),
)
def test_torn_and_twisted_messages_are_read_or_refused(seed: bytes, changes: list[tuple[int, str, bytes]]) -> None:
    data = bytearray(seed)
    for place, how, what in changes:
        at = place % (len(data) + 1)
        end = at + (0 if how == "+" else len(what) if how == "=" else 8)
        data[at:end] = b"" if how == "-" else what
    for codec in CODECS:
        frame = bytes(data) if codec.binary else bytes(data).decode("utf-8", "surrogateescape")
        try:
            message = codec.decode_client(frame)
        except StagedoorError as error:
            assert len(str(error)) <= LONGEST  # noqa: PT017  (either way is fine)
        else:
            again = codec.encode(message)
            assert codec.decode_client(again if codec.binary else again.decode()) == message


@pytest.mark.parametrize("name", ["\x94" * 200, "\U0010ffff" * 200, "'\"" * 100])
def test_a_name_that_grows_when_it_is_quoted_is_cut(name: str) -> None:
    with pytest.raises(UnknownTypeError) as caught:
        CODECS[0].decode_client(b"\x81\xa4type\xda" + len(name.encode()).to_bytes(2, "big") + name.encode())
    assert len(str(caught.value)) <= 130


@pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")
def test_a_little_fuzzing_finds_nothing(tmp_path: Path) -> None:
    # By way of a shell, because a program begins with the peak memory of the one that started it, here the whole test
    # run's, and libFuzzer takes that for its own.
    fuzzer = [
        sys.executable,
        "-m",
        "tests.fuzz.decoder",
        "-max_total_time=15",
        "-seed=1",
        f"-artifact_prefix={tmp_path}/",
    ]
    fuzzed = subprocess.run(
        ["/bin/sh", "-c", '"$@"; exit $?', "sh", *fuzzer],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert fuzzed.returncode == 0, fuzzed.stderr[-3000:]
    assert "Done" in fuzzed.stderr


def test_twisted_messages_reach_every_parser_and_now_and_then_a_message() -> None:
    """A fuzzer whose inputs are all refused at the first byte finds nothing."""
    told: Counter[str] = Counter()
    for seed in range(600):
        data = twisted(b"", SEEDS, Random(seed))
        for codec in CODECS:
            try:
                message = codec.decode_client(data if codec.binary else data.decode("utf-8", "surrogateescape"))
                told[type(message).__name__] += 1
            except StagedoorError as error:
                told[error.code] += 1
    assert told["malformed"] > 100
    assert told["unknown_type"] > 5
    assert len(told) > 10  # ten kinds of message came through
