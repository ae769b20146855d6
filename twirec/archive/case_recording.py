"""What is recorded of a call for a case: only after the customer said yes, from then on.

An agent asks; on a yes recording begins, and the agent asks once more, for the record. So nothing
is recorded of who has not answered, and what is recorded begins with the question and the consent.
What began so ends on a no, and is destroyed, not blocked: there is no ground to keep it on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from twirec.calls.who_hears import DETAILS
from twirec.catalog import Catalog
from twirec.custody import case_words
from twirec.custody.audit import AuditTrail
from twirec.custody.case_consent import begun_for
from twirec.model.access import Actor
from twirec.model.agents import StopOrder
from twirec.model.announcements import Announcement
from twirec.model.audit import Action
from twirec.model.cases import Case, CaseCall, CaseOpened, CaseStep, CaseStepKind
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import CustodyRefused, NotFound, VendorError
from twirec.model.records import Call, CallRecord, Consent, Recording
from twirec.model.states import UNDONE
from twirec.model.vocabulary import ConsentOutcome, LegalBasis, Verdict
from twirec.webhooks import Webhooks
from twirec.webhooks.recording_control import known_in_progress, untold

log = logging.getLogger("twirec.cases")

NOT_CONSENTED = "they said no to its being recorded for their case"


class CaseRecording:
    """Begins and ends what is recorded of calls for cases.

    Args:
        catalog: calls, consents and cases.
        webhooks: what records calls, and knows whose a leg is.
        trail: where it is entered.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        webhooks: Webhooks,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._webhooks = webhooks
        self._trail = trail
        self._now = now

    def record(self, sid: str) -> CallRecord:
        """Return a call, by its SID, or that of a leg of it.

        Raises:
            NotFound: there is none.
        """
        if not sid.startswith("CA"):
            raise NotFound("call_sid: give the SID of a call, CA….")
        return self._catalog.search.find(self._webhooks.pausing.calls_of(sid)[0])

    def goes_on(self, record: CallRecord) -> bool:
        """Whether a call is being recorded, as far as Twilio told."""
        return bool(known_in_progress(record))

    def begin(self, case: Case, call: CaseCall, record: CallRecord, actor: Actor) -> CaseOpened:
        """Record a call from now on, unless it is recorded already, or is over.

        Args:
            case: the case.
            call: its call, with the yes.
            record: the call.
            actor: who asked.
        """
        wording = case_words.QUESTION[case.language]
        if record.call.ended_at is not None:
            there = bool(record.recordings)
            return CaseOpened(
                case, call, (), recorded=there, why="" if there else "The call is over."
            )
        verdict = self._webhooks.control.may_begin(record)
        if verdict.stops:
            return CaseOpened(
                case, call, (), recorded=False, why=_sentence(DETAILS.get(verdict, ""))
            )
        if self._goes_on_at_twilio(record):
            return CaseOpened(case, call, (), recorded=True)
        self._prove(case, call, record)
        try:
            with self._trail.outside(
                Action.CASE, actor, case.key, {"step": "recording", "call": call.call_sid}
            ) as done:
                started = self._webhooks.control.begin(
                    record.call, call.call_sid, record.call.channel_map
                )
                step = CaseStep(
                    case.id, CaseStepKind.RECORDING, done.at, actor.name, started.sid,
                    call_sid=call.call_sid,
                )  # fmt: skip
                self._catalog.cases.began_recording(call, started.sid, step, done)
        except VendorError as error:
            return CaseOpened(case, call, (), recorded=False, why=str(error))
        again = case_words.AGAIN[case.language].format(question=wording)
        return CaseOpened(case, replace(call, recording_sid=started.sid), (again,), recorded=True)

    def refuse(self, case: Case, call: CaseCall, record: CallRecord, actor: Actor) -> CaseOpened:
        """Record nothing of a call for a case; all that began by a yes ends, and is destroyed.

        Args:
            case: the case.
            call: its call, with the no.
            record: the call.
            actor: who asked.
        """
        now, going_on = self._now(), known_in_progress(record)
        self._catalog.cases.end_hold(case.key, call, by=actor.name, at=now, reason=NOT_CONSENTED)
        begun = begun_for(call.call_sid, self._catalog.known_cases.steps(case.id))
        by_case = any(each.sid in begun for each in going_on)
        on_consent = by_case or record.call.legal_basis is LegalBasis.CONSENT
        nothing_again = bool(begun) and record.call.ended_at is None
        if on_consent if going_on else nothing_again:
            self._end(record.call, going_on, now)
            going_on = []
        gone = {each.sid for each in record.recordings if each.state in UNDONE}
        kept = [self._destroy(sid, actor, now) for sid in begun if sid not in gone]
        why = " ".join(filter(None, kept))
        words = case_words.ANYHOW if going_on else case_words.WITHOUT
        return CaseOpened(case, call, (words[case.language],), recorded=bool(going_on), why=why)

    def _end(self, call: Call, recordings: Sequence[Recording], now: datetime) -> None:
        """End what is recorded of a call, for good; what cannot be ended now, the sweep ends."""
        order = StopOrder(call.account_sid, call.call_sid, Verdict.NOT_CONSENTED, now)
        self._catalog.stop_orders.give(order)
        try:
            for recording in recordings:
                self._webhooks.control.stop(recording)
        except VendorError as error:
            log.error("%s: still recorded: %s", call.call_sid, error)
        else:
            self._catalog.stop_orders.done(order, at=self._now())

    def _goes_on_at_twilio(self, record: CallRecord) -> bool:
        """Whether a call is being recorded, by what Twilio says too: a callback may be lost."""
        if self.goes_on(record) or record.call.ended_at is not None:
            return self.goes_on(record)
        legs = self._catalog.meetings.legs_recorded(record)
        context = self._webhooks.context
        try:
            found = untold(self._catalog, context.vendor, record, legs, self._now())
            return next(iter(found), None) is not None
        except VendorError:  # then it will not begin either, and says so
            return False

    def _prove(self, case: Case, call: CaseCall, record: CallRecord) -> None:
        """Write the consent down before anything is recorded, with the words of the question."""
        tag = case_words.LANGUAGE_TAGS[case.language]
        asked = Announcement(tag, "", "", case_words.QUESTION[case.language])
        self._catalog.announcements.keep(asked, self._now())
        consent = Consent(
            account_sid=call.account_sid,
            call_sid=call.call_sid,
            leg=case.key,  # of the leg itself there may be another answer, to the announcement
            outcome=ConsentOutcome.GRANTED,
            method=call.how.value if call.how else "",
            announcement=asked.hash,
            language=tag,
            at=call.answered_at or self._now(),
        )
        self._catalog.consents.record(consent, None)

    def _destroy(self, sid: str, actor: Actor, now: datetime) -> str:
        """Let nothing stay of what began by a yes that is a no now; why not, if it is held."""
        order = Order(sid, OrderKind.ERASE, now, actor.name, NOT_CONSENTED)
        try:
            with self._trail.attempt(Action.ERASE, actor, sid, {"reason": NOT_CONSENTED}) as done:
                self._catalog.orders.erase_when_finished(order, done)
        except CustodyRefused as error:
            return str(error)
        return ""


def _sentence(why: str) -> str:
    return f"{why[:1].upper()}{why[1:]}." if why else "It may not be recorded."
