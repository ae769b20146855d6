"""The calls of a month at the vendor, beside the ledger, the recordings and the bucket.

Twilio's list and the ledger are of different orders, so each is read day by day, in pages: what is
held at once is what belongs to two days, however many calls a month has. What a list lacks is asked
for by its SID before it is called a gap: days of Twilio's and ours have other edges. What is to be
on the list of another day is looked for there: no line of the month is left out unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise

from twirec.catalog import Catalog
from twirec.catalog.months import Known, Place
from twirec.model.bucket import StoredObject
from twirec.model.errors import LookedAtNothing, NotAtVendor, ObjectNotFound
from twirec.model.months import Gap, GapKind, MonthCall, MonthSpan, Standing, judge
from twirec.model.ownership import Claim, Foreign, NotOurs
from twirec.model.ports import Bucket, Vendor
from twirec.model.records import CallRecord, Recording
from twirec.model.vendor import VendorCall, VendorRecording
from twirec.transfers.adoption import late_line
from twirec.transfers.naming import RECORDINGS, sid_of
from twirec.transfers.ownership import Ownership

PAGE = 500
"""Calls, lines and names that are held at once, beside the SIDs of two days."""

FEW = 20
"""So many lines that Twilio does not know are looked into, where it lists no call at all."""

DAY = timedelta(days=1)

Found = MonthCall | Gap


class Month:
    """Compares the calls of a month.

    Args:
        catalog, bucket, vendor: what is compared.
        ownership: says whose a call is that has no line.
        country: ISO 3166 code by which numbers are read.
        span: the month.
    """

    def __init__(
        self,
        catalog: Catalog,
        bucket: Bucket,
        vendor: Vendor,
        ownership: Ownership,
        country: str,
        span: MonthSpan,
    ) -> None:
        self._catalog = catalog
        self._vendor = vendor
        self._bucket = bucket
        self._ownership = ownership
        self._country = country
        self._span = span
        self._objects = _Objects(bucket)
        self._listed: set[str] = set()
        """The SIDs that Twilio listed of this day and the one before: a line may begin later."""
        self._before: set[str] = set()
        self._held_since = span.since
        self._elsewhere: dict[str, _Elsewhere] = {}
        """Lines that are to be on another day's list, by their SIDs, until they are seen there."""
        self._timeless: set[str] = set()
        """Calls of which Twilio gives no time at all: they are of the first day that has them."""
        self._any_listed = False
        self._not_known = 0
        self.others = 0
        """Calls that are not the company's own, or of which nobody can say so."""

    def compare(self) -> Iterator[Found]:
        """Yield each call of the month, and what is there of no call that is known.

        Raises:
            VendorError: an account could not be listed.
            BucketError: the bucket could not be listed.
            LookedAtNothing: Twilio lists nothing where the ledger has many calls.
        """
        if not self._vendor.accounts:
            raise LookedAtNothing("There are no credentials of any account: nothing is compared.")
        for begin, end in pairwise(self._span.days):
            self._before, self._listed = self._listed, set()
            for account in self._vendor.accounts:
                yield from self._calls(account, begin, end)
                yield from self._recordings(account, begin, end)
            yield from self._lines(begin, end)
            self._held_since = begin
        yield from self._on_no_list()
        yield from self._strange_objects()

    # --- Twilio's list --------------------------------------------------------------------------

    def _calls(self, account: str, begin: datetime, end: datetime) -> Iterator[Found]:
        listed = (
            call
            for call in self._vendor.calls(account, since=begin, until=end)
            if call.began_at is None or begin <= call.began_at < end
        )
        while page := list(islice(listed, PAGE)):
            seen = self._listed | self._timeless
            fresh = {call.sid: call for call in page if call.sid not in seen}
            self._listed.update(fresh)
            self._timeless.update(call.sid for call in page if call.began_at is None)
            for sid in fresh:
                self._elsewhere.pop(sid, None)
            self._any_listed = True
            known = self._catalog.months.known(account, fresh)
            for call in fresh.values():
                yield from self._call(call, known)

    def _call(self, call: VendorCall, known: Known) -> Iterator[Found]:
        record = known.records.get(call.sid)
        began = call.began_at or self._span.since
        if record is not None:
            yield self._judged(record, began, known, listed=True)
        elif self._is_ours(call):
            gap = Gap(GapKind.NO_LINE, call.sid, call.sid)
            yield MonthCall(call.account_sid, call.sid, began, Standing.UNEXPLAINED, gaps=(gap,))
        else:
            self.others += 1

    def _is_ours(self, call: VendorCall) -> bool:
        """Whether a call without a line is one of the company's, as sweeps decide it."""
        if self._catalog.agents.knows_leg(call.account_sid, call.sid):
            return False  # it belongs to a call that has a line
        points_here: Callable[[], bool] = lambda: (  # noqa: E731
            self._ownership.whose_call(call) in {Claim.ROUTE, Claim.NAMED}
        )
        line = late_line(self._catalog, self._vendor, call, self._country, points_here)
        if line is None:
            return False
        everything = self._catalog.database.adopt.everything
        return everything or self._ownership.whose_call(call) is not NotOurs.ELSEWHERE

    def _judged(
        self, record: CallRecord, began: datetime, known: Known, *, listed: bool
    ) -> MonthCall:
        def look(recording: Recording) -> GapKind | None:
            if recording.sid in known.differing:
                return GapKind.OBJECT_DIFFERS
            return self._objects.look(recording)

        return judge(record, began, look, known.by_rule, listed=listed)

    def _recordings(self, account: str, begin: datetime, end: datetime) -> Iterator[Gap]:
        """Yield the recordings that Twilio has and the catalog does not know."""
        listed = self._vendor.recordings(account, since=begin, until=end)
        while page := list(islice(listed, PAGE)):
            known = self._catalog.months.recordings_known([each.sid for each in page])
            for each in page:
                if each.sid not in known and self._is_own(each):
                    yield Gap(GapKind.UNKNOWN_RECORDING, each.sid, each.call_sid or "")

    def _is_own(self, recording: VendorRecording) -> bool:
        return not isinstance(self._ownership.whose(recording), Foreign)

    # --- the ledger -----------------------------------------------------------------------------

    def _lines(self, begin: datetime, end: datetime) -> Iterator[MonthCall]:
        """Yield the lines of a day whose calls Twilio did not list."""
        after: Place | None = None
        while page := self._catalog.months.lines(begin, end, after=after, limit=PAGE):
            after = page[-1]
            missing: dict[str, list[tuple[str, datetime]]] = {}
            for at, account, sid in page:
                if not any(sid in each for each in (self._listed, self._before, self._timeless)):
                    missing.setdefault(account, []).append((sid, at))
            for account, lines in missing.items():
                yield from self._missing(account, lines, end)

    def _missing(
        self, account: str, lines: list[tuple[str, datetime]], end: datetime
    ) -> Iterator[MonthCall]:
        known = self._catalog.months.known(account, [sid for sid, _ in lines])
        for sid, at in lines:
            record = known.records.get(sid)
            if record is None:  # it is of another account by now
                continue
            if _is_anybodys(record):
                self.others += 1
                continue
            try:
                call = self._vendor.call(account, sid)
            except NotAtVendor:
                self._miss()
                yield self._judged(record, at, known, listed=False)
                continue
            began = call.began_at or at
            if call.began_at is None:
                self._timeless.add(sid)
            is_leg = call.parent_call_sid is not None  # of which there is no list
            if is_leg or self._held_since <= began < end:  # its day's list was just read
                yield self._judged(record, at, known, listed=True)
            else:
                self._elsewhere[sid] = _Elsewhere(account, at, began)

    def _on_no_list(self) -> Iterator[MonthCall]:
        """Yield the lines that are to be on the list of another day, and are on none.

        The lists of days after theirs were read since. Those of days before, or of another month,
        are read (again) here: a day's list once.
        """
        behind: dict[tuple[str, date], set[str]] = {}
        for sid, line in self._elsewhere.items():
            if not line.at < line.began < self._span.until:
                day = line.began.astimezone(UTC).date()
                behind.setdefault((line.account, day), set()).add(sid)
        for (account, day), sids in behind.items():
            begin = datetime.combine(day, time.min, UTC)
            for call in self._vendor.calls(account, since=begin, until=begin + DAY):
                if call.sid in sids and call.began_at is not None:
                    del self._elsewhere[call.sid]
                    sids.remove(call.sid)
        left = iter(self._elsewhere.items())
        while page := list(islice(left, PAGE)):
            for account in {line.account for _, line in page}:
                lines = {sid: line for sid, line in page if line.account == account}
                known = self._catalog.months.known(account, lines)
                for sid, line in lines.items():
                    if sid in known.records:
                        yield self._judged(known.records[sid], line.at, known, listed=True)

    def _miss(self) -> None:
        self._not_known += 1
        if self._not_known > FEW and not self._any_listed:
            raise LookedAtNothing(
                f"Twilio lists no call of {self._span.name} so far, and the ledger has "
                "many: are TWILIO_ACCOUNT_SID and TWILIO_REGION right?"
            )

    # --- the bucket -----------------------------------------------------------------------------

    def _strange_objects(self) -> Iterator[Gap]:
        """Yield the recordings in the bucket that the catalog does not know."""
        day, last = self._span.since.date(), (self._span.until - timedelta.resolution).date()
        while day <= last:
            listed = self._bucket.list(RECORDINGS + _folder(day))
            while page := list(islice(listed, PAGE)):
                sids = [sid for each in page if (sid := self._sid_of(each))]
                known = self._catalog.months.recordings_known(sids)
                yield from (Gap(GapKind.UNKNOWN_OBJECT, sid) for sid in sids if sid not in known)
            day += DAY

    def _sid_of(self, stored: StoredObject) -> str | None:
        began = stored.custom_time
        its_own = began is None or self._span.since <= began < self._span.until
        return sid_of(stored.name) if its_own and not stored.problem else None


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """A line that is to be on another day's list.

    Attributes:
        account: whose call.
        at: when the line began, UTC.
        began: when the call did, as Twilio has it, UTC.
    """

    account: str
    at: datetime
    began: datetime


