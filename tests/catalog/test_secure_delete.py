"""What is deleted is not in the file any more."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import delete, event, insert, update

from tests.factories import ACCOUNT, STARTED, call_sid
from twirec.catalog import Catalog
from twirec.catalog.tables import notes

SECRET = "the caller said that"


@pytest.mark.parametrize("erased", ["delete", "update"])
def test_the_bytes_of_an_erased_row_are_gone_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, erased: str
) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.db")
    # As a SQLite that was compiled without SQLITE_SECURE_DELETE would begin.
    event.listen(
        catalog.database.engine,
        "connect",
        lambda connection, _: connection.execute("PRAGMA secure_delete=OFF").close(),
        insert=True,
    )
    catalog.set_up()
    with catalog.database.write() as connection:
        for number in range(50):
            connection.execute(
                insert(notes).values(
                    account_sid=ACCOUNT,
                    call_sid=call_sid(number),
                    by="ana",
                    at=STARTED,
                    text=f"{SECRET} {number} " * 40,
                )
            )
    catalog.shorten_log()
    assert SECRET.encode() in (tmp_path / "catalog.db").read_bytes()
    with catalog.database.write() as connection:
        gone = delete(notes) if erased == "delete" else update(notes).values(text="")
        connection.execute(gone)
    catalog.shorten_log()
    for path in tmp_path.iterdir():  # the log beside it too, while the catalog is open
        assert SECRET.encode() not in path.read_bytes(), path.name
    catalog.close()


def test_the_setting_is_ours_and_not_the_distributions(tmp_path: Path) -> None:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.db")
    catalog.set_up()
    with catalog.database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    catalog.close()
    assert sqlite3.sqlite_version_info >= (3, 8)
