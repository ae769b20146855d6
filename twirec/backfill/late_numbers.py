"""Numbers that lines get later, where nobody knew them: one by one, or from an export of calls.

A number that is known is never changed. The bucket is told too, so that it alone can make the
catalog anew: the labels of the recordings at once, the journal when it is written next.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from twirec.calls.address import WITHHELD, Kind, read
from twirec.calls.exported import ExportedCall, Unread
from twirec.calls.from_vendor import (
    called_by_twilio,
    channel_maps,
    may_be_an_agents,
    numbered,
    phone_of,
)
from twirec.catalog import Catalog
from twirec.model.audit import AuditDraft
from twirec.model.errors import (
    BucketError,
    InvalidQuery,
    ObjectNotFound,
    VerificationFailed,
)
from twirec.model.numbers import MOST_NAMED, NumbersReport
from twirec.model.ports import Bucket
from twirec.model.records import Call, CallRecord, Recording
from twirec.model.search import Query
from twirec.model.states import STORED
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import NOT_KNOWN, Direction
from twirec.transfers.naming import final_labels, labels

log = logging.getLogger("twirec.numbers")

AT_ONCE = 500
"""Rows whose lines are looked for together."""

BUCKET_FAILURES = 3
"""After so many in a row the bucket is left alone: the sweep completes what it was not told."""

LATE = ("customer_number", "own_number", "direction", "channel_map")
"""The labels of a recording that say what a line got later."""


Draft = Callable[[Call], AuditDraft]
"""Makes the entry of the audit log about a line with its new numbers."""


class LateNumbers:
    """Adds numbers to lines that have none.

    Args:
        catalog: where the lines are.
        bucket: where the recordings' labels are.
        country: ISO 3166 code by which numbers without prefix are read.
    """

    def __init__(self, catalog: Catalog, bucket: Bucket, country: str) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._country = country

    def add(
        self,
        sid: str,
        *,
        customer: str | None,
        own: str | None,
        direction: Direction | None,
        draft: Draft,
    ) -> None:
        """Add what is not known of one line.

        Args:
            sid: of the call, or of one of its recordings.
            customer, own: numbers as a person types them; None where nothing is added.
            direction: None where nothing is added.
            draft: makes the entry of the audit log.

        Raises:
            NotFound: the catalog knows no such call.
            InvalidQuery: nothing is given, it is no number, or what is to be added is known.
        """
        line = self._catalog.search.find(sid).call
        given = {
            "customer": (customer, line.customer_number != NOT_KNOWN),
            "own": (own, line.own_number != NOT_KNOWN),
            "direction": (direction, line.direction is not None),
        }
        if all(value is None for value, _ in given.values()):
            raise InvalidQuery("customer: give the number to add.")
        for name, (value, known) in given.items():
            if value is not None and known:
                raise InvalidQuery(f"{name}: it is known already; only what is not is added.")
        after = self._typed(line, customer, own, direction)
        labelling = Labelling(self._bucket)
        if not self._write(line, after, draft, labelling):
            raise InvalidQuery("customer: somebody else added it just now; look at the call again.")

    def add_from(
        self, rows: Iterable[ExportedCall | Unread], *, draft: Draft, dry_run: bool
    ) -> NumbersReport:
        """Add the numbers of an export, in constant memory but for what agents dialled.

        Raises:
            InvalidQuery: the export cannot be read (further). What was added until then stays.
            CatalogError: the catalog failed. What was added until then stays.
        """
        adding = _Adding(self._catalog, self._typed, self._country)
        labelling = Labelling(self._bucket)
        for before, after in adding.run(rows):
            written = dry_run or self._write(before, after, draft, labelling)
            adding.count("added" if written else "left_alone")
        return adding.report(dry_run, labelling.waiting)

    def _typed(
        self, line: Call, customer: str | None, own: str | None, direction: Direction | None
    ) -> Call:
        if customer is not None:
            line = replace(
                line, customer_number=self._number("customer", customer), customer_address=""
            )
        if own is not None:
            line = replace(line, own_number=self._number("own", own), own_address="")
        return replace(line, direction=direction or line.direction)

    def _number(self, name: str, text: str) -> str:
        address = read(text, self._country)
        withheld = address.kind is Kind.WITHHELD
        if not text.strip() or not (withheld or address.identifies):
            raise InvalidQuery(
                f"{name}: give a whole number with its prefix, such as +34600111222, or "
                f"'{WITHHELD}' if it was withheld."
            )
        return address.key

    def _write(self, before: Call, after: Call, draft: Draft, labelling: Labelling) -> bool:
        record = self._catalog.ledger.call(before.account_sid, before.call_sid)
        maps = channel_maps(record, after)
        if not self._catalog.ledger.add_numbers(before, after, maps, draft(after)):
            return False
        labelling.label(self._catalog.ledger.call(before.account_sid, before.call_sid))
        return True


class Labelling:
    """Labels the objects of lines that got their numbers.

    Attributes:
        waiting: recordings whose labels it could not complete.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._failures = 0
        self.waiting = 0

    def label(self, record: CallRecord) -> None:
        """Label the objects of a call's recordings. What fails is left to the sweep."""
        for recording in record.recordings:
            if recording.state in STORED and not self._label(record, recording):
                self.waiting += 1

    def _label(self, record: CallRecord, recording: Recording) -> bool:
        if self._failures >= BUCKET_FAILURES:
            return False
        name, generation = recording.object_name or "", recording.generation or 0
        try:
            wanted = labels(record, recording) | final_labels(recording)
            self._bucket.label(name, generation, {label: wanted[label] for label in LATE})
        except (BucketError, ObjectNotFound, VerificationFailed) as error:
            log.warning("%s: its labels wait for the sweep: %s", recording.sid, error)
            self._failures += isinstance(error, BucketError)
            return False
        self._failures = 0
        return True


