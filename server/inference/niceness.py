"""Who gives way when the cores do not suffice: threads inherit the niceness of the thread that makes them (Linux).

The language model computes for tenths of a second on every core, the ears for hundredths on one, and every reply waits
for the ears first. What comes next: app.py loads the language model with it.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Made = TypeVar("Made")

YIELDING: Final = 10  # a tenth of a normal thread's share when both want a core, all of it otherwise


def made_yielding(make: Callable[[], Made], niceness: int = YIELDING) -> Made:
    """What `make` makes, in a thread of this niceness, so that the threads of what it makes have it too.

    Where threads have no niceness of their own (other systems than Linux) it is simply made. Raises what `make` raises.
    """

    def give_way() -> None:
        if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
            mine = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, mine, max(niceness, os.getpriority(os.PRIO_PROCESS, mine)))

    with ThreadPoolExecutor(1, thread_name_prefix="made-yielding", initializer=give_way) as pool:
        return pool.submit(make).result()
