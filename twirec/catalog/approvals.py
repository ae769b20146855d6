"""What waits for a second person, and what they decide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.erasure_tables import erasures
from twirec.catalog.erasures import begin_erasure
from twirec.catalog.holds import keep_holds_out, lift_holds
from twirec.catalog.tables import approvals, recordings, releases
from twirec.model.access import OURSELVES
from twirec.model.approvals import OPEN_FOR, Approval, ApprovalKind, ApprovalOutcome, Release
from twirec.model.audit import Action, AuditDraft, Detail
from twirec.model.erasure import Erasure, ErasureScope
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.states import Custody

Decided = Callable[[Connection, Approval, AuditDraft], Sequence[AuditDraft]]
"""Does what was approved, in the transaction of the decision, and returns further entries, made of
the one about the decision."""


def _unhold(
    connection: Connection, approval: Approval, audited: AuditDraft
) -> Sequence[AuditDraft]:
    """Lift the holds that are named."""
    at = _decided_at(approval)
    lifted = lift_holds(
        connection, approval.subject["holds"], by=approval.asked_by, at=at, reason=approval.reason
    )
    return [
        entry_of(approval, audited, Action.UNHOLD, hold.recording_sid or "", hold=hold.id)
        for hold in lifted
    ]


def _release(
    connection: Connection, approval: Approval, audited: AuditDraft
) -> Sequence[AuditDraft]:
    """Open a blocked recording for one download by each of the two."""
    sid, at = approval.subject["sid"], _decided_at(approval)
    blocked = (recordings.c.sid == sid) & (recordings.c.custody == Custody.BLOCKED)
    locked = select(recordings.c.sid).where(blocked).with_for_update()
    if connection.execute(locked).first() is None:
        raise NotFound(f"{sid} is not there, or not blocked any more.")
    for name in (approval.asked_by, approval.decided_by):
        release = Release(sid, approval.id, name, at, at + OPEN_FOR)
        connection.execute(insert(releases), to_row(release, releases))
    return [entry_of(approval, audited, Action.RELEASE, sid)]


def _erase_now(
    connection: Connection, approval: Approval, audited: AuditDraft
) -> Sequence[AuditDraft]:
    """Let an erasure begin that waited for a second person."""
    keep_holds_out(connection)
    key = approval.subject["erasure"]
    asked = connection.execute(select(erasures).where(erasures.c.id == key)).one()
    begun = begin_erasure(
        connection,
        to_model(Erasure, asked),
        at=_decided_at(approval),
        approved_by=approval.decided_by,
    )
    entry = entry_of(approval, audited, Action.ERASE, begun.sid)
    more: dict[str, Any] = {"erasure": begun.id}
    if begun.scope is ErasureScope.ORIGINAL:
        more["original"] = True
    return [replace(entry, number=begun.number, detail={**entry.detail, **more})]


DEEDS: Mapping[ApprovalKind, Decided] = {
    ApprovalKind.UNHOLD: _unhold,
    ApprovalKind.RELEASE: _release,
    ApprovalKind.ERASE_NOW: _erase_now,
}
"""What an approval of each kind does."""


class Approvals:
    """Requests that one person makes and another decides.

    What is approved, the decision, and their entries of the audit log are one transaction.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(
        self,
        approval: Approval,
        audited: AuditDraft,
        subject: Callable[[Connection], Mapping[str, Any]] | None = None,
    ) -> Approval:
        """Write a request down.

        Args:
            approval: the request.
            audited: its entry; the request's number and kind are added to it.
            subject: writes down what it is about, in its transaction, and returns more of the
                subject; None for nothing more.

        Returns:
            The request, with its number.

        Raises:
            InvalidQuery: the same is asked for already, and waits.
        """
        same = (approvals.c.kind == approval.kind) & (approvals.c.expires_at > approval.asked_at)
        with self._database.write() as connection:
            for other in to_models(Approval, connection.execute(_waiting().where(same))):
                if other.subject == approval.subject:
                    raise InvalidQuery(
                        f"It is asked for already: request {other.id} of {other.asked_by} waits."
                    )
            if subject is not None:
                approval = replace(approval, subject={**approval.subject, **subject(connection)})
            row = to_row(approval, approvals)
            del row["id"]
            written = connection.execute(insert(approvals).values(row).returning(approvals)).one()
            asked = to_model(Approval, written)
            append(connection, numbered(audited, asked))
        return asked

    def get(self, number: int) -> Approval:
        """Return a request.

        Raises:
            NotFound: there is none of that number.
        """
        with self._database.read() as connection:
            row = connection.execute(select(approvals).where(approvals.c.id == number)).first()
        if row is None:
            raise NotFound(f"There is no request {number}.")
        return to_model(Approval, row)

    def pending(self, at: datetime, *, after: int = 0, limit: int = 100) -> Sequence[Approval]:
        """Return what waits, oldest first.

        Args:
            at: now, UTC.
            after: the number of the last one of the page before.
            limit: how many at the most.
        """
        its = (approvals.c.expires_at > at) & (approvals.c.id > after)
        statement = _waiting().where(its).order_by(approvals.c.id).limit(limit)
        with self._database.read() as connection:
            return to_models(Approval, connection.execute(statement))

    def decide(
        self,
        number: int,
        outcome: ApprovalOutcome,
        *,
        by: str,
        at: datetime,
        why: str = "",
        audited: AuditDraft,
        check: Callable[[Approval], object],
    ) -> Approval:
        """Write a decision down and, if it is approved, do what was asked for.

        Args:
            number: of the request.
            outcome: `approved` or `refused`.
            by: who decides.
            at: now, UTC.
            why: the reason of a refusal.
            audited: its entry.
            check: raises if they may not decide it; it is called with the request as it is.

        Raises:
            NotFound: there is none of that number; or what was asked for cannot be done any more.
            InvalidQuery: it does not wait any more.
        """
        this = select(approvals).where(approvals.c.id == number).with_for_update()
        with self._database.write() as connection:
            row = connection.execute(this).first()
            if row is None:
                raise NotFound(f"There is no request {number}.")
            approval = to_model(Approval, row)
            check(approval)
            check_waits(approval, at)
            decided = replace(approval, outcome=outcome, decided_by=by, decided_at=at, why=why)
            _write(connection, decided)
            entries = [numbered(audited, decided)]
            if outcome is ApprovalOutcome.APPROVED:
                entries += DEEDS[decided.kind](connection, decided, audited)
            for entry in entries:  # last, as all lock the chain of the log
                append(connection, entry)
        return decided

    def expire(self, at: datetime) -> int:
        """Write down that nobody decided in time, with an entry for each; count them."""
        statement = _waiting().where(approvals.c.expires_at <= at).order_by(approvals.c.id)
        with self._database.write() as connection:
            late = to_models(Approval, connection.execute(statement.with_for_update()))
            for approval in late:
                ended = {"outcome": ApprovalOutcome.EXPIRED, "decided_at": approval.expires_at}
                _write(connection, replace(approval, **ended))  # type: ignore[arg-type]
                entry = AuditDraft(at, OURSELVES.name, OURSELVES.role, Action.EXPIRE)
                append(connection, numbered(entry, approval))
        return len(late)

    def releases(self, sid: str) -> Sequence[Release]:
        """Return for whom a blocked recording was opened, oldest first."""
        statement = select(releases).where(releases.c.recording_sid == sid)
        with self._database.read() as connection:
            return to_models(Release, connection.execute(statement.order_by(releases.c.approval)))

    def open_releases(self, at: datetime) -> Sequence[Release]:
        """Return what was released, and was not taken out yet, oldest first.

        Args:
            at: now, UTC.
        """
        still = releases.c.opened_at.is_(None) & (releases.c.until > at)
        statement = select(releases).where(still).order_by(releases.c.approval, releases.c.by)
        with self._database.read() as connection:
            return to_models(Release, connection.execute(statement))

    def open(self, release: Release, at: datetime) -> bool:
        """Write down that somebody takes out what was opened for them. False if not any more.

        Args:
            release: theirs.
            at: now, UTC.
        """
        this = (
            (releases.c.recording_sid == release.recording_sid)
            & (releases.c.approval == release.approval)
            & (releases.c.by == release.by)
            & releases.c.opened_at.is_(None)
            & (releases.c.until > at)
        )
        with self._database.write() as connection:
            changed = connection.execute(update(releases).where(this).values(opened_at=at))
            return bool(changed.rowcount)


