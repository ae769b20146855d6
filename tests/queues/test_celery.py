"""Transfers through Celery: a real Redis, a real worker, and what happens to both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.site import Site, until
from tests.queues.mortal import ORDERS, Orders
from tests.servers import Redis, redis
from twirec.adapters.celery_broker import CeleryQueue, make_app
from twirec.adapters.twilio_http import TRIES
from twirec.celery.tasks import EVERY
from twirec.jobs.hints import Hinting
from twirec.jobs.worker import LEASE
from twirec.model.hints import Hint
from twirec.model.states import State
from twirec.sandbox import Fault, Faults
from twirec.sandbox import Recording as AtVendor
from twirec.testing import ENVIRONMENT
from twirec.transfers.transfer import Step

pytestmark = pytest.mark.xdist_group("celery")


class Installation:
    """A site whose work is done through Celery.

    Args:
        site: the app, which tells Redis of what is due.
        broker: the Redis.
        orders: what is to happen to the worker's processes.
    """

    def __init__(self, site: Site, broker: Redis, orders: Orders) -> None:
        self.site = site
        self.broker = broker
        self.orders = orders
        self._beat = make_app(broker.url, sending=True)

    def look(self) -> None:
        """Be Celery's beat when it is time to look for what is due."""
        self.beat("due")

    def beat(self, name: str) -> None:
        """Be Celery's beat."""
        self._beat.send_task(f"twirec.{name}", retry=False)

    def pass_time(self, by: timedelta = LEASE + timedelta(seconds=1)) -> None:
        """Let leases run out."""
        self.orders.pass_time(by)
        self.site.skip(by)

    def released(self, held: AtVendor) -> bool:
        return self.site.archive.catalog.recordings.get(held.sid).state is State.RELEASED

    def check_each_once(self, *held: AtVendor) -> None:
        """Each of them is in the bucket, whole, and nothing is left at the vendor."""
        for each in held:
            recording = self.site.archive.catalog.recordings.get(each.sid)
            assert recording.state is State.RELEASED
            assert recording.sha256 == self.site.sandbox.sha256(each.sid)
            assert sum(each.sid in name for name in self.site.stored()) == 1
            assert each.sid not in self.site.at_vendor()

    def downloads(self) -> Counter[str]:
        paths = (seen.path for seen in self.site.sandbox.requests)
        return Counter(path.rpartition("/")[2][:34] for path in paths if path.endswith(".wav"))


@contextmanager
def celery_worker(environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "celery", "-A", "tests.queues.celery_app", "worker"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [*command, *quiet, "-c", "2"],
            env={**os.environ, **environ},
            stdout=said,
            stderr=said,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("celery")
    try:
        server = redis()
        broker = server.__enter__()
    except FileNotFoundError as error:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(str(error))
    environ = {"TWIREC_QUEUE": "celery", "TWIREC_CELERY_BROKER": broker.url}
    site = Site(folder, f"file://{folder}/bucket", environ=environ)
    try:
        with site.running():
            orders = {ORDERS: str(folder)}
            with celery_worker({**site.environ, **orders}, folder / "celery.log"):
                yield Installation(site, broker, Orders(folder))
    finally:
        server.__exit__(None, None, None)
        sys.stdout.write((folder / "celery.log").read_text()[-4000:])


def test_the_example_of_the_page_adds_the_tasks_and_their_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    page = Path(__file__).parents[2] / "docs" / "queues.md"
    (block,) = re.findall(r"^```py\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    made: dict[str, Any] = {}
    exec(compile(block, "docs", "exec"), made)  # noqa: S102 - our own page
    assert {"twirec.do", *EVERY} <= set(made["app"].tasks)
    assert set(made["app"].conf.beat_schedule) == set(EVERY)
    made["archive"].close()


def test_what_is_told_is_done_at_once_and_once(installation: Installation) -> None:
    site = installation.site
    held = [site.record(seconds=1.0 + number / 10) for number in range(6)]
    doubling = Hinting(CeleryQueue(make_app(installation.broker.url, sending=True)))
    for each in held:
        site.tell(each)  # Twilio says it twice
        doubling([Hint("recording", each.sid, site.now())] * 3)
    until(lambda: all(map(installation.released, held)))
    doubling.close()
    installation.check_each_once(*held)
    downloads = installation.downloads()
    assert [downloads[each.sid] for each in held] == [1] * len(held)


def test_a_worker_that_is_killed_at_any_step_loses_and_doubles_nothing(
    installation: Installation,
) -> None:
    held = []
    for step in Step:
        installation.orders.kill_at(step)
        held.append(installation.site.record(seconds=2.0))
        until(lambda step=step: installation.orders.is_dead(step))  # type: ignore[misc]
        installation.pass_time()
    installation.look()
    until(lambda: all(map(installation.released, held)))
    installation.check_each_once(*held)


def test_a_fault_that_passes_is_tried_again_without_anybodys_doing(
    installation: Installation,
) -> None:
    passing = (Fault.NOT_FOUND, Fault.BUSY, Fault.UNAVAILABLE, Fault.TRUNCATED)
    held = [
        installation.site.record(faults=Faults(media={fault: TRIES}, slow_seconds=0.05))
        for fault in passing
    ]
    held.append(installation.site.record(faults=Faults(delete={Fault.ERROR: TRIES})))
    until(lambda: all(map(installation.released, held)))
    installation.check_each_once(*held)


def test_a_broker_that_is_killed_in_the_middle_takes_nothing_with_it(
    installation: Installation,
) -> None:
    site = installation.site
    installation.orders.kill_at(Step.RECEIVING)
    held = [site.record(seconds=2.0) for _ in range(4)]
    installation.broker.kill()
    begun = time.monotonic()
    held += [site.record(seconds=2.0) for _ in range(4)]  # each is answered 204
    assert time.monotonic() - begun < 60
    installation.broker.start()  # empty
    installation.look()
    until(lambda: installation.orders.is_dead(Step.RECEIVING))
    installation.pass_time()
    installation.look()
    until(lambda: all(map(installation.released, held)))
    installation.check_each_once(*held)
    held.append(site.record(seconds=2.0))  # and the worker hears of what comes later
    until(lambda: installation.released(held[-1]))


def test_what_comes_periodically_comes_and_leaves_its_trace(installation: Installation) -> None:
    for name in ("sweep", "journal", "upkeep"):
        installation.beat(name)
    bucket = installation.site.archive.bucket
    until(lambda: list(bucket.list("journal/")))
    installation.site.archive.operations.check_worker()  # who looks for what is due says it
