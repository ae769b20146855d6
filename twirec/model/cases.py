"""Cases: what a customer complained of by telephone, its key, its term, and what was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from twirec.model.records import CallRecord


class CaseKind(StrEnum):
    """What a customer called about (Ley 10/2025)."""

    QUERY = "query"
    """A question that could not be answered at once."""
    COMPLAINT = "complaint"
    INCIDENT = "incident"
    BILLING = "billing"
    """About an invoice, or what was charged unduly."""
    OUTAGE = "outage"
    """A cut or suspension of a basic service."""


class CaseLanguage(StrEnum):
    """In which a case is dealt with: that in which the customer complained."""

    ES = "es"
    CA = "ca"
    GL = "gl"
    EU = "eu"
    EN = "en"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    INCOMPLETE = "incomplete"
    """The customer was asked for what is missing: the term stands still."""
    CLOSED = "closed"


class CallPart(StrEnum):
    """What a call is to a case."""

    OPENING = "opening"
    LATER = "later"
    CLOSING = "closing"


class CaseAnswer(StrEnum):
    """Whether the customer consents that a call is recorded for their case."""

    NOT_ASKED = "not_asked"
    GRANTED = "granted"
    REFUSED = "refused"


class AnsweredBy(StrEnum):
    """How the customer answered."""

    SPOKEN = "spoken"
    KEY = "key"


class CaseStepKind(StrEnum):
    """What was done for a case."""

    OPENED = "opened"
    CALL = "call"
    """Another call belongs to it."""
    CONSENT = "consent"
    """The customer said whether it may be recorded."""
    RECORDING = "recording"
    """Recording began, by the customer's consent."""
    NOTE = "note"
    INCOMPLETE = "incomplete"
    """The customer was asked for what is missing."""
    COMPLETED = "completed"
    RECEIPT = "receipt"
    """A receipt was made."""
    DELIVERED = "delivered"
    """A receipt was delivered."""
    NOT_DELIVERED = "not_delivered"
    """The e-mail with a receipt could not be delivered."""
    NEARLY_DUE = "nearly_due"
    OVERDUE = "overdue"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseCall:
    """A call of a case.

    Attributes:
        case_id: the case's number.
        account_sid, call_sid: the call.
        at: when it was written down that it belongs to the case, UTC.
        by: who did.
        part: what it is to the case.
        answer: whether the customer consents that it is recorded for the case.
        answered_at: when they said so, UTC; None while they were not asked.
        how: by which way they answered; None while they were not asked.
        asked_by: who asked them; empty while nobody did.
        recording_sid: the recording that began by it, `RE…`; None where none had to begin.
    """

    case_id: int
    account_sid: str
    call_sid: str
    at: datetime
    by: str
    part: CallPart = CallPart.OPENING
    answer: CaseAnswer = CaseAnswer.NOT_ASKED
    answered_at: datetime | None = None
    how: AnsweredBy | None = None
    asked_by: str = ""
    recording_sid: str | None = None


@dataclass(frozen=True, slots=True)
class CaseStep:
    """What somebody did for a case. Steps are only ever added to.

    Attributes:
        case_id: the case's number.
        at: UTC.
        by: who did it.
        text: what they wrote, such as what is missing, or why.
        how: by which way, such as `by e-mail`.
        call_sid: the call that it is about; empty for none.
        id: its number; 0 until it is written down.
    """

    case_id: int
    kind: CaseStepKind
    at: datetime
    by: str
    text: str = ""
    how: str = ""
    call_sid: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """A query, complaint or incident of a customer's, from its opening to their being told.

    Attributes:
        key: by which customer and company name it, `R-7KM-482-4`.
        language: in which it is dealt with.
        number: the customer's, as the catalog keys it; empty once it was erased.
        opened_at: when it was received, UTC.
        opened_by: who opened it.
        content: what it is about, in the words of who opened it; empty once it was erased.
        term_began_at: when its term began, UTC: when it was opened, or made complete.
        due_at: the end of its term, UTC; None while the term stands still.
        warn_at: from when on it is nearly due, UTC; None while the term stands still.
        complete_by: until when the customer may complete it, UTC; None where nothing is missing.
        notified_at: when the customer was told of the resolution, UTC; None before.
        closed_at: when it was closed, UTC; None before.
        closed_by: who closed it; empty before.
        how: how the customer was told; empty before.
        resolution: what was decided, with the reasons; empty before.
        id: its number; 0 until it is written down.
    """

    key: str
    kind: CaseKind
    language: CaseLanguage
    number: str
    opened_at: datetime
    opened_by: str
    content: str
    term_began_at: datetime
    due_at: datetime | None
    warn_at: datetime | None
    complete_by: datetime | None = None
    notified_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""
    how: str = ""
    resolution: str = ""
    id: int = 0

    @property
    def state(self) -> CaseState:
        """Where it stands."""
        if self.closed_at is not None:
            return CaseState.CLOSED
        return CaseState.OPEN if self.complete_by is None else CaseState.INCOMPLETE

    @property
    def in_time(self) -> bool | None:
        """Whether the customer was told within the term; None before they were told."""
        if self.notified_at is None:
            return None
        return self.due_at is None or self.notified_at <= self.due_at

    def overdue(self, now: datetime) -> bool:
        """Return whether its term is over, and the customer was not told.

        Args:
            now: UTC.
        """
        return self.closed_at is None and self.due_at is not None and now > self.due_at

    def nearly_due(self, now: datetime) -> bool:
        """Return whether its term ends soon, and the customer was not told.

        Args:
            now: UTC.
        """
        soon = self.closed_at is None and self.warn_at is not None and now >= self.warn_at
        return soon and not self.overdue(now)