class _Objects:
    """The objects of a few days as the bucket lists them: a list is one request for a thousand.

    Args:
        bucket: what is listed.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._days: dict[date, dict[str, tuple[int | None, str | None]]] = {}

    def look(self, recording: Recording) -> GapKind | None:
        """Compare a recording that is archived with its object, by size and CRC32C.

        Not by generation: a backup that was brought back has another one, and is the same.
        """
        name, began = recording.object_name or "", recording.started_at
        listed = self._of(began.astimezone(UTC).date()).get(name) if began else None
        if listed is None:  # of another day, or it came just now
            try:
                stored = self._bucket.stat(name)
            except ObjectNotFound:
                return GapKind.OBJECT_LOST
            listed = (stored.size, stored.crc32c)
        archived = (recording.size, recording.crc32c)
        whole = None not in archived and listed == archived
        return None if whole else GapKind.OBJECT_DIFFERS

    def _of(self, day: date) -> dict[str, tuple[int | None, str | None]]:
        if day not in self._days:
            for old in sorted(self._days)[:-2]:
                del self._days[old]
            self._days[day] = {
                stored.name: (stored.size, stored.crc32c)
                for stored in self._bucket.list(RECORDINGS + _folder(day))
                if not stored.problem
            }
        return self._days[day]


def _folder(day: date) -> str:
    return f"{day:%Y/%m/%d}/"


def _is_anybodys(record: CallRecord) -> bool:
    """Whether a line is only that of recordings that nobody can say to be the company's."""
    theirs = record.recordings
    return bool(theirs) and all(each.claim is Claim.UNPROVEN for each in theirs)
