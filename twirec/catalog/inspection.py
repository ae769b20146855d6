"""The state of a catalog's database. Makes and changes nothing."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from twirec.adapters.disk import free_bytes, network_filesystem
from twirec.catalog.database import Database
from twirec.catalog.migrate import known_versions, version_of
from twirec.model.inspection import DatabaseFacts, DatabaseFile


def inspect_database(url: str) -> DatabaseFacts:
    """Look at a database.

    Args:
        url: a SQLAlchemy URL.

    Raises:
        SettingsError: the URL is wrong.
        CatalogUnavailable: it is not there, or does not answer.
    """
    database = Database(url)
    try:
        with database.read() as connection:
            return _facts(connection, database.file)
    finally:
        database.close()


def _facts(connection: Connection, file: Path | None) -> DatabaseFacts:
    revision = version_of(connection)
    return DatabaseFacts(
        revision=revision,
        head=known_versions()[-1],
        is_known=revision in known_versions(),
        file=_file(connection, file) if file else None,
    )


def _file(connection: Connection, file: Path) -> DatabaseFile:
    return DatabaseFile(
        mode=file.stat().st_mode & 0o777,
        journal=str(connection.exec_driver_sql("PRAGMA journal_mode").scalar()),
        network=network_filesystem(file),
        free_bytes=free_bytes(file),
    )