@dataclass(frozen=True, slots=True)
class CaseOpened:
    """What an agent does next with a call of a case.

    Attributes:
        case: the case.
        call: its call.
        say: what to say to the customer, in their language, in order.
        recorded: whether the call is being recorded, or was.
        why: why it is not, although the customer consents; empty otherwise.
    """

    case: Case
    call: CaseCall
    say: tuple[str, ...]
    recorded: bool
    why: str = ""


BY_MAIL = "e-mail"
"""How a receipt was delivered that the library sent."""


class MailState(StrEnum):
    """Where an e-mail stands that was not sent yet."""

    WAITING = "waiting"
    """A worker sends it; after a failure, in a while."""
    FAILED = "failed"
    """It could not be delivered, and nothing more is tried."""


@dataclass(frozen=True, slots=True)
class CaseMail:
    """An e-mail with a receipt that a worker has to send, or that could not be delivered.

    Attributes:
        id: its name, 32 hex digits, of which its Message-ID is made.
        case_key: of the case.
        at: when it was asked for, UTC.
        by: who asked for it.
        address: to whom it goes; empty where it could not be delivered.
        due_at: when it is tried next, UTC; None where nothing more is tried.
        links: the disclosures whose links it holds, `DI…`.
        attempts: how often it was tried.
        last_error: why the last try failed; empty while none did.
    """

    id: str
    case_key: str
    at: datetime
    by: str
    address: str
    due_at: datetime | None
    links: tuple[str, ...] = ()
    attempts: int = 0
    last_error: str = ""

    @property
    def state(self) -> MailState:
        """Where it stands."""
        return MailState.FAILED if self.due_at is None else MailState.WAITING


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """All that is known of a case, as far as somebody may know of it.

    Attributes:
        case: the case.
        calls: its calls, in the order in which they came to it.
        steps: what was done, oldest first.
        records: the calls with their recordings, as `archive.calls.get` gives them.
        mails: e-mails with receipts that wait to be sent, or could not be; what was sent is a step.
    """

    case: Case
    calls: tuple[CaseCall, ...]
    steps: tuple[CaseStep, ...]
    records: tuple[CallRecord, ...]
    mails: tuple[CaseMail, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseReceipt:
    """A receipt of a case.

    Attributes:
        key: of the case.
        language: in which it is.
        text: what it says, as plain text.
        pdf: the same as a PDF.
        sealed: whether the PDF has the company's seal.
        code: what opens its link, to be told to the customer by another way than the receipt; empty
            where it holds no link.
        file_name: of the PDF.
    """

    key: str
    language: CaseLanguage
    text: str
    pdf: bytes = field(repr=False)
    sealed: bool
    code: str = field(repr=False)
    file_name: str


ATTENDED_WITHIN = 180
"""Seconds within which 95 % of calls are to be attended, on average (Ley 10/2025, art. 10.3)."""


@dataclass(frozen=True, slots=True)
class CallWait:
    """For how long a call in waited until a person took it.

    Attributes:
        call_sid: the call, `CA…`.
        started_at: when it rang, UTC.
        attended_at: when a person took it, UTC, as far as Twilio told; None where nobody did, or
            nobody told.
        seconds: between the two; None where there is no second.
    """

    call_sid: str
    started_at: datetime
    attended_at: datetime | None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class YearlyFigures:
    """What an audit asks of a year.

    Attributes:
        year: in the company's zone.
        calls: calls in.
        attended: those of which it is known when a person took them.
        within: of these, those that waited for less than three minutes.
        mean_seconds: for how long these waited on average; None where there are none.
        cases: cases that were opened.
        in_time: of these, those whose customers were told within the term.
        late: those whose customers were told after it, or not yet, although it is over.
    """

    year: int
    calls: int
    attended: int
    within: int
    mean_seconds: float | None
    cases: int
    in_time: int
    late: int

    @property
    def share_within(self) -> float | None:
        """The share of the attended calls that waited for less than three minutes."""
        return self.within / self.attended if self.attended else None


@dataclass(frozen=True, slots=True)
class CaseClock:
    """That a case is nearly due, or overdue, which is told when its moment comes.

    Attributes:
        key: of the case.
        attempts: how often that was tried.
        last_error: why the last try failed; empty when it did not.
    """

    key: str
    attempts: int = 0
    last_error: str = ""
