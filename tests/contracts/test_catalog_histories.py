"""The contract of the catalog port: histories that nothing can change, and the log that tells."""

from __future__ import annotations

from datetime import date

import pytest

from tests.factories import STARTED, enter
from twirec.catalog import Catalog
from twirec.custody.audit import Chain
from twirec.model.agents import InformedAgent
from twirec.model.audit import AuditCheck, AuditDraft, Pass
from twirec.model.errors import CatalogUnavailable
from twirec.model.policy import Policy, PolicyChange
from twirec.model.vocabulary import ConsentMode, LegalBasis

KEYS = {"audit": "seq", "policy_changes": "id", "policy_defaults": "id", "agents": "id"}
DEFAULT = Policy(True, ConsentMode.ANNOUNCE, "es-ES", LegalBasis.CONTRACT)


@pytest.fixture
def told(catalog: Catalog) -> Catalog:
    """A catalog with rows in every history."""
    catalog.audit.append(AuditDraft(STARTED, "ana", "", "listen"))
    catalog.policy.note_default(DEFAULT, STARTED)
    for why in ("works council", "too loud"):
        enter(catalog.policy.change, PolicyChange(STARTED, "ana", why, on=False))
    agent = InformedAgent("client:ana", date(2026, 1, 1), "annex 4", "bea", STARTED)
    enter(catalog.agents.inform, agent)
    assert Chain(catalog.audit).verify(None, STARTED).verdict.whole
    return catalog


def run(catalog: Catalog, statement: str) -> None:
    with catalog.database.write() as connection:
        connection.exec_driver_sql(statement)


def columns(catalog: Catalog, table: str) -> list[str]:
    with catalog.database.read() as connection:
        return list(connection.exec_driver_sql(f"SELECT * FROM {table}").keys())  # noqa: S608


def quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def test_no_statement_changes_a_row_of_a_history(told: Catalog) -> None:
    ways = ["update", "delete", "upsert"]
    if told.database.engine.dialect.name == "sqlite":  # PostgreSQL has no such statements
        ways += ["replace", "update or replace"]
    for table in KEYS:
        for way in ways:
            check_refused(told, table, way)


def check_refused(told: Catalog, table: str, way: str) -> None:
    key = KEYS[table]
    names, before = columns(told, table), rows(told, table)
    by = "at" if table == "policy_defaults" else "by"
    forged = quoted(names).replace(f'"{by}"', "'2020-01-01'")
    copy = f'INTO {table} ({quoted(names)}) SELECT {forged} FROM {table} WHERE "{key}" = 1'  # noqa: S608
    statement = {
        "update": f"UPDATE {table} SET \"{by}\" = '2020-01-01'",  # noqa: S608
        "delete": f"DELETE FROM {table}",  # noqa: S608
        "replace": f"INSERT OR REPLACE {copy}",
        "update or replace": f'UPDATE OR REPLACE {table} SET "{key}" = 1',  # noqa: S608
        "upsert": f'INSERT {copy} ON CONFLICT ("{key}") DO UPDATE SET "{by}" = \'2020-01-01\'',
    }[way]
    with pytest.raises(CatalogUnavailable, match="is only ever added to"):
        run(told, statement)
    assert rows(told, table) == before, statement


def rows(catalog: Catalog, table: str) -> list[tuple[object, ...]]:
    with catalog.database.read() as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {table}").all()  # noqa: S608
        return [tuple(row) for row in found]


REWRITTEN = {
    "a change is changed": (
        "policy_changes",
        "UPDATE policy_changes SET why = 'none' WHERE id = 1",
        "row 1 of policy_changes was changed",
    ),
    "the last change is taken out": (
        "policy_changes",
        "DELETE FROM policy_changes WHERE id = 2",
        "row 2 of policy_changes was taken out",
    ),
    "a change is put in": (
        "policy_changes",
        "INSERT INTO policy_changes (id, at, by, why) "
        "SELECT 77, at, by, why FROM policy_changes WHERE id = 1",
        "does not tell of row 77 of policy_changes",
    ),
    "a default is changed": (
        "policy_defaults",
        "UPDATE policy_defaults SET mode = 'opt_in'",
        "row 1 of policy_defaults was changed",
    ),
    "an agent is informed earlier": (
        "agents",
        "UPDATE agents SET informed_on = '2020-01-01'",
        "row 1 of agents was changed",
    ),
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_who_gets_past_the_triggers_is_found(told: Catalog, name: str) -> None:
    table, statement, why = REWRITTEN[name]
    without_triggers(told, table)
    run(told, statement)
    check = Chain(told.audit).verify(None, STARTED)
    assert why in check.verdict.said
    assert not check.verdict.whole


def without_triggers(catalog: Catalog, table: str) -> None:
    if catalog.database.engine.dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE", "INSERT"):
            run(catalog, f"DROP TRIGGER {table}_refuses_{what}")
    else:
        run(catalog, f"DROP TRIGGER {table}_refuses ON {table}")


def test_what_was_found_is_remembered(catalog: Catalog) -> None:
    assert catalog.audit.check() is None
    for check in (
        AuditCheck(going=Pass.ALL),
        AuditCheck(STARTED, STARTED, 7, "f" * 64, 9, "e" * 64, None, 3, "it was changed"),
    ):
        catalog.audit.set_check(check)
        assert catalog.audit.check() == check
