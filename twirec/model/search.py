"""What a search asks of the catalog, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from twirec.model.access import Actor
from twirec.model.records import CallRecord
from twirec.model.states import State
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome, Reason, Role


@dataclass(frozen=True, slots=True)
class Query:
    """What a search asks of the catalog. All conditions must hold.

    Attributes:
        number: E.164, or the last digits of a number; matches the customer's number.
        since, until: call time, UTC; `since` inclusive, `until` exclusive.
        own_number: E.164, or the last digits of a number.
        forwarded_from: whose phone forwarded the call, E.164.
        min_seconds, max_seconds: of a recording of the call, both included.
        state: of a recording of the call.
        outcome: what the ledger says of a call.
        reason: why a call was not recorded.
        consent: what a party answered.
        case_number: whole, whatever its letters' size and accents.
        note: part of a note, whatever its letters' size and accents.
        agent: who has a leg of the call, by their `Address.key`.
        sid: of the call, or of one of its recordings.
        said: words that were said in a recording of the call.
        said_by: who is to have said them; None for either side.
        asker: who asks: recordings that are hidden from them are as if they were not there; None
            for the library itself, which sees all.
        after: start and SID of the call after which to go on.
        before: start and SID of the call up to which to go: the calls just before it.
        oldest_first: whether the oldest calls come first.
        limit: how many at the most.
    """

    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    direction: Direction | None = None
    own_number: str | None = None
    forwarded_from: str | None = None
    min_seconds: int | None = None
    max_seconds: int | None = None
    state: State | None = None
    outcome: Outcome | None = None
    reason: Reason | None = None
    consent: ConsentOutcome | None = None
    case_number: str | None = None
    note: str | None = None
    agent: str | None = None
    sid: str | None = None
    said: str | None = None
    said_by: Role | None = None
    asker: Actor | None = None
    after: tuple[datetime, str] | None = None
    before: tuple[datetime, str] | None = None
    oldest_first: bool = False
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Understood:
    """A part of what was typed to search for, as it was understood.

    Attributes:
        part: `number`, `time`, `case`, `note`, `said`, `agent` or `sid`.
        value: what is looked for: `+34600111222`, `1222` (last digits), `anonymous`, `client:ana`;
            empty for a time.
        without: the text that asks for all but this.
        since, until: of a time, UTC; None where it has no end.
        side: who is to have said it; None for either.
    """

    part: str
    value: str
    without: str
    since: datetime | None = None
    until: datetime | None = None
    side: Role | None = None


MOST_COUNTED = 1000
"""Calls that are counted for a page: nobody goes through more, and counting takes as long as
reading."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many calls match.

    Attributes:
        calls: how many were counted.
        exact: whether these are all; otherwise there are as many or more.
    """

    calls: int
    exact: bool = True


@dataclass(frozen=True, slots=True)
class SaidSentence:
    """A sentence that a machine heard, and that a search by words found. The sound decides.

    Attributes:
        call_sid: `CA…`.
        recording_sid: of the recording in which it was heard, `RE…`.
        side: who said it; None where both sides are on one channel, or nobody knows which is whose.
        starts, ends: seconds from the beginning of the recording.
        text: as the machine wrote it. A phrase may run over into what the same side says next.
        score: how sure it is that this is what was looked for, 0 to 100: how well the words are
            those, and how sure the machine was of what it heard.
        probability: how sure the machine was, 0 to 1.
    """

    call_sid: str
    recording_sid: str
    side: Role | None
    starts: float
    ends: float
    text: str
    score: int
    probability: float


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what a search found.

    Attributes:
        calls: in order of time, each with its consents, recordings, legs and notes.
        next: what to give as `after` for the next page; None on the last one.
        count: how many calls match, on all pages together, as far as they were counted: up to
            `MOST_COUNTED`.
        exact: whether these are all; otherwise there are as many or more.
        following: asks for the next page; None on the last one.
        previous: what to give as `after` for the page before; None on the first one.
        first: which call of all that match is the first of the page, counted from 1 as pages were
            turned; None of a page to which nobody turned.
        sentences: of a search by what was said: best first, and `calls` in the order of the best
            that was said in each.
    """

    calls: tuple[CallRecord, ...]
    next: str | None
    count: int
    exact: bool = True
    following: Callable[[], Page] | None = field(default=None, repr=False, compare=False)
    previous: str | None = None
    first: int | None = 1
    sentences: tuple[SaidSentence, ...] = ()

    @property
    def last(self) -> int | None:
        """Which call of all that match is the last of the page; None where `first` is."""
        return None if self.first is None else self.first + len(self.calls) - 1

    def every(self) -> Iterator[CallRecord]:
        """Return the calls of this page and of all after it, which are read as they are needed.

        Calls that come in meanwhile are not among them.

        Raises:
            CatalogError: while reading: the catalog cannot be asked.
        """
        page: Page | None = self
        while page is not None:
            yield from page.calls
            page = page.following() if page.following else None
