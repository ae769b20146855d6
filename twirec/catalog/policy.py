"""The history of the policy, which is only ever added to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from twirec.catalog.agents import informed
from twirec.catalog.audit import lock, tell_of
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.ledger import owns
from twirec.catalog.prepared import Prepared
from twirec.catalog.tables import policy_changes, policy_defaults
from twirec.model.audit import Action, AuditDraft
from twirec.model.policy import Dialling, Policy, PolicyChange

SETTINGS = "settings"
"""Who changed the policy, on the audit log, where the settings did."""


HISTORY = Prepared(select(policy_changes).order_by(policy_changes.c.id))


class Policies:
    """Who was to be recorded when: what the settings said, and every change, in order.

    Both are only ever added to, each together with its entry of the audit log, which holds the
    hash of the row: a row that is changed later is found out.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(self, change: PolicyChange, audited: AuditDraft) -> None:
        """Add a change to the history, which nothing ever takes away from, and its entry."""
        with self._database.write() as connection:
            made = insert(policy_changes).returning(policy_changes)
            row = connection.execute(made, to_row(change, policy_changes)).mappings().one()
            tell_of(connection, row, "change", audited)

    def note_default(self, policy: Policy, at: datetime) -> None:
        """Add what the settings say of the policy to its history, if they said something else."""
        with self._database.read() as connection:
            if _newest_default(connection) == policy:  # as of nearly every process that starts
                return
        draft = AuditDraft(at, SETTINGS, "", Action.POLICY, detail={"of": "all"})
        with self._database.write() as connection:
            lock(connection)  # before it is read: another process may say the same just now
            if _newest_default(connection) != policy:
                said = {"at": at, **to_row(policy, policy_defaults)}
                made = connection.execute(insert(policy_defaults).returning(policy_defaults), said)
                tell_of(connection, made.mappings().one(), "default", draft)

    def defaults(self) -> list[tuple[datetime, Policy]]:
        """Return what the settings said of the policy, and since when, oldest first."""
        oldest_first = (policy_defaults.c.at, policy_defaults.c.id)
        statement = select(policy_defaults).order_by(*oldest_first)
        with self._database.read() as connection:
            return [(row.at, to_model(Policy, row)) for row in connection.execute(statement)]

    def of_dialling(self, number: str, agent: str) -> Dialling:
        """Return what has to be known when an agent's phone dials.

        Args:
            number: what is dialled, E.164; empty for nothing that can be.
            agent: who dials, by their `Address.key`; empty where nobody looks for them.
        """
        with self._database.read() as connection:
            return Dialling(
                history=tuple(to_models(PolicyChange, HISTORY.all(connection, {}))),
                is_own=bool(number) and owns(connection, number),
                is_registered=bool(agent) and bool(informed(connection, [agent])),
            )

    def history(self) -> list[PolicyChange]:
        """Return all changes, oldest first."""
        with self._database.read() as connection:
            return to_models(PolicyChange, HISTORY.all(connection, {}))


def _newest_default(connection: Connection) -> Policy | None:
    newest = select(policy_defaults).order_by(policy_defaults.c.id.desc()).limit(1)
    row = connection.execute(newest).first()
    return to_model(Policy, row) if row else None
