"""Finding calls, looking at one, writing about them, and placing one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from typing import IO

from twirec.archive.audit import LARGEST_PAGE
from twirec.archive.cursor import Cursor
from twirec.archive.paging import turned
from twirec.archive.recordings import agent_of
from twirec.archive.rereading import Reindex
from twirec.backfill.late_numbers import LateNumbers
from twirec.calls.address import WITHHELD, agent_key, read, search_term
from twirec.calls.exported import exported_calls
from twirec.calls.fallback import fallback_twiml
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, Deed, acting, asking, check, check_ever, check_line, seen
from twirec.model.audit import Action, AuditDraft, Detail, stand_in
from twirec.model.call_state import LONGEST_CALL
from twirec.model.custody import LONGEST_CASE_NUMBER
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.given import check_kind, understood, whole, word
from twirec.model.numbers import NumbersReport
from twirec.model.plain_text import plain
from twirec.model.records import Call, CallRecord, Note, Recording
from twirec.model.rereading import RereadReport
from twirec.model.search import Page, Query, Understood
from twirec.model.sids import CallOrRecordingSid
from twirec.model.states import State
from twirec.model.vocabulary import (
    BLOCKED,
    ERASED,
    NOT_KNOWN,
    ConsentOutcome,
    Direction,
    Outcome,
    Reason,
    Role,
)
from twirec.search.phrase import Asked, Span, ask, from_until, spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.webhooks.outbound import Outbound

MOST_GOING_ON = 1000
"""Calls that go on at once and are given when nobody says how many."""

MOST_NOTES = 10**9
"""Of a call; a number that every database can count to."""

LONGEST_RECORDING = 7 * 24 * 3600
"""Seconds, of one of which the length is not known yet."""

NO_NUMBERS = frozenset({None, "", WITHHELD, NOT_KNOWN, BLOCKED, ERASED})
"""What is searched for, or stands on a line, and is nobody's number."""


