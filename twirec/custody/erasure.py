"""What is ordered when something is erased: of whom or what, and whether it is blocked."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from twirec.calls.address import parts, read
from twirec.catalog import Catalog
from twirec.catalog.erasures import Target, ask_erasure
from twirec.catalog.holds import check_not_held
from twirec.custody.audit import AuditTrail
from twirec.custody.orders import check_ground
from twirec.custody.standstill import check_reason
from twirec.model.access import Actor, Deed, check, check_ever, may_ever
from twirec.model.approvals import OPEN_FOR, Approval, ApprovalKind
from twirec.model.audit import Action, AuditDraft, without_numbers
from twirec.model.bucket import TO_ERASE
from twirec.model.custody import block_until
from twirec.model.erasure import Certificate, Erasure, ErasureKind, ErasureScope
from twirec.model.errors import BucketError, InvalidQuery, ObjectNotFound
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.states import UNDONE, Custody, State

log = logging.getLogger("twirec.custody")

LABELLED = 100
"""Objects that say at once, by a label, what was ordered of them; a sweep completes the others."""

_SID = re.compile("(RE|CA)[0-9a-f]{32}")


def target_of(what: str, country: str) -> Target:
    """Return what is to be erased.

    Args:
        what: the SID of a recording (`RE…`) or of a call (`CA…`), or a number in any usual form.
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: it is none of these, or says not who somebody is.
    """
    text = what.strip()
    if sid := _SID.fullmatch(text):
        scope = ErasureScope.RECORDING if sid[1] == "RE" else ErasureScope.CALL
        return Target(scope, text)
    address = read(text, country)
    if not address.identifies:
        raise InvalidQuery(
            "what: give a recording's SID (RE…), a call's (CA…), or a whole number "
            "(600 11 12 22, +34600111222, sip:ana@pbx.example.com)."
        )
    return Target(ErasureScope.NUMBER, address.key, *parts(address.number))


def _original(target: Target, *, now: bool) -> Target:
    if target.scope is not ErasureScope.RECORDING:
        raise InvalidQuery("original: it is of one recording; give its SID (RE…).")
    if not now:
        raise InvalidQuery("original: it is destroyed at once; say now, and the ground, as well.")
    return replace(target, scope=ErasureScope.ORIGINAL)


class ErasureOrders:
    """Orders erasures: what is blocked, and what is destroyed.

    Args:
        catalog: where they are written down.
        bucket: where the objects' labels are.
        trail: who ordered what.
        country: ISO 3166 code of the country whose numbers come without a prefix.
        blocked_for: how long what is blocked is kept.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Callable[[], Bucket],
        trail: AuditTrail,
        *,
        country: str,
        blocked_for: timedelta,
    ) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._trail = trail
        self._country = country
        self._blocked_for = blocked_for

    def order(
        self,
        what: str,
        *,
        reason: str,
        actor: Actor,
        now: bool,
        ground: str,
        original: bool = False,
    ) -> Certificate:
        """Order that something is blocked, or ask that it is destroyed.

        Args:
            what: as of `target_of`.
            reason: why.
            actor: who orders it.
            now: whether it is destroyed at once.
            ground: the legal ground for that.
            original: whether only a recording as it was archived is destroyed, of which a copy
                without card numbers stays.

        Raises:
            NotFound: there is no such thing, or they may not know of it.
            CustodyRefused: it is not for them.
            InvalidQuery: something is missing, or there is nothing to erase any more.
        """
        sid = what.strip() if _SID.fullmatch(what.strip()) else ""
        with self._trail.attempt(Action.ERASE, actor, sid) as done:
            target = target_of(what, self._country)
            if original:
                target = _original(target, now=now)
            done = self._trail.about(done, "" if sid else target.key)
            self._check(target, actor, now=now)
            target = self._catalog.erasures.looked_for(target)
            asked = self._erasure(target, reason, actor, done.at, now, ground)
            asked = replace(asked, number=done.number)
            if now:
                return self._ask(asked, target, done)
            begun = self._catalog.erasures.begin(asked, target, done)
        self.label(begun)
        return self._catalog.erasures.certificate(begun.id)

    def _ask(self, erasure: Erasure, target: Target, done: AuditDraft) -> Certificate:
        """Write down what is to be destroyed; it waits for a second person."""
        subject: dict[str, Any] = {"sid": target.sid} if target.sid else {}
        if target.scope is ErasureScope.ORIGINAL:  # whoever approves it has to see that
            subject["original"] = True
            done = replace(done, detail={**done.detail, "original": True})
        approval = Approval(
            kind=ApprovalKind.ERASE_NOW,
            asked_by=erasure.by,
            asked_at=erasure.at,
            reason=erasure.reason,
            expires_at=erasure.at + OPEN_FOR,
            subject=subject,
            ground=erasure.ground,
        )
        asked = self._catalog.approvals.ask(
            approval,
            replace(done, action=Action.ASK),
            lambda connection: {"erasure": ask_erasure(connection, erasure, target).id},
        )
        return self._catalog.erasures.certificate(asked.subject["erasure"])

    def _erasure(
        self, target: Target, reason: str, actor: Actor, at: datetime, now: bool, ground: str
    ) -> Erasure:
        why = without_numbers(check_reason(reason))
        if not now and ground.strip():
            raise InvalidQuery("ground: it is for what is destroyed at once; say now as well.")
        return Erasure(
            scope=target.scope,
            kind=ErasureKind.DESTROY if now else ErasureKind.BLOCK,
            sid=target.sid,
            at=at,
            by=actor.name,
            reason=why,
            ground=without_numbers(check_ground(ground)) if now else "",
            until=None if now else block_until(at, self._blocked_for),
        )

    def _check(self, target: Target, actor: Actor, *, now: bool) -> None:
        if target.scope in (ErasureScope.RECORDING, ErasureScope.ORIGINAL):
            recording = self._catalog.recordings.get(target.key)
            if not may_ever(actor, Deed.ERASE):
                check(actor, recording, Deed.ERASE)
            if recording.state in UNDONE:
                raise InvalidQuery(
                    f"{recording.sid} is {recording.state}: there is nothing to erase."
                )
            if now:
                check_not_held(self._catalog.database, recording.sid)
            if target.scope is ErasureScope.ORIGINAL:
                self._check_copy(recording)
        else:
            check_ever(actor, Deed.ERASE)

    def _check_copy(self, recording: Recording) -> None:
        for other in self._catalog.erasures.of(recording.sid):
            going = other.begun_at is not None and other.done_at is None
            if other.scope is ErasureScope.ORIGINAL and going:
                raise InvalidQuery(
                    f"original: {other.id} destroys that of {recording.sid} already."
                )
        cut = self._catalog.cards.get(recording.sid)
        if cut is None or cut.fingerprint is None:
            raise InvalidQuery(
                f"original: there is no copy of {recording.sid} without card numbers; have what "
                "was found cut out first."
            )
        if recording.state is not State.RELEASED:
            raise InvalidQuery(
                f"original: {recording.sid} is {recording.state}; wait until Twilio's copy is "
                "deleted, and it is released."
            )

    def label(self, erasure: Erasure) -> None:
        """Say it on the objects too, for who has only these. What fails, a sweep completes."""
        for recording in self._catalog.erasures.objects(erasure.id, LABELLED):
            said = {}
            if recording.state is State.ERASING:
                said[TO_ERASE] = (erasure.begun_at or erasure.at).isoformat()
            elif recording.custody is Custody.BLOCKED:
                said["custody"] = recording.custody.value
            try:
                with suppress(ObjectNotFound):
                    if said and recording.object_name and recording.generation is not None:
                        self._bucket().label(recording.object_name, recording.generation, said)
            except BucketError as error:
                log.warning("%s: its labels wait for the sweep: %s", recording.sid, error)
                return
