"""The rows of the catalog as values: call, consent, recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from twirec.model.agents import ConferenceSnapshot, InformedAgent, Leg, StopOrder
from twirec.model.announcements import Announcement
from twirec.model.bucket import Fingerprint
from twirec.model.encryption import Encryption
from twirec.model.ownership import Claim, NotOurs
from twirec.model.plain_text import plain
from twirec.model.states import UNFINISHED, Custody, Standstill, State
from twirec.model.vocabulary import (
    NOT_KNOWN,
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Outcome,
    Reason,
    Role,
)

TAIL = 6
"""How many of a number's last digits people can search for."""

VOICEMAIL = "voicemail:"
"""Stands in a call's `dial` for nobody: the caller leaves a message."""

UNCOUNTED = -1
"""Stands for how often a call had been sent on, where the catalog could not say so."""


def is_queue(dial: Sequence[str]) -> bool:
    """Whether a call's `dial` is `queue:NAME`: the caller waits until an agent takes them."""
    return len(dial) == 1 and dial[0].startswith("queue:")


def is_conference(dial: Sequence[str]) -> bool:
    """Whether a call's `dial` is `conference:NAME`: the caller and agents meet there."""
    return len(dial) == 1 and dial[0].startswith("conference:")


@dataclass(frozen=True, slots=True)
class Call:
    """The ledger line of a call. Every call that asked for TwiML has one.

    Attributes:
        account_sid: `AC…`.
        call_sid: the parent leg, `CA…`; where a recording names no call, the recording's SID.
        direction: `in` or `out`; None where nobody knows.
        customer_number: E.164, what Twilio sent where it is not a number (`anonymous`), or
            `NOT_KNOWN`.
        own_number: the company's number in the same form.
        customer_address, own_address: the two as Twilio wrote them, such as `whatsapp:+34…` or
            `sip:+34…@carrier.example`; empty where that is the same.
        caller_id: the number that a phone sees which rings for it, E.164; empty for what is right
            by itself.
        facts: what else Twilio said of who calls, in its own words, each as `NAME=VALUE`:
            `CallerName`, `ForwardedFrom`, `StirVerstat`, and the SIP headers of the settings.
        sent_on: how often it was sent on to somebody else, as nobody answered or by the app.
        forwarded_from: whose phone forwarded it, E.164, of the facts; empty where nobody says so.
        started_at: when Twilio first asked for TwiML, UTC; for adopted calls the call's start.
        announced_at: when the notice, or the question, was last sent to be played, UTC.
        announced_steady: what the steady clock showed then, `steady.reading`; empty where that is
            not known.
        announcement: hash of the announcement; None when none was played.
        dial: who is to be connected: E.164, `client:NAME`, `sip:ADDRESS`, or alone `queue:NAME`,
            `conference:NAME` or `VOICEMAIL`.
        channel_map: who is on channel 1, 2, … of what is recorded of it.
        leg: the leg that hears the announcement, `CA…`; empty while there is none.
        mode: how the outside party is told or asked, decided once, when the call began; None
            when it is not to be recorded.
        legal_basis: the policy's, decided with it.
        asked: how often the question was put; 0 where none is.
        outcome: what the ledger says.
        reason: why it was not recorded; None otherwise.
        detail: more of the reason, such as who switched recording off, or a warning; without
            numbers.
        ended_at: UTC; None while nobody told us.
        case_number: of the dispute or file that it belongs to; empty for none.
        late: whether the line was written after the call, from what Twilio says of it, and this app
            was never asked what to do. Such a line does not prove that the call was this app's.
        blocked: whether an erasure of the call, or of its number, keeps it for judges and
            authorities only, until it is emptied.
    """

    account_sid: str
    call_sid: str
    direction: Direction | None
    customer_number: str
    own_number: str
    started_at: datetime
    announced_at: datetime | None = None
    announced_steady: str = ""
    announcement: str | None = None
    dial: tuple[str, ...] = ()
    channel_map: tuple[Role, ...] = ()
    leg: str = ""
    mode: ConsentMode | None = None
    legal_basis: LegalBasis | None = None
    asked: int = 0
    outcome: Outcome = Outcome.OPEN
    reason: Reason | None = None
    detail: str = ""
    ended_at: datetime | None = None
    case_number: str = ""
    late: bool = False
    customer_address: str = ""
    own_address: str = ""
    caller_id: str = ""
    facts: tuple[str, ...] = ()
    sent_on: int = 0
    forwarded_from: str = ""
    blocked: bool = False

    @property
    def tail(self) -> str:
        """The last `TAIL` digits of the customer's number backwards; empty where it has none."""
        digits = self.customer_number.removeprefix("+")
        return digits[: -TAIL - 1 : -1] if digits.isdigit() else ""

    @property
    def plain_case(self) -> str:
        """The case number as searches compare it."""
        return plain(self.case_number)

    @property
    def number_known(self) -> bool:
        """Whether the customer's number is known, be it that they hid it."""
        return self.customer_number != NOT_KNOWN


