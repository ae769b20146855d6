"""A bucket that proves whose it is before anything is written, deleted or believed to be gone.

A folder whose disk is not mounted looks like an empty bucket; so does another bucket, and a
database that was restored beside a bucket that is not its own. What is copied there would be lost,
once it is deleted at Twilio; what was ordered to be erased would be called so and be there still.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from twirec.catalog import Catalog
from twirec.model.bucket import OtherGeneration, StoredObject
from twirec.model.bucket_mark import (
    CONTENT_TYPE,
    LONGEST,
    MARKED,
    NAME,
    SCHEMA,
    BucketMark,
    read_mark,
)
from twirec.model.errors import BucketNotOurs, BytesDiffer, ObjectExists, ObjectNotFound
from twirec.model.ports import Bucket, Finish, delete_named

TRIES = 3
"""So often it is looked again when another process changed the mark meanwhile."""


class MarkedBucket:
    """A bucket by the contract of the port `Bucket`, guarded by its mark. Safe to share by threads.

    A bucket without a mark gets the catalog's own at the first write, only if absent. From then on
    every method but `open_range` and `close` raises `BucketNotOurs`, and does nothing, when the
    mark is missing or another's. `open_range` reads what is there, and says so of what is not.

    Args:
        bucket: where the bytes are.
        catalog: whose they are.
        now: the clock, UTC.
        trusted_for: seconds for which a look at the mark holds: 0 for a folder, which can be
            unmounted between two recordings, and where a look costs no request.
        clock: seconds, for that.
    """

    def __init__(
        self,
        bucket: Bucket,
        catalog: Catalog,
        now: Callable[[], datetime],
        *,
        trusted_for: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bucket = bucket
        self._catalog = catalog
        self._now = now
        self._trusted_for = trusted_for
        self._clock = clock
        self._turn = threading.Lock()
        self._seen: tuple[float, int] | None = None
        self._identity = ""

    @property
    def unchecked(self) -> Bucket:
        """The bucket itself, whosesoever it is: for who makes a catalog anew from it."""
        return self._bucket

    def check(self, *, writing: bool = True) -> None:
        """Check that the bucket is this catalog's; one that is nobody's becomes it by writing.

        Raises:
            BucketNotOurs: its mark is missing or another's.
        """
        with self._turn:  # of many threads one looks, and the others believe it
            now = self._clock()
            if self._seen is not None and now - self._seen[0] < self._trusted_for:
                return
            for _ in range(TRIES):
                # Asked first: who finds no mark after that finds one missing, and not one that
                # another process is just writing.
                marked = self._seen is not None or self._catalog.marks.get(MARKED) is not None
                try:
                    generation = self._look(self._seen[1] if self._seen else None)
                except ObjectNotFound:
                    if marked:
                        raise self._missing() from None
                    if not writing:
                        return
                    with suppress(ObjectExists):  # another process was first: look whose it is
                        self._seen = (now, self._write().generation)
                        return
                else:
                    self._seen = (now, generation)
                    return
        raise BucketNotOurs(f"The mark {NAME} in the bucket comes and goes: see who changes it.")

    def mark(self) -> BucketMark | None:
        """Return whose the bucket is; None if it does not say it, or not so that it can be read."""
        with suppress(ObjectNotFound):
            return self._read()
        return None

    def adopt(self) -> None:
        """Make the bucket this catalog's, whatever its mark says or if there is none.

        A catalog whose mark was there is refused from then on.
        """
        delete_named(self._bucket, NAME)
        with self._turn:
            self._seen, self._identity = None, ""
            self._write()

    # --- the port -----------------------------------------------------------------------------

    def put(
        self,
        name: str,
        chunks: Iterable[bytes],
        *,
        content_type: str,
        labels: Mapping[str, str],
        custom_time: datetime,
        finish: Finish,
    ) -> StoredObject:
        """Write an object, only if none of that name is there. See the port `Bucket`."""
        self.check()
        return self._bucket.put(
            name,
            chunks,
            content_type=content_type,
            labels=labels,
            custom_time=custom_time,
            finish=finish,
        )

    def stat(self, name: str) -> StoredObject:
        """Describe the live object of that name. See the port `Bucket`."""
        self.check(writing=False)
        return self._bucket.stat(name)

    def label(self, name: str, generation: int, labels: Mapping[str, str]) -> StoredObject:
        """Add labels to a generation. See the port `Bucket`."""
        self.check()
        return self._bucket.label(name, generation, labels)

    def open_range(
        self, name: str, start: int = 0, end: int | None = None, *, generation: int | None = None
    ) -> Iterator[bytes]:
        """Stream bytes of an object. See the port `Bucket`."""
        try:
            return self._bucket.open_range(name, start, end, generation=generation)
        except ObjectNotFound:
            self.check(writing=False)
            raise

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Describe all live objects whose name begins with `prefix`. See the port `Bucket`."""
        self.check(writing=False)
        return self._bucket.list(prefix)

    def others(self, prefix: str) -> Iterator[OtherGeneration]:
        """Describe older generations, and what can be brought back. See the port `Bucket`."""
        self.check(writing=False)
        return self._bucket.others(prefix)

    def delete(self, name: str, generation: int) -> None:
        """Delete that generation for good. See the port `Bucket`."""
        self.check()
        self._bucket.delete(name, generation)

    def hold(
        self, name: str, generation: int, held: bool, labels: Mapping[str, str]
    ) -> StoredObject:
        """Hold a generation, or let it go. See the port `Bucket`."""
        self.check()
        return self._bucket.hold(name, generation, held, labels)

    def close(self) -> None:
        """Close connections. See the port `Bucket`."""
        self._bucket.close()

    # --- the mark -----------------------------------------------------------------------------

    def _look(self, seen: int | None) -> int:
        """Return the generation of the mark, if it is this catalog's.

        What a generation holds never changes, so one that was read is not read again.
        """
        generation = self._bucket.stat(NAME).generation
        if generation == seen:
            return generation
        mark = self._read()
        if mark is None:
            raise BucketNotOurs(f"The mark {NAME} in the bucket cannot be read. {MEND}")
        if mark.catalog != self._own_identity():
            raise BucketNotOurs(
                f"The bucket belongs to the catalog {mark.catalog}, and this one is "
                f"{self._own_identity()}. {MEND}"
            )
        if self._catalog.marks.get(MARKED) is None:
            self._catalog.marks.set(MARKED, self._now())
        return generation

    def _read(self) -> BucketMark | None:
        try:
            return read_mark(b"".join(self._bucket.open_range(NAME, 0, LONGEST)))
        except BytesDiffer:
            return None

    def _write(self) -> StoredObject:
        """Write the mark, only if absent, and then remember it: after a crash it is seen again."""
        mark = BucketMark(self._own_identity(), self._now())
        stored = self._bucket.put(
            NAME,
            [mark.content],
            content_type=CONTENT_TYPE,
            labels={"schema": str(SCHEMA)},
            custom_time=mark.at,
            finish=dict,
        )
        self._catalog.marks.set(MARKED, mark.at)
        return stored

    def _missing(self) -> BucketNotOurs:
        marked = self._catalog.marks.get(MARKED) or self._now()
        return BucketNotOurs(
            f"The bucket lacks the mark {NAME} that the bucket of this catalog "
            f"({self._own_identity()}) has had since {marked:%Y-%m-%d %H:%M} UTC. {MEND}"
        )

    def _own_identity(self) -> str:
        self._identity = self._identity or self._catalog.identity()
        return self._identity


MEND = (
    "Nothing is written or deleted there. Look first: is the folder's disk mounted, is "
    "TWIREC_BUCKET the right bucket and prefix, is TWIREC_DATABASE_URL the right database, and "
    "not one restored from elsewhere? If the database was lost, run `twirec rebuild`. If this "
    "bucket is to be this catalog's: `twirec init --adopt-bucket --reason TEXT`."
)
"""What to look at, and the orders that mend it."""
