"""The URL of the catalog: what SQLAlchemy makes of it, or what is wrong with it."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.util import find_spec

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

FORMS = "write sqlite:////folder/twirec.db or postgresql+psycopg://USER:PASSWORD@HOST/NAME."
NO_DRIVER = "PostgreSQL needs: pip install 'twirec[postgres]'."
ENCODED = "in a password write @ as %40 and % as %25."


def database_url(value: str) -> URL:
    """Return a URL that an engine can be made of.

    Args:
        value: as in the settings; `postgresql://` alone means the driver of `twirec[postgres]`.

    Raises:
        ValueError: it names no database that a catalog can be on. The message says the fix, and
            holds nothing of the URL but its scheme and a file's name.
    """
    scheme, separator, rest = value.partition("://")
    if not separator:
        raise ValueError(f"it is no URL; {FORMS}")
    backend, _, driver = scheme.partition("+")
    if backend == "sqlite":
        return _sqlite(value, driver, rest)
    if backend == "postgres":
        raise ValueError("write postgresql+psycopg:// instead of postgres://.")
    if backend == "postgresql":
        return _postgresql(value, driver)
    if get_close_matches(backend.lower(), ["sqlite", "postgresql"], 1, 0.7):
        raise ValueError(f"{scheme}:// is not known; {FORMS}")
    raise ValueError(f"the catalog can be on SQLite or PostgreSQL, not on {scheme}; {FORMS}")


def _sqlite(value: str, driver: str, rest: str) -> URL:
    if driver not in ("", "pysqlite"):
        raise ValueError(f"write sqlite:// instead of sqlite+{driver}://.")
    if rest and not rest.startswith("/"):
        raise ValueError(
            f"write sqlite:///{rest} for a file here, or sqlite:////folder/file.db: three slashes "
            "and the path."
        )
    if rest == "/":
        raise ValueError("it names no file; write sqlite:////folder/twirec.db.")
    return make_url(value)


def _postgresql(value: str, driver: str) -> URL:
    if driver not in ("", "psycopg"):
        raise ValueError(f"write postgresql+psycopg:// instead of postgresql+{driver}://.")
    if find_spec("psycopg") is None:
        raise ValueError(NO_DRIVER)
    try:
        url = make_url(value).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError):  # its message may hold half a password
        raise ValueError(
            f"it cannot be read; write postgresql+psycopg://USER:PASSWORD@HOST/NAME, and {ENCODED}"
        ) from None
    if "@" in (url.host or ""):
        raise ValueError(f"it has two @; {ENCODED}")
    if not url.database:
        raise ValueError("it names no database; write its name behind the host: …@HOST/NAME.")
    return url
