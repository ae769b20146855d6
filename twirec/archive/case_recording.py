"""What is recorded of a call for a case: only after the customer said yes, from then on.

An agent asks; on a yes recording begins, and the agent asks once more, for the record. So nothing
is recorded of who has not answered, and what is recorded begins with the question and the consent.
What began so ends on a no, and is destroyed, not blocked: there is no ground to keep it on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from twirec.calls.who_hears import DETAILS
from twirec.catalog import Catalog
from twirec.custody import case_words
from twirec.custody.audit import AuditTrail
from twirec.custody.case_consent import begun_by, proof_of
from twirec.model.access import Actor, Deed, check_line, may
from twirec.model.agents import StopOrder
from twirec.model.announcements import Announcement
from twirec.model.audit import Action, AuditDraft
from twirec.model.cases import Case, CaseCall, CaseOpened, CaseStep, CaseStepKind
from twirec.model.custody import Hold
from twirec.model.errors import NotFound, VendorError
from twirec.model.records import CallRecord, Consent, Recording
from twirec.model.states import UNDONE
from twirec.model.vocabulary import ConsentOutcome, LegalBasis, Verdict
from twirec.webhooks import Webhooks
from twirec.webhooks.recording_control import known_in_progress, untold

log = logging.getLogger("twirec.cases")

KEPT = (
    "Of what was recorded for the case something is held for another matter: it stays until that "
    "is lifted, and is not destroyed by itself then."
)
"""What is said of what a no does not destroy; of which, not everybody may know."""


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

    def shown(self, opened: CaseOpened, actor: Actor) -> CaseOpened:
        """Return what somebody does next, without the SID of a recording that they may not see."""
        if opened.call.recording_sid is not None:
            with suppress(NotFound):
                recording = self._catalog.recordings.get(opened.call.recording_sid)
                if may(actor, recording, Deed.SEE):
                    return opened
        return replace(opened, call=replace(opened.call, recording_sid=None))

    def grant(
        self,
        case: Case,
        call: CaseCall,
        record: CallRecord,
        step: CaseStep,
        done: AuditDraft,
        hold: Hold,
    ) -> Callable[[], CaseOpened]:
        """Write a yes down; with its proof, if it is to be recorded from now on.

        It is, unless it is recorded already, may not be, or the call is over.

        Args:
            case: the case.
            call: its call, with the yes.
            record: the call.
            step: that they answered.
            done: its entry.
            hold: on what is recorded of the call; not where a no destroys that.

        Returns:
            What does it at Twilio, and says what to say.

        Raises:
            CustodyRefused: the call is blocked.
        """
        check_line(record)
        as_it_is = self._as_it_is(case, call, record)
        proof = None if as_it_is else _proof(case, call, done.at)
        undone = any(each.to_be_erased or each.state in UNDONE for each in record.recordings)
        granted = self._catalog.cases.grant(
            case.key, call, step, done, hold=None if undone else hold, proof=proof
        )
        if as_it_is is not None:
            return lambda: replace(as_it_is, call=granted)
        return lambda: self._begin(case, granted, record, Actor(done.by, done.role))

    def _as_it_is(self, case: Case, call: CaseCall, record: CallRecord) -> CaseOpened | None:
        """Return what there is to say where nothing begins; None where recording is to begin."""
        if record.call.ended_at is not None:
            there = bool(record.recordings)
            return CaseOpened(case, call, (), there, why="" if there else "The call is over.")
        verdict = self._webhooks.control.may_begin(record)
        if verdict.stops:
            return CaseOpened(case, call, (), recorded=False, why=_sentence(verdict))
        if self.goes_on(record):
            return CaseOpened(case, call, (), recorded=True)
        try:
            found = self._untold(record)
        except VendorError:  # then it will not begin either, and says so
            return None
        return CaseOpened(case, call, (), recorded=True) if found else None

    def _begin(self, case: Case, call: CaseCall, record: CallRecord, actor: Actor) -> CaseOpened:
        its = {"step": "recording", "call": call.call_sid}
        try:
            with self._trail.outside(Action.CASE, actor, case.key, its) as done:
                started = self._webhooks.control.begin(
                    record.call, call.call_sid, record.call.channel_map
                )
                step = CaseStep(
                    case.id, CaseStepKind.RECORDING, done.at, actor.name, started.sid,
                    call_sid=call.call_sid,
                )  # fmt: skip
                stands = self._catalog.cases.began_recording(call, started.sid, step, done)
        except VendorError as error:
            return CaseOpened(case, call, (), recorded=False, why=str(error))
        begun = replace(call, recording_sid=started.sid)
        if not stands:  # they said no meanwhile
            self._stop(case, begun, [started], actor)
            return CaseOpened(case, begun, (case_words.WITHOUT[case.language],), recorded=False)
        question = case_words.QUESTION[case.language]
        again = case_words.AGAIN[case.language].format(question=question)
        return CaseOpened(case, begun, (again,), recorded=True)

    def refuse(
        self, case: Case, call: CaseCall, record: CallRecord, step: CaseStep, done: AuditDraft
    ) -> Callable[[], CaseOpened]:
        """Write a no down: all that began by a yes ends, and is destroyed.

        That it ends is ordered with the no. Whatever happens to us then, a sweep ends it.

        Args:
            case: the case.
            call: its call, with the no.
            record: the call.
            step: that they answered.
            done: its entry.

        Returns:
            What ends it at Twilio, and says what to say.
        """
        tried = proof_of(record, case.key) is not None
        if tried and not self.goes_on(record):
            record = self._with_untold(record)
        going_on = known_in_progress(record)
        begun = begun_by(record, case.key, self._catalog.known_cases.steps(case.id))
        by_case = any(each.sid in begun for each in going_on)
        on_consent = by_case or record.call.legal_basis is LegalBasis.CONSENT
        nothing_again = (tried or bool(begun)) and record.call.ended_at is None
        ends = on_consent if going_on else nothing_again
        sids = (record.call.account_sid, record.call.call_sid)
        stop = StopOrder(*sids, Verdict.NOT_CONSENTED, done.at) if ends else None
        refused, kept = self._catalog.cases.refuse(
            case.key, call, step, done, begun=begun, stop=stop
        )
        recorded = bool(going_on) and not ends
        words = case_words.ANYHOW if recorded else case_words.WITHOUT
        why = KEPT if kept else ""
        actor = Actor(done.by, done.role)

        def act() -> CaseOpened:
            if stop is not None and self._stop(case, refused, going_on, actor):
                self._catalog.stop_orders.done(stop, at=self._now())
            return CaseOpened(case, refused, (words[case.language],), recorded, why)

        return act

    def _stop(
        self, case: Case, call: CaseCall, recordings: Sequence[Recording], actor: Actor
    ) -> bool:
        """End recordings, and return whether all ended; what did not, the sweep ends."""
        stopped = True
        for recording in recordings:
            its = {"step": "stop", "call": call.call_sid, "recording": recording.sid}
            try:
                with self._trail.outside(Action.CASE, actor, case.key, its) as done:
                    self._webhooks.control.stop(recording)
                    self._trail.append(done)
            except VendorError as error:
                log.error("%s: still recorded: %s", call.call_sid, error)
                stopped = False
        return stopped

    def _untold(self, record: CallRecord) -> list[Recording]:
        """Adopt what Twilio records of a call, and has not told of: a callback may be lost.

        Raises:
            VendorError: Twilio could not be asked.
        """
        legs = self._catalog.meetings.legs_recorded(record)
        return list(untold(self._catalog, self._webhooks.context.vendor, record, legs, self._now()))

    def _with_untold(self, record: CallRecord) -> CallRecord:
        """Return a call with what Twilio records of it too, as far as it can be asked."""
        if record.call.ended_at is not None:
            return record
        try:
            found = self._untold(record)
        except VendorError as error:
            log.error("%s: what is recorded of it is not known: %s", record.call.call_sid, error)
            return record
        return replace(record, recordings=(*record.recordings, *found))


def _proof(case: Case, call: CaseCall, at: datetime) -> tuple[Announcement, Consent]:
    """Return what is written down before anything is recorded, and the words of the question."""
    tag = case_words.LANGUAGE_TAGS[case.language]
    asked = Announcement(tag, "", "", case_words.QUESTION[case.language])
    consent = Consent(
        account_sid=call.account_sid,
        call_sid=call.call_sid,
        leg=case.key,  # of the leg itself there may be another answer, to the announcement
        outcome=ConsentOutcome.GRANTED,
        method=call.how.value if call.how else "",
        announcement=asked.hash,
        language=tag,
        at=call.answered_at or at,
    )
    return asked, consent


def _sentence(verdict: Verdict) -> str:
    why = DETAILS.get(verdict, "")
    return f"{why[:1].upper()}{why[1:]}." if why else "It may not be recorded."
