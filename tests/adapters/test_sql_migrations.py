"""Catalogs of older versions, brought to this one with all that is in them."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from sqlalchemy import column, insert, table

from tests.factories import ACCOUNT, call_sid
from twirec.adapters.sql.catalog import SqlCatalog
from twirec.adapters.sql.migrate import configuration
from twirec.model.finding import Query

CALL, AGENT, ROOM = call_sid(), call_sid(7), "CF" + "c" * 32
AT = "2026-11-23 10:15:00.000000"
A_CALL = {
    "account_sid": ACCOUNT,
    "call_sid": CALL,
    "direction": "in",
    "customer_number": "+34600111222",
    "own_number": "+34911000111",
    "started_at": AT,
    "dial": "[]",
    "outcome": "open",
}
A_LEG = {"account_sid": ACCOUNT, "call_sid": CALL, "at": AT}
LEGS = [
    {**A_LEG, "leg_sid": ROOM, "conference": None},
    {**A_LEG, "leg_sid": AGENT, "agent": "client:ana", "conference": ROOM},
    {**A_LEG, "leg_sid": CALL, "conference": ROOM},  # an agent's, who dialled out in between
]


def older(path: Path, version: str, **rows: list[dict[str, str | None]]) -> SqlCatalog:
    """Return a catalog of an older version, with rows in it, that was brought to this one."""
    catalog = SqlCatalog(f"sqlite:///{path}/catalog.db")
    config = configuration()
    catalog.database.make_file()
    with catalog.database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for name, several in rows.items():
            for row in several:
                statement = insert(table(name, *(column(key) for key in row)))
                connection.execute(statement, row)
    catalog.set_up()
    return catalog


def test_calls_get_the_tail_of_their_number(tmp_path: Path) -> None:
    catalog = older(tmp_path, "0001", calls=[A_CALL])
    assert [record.call.call_sid for record in catalog.search(Query(number="1222"))] == [CALL]
    catalog.close()


def test_who_met_in_a_conference_still_did(tmp_path: Path) -> None:
    catalog = older(tmp_path, "0003", calls=[A_CALL], legs=LEGS)
    assert catalog.owner(ACCOUNT, ROOM) == catalog.owner(ACCOUNT, AGENT) == CALL
    assert "client:ana" in {leg.agent for leg in catalog.call(ACCOUNT, CALL).legs}
    catalog.close()
