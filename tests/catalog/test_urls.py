"""What is wrong with the catalog's URL, and what to write instead."""

from __future__ import annotations

import pytest

from twirec.catalog import urls
from twirec.catalog.database import Database
from twirec.catalog.urls import database_url
from twirec.model.errors import SettingsError
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

WRONG = [
    ("twirec.db", "it is no URL; write sqlite:////folder/twirec.db or postgresql+psycopg://"),
    ("/var/lib/twirec.db", "it is no URL"),
    ("sqlite:/twirec.db", "it is no URL"),
    ("sqlite://twirec.db", "write sqlite:///twirec.db for a file here, or sqlite:////folder"),
    ("sqlite:///", "it names no file"),
    ("sqlite+aiosqlite:///twirec.db", "write sqlite:// instead of sqlite+aiosqlite://"),
    ("sqllite:///twirec.db", "sqllite:// is not known"),
    ("SQLITE:///twirec.db", "SQLITE:// is not known"),
    ("sqlite3:///twirec.db", "sqlite3:// is not known"),
    ("file:///twirec.db", "on SQLite or PostgreSQL, not on file"),
    ("mysql://ana:s3cret@h/d", "on SQLite or PostgreSQL, not on mysql"),
    ("postgres://ana:s3cret@h/d", "write postgresql+psycopg:// instead of postgres://"),
    ("postgresq://ana:s3cret@h/d", "postgresq:// is not known"),
    ("postgresql+psycopg2://ana:s3cret@h/d", "write postgresql+psycopg:// instead of"),
    ("postgresql+asyncpg://ana:s3cret@h/d", "write postgresql+psycopg:// instead of"),
    ("postgresql+psycopg://ana:s3cret@h:port/d", "and in a password write @ as %40"),
    ("postgresql+psycopg://ana:s3cret", "and in a password write @ as %40"),
    ("postgresql+psycopg://ana:s3c@s3cret@h/d", "it has two @"),
    ("postgresql+psycopg://ana:s3cret@h", "it names no database"),
    ("postgresql+psycopg://", "it names no database"),
]


@pytest.mark.parametrize(("url", "said"), WRONG)
def test_a_url_that_names_no_catalog_says_what_to_write(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("+", r"\+").replace(".", r"\.")) as wrong:
        database_url(url)
    with pytest.raises(SettingsError) as whole:
        Database(url)
    (problem,) = Settings.read({**ENVIRONMENT, "TWIREC_DATABASE_URL": url})[1]
    assert problem == f"TWIREC_DATABASE_URL is wrong: {wrong.value}"
    assert whole.value.problems == (problem,)
    for error in (wrong.value, whole.value):
        assert "s3c" not in f"{error!r} {error.__cause__!r}"
        assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize(
    ("url", "rendered"),
    [
        ("postgresql://ana:a%40b/c:d@h/d", "postgresql+psycopg://ana:***@h/d"),
        ("postgresql+psycopg://h:5433/d", "postgresql+psycopg://h:5433/d"),
        ("postgresql:///d?host=/var/run", "postgresql+psycopg:///d?host=%2Fvar%2Frun"),
        ("sqlite://", "sqlite://"),
        ("sqlite:////var/lib/twirec.db", "sqlite:////var/lib/twirec.db"),
    ],
)
def test_a_url_of_a_catalog_is_taken(url: str, rendered: str) -> None:
    assert str(database_url(url)) == rendered
    assert str(Database(url).url) == rendered


def test_without_its_driver_postgresql_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "find_spec", lambda _: None)
    for url in ("postgresql://h/d", "postgresql+psycopg://h/d"):
        with pytest.raises(ValueError, match=r"pip install 'twirec\[postgres\]'"):
            database_url(url)
