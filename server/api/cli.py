"""`stagedoor creators add | list` and `stagedoor store upgrade`: what an operator does beside the running server."""

import argparse
import asyncio
import getpass
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from server.api.accounts import add_creator
from server.api.errors import ApiError
from server.api.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from server.config import Config, ConfigError, load_config
from server.store.audit import note
from server.store.engine import Store, StoreError, open_store, store_url
from server.store.tables import CreatorRow

Write = Callable[[str], object]
Action = Callable[[Config, argparse.Namespace, Write], Coroutine[None, None, None]]


def creators_command(argv: Sequence[str], write: Write = sys.stdout.write) -> int:
    """Runs `stagedoor creators` with these arguments; answers the exit code."""
    parser = _parser("creators", "Make and list creators' accounts.")
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="make an account; the password is asked for, or read from standard input")
    add.add_argument("email")
    add.add_argument("--name", default="", help="as others see it; default: the part before the @")
    add.add_argument("--no-password", action="store_true", help="only OpenID Connect lets them in")
    actions.add_parser("list", help="every account")
    arguments = parser.parse_args(argv)
    return _run(_list if arguments.action == "list" else _add, arguments, write)


def store_command(argv: Sequence[str], write: Write = sys.stdout.write) -> int:
    """Runs `stagedoor store` with these arguments; answers the exit code."""
    parser = _parser("store", "Look after the store.")
    parser.add_subparsers(dest="action", required=True).add_parser("upgrade", help="bring its tables up to date")
    return _run(_upgrade, parser.parse_args(argv), write)


def _parser(name: str, about: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"stagedoor {name}", description=about)
    parser.add_argument("--config", type=Path, help="a TOML file; environment variables go over it")
    return parser


def _run(action: Action, arguments: argparse.Namespace, write: Write) -> int:
    try:
        config = load_config(arguments.config, os.environ)
        asyncio.run(action(config, arguments, write))
    except (ConfigError, StoreError) as error:
        sys.stderr.write(f"stagedoor: {error}\n")
        return 1
    return 0


def ask_password() -> str:
    """From the terminal, unseen and twice; else the first line of standard input. Never an argument: others see those.

    Raises StoreError when it is empty or the two differ.
    """
    if not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = getpass.getpass(f"Password, at least {MIN_LENGTH} characters: ")
        if password != getpass.getpass("Again: "):
            raise StoreError("these were two different passwords")
    if not password:
        raise StoreError("no password was given; --no-password for an account without one")
    return password


async def _add(config: Config, arguments: argparse.Namespace, write: Write) -> None:
    email = arguments.email.strip().lower()
    if not re.fullmatch(r"[^@\s]{1,100}@[^@\s]{1,99}", email):
        raise StoreError(f"{arguments.email!r} is no e-mail address")
    password = "" if arguments.no_password else ask_password()
    if password and not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise StoreError(f"a password has {MIN_LENGTH} to {MAX_LENGTH} characters")
    hashed = await Passwords().hash(password) if password else None
    name = arguments.name or email.partition("@")[0]
    async with _opened(config) as store:
        try:
            async with store.begin() as db:
                made = await add_creator(db, name=name, email=email, now=datetime.now(UTC), password_hash=hashed)
                note(db, made.id, "command", "creator.create", made.id)
        except ApiError as error:
            raise StoreError(str(error)) from error
    write(f"{made.name} <{made.email}> may sign in on the console now\n")


async def _list(config: Config, _: argparse.Namespace, write: Write) -> None:
    async with _opened(config) as store, store.begin() as db:
        rows = (await db.scalars(select(CreatorRow).order_by(CreatorRow.email))).all()
    for row in rows:
        write(f"{row.id}  {row.email}  {row.name}  since {row.created_at:%Y-%m-%d}\n")
    if not rows:
        write("no accounts yet; make one with: stagedoor creators add you@example.org\n")


async def _upgrade(config: Config, _: argparse.Namespace, write: Write) -> None:
    async with _opened(config, migrate=True):
        write(f"{store_url(config.store.url).render_as_string(hide_password=True)} is up to date\n")


@asynccontextmanager
async def _opened(config: Config, *, migrate: bool | None = None) -> AsyncIterator[Store]:
    store = await open_store(config.store.url, migrate=migrate)
    try:
        yield store
    finally:
        await store.close()
