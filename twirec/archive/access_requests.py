"""Answering people who want to know what is kept of them (GDPR art. 15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from twirec.archive.access_answers import Answers
from twirec.archive.audit import LARGEST_PAGE
from twirec.calls.address import read
from twirec.catalog import Catalog
from twirec.custody.access_answer import sides_known
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, Deed, acting, asking, check_ever, may_ever
from twirec.model.access_requests import (
    LONGEST_EXTENSION,
    AccessAnswer,
    AccessRequest,
    AccessStep,
    CopyOf,
    StepKind,
    months_after,
    request_id,
)
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action, AuditDraft
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.given import understood, whole, word
from twirec.model.search import Query
from twirec.model.sids import CallOrRecordingSid
from twirec.search.phrase import from_until
from twirec.search.times import When, one_day
from twirec.settings import Settings

LONGEST_NAME, LONGEST_TEXT = 255, 1000
LANGUAGES = ("es", "en")


@understood
class AccessRequests:
    """Requests of people who want to know what is kept of them, each with its term.

    Nothing is delivered before it was written down how they proved who they are: that somebody has
    a telephone in their hand says not who they are.

    Args:
        settings: who answers, and in which zone.
        catalog: requests, and the company's own numbers.
        answers: what composes and packs answers.
        trail: who did what for a request.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        answers: Answers,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._answers = answers
        self._trail = trail
        self._now = now

    def open(
        self,
        number: str,
        *,
        name: str,
        since: When | None = None,
        until: When | None = None,
        received: date | str | None = None,
        language: str | None = None,
        by: Actor | str,
    ) -> AccessRequest:
        """Write down that somebody asks for what is kept of them; their term begins.

        Args:
            number: the whole number, in any form a person types, or an address.
            name: who asks.
            since: the calls from when on, as a search takes it; None for all.
            until: up to when; a day alone is included.
            received: the day on which the request arrived; None for today.
            language: of the letter, `es` or `en`; None for that of the announcement.
            by: who writes it down.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: the number is not whole, hidden, or the company's own, or another value is
                none; the message names it and the fix.
        """
        actor = acting(by)
        opening = {"step": StepKind.OPENED}
        with self._trail.attempt(Action.ACCESS_REQUEST, actor, detail=opening) as done:
            self._check(actor, Deed.ANSWER)
            key = self._whole(number)
            today = self._today()
            arrived = today if received is None else one_day("received", received)
            if arrived > today:
                raise InvalidQuery("received: that day is still to come.")
            span = from_until(since, until, now=done.at, zone=self._settings.timezone)
            asked = AccessRequest(
                number=key,
                name=_said("name", name, LONGEST_NAME),
                language=self._language(language),
                since=span.since,
                until=span.until,
                received_on=arrived,
                due_on=months_after(arrived, 1),
                opened_at=done.at,
            )
            if self._catalog.search.page(Query(own_number=key, limit=1)):
                raise InvalidQuery("number: that is the company's own, and no one person's.")
            step = AccessStep(0, StepKind.OPENED, done.at, actor.name)
            return self._catalog.access_requests.open(asked, step, self._trail.about(done, key))

    def identify(self, request_key: str, *, how: str, by: Actor | str) -> AccessRequest:
        """Write down how it was checked who asks. Before that nothing is delivered.

        Args:
            request_key: of the request, `AR-12`.
            how: such as `identity card shown at the office`; no copy of it and no number.
            by: who checked.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
            InvalidQuery: it is not said how, or the request was refused.
        """
        with self._attempt(request_key, by, StepKind.IDENTIFIED) as (step, done):
            said = replace(step, text=_said("how", how, LONGEST_TEXT))
            return self._take(said, done, identified_at=done.at)

    def decide(
        self,
        request_key: str,
        copies: CopyOf | str,
        *,
        sid: CallOrRecordingSid | None = None,
        why: str,
        by: Actor | str,
    ) -> AccessRequest:
        """Decide how recordings are given: with the other side silent, whole, or not at all.

        Args:
            request_key: of the request, `AR-12`.
            copies: `silenced`, `whole` or, of one call or recording, `left_out`.
            sid: of the call or the recording that it is about; None for all of which nothing else
                was decided.
            why: the reason, kept with the request.
            by: who decides it.

        Raises:
            NotFound: there is no such request, or the recording is not in its answer.
            CustodyRefused: it is not for them.
            InvalidQuery: it cannot be decided like that; the message names the fix.
        """
        with self._attempt(request_key, by, StepKind.DECIDED) as (step, done):
            choice = word(CopyOf, "copies", copies) or CopyOf.SILENCED
            said = replace(step, sid=sid or "", copies=choice, text=_said("why", why, LONGEST_TEXT))
            detail = {**done.detail, "copies": choice, **({"about": sid} if sid else {})}
            changes: dict[str, Any] = {"packed_at": None}
            if sid:
                self._check_decision(
                    self._catalog.access_requests.get(step.request_id), sid, choice
                )
            elif choice is CopyOf.LEFT_OUT:
                raise InvalidQuery("sid: say which call or recording is left out.")
            else:
                changes["copies"] = choice
            return self._take(said, replace(done, detail=detail), **changes)

    def extend(
        self, request_key: str, *, why: str, months: int = LONGEST_EXTENSION, by: Actor | str
    ) -> AccessRequest:
        """Extend the term, once, by one or two months (GDPR art. 12.3).

        Who asks has to be told within the first month, with the reasons: that is for people to do.

        Args:
            request_key: of the request, `AR-12`.
            why: how complex it is, or how many requests there are.
            months: 1 or 2.
            by: who decides it.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
            InvalidQuery: it was extended, answered or refused already, or the month is over.
        """
        with self._attempt(request_key, by, StepKind.EXTENDED) as (step, done):
            whole("months", months, 1, LONGEST_EXTENSION)
            said = replace(step, text=_said("why", why, LONGEST_TEXT))
            request = self._catalog.access_requests.get(step.request_id)
            if self._today() > request.due_on:
                raise InvalidQuery(
                    f"request_key: the term of {request.key} ended: who asks has to be told of an "
                    "extension within the first month."
                )
            due_on = months_after(request.received_on, 1 + months)
            return self._take(said, done, extended_at=done.at, due_on=due_on)

    def refuse(self, request_key: str, *, why: str, by: Actor | str) -> AccessRequest:
        """Write down that a request is not answered, as of somebody who did not prove who they are.

        Who asks has to be told why, and that they may complain (GDPR art. 12.4).

        Args:
            request_key: of the request, `AR-12`.
            why: the reason.
            by: who decides it.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
            InvalidQuery: no reason is given, or it was answered or refused already.
        """
        with self._attempt(request_key, by, StepKind.REFUSED) as (step, done):
            said = replace(step, text=_said("why", why, LONGEST_TEXT))
            return self._take(said, done, refused_at=done.at)

    def get(self, request_key: str, *, by: Actor | str | None = None) -> AccessRequest:
        """Return a request.

        Args:
            request_key: of the request, `AR-12`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
        """
        self._check(asking(by), Deed.OVERSEE)
        return self._catalog.access_requests.get(request_id(request_key))

    def steps(self, request_key: str, *, by: Actor | str | None = None) -> Sequence[AccessStep]:
        """Return what was done for a request, oldest first.

        Args:
            request_key: of the request, `AR-12`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
        """
        request = self.get(request_key, by=by)
        return self._catalog.access_requests.steps(request.id)

    def list(
        self,
        *,
        only_open: bool = True,
        before: str | None = None,
        limit: int = 100,
        by: Actor | str | None = None,
    ) -> Sequence[AccessRequest]:
        """Return requests: the open ones by the end of their terms, or all of them newest first.

        Args:
            only_open: whether those that were answered or refused are left out.
            before: the key of the last one of the page before.
            limit: how many at the most, up to 10,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            CustodyRefused: it is not for them.
            InvalidQuery: a value is none; the message names it.
        """
        self._check(asking(by), Deed.OVERSEE)
        whole("limit", limit, 1, LARGEST_PAGE)
        return self._catalog.access_requests.list(
            only_open=only_open,
            before=request_id(before, "before") if before else None,
            limit=limit,
        )

    def overdue(self, *, by: Actor | str | None = None) -> int:
        """Return how many requests are open whose term is over; 0 to whom that does not concern.

        Args:
            by: who asks; None for somebody without a role: the last column of docs/access.md.
        """
        if not may_ever(asking(by), Deed.OVERSEE):
            return 0
        return self._catalog.access_requests.overdue(self._today())

    def answer(self, request_key: str, *, by: Actor | str) -> AccessAnswer:
        """Return what a request would be answered with now, to be looked at before it is packed.

        Args:
            request_key: of the request, `AR-12`.
            by: who looks.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
            CatalogError: the catalog cannot be asked, or the entry could not be written.
        """
        with self._attempt(request_key, by, None) as (step, done):
            request = self._catalog.access_requests.get(step.request_id)
            answer = self._answers.compose(request, Actor(done.by, done.role))
        self._trail.append(done)
        return answer

    def pack(self, request_key: str, *, by: Actor | str) -> AudioStream:
        """Return the answer as one zip archive: letter, copies, facts, and their SHA-256.

        It is made while it is read, and kept nowhere. Each copy is on the audit log as downloaded,
        for the request, before its first byte is read. What was erased or blocked since the answer
        was looked at is not in it, and the letter, which is written last, says so.

        Args:
            request_key: of the request, `AR-12`.
            by: who makes it.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
            InvalidQuery: nobody wrote down how they proved who they are, it was refused, or of some
                recordings somebody has to decide first; the message names them.
            BytesDiffer: while reading: the bucket holds something else than was archived.
            BucketError: while reading: the bucket does not give it.
            AudioToolsMissing: while reading: the extra `audio` is not installed.
            LetterToolsMissing: the extra `letters` is not installed.
        """
        with self._attempt(request_key, by, StepKind.PACKED) as (step, done):
            request = self._catalog.access_requests.get(step.request_id)
            self._check_ready(request)
            actor = Actor(done.by, done.role)
            steps = self._catalog.access_requests.steps(request.id)
            decided = sum(each.kind is StepKind.DECIDED for each in steps)
            answer = self._answers.compose(request, actor)
            if answer.undecided:
                raise InvalidQuery(
                    f"request_key: decide first, of {', '.join(answer.undecided)}: it is not known "
                    "which side is whose. They can be given whole, or left out."
                )
            self._answers.check_tools()
        return self._answers.packed(
            answer, Actor(done.by, done.role), done, partial(self._packed, step, decided)
        )

    def deliver(self, request_key: str, *, to: str, how: str, by: Actor | str) -> AccessRequest:
        """Write down to whom the archive was delivered, and by which way: the request is answered.

        Args:
            request_key: of the request, `AR-12`.
            to: who got it.
            how: by which way, such as `handed over at the office`.
            by: who delivered it.

        Raises:
            NotFound: there is no such request.
            CustodyRefused: it is not for them.
            InvalidQuery: the archive was not made (again) yet, nobody wrote down how they proved
                who they are, or it was refused.
        """
        with self._attempt(request_key, by, StepKind.DELIVERED) as (step, done):
            request = self._catalog.access_requests.get(step.request_id)
            self._check_ready(request)
            text, way = _said("to", to, LONGEST_NAME), _said("how", how, LONGEST_TEXT)
            said = replace(step, text=text, how=way)
            return self._take(said, done, answered_at=request.answered_at or done.at)

    def _packed(self, step: AccessStep, decided: int, sha256: str, done: AuditDraft) -> None:
        self._catalog.access_requests.take(
            replace(step, text=sha256, at=done.at), {"packed_at": done.at}, done, decided=decided
        )

    @contextmanager
    def _attempt(
        self, request_key: str, by: Actor | str, kind: StepKind | None
    ) -> Iterator[tuple[AccessStep, AuditDraft]]:
        """Give the step that is taken, and its entry, to who may; None only looks."""
        actor, id_ = acting(by), request_id(request_key)
        said = {"step": kind or "looked"}
        with self._trail.attempt(Action.ACCESS_REQUEST, actor, f"AR-{id_}", said) as done:
            self._check(actor, Deed.ANSWER)
            yield AccessStep(id_, kind or StepKind.OPENED, done.at, actor.name), done

    def _take(self, step: AccessStep, done: AuditDraft, **changes: Any) -> AccessRequest:
        return self._catalog.access_requests.take(step, changes, done)

    def _check(self, actor: Actor, deed: Deed) -> None:
        check_ever(actor, deed, "An access request")

    def _check_ready(self, request: AccessRequest) -> None:
        if request.identified_at is None:
            raise InvalidQuery(
                f"request_key: write down first how who asks for {request.key} proved who they "
                "are; a telephone number does not."
            )

    def _check_decision(self, request: AccessRequest, sid: str, choice: CopyOf) -> None:
        """Check that something can be decided of a call or recording of a request.

        Raises:
            NotFound: it is not in its answer.
            InvalidQuery: it cannot be decided like that.
        """
        for record, _side in self._answers.calls(request):
            if sid == record.call.call_sid:
                return
            for recording in record.recordings:
                if recording.sid == sid:
                    if choice is CopyOf.SILENCED and not sides_known(recording):
                        raise InvalidQuery(
                            f"copies: nobody knows which side of {sid} is whose: choose whole or "
                            "left_out."
                        )
                    return
        raise NotFound(f"{sid} is in no call that {request.key} asks for.")

    def _whole(self, number: str) -> str:
        """Return the form in which the catalog has somebody's number.

        Raises:
            InvalidQuery: it says not who somebody is.
        """
        address = read(number, self._settings.country)
        if not address.identifies:
            raise InvalidQuery(
                "number: give the whole number (600 11 12 22, +34600111222), or an address such as "
                "sip:ana@pbx.example.com: calls of who hides theirs are nobody's."
            )
        return address.key

    def _language(self, given: str | None) -> str:
        language = (given or self._settings.language[:2]).strip().lower()
        if language in LANGUAGES:
            return language
        if given is None:
            return "en"
        raise InvalidQuery(f"language: choose {' or '.join(LANGUAGES)}.")

    def _today(self) -> date:
        return self._now().astimezone(self._settings.timezone).date()


def _said(field: str, given: str, longest: int) -> str:
    said = given.strip()
    if not said or len(said) > longest:
        raise InvalidQuery(f"{field}: write it, in at most {longest} characters.")
    return said
