"""Callbacks, workers, sweeps, crashes and erasures in any order, and what has to hold all the same.

Hypothesis looks for a path that breaks a promise: nothing is deleted at the vendor before it is
verified and written down (2), there is at most one copy (3), which callbacks came makes no
difference in the end (4), and what was erased is gone everywhere and stays so (8).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.erasing import destroy
from tests.examples import examples
from tests.factories import ACCOUNT, STARTED, a_call, a_callback, a_consent, call_sid, recording_sid
from tests.house import AT_VENDOR, BOTH, OWN_ROUTES
from tests.sounds import wav
from tests.transfers.flaky import BucketMethod, FlakyBucket, WatchedVendor
from twirec.adapters.memory_vendor import Operation
from twirec.archive import Archive
from twirec.jobs.worker import LEASE
from twirec.model.errors import MediaTruncated, NotFound, TwirecError, VendorUnavailable
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus, VendorCall
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT
from twirec.transfers.checkpoints import Step, no_checkpoint
from twirec.transfers.transfer import TRIES_BEFORE_LOST

SIDS = [recording_sid(number) for number in (1, 2, 3)]
CALLS = dict(zip(SIDS, [call_sid(1), call_sid(1), call_sid(9)], strict=True))
"""Nobody on the third call was announced to: the catalog does not know it."""
SECONDS = {sid: number for number, sid in enumerate(SIDS, 1)}
MEDIA = {sid: wav(seconds=SECONDS[sid], channels=2) for sid in SIDS}

sids = st.sampled_from(SIDS)
steps = st.sampled_from(list(Step))
ASKED: list[Operation] = ["recordings", "recording", "call", "calls", "legs", "media", "delete"]


class Died(BaseException):
    """The process was killed."""


class NothingIsLost(RuleBasedStateMachine):
    """An archive to which everything happens."""

    def __init__(self) -> None:
        super().__init__()
        self.time = STARTED + timedelta(minutes=1)
        self.bucket = FlakyBucket()
        self.vendor = WatchedVendor(self.check_deletion)
        self.archive = Archive(
            Settings.from_env(ENVIRONMENT),
            bucket=self.bucket,
            vendor=self.vendor,
            now=lambda: self.time,
        )
        self.archive.set_up()
        # as `twirec init` does, and each worker before it takes up work
        self.archive.journal.mark_bucket()
        self.archive.catalog.ledger.open_call(a_call())
        self.archive.catalog.consents.record(a_consent(), None)
        for route in OWN_ROUTES:
            self.vendor.routes.append((ACCOUNT, route))
        for sid in set(CALLS.values()):
            numbers = ("+34600111222", "+34911000111")
            self.vendor.add_call(
                VendorCall(sid, ACCOUNT, *numbers, "inbound", "completed", started_at=STARTED)
            )
        self.began: set[str] = set()
        self.ended: set[str] = set()
        self.ordered: set[str] = set()
        self.erased: set[str] = set()

    # --- what happens -------------------------------------------------------------------------

    @rule(sid=sids)
    def a_recording_begins(self, sid: str) -> None:
        if sid not in self.began:
            self.began.add(sid)
            self.hold(sid, RecordingStatus.IN_PROGRESS)

    @rule(sid=sids)
    def a_recording_ends(self, sid: str) -> None:
        if sid not in self.ended:
            self.began.add(sid)
            self.ended.add(sid)
            self.hold(sid, RecordingStatus.COMPLETED)

    @rule(sid=sids, completed=st.booleans())
    def a_callback_arrives(self, sid: str, completed: bool) -> None:
        if sid not in (self.ended if completed else self.began):
            return
        status = RecordingStatus.COMPLETED if completed else RecordingStatus.IN_PROGRESS
        told = a_callback(
            recording_sid=sid,
            call_sid=CALLS[sid],
            status=status,
            duration=SECONDS[sid] if completed else None,
        )
        state = State.COMPLETED if completed else State.RECORDING
        self.archive.catalog.recordings.receive(told, state=state, channel_map=BOTH, at=self.time)

    @rule(minutes=st.integers(1, 90))
    def time_passes(self, minutes: int) -> None:
        self.time += timedelta(minutes=minutes)

    @rule()
    def a_worker_works(self) -> None:
        self.work(no_checkpoint)

    @rule(step=steps, deleted=st.booleans())
    def a_worker_dies(self, step: Step, deleted: bool) -> None:
        """What it had stored, somebody may then delete at the vendor, in its console."""

        def die(at: Step) -> None:
            if at is step:
                raise Died

        with suppress(Died):
            self.work(die)
        for sid in filter(self.objects, SIDS if deleted else []):
            self.vendor.lose(ACCOUNT, sid)

    @rule(
        step=steps,
        meanwhile=st.lists(st.sampled_from(["work", "sweep", "erase", "tell"]), min_size=1),
        late=st.booleans(),
    )
    def a_worker_is_slow(self, step: Step, meanwhile: list[str], late: bool) -> None:
        """While it stands at a step, others go on; it may be so late that its lease has run out."""
        happened: list[Step] = []

        def others(at: Step) -> None:
            if at is not step or happened:
                return
            happened.append(at)
            if late:
                self.time += LEASE + timedelta(minutes=1)
            for what in meanwhile:
                self.do(what)

        self.work(others)

    @rule(full=st.booleans())
    def somebody_sweeps(self, full: bool) -> None:
        with suppress(TwirecError):
            self.archive.operations.sweep(full=full)

    @rule(sid=sids)
    def an_admin_erases(self, sid: str) -> None:
        with suppress(TwirecError):
            destroy(self.archive, sid, "asked for by the caller")
            self.ordered.add(sid)

    # --- what goes wrong ----------------------------------------------------------------------

    @rule(operation=st.sampled_from(ASKED))
    def the_vendor_fails(self, operation: Operation) -> None:
        self.vendor.faults.add(operation, VendorUnavailable("no answer"))

    @rule()
    def the_media_breaks_off(self) -> None:
        self.vendor.faults.add("read", MediaTruncated("it ended early"))

    @rule(method=st.sampled_from(get_args(BucketMethod)), done=st.booleans())
    def an_answer_of_the_bucket_is_lost(self, method: BucketMethod, done: bool) -> None:
        self.bucket.lose(method, done=done)

    @rule(sid=sids)
    def a_deleted_copy_comes_back_at_the_vendor(self, sid: str) -> None:
        if sid in self.ended:
            self.hold(sid, RecordingStatus.COMPLETED)

    @rule(sid=sids)
    def an_erased_object_comes_back_in_the_bucket(self, sid: str) -> None:
        row = self.row(sid)
        if row and row.state is State.ERASED and row.object_name and not self.objects(sid):
            self.bucket.behave()
            self.bucket.put(
                row.object_name,
                [MEDIA[sid]],
                content_type="audio/x-wav",
                labels={"recording_sid": sid},
                custom_time=STARTED,
                finish=dict,
            )

    # --- what holds at any time ---------------------------------------------------------------

    def check_deletion(self, sid: str) -> None:
        """Promise 2, at the moment of the deletion."""
        row = self.archive.catalog.recordings.get(sid)
        if row.state in {State.ERASING, State.ERASED}:
            assert sid in self.ordered
            return
        assert row.state in {State.ARCHIVED, State.RELEASED}
        self.check_copy(row)

    @invariant()
    def there_is_at_most_one_copy_and_it_is_right(self) -> None:
        for sid in SIDS:
            assert [self.bytes_of(name) for name in self.objects(sid)] in ([], [MEDIA[sid]])

    @invariant()
    def what_the_catalog_says_is_in_the_bucket_is_there(self) -> None:
        for sid in SIDS:
            row = self.row(sid)
            if row and row.state in {State.ARCHIVED, State.RELEASED}:
                self.check_copy(row)

    @invariant()
    def what_is_gone_at_the_vendor_is_in_the_bucket_or_was_erased(self) -> None:
        for sid in self.ended - self.at_vendor() - self.ordered:
            assert self.objects(sid)

    @invariant()
    def what_is_erased_stays_erased(self) -> None:
        for sid in SIDS:
            row = self.row(sid)
            assert sid not in self.erased or (row and row.state is State.ERASED)
            if row and row.state is State.ERASED:
                assert sid in self.ordered
                self.erased.add(sid)

    # --- what holds in the end ----------------------------------------------------------------

    def teardown(self) -> None:
        """Promises 3, 4 and 8: with faults over, sweep and work bring all to the same truth."""
        self.vendor.behave()
        self.bucket.behave()
        for sid in self.began - self.ended:
            self.a_recording_ends(sid)
        if self.began:
            self.settle()
        assert self.at_vendor() == set()
        for sid in self.began:
            row = self.archive.catalog.recordings.get(sid)
            if sid in self.ordered:
                assert (row.state, self.objects(sid)) == (State.ERASED, [])
            else:
                assert (row.state, row.last_error) == (State.RELEASED, "")
                self.check_copy(row)
        self.archive.close()

    def settle(self) -> None:
        """Sweep and work, until nothing is due; at 404 a worker tries for a while."""
        for number in range(3 + TRIES_BEFORE_LOST):
            if number >= 3 and not self.archive.operations.stats().waiting:
                return
            self.time += timedelta(hours=1)
            self.archive.operations.sweep(full=True)
            self.work(no_checkpoint)

    # --- how ----------------------------------------------------------------------------------

    def work(self, at: Callable[[Step], None]) -> None:
        worker = self.archive.operations.worker(threads=1, at=at)
        while lease := self.archive.catalog.due_work.claim(self.time, LEASE):
            worker.work(lease)

    def do(self, what: str) -> None:
        match what:
            case "work":
                self.work(no_checkpoint)
            case "sweep":
                self.somebody_sweeps(full=False)
            case "erase":
                self.an_admin_erases(SIDS[0])
            case "tell":
                self.a_callback_arrives(SIDS[0], completed=True)

    def hold(self, sid: str, status: RecordingStatus) -> None:
        """Let the vendor have a recording."""
        completed = status is RecordingStatus.COMPLETED
        found = dataclasses.replace(
            AT_VENDOR,
            sid=sid,
            call_sid=CALLS[sid],
            status=status,
            duration=SECONDS[sid] if completed else None,
        )
        self.vendor.add_recording(found, MEDIA[sid] if completed else b"")

    def row(self, sid: str) -> Recording | None:
        try:
            return self.archive.catalog.recordings.get(sid)
        except NotFound:
            return None

    def at_vendor(self) -> set[str]:
        return {found.sid for found in self.vendor.kept(ACCOUNT)}

    def objects(self, sid: str) -> list[str]:
        return [stored.name for stored in self.bucket.list("recordings/") if sid in stored.name]

    def bytes_of(self, name: str) -> bytes:
        return b"".join(self.bucket.open_range(name))

    def check_copy(self, row: Recording) -> None:
        (name,) = self.objects(row.sid)
        data = self.bytes_of(name)
        assert (name, len(data)) == (row.object_name, row.size)
        assert hashlib.sha256(data).hexdigest() == row.sha256
        assert data == MEDIA[row.sid]


NothingIsLost.TestCase.settings = settings(
    max_examples=examples(16, thorough=300),
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow],
)
TestNothingIsLost = NothingIsLost.TestCase