def began_late(line: Call, call: Call) -> bool:
    """Whether what is told now of a call is its beginning, whose end was told before.

    Args:
        line: as it stands.
        call: as it begins.
    """
    over = line.reason is Reason.CATALOG_DOWN and line.ended_at == line.started_at
    return over and call.reason is not Reason.CATALOG_DOWN and not call.late


@dataclass(frozen=True, slots=True)
class Consent:
    """What a party answered, written before recording starts. The first answer stays.

    Attributes:
        leg: the SID of the leg that heard the announcement, `CA…`.
        method: how it was asked: `announcement` or `key`.
        key: the key that was pressed; empty for none.
        at: UTC.
        agents: the entries of the register by which the agents were informed.
    """

    account_sid: str
    call_sid: str
    leg: str
    outcome: ConsentOutcome
    method: str
    announcement: str
    language: str
    at: datetime
    key: str = ""
    agents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That somebody had a recording archived although it is not what the vendor says of it.

    Attributes:
        despite: the error that it was parked with.
        by: who decided it.
        why: the reason.
    """

    despite: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as the catalog knows it.

    Attributes:
        call_sid: the call that it is a recording of, by which its line is known; its own SID where
            Twilio names none.
        legal_ground: why the company may have it without proof of notice; empty where it needs
            none, or none was given.
        leg: the leg that Twilio recorded, where that is another one: an agent's, who took the
            call out of a queue.
        started_at: Twilio's `RecordingStartTime`, UTC.
        duration: seconds, as Twilio gives it.
        channel_map: who is on channel 1, 2, …
        encryption: how Twilio encrypted its own copy; None when it did not.
        object_name: the name in the bucket; set before the first byte, never computed again.
        generation, size, crc32c, sha256: what the bucket holds, once `archived`.
        due_at: when a worker may take it up, UTC; None when there is nothing to do or it is parked.
        attempts: how often the present step was tried.
        last_error: why the last try failed; empty when it did not.
        keep_at_vendor: whether the vendor's copy stays although ours is archived.
        standstill: why nothing is tried until a person says so; None of any other.
        accepted: that it was, or is to be, archived despite a difference; None of any other.
        claim: by what it is the installation's own.
        kept_for_trial: whether the vendor's copy stays for as long as `TWIREC_KEEP_AT_TWILIO` says
            so. That ends with the setting, and `keep_at_vendor` does not.
        backfilled: whether a backfill adopted it, so that live calls' recordings go before it.
        to_be_erased: whether it is destroyed as soon as it is finished, which it was not when that
            was ordered.
    """

    sid: str
    account_sid: str
    call_sid: str | None
    state: State
    custody: Custody = Custody.ACTIVE
    legal_ground: str = ""
    source: str | None = None
    started_at: datetime | None = None
    duration: int | None = None
    channels: int | None = None
    channel_map: tuple[Role, ...] = ()
    leg: str | None = None
    error_code: int | None = None
    encryption: Encryption | None = None
    object_name: str | None = None
    generation: int | None = None
    size: int | None = None
    crc32c: str | None = None
    sha256: str | None = None
    due_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""
    keep_at_vendor: bool = False
    standstill: Standstill | None = None
    accepted: Acceptance | None = None
    claim: Claim = Claim.TOLD
    kept_for_trial: bool = False
    backfilled: bool = False
    to_be_erased: bool = False

    @property
    def fingerprint(self) -> Fingerprint:
        """What its object in the bucket has to be, once it is archived."""
        return Fingerprint(self.object_name or "", self.size, self.crc32c, self.sha256)

    @property
    def recorded_leg(self) -> str:
        """Return the leg that Twilio records, `CA…`; empty where the recording names no call."""
        call_sid = "" if self.call_sid == self.sid else self.call_sid
        return self.leg or call_sid or ""

    def roles(self, channels: int) -> tuple[Role, ...]:
        """Return who is on each of that many channels; empty when both are on the one there is."""
        return self.channel_map if len(self.channel_map) == channels else ()

    @property
    def ended_at(self) -> datetime | None:
        """Return when it ended, UTC; None while it is not known."""
        if self.started_at is None or self.duration is None:
            return None
        return self.started_at + timedelta(seconds=self.duration)

    @property
    def parked(self) -> bool:
        """Whether trying again was given up, with the last error kept."""
        waits = self.state in UNFINISHED and self.due_at is None
        return waits and not self.kept and not self.given_up

    @property
    def undecided(self) -> bool:
        """Whether it is parked until somebody decides, as time does not mend it."""
        return self.standstill is Standstill.UNDECIDED

    @property
    def given_up(self) -> bool:
        """Whether somebody ordered that nothing more is tried."""
        return self.standstill is Standstill.GIVEN_UP

    @property
    def kept(self) -> bool:
        """Whether nothing is left to do because the vendor keeps its copy beside ours."""
        return self.state is State.ARCHIVED and (self.keep_at_vendor or self.kept_for_trial)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a party answered, and what follows from it for their call.

    Attributes:
        consent: the answer.
        reason: why the call is not recorded, by which its line is closed; None if it may be.
        detail: what the line says from now on; empty leaves what it says.
        order: the order that its recording ends; None where it may go on.
    """

    consent: Consent
    reason: Reason | None = None
    detail: str = ""
    order: StopOrder | None = None


@dataclass(frozen=True, slots=True)
class Naming:
    """What follows for a call, whose consent is there, from who hears it.

    Attributes:
        entries: the numbers of the register's entries that its consent is to name.
        reason, detail, order: as in `Answer`.
    """

    entries: tuple[int, ...] = ()
    reason: Reason | None = None
    detail: str = ""
    order: StopOrder | None = None


@dataclass(frozen=True, slots=True)
class ToldCall:
    """A call whose outside party was told, or asked, and who of ours is on it.

    Attributes:
        call: its line.
        consents: what was answered before.
        agents: who is on the legs that belong to it.
        register: what the register says of them, oldest entry first.
    """

    call: Call
    consents: tuple[Consent, ...] = ()
    agents: tuple[str, ...] = ()
    register: tuple[InformedAgent, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """A conference that somebody joined, and all that decides who of it is recorded.

    Attributes:
        is_known: whether it is known whose leg it is that joined.
        here: who is in it.
        lines: the lines of their calls, with what was answered, by SID.
        orders: what was ordered of them before, by SID, oldest first.
        register: what the register says of the agents who are in it, oldest entry first.
    """

    is_known: bool
    here: ConferenceSnapshot
    lines: Mapping[str, tuple[Call, tuple[Consent, ...]]]
    orders: Mapping[str, tuple[StopOrder, ...]]
    register: tuple[InformedAgent, ...]


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who is on a leg that joined a conference, by what only Twilio knew.

    Attributes:
        parent_sid: of the call that dialled it, if one did.
        name: whose it would be if it is an agent's: E.164, `client:NAME` or `sip:ADDRESS`; empty
            where that says nobody.
        leg: makes it, of the line of the call that dialled it, if that has one, and of whether they
            had a part in a call, or are in the register.
    """

    parent_sid: str | None
    name: str
    leg: Callable[[Call | None, bool], Leg]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What follows for a call from who is in a conference with it.

    Attributes:
        naming: what is written down; None for nothing.
        stops: whether what is recorded of it ends.
    """

    naming: Naming | None
    stops: bool


@dataclass(frozen=True, slots=True)
class Met:
    """What became of a meeting.

    Attributes:
        meeting: as it was.
        settled: what was decided, by the SID of the call.
        to_stop: the calls of which nothing is recorded any more, each with the legs whose
            recordings are of it.
    """

    meeting: Meeting
    settled: Mapping[str, Settlement]
    to_stop: tuple[tuple[CallRecord, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call that ends, as the catalog knows it.

    Attributes:
        call: its line.
        answered: whether whoever was told had answered.
        legs: those that came to it, of a call that waited in a queue; of others nobody looks.
        announcement: what is played to them, where the line is open and nothing was answered yet.
    """

    call: Call
    answered: bool
    legs: tuple[Leg, ...] = ()
    announcement: Announcement | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """What is written down of a call that ends.

    Attributes:
        outcome, reason: what its line is to say, if it says nothing for good.
        consent: of who was gone before they answered; None of others.
        leg: who was dialled; None where nobody was, or Twilio does not say.
    """

    outcome: Outcome
    reason: Reason | None
    consent: Consent | None = None
    leg: Leg | None = None


