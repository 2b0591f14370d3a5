"""Runs the migrations in versions/ on a connection that is given. They are files of this package, so a wheel has them.

`python -m server.store.migrations.running "what it does"` writes a new one from the difference between tables.py and
the migrations so far; read it, and complete it.
"""

import sys
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

FOLDER: Final = Path(__file__).parent
_LOCK: Final = 0x57A6E


def config_for(connection: Connection) -> Config:
    """What env.py is given."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Brings the tables to the newest version; the caller commits. Two that do so at once wait for each other."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(config_for(connection), "head")


def is_current(connection: Connection) -> bool:
    """Whether the tables are those of the newest version."""
    found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(ScriptDirectory(str(FOLDER)).get_heads())


def write_next(message: str) -> None:
    """A new file in versions/."""
    number = len(list((FOLDER / "versions").glob("[0-9]*.py"))) + 1
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        upgrade(connection)
        command.revision(config_for(connection), message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    write_next(sys.argv[1])
