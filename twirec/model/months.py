"""A month that is closed: what became of each call of it, and what cannot be explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum

from twirec.model.anchors import KnownAnchor
from twirec.model.audit import AuditHead
from twirec.model.errors import InvalidQuery
from twirec.model.records import CallRecord, Recording
from twirec.model.states import STORED, UNDONE, Custody, State
from twirec.model.vocabulary import ERASED, Outcome, Reason

LISTED_FOR = 13
"""Months for which Twilio lists calls
(https://www.twilio.com/docs/voice/api/archived-calls)."""

MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")

MOST_NAMED = 300
"""Gaps that stand on the pages of a statement, and that Python is given; its list has all."""


class GapKind(StrEnum):
    """What cannot be explained."""

    NO_LINE = "no_line"
    """Twilio lists the call, and the ledger has no line of it."""
    LINE_OPEN = "line_open"
    """The ledger does not know how the call ended."""
    NO_RECORDING = "no_recording"
    """The call was to be recorded, and there is no recording."""
    NOT_COPIED = "not_copied"
    """There is a recording at Twilio, and it is not in the bucket (yet)."""
    ELSEWHERE = "elsewhere"
    """Twilio put the recording into other storage of the company, where nobody compares it."""
    OBJECT_LOST = "object_lost"
    """The recording was archived, and the bucket does not have it any more."""
    OBJECT_DIFFERS = "object_differs"
    """What lies in the bucket is not what was archived."""
    UNKNOWN_RECORDING = "unknown_recording"
    """Twilio lists a recording of the company's that the catalog does not know."""
    UNKNOWN_OBJECT = "unknown_object"
    """The bucket has a recording that the catalog does not know."""
    NOT_LISTED = "not_listed"
    """The ledger has a line of the call, and Twilio does not know the call (any more)."""


class Standing(StrEnum):
    """What became of a call."""

    RECORDED = "recorded"
    """It was recorded, and all its recordings are in the bucket as they were archived."""
    BLOCKED = "blocked"
    """It was recorded, and is kept for judges and authorities only."""
    DESTROYED = "destroyed"
    """It was recorded, and what was recorded was destroyed by a rule or an order."""
    REFUSED = "refused"
    """Who called or was called said no."""
    NOT_RECORDED = "not_recorded"
    """It was not recorded, for the reason that its line says."""
    UNEXPLAINED = "unexplained"
    """There is a gap."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that cannot be explained.

    Attributes:
        kind: what.
        sid: of the call or the recording.
        call_sid: of its call; empty where it names none.
    """

    kind: GapKind
    sid: str
    call_sid: str = ""


@dataclass(frozen=True, slots=True)
class MonthCall:
    """A call of a month.

    Attributes:
        began_at: as Twilio has it, or the ledger where Twilio does not list it, UTC.
        standing: what became of it.
        reason: why it was not recorded; None otherwise.
        recordings: those of it that are in the bucket and not blocked, each with its SHA-256.
        blocked: how many of it are blocked.
        destroyed: how many of it were destroyed.
        by_rule: how many of these a rule of retention destroyed.
        gaps: what cannot be explained.
    """

    account_sid: str
    call_sid: str
    began_at: datetime
    standing: Standing
    reason: Reason | None = None
    recordings: tuple[tuple[str, str], ...] = ()
    blocked: int = 0
    destroyed: int = 0
    by_rule: int = 0
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class MonthStatement:
    """A statement about a month, as the catalog remembers it.

    Attributes:
        id: such as `M-2026-11-7KQ4XN2M`.
        month: such as `2026-11`.
        at: when it was made, UTC.
        by: who had it made.
        closed: whether every call is explained.
        calls: how many calls it is about.
        gaps: how many gaps it names.
        sealed: whether it carries the company's seal.
        sha256, size: of its file.
        object_name: in the bucket.
        previous: the id of the statement before about the same month; empty for none.
    """

    id: str
    month: str
    at: datetime
    by: str
    closed: bool
    calls: int
    gaps: int
    sealed: bool
    sha256: str
    size: int
    object_name: str
    previous: str = ""


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """What closing a month found.

    Attributes:
        statement: that was made of it.
        named: the gaps, the first `MOST_NAMED` of them.
    """

    statement: MonthStatement
    named: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class MonthSpan:
    """A month, in the company's zone.

    Attributes:
        name: such as `2026-11`.
        since, until: UTC; `until` is exclusive.
        days: the edges of its days, UTC, one more than there are days.
    """

    name: str
    since: datetime
    until: datetime
    days: tuple[datetime, ...]


def month_span(month: str, now: datetime, zone: tzinfo) -> MonthSpan:
    """Return a month that can be closed.

    Args:
        month: such as `2026-11`.
        now: UTC.
        zone: the company's.

    Raises:
        InvalidQuery: it is none, is not over, or is too long ago for Twilio to list its calls.
    """
    said = MONTH.fullmatch(month.strip())
    if said is None:
        raise InvalidQuery("month: write it as 2026-11.")
    year, number = int(said[1]), int(said[2])
    if not 2000 <= year <= 9000:
        raise InvalidQuery("month: write it as 2026-11, from 2000 on.")
    following = date(year + number // 12, number % 12 + 1, 1)
    count = (following - date(year, number, 1)).days
    dates = [date(year, number, day) for day in range(1, count + 1)] + [following]
    edges = tuple(datetime.combine(each, time.min, zone).astimezone(UTC) for each in dates)
    if edges[-1] > now:
        raise InvalidQuery(
            f"month: {said[0]} is not over; it can be closed from {following} on ({zone})."
        )
    today = now.astimezone(zone).date()
    ago = (today.year - year) * 12 + today.month - number
    if ago > LISTED_FOR or (ago == LISTED_FOR and today.day > 1):
        raise InvalidQuery(
            f"month: {said[0]} is too long ago: Twilio lists calls for {LISTED_FOR} months, so "
            "nobody can say any more that all of them are there."
        )
    return MonthSpan(said[0], edges[0], edges[-1], edges)


Look = Callable[[Recording], GapKind | None]
"""Compares an archived recording with its object."""

OWED = frozenset({Reason.LOST, Reason.NO_RECORDING_AT_VENDOR})
"""The reasons that explain nothing: a recording was to be there, and is not."""


def judge(
    record: CallRecord, began_at: datetime, look: Look, by_rule: Iterable[str], *, listed: bool
) -> MonthCall:
    """Return what became of a call that has a line.

    Args:
        record: the line, with its recordings.
        began_at: when it began, UTC.
        look: compares what was archived with the bucket.
        by_rule: the SIDs of recordings that a rule destroyed.
        listed: whether Twilio knows the call.
    """
    call, ruled = record.call, set(by_rule)
    gone = [each for each in record.recordings if each.state in UNDONE]
    stored = [each for each in record.recordings if each.state in STORED]
    blocked = [each for each in stored if each.custody is Custody.BLOCKED]
    gaps = [
        Gap(kind, each.sid, call.call_sid)
        for each in record.recordings
        if (kind := _of_recording(each, look))
    ]
    if not gaps and (of_line := _of_line(record)):
        gaps.append(Gap(of_line, call.call_sid, call.call_sid))
    if not listed and call.customer_number != ERASED:
        gaps.append(Gap(GapKind.NOT_LISTED, call.call_sid, call.call_sid))
    return MonthCall(
        call.account_sid,
        call.call_sid,
        began_at,
        Standing.UNEXPLAINED if gaps else _standing(call.reason, stored, blocked, gone),
        None if stored or gone else call.reason,
        tuple((each.sid, each.sha256 or "") for each in stored if each not in blocked),
        len(blocked),
        len(gone),
        sum(each.sid in ruled for each in gone),
        tuple(gaps),
    )


def _standing(
    reason: Reason | None,
    stored: list[Recording],
    blocked: list[Recording],
    gone: list[Recording],
) -> Standing:
    if len(stored) > len(blocked):
        return Standing.RECORDED
    if blocked:
        return Standing.BLOCKED
    if gone:
        return Standing.DESTROYED
    return Standing.REFUSED if reason is Reason.REFUSED else Standing.NOT_RECORDED


def _of_recording(recording: Recording, look: Look) -> GapKind | None:
    match recording.state:
        case State.ARCHIVED | State.RELEASED:
            return look(recording)
        case State.COMPLETED if recording.given_up:  # somebody decided it; the line says so
            return None
        case State.COMPLETED | State.RECORDING:
            return GapKind.NOT_COPIED
        case State.EXTERNAL:
            return GapKind.ELSEWHERE
        case State.LOST:
            return GapKind.NO_RECORDING
    return None


def _of_line(record: CallRecord) -> GapKind | None:
    call = record.call
    there = [each for each in record.recordings if each.state in STORED | UNDONE]
    if there:
        return None
    if call.outcome is Outcome.OPEN:
        return GapKind.LINE_OPEN
    if call.outcome is Outcome.NOT_RECORDED and call.reason and call.reason not in OWED:
        return None
    return GapKind.NO_RECORDING


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """What a statement says.

    Attributes:
        id: of the statement.
        span: the month.
        zone: the company's, such as `Europe/Madrid`.
        company: whose calls.
        language: of the pages, `es` or `en`.
        made_at: UTC.
        made_by: the role of who had it made; empty for none.
        accounts: what was listed.
        compared_from, compared_until: when Twilio's list was compared with ledger and bucket, UTC.
        others: calls that Twilio lists and that are not the company's, or belong to others of it.
        head: where the audit log ended.
        anchor: the newest anchor of the audit log; None for none.
        previous: the statement before about the same month; None for none.
        version: of twirec.
    """

    id: str
    span: MonthSpan
    zone: str
    company: str
    language: str
    made_at: datetime
    made_by: str
    accounts: tuple[str, ...]
    compared_from: datetime
    compared_until: datetime
    others: int
    head: AuditHead | None
    anchor: KnownAnchor | None
    previous: MonthStatement | None
    version: str
