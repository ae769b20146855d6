"""Indexes of some rows of a table, which are few of many, and the conditions of those rows."""

from __future__ import annotations

from sqlalchemy import Index

from twirec.model.access import SHUT


def partial_index(name: str, *columns: str, where: str) -> Index:
    """Return an index of those rows only for which a condition holds.

    Args:
        name: of the index.
        columns: what it is in order of.
        where: the condition, in SQL that both databases have. A query that is to use the index has
            to say it too, in plain words: no database knows what a parameter will be.
    """
    # The migration makes it. SQLAlchemy would load both dialects to know of the condition.
    return Index(name, *columns, info={"where": where})


WAITING = "due_at IS NOT NULL OR state = 'recording'"
"""The recordings of which something is to come."""

KEPT_APART = " OR ".join(f"custody = '{each}'" for each in sorted(SHUT))
"""The recordings of which nobody sees anything: those of a call are looked for with its line."""

AT_REST = (
    "due_at IS NULL AND lease IS NULL AND state IN ('archived', 'completed', 'erasing') "
    "AND NOT (state = 'archived' AND (keep_at_vendor OR kept_for_trial))"
)
"""The recordings of which something is left to do that nobody does."""

IN_BUCKET = "state IN ('archived', 'released')"
"""The recordings whose bytes the bucket holds."""

NOT_SURELY_OURS = (
    "claim NOT IN ('account', 'line', 'route', 'told') "
    "AND state IN ('archived', 'completed', 'recording')"
)
"""The recordings that may be another app's, and of which Twilio has a copy."""

GOING_ON = "ended_at IS NULL"
"""The calls of which nobody said that they ended."""
