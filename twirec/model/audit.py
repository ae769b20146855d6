"""The audit log: who did what, as a chain of hashes that shows tampering."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from twirec.model.claims import CheckLevel, EvidenceClaim

FIRST = "0" * 64
"""What the first entry names as the hash before it."""

DetailValue = str | int | bool | None | Sequence[Sequence[int]]
Detail = Mapping[str, DetailValue]
"""More of an entry. Pairs of whole numbers are spans of bytes, the second one exclusive."""


class Action(StrEnum):
    """What the library itself writes down. Apps add their own, such as `sign_in`."""

    LISTEN = "listen"
    DOWNLOAD = "download"
    SEARCH = "search"
    """Calls were looked for, by a number or without one."""
    SHOW = "show"
    """A call was opened."""
    POLICY = "policy"
    INFORM = "inform"
    RETENTION = "retention"
    """A rule of how long something is kept was set, removed, or put in force."""
    ADMIT = "admit"
    ERASE = "erase"
    HOLD = "hold"
    UNHOLD = "unhold"
    BLOCK = "block"
    ACCESS_REQUEST = "access_request"
    """Something was done for somebody who wants to know what is kept of them."""
    RELEASE = "release"
    """A blocked recording was opened, for one download by each of two people."""
    ASK = "ask"
    """Somebody asks for what needs a second person."""
    APPROVE = "approve"
    REFUSE = "refuse"
    EXPIRE = "expire"
    """Nobody decided in time."""
    ACCEPT = "accept"
    GIVE_UP = "give_up"
    ANNOTATE = "annotate"
    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    CALL = "call"
    """A customer was called, over the API."""
    REBUILD = "rebuild"
    DERIVE = "derive"
    TRANSCRIBE = "transcribe"
    """Somebody asks for what is said in a recording in writing."""
    READ = "read"
    """What a machine heard in a recording was read."""
    CUT = "cut"
    """Card numbers are to be cut out of what is heard, are not to be, or were."""
    EVIDENCE = "evidence"
    """A sealed package was made of it."""
    CLOSE_MONTH = "close_month"
    """All calls of a month were compared, and a statement was made of it."""
    DIFFERS = "differs"
    """What lies in the bucket was found not to be what was put there."""
    COMPARE = "compare"
    CHECK = "check"
    """Recordings were read back from the bucket, and compared with what was archived."""
    ADOPT_BUCKET = "adopt_bucket"
    CONSENT = "consent"
    """Somebody's consent to a disclosure was written down."""
    WITHDRAW = "withdraw"
    """Such a consent was withdrawn."""
    DISCLOSE = "disclose"
    """A recording was given to somebody outside: a link was made."""
    REVOKE = "revoke"
    """Such a link was ended."""
    OPEN_LINK = "open_link"
    """A recipient opened a link with its code, or tried to."""
    CASE = "case"
    """Something was done for the case of a customer."""
    DISCLOSED = "disclosed"
    """Bytes left by a link that was opened."""


class AuditOutcome(StrEnum):
    """What came of it."""

    TRIED = "tried"
    """It begins: Twilio or the bucket is asked now. Another entry says what came of it."""
    DONE = "done"
    DENIED = "denied"
    """They may not: it was refused before anything was done."""
    FAILED = "failed"
    """They may, and it could not be done."""


