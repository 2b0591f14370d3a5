"""The fuzzer's target holds for its own seeds and for Hypothesis, and what libFuzzer finds fails `make test`.

The minutes themselves are beside the whole test pass: tests/fuzz/beside.py. The long run is by hand: `make fuzz`.
"""

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
from tests.fuzz.beside import decoder, run_beside
from tests.fuzz.twist import twisted
from tests.golden import GOLDEN

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


BREAKS = """
import sys, atheris
def check(data):
    raise ValueError("found")
atheris.Setup(sys.argv, check)
atheris.Fuzz()
"""
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="atheris has wheels for Linux only")


@ON_LINUX
@pytest.mark.parametrize("exit_code", [0, 3])
def test_a_command_is_fuzzed_beside_and_keeps_its_exit_code(exit_code: int, capfd: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-c", f"raise SystemExit({exit_code})"]
    assert run_beside(command, decoder(2000), 2000) == exit_code
    assert "2000 inputs, nothing found" in capfd.readouterr().out


@ON_LINUX
@pytest.mark.parametrize(
    ("fuzzer", "said"),
    [
        ([sys.executable, "-c", BREAKS], "ValueError: found"),
        (decoder(2000), "Done 2000 runs"),  # of 3000
        ([sys.executable, "-c", "import time; time.sleep(600)"], "too slow"),
    ],
)
def test_a_finding_and_too_few_inputs_fail_the_command(
    fuzzer: list[str], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fuzzer = [*fuzzer, f"-artifact_prefix={tmp_path}/"]
    patience_s = 0.2 if said == "too slow" else 60.0
    assert run_beside([sys.executable, "-c", ""], fuzzer, 3000, patience_s) == 1
    told = capfd.readouterr().err
    assert said in told
    assert "the fuzzer failed" in told


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
