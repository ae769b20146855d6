"""What an operator asks of an archive: figures, and trying again what was given up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from twirec.archive.audit import Auditing
from twirec.catalog import Catalog
from twirec.custody.standstill import acceptance, check_may_be_given_up, check_reason
from twirec.model.audit import Action, AuditCheck
from twirec.model.bucket import Difference
from twirec.model.budget import spend_at_most
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import InvalidQuery, NotFound, WorkerAway
from twirec.model.given import text, whole
from twirec.model.operations import Day, Stats
from twirec.model.records import Recording
from twirec.model.states import Custody
from twirec.search.phrase import spoken_span
from twirec.search.times import When
from twirec.settings import Settings
from twirec.sweep.sweep import MARK

HEARTBEAT = "a worker lives"
CHECKED = "the catalog can be written"

SILENCE = timedelta(minutes=2)
"""How long no worker may have said that it lives: each does so every twenty seconds."""

HOUR = timedelta(hours=1)

LONGEST_CHECK = 2.0
"""Seconds: who asks whether we are ready does not wait for long."""

MOST_DAYS = 3660
"""Ten years: a list that a person still looks at."""


class Upkeep(Auditing):
    """The part of the archive for operators.

    Attributes:
        settings: the accounts and the company's zone.
        catalog: what is counted.
        now: the clock, UTC.
    """

    settings: Settings
    catalog: Catalog
    now: Callable[[], datetime]

    def stats(self, since: When | None = None) -> Stats:
        """Return what the archive holds and waits for, in figures.

        Args:
            since: call time from which calls and recordings are counted, such as `2026-11-03` or
                `yesterday`, in the company's zone; a `date`, or a `datetime` with its zone. What
                waits or was given up is always counted.

        Raises:
            InvalidQuery: `since` cannot be understood; the message names the fix.
        """
        zone, begin = self.settings.timezone, None
        if since is not None:
            begin = spoken_span("since", since, now=self.now(), zone=zone).since
        counted = self.catalog.operations.stats(begin)
        swept = {sid: self.catalog.marks.get(MARK + sid) for sid in self.settings.credentials}
        check = self.catalog.audit.check() or AuditCheck()
        return replace(
            counted,
            swept=swept,
            worker_seen=self.catalog.marks.get(HEARTBEAT),
            audit_verified=check.at,
            audit_problem=check.verdict.said,
        )

    def _beat(self) -> None:
        self.catalog.marks.set(HEARTBEAT, self.now())

    def _shorten_log_in_turn(self) -> None:
        if self.catalog.marks.take_turn("turn to shorten the log", self.now(), HOUR):
            self.catalog.shorten_log()

    def check(self) -> None:
        """Check that the catalog is of this version and can be written, for a readiness probe.

        A catalog that is locked, or on a full disk, can be read still, while every call goes on
        unrecorded.

        Raises:
            CatalogError: it is not, or cannot; the message names the fix.
        """
        with spend_at_most(LONGEST_CHECK):
            self.catalog.check()
            self.catalog.marks.set(CHECKED, self.now())

    def check_worker(self) -> None:
        """Check that a worker lives.

        Raises:
            CatalogError: the catalog cannot be asked.
            WorkerAway: none has said so for two minutes.
        """
        with spend_at_most(LONGEST_CHECK):
            seen = self.catalog.marks.get(HEARTBEAT)
        if seen is None or self.now() - seen > SILENCE:
            since = f"since {seen:%Y-%m-%d %H:%M:%S} UTC" if seen else "yet"
            raise WorkerAway(f"No worker has said that it lives {since}: is `twirec work` running?")

    def daily(self, days: int = 30) -> list[Day]:
        """Return what was recorded on each of the last days, in the company's zone, oldest first.

        Args:
            days: how many, today included; up to 3,660.

        Raises:
            InvalidQuery: `days` is no such number.
        """
        whole("days", days, 1, MOST_DAYS)
        zone = self.settings.timezone
        today = self.now().astimezone(zone).date()
        dates = [today - timedelta(days=ago) for ago in range(days - 1, -2, -1)]
        # Midnight may be skipped or come twice: the zone says which moment it is.
        edges = [datetime.combine(day, time.min, zone).astimezone(UTC) for day in dates]
        counted = self.catalog.operations.recorded_between(edges)
        return [Day(day, *found) for day, found in zip(dates[:-1], counted, strict=True)]

    def parked(self, limit: int | None = None) -> list[Recording]:
        """Return the recordings that are parked, oldest first, each with its last error.

        What is `undecided` of them waits for `accept`, `give_up` or `retry`; the others are tried
        again by the next sweep. Of one that is blocked the object is not named.

        Args:
            limit: how many at the most; None for all.

        Raises:
            InvalidQuery: `limit` is no such number.
        """
        if limit is not None:
            whole("limit", limit, 0, 2**31)
        return [_without_object(each) for each in self.catalog.recordings.parked(limit)]

    def differences(self) -> list[Difference]:
        """Return the objects that are not what was put there, oldest first, until somebody looked.

        They are found when something is heard, taken out, converted or compared (`compare`).
        """
        return self.catalog.operations.differences()

    def settle_difference(self, sid: str, *, reason: str, by: str, role: str = "") -> int:
        """Take what differs of a recording off the list: somebody looked at it.

        It is mended by nothing, and found again by who hears the recording next.

        Args:
            sid: of the recording, `RE…`.
            reason: what they found, for the audit log.
            by: who looked.
            role: what they are in the app, for the audit log.

        Returns:
            How many objects it were.

        Raises:
            InvalidQuery: it is not said why.
            NotFound: nothing is known to differ of it.
        """
        with self._attempt(Action.COMPARE, by, sid, role=role) as done:
            found = text("reason", reason).strip()
            if not found:
                raise InvalidQuery("reason: say what was found.")
            if not self.catalog.operations.differences(sid):
                raise NotFound(f"Nothing is known to differ of {sid}; `twirec stats` names them.")
            settled = replace(done, detail={"settled": found})
            return self.catalog.operations.settle_differences(sid, settled)

    def accept(self, sid: str, *, reason: str, by: str, role: str = "") -> Recording:
        """Have a recording archived although its length or channels are not what Twilio says.

        A worker archives it if it is still as it was, and then deletes Twilio's copy as of any
        other. Catalog, labels and journal keep what it was accepted despite of, by whom and why.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who decides it.
            role: what they are in the app, for the audit log.

        Raises:
            NotFound: the catalog has no such recording, or it changed just now.
            InvalidQuery: it does not wait for a decision, is no whole audio, or no reason is given.
        """
        with self._attempt(Action.ACCEPT, by, sid, role=role) as done:
            order = Order(sid, OrderKind.ACCEPT, self.now(), by, check_reason(reason))
            accepted = acceptance(self.catalog.recordings.get(sid), order)
            detail = {"despite": accepted.despite, "reason": order.why}
            return self.catalog.orders.accept(order, accepted, replace(done, detail=detail))

    def give_up(self, sid: str, *, reason: str, by: str, role: str = "") -> Recording:
        """Let nothing more be tried of a recording that cannot be copied; Twilio's copy stays.

        The call's line says so, if it has no other recording. `retry` takes it back.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who decides it.
            role: what they are in the app, for the audit log.

        Raises:
            NotFound: the catalog has no such recording, or it changed just now.
            InvalidQuery: it is not parked, is archived already, or no reason is given.
        """
        with self._attempt(Action.GIVE_UP, by, sid, role=role) as done:
            order = Order(sid, OrderKind.GIVE_UP, self.now(), by, check_reason(reason))
            known = self.catalog.recordings.get(sid)
            check_may_be_given_up(known)
            detail = {"error": known.last_error, "reason": order.why}
            return self.catalog.orders.give_up(order, replace(done, detail=detail))

    def retry(self, sid: str | None = None, *, by: str, role: str = "") -> int:
        """Let a worker take parked recordings up again, from the first attempt.

        Args:
            sid: of one recording, `RE…`, which may be given up; None for all that are parked.
            by: who asks for it.
            role: what they are in the app, for the audit log.

        Returns:
            How many there were.

        Raises:
            NotFound: there is no parked recording of that SID.
        """
        with self._attempt(Action.RETRY, by, sid or "all", role=role) as done:
            return self.catalog.operations.retry(self.now(), sid, done)


def _without_object(recording: Recording) -> Recording:
    """Return a recording without its object's name, if it is blocked: nobody here may have it."""
    name = recording.object_name
    if recording.custody is not Custody.BLOCKED or name is None:
        return recording
    said = recording.last_error.replace(name, "its object")
    return replace(recording, object_name=None, last_error=said)