@dataclass(frozen=True, slots=True)
class AuditDraft:
    """What is to be written down.

    Attributes:
        at: UTC.
        by: who did it, or tried to.
        role: what they were to the company's app; empty if it has no roles.
        action: what they did, in small letters.
        sid: of the call or recording, or what else it was done to; empty for none.
        number: keyed HMAC-SHA256 of a number, in hex; empty for none. Never the number.
        outcome: what came of it.
        detail: more of it, without numbers.
    """

    at: datetime
    by: str
    role: str
    action: str
    sid: str = ""
    number: str = ""
    outcome: AuditOutcome = AuditOutcome.DONE
    detail: Detail = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the log, which is only ever added to.

    Attributes:
        at, by, role, action, sid, number, outcome, detail: as of the draft.
        seq: 1, 2, … without gaps.
        previous: the hash of the entry before.
        hash: of this entry and of `previous`: SHA-256 in hex.
    """

    at: datetime
    by: str
    role: str
    action: str
    sid: str = ""
    number: str = ""
    outcome: AuditOutcome = AuditOutcome.DONE
    detail: Detail = field(default_factory=dict)
    seq: int = 0
    previous: str = FIRST
    hash: str = ""

    @property
    def shown(self) -> Mapping[str, str]:
        """What people are shown of the detail: names and texts.

        Spans, such as the bytes that were heard, are `0-131144`. A hash that only verifying reads
        is left out.
        """
        return {name: _shown(value) for name, value in self.detail.items() if name != "content"}


def _shown(value: object) -> str:
    """Return a value as people read it. In an entry that was tampered with it may be anything."""
    if isinstance(value, list):
        return ", ".join(
            "-".join(map(str, each)) if isinstance(each, list) else str(each) for each in value
        )
    return str(value)


@dataclass(frozen=True, slots=True)
class AuditAct:
    """What somebody did, in one: that it was tried, and what came of it.

    Attributes:
        entry: what came of it; or that it was tried, while nothing did.
        begun: the entry that it was tried; None where there is none, as of what the catalog alone
            had to do.
    """

    entry: AuditEntry
    begun: AuditEntry | None = None


@dataclass(frozen=True, slots=True)
class AuditHead:
    """Where the chain ended at some time. Kept elsewhere, it shows that the end was cut off."""

    seq: int
    hash: str


UNREAD = "unread"
"""The name of the claim that anchors or time stamps in the bucket could not be looked at."""


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the chain is whole, and so are the histories whose rows it holds the hashes of.

    Attributes:
        entries: how many were looked at.
        broken_at: `seq` of the first entry that is wrong or missing, or whose row is; None if there
            is none, as of a row that no entry tells of.
        why: what is wrong with it; empty if nothing is.
        claims: what was found of its anchors in the bucket and of their time stamps, and what
            cannot be known.
    """

    entries: int
    broken_at: int | None = None
    why: str = ""
    claims: tuple[EvidenceClaim, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing was changed, taken out, put in between, or cut off."""
        return not self.why and all(each.level is not CheckLevel.BROKEN for each in self.claims)

    @property
    def compared(self) -> bool:
        """Whether the bucket's anchors could be looked at: else nothing is known by them."""
        return all(each.name != UNREAD for each in self.claims)

    @property
    def said(self) -> str:
        """What is wrong, as a sentence without its full stop; empty if nothing is."""
        if not self.why:
            return ""
        where = "" if self.broken_at is None else f" at entry {self.broken_at}"
        return f"The audit log is broken{where}: {self.why}"


class Pass(StrEnum):
    """A look at the log that goes on: at all of it, or at what is new since the last one."""

    ALL = "all"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """How far workers have looked at the log, and what they found.

    Attributes:
        at: when they last came to its end, or to what is wrong, UTC; None if they never did.
        full_at: when they last came to its end from its first entry on; None if they never did.
        seq, hash: the last entry that was found right; 0 and empty if there is none yet.
        top_seq, top_hash: the last entry of the log when they last came to its end: it has to stay.
        going: the look that goes on, of which the rest is to come; None if none does.
        broken_at, why: as in `AuditVerdict`. It stays until all of it was found right.
    """

    at: datetime | None = None
    full_at: datetime | None = None
    seq: int = 0
    hash: str = ""
    top_seq: int = 0
    top_hash: str = ""
    going: Pass | None = None
    broken_at: int | None = None
    why: str = ""

    @property
    def verdict(self) -> AuditVerdict:
        """What was found, as far as they looked."""
        return AuditVerdict(self.seq, self.broken_at, self.why)


HISTORIES: Mapping[str, str] = {
    "change": "policy_changes",
    "default": "policy_defaults",
    "entry": "agents",
    "rule": "retention_changes",
}
"""The histories whose rows the log holds the hashes of, by the field of `detail` with the row's
number; the hash is in `content`."""


ADDED_LATER = frozenset({"ends_at"})
"""Columns that rows did not have when their hashes were written: where they say nothing, a hash
does not know of them."""


def content_hash(row: Mapping[str, Any]) -> str:
    """Return the hash of a row of a history: SHA-256 of its columns as JSON, in hex.

    Keys are sorted, there is no white space, what is not ASCII is escaped, moments are UTC with
    microseconds (`2026-11-03T16:30:00.000000+00:00`), and days `2026-11-03`.
    """
    there = {name: row[name] for name in row if row[name] is not None or name not in ADDED_LATER}
    text = json.dumps(
        there, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_in_json
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _in_json(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a history")


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What is asked of the log. All conditions must hold.

    Attributes:
        since, until: UTC; `since` inclusive, `until` exclusive.
        who: by whom, in small or capital letters, with or without accents.
        sid: to what: of a call also to each of its recordings.
        number: keyed HMAC of a number.
        customer: that number as calls have it: what was done with its calls, and their recordings,
            counts too.
        before: only entries whose `seq` is smaller.
    """

    since: datetime | None = None
    until: datetime | None = None
    who: str | None = None
    action: str | None = None
    sid: str | None = None
    number: str | None = None
    customer: str | None = None
    before: int | None = None
    limit: int = 100


_NUMBER = re.compile(r"(?<![\w-])\+?\(?\d(?:[ ./()-]{0,2}\d){6,}(?!\w)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")
LONGEST = 255


def without_numbers(text: str) -> str:
    """Return a text in which nothing looks like a phone number; days stay."""
    return _NUMBER.sub(lambda match: match[0] if _DAY.match(match[0]) else "(a number)", text)


def stand_in(number: str, key: str) -> str:
    """Return the HMAC-SHA256 that stands for a number, in hex; empty without a key."""
    return hmac.new(key.encode(), number.encode(), hashlib.sha256).hexdigest() if key else ""


def chained(draft: AuditDraft, head: AuditHead | None) -> AuditEntry:
    """Return the entry that follows the head of the chain. No number gets into it."""
    seq, previous = (head.seq + 1, head.hash) if head else (1, FIRST)
    entry = AuditEntry(
        at=draft.at,
        by=without_numbers(draft.by)[:LONGEST],
        role=without_numbers(draft.role)[:LONGEST],
        action=draft.action,
        sid=without_numbers(draft.sid)[:LONGEST],
        number=draft.number,
        outcome=draft.outcome,
        detail={name: _plain(value) for name, value in draft.detail.items()},
        seq=seq,
        previous=previous,
    )
    return replace(entry, hash=hash_of(entry))


def _plain(value: DetailValue) -> DetailValue:
    if isinstance(value, str):
        return without_numbers(str(value))
    if value is None or isinstance(value, int):
        return value
    return [list(span) for span in value]


def hash_of(entry: AuditEntry) -> str:
    """Return what the hash of an entry has to be: SHA-256 of its other fields as JSON.

    Keys are sorted, there is no white space, what is not ASCII is escaped, and `at` is UTC with
    microseconds (`2026-11-03T16:30:00.000000+00:00`).
    """
    text = json.dumps(fields_of(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def fields_of(entry: AuditEntry) -> dict[str, Any]:
    """Return what the hash of an entry is of, as JSON has it."""
    fields = asdict(entry)
    fields.pop("hash")
    fields["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields["detail"] = dict(entry.detail)
    return fields
