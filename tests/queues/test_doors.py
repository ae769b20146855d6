"""Through Celery and Cloud Tasks: whatever is killed, flushed or doubled, each recording once.

A real Redis, real workers, the emulator of Cloud Tasks, gunicorn, the strict server as the bucket.
Each door is opened once for all of its tests. What goes through them of what is tested without:

- the crashes of small and large recordings, at each step behind one door or the other: at each step
  of each size, without a door, in `tests/soak/test_crashes.py`;
- the table of faults (`tests/end_to_end/test_faults.py`): of media, deletions, metadata, callbacks;
- what goes wrong with uploads (`tests/adapters/gcs/test_faults.py`);
- what comes twice, late or at once (`tests/transfers/test_transfer_twice.py`).

What a worker makes of a fault is the same code behind all doors: what is parked, and why, is shown
without them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import pytest

from tests.end_to_end import site
from tests.queues.installation import Installation, with_celery, with_cloud_tasks
from tests.ready import Ready, ready
from tests.strict_gcs.faults import Fault as BucketFault
from twirec.adapters.twilio_http import TRIES
from twirec.model.errors import NotFound
from twirec.sandbox import Fault, Faults
from twirec.sandbox import Recording as AtVendor
from twirec.transfers.checkpoints import Step

LARGE = 12.0
"""Seconds of a recording that goes in pieces, see `tests/queues/mortal.py`."""

until = partial(site.until, every=0.1)  # what is waited for takes the processor's time too
DOORS = {"celery": with_celery, "cloud-tasks": with_cloud_tasks}


@pytest.fixture(scope="module")
def programs() -> Iterator[Ready]:
    """What starts the programs of both, with everything loaded."""
    with ready("tests.queues.programs") as starting:
        yield starting


@pytest.fixture(scope="module", params=DOORS)
def door(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, programs: Ready
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(DOORS[request.param](folder, programs))
        except FileNotFoundError as error:
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
        yield opened
    for log in folder.glob("*.log"):
        print(log.name, log.read_text()[-6000:])  # noqa: T201 - shown where a test failed


def all_released(door: Installation, *held: AtVendor) -> None:
    try:
        until(lambda: all(map(door.released, held)))
    except AssertionError:
        left = [each.sid for each in held if not door.released(each)]
        known = map(door.site.archive.catalog.recordings.get, left)
        pytest.fail("\n".join(map(repr, known)) + f"\nnow {door.site.now()}")
    door.check_each_once(*held)


def test_what_comes_periodically_comes_and_leaves_its_trace(door: Installation) -> None:
    all_released(door, door.record())
    for name in ("sweep", "journal", "upkeep", "due"):
        door.beat(name)
    bucket = door.site.archive.bucket
    until(lambda: list(bucket.list("journal/")))
    until(lambda: door.site.archive.operations.stats().worker_seen)  # who looks says that they live


def test_what_is_told_is_done_at_once_and_once(door: Installation) -> None:
    held = [door.record(seconds=1.0 + number / 10) for number in range(6)]
    for each in held:
        door.tell(each)  # Twilio says it twice
    door.hint(*held, times=3)
    all_released(door, *held)
    downloads = door.downloads()
    assert [downloads[each.sid] for each in held] == [1] * len(held)


def test_a_worker_that_is_killed_at_any_step_loses_and_doubles_nothing(door: Installation) -> None:
    held = []
    for number, step in enumerate(door.steps):
        door.orders.kill_at(step)
        held.append(door.record(seconds=LARGE if number % 2 else 2.0))
        until(lambda step=step: door.orders.is_dead(step))  # type: ignore[misc]
        door.pass_time()
    door.beat("due")
    all_released(door, *held)


REFUSED = (Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE, Fault.TIMED_OUT)
"""What a download begins again after, within one try."""
MEDIA = {fault: TRIES if fault in REFUSED else 1 for fault in Fault if fault is not Fault.MONO}
"""What goes wrong with media so often that a try fails, and the next one comes by itself."""
METADATA = (Fault.BUSY, Fault.ERROR, Fault.UNAVAILABLE)

UPLOADS = (
    BucketFault(on="multipart", status=503),
    BucketFault(on="multipart", drop="before"),
    BucketFault(on="multipart", drop="after"),
    BucketFault(on="multipart", answer={"crc32c": "AAAAAA=="}),
    BucketFault(on="begin", status=503),
    BucketFault(on="chunk", drop="before"),
    BucketFault(on="chunk", keep=0),
    BucketFault(on="final", status=410),
    BucketFault(on="final", drop="after"),
    BucketFault(on="patch", status=503),
)
"""What goes wrong with uploads: of those in one request, and of those in pieces."""


def test_a_fault_that_passes_is_tried_again_without_anybodys_doing(door: Installation) -> None:
    door.site.sandbox.faults = Faults(
        call=dict.fromkeys(METADATA, 1), recording=dict.fromkeys(METADATA, 1)
    )
    media = [Faults(media={fault: times}, slow_seconds=0.05) for fault, times in MEDIA.items()]
    deletions = [Faults(delete={fault: TRIES}) for fault in METADATA]
    held = [door.record(faults=faults) for faults in (*media, *deletions)]
    all_released(door, *held)
    door.site.sandbox.faults = Faults()


def test_an_upload_that_goes_wrong_ends_in_the_same_single_copy(door: Installation) -> None:
    for fault in UPLOADS:
        door.bucket.fail(fault)
    held = [door.record(seconds=seconds) for seconds in (2.0, LARGE) for _ in range(4)]
    all_released(door, *held)
    happened = {kind for kind, times in door.bucket.faults.happened.items() if times}
    assert happened == {fault.on for fault in UPLOADS}
    door.bucket.faults.clear()


def test_callbacks_that_are_lost_doubled_or_late_end_in_one_copy(door: Installation) -> None:
    doubled, lost = door.record(), door.site.sandbox.add_recording(seconds=2.0)
    door.tell(doubled)
    assert door.tell_start(lost) == 204
    door.pass_time(timedelta(hours=2))
    door.beat("sweep")  # which asks what became of it
    until(lambda: door.released(lost))
    door.tell(lost)  # late
    all_released(door, doubled, lost)
    assert door.downloads()[lost.sid] == 1


def test_what_lacks_a_channel_waits_for_somebody_behind_every_door(door: Installation) -> None:
    held = door.record(faults=Faults(media={Fault.MONO: 1}))
    until(lambda: door.site.archive.catalog.recordings.get(held.sid).undecided)
    assert held.sid in door.site.at_vendor()
    door.site.archive.operations.retry(held.sid, by="ana")
    door.beat("due")
    all_released(door, held)


def test_a_queue_that_is_killed_in_the_middle_takes_nothing_with_it(door: Installation) -> None:
    door.orders.kill_at(Step.RECEIVING)
    held = [door.record() for _ in range(4)]
    door.broker.kill()
    begun = time.monotonic()
    held += [door.record() for _ in range(4)]  # each is answered 204
    assert time.monotonic() - begun < 60
    door.broker.start()  # empty
    door.beat("due")
    until(lambda: door.orders.is_dead(Step.RECEIVING))
    door.pass_time()
    door.beat("due")
    all_released(door, *held)
    later: list[AtVendor] = []

    def is_heard_of() -> bool:
        later.append(door.record())
        time.sleep(0.3)
        return any(map(door.released, later))

    until(is_heard_of)  # as soon as the queue is there for who hands over and who takes
    door.beat("due")
    all_released(door, *later)


class Callbacks:
    """Twilio, which posts callbacks from three threads, each until it is answered.

    Attributes:
        answered: the recordings of those that were answered 204.
    """

    def __init__(self, door: Installation) -> None:
        self._door = door
        self._stopping = threading.Event()
        self.answered: list[AtVendor] = []
        self._threads = [threading.Thread(target=self._post) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        held = None
        while not self._stopping.is_set():
            held = held or self._door.site.sandbox.add_recording(seconds=1.0)
            if self._door.tell(held) == 204:
                self.answered.append(held)
                held = None
            else:
                time.sleep(0.1)  # nobody is there


def test_every_callback_that_was_answered_is_there_whatever_is_killed(door: Installation) -> None:
    callbacks = Callbacks(door)
    until(lambda: len(callbacks.answered) >= 5)
    door.web.kill()
    door.worker.kill()
    door.web.start()
    if door.worker is not door.web:
        door.worker.start()
    before = len(callbacks.answered)
    until(lambda: len(callbacks.answered) >= before + 5)
    callbacks.stop()
    for held in callbacks.answered:
        try:
            door.site.archive.catalog.recordings.get(held.sid)
        except NotFound:
            pytest.fail(f"{held.sid} was answered 204, and is not there")
    door.pass_time()
    door.beat("due")
    all_released(door, *callbacks.answered)
