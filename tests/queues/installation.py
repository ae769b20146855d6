"""An installation whose web processes, queue and workers are programs that can be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, Protocol

import pytest
import requests

from tests.end_to_end.site import Site, until
from tests.queues.keys import ACCOUNT, KEY_ID, key
from tests.queues.mortal import ORDERS, Orders
from tests.ready import Ready
from tests.servers import Redis, StrictGcs, free_port
from twirec.adapters.celery_broker import make_app
from twirec.adapters.cloud_tasks import CloudTasksQueue
from twirec.jobs.worker import LEASE
from twirec.model.hints import Hint
from twirec.model.ports import HintQueue
from twirec.model.states import State
from twirec.sandbox import Recording as AtVendor
from twirec.transfers.checkpoints import OF_A_TRANSFER, Step

QUEUE = "projects/p/locations/europe-west1/queues/calls"
EMULATOR = Path(sys.prefix) / "tasks-emulator" / "bin" / "python"
NO_EMULATOR = "There is no gcloud-tasks-emulator: `make tasks-emulator`."


class Process(Protocol):
    """A process, as `subprocess.Popen` shows it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...


class Program:
    """A program that is started, killed with all that it started, and started again.

    Args:
        begin: starts it in a session of its own, and writes what it says into a file.
        log: that file.
        port: that it listens at, on this machine; None for none.
    """

    def __init__(
        self, begin: Callable[[IO[str]], Process], log: Path, *, port: int | None = None
    ) -> None:
        self._begin = begin
        self._log = log
        self._port = port
        self._process: Process | None = None

    def start(self) -> None:
        with self._log.open("a") as said:
            self._process = self._begin(said)
        while self._port is not None and not self._listens():
            assert self._process.poll() is None, self._log.read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it, and all that it forked, with SIGKILL."""
        if self._process is not None and self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:  # it has no session yet, and forked nothing
                with suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            while self._port is not None and self._listens():  # what it forked dies a bit later
                time.sleep(0.05)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port or 0), 1):
            return True
        return False


class Broker(Protocol):
    """What holds hints, and may be killed and started again, empty."""

    def start(self) -> None: ...

    def kill(self) -> None: ...


class Installation:
    """A site whose work is done by hints.

    Args:
        site: sandbox, bucket and catalog.
        bucket: the server of the bucket, which can be made to go wrong.
        web: what answers Twilio, and in one case does the work too.
        url: where it is.
        broker: what holds the hints.
        worker: what does the work.
        orders: what is to happen to the processes.
        queue: gives another way to hand hints over.
        beat: plays what comes periodically, by name.
        steps: at which its workers are killed; between them, the doors have them all.
    """

    def __init__(
        self,
        site: Site,
        bucket: StrictGcs,
        web: Program,
        url: str,
        broker: Broker,
        worker: Program,
        orders: Orders,
        queue: Callable[[], HintQueue],
        beat: Callable[[str], None],
        steps: Sequence[Step],
    ) -> None:
        self.site = site
        self.bucket = bucket
        self.web = web
        self.url = url
        self.broker = broker
        self.worker = worker
        self.orders = orders
        self.queue = queue
        self.beat = beat
        self.steps = steps

    def record(self, **facts: object) -> AtVendor:
        """Let the vendor hold a recording, and tell the web app of it.

        A process of the app that a test kills just then answers nobody: it is told once more.
        """
        held = self.site.sandbox.add_recording(**{"seconds": 2.0, **facts})  # type: ignore[arg-type]
        until(lambda: self.tell(held) == 204)
        return held

    def tell(self, held: AtVendor) -> int:
        """Post a recording's status callback, and return the answer's status; 0 for none."""
        callbacks = self.site.sandbox.callbacks
        return callbacks.post_status(held, f"{self.url}/twirec/status").status or 0

    def tell_start(self, held: AtVendor) -> int:
        """Post the callback that says that a recording began, and return the answer's status."""
        began = {
            "AccountSid": self.site.sandbox.account_sid,
            "CallSid": held.call_sid,
            "RecordingSid": held.sid,
            "RecordingStatus": "in-progress",
        }
        callbacks = self.site.sandbox.callbacks
        return callbacks.post(f"{self.url}/twirec/status", began).status or 0

    def hint(self, *held: AtVendor, times: int) -> None:
        """Tell the queue of recordings that it was told of already."""
        queue = self.queue()
        for each in held * times:
            queue.put(Hint("recording", each.sid, self.site.now()))
        queue.close()

    def pass_time(self, by: timedelta = LEASE + timedelta(seconds=1)) -> None:
        """Let leases run out."""
        self.orders.pass_time(by)
        self.site.skip(by)

    def released(self, held: AtVendor) -> bool:
        return self.site.archive.catalog.recordings.get(held.sid).state is State.RELEASED

    def check_each_once(self, *held: AtVendor) -> None:
        """Each of them is in the bucket, whole and once, and nothing is left at the vendor."""
        stored, left = self.site.stored(), self.site.at_vendor()
        for each in held:
            recording = self.site.archive.catalog.recordings.get(each.sid)
            assert recording.state is State.RELEASED
            assert recording.sha256 == self.site.sandbox.sha256(each.sid)
            assert sum(each.sid in name for name in stored) == 1
            assert each.sid not in left

    def downloads(self) -> Counter[str]:
        """Return how often the media of each recording was asked for."""
        paths = (seen.path for seen in self.site.sandbox.requests)
        return Counter(path.rpartition("/")[2][:34] for path in paths if path.endswith(".wav"))


