"""Where the soak is played: a stand-in for Twilio that watches deletions, and workers to kill."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.end_to_end.site import SPEED, Site
from twirec.adapters import gcs
from twirec.jobs.worker import LEASE
from twirec.model.errors import ObjectNotFound
from twirec.model.states import State
from twirec.sandbox import Recording, Sandbox
from twirec.testing import ENVIRONMENT

THREADS = 4
"""Of each worker."""


@dataclass(slots=True)
class Figures:
    """What came of it. All after `recordings` has to be empty, `happened` aside.

    Attributes:
        kills: by the step at which, or `at random`.
        missed: what was to go wrong and did not, so that the rest proves nothing.
        happened: how often each fault really happened.
    """

    kills: Counter[str] = field(default_factory=Counter)
    recordings: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    left_at_vendor: list[str] = field(default_factory=list)
    deleted_before_verified: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        """Whether all went wrong that was to, and nothing came of it."""
        wrongs = (self.lost, self.doubled, self.wrong, self.left_at_vendor)
        return not any(wrongs) and not self.deleted_before_verified and not self.missed

    def expect(self, found: Counter[str], least: Mapping[str, int]) -> None:
        """Note what did not happen as often as it was to."""
        self.missed += [
            f"{what}: {found[what]} of {count}"
            for what, count in least.items()
            if found[what] < count
        ]

    def __str__(self) -> str:
        told = (
            f"kills {self.kills.total()}, recordings {self.recordings}, lost {len(self.lost)}, "
            f"doubled {len(self.doubled)}, wrong bytes {len(self.wrong)}, "
            f"left at the vendor {len(self.left_at_vendor)}, "
            f"deleted before verified {len(self.deleted_before_verified)}"
        )
        lines = [f"{what} {_listed(of)}" for what, of in self._counted() if of]
        return "\n    ".join([told, *lines, *self.missed])

    def _counted(self) -> Iterator[tuple[str, Counter[str]]]:
        yield "killed:", self.kills
        yield "went wrong:", self.happened


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counted.items())


class WatchedSandbox(Sandbox):
    """Looks at bucket and catalog whenever a recording is to be deleted."""

    ground: Ground

    def _answer(self, request: Any) -> Any:
        path = request.path
        if request.method == "DELETE" and "/Recordings/" in path:
            self.ground.judge(path.rpartition("/")[2].removesuffix(".json"))
        return super()._answer(request)


class Workers:
    """A process that forks workers, one after another, for whatever site; see `worker.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, **order: object) -> int:
        """Let a worker work, and return its exit status, as `Popen.returncode` has it."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=120)
        assert self._process.stdout
        self._process.stdout.close()


class Ground:
    """A site whose workers are processes that can be killed.

    Args:
        site: the installation.
        environ: its settings.
        workers: what forks them.
    """

    def __init__(self, site: Site, environ: Mapping[str, str], workers: Workers) -> None:
        self.site = site
        self.figures = Figures()
        self.environ = environ
        self._workers = workers
        self._ahead = timedelta()
        self._held: dict[str, Recording] = {}

    def add(self, **facts: Any) -> str:
        """Let the vendor hold a recording; nobody tells of it."""
        recording = self.site.sandbox.add_recording(**facts)
        self._held[recording.sid] = recording
        self.figures.recordings += 1
        return recording.sid

    def record(self, **facts: Any) -> str:
        """Let the vendor hold a recording and tell of it."""
        sid = self.add(**facts)
        self.site.tell(self.at_vendor(sid))
        return sid

    def at_vendor(self, sid: str) -> Recording:
        """Return a recording as the vendor has it."""
        return self._held[sid]

    def all_at_vendor(self) -> list[Recording]:
        """Return all recordings that the vendor was given."""
        return list(self._held.values())

    def kill(self, step: str | None = None, nth: int = 1, *, seconds: float = 0) -> bool:
        """Let a worker work until it is killed at a step or after a time; whether it was."""
        killed = self._order(step=step, nth=nth, seconds=seconds) == -signal.SIGKILL
        self.figures.kills[step or "at random"] += killed
        return killed

    def work(self) -> None:
        """Let a worker do all that is due: in this process, where nobody kills it."""
        self.site.archive.operations.worker(THREADS).run_once()

    def pass_time(self, by: timedelta = LEASE + timedelta(seconds=1)) -> None:
        """Let leases run out, and what waits become due."""
        self._ahead += by
        self.site.skip(by)

    def _order(self, **order: object) -> int:
        order |= {"ahead": self._ahead.total_seconds(), "threads": THREADS, "piece": gcs.SINGLE}
        return self._workers.order(environ=self.environ, **order)

    def judge(self, sid: str) -> None:
        """The vendor's copy is about to be deleted: is ours there, right and written down?"""
        known = self.site.archive.catalog.recordings.get(sid)
        allowed = {State.ARCHIVED, State.RELEASED, State.ERASING, State.ERASED}
        if known.state not in allowed or not self._is_right(sid, known.object_name or ""):
            self.figures.deleted_before_verified.append(sid)

    def settle(self) -> Figures:
        """Look at what is in the bucket and at the vendor, recording by recording."""
        figures = self.figures
        there = Counter(
            stored.name.rpartition("_")[2].removesuffix(".wav")
            for stored in self.site.archive.bucket.list("recordings/")
        )
        vendor = self.site.archive.vendor
        left = {found.sid for found in vendor.recordings(self.site.sandbox.account_sid)}
        for sid in self._held:
            known = self.site.archive.catalog.recordings.get(sid)
            if there[sid] == 0:
                figures.lost.append(sid)
            elif there[sid] > 1:
                figures.doubled.append(sid)
            elif not self._is_right(sid, known.object_name or ""):
                figures.wrong.append(sid)
            if sid in left or known.state is not State.RELEASED:
                figures.left_at_vendor.append(sid)
        return figures

    def _is_right(self, sid: str, name: str) -> bool:
        hashed = hashlib.sha256()
        try:
            for chunk in self.site.archive.bucket.open_range(name):
                hashed.update(chunk)
        except ObjectNotFound:
            return False
        return hashed.hexdigest() == self.site.sandbox.sha256(sid)


@contextmanager
def ground(folder: Path, bucket_url: str, workers: Workers) -> Iterator[Ground]:
    """Run a site with workers that can be killed."""
    sandbox = WatchedSandbox(speed=SPEED)
    site = Site(folder, bucket_url, sandbox=sandbox)
    with site.running():
        environ = {
            **ENVIRONMENT,
            "TWILIO_ACCOUNT_SID": sandbox.account_sid,
            "TWILIO_AUTH_TOKEN": sandbox.auth_token,
            "TWIREC_TWILIO_API_URL": sandbox.url,
            "TWIREC_PUBLIC_URL": site.url,
            "TWIREC_BUCKET": bucket_url,
            "TWIREC_DATABASE_URL": f"sqlite:///{folder}/catalog.db",
        }
        if host := os.environ.get("STORAGE_EMULATOR_HOST"):
            environ["STORAGE_EMULATOR_HOST"] = host
        sandbox.ground = Ground(site, environ, workers)
        yield sandbox.ground
