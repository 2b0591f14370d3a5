"""Threads of what is made yielding give way."""

import os
import sys
import threading

import pytest

from server.inference.niceness import made_yielding

linux = pytest.mark.skipif(sys.platform != "linux", reason="threads have a niceness of their own on Linux only")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def of_a_new_thread() -> int:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(niceness()))
    thread.start()
    thread.join()
    return seen[0]


@linux
def test_threads_inherit_it_and_ours_keeps_its_own() -> None:
    before = niceness()
    assert made_yielding(of_a_new_thread, before + 3) == before + 3
    assert niceness() == before


def test_what_went_wrong_is_raised() -> None:
    with pytest.raises(KeyError, match="gone"):
        made_yielding(lambda: {}["gone"])