@dataclass(frozen=True, slots=True)
class Belonging:
    """The call that a recording belongs to, when Twilio first tells of it.

    Attributes:
        channel_map: who is on which channel, by the call's line; None where it has none.
        is_its_leg: whether the leg that Twilio names is the call's own.
        is_agents_leg: whether that leg is an agent's.
    """

    channel_map: tuple[Role, ...] | None
    is_its_leg: bool
    is_agents_leg: bool


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a recording of which Twilio told.

    Attributes:
        recording: as it is now; None where it is not there.
        orders: while it is recorded, what was ordered of its call and its leg, oldest first.
    """

    recording: Recording | None
    orders: tuple[StopOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """A span of a recording that is silent on purpose, such as while a card number is said.

    Attributes:
        paused_at: when Twilio said that it was paused, UTC.
        by: who asked for it.
        resumed_at: when it went on, or ended without that, UTC; None while it does not.
    """

    recording_sid: str
    paused_at: datetime
    by: str
    resumed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PauseLimit:
    """That a pause is ended by the policy, if nobody ends it before.

    Attributes:
        recording_sid: of what is paused, `RE…`.
        attempts: how often that was tried.
        last_error: why the last try failed; empty when it did not.
    """

    recording_sid: str
    attempts: int = 0
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody wrote about a call. Notes are only ever added to.

    Attributes:
        by: who wrote it.
        at: UTC.
        text: the note; empty where only the case number was set.
        case_number: the case number that was set with it; None where it was left alone.
        recording_sid, second: what of what is heard it is about, seconds of that recording; None
            where it is about the whole call.
    """

    account_sid: str
    call_sid: str
    by: str
    at: datetime
    text: str = ""
    case_number: str | None = None
    recording_sid: str | None = None
    second: float | None = None

    @property
    def plain_text(self) -> str:
        """The note as searches compare it."""
        return plain(self.text)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call with its consents and recordings: one answer of a search."""

    call: Call
    consents: tuple[Consent, ...] = ()
    recordings: tuple[Recording, ...] = ()
    pauses: tuple[Pause, ...] = ()
    legs: tuple[Leg, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep looked at and did. All figures are counts.

    Attributes:
        since, until: the span of vendor time it looked at, UTC.
        dry_run: whether nothing was repaired.
        seen: recordings that the vendor listed.
        asked: recordings and calls that the catalog waits for.
        objects: recordings that the bucket listed.
        adopted: recordings that the catalog did not know.
        numbers_not_known: calls that got a line without numbers: Twilio does not have them (any
            more).
        numbers_found: calls whose line got the numbers that Twilio did not tell before.
        advanced: recordings whose state the vendor knew better.
        lines_written: calls that had no line.
        lines_closed: ledger lines that were still open or owed.
        conference_joined: who is in a conference, and of whose coming nobody told.
        stopped: recordings that were ended, since somebody in them may not be recorded.
        deleted_again: released recordings that the vendor still held.
        erased_again: erased recordings that were back at the vendor or in the bucket.
        labelled: objects whose labels were completed.
        holds_mended: objects of the bucket that were not held as the catalog says, and are now.
        derivatives_deleted: derivatives that the catalog does not know (any more).
        transcripts_taken_over: transcripts that are there still, of recordings of a catalog that
            was made anew.
        copies_taken_over: copies without card numbers that are there still, of recordings of such a
            catalog.
        not_ours: recordings of other apps, which were left alone.
        not_ours_named: SID to why it is not ours, `MOST_NAMED` of them at the most.
        strangers: objects in the bucket that twirec did not put there, or cannot read.
        strange: their names, of the first hundred, to what is wrong with them.
        problems: SID to reason, for what a person has to look at.
        planned: SID to the figure that its repair would count, of a dry run.
    """

    since: datetime
    until: datetime
    dry_run: bool = False
    seen: int = 0
    asked: int = 0
    objects: int = 0
    adopted: int = 0
    numbers_not_known: int = 0
    numbers_found: int = 0
    advanced: int = 0
    lines_closed: int = 0
    lines_written: int = 0
    conference_joined: int = 0
    stopped: int = 0
    deleted_again: int = 0
    erased_again: int = 0
    labelled: int = 0
    holds_mended: int = 0
    derivatives_deleted: int = 0
    transcripts_taken_over: int = 0
    copies_taken_over: int = 0
    not_ours: int = 0
    not_ours_named: Mapping[str, NotOurs] = field(default_factory=dict)
    strangers: int = 0
    strange: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    planned: Mapping[str, str] = field(default_factory=dict)
