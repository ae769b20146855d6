"""Who may have a recording, and whether it stays: what an admin orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any

from twirec.archive.access_requests import AccessRequests
from twirec.archive.approvals import Approvals
from twirec.archive.certificates import Certificates
from twirec.archive.disclosures import Disclosures
from twirec.archive.evidence import EvidenceMaker
from twirec.archive.holds import Holds
from twirec.archive.months import Months
from twirec.archive.recordings import Originals
from twirec.archive.retention import RetentionRules
from twirec.catalog import Catalog
from twirec.custody.approvals import TwoPeople, check_authority
from twirec.custody.audit import AuditTrail
from twirec.custody.erasure import ErasureOrders
from twirec.custody.holding import check_case, new_hold
from twirec.custody.orders import Orders
from twirec.custody.standstill import acceptance, check_may_be_given_up, check_reason
from twirec.model.access import (
    Actor,
    Deed,
    acting,
    asking,
    check,
    check_history,
    may_ever,
    outline,
    seen,
)
from twirec.model.approvals import Approval, ApprovalKind
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action
from twirec.model.custody import Hold, Order, OrderKind, block_until
from twirec.model.erasure import Certificate
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.evidence import EvidenceForm
from twirec.model.given import understood, word
from twirec.model.records import CallRecord, Recording
from twirec.model.search import Query
from twirec.model.sids import RecordingSid
from twirec.model.states import STORED
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.object_holds import ObjectHolds

MOST_CALLS = 1000
"""Of a case, in one package."""

CONTENT_TYPES = {
    EvidenceForm.PDF: "application/pdf",
    EvidenceForm.ASICE: "application/vnd.etsi.asic-e+zip",
}


@understood
class Custodian:
    """What an admin orders of a recording. Each order is kept with who and why.

    Args:
        settings: the company's zone, and how its numbers are read.
        catalog: where orders are kept.
        bucket: where the labels are.
        trail: who ordered what.
        now: the clock, UTC.
        disclosures: what is given to others.
        originals: what reads a recording that was released.
        access_requests: what people are answered who ask what is kept of them.
        evidence: makes packages.
        months: makes statements about months.

    Attributes:
        months: statements that every call of a month is explained.
        access_requests: requests of people who want to know what is kept of them.
        approvals: what waits for a second person.
        holds: what is held, and holds on the calls of a number.
        retention: how long recordings, lines of calls and notes are kept, by rules.
        disclosures: what is given to others, and by whose consent.
        certificates: what erasures did.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        trail: AuditTrail,
        now: Callable[[], datetime],
        disclosures: Disclosures,
        originals: Originals,
        *,
        access_requests: AccessRequests,
        evidence: EvidenceMaker,
        months: Months,
    ) -> None:
        self.months = months
        self.access_requests = access_requests
        self.retention = RetentionRules(settings, catalog, bucket, trail, now)
        self.disclosures = disclosures
        self.holds = Holds(settings, catalog, bucket, trail, now)
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._trail = trail
        self.certificates = Certificates(settings, catalog, now)
        self._erasures = ErasureOrders(
            catalog,
            bucket,
            trail,
            country=settings.country,
            blocked_for=settings.blocked_for,
        )
        self.approvals = Approvals(catalog, bucket, originals, trail, now, self._erasures)
        self._two = TwoPeople(catalog, trail)
        self._maker = evidence
        self._settings = settings

    def admit(self, sid: RecordingSid, *, ground: str, by: Actor | str) -> Recording:
        """Take a recording out of quarantine, on a legal ground.

        Args:
            sid: of the recording, `RE…`.
            ground: why the company may have it all the same, in at most 255 characters.
            by: who says so.

        Returns:
            The recording, as they may know of it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it is not for them.
            InvalidQuery: it is not quarantined, or no ground is given.
        """
        actor = acting(by)
        with self._trail.attempt(Action.ADMIT, actor, sid) as done:
            recording = self._get(sid, actor, Deed.ADMIT)
            admitted = self._orders().admit(recording, ground=ground, audited=done)
        return outline(actor, admitted)

    def erase(
        self,
        what: str,
        *,
        reason: str,
        by: Actor | str,
        now: bool = False,
        ground: str = "",
        original: bool = False,
    ) -> Certificate:
        """Erase a recording, a call, or all calls of a customer's number.

        They are blocked: kept for judges and authorities only, and destroyed on a date (LOPDGDD
        art. 32). With `now` they are destroyed at once, where the law allows that, and as soon as a
        second person approves it (`archive.custody.approvals`); workers do it.
        What is held stays, and is refused. What goes on, or is not copied yet, follows as soon as
        it can. Calls to come are not affected. Of a call stays that there was one, when, and why it
        was not recorded; nothing that was erased comes back.

        Args:
            what: the SID of a recording (`RE…`), of which the call's line stays, or of a call
                (`CA…`); or a number in any usual form.
            reason: why, in at most 255 characters; it is kept for ever, without numbers.
            by: who orders it.
            now: whether it is destroyed at once.
            ground: the legal ground for that, in at most 255 characters.
            original: whether only the recording as it was archived is destroyed, so that its copy
                without card numbers takes its place; with `now`.

        Returns:
            The certificate as it is now; `certificates.get` returns it later.

        Raises:
            NotFound: the catalog has no such recording, call or number, or they may not know of it.
            CustodyRefused: it is not for them.
            InvalidQuery: there is nothing to erase any more, no reason or ground is given, or there
                is no copy that would take the place of an original.
        """
        return self._erasures.order(
            what, reason=reason, actor=acting(by), now=now, ground=ground, original=original
        )

    def accept(self, sid: RecordingSid, *, reason: str, by: Actor | str) -> Recording:
        """Have a recording archived although its length or channels are not what Twilio says.

        A worker archives it if it is still as it was, and then deletes Twilio's copy as of any
        other. Catalog, labels and journal keep what it was accepted despite of, by whom and why.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who decides it.

        Returns:
            The recording, as they may know of it.

        Raises:
            NotFound: the catalog has no such recording, it changed just now, or they may not know
                of it.
            CustodyRefused: it is not for them.
            InvalidQuery: it does not wait for a decision, is no whole audio, or no reason is given.
        """
        actor = acting(by)
        with self._trail.attempt(Action.ACCEPT, actor, sid) as done:
            order = Order(sid, OrderKind.ACCEPT, done.at, actor.name, check_reason(reason))
            accepted = acceptance(self._get(sid, actor, Deed.DECIDE), order)
            detail = {"despite": accepted.despite, "reason": order.why}
            said = self._catalog.orders.accept(order, accepted, replace(done, detail=detail))
        return outline(actor, said)

    def give_up(self, sid: RecordingSid, *, reason: str, by: Actor | str) -> Recording:
        """Let nothing more be tried of a recording that cannot be copied; Twilio's copy stays.

        The call's line says so, if it has no other recording. `retry` takes it back.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who decides it.

        Returns:
            The recording, as they may know of it.

        Raises:
            NotFound: the catalog has no such recording, it changed just now, or they may not know
                of it.
            CustodyRefused: it is not for them.
            InvalidQuery: it is not parked, is archived already, or no reason is given.
        """
        actor = acting(by)
        with self._trail.attempt(Action.GIVE_UP, actor, sid) as done:
            order = Order(sid, OrderKind.GIVE_UP, done.at, actor.name, check_reason(reason))
            known = self._get(sid, actor, Deed.DECIDE)
            check_may_be_given_up(known)
            detail = {"error": known.last_error, "reason": order.why}
            said = self._catalog.orders.give_up(order, replace(done, detail=detail))
        return outline(actor, said)

    def hold(self, sid: RecordingSid, *, case: str, reason: str, by: Actor | str) -> Hold:
        """Hold a recording: until that is lifted, nothing and nobody destroys it.

        Several may hold one. What was ordered to be destroyed stays too, if no worker has begun.

        Args:
            sid: of the recording, `RE…`.
            case: the number of the dispute for which it is kept.
            reason: why, in at most 255 characters.
            by: who holds it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it is not for them, or its bytes are being destroyed, or were.
            InvalidQuery: no case or no reason is given, or it is too long.
        """
        actor = acting(by)
        with self._trail.attempt(Action.HOLD, actor, sid) as done:
            check(actor, self._catalog.recordings.get(sid), Deed.HOLD)
            said = new_hold(case=case, reason=reason, by=actor.name, at=done.at)
            hold = self._catalog.holds.add(replace(said, recording_sid=sid), done)
        self._object_holds().try_to_settle(sid)
        return hold

    def unhold(self, sid: RecordingSid, *, case: str, reason: str, by: Actor | str) -> Approval:
        """Ask that the holds on a recording for a case are lifted, once somebody else approves it.

        Args:
            sid: of the recording, `RE…`.
            case: the number of the dispute.
            reason: why, in at most 255 characters.
            by: who asks for it.

        Returns:
            The request, for `archive.custody.approvals`.

        Raises:
            NotFound: the catalog has no such recording, none of its own holds is for that case, or
                they may not know of it.
            CustodyRefused: it is not for them, or it is of a case that is open.
            InvalidQuery: no case or no reason is given, it is too long, or it is asked for already.
        """
        actor = acting(by)

        def subject() -> Mapping[str, Any]:
            check(actor, self._catalog.recordings.get(sid), Deed.UNHOLD)
            number = check_case(case)
            its = [
                hold.id
                for hold in self._catalog.holds.of(sid)
                if hold.case_number == number and hold.recording_sid == sid and not hold.lifted
            ]
            if not its:
                raise NotFound(f"{sid} has no hold of its own for {number}.")
            self._catalog.holds.check_may_be_lifted(its)
            return {"holds": its}

        return self._two.ask(ApprovalKind.UNHOLD, subject, actor=actor, reason=reason, sid=sid)

    def block(self, sid: RecordingSid, *, reason: str, by: Actor | str) -> Recording:
        """Block a recording: it is kept for judges and authorities only, and then destroyed.

        For everybody else it is gone, but that it exists. Its date is `TWIREC_BLOCKED_FOR` from
        now. A hold keeps it from being destroyed on that date, not from being blocked.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who orders it.

        Returns:
            The recording, as they may know of it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it is not for them, or there is nothing to block.
            InvalidQuery: no reason is given, or it is too long.
        """
        actor = acting(by)
        with self._trail.attempt(Action.BLOCK, actor, sid) as done:
            recording = self._catalog.recordings.get(sid)
            check(actor, recording, Deed.BLOCK)
            until = block_until(done.at, self._settings.blocked_for)
            why = check_reason(reason)
            blocked = self._orders().block(recording, until=until, why=why, audited=done)
        return outline(actor, blocked)

    def release(
        self, sid: RecordingSid, *, authority: str, reference: str, reason: str, by: Actor | str
    ) -> Approval:
        """Ask that a blocked recording is opened for an authority, once somebody else approves it.

        Each of the two may then take it out once, by `archive.custody.approvals.take_out`, within
        seven days; it stays blocked.

        Args:
            sid: of the recording, `RE…`.
            authority: the court, prosecutor or authority that asks for it.
            reference: of its order or letter.
            reason: why, in at most 255 characters.
            by: who asks for it.

        Returns:
            The request, for `archive.custody.approvals`.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it is not for them, or there is nothing to open.
            InvalidQuery: something is missing or too long, or it is asked for already.
        """
        actor = acting(by)

        def subject() -> Mapping[str, Any]:
            check(actor, self._catalog.recordings.get(sid), Deed.RELEASE)
            check_authority(authority, reference)
            return {}

        return self._two.ask(
            ApprovalKind.RELEASE,
            subject,
            actor=actor,
            reason=reason,
            sid=sid,
            ground=authority,
            reference=reference,
        )

    def evidence(
        self,
        sid: RecordingSid | None = None,
        *,
        case: str | None = None,
        form: EvidenceForm | str = EvidenceForm.PDF,
        by: Actor | str,
        purpose: str | None = None,
        language: str | None = None,
        file_name: str | None = None,
    ) -> AudioStream:
        """Return a sealed package of a recording, or of all recordings of a case, as a stream.

        It is on the audit log before the first byte is read, for each recording. See
        docs/evidence.md.

        Args:
            sid: of the recording, `RE…`; or
            case: the case number of calls, all of whose archived recordings are in it.
            form: `pdf` or `asice`.
            by: who has it made.
            purpose: what for, one of `TWIREC_PURPOSES`; where that is set, it has to be said.
            language: of the pages, such as `es` or `en`; without it, that of the settings.
            file_name: under which it will lie, for the commands on the pages; without it, one that
                names the call or the case.

        Raises:
            NotFound: the catalog has no such recording, or no recording of that case.
            CustodyRefused: one of them may not leave.
            InvalidQuery: neither or both are given, the form or the purpose is none, or the
                recordings are too large for a PDF.
            SealUnusable: there is no seal, or it cannot be used; the message names the fix.
            EvidenceToolsMissing: the extra `evidence` is not installed.
            TimeStampUnavailable: the authority of time does not answer, or not as it has to.
            BytesDiffer: the bucket holds something else than was archived.
            BucketError: the bucket does not give it.
        """
        actor, kind = acting(by), word(EvidenceForm, "form", form)
        if (sid is None) == (case is None):
            raise InvalidQuery("sid, case: give a recording, RE…, or a case number.")
        purposes = self._settings.purposes
        with self._trail.attempt(Action.EVIDENCE, actor, sid or ""):
            purposes.check(purpose)
            chosen = self._of_evidence(sid, case, actor)
            seal = self._maker.seal()
        name = file_name or self._maker.file_name(case, chosen[0][0], kind)
        what_for = purposes.find(purpose)
        said = {"purpose": what_for, "form": kind.value}
        with ExitStack() as made:
            done = [
                made.enter_context(self._trail.outside(Action.EVIDENCE, actor, each.sid, said))
                for each, _ in chosen
            ]
            facts = self._maker.gather(
                chosen,
                actor,
                case_number=case or "",
                purpose=what_for,
                language=language or self._settings.language,
            )
            chunks, size = self._maker.write(facts, kind, seal, actor, name)
        for each in done:
            self._trail.append(each)
        return AudioStream(
            chunks, content_type=CONTENT_TYPES[kind], file_name=name, size=size, end=size
        )

    def _of_evidence(
        self, sid: str | None, case: str | None, actor: Actor
    ) -> list[tuple[Recording, CallRecord]]:
        """Return the recordings that are asked for, each with its call.

        Raises:
            NotFound: there is none.
            CustodyRefused: one of them may not leave.
        """
        if sid is not None:
            recording = self._get(sid, actor, Deed.DOWNLOAD)
            check(actor, recording, Deed.DOWNLOAD)
            return [(recording, seen(actor, self._catalog.search.find(sid)))]
        found = self._catalog.search.page(Query(case_number=case, asker=actor, limit=MOST_CALLS))
        chosen = [
            (recording, record)
            for record in sorted(
                (seen(actor, each) for each in found), key=lambda each: each.call.started_at
            )
            for recording in record.recordings
            if recording.state in STORED
        ]
        if not chosen:
            raise NotFound(f"The catalog has no archived recording of case {case}.")
        for recording, _ in chosen:
            check(actor, recording, Deed.DOWNLOAD)
        return chosen

    def orders(self, sid: RecordingSid, *, by: Actor | str | None = None) -> Sequence[Order]:
        """Return what was ordered of a recording, oldest first.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: no details are for them.
        """
        actor = asking(by)
        recording = self._catalog.recordings.get(sid)
        check_history(actor, recording)
        return self._catalog.orders.of(sid)

    def _get(self, sid: str, actor: Actor, deed: Deed) -> Recording:
        """Return a recording of which somebody may order something.

        In which state that is possible says the order itself.
        """
        recording = self._catalog.recordings.get(sid)
        if not may_ever(actor, deed):
            check(actor, recording, deed)
        return recording

    def _object_holds(self) -> ObjectHolds:
        return ObjectHolds(self._catalog, self._bucket())

    def _orders(self) -> Orders:
        return Orders(self._catalog, self._bucket())
