"""A database that is away keeps one caller waiting, not all of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from twirec.model.budget import is_limited
from twirec.model.errors import CatalogUnavailable

NOTICEABLE = 0.5
"""Seconds after which a failure has kept somebody waiting who should not have to wait again."""

BETWEEN_LOOKS = 0.5
"""Seconds between two looks whether the database is back."""

log = logging.getLogger("twirec.catalog")


class Outages:
    """Lets one caller find out by waiting that the database is away, and the next ones know.

    Only where somebody waits (`spend_at_most`): workers and commands try as long as they may.
    Whether it is back is looked at in a thread of its own, so that nobody on the phone finds out.

    Args:
        look: raises CatalogUnavailable while nothing can be written.
    """

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._away = False
        self._begins = threading.Lock()
        self._closed = threading.Event()

    @contextmanager
    def minded(self) -> Iterator[None]:
        """A transaction.

        Raises:
            CatalogUnavailable: at once, while the database is known to be away.
        """
        if not is_limited():
            yield
            return
        if self._away:
            raise CatalogUnavailable("The catalog was away a moment ago, and is not back.")
        began = time.monotonic()
        try:
            yield
        except CatalogUnavailable:
            if time.monotonic() - began > NOTICEABLE:
                self._begin()
            raise

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _begin(self) -> None:
        with self._begins:
            if self._away or self._closed.is_set():
                return
            self._away = True
        log.error("the catalog is away: calls are connected unrecorded")
        threading.Thread(target=self._look_until_back, name="twirec-catalog", daemon=True).start()

    def _look_until_back(self) -> None:
        while not self._closed.wait(BETWEEN_LOOKS):
            try:
                self._look()
            except CatalogUnavailable:
                continue
            self._away = False
            log.warning("the catalog is back")
            return
