"""Hints on their way to a queue: whoever made something due waits for nobody."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections.abc import Sequence
from queue import Empty, Full, Queue

from twirec.model.errors import TwirecError
from twirec.model.hints import Hint
from twirec.model.ports import HintQueue

log = logging.getLogger("twirec.hints")

MOST_WAITING = 10_000
"""Hints that are kept in memory while the queue is slow; workers find the others without."""
AT_EXIT = 3.0
"""Seconds that a process which ends, such as a command, waits for its last hints to leave."""
BETWEEN_WORDS = 60.0
"""Seconds between two lines of the log that say that the queue takes nothing."""
PAUSE = 1.0
"""Seconds that nothing is handed over after a failure: most likely the next one fails too."""


class Hinting:
    """Hands hints over in a thread of its own, in the order in which they came.

    What cannot be handed over is not tried again: the catalog has it, and whoever looks there
    finds it. A process that was forked begins with a thread, and hints, of its own.

    Args:
        queue: where they go.
    """

    def __init__(self, queue: HintQueue) -> None:
        self._queue = queue
        self._begin()
        self._said_at = -BETWEEN_WORDS
        this = weakref.ref(self)
        atexit.register(lambda: (kept := this()) and kept.flush(AT_EXIT))

    def _begin(self) -> None:
        self._process = os.getpid()
        self._waiting: Queue[Hint] = Queue(MOST_WAITING)
        self._starts = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, hints: Sequence[Hint]) -> None:
        """Take hints over. It returns at once, and raises nothing, whatever the queue does."""
        if self._process != os.getpid():
            self._begin()
        with self._starts:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._hand_over, name="twirec-hints", daemon=True
                )
                self._thread.start()
        try:
            for hint in hints:
                self._waiting.put_nowait(hint)
        except Full:
            self._say("more hints come than the queue takes")

    def flush(self, seconds: float) -> bool:
        """Wait until all hints have left, for some seconds at the most. Whether they have."""
        end = time.monotonic() + seconds
        while self._process == os.getpid() and self._waiting.unfinished_tasks:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def close(self) -> None:
        """Let the last hints leave, and close the queue."""
        self.flush(AT_EXIT)
        self._queue.close()

    def _hand_over(self) -> None:
        waiting, failed_at = self._waiting, -PAUSE
        while True:
            try:
                hint = waiting.get(timeout=3600.0)
            except Empty:
                continue
            try:
                if time.monotonic() - failed_at >= PAUSE:
                    self._queue.put(hint)
            except TwirecError as error:
                failed_at = time.monotonic()
                self._say(str(error))
            except Exception:
                failed_at = time.monotonic()
                log.exception("an error of ours")
            finally:
                waiting.task_done()

    def _say(self, why: str) -> None:
        if time.monotonic() - self._said_at >= BETWEEN_WORDS:
            self._said_at = time.monotonic()
            log.warning("what is due is found by looking only: %s", why)
