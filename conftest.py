"""What all tests share, those of the library and those of the example app."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Engine

from twirec.catalog import database as database_module


def pytest_collection_finish() -> None:
    """Let Python not look again and again at what stays until the end: modules and tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(scope="session", autouse=True)
def statements_built_once() -> Iterator[None]:
    """Let the engines of one kind of database share the statements that SQLAlchemy built.

    An engine keeps what it built for itself, and every test makes a new one: building all again
    took half the time of the tests of the catalog. What is built belongs to a dialect, so that is
    shared too. https://docs.sqlalchemy.org/en/20/core/connections.html#sql-compilation-caching
    """
    first: dict[str, Engine] = {}
    make = database_module.create_engine

    def make_alike(url: URL, **options: Any) -> Engine:
        engine = make(url, **options)
        model = first.get(engine.dialect.name)
        if model is None or not hasattr(model.dialect, "default_isolation_level"):
            first[engine.dialect.name] = engine  # a dialect knows its database once it connected
            return engine
        engine.dialect = engine.pool._dialect = model.dialect
        engine._compiled_cache = model._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module, "create_engine", make_alike)
        yield
