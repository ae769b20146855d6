"""Whatever is done twice, by whomever, ends in one object and one row; and at what cost."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.end_to_end.site import Site
from tests.factories import wording_of
from tests.strict_gcs import StrictGcs
from twirec.archive import Archive
from twirec.model.states import State
from twirec.sandbox import Recording as AtVendor

SINGLE_REQUEST = 3 * 32_000 + 44  # three seconds
RESUMABLE = 900_044  # above what goes in one request

# fake-gcs-server does not enforce "only if absent" on resumable uploads; the strict server does.
EVERYWHERE = pytest.mark.parametrize(
    ("any_site", "size"),
    [
        ("folder", SINGLE_REQUEST),
        ("folder", RESUMABLE),
        ("fake-gcs", SINGLE_REQUEST),
        ("strict-gcs", SINGLE_REQUEST),
        ("strict-gcs", RESUMABLE),
    ],
    indirect=["any_site"],
)


def together(*steps: Callable[[], object]) -> None:
    """Take all steps at the same time, in threads."""
    start = threading.Barrier(len(steps))

    def run(step: Callable[[], object]) -> None:
        start.wait(timeout=60)
        step()

    threads = [threading.Thread(target=run, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def check_one_of_each(site: Site, held: AtVendor) -> None:
    (recording,) = site.recordings()
    assert recording.state is State.RELEASED
    stored = list(site.archive.bucket.list("recordings/"))
    assert [found.name for found in stored] == [recording.object_name]
    assert (stored[0].generation, stored[0].size) == (recording.generation, recording.size)
    assert stored[0].labels["sha256"] == recording.sha256 == site.sandbox.sha256(held.sid)
    assert hashlib.sha256(site.bytes_of(recording)).hexdigest() == recording.sha256
    assert site.at_vendor() == []


@EVERYWHERE
@pytest.mark.usefixtures("small_pieces")
def test_a_callback_twice_in_the_wrong_order_and_to_two_workers_ends_once(
    any_site: Site, size: int
) -> None:
    held = any_site.sandbox.add_recording(size=size)
    together(lambda: any_site.tell(held), lambda: any_site.tell(held))
    held.status = "in-progress"  # the callback that should have come first
    any_site.tell(held)
    held.status = "completed"
    other = any_site.open_archive()
    together(any_site.archive.operations.worker().run_once, other.operations.worker().run_once)
    other.close()
    check_one_of_each(any_site, held)


@EVERYWHERE
@pytest.mark.usefixtures("small_pieces")
def test_two_workers_at_the_same_recording_at_the_same_time_end_in_one_object(
    any_site: Site, size: int
) -> None:
    held = any_site.record(size=size)
    other = any_site.open_archive()
    leases = []
    for archive in (any_site.archive, other):
        lease = archive.catalog.due_work.claim(archive.now(), timedelta(minutes=5))
        assert lease is not None
        leases.append(lease)
        any_site.skip(timedelta(minutes=6))  # the first one's lease runs out: it is only slow
    together(
        lambda: any_site.archive.operations.worker().work(leases[0]),
        lambda: other.operations.worker().work(leases[1]),
    )
    any_site.work_on()
    other.close()
    check_one_of_each(any_site, held)


def test_many_recordings_and_many_workers_end_each_once(any_site: Site) -> None:
    held = [any_site.record(seconds=1.0 + number / 10) for number in range(12)]
    archives: list[Archive] = [any_site.open_archive() for _ in range(3)]
    together(*(archive.operations.worker(threads=4).run_once for archive in archives))
    for archive in archives:
        archive.close()
    assert {each.state for each in any_site.recordings()} == {State.RELEASED}
    assert len(any_site.stored()) == len(held)
    downloads = [seen for seen in any_site.sandbox.requests if seen.path.endswith(".wav")]
    assert len(downloads) == len(held)


@pytest.mark.parametrize("any_site", ["strict-gcs"], indirect=True)
def test_an_ordinary_recording_takes_three_requests(
    any_site: Site, strict_server: StrictGcs
) -> None:
    any_site.call()
    # published once, not with each recording
    announcement = wording_of(any_site.archive)
    any_site.archive.catalog.announcements.published(announcement.hash, any_site.now())
    any_site.archive.journal.mark_bucket()  # looked at once a minute
    before = len(any_site.sandbox.requests)
    strict_server.reset()
    any_site.archive.operations.worker(threads=1).run_once()
    assert any_site.recordings()[0].state is State.RELEASED
    to_vendor = any_site.sandbox.requests[before:]
    assert [(seen.method, seen.status) for seen in to_vendor] == [("GET", 200), ("DELETE", 204)]
    assert [seen.kind for seen in strict_server.requests] == ["multipart"]