BUCKET = "gs://recordings/doors"


@contextmanager
def strict_bucket() -> Iterator[StrictGcs]:
    """Run the strict server of a bucket, for this process and those that it starts."""
    with StrictGcs("recordings") as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", server.url)
        yield server


def ready_program(
    ready: Ready, words: list[str], environ: Mapping[str, str], log: Path, port: int | None = None
) -> Program:
    """Return a program that begins with everything loaded."""
    env = {**os.environ, **environ}
    return Program(
        lambda said: ready.start(*words, env=env, stdout=said.fileno(), stderr=said.fileno()),
        log,
        port=port,
    )


def gunicorn(port: int) -> list[str]:
    return [
        *("gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2"),
        *("--threads", "4", "--timeout", "120", "--preload", "--log-level", "warning"),
        "tests.queues.web_app:app",
    ]


@contextmanager
def with_celery(folder: Path, ready: Ready) -> Iterator[Installation]:
    """Run an installation whose work Celery does.

    Args:
        folder: for what it writes.
        ready: what starts its programs.

    Raises:
        FileNotFoundError: there is no Redis.
    """
    broker = Redis(free_port())
    web_port = free_port()
    url = f"http://127.0.0.1:{web_port}"
    environ = {"TWIREC_QUEUE": "celery", "TWIREC_CELERY_BROKER": broker.url}
    command = ["celery", "-A", "tests.queues.celery_app", "worker", "-c", "2", "-l", "WARNING"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    site = Site(folder, BUCKET, keys=())
    with strict_bucket() as bucket, site.running():
        environ = {**site.environ, **environ, "TWIREC_PUBLIC_URL": url, ORDERS: str(folder)}
        web = ready_program(ready, gunicorn(web_port), environ, folder / "web.log", web_port)
        worker = ready_program(ready, command, environ, folder / "worker.log")
        app = make_app(broker.url, sending=True)
        from twirec.adapters.celery_broker import CeleryQueue

        with _running(web, worker, broker):
            yield Installation(
                site,
                bucket,
                web,
                url,
                broker,
                worker,
                Orders(folder),
                lambda: CeleryQueue(make_app(broker.url, sending=True)),
                lambda name: app.send_task(f"twirec.{name}", retry=False) and None,
                OF_A_TRANSFER[::2],
            )
            app.close()


@contextmanager
def with_cloud_tasks(folder: Path, ready: Ready) -> Iterator[Installation]:
    """Run an installation whose work Cloud Tasks asks the web app for.

    Args:
        folder: for what it writes.
        ready: what starts its programs.

    Raises:
        FileNotFoundError: there is no emulator.
    """
    if not EMULATOR.exists():
        raise FileNotFoundError(NO_EMULATOR)
    port, web_port = free_port(), free_port()
    url = f"http://127.0.0.1:{web_port}"
    program = str(Path(__file__).with_name("tasks_emulator.py"))
    (folder / "cert.pem").write_text(key().cert)
    environ = {
        "TWIREC_QUEUE": "cloudtasks",
        "TWIREC_TASKS_QUEUE": QUEUE,
        "TWIREC_TASKS_SERVICE_ACCOUNT": ACCOUNT,
        "TWIREC_TASKS_EMULATOR": f"127.0.0.1:{port}",
        "TWIREC_PUBLIC_URL": url,
        "TEST_CERT": str(folder / "cert.pem"),
        ORDERS: str(folder),
    }

    def emulate(said: IO[str]) -> Process:
        emulating = subprocess.Popen(
            [str(EMULATOR), program, str(port), QUEUE, KEY_ID],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            text=True,
            start_new_session=True,
        )
        assert emulating.stdin
        emulating.stdin.write(key().pem)
        emulating.stdin.close()
        return emulating

    broker = Program(emulate, folder / "tasks.log", port=port)

    def beat(name: str) -> None:
        """Be the Scheduler, which tries again what does not answer."""

        def answered() -> bool:
            header = {"Authorization": f"Bearer {key().token(url)}"}
            with suppress(requests.RequestException):
                return requests.post(f"{url}/twirec/jobs/{name}", headers=header, timeout=60).ok
            return False

        until(answered)

    site = Site(folder, BUCKET, keys=())
    with strict_bucket() as bucket, site.running():
        environ = {**site.environ, **environ}
        web = ready_program(ready, gunicorn(web_port), environ, folder / "web.log", web_port)
        with _running(web, web, broker):
            yield Installation(
                site,
                bucket,
                web,
                url,
                broker,
                web,
                Orders(folder),
                lambda: CloudTasksQueue(QUEUE, url, ACCOUNT, f"127.0.0.1:{port}"),
                beat,
                OF_A_TRANSFER[1::2],
            )


@contextmanager
def _running(web: Program, worker: Program, broker: Broker) -> Iterator[None]:
    try:
        broker.start()
        web.start()
        if worker is not web:
            worker.start()
        yield
    finally:
        for each in (web, worker, broker):
            each.kill()
