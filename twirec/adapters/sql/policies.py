"""The history of the policy, which is only ever added to."""

from __future__ import annotations

from sqlalchemy import insert, select

from twirec.adapters.sql.database import Database
from twirec.adapters.sql.rows import to_policy_change, values
from twirec.adapters.sql.schema import policy_changes
from twirec.model.policy import PolicyChange


class Policies:
    """The part of the catalog that knows who was to be recorded when."""

    database: Database

    def change_policy(self, change: PolicyChange) -> None:
        """Add a change to the history."""
        with self.database.write() as connection:
            connection.execute(insert(policy_changes).values(values(change)))

    def policy_history(self) -> list[PolicyChange]:
        """Return all changes, oldest first."""
        statement = select(policy_changes).order_by(policy_changes.c.at, policy_changes.c.id)
        with self.database.read() as connection:
            return [to_policy_change(row) for row in connection.execute(statement)]
