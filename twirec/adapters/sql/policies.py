"""The history of the policy, which is only ever added to."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from twirec.adapters.sql.audit import append
from twirec.adapters.sql.database import Database
from twirec.adapters.sql.rows import to_policy_change, values
from twirec.adapters.sql.schema import policy_changes
from twirec.model.audit import Action, AuditDraft, stand_in
from twirec.model.policy import PolicyChange


class Policies:
    """The part of the catalog that knows who was to be recorded when."""

    database: Database
    audit_key: str

    def change_policy(self, change: PolicyChange) -> None:
        """Add a change to the history."""
        with self.database.write() as connection:
            made = connection.execute(
                insert(policy_changes).values(values(change)).returning(policy_changes.c.id)
            )
            self._audit(connection, change, made.scalar_one())

    def _audit(self, connection: Connection, change: PolicyChange, entry: int) -> None:
        held = {
            "direction": change.direction,
            "on": change.on,
            "mode": change.mode,
            "language": change.language,
            "legal_basis": change.legal_basis,
        }
        said = {name: value for name, value in held.items() if value is not None}
        number = stand_in(change.number, self.audit_key) if change.number else ""
        detail = {"change": entry, "of": "a number" if change.number else "all", **said}
        append(
            connection,
            AuditDraft(change.at, change.by, "", Action.POLICY, number=number, detail=detail),
        )

    def policy_history(self) -> list[PolicyChange]:
        """Return all changes, oldest first."""
        statement = select(policy_changes).order_by(policy_changes.c.at, policy_changes.c.id)
        with self.database.read() as connection:
            return [to_policy_change(row) for row in connection.execute(statement)]
