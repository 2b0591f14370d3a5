"""Fixtures that every test may take."""

from tests.session.stores import postgres, postgres_url, sqlite_store, store

__all__ = ["postgres", "postgres_url", "sqlite_store", "store"]
