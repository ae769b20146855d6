"""Engines that share the statements that SQLAlchemy built."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine

from twirec.catalog import database as database_module

make = database_module.create_engine
first: dict[str, Engine] = {}


def make_alike(url: URL, *, of: str = "catalog", **options: Any) -> Engine:
    """Make an engine that shares what the first one of its kind of database has built.

    An engine keeps what it built for itself, and every test makes a new one: building all again
    took half the time of the tests of the catalog. What is built belongs to a dialect, so that is
    shared too. https://docs.sqlalchemy.org/en/20/core/connections.html#sql-compilation-caching

    Args:
        url: of the database.
        of: whose it is: what listens to connections of one listens to those of all.
        options: of `create_engine`.
    """
    engine = make(url, **options)
    kind = f"{of} on {engine.dialect.name}"
    model = first.get(kind)
    if model is None or not hasattr(model.dialect, "default_isolation_level"):
        first[kind] = engine  # a dialect knows its database once it connected
        return engine
    # What connects knows its own dialect alone, and asks that who listens, and what the server is.
    engine.dialect.initialize = lambda _: None  # type: ignore[method-assign]
    engine.dialect.dispatch = model.dialect.dispatch
    engine.dialect._has_events = True
    engine.dialect = engine.pool._dialect = model.dialect
    engine._compiled_cache = model._compiled_cache
    return engine