class _Adding:
    """What is known of an export while it is read."""

    def __init__(
        self,
        catalog: Catalog,
        typed: Callable[[Call, str | None, str | None, Direction | None], Call],
        country: str,
    ) -> None:
        self._catalog = catalog
        self._typed = typed
        self._country = country
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._not_found: list[str] = []
        self._unread: dict[int, str] = {}
        self._found: set[str] = set()
        self._agents: dict[str, tuple[Call, VendorCall]] = {}
        self._legs: defaultdict[str, list[VendorCall]] = defaultdict(list)

    def count(self, what: str) -> None:
        """Count what came of a row."""
        self._counts[what] += 1

    def run(self, rows: Iterable[ExportedCall | Unread]) -> Iterator[tuple[Call, Call]]:
        """Yield each line that is to get its numbers, as it is and as it is to be."""
        rows = iter(rows)
        while page := list(islice(rows, AT_ONCE)):
            self._counts["rows"] += len(page)
            read = [row for row in page if isinstance(row, ExportedCall)]
            for row in page:
                if isinstance(row, Unread):
                    self._cannot_read(row)
            lines = self._catalog.ledger.lines(
                [sid for row in read for sid in (row.sid, _parent(row)) if sid]
            )
            for row in read:
                yield from self._row(row, lines.get(row.sid), lines.get(_parent(row) or ""))
        for line, call in self._agents.values():
            yield line, numbered(line, self._called(line, call, self._legs[line.call_sid]))

    def report(self, dry_run: bool, labels_waiting: int) -> NumbersReport:
        """Return the figures."""
        without = self._catalog.search.count(Query(number=NOT_KNOWN))
        return NumbersReport(
            dry_run=dry_run,
            **self._counts,
            not_found_sids=tuple(self._not_found),
            unread_rows=self._unread,
            labels_waiting=labels_waiting,
            still_not_known=without - (self._counts["added"] if dry_run else 0),
        )

    def _row(
        self, row: ExportedCall, line: Call | None, parent: Call | None
    ) -> Iterator[tuple[Call, Call]]:
        if line is None:
            self._no_line(row, parent)
        elif line.number_known or line.call_sid in self._found:
            self.count("left_alone")
        elif row.told is None:
            yield from self._table(row, line)
        elif may_be_an_agents(
            row.told.direction, phone_of(row.told, self._country), self._catalog.agents.is_agent
        ):
            self._found.add(line.call_sid)
            self._agents[line.call_sid] = (line, row.told)
        else:
            self._found.add(line.call_sid)
            yield line, numbered(line, self._called(line, row.told, []))

    def _no_line(self, row: ExportedCall, parent: Call | None) -> None:
        if row.told and _parent(row):
            self.count("legs")
            if parent and not parent.number_known:
                self._legs[parent.call_sid].append(row.told)
            return
        self.count("not_found")
        if len(self._not_found) < MOST_NAMED:
            self._not_found.append(row.sid)

    def _table(self, row: ExportedCall, line: Call) -> Iterator[tuple[Call, Call]]:
        own = row.own if row.own and line.own_number == NOT_KNOWN else None
        direction = row.direction if line.direction is None else None
        try:
            after = self._typed(line, row.customer, own, direction)
        except InvalidQuery as error:
            self._cannot_read(Unread(row.row, str(error)))
            return
        self._found.add(line.call_sid)
        yield line, after

    def _called(self, line: Call, call: VendorCall, legs: list[VendorCall]) -> Call:
        is_agent = self._catalog.agents.is_agent
        return called_by_twilio(call, line.started_at, self._country, lambda: legs, is_agent)

    def _cannot_read(self, row: Unread) -> None:
        self.count("unread")
        if len(self._unread) < MOST_NAMED:
            self._unread[row.row] = row.why


def _parent(row: ExportedCall) -> str | None:
    return row.told.parent_call_sid if row.told else None
