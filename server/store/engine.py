"""The store: one database, opened by its URL, and transactions in it.

SQLite by default: a file in write-ahead mode, foreign keys on, one connection, so that writers wait for each other in
this process in the order they came, not by polling the file. Several processes share a PostgreSQL.
What comes next: migrations.py brings the tables up to date.
"""

import hashlib
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import platformdirs
from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from server.store.migrations.running import is_current, upgrade

BUSY_MS: Final = 5000  # how long SQLite waits for another process that writes
POOL_WAIT_S: Final = 10.0
DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
FILE_NAME: Final = "stagedoor.db"


class StoreError(Exception):
    """The store cannot be opened; the message says why, and holds no password."""


class Store:
    """An open database. `folder` is for the files of its rows, and for no other store's: what no row names is swept."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self._session = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """A transaction: committed when the block ends, undone when it raises.

        Keep it short and await nothing but the database in it. Do not begin another one inside: on SQLite it would
        wait for this one, and raise sqlalchemy.exc.TimeoutError.
        """
        async with self._session() as db, db.begin():
            yield db

    async def close(self) -> None:
        """Closes every connection."""
        await self.engine.dispose()


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where stores lie when nobody says otherwise: STAGEDOOR_HOME, or the user's data folder for stagedoor."""
    named = environ.get("STAGEDOOR_HOME")
    return Path(named).expanduser() if named else platformdirs.user_data_path("stagedoor")


def store_url(configured: str, environ: Mapping[str, str] = os.environ) -> URL:
    """The configured URL with its driver; empty: a file in the data folder. Raises StoreError."""
    if not configured:
        return URL.create("sqlite+aiosqlite", database=str(data_folder(environ) / FILE_NAME))
    try:
        url = make_url(configured)
    except ArgumentError:
        raise StoreError("store.url is not a URL such as postgresql://user:password@host/database") from None
    if url.drivername not in {*DRIVERS, *DRIVERS.values()}:
        raise StoreError(f"store.url: no database {url.drivername!r}; there are: sqlite, postgresql")
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername))


def files_folder(url: URL, environ: Mapping[str, str] = os.environ) -> Path:
    """Where this store's files lie: beside a SQLite file, else in the data folder, by the database's address."""
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).with_suffix(".files")
    named = url.set(password=None, drivername="postgresql").render_as_string()
    return data_folder(environ) / f"postgresql-{hashlib.sha256(named.encode()).hexdigest()[:12]}.files"


async def open_store(url: str | URL = "", *, migrate: bool | None = None) -> Store:
    """The store at `url`, its tables up to date. Raises StoreError.

    `migrate` None: a SQLite file is brought up to date; of a PostgreSQL, which others may be using, it is asked that
    `stagedoor store upgrade` did so.
    """
    url = store_url(url) if isinstance(url, str) else url
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        engine = _sqlite(url) if is_sqlite else _shared(url)
    except (SQLAlchemyError, OSError, ImportError) as error:
        raise StoreError(_reason(url, error)) from error
    try:
        async with engine.begin() as connection:
            if migrate or (migrate is None and is_sqlite):
                await connection.run_sync(upgrade)
            elif not await connection.run_sync(is_current):
                raise StoreError(f"{_shown(url)} has other tables than this version; run `stagedoor store upgrade`")
    except (SQLAlchemyError, OSError) as error:
        await engine.dispose()
        raise StoreError(_reason(url, error)) from error
    except BaseException:
        await engine.dispose()
        raise
    return Store(engine, files_folder(url))


def _shared(url: URL) -> AsyncEngine:
    return create_async_engine(url, pool_pre_ping=True, pool_timeout=POOL_WAIT_S, hide_parameters=True)


def _sqlite(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        Path(url.database).touch(mode=0o600)  # secrets and what fans said: nobody else on this machine reads it
    engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=POOL_WAIT_S, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: see below
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # one that reads first and writes later could not be let in

    return engine


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _reason(url: URL, error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"cannot open the store {_shown(url)}: {cause}"
