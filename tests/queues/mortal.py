"""The processes behind a door in tests: killed where a file says so, on a movable clock."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import twirec.adapters.gcs
import twirec.adapters.twilio_http
from twirec.archive import Archive
from twirec.transfers.checkpoints import Step

ORDERS = "TEST_ORDERS"
"""The folder that says what is to happen to these processes."""


PIECE = 256 * 1024
"""What Google takes at the least."""


class Orders:
    """What a test orders, in a folder that all processes see.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def kill_at(self, step: str) -> None:
        """Let the first who comes to that step be killed there."""
        (self._folder / f"kill-{step}").touch()

    def is_dead(self, step: str) -> bool:
        """Whether somebody was."""
        return not (self._folder / f"kill-{step}").exists()

    def pass_time(self, by: timedelta) -> None:
        """Let all clocks go on."""
        whole = self.ahead() + by
        draft = self._folder / "ahead.new"
        draft.write_text(str(whole.total_seconds()))
        draft.rename(self._folder / "ahead")

    def ahead(self) -> timedelta:
        """How much they have gone on."""
        try:
            return timedelta(seconds=float((self._folder / "ahead").read_text()))
        except FileNotFoundError:
            return timedelta()

    def at(self, step: Step) -> None:
        """Die, if that is ordered for this step."""
        try:
            (self._folder / f"kill-{step}").unlink()
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


def mortal_archives() -> None:
    """Let every archive of this process, and of those that it forks, be one of a test's."""
    from_env = Archive.from_env
    orders = Orders(Path(os.environ[ORDERS]))
    # so that no recording has to be long to go in pieces
    twirec.adapters.gcs.SINGLE = twirec.adapters.gcs.LARGE_PIECE = PIECE  # type: ignore[misc]
    twirec.adapters.twilio_http._wait = lambda *_: 0.01  # type: ignore[attr-defined]

    def mortal(*_: Any) -> Archive:
        archive = from_env()
        archive.now = lambda: datetime.now(UTC) + orders.ahead()
        worker = archive.operations.worker
        archive.operations.worker = lambda threads=4: worker(threads, at=orders.at)  # type: ignore
        return archive

    Archive.from_env = mortal  # type: ignore[method-assign]
