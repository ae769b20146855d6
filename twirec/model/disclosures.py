"""Recordings that are given to somebody outside: who consented to it, and by which link."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from twirec.model.access import Actor
from twirec.model.audio import ConversionSpec
from twirec.model.plain_text import plain


class ParticipantKind(StrEnum):
    """What somebody is to a call."""

    CUSTOMER = "customer"
    CALLER = "caller"
    """The outside party of another call, in a conference with this one."""
    AGENT = "agent"
    UNKNOWN = "unknown"
    """Somebody was there, and the catalog does not know who."""
    OTHER = "other"
    """Of whom only a person knows, such as who stood beside the phone."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who is heard in a recording, or may be.

    Attributes:
        key: by which a consent names them: `customer`, `caller:CA…`, `agent:client:ana`, `agent`
            (somebody of the company, and nobody knows who), `leg:CA…` or `other:NAME`.
        kind: what they are to the call.
        known: whether the catalog knows who they are; who consents for somebody else is named.
    """

    key: str
    kind: ParticipantKind
    known: bool


class ConsentMethod(StrEnum):
    """How somebody consented."""

    WRITING = "writing"
    """A letter, a form, a contract."""
    EMAIL = "email"
    RECORDED_CALL = "recorded_call"
    """They said so in a call that was recorded itself."""
    IN_PERSON = "in_person"
    """They said so, and somebody wrote it down."""


class DisclosureGround(StrEnum):
    """Why a recording may be given to somebody."""

    CONSENT = "consent"
    """Every participant consented to this disclosure."""
    COURT_ORDER = "court_order"
    AUTHORITY = "authority"
    """An authority asks for it, and a law lets it: police, prosecutor, inspection."""
    OWN_REQUEST = "own_request"
    """A participant asks for what is recorded of themselves."""


@dataclass(frozen=True, slots=True)
class DisclosureConsent:
    """That somebody who is heard in a recording consented to one disclosure of it.

    Attributes:
        recording_sid: `RE…`.
        participant: the key of who consented.
        name: who that is, where the catalog does not know.
        recipient: to whom it may be given.
        purpose: what for.
        given_on: the day on which they consented.
        how: how they did.
        evidence: where that can be looked up.
        by: who wrote it down.
        at: when that was, UTC.
        id: the number of the consent; 0 before it is in the catalog.
        withdrawn_at: when it was withdrawn, UTC; None while it holds.
        withdrawn_by: who wrote that down.
        withdrawn_why: what was said of it.
    """

    recording_sid: str
    participant: str
    name: str
    recipient: str
    purpose: str
    given_on: date
    how: ConsentMethod
    evidence: str
    by: str
    at: datetime
    id: int = 0
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    withdrawn_why: str = ""

    @property
    def holds(self) -> bool:
        """Whether it was not withdrawn."""
        return self.withdrawn_at is None

    def is_for(self, recipient: str, purpose: str) -> bool:
        """Whether it is a consent to that disclosure; accents and capitals make no difference."""
        said = (plain(self.recipient), plain(self.purpose))
        return said == (plain(recipient), plain(purpose))


class DisclosureState(StrEnum):
    """Whether the link of a disclosure opens something."""

    OPEN = "open"
    USED = "used"
    """It was opened as often as it may be."""
    EXPIRED = "expired"
    LOCKED = "locked"
    """Too many wrong codes were tried."""
    REVOKED = "revoked"
    """Somebody ended it, or a consent was withdrawn."""
    CLOSED = "closed"
    """The recording may not leave (any more), or the catalog was made anew from the bucket."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A recording, or a copy of it, that one recipient may open by a link and a code.

    Attributes:
        id: `DI…`, by which staff and the audit log know it. It is no part of the link.
        recording_sid: `RE…`.
        recipient: to whom it is given.
        purpose: what for.
        ground: why it may be.
        reference: of the order or request; empty for consents.
        consents: the numbers of the consents on which it stands.
        conversion: what of the recording is given, as `ConversionSpec.words`; empty for the
            archived bytes themselves.
        by: who gave it.
        at: when, UTC.
        expires_at: when the link ends, UTC.
        openings: how often it may be opened.
        opened: how often it was.
        first_opened_at, last_opened_at: when, UTC; None if it never was.
        wrong_codes: how often it was tried in vain since it was last opened.
        revoked_at: when it was ended, UTC; None if it was not.
        revoked_by: who ended it.
        revoked_why: what was said of it.
        recording_may_leave: whether the recording may still be given to others, as it is now.
    """

    id: str
    recording_sid: str
    recipient: str
    purpose: str
    ground: DisclosureGround
    reference: str
    consents: tuple[int, ...]
    conversion: str
    by: str
    at: datetime
    expires_at: datetime
    openings: int = 1
    opened: int = 0
    first_opened_at: datetime | None = None
    last_opened_at: datetime | None = None
    wrong_codes: int = 0
    revoked_at: datetime | None = None
    revoked_by: str = ""
    revoked_why: str = ""
    recording_may_leave: bool = True

    @property
    def spec(self) -> ConversionSpec | None:
        """What of the recording is given; None for the archived bytes themselves."""
        return ConversionSpec.of(self.conversion) if self.conversion else None

    def state(self, now: datetime) -> DisclosureState:
        """Return whether its link opens something at a moment, or why not.

        Args:
            now: UTC.
        """
        if self.revoked_at is not None:
            return DisclosureState.REVOKED
        if not self.recording_may_leave:
            return DisclosureState.CLOSED
        if now >= self.expires_at:
            return DisclosureState.EXPIRED
        if self.opened >= self.openings:
            return DisclosureState.USED
        locked = self.wrong_codes >= MOST_WRONG_CODES
        return DisclosureState.LOCKED if locked else DisclosureState.OPEN

    @property
    def bearer(self) -> Actor:
        """Who opens the link, as the audit log names them: whoever they are, they have the code."""
        return Actor(f"recipient of {self.id}", "recipient")


MOST_WRONG_CODES = 5
"""After so many the link is dead: a code has 39 bits, so nobody guesses it."""


@dataclass(frozen=True, slots=True)
class Handover:
    """A disclosure just made, with the two secrets that nobody can look up later.

    Attributes:
        disclosure: what was given.
        link: for the recipient.
        code: for the recipient too, and to be sent to them by another way.
    """

    disclosure: Disclosure
    link: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """A link that was opened with its code.

    Attributes:
        disclosure: as it is now.
        ticket: what lets the bytes leave for a while, without the code.
        until: how long it does, UTC.
        size: bytes of what leaves.
        content_type: of that, for HTTP.
        file_name: of that, with local time, and no number.
        began_at: when the recording began, UTC; None where nobody knows.
    """

    disclosure: Disclosure
    ticket: str = field(repr=False)
    until: datetime
    size: int
    content_type: str
    file_name: str
    began_at: datetime | None
