"""The Flask extensions, without state of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask_babel import Babel
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Engine, event
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The base of the app's own tables."""


db = SQLAlchemy(model_class=Base)
csrf = CSRFProtect()
babel = Babel()
login = LoginManager()


def guard_file(engine: Engine) -> None:
    """Let SQLite make no file by itself: it would be one that others may read, without tables.

    `mode=rw` opens what is there and makes nothing (https://www.sqlite.org/uri.html).
    """
    if _file(engine) is not None:
        event.listen(engine, "do_connect", _open_only)


def _open_only(
    _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]
) -> None:
    if not options.get("uri"):
        arguments[0] = f"file:{quote(arguments[0])}?mode=rw"
        options["uri"] = True


def erase_what_is_deleted(engine: Engine) -> None:
    """Let SQLite overwrite what is deleted, whatever this machine's SQLite was compiled with.

    Source: https://www.sqlite.org/pragma.html#pragma_secure_delete.
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _overwrite(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA secure_delete=ON").close()


def make_file(engine: Engine) -> None:
    """Make the file of the accounts, for its owner only: it holds hashes of passwords."""
    if file := _file(engine):
        file.touch(mode=0o600, exist_ok=True)


def _file(engine: Engine) -> Path | None:
    """Return the file of a SQLite database; None for one in memory, and for other databases."""
    name = engine.url.database if engine.dialect.name == "sqlite" else None
    return None if name in (None, "", ":memory:") else Path(name)
