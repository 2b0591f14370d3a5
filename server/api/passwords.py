"""Passwords: hashed with Argon2id, one at a time and in a thread, so that no conversation waits for them.

OWASP's smallest setting (19 MiB, two passes, one lane): about 25 ms of one core, where the library's own default would
take four cores at once from those who talk.
"""

import asyncio
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 200

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Passwords:
    """Hashes and checks. Belongs to one event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def hash(self, password: str) -> str:
        """What the store keeps."""
        async with self._turn:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether it is the one. `hashed` None, as for somebody unknown, takes as long and is no."""
        async with self._turn:
            return await asyncio.to_thread(_matches, password, hashed)


def _matches(password: str, hashed: str | None) -> bool:
    try:
        return _HASHER.verify(hashed or _nobodys(), password) and hashed is not None
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
