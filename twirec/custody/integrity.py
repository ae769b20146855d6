"""Reads objects back, and says of each whether it is what was archived."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from twirec.catalog.checks import Checks
from twirec.custody.listening import CheckedBucket
from twirec.model.access import Actor, Deed, may
from twirec.model.errors import BucketError, BucketNotOurs, BytesDiffer, ObjectNotFound
from twirec.model.integrity import MOST_NAMED, IntegrityReport
from twirec.model.records import Recording
from twirec.model.states import STORED

A_MINUTE = timedelta(minutes=1)

A_DAY = timedelta(days=1)
"""After which what the bucket did not give is tried again, if nothing else is to be read."""

AT_ONCE = 50
"""Recordings of which one turn of a worker reads no more."""

LOT = 100
"""So many are read before it is written down that they were."""

Checked = Callable[[str, Actor], CheckedBucket]
"""Gives what reads objects of a recording, and enters what differs under a name."""

GONE = "it is not in the bucket any more"


class Integrity:
    """Reads objects back.

    Args:
        checks: which there are, and when each was read last.
        checked: reads, and enters what differs.
        differs: enters that an object is gone.
        get: returns a recording as it is now, by its SID.
        now: the clock, UTC.
    """

    def __init__(
        self,
        checks: Checks,
        checked: Checked,
        differs: Callable[[str, Actor, str, str], None],
        get: Callable[[str], Recording],
        now: Callable[[], datetime],
    ) -> None:
        self._checks = checks
        self._checked = checked
        self._differs = differs
        self._get = get
        self._now = now

    def read(
        self,
        chosen: Iterable[Recording],
        actor: Actor,
        *,
        of: int,
        read: Callable[[int], object] = lambda size: None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> IntegrityReport:
        """Read recordings back, and report.

        Args:
            chosen: which.
            actor: who has it done; what differs is entered under that name.
            of: how many there are.
            read: called with the bytes of each that was read.
            stopping: says whether to end.

        Raises:
            BucketNotOurs: the bucket is not this catalog's: nothing in it says anything.
        """
        counts = dict.fromkeys(("read", "size", "changed", "lost", "unread"), 0)
        named: list[str] = []
        done: list[str] = []
        unread: list[str] = []
        for recording in chosen:
            if stopping():
                break
            came = self._one(recording, actor)
            if came is None:  # it was destroyed, or changed, meanwhile
                continue
            counts[came] += 1
            (unread if came == "unread" else done).append(recording.sid)
            if came == "changed":
                counts["read"] += 1
            if came in ("read", "changed"):
                counts["size"] += recording.size or 0
            damaged = came in ("changed", "lost")
            if damaged and len(named) < MOST_NAMED and may(actor, recording, Deed.DETAILS):
                named.append(recording.sid)
            read(recording.size or 0)
            if len(done) + len(unread) >= LOT:
                self._write_down(done, unread)
        self._write_down(done, unread)
        return IntegrityReport(of=of, **counts, named=tuple(named), oldest=self._checks.oldest())

    def _write_down(self, done: list[str], unread: list[str]) -> None:
        self._checks.checked(done, self._now())
        self._checks.tried(unread, self._now())
        done.clear()
        unread.clear()

    def _one(self, recording: Recording, actor: Actor) -> str | None:
        """Read one, and say what came of it; None if there is nothing to say of it any more."""
        recording = self._get(recording.sid)  # its copy without card numbers may be in its place
        if recording.state not in STORED:
            return None
        try:
            for _ in self._checked(recording.sid, actor).open(recording.fingerprint):
                pass
        except BucketNotOurs:
            raise
        except BytesDiffer:
            return "changed"
        except ObjectNotFound:
            now = self._get(recording.sid)
            if (now.state, now.fingerprint) != (recording.state, recording.fingerprint):
                return None
            self._differs(recording.sid, actor, recording.object_name or "", GONE)
            return "lost"
        except BucketError:
            return "unread"
        return "read"

    def turn(self, period: timedelta, rate: int) -> tuple[list[Recording], timedelta]:
        """Return what a worker reads next, and how long after the last turn it may.

        So every object is read once in a period, and no more bytes a second, on an average, than
        the rate: who reads more at once has waited for it. What the bucket did not give goes to the
        end of the line, and is tried again earlier where nothing else is to be read.

        Args:
            period: in which every object has its turn.
            rate: bytes a second.
        """
        now = self._now()
        line = self._checks.next(AT_ONCE, now - period)
        waiting = [each for each, at in line]
        if not line or (line[0][1] is not None and now - line[0][1] < period):
            waiting = self._checks.not_given(AT_ONCE, now - A_DAY)
        if not waiting:
            return [], period
        count = max(self._checks.count(), 1)
        wait = max(period / count, A_MINUTE)
        most = math.ceil(count * (wait / period))
        chosen, size = list[Recording](), 0
        for recording in waiting[:most]:
            if chosen and size + (recording.size or 0) > rate * wait.total_seconds():
                break
            chosen.append(recording)
            size += recording.size or 0
        return chosen, max(wait, timedelta(seconds=size / rate))
