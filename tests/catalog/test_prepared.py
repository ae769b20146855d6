"""Statements that are given to the driver themselves: values, errors, connections that break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError

from tests.factories import ACCOUNT, a_call, a_callback, call_sid, recording_sid
from twirec.catalog import Catalog
from twirec.catalog.prepared import Prepared, one_of
from twirec.catalog.tables import calls
from twirec.model.errors import CatalogUnavailable
from twirec.model.states import State
from twirec.model.vocabulary import Outcome, Role

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Catalog]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/catalog.db"
    else:
        new: Callable[[], str] = request.getfixturevalue("new_postgres")
        url = new()
    catalog = Catalog(url)
    catalog.set_up()
    yield catalog
    catalog.close()


def receive(catalog: Catalog) -> None:
    callback = a_callback()
    catalog.recordings.receive(callback, state=State.COMPLETED, channel_map=(), at=NOW)


def test_what_comes_back_is_what_was_given_whatever_its_type(catalog: Catalog) -> None:
    west = timezone(timedelta(hours=-5))
    line = a_call(
        dial=("client:ana", "+34911222333"),
        channel_map=(Role.CUSTOMER, Role.AGENT),
        started_at=datetime(2026, 11, 23, 5, 15, tzinfo=west),
        late=True,
    )
    catalog.ledger.open_call(line)
    assert catalog.ledger.line(ACCOUNT, call_sid()) == replace(line, started_at=NOW)


def test_a_statement_is_compiled_once_for_each_set_of_parameters(catalog: Catalog) -> None:
    made: list[str] = []

    def make(dialect: str) -> object:
        made.append(dialect)
        condition = (calls.c.call_sid == bindparam("sid")) & one_of(calls.c.outcome, Outcome)
        return select(calls.c.call_sid, calls.c.outcome).where(condition)

    statement = Prepared(make)  # type: ignore[arg-type]
    catalog.ledger.open_call(a_call())
    for _ in range(3):
        with catalog.database.read() as connection:
            row = statement.first(connection, {"sid": call_sid()})
            assert row == (call_sid(), Outcome.OPEN)
            assert row.outcome is Outcome.OPEN
            assert statement.all(connection, {"sid": call_sid(9)}) == []
    assert made == [catalog.database.engine.dialect.name]


def test_nothing_is_one_of_no_values(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    nothing = Prepared(select(calls.c.call_sid).where(one_of(calls.c.outcome, ())))
    with catalog.database.read() as connection:
        assert nothing.all(connection, {}) == []


def test_an_error_is_the_catalogs_and_names_no_parameter(catalog: Catalog) -> None:
    with catalog.database.write() as connection:
        connection.execute(text("ALTER TABLE callbacks RENAME TO lost"))
    with pytest.raises(CatalogUnavailable, match="twirec init") as raised:
        receive(catalog)
    assert isinstance(raised.value.__cause__, DBAPIError)
    assert recording_sid() not in str(raised.value) + str(raised.value.__cause__)
    with catalog.database.write() as connection:
        connection.execute(text("ALTER TABLE lost RENAME TO callbacks"))
    receive(catalog)


@pytest.mark.parametrize("catalog", ["postgresql"], indirect=True)
def test_a_connection_that_the_server_ended_is_not_used_again(catalog: Catalog) -> None:
    receive(catalog)
    with pytest.raises(CatalogUnavailable):
        write_while_the_server_ends_it(catalog)
    receive(catalog)


def write_while_the_server_ends_it(catalog: Catalog) -> None:
    end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :pid")
    with catalog.database.write() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
        with catalog.database.read() as other:
            other.execute(end, {"pid": pid})
        Prepared(select(calls.c.call_sid)).all(connection, {})
