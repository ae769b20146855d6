"""The contract of the catalog's part that keeps what was said."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.contracts.test_catalog_operations import archive
from tests.factories import STARTED, a_call, a_recording, call_sid, recording_sid
from twirec.catalog import Catalog
from twirec.catalog import sentences as module
from twirec.catalog.sentence_tables import sentences
from twirec.catalog.sentences import forget, replace
from twirec.model.errors import CatalogError
from twirec.model.search import Query
from twirec.model.transcript import Sentence
from twirec.model.vocabulary import Role

SAID = (
    Sentence(Role.AGENT, 0.0, 4.5, "Tiene una permanencia de doce meses", 0.9),
    Sentence(Role.CUSTOMER, 5.0, 8.0, "Eso no me lo dijo", 0.8),
    Sentence(Role.AGENT, 8.5, 9.0, "Sí.", 0.7),
    Sentence(Role.CUSTOMER, 9.2, 12.0, "tu compañero.", 0.6),
)


def write(catalog: Catalog, sid: str, said: tuple[Sentence, ...] = SAID) -> None:
    with catalog.database.write() as connection:
        replace(connection, call_sid(), sid, said)


def texts(catalog: Catalog) -> list[tuple[str, str]]:
    rows = select(sentences.c.recording_sid, sentences.c.text).order_by(sentences.c.id)
    with catalog.database.read() as connection:
        return [(row.recording_sid, row.text) for row in connection.execute(rows)]


def index_has(catalog: Catalog, key: str) -> int:
    """Return how many sentences the index of SQLite has for a key."""
    with catalog.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT rowid FROM sentences_words WHERE sentences_words MATCH ?", (key,)
        )
        return len(rows.all())


def test_what_was_said_takes_the_place_of_what_was_there(catalog: Catalog) -> None:
    one, other = archive(catalog, 1, 1000), archive(catalog, 2, 1000)
    write(catalog, one)
    write(catalog, other, SAID[:1])
    write(catalog, one, SAID[1:2])
    assert sorted(texts(catalog)) == [(one, SAID[1].text), (other, SAID[0].text)]
    with catalog.database.write() as connection:
        forget(connection, one)
    assert texts(catalog) == [(other, SAID[0].text)]
    write(catalog, other, ())
    assert texts(catalog) == []


def test_nothing_that_was_said_stays_in_the_index_when_it_is_forgotten(catalog: Catalog) -> None:
    if catalog.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's index is emptied when it cleans up")
    catalog.ledger.open_call(a_call())
    sid, other = archive(catalog, 1, 1000), archive(catalog, 2, 1000)
    write(catalog, sid)
    write(catalog, other, SAID[1:2])
    assert index_has(catalog, "kprmns") == 1
    with catalog.database.write() as connection:
        forget(connection, sid)
    catalog.shorten_log()
    assert index_has(catalog, "kprmns") == 0
    assert index_has(catalog, '"kdijo"') == 1  # what others said is still found
    with catalog.database.read() as connection:
        blocks = connection.exec_driver_sql("SELECT block FROM sentences_words_data").scalars()
        assert all(b"prmns" not in block for block in blocks), sqlite3.sqlite_version
        assert (
            connection.exec_driver_sql("SELECT 1 FROM marks WHERE name LIKE 'words%'").all() == []
        )


def test_who_is_stopped_while_the_index_forgets_begins_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    if catalog.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's index is emptied when it cleans up")
    catalog.ledger.open_call(a_call())
    sid = archive(catalog, 1, 1000)
    write(catalog, sid)
    with catalog.database.write() as connection:
        forget(connection, sid)
    if sqlite3.sqlite_version_info < module.FORGETS:  # a newer one forgets at once
        with monkeypatch.context() as stopped:
            stopped.setattr(module, "_MERGE", text("SELECT no_such_column"))
            with pytest.raises(CatalogError):
                catalog.shorten_log()
    catalog.shorten_log()
    with catalog.database.read() as connection:
        blocks = connection.exec_driver_sql("SELECT block FROM sentences_words_data").scalars()
        assert all(b"prmns" not in block for block in blocks)
        left = connection.exec_driver_sql("SELECT name FROM marks WHERE name LIKE 'words%'").all()
    assert left == []


A_DAY = timedelta(days=1)
MANY, EVERY = 44, 9
"""Calls, and days from one to the next: more than a year of them."""


def of_a_year(catalog: Catalog) -> None:
    """Let each call have one sentence, which in the eighth newest goes on."""
    for number in range(1, MANY + 1):
        started = STARTED + (number - MANY) * EVERY * A_DAY
        sid = recording_sid(number)
        catalog.ledger.open_call(a_call(call_sid=call_sid(number), started_at=started))
        catalog.recordings.adopt(a_recording(sid=sid, call_sid=call_sid(number)))
        also = " con penalización" if number == MANY - 7 else ""
        said = Sentence(Role.AGENT, 0.0, 4.5, f"Tiene una permanencia{also}", 0.9)
        with catalog.database.write() as connection:
            replace(connection, call_sid(number), sid, [said])


PERMANENCE, PENALTY, NOT_SAID = "kprmns", "kpnlsn", "kno"

LATEST = [
    # keys, limit, days before the newest; which are found, from which on, whether these are all
    ([[PERMANENCE]], 3, None, 0, 3, False),
    ([[PERMANENCE]], 6, None, 0, 6, False),  # more than there are of the latest month
    ([[PERMANENCE]], MANY, None, 0, MANY, True),
    ([[PERMANENCE], [PENALTY]], 3, None, 7, 1, True),
    ([[NOT_SAID, PENALTY]], 3, None, 7, 1, True),
    ([[PERMANENCE], [NOT_SAID]], 3, None, 0, 0, True),
    ([[PERMANENCE]], 3, 100, 12, 3, False),  # the latest of those in question
    ([[PERMANENCE]], MANY, 300, 34, MANY - 34, True),
]


def test_the_latest_sentences_come_first_and_all_where_they_are_few(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_a_year(catalog)
    for most in (module.MOST_FOUND, 12):  # and as where words are said very often
        monkeypatch.setattr(module, "MOST_FOUND", most)
        for keys, limit, back, newest, count, are_all in LATEST:
            until = None if back is None else STARTED - back * A_DAY
            rows, every = catalog.sentences.candidates(Query(until=until), keys, limit)
            sids = [recording_sid(MANY - newest - at) for at in range(count)]
            assert [row.recording_sid for row in rows][:most] == sids[:most]
            assert every == (are_all and count <= most), (keys, limit, back, most)
