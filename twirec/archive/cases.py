"""Cases: what customers complain of by telephone, until they are told of the resolution."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from twirec.archive.audit import LARGEST_PAGE
from twirec.archive.case_clocks import told_at
from twirec.archive.case_receipts import CaseReceipts
from twirec.archive.case_recording import CaseRecording
from twirec.archive.case_years import CaseYears
from twirec.calls.address import key_of
from twirec.calls.working_days import WorkingDays
from twirec.catalog import Catalog
from twirec.custody import case_words
from twirec.custody.audit import AuditTrail
from twirec.custody.case_consent import by_key
from twirec.custody.case_terms import due, to_complete
from twirec.custody.holding import new_hold
from twirec.model.access import Actor, Deed, acting, asking, check_ever, check_line, seen
from twirec.model.audit import Action, AuditDraft
from twirec.model.cases import (
    AnsweredBy,
    CallPart,
    Case,
    CaseAnswer,
    CaseCall,
    CaseKind,
    CaseLanguage,
    CaseOpened,
    CaseRecord,
    CaseStep,
    CaseStepKind,
)
from twirec.model.custody import Hold
from twirec.model.errors import CatalogError, InvalidQuery, NotFound
from twirec.model.given import understood, whole, word
from twirec.model.records import Call, CallRecord
from twirec.search.case_keys import looks_like_key, new_key, read_key
from twirec.search.phrase import spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.object_holds import ObjectHolds

LONGEST_CONTENT, LONGEST_TEXT = 10_000, 2_000

TRIES = 20
"""So often another key is made where one is taken already."""


@understood
class Cases:
    """What customers complain of by telephone (Ley 10/2025): a case, and no more than that.

    While a case is open, what is recorded of its calls is held, what there is and what is to come.

    Attributes:
        receipts: what customers get of their cases.
        years: what an audit asks of a year.

    Args:
        settings: the company's zone, its terms, and its working days.
        catalog: where cases are kept.
        bucket: where the objects are.
        recording: begins and ends what is recorded for a case.
        receipts: makes and sends receipts.
        years: gives what an audit asks.
        trail: who did what.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        recording: CaseRecording,
        receipts: CaseReceipts,
        years: CaseYears,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self.receipts = receipts
        self.years = years
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._recording = recording
        self._trail = trail
        self._now = now
        self._working = WorkingDays(
            settings.holidays_at or settings.country, settings.extra_holidays
        )

    def open(
        self,
        call_sid: str,
        kind: CaseKind | str,
        *,
        content: str = "",
        language: CaseLanguage | str | None = None,
        by: Actor | str,
    ) -> CaseOpened:
        """Open a case about a call, that goes on or is over; its term begins.

        Args:
            call_sid: of the call, or of a leg of it, `CA…`: an agent's phone knows no other.
            kind: what it is about: `query`, `complaint`, `incident`, `billing` or `outage`.
            content: what the customer says, in the agent's words; it can be written later.
            language: in which it is dealt with: `es`, `ca`, `gl`, `eu` or `en`; None for that of
                the announcement.
            by: who opens it.

        Returns:
            The case with its key, and what to say to the customer now.

        Raises:
            NotFound: there is no such call.
            CustodyRefused: it is not for them, or the call is blocked.
            InvalidQuery: a value is none; the message names it.
            CatalogError: no key was found that is not taken.
        """
        actor, of = acting(by), word(CaseKind, "kind", kind)
        with self._trail.attempt(Action.CASE, actor, call_sid, {"step": "opened"}) as done:
            check_ever(actor, Deed.CASE)
            record = self._recording.record(call_sid)
            check_line(record)  # or the case would show the number that is kept apart
            its_language = self._language(language)
            words = _text("content", content, LONGEST_CONTENT, needed=False)
            term = due(
                self._settings.case_terms[of], done.at, self._settings.timezone, self._working
            )
            for _ in range(TRIES):
                new = Case(
                    key=new_key(),
                    kind=of,
                    language=its_language,
                    number=record.call.customer_number,
                    opened_at=done.at,
                    opened_by=actor.name,
                    content=words,
                    term_began_at=done.at,
                    due_at=term.at,
                    warn_at=term.warn_at,
                )
                entry = replace(
                    done, sid=new.key, detail={**done.detail, "call": record.call.call_sid}
                )
                opened = self._catalog.cases.open(
                    new,
                    self._call(record, actor, done.at, CallPart.OPENING),
                    CaseStep(
                        0, CaseStepKind.OPENED, done.at, actor.name, call_sid=record.call.call_sid
                    ),
                    self._hold(record.call, new.key, actor, done.at),
                    self._trail.about(entry, new.number),
                )
                if opened is not None:
                    break
            else:
                raise CatalogError("No key was found that is not taken; try again.")
        self._settle(record)
        return self._next(*opened, record, actor)

    def describe(self, case_key: str, content: str, *, by: Actor | str) -> Case:
        """Write what a case is about, in the agent's words; the receipt says it.

        Args:
            case_key: of the case.
            content: what the customer says, in at most 10,000 characters.
            by: who writes it.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them.
            InvalidQuery: the key is none, nothing is said, or the case is closed.
        """
        with self._step(case_key, by, CaseStepKind.NOTE, Deed.CASE) as (step, done):
            said = _text("content", content, LONGEST_CONTENT)
            if self._catalog.known_cases.get(done.sid).closed_at is not None:
                raise InvalidQuery(f"case_key: {done.sid}: it is closed already.")
            what = {**done.detail, "about": "content"}
            return self._catalog.cases.take(
                done.sid, step, {"content": said}, replace(done, detail=what)
            )

    def consent(
        self,
        case_key: str,
        answer: CaseAnswer | str,
        *,
        how: AnsweredBy | str = AnsweredBy.SPOKEN,
        call_sid: str | None = None,
        by: Actor | str,
    ) -> CaseOpened:
        """Write down whether a customer consents that their call is recorded for their case.

        On a yes recording begins at once, if the call goes on and is not recorded already. On a no
        nothing begins; all that began by an earlier yes ends, and is destroyed.

        Args:
            case_key: of the case.
            answer: `granted` or `refused`.
            how: `spoken`, or by `key`.
            call_sid: in which of its calls, `CA…`; None for the last one.
            by: who asked.

        Returns:
            What to say now, and whether it is recorded. Where Twilio would not begin, `why` says
            so: the call goes on, and the same answer again tries it again.

        Raises:
            NotFound: there is no such case, or the call is not one of its.
            CustodyRefused: it is not for them; or it is a yes, and the call is blocked.
            InvalidQuery: the key or the answer is none, or the case is closed.
        """
        said, way = word(CaseAnswer, "answer", answer), word(AnsweredBy, "how", how)
        with self._step(case_key, by, CaseStepKind.CONSENT, Deed.CASE) as (step, done):
            if said is CaseAnswer.NOT_ASKED:
                raise InvalidQuery("answer: write granted or refused.")
            case = self._catalog.known_cases.get(done.sid)
            call = self._of_case(case, call_sid)
            answered = replace(call, answer=said, answered_at=done.at, how=way, asked_by=done.by)
            entry = replace(
                done, detail={**done.detail, "answer": said.value, "call": call.call_sid}
            )
            its = replace(step, text=said.value, how=way.value, call_sid=call.call_sid)
            record = self._recording.record(call.call_sid)
            actor = Actor(done.by, done.role)
            if said is CaseAnswer.REFUSED:
                act = self._recording.refuse(case, answered, record, its, entry)
            else:
                hold = self._hold(record.call, case.key, actor, done.at)
                act = self._recording.grant(case, answered, record, its, entry, hold)
        opened = act()
        if CaseAnswer.REFUSED in (said, call.answer):  # the hold ended, or began again
            self._settle(record)
        return self._recording.shown(opened, actor)

    def add_call(
        self,
        case_key: str,
        call_sid: str,
        *,
        part: CallPart | str = CallPart.LATER,
        by: Actor | str,
    ) -> CaseOpened:
        """Write down that another call belongs to a case, such as that in which it is closed.

        What is recorded of it is held from then on, as of the first.

        Args:
            case_key: of the case.
            call_sid: of the call, or of a leg of it, `CA…`.
            part: `later` or `closing`.
            by: who does it.

        Returns:
            What to say to the customer now.

        Raises:
            NotFound: there is no such case, or no such call.
            CustodyRefused: it is not for them, or the call is blocked.
            InvalidQuery: the key is none, or the case is closed.
        """
        its = word(CallPart, "part", part)
        with self._step(case_key, by, CaseStepKind.CALL, Deed.CASE) as (step, done):
            record = self._recording.record(call_sid)
            check_line(record)
            actor, sid = Actor(done.by, done.role), record.call.call_sid
            case, call = self._catalog.cases.add_call(
                done.sid,
                self._call(record, actor, done.at, its),
                replace(step, text=its.value, call_sid=sid),
                self._hold(record.call, done.sid, actor, done.at),
                replace(done, detail={**done.detail, "call": sid}),
            )
        self._settle(record)
        return self._next(case, call, record, actor)

    def get(self, case_key: str, *, by: Actor | str | None = None) -> CaseRecord:
        """Return all that is known of a case, and its calls with their recordings.

        Args:
            case_key: of the case, as the customer says it: with or without hyphens and R.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them.
            InvalidQuery: the key is none, such as where a letter of it is wrong.
        """
        actor = asking(by)
        check_ever(actor, Deed.READ_CASE)
        case = self._catalog.known_cases.get(read_key(case_key))
        calls = self._catalog.known_cases.calls(case.id)
        records = [
            seen(actor, self._catalog.ledger.call(call.account_sid, call.call_sid))
            for call in calls
        ]
        known = {each.sid for record in records for each in record.recordings}
        (its,) = self._catalog.known_cases.seen([case])
        shut = its is not case
        return CaseRecord(
            its,
            tuple(
                each if each.recording_sid in known else replace(each, recording_sid=None)
                for each in calls
            ),
            tuple(
                replace(step, text="", how="")
                if shut or (step.kind is CaseStepKind.RECORDING and step.text not in known)
                else step
                for step in self._catalog.known_cases.steps(case.id)
            ),
            tuple(records),
            () if shut else tuple(self._catalog.case_mails.of(case.key)),
        )

    def find(self, what: str, *, by: Actor | str | None = None) -> Sequence[Case]:
        """Return the cases that a customer means, newest first; none if there are none.

        Args:
            what: a key, a customer's whole number, or the SID of a call.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: it looks like a key, and a letter or digit of it is wrong.
        """
        check_ever(asking(by), Deed.READ_CASE)
        said, known = what.strip(), self._catalog.known_cases
        if looks_like_key(said):
            try:
                return known.seen([known.get(read_key(said))])
            except NotFound:
                return []
        if said.startswith("CA"):
            return known.seen(known.of_call(said))
        number = key_of(said, self._settings.country)
        found = known.seen(known.of_number(number)) if number else []
        return [each for each in found if each.number == number]  # none by what is kept apart

    def note(self, case_key: str, text: str, *, by: Actor | str) -> Case:
        """Write down what was done for a case, or said about it, also after it was closed.

        Args:
            case_key: of the case.
            text: in at most 2,000 characters.
            by: who writes it.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them.
            InvalidQuery: the key is none, or nothing is said.
        """
        with self._step(case_key, by, CaseStepKind.NOTE, Deed.CASE) as (step, done):
            said = replace(step, text=_text("text", text, LONGEST_TEXT))
            noted = self._catalog.cases.add_step(done.sid, said, done)
            return self._catalog.known_cases.seen([noted])[0]

    def incomplete(self, case_key: str, missing: str, *, how: str = "", by: Actor | str) -> Case:
        """Write down that the customer was asked for what is missing: the term stands still.

        They have ten working days for it (art. 13.3). When they complete it, the term begins.

        Args:
            case_key: of the case.
            missing: what they were asked for.
            how: by which way, such as `by e-mail`.
            by: who asked.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them.
            InvalidQuery: the key is none, nothing is said, or it is closed or incomplete already.
        """
        with self._step(case_key, by, CaseStepKind.INCOMPLETE, Deed.CASE) as (step, done):
            said = replace(
                step,
                text=_text("missing", missing, LONGEST_TEXT),
                how=_text("how", how, LONGEST_TEXT, needed=False),
            )
            until = to_complete(done.at, self._settings.timezone, self._working)
            stopped = {"complete_by": until, "due_at": None, "warn_at": None}
            return self._catalog.cases.take(done.sid, said, stopped, done)

    def complete(self, case_key: str, note: str = "", *, by: Actor | str) -> Case:
        """Write down that the customer completed what was missing: the term runs from now on.

        Args:
            case_key: of the case.
            note: what came.
            by: who writes it down.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them.
            InvalidQuery: the key is none, or the case is closed, or nothing is missing.
        """
        with self._step(case_key, by, CaseStepKind.COMPLETED, Deed.CASE) as (step, done):
            said = replace(step, text=_text("note", note, LONGEST_TEXT, needed=False))
            case = self._catalog.known_cases.get(done.sid)
            term = due(
                self._settings.case_terms[case.kind],
                done.at,
                self._settings.timezone,
                self._working,
            )
            runs = {
                "complete_by": None,
                "term_began_at": done.at,
                "due_at": term.at,
                "warn_at": term.warn_at,
            }
            return self._catalog.cases.take(done.sid, said, runs, done)

    def close(
        self,
        case_key: str,
        *,
        notified_at: When,
        how: str,
        resolution: str = "",
        by: Actor | str,
    ) -> Case:
        """Close a case: the customer was told of the resolution. What held its calls ends.

        Retention goes by its rules from then on. No case is closed by the lapse of time.

        Args:
            case_key: of the case.
            notified_at: when the customer was told: a day, or a moment, as a search takes it.
            how: by which way, such as `by e-mail` or `by telephone`.
            resolution: what was decided, and why.
            by: who closes it.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them.
            InvalidQuery: the key is none, it is not said when or how, the time is to come or before
                the case was opened, or it is closed already.
        """
        with self._step(case_key, by, CaseStepKind.CLOSED, Deed.SETTLE) as (step, done):
            span = spoken_span(
                "notified_at", notified_at, now=done.at, zone=self._settings.timezone
            )
            case = self._catalog.known_cases.get(done.sid)
            told = told_at(span, case, done.at)
            way = _text("how", how, LONGEST_TEXT)
            why = _text("resolution", resolution, LONGEST_CONTENT, needed=False)
            changes = {
                "notified_at": told,
                "closed_at": done.at,
                "closed_by": done.by,
                "how": way,
                "resolution": why,
            }
            if case.due_at is None:  # it was incomplete: its term had not begun again
                changes["complete_by"] = None
            closed, sids = self._catalog.cases.close(
                done.sid, replace(step, how=way), changes, done
            )
        objects = ObjectHolds(self._catalog, self._bucket())
        for sid in sids:
            objects.try_to_settle(sid)
        return self._catalog.known_cases.seen([closed])[0]

    def list(
        self,
        *,
        only_open: bool = True,
        kind: CaseKind | str | None = None,
        after: str | None = None,
        limit: int = 100,
        by: Actor | str | None = None,
    ) -> Sequence[Case]:
        """Return cases: the open ones by the end of their terms, or all of them newest first.

        Args:
            only_open: whether those that are closed are left out.
            kind: those of one kind alone; None for all.
            after: the key of the last one of the page before.
            limit: how many at the most, up to 10,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is no case with the key `after`.
            CustodyRefused: it is not for them.
            InvalidQuery: a value is none; the message names it.
        """
        check_ever(asking(by), Deed.READ_CASE)
        whole("limit", limit, 1, LARGEST_PAGE)
        found = self._catalog.known_cases.list(
            only_open=only_open,
            kind=word(CaseKind, "kind", kind) if kind else None,
            after=read_key(after, "after") if after else None,
            limit=limit,
        )
        return self._catalog.known_cases.seen(found)

    def counts(self, *, by: Actor | str | None = None) -> tuple[int, int]:
        """Return how many open cases are overdue, and how many nearly due.

        Args:
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            CustodyRefused: it is not for them.
        """
        check_ever(asking(by), Deed.READ_CASE)
        return self._catalog.known_cases.counts(self._now())

    # -----------------------------------------------------------------------------------------

    @contextmanager
    def _step(
        self, case_key: str, by: Actor | str, kind: CaseStepKind, deed: Deed
    ) -> Iterator[tuple[CaseStep, AuditDraft]]:
        """Give the step that is taken, and its entry, whose SID is the key, to who may."""
        actor, its = acting(by), read_key(case_key)
        with self._trail.attempt(Action.CASE, actor, its, {"step": kind.value}) as done:
            check_ever(actor, deed)
            yield CaseStep(0, kind, done.at, actor.name), done

    def _call(self, record: CallRecord, actor: Actor, at: datetime, part: CallPart) -> CaseCall:
        """Return a call of a case; who consented by a key when it began need not be asked again."""
        call = CaseCall(0, record.call.account_sid, record.call.call_sid, at, actor.name, part)
        consent = by_key(record.consents)
        if consent is None:
            return call
        return replace(
            call,
            answer=CaseAnswer.GRANTED,
            answered_at=consent.at,
            how=AnsweredBy.KEY,
            asked_by="twirec",
        )

    def _hold(self, call: Call, key: str, actor: Actor, at: datetime) -> Hold:
        reason = f"case {key}, until the customer is told of the resolution"
        hold = new_hold(case=key, reason=reason, by=actor.name, at=at)
        return replace(hold, account_sid=call.account_sid, call_sid=call.call_sid)

    def _settle(self, record: CallRecord) -> None:
        """Hold the objects too; what fails waits for the sweep."""
        if record.recordings:
            objects = ObjectHolds(self._catalog, self._bucket())
            for each in record.recordings:
                objects.try_to_settle(each.sid)

    def _next(self, case: Case, call: CaseCall, record: CallRecord, actor: Actor) -> CaseOpened:
        """Return what to say when a call came to a case: its key, and the question."""
        key = case_words.KEY[case.language].format(key=case.key)
        asked = call.answer is not CaseAnswer.NOT_ASKED
        ask = () if asked else (case_words.QUESTION[case.language],)
        opened = CaseOpened(case, call, (key, *ask), self._recording.goes_on(record))
        return self._recording.shown(opened, actor)

    def _of_case(self, case: Case, call_sid: str | None) -> CaseCall:
        calls = self._catalog.known_cases.calls(case.id)
        if call_sid is None:
            return calls[-1]
        sid = self._recording.record(call_sid).call.call_sid
        for call in calls:
            if call.call_sid == sid:
                return call
        raise NotFound(f"{sid} is no call of {case.key}; add it to the case first.")

    def _language(self, given: CaseLanguage | str | None) -> CaseLanguage:
        if given is not None:
            return word(CaseLanguage, "language", given)
        known = self._settings.language[:2].lower()
        return CaseLanguage(known) if known in set(CaseLanguage) else CaseLanguage.EN


def _text(field: str, given: str, longest: int, *, needed: bool = True) -> str:
    said: Any = given.strip()
    if (needed and not said) or len(said) > longest:
        raise InvalidQuery(f"{field}: write it, in at most {longest} characters.")
    return str(said)
