"""What needs two people: one asks, another one of the same right decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.custody.standstill import check_reason
from twirec.model.access import Actor, Deed, check_ever, may_ever
from twirec.model.approvals import (
    OPEN_FOR,
    Approval,
    ApprovalKind,
    ApprovalOutcome,
    same_person,
)
from twirec.model.audit import Action, without_numbers
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound

DEEDS: Mapping[ApprovalKind, Deed] = {
    ApprovalKind.UNHOLD: Deed.UNHOLD,
    ApprovalKind.RELEASE: Deed.RELEASE,
    ApprovalKind.ERASE_NOW: Deed.ERASE,
}
"""What both have to be allowed to do."""


class TwoPeople:
    """Requests for what one person alone may not do.

    Args:
        catalog: where they are written down.
        trail: who asked, and who decided.
    """

    def __init__(self, catalog: Catalog, trail: AuditTrail) -> None:
        self._catalog = catalog
        self._trail = trail

    def ask(
        self,
        kind: ApprovalKind,
        subject: Callable[[], Mapping[str, Any]],
        *,
        actor: Actor,
        reason: str,
        sid: str = "",
        ground: str = "",
        reference: str = "",
    ) -> Approval:
        """Ask for something; it waits for a second person.

        Args:
            kind: what is asked for.
            subject: returns of what, in what JSON has; raises if they may not ask for it.
            actor: who asks.
            reason: why.
            sid: of the one recording that it is about; empty for none.
            ground: the authority, or the legal ground.
            reference: of its order or letter.

        Raises:
            InvalidQuery: no reason is given, it is too long, or the same waits already.
        """
        detail = {"kind": kind.value}
        with self._trail.attempt(Action.ASK, actor, sid, detail) as done:
            approval = Approval(
                kind=kind,
                asked_by=actor.name,
                asked_at=done.at,
                reason=without_numbers(check_reason(reason)),
                expires_at=done.at + OPEN_FOR,
                subject={**subject(), **({"sid": sid} if sid else {})},
                ground=without_numbers(ground.strip()),
                reference=reference.strip(),
            )
            return self._catalog.approvals.ask(approval, done)

    def approve(self, number: int, actor: Actor) -> Approval:
        """Approve a request, and do what was asked for.

        Raises:
            NotFound: there is none of that number, or it cannot be done any more.
            CustodyRefused: they asked for it themselves, or have not the right.
            InvalidQuery: it does not wait any more.
        """
        with self._trail.attempt(Action.APPROVE, actor, detail={"approval": number}) as done:
            return self._catalog.approvals.decide(
                number,
                ApprovalOutcome.APPROVED,
                by=actor.name,
                at=done.at,
                audited=done,
                check=lambda approval: check_second(actor, approval),
            )

    def refuse(self, number: int, actor: Actor, reason: str) -> Approval:
        """Refuse a request, or take back one's own.

        Raises:
            NotFound: there is none of that number.
            CustodyRefused: they have not the right.
            InvalidQuery: it does not wait any more, or no reason is given.
        """
        with self._trail.attempt(Action.REFUSE, actor, detail={"approval": number}) as done:
            return self._catalog.approvals.decide(
                number,
                ApprovalOutcome.REFUSED,
                by=actor.name,
                at=done.at,
                why=without_numbers(check_reason(reason)),
                audited=done,
                check=lambda approval: check_right(actor, approval),
            )


def sees(actor: Actor) -> bool:
    """Whether somebody sees what waits for a second person: who may decide, and auditors."""
    return may_ever(actor, Deed.OVERSEE)


def check_right(actor: Actor, approval: Approval) -> None:
    """Let through who may decide a request of that kind.

    Raises:
        NotFound: they may not know of it.
        CustodyRefused: they may not decide it.
    """
    if not sees(actor):
        raise NotFound(f"There is no request {approval.id}.", hidden=True)
    check_ever(actor, DEEDS[approval.kind], approval.kind)


def check_second(actor: Actor, approval: Approval) -> None:
    """Let through who may approve a request: another person than who asked, with the right to.

    Raises:
        NotFound: they may not know of it.
        CustodyRefused: they may not.
    """
    check_right(actor, approval)
    if same_person(actor.name, approval.asked_by):
        raise CustodyRefused(
            f"Request {approval.id} is of {approval.asked_by}: it takes a second person."
        )


def check_authority(authority: str, reference: str) -> tuple[str, str]:
    """Return who asks for what is blocked, and by which order.

    Raises:
        InvalidQuery: one of them is missing, or too long.
    """
    for name, said in (("authority", authority), ("reference", reference)):
        if not said.strip():
            raise InvalidQuery(f"{name}: say it; what is blocked opens for an authority only.")
        if len(said.strip()) > LONGEST:
            raise InvalidQuery(f"{name}: write at most {LONGEST} characters.")
    return authority.strip(), reference.strip()


LONGEST = 255
