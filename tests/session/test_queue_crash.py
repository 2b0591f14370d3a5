"""A server that is killed in the middle of any change of a ticket loses nobody and seats nobody twice."""

import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MEMORY = Path("/dev/shm")  # what dies here is the process, not the machine; a disk would only be slower
STEPS = ("written", "committed")
CHANGES = [
    *("recover", "arrive", "enter", "look", "lose", "leave", "vacate", "finish"),
    *("pause", "resume", "reorder", "extend", "skip", "ban"),
]


def test_every_change_in_the_code_is_one_that_is_killed() -> None:
    desk = (Path(__file__).parents[2] / "server" / "events" / "desk.py").read_text("utf-8")
    assert sorted(re.findall(r'self\._(?:change|get_up)\(\s*"(\w+)"', desk)) == sorted(CHANGES)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_server_loses_nobody_and_seats_nobody_twice() -> None:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.session.crashing", folder], capture_output=True, text=True, check=False
        )
    assert ran.returncode == 0, ran.stderr
    deaths = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {death["step"] for death in deaths} == {f"{change} is {at}" for change in CHANGES for at in STEPS}
    assert [death for death in deaths if not death["killed"] or death["wrong"]] == []