@understood
class Calls:
    """The calls of the company: every one has a line, recorded or not.

    Args:
        settings: the company's country and zone.
        catalog: what is searched; nothing else is asked.
        bucket: where the labels of recordings are.
        outbound: what places a call.
        trail: who asked, and what for.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        outbound: Outbound,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._outbound = outbound
        self._trail = trail
        self._now = now

    def search(
        self,
        text: str | None = None,
        *,
        number: str | None = None,
        since: When | None = None,
        until: When | None = None,
        around: When | None = None,
        within: int = 30,
        direction: Direction | str | None = None,
        own_number: str | None = None,
        forwarded_from: str | None = None,
        min_seconds: int | None = None,
        max_seconds: int | None = None,
        outcome: Outcome | str | None = None,
        not_recorded: bool = False,
        reason: Reason | str | None = None,
        consent: ConsentOutcome | str | None = None,
        state: State | str | None = None,
        case: str | None = None,
        note: str | None = None,
        agent: str | None = None,
        said: str | None = None,
        said_by: Role | str | None = None,
        sid: str | None = None,
        limit: int = 100,
        after: str | None = None,
        oldest_first: bool = False,
        by: Actor | str | None = None,
        repeated: bool = False,
    ) -> Page:
        """Return a page of calls, newest first, each with all its legs and recordings together.

        `every` of the page goes on to those of all pages.

        All that is given must hold. Times are call times: as a person says them or a `date`, in the
        company's zone, or a `datetime` with its own. Of what has a vocabulary, a member or its word
        is taken: `Outcome.RECORDED` or `"recorded"`.

        Args:
            text: what a person says: a number, a time, and by their names a case, words of a note,
                an agent; a SID as it is. `600 11 12 22 last Tuesday around 17:00`, `1222 ayer sobre
                las 5`, `agent client:ana note "asks for a refund"`. See docs/search.md. An error
                calls it `search`.
            number: the customer's number in any form a person types, or its last digits, or
                `oculto` for callers who hid theirs.
            since: from when, such as `2026-11-03 16:30` or `yesterday`.
            until: up to when, after `since`; a day alone is included.
            around: about when; minutes before and after count too, as many as `within` says.
            within: minutes around `around`, and around a time in `text`.
            direction: only calls in, or out.
            own_number: the company's number, in the same forms as `number`.
            forwarded_from: whose phone forwarded the call to the company, where the carrier said
                so: the whole number, or an address.
            min_seconds: only calls with a recording at least that long.
            max_seconds: only calls with a recording at most that long.
            outcome: only calls of which the ledger says so: `recorded`, `open`, …
            not_recorded: only calls that were not recorded.
            reason: only calls that were not recorded for that reason.
            consent: only calls in which a party answered so.
            state: only calls with a recording in that state.
            case: only calls of that case number. Accents, small and capital letters make no
                difference here and in notes.
            note: only calls with a note that contains this, be it part of a word.
            agent: only calls with a leg of this agent's: an address, or a softphone's name alone.
            said: words that were said, by what a machine heard: best first then, each with its
                sentence (`Page.sentences`), on one page. See docs/search.md.
            said_by: who is to have said them, `customer` or `agent`.
            sid: only the call of this SID, `CA…`, or of one of its recordings, `RE…`.
            limit: how many calls a page has at the most, up to 10,000.
            after: `next` of the page before, or `previous` of the page after.
            oldest_first: whether the oldest calls come first; the same on each page.
            by: who asks; None for somebody without a role: the last column of docs/access.md.
                A search for a customer's number, or for whose phone forwarded a call, is on the
                audit log before anything is returned: the number as an HMAC, and how many calls
                there are, as far as they were counted.
            repeated: whether it is on the log already, as where a page refreshes itself.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
            CatalogError: the catalog cannot be asked, or the entry could not be written.
        """
        actor = agent_of(asking(by), self._settings)
        _check_range(limit, within, min_seconds, max_seconds)
        country = self._settings.country
        asked, span = self._asked(text, since, until, around, timedelta(minutes=within))
        fields = {
            "number": number,
            "case": case,
            "note": note,
            "agent": agent,
            "said": said,
            "sid": sid,
        }
        for field, alone in fields.items():
            if alone and getattr(asked, field):
                raise InvalidQuery(f"{field}: say it once, in the text or by itself.")
        query = Query(
            number=search_term(number, country) if number else asked.number,
            since=span.since,
            until=span.until,
            direction=word(Direction, "direction", direction),
            own_number=search_term(own_number, country, "own_number") if own_number else None,
            forwarded_from=_whole_number(forwarded_from, country) if forwarded_from else None,
            min_seconds=min_seconds,
            max_seconds=max_seconds,
            outcome=Outcome.NOT_RECORDED if not_recorded else word(Outcome, "outcome", outcome),
            reason=word(Reason, "reason", reason),
            consent=word(ConsentOutcome, "consent", consent),
            state=word(State, "state", state),
            case_number=case.strip() if case else asked.case,
            note=note.strip() if note else asked.note,
            agent=agent_key(agent, country) if agent else asked.agent,
            said=said if said else asked.said,
            said_by=word(Role, "said_by", said_by) or asked.said_by,
            sid=_sid(sid) if sid else asked.sid,
            asker=actor,
            oldest_first=oldest_first,
            limit=limit + 1,
        )
        if query.said is None and query.said_by is not None:
            raise InvalidQuery("said_by: give said too, the words that were said.")
        page = turned(self._catalog, query, Cursor.read(after) if after else None)
        numbers = [each for each in (query.number, query.forwarded_from) if each not in NO_NUMBERS]
        # Of a search for no number too: what it shows is people's numbers.
        for sought in (numbers or [""]) if by is not None and not repeated else ():
            detail: Detail = {
                "calls": page.count,
                **({} if page.exact else {"or_more": True}),
                **({} if query.said is None else {"said": self._hmac_of(query.said)}),
            }
            entry = self._trail.draft(Action.SEARCH, actor, detail=detail)
            self._trail.append(self._trail.about(entry, sought or ""))
        return page

    def _hmac_of(self, said: str) -> str:
        """Return what stands on the log for words, which may be anybody's name."""
        return stand_in(plain(said), self._settings.audit_key)

    def going_on(
        self, *, limit: int = MOST_GOING_ON, by: Actor | str | None = None
    ) -> list[CallRecord]:
        """Return the calls that go on now, newest first, be they recorded or not.

        `call_state` says how each stands. What nobody said has ended goes on for a day at the most.

        Args:
            limit: how many at the most, up to 10,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            InvalidQuery: `limit` is no such number.
        """
        since = self._now() - LONGEST_CALL
        records = self._catalog.search.going_on(since, whole("limit", limit, 1, LARGEST_PAGE))
        actor = asking(by)
        return [seen(actor, each) for each in records]

    def understand(self, text: str, *, within: int = 30) -> tuple[Understood, ...]:
        """Return what a search understands of a text, part by part.

        Args:
            text: as in `search`.
            within: minutes around a time that is one moment.

        Raises:
            InvalidQuery: a word cannot be understood; the message names it.
        """
        _check_range(1, within, None, None)
        return self._asked(text, None, None, None, timedelta(minutes=within))[0].parts

    def _asked(
        self,
        text: str | None,
        since: When | None,
        until: When | None,
        around: When | None,
        within: timedelta,
    ) -> tuple[Asked, Span]:
        """Return what a text asks for, and the span that is asked for in any way."""
        now, zone = self._now(), self._settings.timezone
        said = Asked()
        if text is not None and text.strip():
            said = ask(text, now=now, zone=zone, country=self._settings.country, within=within)
        span = said.span.both(from_until(since, until, now=now, zone=zone))
        if around:
            about = spoken_span("around", around, now=now, zone=zone)
            span = span.both(about.wider(within, "around"))
        return said, span

    def get(
        self, sid: CallOrRecordingSid, *, by: Actor | str | None = None, repeated: bool = False
    ) -> CallRecord:
        """Return the call of a SID, with its consents, recordings and notes.

        Args:
            sid: of the call, `CA…`, or of one of its recordings, `RE…`.
            by: who opens it; None for somebody without a role: the last column of docs/access.md.
                That they do is on the audit log before anything is returned.
            repeated: whether it is on the log already, as where a page refreshes itself.

        Raises:
            NotFound: the catalog knows no such call, or that recording is hidden from them.
            CatalogError: the catalog cannot be asked, or the entry could not be written.
        """
        actor = asking(by)
        if by is None or repeated:
            return self._shown(sid, actor)
        with self._trail.attempt(Action.SHOW, actor, sid) as done:
            record = self._shown(sid, actor)
        number = record.call.customer_number
        self._trail.append(self._trail.about(done, "" if number in NO_NUMBERS else number))
        return record

    def _call(self, sid: str, actor: Actor) -> Call:
        """Return the call of a SID to which somebody may add something."""
        return self._annotated(sid, actor)[0]

    def _annotated(self, sid: str, actor: Actor) -> tuple[Call, Recording | None]:
        """Return the call of a SID to which somebody may add something, and whose SID it is.

        The second is None where it is the call's own.
        """
        record = self._catalog.search.find(sid)
        for recording in record.recordings:
            if recording.sid == sid:
                try:
                    check(actor, recording, Deed.ANNOTATE)
                except NotFound as error:  # in the words of what is really not there
                    raise NotFound(_not_there(sid), hidden=error.hidden) from None
                check_line(record)
                return record.call, recording
        check_ever(actor, Deed.ANNOTATE, f"{sid}: {Deed.ANNOTATE}")
        check_line(record)
        return record.call, None

    def _shown(self, sid: str, actor: Actor) -> CallRecord:
        record = self._catalog.search.find(sid, agent_of(actor, self._settings))
        if sid not in {record.call.call_sid, *(each.sid for each in record.recordings)}:
            raise NotFound(_not_there(sid), hidden=True)
        return record

    def annotate(
        self,
        sid: CallOrRecordingSid,
        *,
        note: str | None = None,
        case: str | None = None,
        second: float | None = None,
        case_seen: str | None = None,
        notes_seen: int | None = None,
        by: Actor | str,
    ) -> CallRecord:
        """Add a note to a call, set its case number, or both. Notes are never taken away.

        Args:
            sid: of the call, `CA…`, or of one of its recordings, `RE…`.
            note: free text.
            case: the number of the dispute or file; empty takes the call's away.
            second: of the recording whose SID is given, which the note is about: it is shown there
                on the drawing. None where it is about the whole call.
            case_seen: the case number that the writer's page shows, empty for none: one that a
                colleague has set since is not written over. None if that makes no difference.
            notes_seen: how many notes the writer's page shows: what the same person has written
                since, word for word, is taken for this, sent once more, and not written twice.
                None if each is to be written.
            by: who writes it.

        Returns:
            The call as it is now.

        Raises:
            NotFound: the catalog knows no such call.
            CaseChanged: its case number is not `case_seen` any more; nothing was written.
            InvalidQuery: there is neither note nor case number, or that is too long; or the second
                is of no recording, or beyond its end.
        """
        actor = acting(by)
        with self._trail.attempt(Action.ANNOTATE, actor, sid) as done:
            text = "" if note is None else note.strip()
            number = None if case is None else case.strip()
            if not text and number is None:
                raise InvalidQuery("note: write something, or set a case number.")
            if number is not None and len(number) > LONGEST_CASE_NUMBER:
                raise InvalidQuery(
                    f"case: a case number has up to {LONGEST_CASE_NUMBER} characters."
                )
            if notes_seen is not None:
                whole("notes_seen", notes_seen, 0, MOST_NOTES)
            call, recording = self._annotated(sid, actor)
            if second is not None:
                _check_second(second, text, recording)
            about = (recording.sid, float(second)) if recording and second is not None else ()
            self._catalog.notes.add(
                Note(call.account_sid, call.call_sid, actor.name, done.at, text, number, *about),
                replace(done, sid=call.call_sid),
                case_seen=case_seen,
                notes_seen=notes_seen,
            )
        return self._shown(call.call_sid, actor)

    def add_numbers(
        self,
        sid: CallOrRecordingSid,
        *,
        customer: str | None = None,
        own: str | None = None,
        direction: Direction | str | None = None,
        why: str,
        by: Actor | str,
    ) -> CallRecord:
        """Add what nobody knew of a call: the numbers and the direction of a line without them.

        The labels of its recordings are brought up to date. A number that is known stays.

        Args:
            sid: of the call, `CA…`, or of one of its recordings, `RE…`.
            customer, own: the customer's number and the company's, as a person types them.
            direction: of the call.
            why: where they are from; it is on the audit log.
            by: who adds them.

        Returns:
            The call as it is now.

        Raises:
            NotFound: the catalog knows no such call.
            InvalidQuery: a value is none, or known already; the message names it and the fix.
        """
        actor = acting(by)
        with self._trail.attempt(Action.ANNOTATE, actor, sid):
            call = self._call(sid, actor)
            self._late_numbers().add(
                sid,
                customer=customer,
                own=own,
                direction=word(Direction, "direction", direction),
                draft=self._numbers_draft(why, actor),
            )
        return self._shown(call.call_sid, actor)

    def add_numbers_from(
        self, export: IO[bytes], *, why: str, by: Actor | str, dry_run: bool = False
    ) -> NumbersReport:
        """Add the numbers of an export of calls to the lines that have none.

        Args:
            export: a day of Twilio's Bulk Export (JSON lines, compressed with gzip or not), or CSV
                with a line of headings; see docs/backfill.md. It is read once, from where it is.
            why: where it is from; it is on the audit log for each line.
            by: who adds them.
            dry_run: whether nothing is written.

        Raises:
            InvalidQuery: it cannot be read (further). What was added until then stays.
        """
        actor = acting(by)
        with self._trail.attempt(Action.ANNOTATE, actor):
            draft = self._numbers_draft(why, actor)
            rows = exported_calls(export)
            return self._late_numbers().add_from(rows, draft=draft, dry_run=dry_run)

    def reindex(self, *, by: Actor | str, dry_run: bool = False) -> RereadReport:
        """Read the addresses of all calls, agents and policies anew, in small lots.

        Doing it again changes nothing. It is for a catalog that an older version of the library
        wrote, and for one made anew from a bucket. See docs/numbers-and-addresses.md.

        Args:
            by: who asks for it.
            dry_run: whether nothing is written, only counted.
        """
        actor = acting(by)
        with self._trail.attempt(Action.ANNOTATE, actor):
            reindex = Reindex(self._catalog, self._trail, self._settings.country, self._now)
            return reindex.run(actor, dry_run=dry_run)

    def _numbers_draft(self, why: str, actor: Actor) -> Callable[[Call], AuditDraft]:
        if not why.strip():
            raise InvalidQuery("why: say where the numbers are from; it is on the audit log.")
        key = self._settings.audit_key

        def draft(line: Call) -> AuditDraft:
            """Make the entry about a line with its new numbers, of which it holds HMACs alone."""
            detail = {
                "numbers": "added",
                "why": why.strip(),
                "direction": line.direction,
                "own_number": stand_in(line.own_number, key),
            }
            made = self._trail.draft(Action.ANNOTATE, actor, sid=line.call_sid, detail=detail)
            return self._trail.about(made, line.customer_number)

        return draft

    def _late_numbers(self) -> LateNumbers:
        return LateNumbers(self._catalog, self._bucket(), self._settings.country)

    def place(
        self,
        to: str,
        *,
        connect: str | Sequence[str],
        own_number: str,
        by: Actor | str,
        agent_first: bool = False,
    ) -> Call:
        """Place a call to a customer, who hears the announcement and is then connected.

        It is on the audit log as tried before Twilio is asked, and as what came of it after.

        Args:
            to: the customer's number, as a person types it.
            connect: the number to connect, or several that ring together, as a person types them;
                `client:NAME`, `sip:ADDRESS`; or alone `queue:NAME` or `conference:NAME`.
            own_number: the own number that calls, as a person types it.
            by: who calls. Which of its people may, an app says by itself.
            agent_first: whether the agent's own phone, one number, `client:NAME` or `sip:ADDRESS`,
                is called first, and the customer when it is answered: who hears the announcement
                on their own leg, and is recorded only after it.

        Returns:
            The call's line.

        Raises:
            NotDialled: nobody may dial that (`TWIREC_DIAL_COUNTRIES`); nothing was placed.
            InvalidQuery: one of these is nothing that Twilio can call; nothing was placed.
            VendorError: Twilio did not place it.
            CatalogError: the catalog is down; nothing was placed. If it failed only after that,
                the call goes on, unrecorded, and the log says only that it was tried.
        """
        actor, targets = acting(by), (connect,) if isinstance(connect, str) else connect
        with self._trail.attempt(Action.CALL, actor):
            line = self._outbound.planned(
                to, connect=targets, own_number=own_number, agent_first=agent_first
            )
        place = self._outbound.place_agent_first if agent_first else self._outbound.place
        with self._trail.outside(Action.CALL, actor, about=line.customer_number) as done:
            return place(line, to, audited=done)

    def fallback(
        self, dial: str | Sequence[str], *, say: str = "", language: str | None = None
    ) -> str:
        """Return the TwiML that connects callers, unrecorded, while the app is down.

        It is for a TwiML Bin, or whatever else answers on another host, as the fallback URL.

        Args:
            dial: whom to connect, or up to ten that ring together: numbers in any usual form,
                `client:NAME` or `sip:ADDRESS`.
            say: a sentence that the caller hears first; empty for none.
            language: of the sentence, BCP 47; without it, that of the settings.

        Raises:
            InvalidQuery: Twilio could not connect these, or nothing says the sentence.
        """
        settings = self._settings
        targets = (dial,) if isinstance(dial, str) else dial
        spoken = language or settings.language
        return fallback_twiml(targets, say, spoken, settings.wordings, settings.country)


