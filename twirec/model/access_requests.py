"""Requests of people who want to know what is kept of them (GDPR art. 15), and answers."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from twirec.model.audio import Channels
from twirec.model.errors import InvalidQuery
from twirec.model.records import CallRecord, Recording

LONGEST_EXTENSION = 2
"""Months by which the term can be extended (GDPR art. 12.3)."""


class CopyOf(StrEnum):
    """How somebody gets a recording of themselves."""

    SILENCED = "silenced"
    """The other side is silent: the copy may not harm the rights of others (GDPR art. 15.4)."""
    WHOLE = "whole"
    """Both sides, as they were recorded."""
    LEFT_OUT = "left_out"
    """Not at all, such as somebody else's call from a line that several use."""


class RequestState(StrEnum):
    """What became of a request."""

    OPEN = "open"
    ANSWERED = "answered"
    REFUSED = "refused"


class StepKind(StrEnum):
    """What somebody did for a request."""

    OPENED = "opened"
    IDENTIFIED = "identified"
    DECIDED = "decided"
    EXTENDED = "extended"
    PACKED = "packed"
    DELIVERED = "delivered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Somebody's request for what is kept of them.

    Attributes:
        number: in the form in which the catalog has it: E.164, or an address.
        name: who asks; the letter is addressed to them.
        language: of the letter: `es` or `en`.
        since, until: the calls that are asked for, UTC, `until` exclusive; None for all.
        received_on: the day on which it arrived, in the company's zone: the term begins.
        due_on: the last day of the term.
        opened_at: when it was written down, UTC.
        copies: how recordings are given, where nothing else was decided of one.
        identified_at: when it was written down how they proved who they are; None before.
        extended_at: when the term was extended; None if it was not.
        packed_at: when the archive was made last; None before, and after another decision.
        answered_at: when it was delivered first; None before.
        refused_at: when it was refused; None if it was not.
        id: its number; 0 before it is in the catalog.
    """

    number: str
    name: str
    language: str
    since: datetime | None
    until: datetime | None
    received_on: date
    due_on: date
    opened_at: datetime
    copies: CopyOf = CopyOf.SILENCED
    identified_at: datetime | None = None
    extended_at: datetime | None = None
    packed_at: datetime | None = None
    answered_at: datetime | None = None
    refused_at: datetime | None = None
    id: int = 0

    @property
    def key(self) -> str:
        """By which people name it, and the audit log does: `AR-12`."""
        return f"AR-{self.id}"

    @property
    def state(self) -> RequestState:
        """What became of it."""
        if self.answered_at is not None:
            return RequestState.ANSWERED
        return RequestState.OPEN if self.refused_at is None else RequestState.REFUSED

    def overdue(self, today: date) -> bool:
        """Return whether its term is over and nobody answered.

        Args:
            today: in the company's zone.
        """
        return self.state is RequestState.OPEN and today > self.due_on


@dataclass(frozen=True, slots=True)
class AccessStep:
    """What somebody did for a request. Steps are only ever added to.

    Attributes:
        request_id: the request's number.
        at: UTC.
        by: who did it.
        sid: of the call or recording that was decided on; empty for all of them.
        copies: what was decided.
        text: how identity was checked, why, to whom it was delivered, or the archive's SHA-256.
        how: by which way it was delivered.
    """

    request_id: int
    kind: StepKind
    at: datetime
    by: str
    sid: str = ""
    copies: CopyOf | None = None
    text: str = ""
    how: str = ""


class CallSide(StrEnum):
    """What the number was in a call."""

    CUSTOMER = "customer"
    AGENT = "agent"
    """It was rung as an agent's: what the customer said is somebody else's."""
    FORWARDED = "forwarded"
    """Its phone forwarded the call: whoever has it was not heard in it."""


class Fate(StrEnum):
    """Whether a recording is given, and why not."""

    GIVEN = "given"
    LEFT_OUT = "left_out"
    UNDECIDED = "undecided"
    """The other side cannot be told: somebody has to decide."""
    NOT_HEARD = "not_heard"
    """Who has the number was not heard in it."""
    QUARANTINED = "quarantined"
    BLOCKED = "blocked"
    DESTROYED = "destroyed"
    NOT_THERE = "not_there"
    """There is no audio of it here (yet)."""


@dataclass(frozen=True, slots=True)
class Consultation:
    """That somebody consulted a call or a recording: when and what for, never who (C-579/21).

    Attributes:
        on: the day, in the company's zone.
        action: `listen`, `download`, `show` or `read`, which is of its transcript.
        purpose: what for, as the audit log has it; empty where nothing was said.
    """

    on: date
    action: str
    purpose: str


@dataclass(frozen=True, slots=True)
class AnsweredRecording:
    """A recording in an answer.

    Attributes:
        recording: the recording.
        fate: whether it is given.
        channels: how: `both`, or without a side; None where it is not given.
        held: whether it is kept for a dispute longer than otherwise.
        kept_until: the day after which it is destroyed or blocked; None where no rule says one.
        recipients: to whom it was given before.
        consulted: when and what for it was.
        file: its name in the archive; empty where it is not in it.
        sha256: of that file, in hex; None where it is not in it.
        transcripts: names in the archive of what a machine heard in that copy; none where there is
            nothing of it.
    """

    recording: Recording
    fate: Fate
    channels: Channels | None = None
    held: bool = False
    kept_until: date | None = None
    recipients: tuple[str, ...] = ()
    consulted: tuple[Consultation, ...] = ()
    file: str = ""
    sha256: str | None = None
    transcripts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """A call in an answer.

    Attributes:
        record: the call, its consents and recordings.
        side: what the number was in it.
        recordings: those that may be named.
        consulted: when its page was opened.
    """

    record: CallRecord
    side: CallSide
    recordings: tuple[AnsweredRecording, ...]
    consulted: tuple[Consultation, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """What a request is answered with.

    Attributes:
        request: the request.
        calls: oldest first, without those that are left out.
        left_out: how many calls are.
        blocked: how many recordings are kept for judges and authorities only.
        undecided: the SIDs of recordings of which somebody has to decide first.
    """

    request: AccessRequest
    calls: tuple[AnsweredCall, ...]
    left_out: int = 0
    blocked: int = 0
    undecided: tuple[str, ...] = ()

    @property
    def given(self) -> int:
        """How many recordings are given."""
        each = (one.fate is Fate.GIVEN for call in self.calls for one in call.recordings)
        return sum(each)


_KEY = re.compile(r"(?:AR-?)?0*([1-9][0-9]{0,8})", re.IGNORECASE)


def request_id(key: str, field: str = "request_key") -> int:
    """Return the number of a request that somebody names: `AR-12`, or `12`.

    Raises:
        InvalidQuery: it names none.
    """
    match = _KEY.fullmatch(key.strip())
    if match is None:
        raise InvalidQuery(f"{field}: give that of an access request, such as AR-12.")
    return int(match[1])


def months_after(day: date, months: int) -> date:
    """Return the same day some months later; of a month that has no such day, its last one.

    So terms of months end: Regulation (EEC, Euratom) 1182/71, art. 3.2.c. That one which ends on a
    Saturday, a Sunday or a holiday goes on to the next working day (3.4) is not counted on here.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
