"""E-mails with receipts: what waits to be sent, and what could not be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from twirec.catalog.audit import append
from twirec.catalog.case_tables import case_mails, case_steps, cases
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.disclosure_tables import disclosures
from twirec.catalog.events import write_event
from twirec.catalog.hints import hint
from twirec.catalog.leases import ENDED, Leases
from twirec.model.access import OURSELVES
from twirec.model.audit import Action, AuditDraft, AuditOutcome
from twirec.model.cases import BY_MAIL, CaseMail, CaseStep, CaseStepKind
from twirec.model.errors import LeaseLost
from twirec.model.events import EventType
from twirec.model.hints import MAIL
from twirec.model.lease import Lease

KNOWN = [each for each in case_mails.c if each.name in CaseMail.__dataclass_fields__]
"""What is read of one, without what it says."""

WAITS = case_mails.c.due_at.is_not(None)
FAILED = case_mails.c.due_at.is_(None)


class CaseMails:
    """E-mails with receipts, until a mail server took them.

    One that was taken is a step of its case from then on, and here no more. One that time does not
    mend stays without address and content, until another one, or another way, takes its place.
    What an e-mail says is sealed: only who has the installation's secrets reads it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leases = Leases(database, case_mails, lambda _, row: to_model(CaseMail, row))

    def queue(self, now: Callable[[], datetime]) -> MailQueue:
        """Return what hands out those that are due."""
        return MailQueue(self._leases, now)

    def of(self, key: str) -> Sequence[CaseMail]:
        """Return those of a case that wait, or could not be sent, oldest first."""
        statement = select(*KNOWN).where(case_mails.c.case_key == key)
        with self._database.read() as connection:
            rows = connection.execute(statement.order_by(case_mails.c.at, case_mails.c.id))
            return to_models(CaseMail, rows)

    def failed(self, limit: int) -> Sequence[CaseMail]:
        """Return those that could not be sent, of all cases, oldest first."""
        statement = select(*KNOWN).where(FAILED).order_by(case_mails.c.at, case_mails.c.id)
        with self._database.read() as connection:
            return to_models(CaseMail, connection.execute(statement.limit(limit)))

    def content(self, lease: Lease[CaseMail]) -> str:
        """Return what a leased one says, as it was sealed. Raises `LeaseLost`."""
        its = (case_mails.c.id == lease.item.id) & (case_mails.c.lease == lease.token)
        with self._database.read() as connection:
            row = connection.execute(select(case_mails.c.content).where(its)).first()
        if row is None:
            raise LeaseLost(f"{lease.item.id} is somebody else's now.")
        return str(row.content)

    def links_hold(self, mail: CaseMail) -> bool:
        """Whether none of the links in an e-mail was ended since it was written."""
        ended = disclosures.c.id.in_(mail.links) & disclosures.c.revoked_at.is_not(None)
        with self._database.read() as connection:
            return connection.execute(select(disclosures.c.id).where(ended)).first() is None

    def sent(self, lease: Lease[CaseMail], at: datetime) -> None:
        """Write down that a mail server took one: a step, an event and an entry.

        Raises `LeaseLost`.
        """
        with self._leases.commit(lease, ENDED) as (connection, held):
            mail = held.item
            connection.execute(delete(case_mails).where(case_mails.c.id == mail.id))
            _step(connection, mail, at, CaseStepKind.DELIVERED, BY_MAIL)
            write_event(connection, EventType.CASE_MAILED, case_key=mail.case_key)
            append(connection, _entry(mail, at, AuditOutcome.DONE))


class MailQueue:
    """Hands out e-mails that are due. What time does not mend is written down, and told.

    Args:
        leases: of their table.
        now: the clock, UTC.
    """

    def __init__(self, leases: Leases[CaseMail], now: Callable[[], datetime]) -> None:
        self._leases = leases
        self._now = now
        self.claim = leases.claim
        self.due_at = leases.due_at
        self.renew = leases.renew
        self.give_back = leases.give_back

    def postpone(
        self,
        lease: Lease[CaseMail],
        due_at: datetime | None,
        error: str,
        *,
        undecided: bool = False,
    ) -> None:
        """End a lease; without a time it is given up, and what it said is forgotten.

        That it was given up is a step of the case, an event and an entry. Raises `LeaseLost`.
        """
        if due_at is not None:
            self._leases.postpone(lease, due_at, error, undecided=undecided)
            return
        gone = {**ENDED, "due_at": None, "last_error": error, "address": "", "content": ""}
        with self._leases.commit(lease, gone) as (connection, _):
            mail, at = lease.item, self._now()
            why = error.partition(": ")[2] or error
            _step(connection, mail, at, CaseStepKind.NOT_DELIVERED, f"{BY_MAIL}: {why}")
            write_event(connection, EventType.CASE_NOT_MAILED, case_key=mail.case_key)
            append(connection, _entry(mail, at, AuditOutcome.FAILED))


def add_mail(connection: Connection, mail: CaseMail, content: str) -> None:
    """Let an e-mail wait, in the transaction in which its receipt is made.

    Args:
        connection: of the transaction.
        mail: to whom, and for which case.
        content: what it says, sealed.
    """
    forget_failed(connection, mail.case_key)
    connection.execute(insert(case_mails), {**to_row(mail, case_mails), "content": content})
    if mail.due_at is not None:
        hint(connection, MAIL, mail.id, mail.due_at)


def forget_failed(connection: Connection, key: str) -> None:
    """Forget which e-mails of a case could not be sent: something else took their place."""
    connection.execute(delete(case_mails).where(case_mails.c.case_key == key, FAILED))


def _step(
    connection: Connection, mail: CaseMail, at: datetime, kind: CaseStepKind, how: str
) -> None:
    case_id = connection.scalar(select(cases.c.id).where(cases.c.key == mail.case_key))
    step = CaseStep(case_id or 0, kind, at, mail.by, mail.address, how)
    row = to_row(step, case_steps)
    del row["id"]
    connection.execute(insert(case_steps), row)


def _entry(mail: CaseMail, at: datetime, outcome: AuditOutcome) -> AuditDraft:
    detail = {"step": CaseStepKind.DELIVERED.value, "mail": mail.id}
    return AuditDraft(
        at, OURSELVES.name, OURSELVES.role, Action.CASE, mail.case_key,
        outcome=outcome, detail=detail,
    )  # fmt: skip
