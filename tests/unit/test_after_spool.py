"""The sound of a visit on the disk: whole, in order, little of it in memory, and gone with whoever wrote it."""

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from protocol.timeline import AudioFormat
from server.after.mixdown import Piece
from server.after.recording import MAX_RECORDED_MS, Recording
from server.after.spool import BLOCK_BYTES, HOME, MAX_WAITING, Spools, dead_homes

ROOT = Path(__file__).parents[2]
SERVER = """
import sys
from pathlib import Path
from server.after.spool import BLOCK_BYTES, Spools
spool = Spools(Path(sys.argv[1])).open()
spool.put("fan", 20.0, bytes(BLOCK_BYTES))
spool.wait()
print("recorded", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def spools(tmp_path: Path) -> Iterator[Spools]:
    spools = Spools(tmp_path / "keepsakes")
    yield spools
    spools.close()


def test_what_is_put_in_comes_out_in_order_each_side_for_itself(spools: Spools) -> None:
    spool = spools.open()
    for k in range(500):
        spool.put("fan", 20.0 * k, np.full(320, k, "<i2").tobytes())
        spool.put("avatar", 10.0 * k, np.full(100, -k, "<i2").tobytes())
    spool.finish()
    spool.wait()
    assert spool.pieces("fan") == [Piece(20.0 * k, 320) for k in range(500)]
    assert spool.samples("fan").tolist() == np.repeat(np.arange(500), 320).tolist()
    assert spool.samples("avatar").tolist() == np.repeat(-np.arange(500), 100).tolist()


def test_of_a_visit_without_sound_there_is_nothing(spools: Spools) -> None:
    spool = spools.open()
    spool.finish()
    spool.wait()
    assert (spool.pieces("fan"), len(spool.samples("avatar"))) == ([], 0)


def test_half_an_hour_holds_no_more_memory_than_a_minute(spools: Spools) -> None:
    tape = Recording(AudioFormat(), 0.0, spools.open())
    chunk, step_ms = bytes(6400), 200.0
    held: list[int] = []
    tracemalloc.start()
    for k in range(int(MAX_RECORDED_MS / step_ms)):
        tape.heard_fan(bytes(chunk), step_ms * k)
        if k % 100 == 99:
            tape.spool.wait()
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(held) == 90
    assert max(held) < 4 * BLOCK_BYTES
    assert abs(held[-1] - held[0]) < BLOCK_BYTES, "of 58 MB of sound"
    assert sum(piece.samples for piece in tape.spool.pieces("fan")) > 28_700_000, "and the sound is there"


def test_what_is_taken_back_goes_also_when_it_was_still_on_its_way(spools: Spools, tmp_path: Path) -> None:
    spool = spools.open()
    for k in range(8):
        spool.put("fan", 20.0 * k, bytes(BLOCK_BYTES))
    spool.drop()
    spool.wait()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_disk_that_does_not_keep_up_costs_sound_and_no_memory(spools: Spools) -> None:
    spool = spools.open()
    stuck: list[object] = []
    spool._submit = lambda work: stuck.append(work) or Stuck()  # type: ignore[assignment,func-returns-value]
    for k in range(100):
        spool.put("fan", 20.0 * k, bytes(BLOCK_BYTES))
    assert len(stuck) == MAX_WAITING


class Stuck:
    """A write that does not end."""

    def done(self) -> bool:
        return False


def test_a_full_disk_is_told_to_whoever_makes_the_keepsake(spools: Spools) -> None:
    spool = spools.open()
    spool.wait()
    spool.folder.rmdir()
    spool.put("fan", 20.0, bytes(BLOCK_BYTES))
    spool.finish()
    with pytest.raises(OSError, match="No such file"):
        spool.wait()


def test_a_server_that_is_killed_leaves_what_the_next_one_finds(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, tmp_path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with server:
        assert server.stdout
        assert server.stdout.readline() == "recorded\n"
        (home,) = tmp_path.iterdir()
        assert home.name.startswith(HOME)
        assert home.stat().st_mode & 0o077 == 0, "nobody else reads it"
        assert dead_homes(tmp_path) == [], "its process lives"
        server.kill()
        server.wait()
    assert dead_homes(tmp_path) == [home.name]


def test_a_server_that_ends_leaves_nothing(tmp_path: Path) -> None:
    spools = Spools(tmp_path)
    spools.open().put("fan", 20.0, bytes(BLOCK_BYTES))
    spools.close()
    assert list(tmp_path.iterdir()) == []
