"""Listening copies: smaller ones beside every original, made when there is time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from twirec.audio.formats import find_format
from twirec.catalog import Catalog
from twirec.derivatives.derivatives import Derivatives
from twirec.jobs.retrying import LISTENING_COPIES
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.audio import ConversionSpec
from twirec.model.derivatives import Derivative
from twirec.model.hints import LISTENING_COPY

RECENT = timedelta(days=7)
"""How old a recording may be that is looked at for one, but for the looks that find all."""
ALL_EVERY = timedelta(days=1)
"""After which a process looks at all again: its first look does, and an older recording may be
admitted meanwhile."""
AT_ONCE = 100
"""How many are made due at once."""


class ListeningCopies:
    """A kind of due work: the listening copies that recordings lack.

    Args:
        catalog: where it is written down which are due.
        derivatives: makes them.
        specs: what they are, the first one first.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        derivatives: Derivatives,
        specs: Sequence[ConversionSpec],
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._derivatives = derivatives
        self._specs = specs
        self._now = now
        self._since = dict.fromkeys(specs, "")
        self._all_at: dict[ConversionSpec, datetime] = {}

    def kind(self) -> Kind[Derivative]:
        """Return what a worker has to know of them."""
        return Kind(
            LISTENING_COPY,
            self._catalog.derivatives.listening_copies,
            self.run,
            lambda copy: f"{copy.recording_sid}: its listening copy",
            LISTENING_COPIES,
            aside=True,
            refill=self.refill,
        )

    def run(self, keeper: LeaseKeeper[Derivative]) -> None:
        """Make one."""
        due = keeper.lease.item
        original = self._catalog.recordings.get(due.recording_sid)
        self._derivatives.make(original, ConversionSpec.of(due.conversion), None, keeper)

    def refill(self) -> int:
        """Make copies due of recordings that lack them, and return how many were lacking."""
        return sum(map(self._enrol, self._specs))

    def _enrol(self, spec: ConversionSpec) -> int:
        now, all_at = self._now(), self._all_at.get(spec)
        if all_at is None or now - all_at >= ALL_EVERY:
            self._since[spec] = ""
        extension = find_format(spec.format).extension
        enrolled = self._catalog.derivatives.enrol_listening_copies(
            spec, extension, now, self._since[spec], AT_ONCE
        )
        if enrolled < AT_ONCE:
            if not self._since[spec]:
                self._all_at[spec] = now
            self._since[spec] = f"recordings/{now - RECENT:%Y/%m/%d}/"
        return enrolled
