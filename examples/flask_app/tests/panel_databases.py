"""Where the panel's databases are, where tests run on PostgreSQL: a file stands for one there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Engine, NullPool, make_url

from callpanel import create_app, tables
from callpanel.extensions import db
from tests.house import Rows, rows_of, write_rows
from tests.lending import POSTGRESQL, Catalogs, placed
from tests.statements import make_alike
from twirec import Archive
from twirec.catalog.database import Database
from twirec.catalog.tables import metadata

placing: list[Catalogs] = []
"""Those whose accounts are placed now, the last one first."""


def make_engine(_: SQLAlchemy, _key: str | None, options: dict[str, Any], _app: Flask) -> Engine:
    """Make the engine of an app's accounts where these are placed, as Flask-SQLAlchemy does."""
    return _engine(make_url(options.pop("url")), **options)


def _engine(url: URL, **options: Any) -> Engine:
    engine = make_alike(placed(url, placing), **options, of="accounts")
    if placing:
        placing[-1].opened(lambda: engine.dispose())
    return engine


def tables_of(environ: Mapping[str, str], archive: Archive) -> Callable[[URL], None]:
    """Return what makes the tables of accounts in an empty database."""

    def set_up(url: URL) -> None:
        place = url.render_as_string(hide_password=False)
        with create_app(
            {**environ, "CALLPANEL_DATABASE_URL": place}, archive=archive
        ).app_context():
            tables.set_up()
            db.engine.dispose()

    return set_up


@dataclass(frozen=True)
class Databases:
    """What the databases of a house have in them; nothing where its folder has them."""

    catalog: Rows
    accounts: Rows

    @classmethod
    def of(cls, archive: Archive, accounts: Engine) -> Databases:
        """Return what the databases of an archive, and of an app on it, have in them."""
        if not POSTGRESQL:
            return cls([], [])
        return cls(
            rows_of(archive.catalog.database.engine, metadata), rows_of(accounts, db.metadata)
        )

    def copy(self, environ: Mapping[str, str]) -> None:
        """Let the databases of these settings have the same, where their folder has them not."""
        if POSTGRESQL:
            write_rows(self.catalog, Database(environ["TWIREC_DATABASE_URL"]).engine)
            accounts = _engine(make_url(environ["CALLPANEL_DATABASE_URL"]), poolclass=NullPool)
            write_rows(self.accounts, accounts)