def _not_there(sid: str) -> str:
    """Return what is said of a SID that nobody knows, and of one that is hidden."""
    return f"The catalog has no call or recording {sid}."


def _sid(text: str) -> str:
    check_kind("sid", text.strip(), CallOrRecordingSid)
    return text.strip()


def _check_second(second: float, text: str, recording: Recording | None) -> None:
    if recording is None:
        raise InvalidQuery("second: give the SID of the recording that it is of, RE….")
    if not text:
        raise InvalidQuery("note: write what is to be said of that second.")
    last = LONGEST_RECORDING if recording.duration is None else recording.duration + 1
    if not (isfinite(second) and 0 <= second <= last):
        raise InvalidQuery(f"second: give 0 to {last}, which is where the recording ends.")


def _whole_number(text: str, country: str) -> str:
    address = read(text, country)
    if not address.identifies:
        raise InvalidQuery(
            "forwarded_from: give the whole number (600 11 12 22, +34600111222), or an address "
            "such as sip:ana@pbx.example.com."
        )
    return address.key


def _check_range(limit: int, within: int, min_seconds: int | None, max_seconds: int | None) -> None:
    whole("limit", limit, 1, LARGEST_PAGE)
    whole("within", within, 0, 7 * 24 * 60, "minutes, up to a week's")
    for name, seconds in (("min_seconds", min_seconds), ("max_seconds", max_seconds)):
        if seconds is not None:
            whole(name, seconds, 0, 7 * 24 * 3600, "seconds, up to a week's")