def check_waits(approval: Approval, at: datetime) -> None:
    """Check that a request waits for somebody.

    Raises:
        InvalidQuery: it was decided, or is too old.
    """
    if approval.outcome is not None:
        raise InvalidQuery(f"Request {approval.id} is {approval.outcome} already.")
    if approval.expires_at <= at:
        raise InvalidQuery(
            f"Request {approval.id} expired on {approval.expires_at:%Y-%m-%d %H:%M} UTC: ask again."
        )


def numbered(audited: AuditDraft, approval: Approval) -> AuditDraft:
    """Return an entry with the number and the kind of a request, and what it is about."""
    detail = {**audited.detail, "approval": approval.id, "kind": approval.kind.value}
    return replace(audited, sid=audited.sid or approval.subject.get("sid", ""), detail=detail)


def _waiting() -> Select[Any]:
    return select(approvals).where(approvals.c.outcome.is_(None))


def _write(connection: Connection, decided: Approval) -> None:
    changed = {
        name: getattr(decided, name) for name in ("outcome", "decided_by", "decided_at", "why")
    }
    connection.execute(update(approvals).where(approvals.c.id == decided.id).values(changed))


def _decided_at(approval: Approval) -> datetime:
    assert approval.decided_at is not None  # noqa: S101 - it was approved
    return approval.decided_at


def entry_of(
    approval: Approval, audited: AuditDraft, action: Action, sid: str, **more: int
) -> AuditDraft:
    """Return the entry of what was approved: who approved it did it, with who had asked for it."""
    detail: Detail = {"approval": approval.id, "asked_by": approval.asked_by, **more}
    return replace(audited, action=action, sid=sid, detail=detail)
