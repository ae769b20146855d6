"""Giving recordings to somebody outside: consents to it, links, and what their recipients open."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from twirec.archive.disclosed_copies import PLAIN, DisclosedCopies
from twirec.archive.recordings import Originals, span
from twirec.audio.formats import find_format
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail, outcome_of
from twirec.custody.disclosure import (
    find_participant,
    is_code,
    new_code,
    new_secret,
    participants,
    proofs,
    secret_hash,
    standing,
)
from twirec.model.access import Actor, Deed, acting, asking, check, may
from twirec.model.audio import Channels, ConversionSpec
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action, AuditOutcome, Detail
from twirec.model.disclosures import (
    ConsentMethod,
    Disclosure,
    DisclosureConsent,
    DisclosureGround,
    DisclosureState,
    Handover,
    Opening,
    Participant,
)
from twirec.model.errors import (
    CodeWrong,
    InvalidQuery,
    LinkClosed,
    NotConsented,
    NotFound,
)
from twirec.model.given import understood, whole, word
from twirec.model.records import Recording
from twirec.model.sids import RecordingSid
from twirec.search.times import one_day
from twirec.settings import Settings

WEEK = timedelta(days=7)
LONGEST_LIFE = timedelta(days=90)
"""For how long a link may be open."""

MOST_OPENINGS = 20

HEARD_FOR = timedelta(hours=1)
"""For how long an opened recording may be heard and fetched without the code: a player asks for it
in pieces, and a connection breaks. It is still one opening."""

LOOKED_EVERY, LOOKED_AFTER = 1024 * 1024, 5.0
"""Bytes, and seconds, after which it is looked whether the link of what is being sent is open."""

ROUTE = "/twirec/disclosed/"
"""Where links lead, behind the public URL."""

LONGEST = 255
"""Characters of a name or a reference."""

LONGEST_TEXT = 1000

LARGEST_PAGE = 1000

CLOSED = (
    "This link opens nothing (any more): it has expired, was opened as often as agreed, or was "
    "withdrawn. Ask who sent it."
)


@understood
class Disclosures:
    """What is given to somebody outside, by whose consent, and how often it was opened.

    Args:
        settings: the public URL, and the company's zone.
        catalog: where consents and disclosures are.
        originals: what reads and converts recordings.
        trail: who gave what to whom, and what was opened.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        originals: Originals,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._originals = originals
        self._trail = trail
        self._now = now
        self._copies = DisclosedCopies(settings, catalog, originals, trail, now)

    def participants(
        self, sid: RecordingSid, *, by: Actor | str | None = None
    ) -> Sequence[Participant]:
        """Return whose consents a disclosure of a recording needs: everybody who may be heard.

        The ledger says who: the customer, agents, and whoever was in a conference with them. Whom
        it cannot name is among them as somebody unknown.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        return self._heard(self._originals.get(sid, asking(by), Deed.SEE))

    def consent(
        self,
        sid: RecordingSid,
        *,
        participant: str,
        recipient: str,
        purpose: str,
        given_on: date | str,
        how: ConsentMethod | str,
        evidence: str,
        name: str = "",
        by: Actor | str,
    ) -> DisclosureConsent:
        """Write down that a participant consented to one disclosure of a recording.

        Args:
            sid: of the recording, `RE…`.
            participant: whose consent it is, by the key that `participants` gives; or `other:NAME`
                for somebody of whom only you know that they are heard, whose consent it needs from
                then on.
            recipient: to whom it may be given, in the words that `give` will say.
            purpose: what for, in the words that `give` will say.
            given_on: the day on which they consented.
            how: `writing`, `email`, `recorded_call` or `in_person`.
            evidence: where that can be looked up, such as `letter in file C-7`.
            name: who they are, where the catalog does not know.
            by: who writes it down.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it is not for them, or may not leave.
            InvalidQuery: a value cannot be understood, or a name is missing; the message names it.
        """
        actor = acting(by)
        with self._trail.attempt(Action.CONSENT, actor, sid) as done:
            day = one_day("given_on", given_on)
            if day > done.at.astimezone(self._settings.timezone).date():
                raise InvalidQuery("given_on: it is in the future.")
            recording = self._originals.get(sid, actor, Deed.DISCLOSE)
            who = find_participant(participant.strip(), self._heard(recording))
            said = DisclosureConsent(
                recording_sid=sid,
                participant=_text("participant", who.key, LONGEST),
                name=_text("name", name, LONGEST, needed=not who.known),
                recipient=_text("recipient", recipient, LONGEST),
                purpose=_text("purpose", purpose, LONGEST_TEXT),
                given_on=day,
                how=word(ConsentMethod, "how", how),
                evidence=_text("evidence", evidence, LONGEST_TEXT),
                by=actor.name,
                at=done.at,
            )
            detail = {"participant": who.kind.value, "how": said.how.value}
            return self._catalog.disclosures.add_consent(said, replace(done, detail=detail))

    def consents(
        self, sid: RecordingSid, *, by: Actor | str | None = None
    ) -> Sequence[DisclosureConsent]:
        """Return the consents to disclosures of a recording, oldest first; withdrawn ones too.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        self._originals.get(sid, asking(by), Deed.SEE)
        return self._catalog.disclosures.consents(sid)

    def withdraw(self, consent_id: int, *, why: str, by: Actor | str) -> DisclosureConsent:
        """Withdraw a consent. Every link that stands on it is dead at once.

        It is possible at any time (GDPR art. 7.3), also when the recording is blocked or erased by
        now: then nothing is returned but that it was withdrawn.

        Args:
            consent_id: its number.
            why: what was said of it, such as `letter of 3 November`.
            by: who writes it down.

        Raises:
            NotFound: there is no such consent, or they may not know of its recording.
            CustodyRefused: it is not for them.
            InvalidQuery: it was withdrawn before, or nothing is said of it.
        """
        actor = acting(by)
        with self._trail.attempt(Action.WITHDRAW, actor) as done:
            said = _text("why", why, LONGEST_TEXT)
            number = whole("consent_id", consent_id, 1, 2**31 - 1)
            sid = self._catalog.disclosures.consent(number).recording_sid
            recording = self._check_may_end(sid, actor, "consent")
            withdrawn, _ = self._catalog.disclosures.withdraw(number, said, replace(done, sid=sid))
        if may(actor, recording, Deed.SEE):
            return withdrawn
        return replace(withdrawn, name="", recipient="", purpose="", evidence="")

    def give(
        self,
        sid: RecordingSid,
        *,
        recipient: str,
        purpose: str,
        ground: DisclosureGround | str = DisclosureGround.CONSENT,
        reference: str = "",
        format: str = "wav",
        channels: Channels | str = Channels.BOTH,
        start: float = 0.0,
        end: float | None = None,
        cuts: Sequence[tuple[float, float]] = (),
        expires_in: timedelta = WEEK,
        openings: int = 1,
        by: Actor | str,
    ) -> Handover:
        """Make a link by which one recipient may open a recording, or a copy of it, with a code.

        Send link and code by two ways, such as a mail and a call: whoever has both opens it. Both
        are told once, here; the catalog keeps what proves them. A copy is made before, and stays in
        the bucket for as long as the link.

        Args:
            sid: of the recording, `RE…`.
            recipient: to whom it is given.
            purpose: what for.
            ground: `consent`, for which everybody who is heard must have consented to just this
                recipient and purpose; or `court_order`, `authority` or `own_request`.
            reference: of the order or request, which these need.
            format: of the copy, as of `convert`; `wav` of the whole recording are the archived
                bytes themselves.
            channels: such as `without_agent`, which silences the agent.
            start, end: the span that is given, in seconds; `end` None for its end.
            cuts: spans of which nothing is heard, in seconds; silence takes their place.
            expires_in: for how long the link is open, up to 90 days.
            openings: how often it may be opened, 1 to 20.
            by: who gives it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: it is not for them, or may not leave.
            NotConsented: somebody has not consented to it; the message says who.
            InvalidQuery: a value cannot be understood; the message names it and the fix.
            TwirecError: a copy could not be made, as of `derivatives.make`; there is no link then.
        """
        actor = acting(by)
        with self._trail.attempt(Action.DISCLOSE, actor, sid) as done:
            if not timedelta() < expires_in <= LONGEST_LIFE:
                raise InvalidQuery(f"expires_in: give up to {LONGEST_LIFE.days} days.")
            spec = ConversionSpec(
                find_format(format.lower()).name,
                word(Channels, "channels", channels),
                start,
                end,
                cuts=cuts,
            )
            recording = self._originals.get(sid, actor, Deed.DISCLOSE)
            why = word(DisclosureGround, "ground", ground)
            by_order = why is not DisclosureGround.CONSENT
            disclosure = Disclosure(
                id="DI" + secrets.token_hex(16),
                recording_sid=sid,
                recipient=_text("recipient", recipient, LONGEST),
                purpose=_text("purpose", purpose, LONGEST_TEXT),
                ground=why,
                reference=_text("reference", reference, LONGEST, needed=by_order),
                consents=(),
                conversion="",
                by=actor.name,
                at=done.at,
                expires_at=done.at + expires_in,
                openings=whole("openings", openings, 1, MOST_OPENINGS),
            )
            if not by_order:
                disclosure = replace(disclosure, consents=self._standing(recording, disclosure))
            if spec != PLAIN:
                disclosure = replace(disclosure, conversion=spec.words)
                self._copies.make(recording, disclosure, actor)
            secret, code = new_secret(), new_code()
            detail = {
                "disclosure": disclosure.id,
                "ground": why.value,
                "openings": disclosure.openings,
                "expires_at": disclosure.expires_at.isoformat(timespec="minutes"),
                **(spec.detail if spec != PLAIN else {}),
            }
            given = self._catalog.disclosures.give(
                disclosure, proofs(secret, code), replace(done, detail=detail)
            )
        return Handover(given, f"{self._settings.public_url}{ROUTE}{secret}", code)

    def revoke(self, disclosure_id: str, *, why: str, by: Actor | str) -> Disclosure:
        """End a link at once, also for who has opened it and hears it.

        Args:
            disclosure_id: of the disclosure, `DI…`.
            why: the reason, kept with it.
            by: who ends it.

        Raises:
            NotFound: there is no such disclosure, or they may not know of its recording.
            CustodyRefused: it is not for them.
            InvalidQuery: it was ended before, or no reason is given.
        """
        actor = acting(by)
        with self._trail.attempt(Action.REVOKE, actor) as done:
            said = _text("why", why, LONGEST_TEXT)
            sid = self._catalog.disclosures.get(disclosure_id).recording_sid
            recording = self._check_may_end(sid, actor, "disclosure")
            entry = replace(done, sid=sid, detail={"disclosure": disclosure_id})
            revoked = self._catalog.disclosures.revoke(disclosure_id, said, entry)
        if may(actor, recording, Deed.SEE):
            return revoked
        return replace(revoked, recipient="", purpose="", reference="")

    def of(self, sid: RecordingSid, *, by: Actor | str | None = None) -> Sequence[Disclosure]:
        """Return the disclosures of a recording, newest first.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        self._originals.get(sid, asking(by), Deed.SEE)
        return self._catalog.disclosures.of(sid)

    def list(
        self,
        *,
        limit: int = 100,
        after: Disclosure | None = None,
        by: Actor | str | None = None,
    ) -> Sequence[Disclosure]:
        """Return the disclosures of all recordings that somebody may see, newest first.

        Args:
            limit: how many at the most, up to 1,000.
            after: the last one of the page before.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it.
        """
        last = None if after is None else (after.at, after.id)
        return self._catalog.disclosures.page(
            asking(by), whole("limit", limit, 1, LARGEST_PAGE), last
        )

    # --- what the recipient opens ------------------------------------------------------------

    def look(self, secret: str) -> Disclosure:
        """Return what a link is of, without opening it: nothing is counted, or written down.

        Args:
            secret: what stands in the link behind `/twirec/disclosed/`.

        Raises:
            LinkClosed: it opens nothing (any more).
        """
        found = self._catalog.disclosures.links.by_link(secret_hash(secret))
        if found is None or found.state(self._now()) is not DisclosureState.OPEN:
            raise LinkClosed(CLOSED)
        return found

    def open(self, secret: str, code: str) -> Opening:
        """Open a link with its code, which is counted and entered before any byte leaves.

        Whether the bucket has what is to leave is looked at first: what fails by our own fault is
        not counted.

        Args:
            secret: what stands in the link behind `/twirec/disclosed/`.
            code: as the recipient typed it.

        Raises:
            LinkClosed: it opens nothing (any more).
            CodeWrong: it is another code; so often and no more it may be tried.
            BytesDiffer: the bucket holds something else than was archived.
            BucketError: the bucket does not give it.
        """
        known = self._catalog.disclosures.links.by_link(secret_hash(secret))
        if known is None:
            raise LinkClosed(CLOSED)
        now = self._now()
        about: Detail = {"disclosure": known.id}
        draft = partial(self._trail.draft, Action.OPEN_LINK, known.bearer, sid=known.recording_sid)
        if (state := known.state(now)) is not DisclosureState.OPEN:
            denied = draft(outcome=AuditOutcome.DENIED, detail={**about, "link": state.value})
            self._catalog.disclosures.links.attempt(known.id, denied)
            raise LinkClosed(CLOSED)
        attempt = self._catalog.disclosures.links.attempt(
            known.id, draft(outcome=AuditOutcome.TRIED, detail=about)
        )
        if attempt is None:
            raise LinkClosed(CLOSED)
        about = {"tried": attempt.tried, **about}
        if not is_code(code, attempt.salt, attempt.code_hash):
            wrong = {**about, "error": CodeWrong.__name__, "left": attempt.left}
            self._trail.append(draft(outcome=AuditOutcome.DENIED, detail=wrong))
            raise CodeWrong(attempt.left)
        try:
            recording = self._catalog.recordings.get(known.recording_sid)
            self._copies.ready(recording, known)
        except Exception as error:
            failed = {**about, "error": type(error).__name__}
            self._catalog.disclosures.links.take_back(
                known.id, draft(outcome=outcome_of(error), detail=failed)
            )
            raise
        ticket, until = new_secret(), min(now + HEARD_FOR, known.expires_at)
        opened = self._catalog.disclosures.links.open(
            known.id, secret_hash(ticket), until, draft(detail=about)
        )
        if opened is None:
            meanwhile = {**about, "error": LinkClosed.__name__}
            self._trail.append(draft(outcome=AuditOutcome.DENIED, detail=meanwhile))
            raise LinkClosed(CLOSED)
        return self._copies.opening(opened, ticket, until)

    def opened(self, secret: str, ticket: str) -> Opening:
        """Return what was opened a moment ago, while it may be heard.

        Args:
            secret: what stands in the link behind `/twirec/disclosed/`.
            ticket: of the opening.

        Raises:
            LinkClosed: it may not (any more).
        """
        hashes = (secret_hash(secret), secret_hash(ticket))
        found = self._catalog.disclosures.links.by_ticket(*hashes, self._now())
        if found is None:
            raise LinkClosed(CLOSED)
        disclosure, until = found
        return self._copies.opening(disclosure, ticket, until)

    def hear(self, secret: str, ticket: str, start: int = 0, end: int | None = None) -> AudioStream:
        """Return the bytes of what was opened, or a range of them, compared with what was archived.

        Args:
            secret: what stands in the link behind `/twirec/disclosed/`.
            ticket: of the opening.
            start: the first byte.
            end: the byte to end before; None, or one past the end, for the file's end.

        Raises:
            LinkClosed: it may not be heard (any more).
            InvalidQuery: the range is none.
            BytesDiffer: the bucket holds something else than was archived; of a whole one perhaps
                only instead of its last bytes.
            BucketError: the bucket does not give it.
        """
        opening = self.opened(secret, ticket)
        disclosure = opening.disclosure
        bearer, sid = disclosure.bearer, disclosure.recording_sid
        alone = start == 0 and end is None
        with self._trail.attempt(Action.DISCLOSED, bearer, sid) as draft:
            recording = self._catalog.recordings.get(sid)
            copy = self._copies.copy(recording, disclosure)
            begin, stop = span(sid, opening.size, start, end)
            read = self._originals.checked(sid, bearer).reader(copy.what)
        detail: Detail = {"disclosure": disclosure.id, "of": opening.size}
        return self._originals.listening.stream(
            replace(draft, detail=detail),
            copy.what.object_name,
            lambda: self._while_open(read(begin, stop), disclosure.id),
            content_type=opening.content_type,
            file_name=opening.file_name,
            size=opening.size,
            span=(begin, stop),
            alone=alone,
        )

    # -----------------------------------------------------------------------------------------

    def _while_open(self, chunks: Iterator[bytes], disclosure_id: str) -> Iterator[bytes]:
        """Yield bytes for as long as the link is open, and look now and then whether it is.

        Whoever fetches all at once gets no more of it either than who asks for it in pieces.

        Raises:
            LinkClosed: it ended, was revoked, or its recording is blocked or destroyed by now.
        """
        looked, sent = time.monotonic(), 0
        try:
            for chunk in chunks:
                if sent >= LOOKED_EVERY or time.monotonic() - looked >= LOOKED_AFTER:
                    if not self._catalog.disclosures.links.is_open(disclosure_id, self._now()):
                        raise LinkClosed(CLOSED)
                    looked, sent = time.monotonic(), 0
                sent += len(chunk)
                yield chunk
        finally:
            if isinstance(chunks, Generator):
                chunks.close()

    def _heard(self, recording: Recording) -> Sequence[Participant]:
        """Return everybody who is heard in a recording, or may be."""
        account, call_sid = recording.account_sid, recording.call_sid or recording.sid
        call = self._catalog.ledger.line(account, call_sid)
        if call is None:
            raise NotFound(f"{recording.sid} has no call of which anybody knows who was in it.")
        legs = self._catalog.agents.legs_of(account, call_sid)
        sids = [call_sid, *(leg.leg_sid for leg in legs)]
        met = self._catalog.conferences.met(account, sids)
        lines = self._catalog.ledger.lines(met.calls)
        consents = self._catalog.disclosures.consents(recording.sid)
        return participants(call, legs, met, lines, consents)

    def _standing(self, recording: Recording, wanted: Disclosure) -> tuple[int, ...]:
        """Return the numbers of the consents on which a disclosure stands.

        Raises:
            NotConsented: one is missing.
        """
        consents = self._catalog.disclosures.consents(recording.sid)
        there = self._heard(recording)
        stands, missing = standing(there, consents, wanted.recipient, wanted.purpose)
        if missing:
            who = ", ".join(each.key for each in missing)
            raise NotConsented(
                f"{recording.sid} may not be given to this recipient for this purpose: there is "
                f"no consent of {who}."
            )
        return tuple(each.id for each in stands)

    def _check_may_end(self, sid: str, actor: Actor, what: str) -> Recording:
        """Let through who may end what was given, whatever became of the recording by now.

        Raises:
            NotFound: they may not know of it.
            CustodyRefused: it is not for them.
        """
        recording = self._catalog.recordings.get(sid)
        try:
            check(actor, recording, Deed.END_DISCLOSURE)
        except NotFound as error:
            raise NotFound(f"The catalog has no such {what}.", hidden=error.hidden) from None
        return recording


def _text(field: str, given: str, most: int, *, needed: bool = True) -> str:
    """Return a text without spaces around it.

    Raises:
        InvalidQuery: it is empty where it is needed, or too long.
    """
    said = given.strip()
    if needed and not said:
        raise InvalidQuery(f"{field}: say it; it is kept with the recording.")
    if len(said) > most:
        raise InvalidQuery(f"{field}: write at most {most} characters.")
    return said
