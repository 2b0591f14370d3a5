"""What Alembic runs for every command: the connection is given by running.py."""

from typing import Any, Literal

from alembic import context

from server.store import tables
from server.store.columns import Instant, JsonValue


def written(kind: str, thing: Any, _: object) -> str | Literal[False]:
    """How a column type of ours is named in a new migration."""
    if kind == "type" and isinstance(thing, Instant):
        return "Instant()"
    return "JsonValue" if kind == "type" and thing is JsonValue else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables.CreatorRow.metadata,
    render_as_batch=True,  # SQLite changes a table by writing it anew
    render_item=written,
)
with context.begin_transaction():
    context.run_migrations()
