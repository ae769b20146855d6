"""What is not the installation's own: recordings that only the vendor has, and rows left alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    delete,
    exists,
    false,
    func,
    select,
    union_all,
    update,
)

from twirec.catalog.agents import owner_of
from twirec.catalog.conditions import among, of_call, of_same_call
from twirec.catalog.database import Database, to_models, to_row
from twirec.catalog.partial_indexes import NOT_SURELY_OURS
from twirec.catalog.tables import calls, foreign, recordings
from twirec.model.ownership import ALWAYS_OURS, Adopt, Claim, Foreign
from twirec.model.states import AT_VENDOR

ONLY_THERE = ~exists().where(recordings.c.sid == foreign.c.sid)
"""Whether a recording that a sweep saw has no row of its own since."""


def left_alone(adopt: Adopt, rows: FromClause = recordings) -> ColumnElement[bool]:
    """Return the condition of rows that `TWIREC_ADOPT` took once, takes no more, and leaves alone.

    Args:
        adopt: what it takes now.
        rows: the recordings, or an alias of them.
    """
    if adopt.everything:
        return false()
    sure: ColumnElement[bool] = rows.c.claim.in_(ALWAYS_OURS)
    if adopt.numbers is not None:
        sure |= (rows.c.claim == Claim.NAMED) & exists().where(
            of_same_call(calls, rows),
            calls.c.own_number.in_(sorted(adopt.numbers)),
        )
    return rows.c.state.in_(sorted(AT_VENDOR)) & ~sure


class ForeignRecordings:
    """What is not the installation's own, and so is named, but never moved or deleted.

    Those are recordings of other apps on the account, as the last sweeps saw them, and recordings
    that were adopted when `TWIREC_ADOPT` took more than it takes now.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def wrote_line(self, account_sid: str, sid: str) -> bool:
        """Whether a call, or the one that a leg or conference belongs to, was told of live.

        Then it has a line that was not written only after it.
        """
        with self._database.read() as connection:
            line = of_call(calls, account_sid, owner_of(connection, account_sid, sid))
            live = select(calls.c.call_sid).where(line, ~calls.c.late)
            return connection.execute(live).first() is not None

    def first_call(self, own_number: str) -> datetime | None:
        """Return when the first call of a number was told of live, UTC; None if none was."""
        first = select(func.min(calls.c.started_at))
        with self._database.read() as connection:
            began: datetime | None = connection.scalar(
                first.where(calls.c.own_number == own_number, ~calls.c.late)
            )
        return began

    def is_left_alone(self, sid: str) -> bool:
        """Whether a recording stays as it is: it was adopted when `TWIREC_ADOPT` took more."""
        statement = select(recordings.c.sid).where(
            recordings.c.sid == sid, left_alone(self._database.adopt)
        )
        with self._database.read() as connection:
            return connection.execute(statement).first() is not None

    def set_claim(self, sid: str, claim: Claim) -> None:
        """Write down by what a recording is the installation's own."""
        with self._database.write() as connection:
            connection.execute(
                update(recordings).where(recordings.c.sid == sid).values(claim=claim)
            )

    def list(self, account_sid: str, since: datetime, until: datetime) -> list[Foreign]:
        """Return what sweeps saw that is not the installation's own, made in a span, UTC.

        `until` is exclusive.
        """
        with self._database.read() as connection:
            return _foreign(connection, account_sid, since, until)

    def set(
        self, account_sid: str, since: datetime, until: datetime, seen: Sequence[Foreign]
    ) -> None:
        """Write down what a sweep saw of a span, in the place of what was seen of it before."""
        there = {each.sid: each for each in seen if since <= each.created_at < until}
        with self._database.write() as connection:
            known = {each.sid: each for each in _foreign(connection, account_sid, since, until)}
            gone = [sid for sid, each in known.items() if there.get(sid) != each]
            for at in range(0, len(gone), 500):  # older SQLite takes 999 values a statement
                few = foreign.c.sid.in_(gone[at : at + 500])
                connection.execute(delete(foreign).where(few))
            new = [each for sid, each in there.items() if known.get(sid) != each]
            for each in new:
                self._database.insert_once(connection, foreign, to_row(each, foreign))

    def forget(self, before: datetime) -> None:
        """Forget what was made before a moment, UTC."""
        with self._database.write() as connection:
            connection.execute(delete(foreign).where(foreign.c.created_at < before))


def count_foreign(connection: Connection, adopt: Adopt, most: int) -> tuple[int, tuple[str, ...]]:
    """Return how many recordings are not the installation's own, and the SIDs of the newest."""
    seen = select(foreign.c.sid, foreign.c.created_at.label("at")).where(ONLY_THERE)
    back = select(recordings.c.sid, recordings.c.started_at.label("at"))
    dialect = connection.dialect.name
    not_sure = among("ix_recordings_claim", NOT_SURELY_OURS, dialect, left_alone(adopt))
    back = back.where(*not_sure)
    both = union_all(seen, back).subquery()
    newest = select(both.c.sid).order_by(both.c.at.desc(), both.c.sid).limit(most)
    count = connection.execute(select(func.count()).select_from(both)).scalar_one()
    return count, tuple(connection.scalars(newest)) if count else ()


def _foreign(
    connection: Connection, account_sid: str, since: datetime, until: datetime
) -> list[Foreign]:
    within = (foreign.c.created_at >= since) & (foreign.c.created_at < until)
    rows = connection.execute(select(foreign).where(foreign.c.account_sid == account_sid, within))
    return to_models(Foreign, rows)
