"""Writing the journal: each day as one object in the bucket, anew when something of it changed.

An object is written only if absent, so that a day's next one has the next number; the older ones
are deleted when the bucket has proven that it holds the newer.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime

from twirec.catalog import Catalog
from twirec.journal.page import (
    CONTENT_TYPE,
    JOURNAL,
    SCHEMA,
    Page,
    audit_head,
    day_and_number,
    folder,
    is_whole,
    page_name,
)
from twirec.model.audit import AuditHead
from twirec.model.bucket import StoredObject
from twirec.model.errors import (
    AuditBroken,
    BucketUnavailable,
    JournalForeign,
    ObjectExists,
    TwirecError,
    VerificationFailed,
)
from twirec.model.journal import UNDATED, JournalReport, Row
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.states import FORGOTTEN, UNDONE

log = logging.getLogger("twirec.journal")

DAYS_REMEMBERED = 7
"""Of so many days it is remembered what was forgotten."""

TRIES = 3
"""So often a day is written again when another process was first."""


class Journal:
    """Keeps what the catalog holds in the bucket, a day at a time. Safe to share by threads.

    Args:
        catalog: what is kept.
        bucket: where.
        now: the clock, UTC.
    """

    def __init__(self, catalog: Catalog, bucket: Bucket, now: Callable[[], datetime]) -> None:
        self._catalog = catalog
        self._bucket = bucket
        self._now = now
        self._turn = threading.Lock()
        self._forgetting = threading.Lock()
        self._forgotten: dict[date, set[str]] = {}

    def write(self, since: date | None = None) -> JournalReport:
        """Write the days that changed.

        Args:
            since: the first day that is looked at, UTC; None for all.

        Raises:
            BucketError: the bucket cannot be listed.
        """
        days = self._catalog.journal.days(since)
        listed = self._by_day() if since is None else {}
        written = 0
        problems: dict[str, str] = {}
        for day in days:
            try:
                if not self._stands(day, listed.get(day, [])):
                    written += self.write_day(day)
            except TwirecError as error:
                problems[day.isoformat()] = f"{type(error).__name__}: {error}"
                log.error("the journal of %s: %s", day, error)
        return JournalReport(len(days), written, problems)

    def forget(self, recording: Recording) -> None:
        """Let catalog and journal forget what is not kept of a recording that is being erased.

        All of its day that are to be erased are forgotten with it, and the day is written once.
        Raises as `write_day` does.
        """
        start = recording.started_at
        day = start.astimezone(UTC).date() if start else UNDATED
        with self._forgetting:
            if recording.sid not in self._forgotten.get(day, ()):
                self._catalog.journal.forget_erasing(day)
                self.write_day(day)

    def write_day(self, day: date) -> bool:
        """Write a day if it changed, and let only its newest object be. Whether it was written.

        Raises:
            BucketError: the object could not be written, or an older one not be deleted.
            JournalForeign: another catalog wrote what is there.
            AuditBroken: what is there proves that the audit log was tampered with.
        """
        with self._turn:
            for _ in range(TRIES):
                try:
                    return self._write_once(day)
                except ObjectExists:
                    log.info("the journal of %s: another process was first", day)
        raise BucketUnavailable(f"Other processes keep writing the journal of {day}.")

    def audit_head(self) -> AuditHead | None:
        """Return where the audit log's chain ended when the journal was last written.

        Raises:
            BucketError: the bucket cannot be listed.
        """
        heads = [head for each in self._bucket.list(JOURNAL) if (head := audit_head(each))]
        return max(heads, key=lambda head: head.seq, default=None)

    def _by_day(self) -> dict[date, list[StoredObject]]:
        """Return all objects by day, with one listing instead of one a day."""
        days: dict[date, list[StoredObject]] = {}
        for stored in self._bucket.list(JOURNAL):
            if named := day_and_number(stored.name):
                days.setdefault(named[0], []).append(stored)
        return days

    def _stands(self, day: date, versions: list[StoredObject]) -> bool:
        """Whether a day's only object is as it is to be; what was listed may be out of date."""
        if len(versions) != 1 or not is_whole(versions[0]):
            return False
        with self._catalog.journal.rows(day) as rows:
            return versions[0].labels.get("sha256") == Page(day, rows).sha256()

    def _write_once(self, day: date) -> bool:
        forgotten: set[str] = set()
        older = self._versions(day)
        if older and self._is_as_written(day, older[-1], forgotten):
            self._drop(day, older[:-1])
            self._remember(day, forgotten)
            return False
        newest = self._number(older[-1]) if older else 0
        forgotten.clear()
        stored = self._put(day, newest + 1, forgotten)
        self._drop(day, older)  # only now: no crash leaves a day without its journal
        # Who listed the same older ones and was slower has written what is out of date.
        if [later for later in self._versions(day) if self._number(later) > newest + 1]:
            self._drop(day, [stored])
        self._remember(day, forgotten)
        return True

    def _is_as_written(self, day: date, newest: StoredObject, forgotten: set[str]) -> bool:
        if newest.labels.get("token") not in self._catalog.journal.tokens(day):
            self._refuse(day, newest)
        with self._catalog.journal.rows(day) as rows:
            digest = Page(day, _noting(rows, forgotten)).sha256()
        if is_whole(newest) and newest.labels.get("sha256") == digest:
            return True
        self._check_audit(newest)
        return False

    def _refuse(self, day: date, newest: StoredObject) -> None:
        if self._versions(day)[-1:] != [newest]:
            raise ObjectExists("Another process wrote the next one, and forgot this one's token.")
        raise JournalForeign(
            f"The journal of {day} in the bucket was written by another catalog, or by a newer "
            "copy of this one, and is left as it is: make a catalog from it with `twirec "
            "rebuild`, or give this one a bucket of its own."
        )

    def _check_audit(self, newest: StoredObject) -> None:
        """Let what proves that the audit log was tampered with not be written over.

        Raises:
            AuditBroken: the log has not the entry any more with which it ended then.
        """
        head = audit_head(newest)
        if head is None:
            return
        entries = self._catalog.audit.entries(head.seq - 1, 1)
        if [(entry.seq, entry.hash) for entry in entries] != [(head.seq, head.hash)]:
            raise AuditBroken(
                f"{newest.name} is left as it is: the audit log's entry {head.seq} is not any more "
                "the one that it holds; see `twirec audit --verify`."
            )

    def _put(self, day: date, number: int, forgotten: set[str]) -> StoredObject:
        token = uuid.uuid4().hex
        # Before the object: after a crash in between there is a token too many, and no object of
        # our own that looks like another catalog's.
        self._catalog.journal.add_token(day, token)
        try:
            with self._catalog.journal.rows(day) as rows:
                page = Page(day, _noting(rows, forgotten))
                stored = self._bucket.put(
                    page_name(day, number),
                    page.chunks(),
                    content_type=CONTENT_TYPE,
                    labels={"schema": str(SCHEMA), "day": day.isoformat(), "token": token},
                    custom_time=self._now(),
                    finish=page.labels,
                )
        except ObjectExists:
            self._catalog.journal.drop_token(day, token)
            raise
        if (stored.size, stored.crc32c) != (page.size, page.crc32c) or not is_whole(stored):
            raise VerificationFailed(
                f"The bucket does not hold the journal of {day} as it was sent."
            )
        log.info("the journal of %s: %d rows", day, page.rows)
        return stored

    def _remember(self, day: date, forgotten: set[str]) -> None:
        if len(self._forgotten) >= DAYS_REMEMBERED:
            self._forgotten.clear()
        self._forgotten[day] = forgotten

    def _versions(self, day: date) -> list[StoredObject]:
        """Return the objects of a day, the newest last."""
        versions = [each for each in self._bucket.list(folder(day)) if day_and_number(each.name)]
        return sorted(versions, key=self._number)

    def _number(self, stored: StoredObject) -> int:
        named = day_and_number(stored.name)
        return named[1] if named else 0

    def _drop(self, day: date, versions: Sequence[StoredObject]) -> None:
        for old in versions:
            self._bucket.delete(old.name, old.generation)
            self._catalog.journal.drop_token(day, old.labels.get("token", ""))


def _noting(rows: Iterator[Row], forgotten: set[str]) -> Iterator[Row]:
    """Pass rows on, and note of which recordings they hold nothing any more."""
    for table, row in rows:
        if table == "recordings" and row["state"] in UNDONE:
            named = [row[name] for name in FORGOTTEN if row[name] is not None]
            forgotten.update([] if named else [row["sid"]])
        yield table, row
