"""The end of a pause by the policy: what nobody resumes would stay silent.

A worker does it, so that it comes whether or not anybody's page is open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.jobs.retrying import PAUSES
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.access import OURSELVES
from twirec.model.audit import Action, AuditDraft
from twirec.model.hints import PAUSE
from twirec.model.records import PauseLimit, Recording
from twirec.model.states import State
from twirec.webhooks.pausing import Pausing

LEASE = timedelta(minutes=1)
"""How long Twilio may take before another worker asks it: longer than any timeout."""


class PauseEnds:
    """A kind of due work: the pauses that have lasted for as long as the settings let them.

    Args:
        catalog: which they are.
        pausing: lets recordings go on.
        trail: where that is entered.
        longest: how long a pause may last.
        now: the clock, UTC.
    """

    def __init__(
        self,
        catalog: Catalog,
        pausing: Pausing,
        trail: AuditTrail,
        longest: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._catalog = catalog
        self._pausing = pausing
        self._trail = trail
        self._longest = longest
        self._now = now

    def kind(self) -> Kind[PauseLimit]:
        """Return what a worker has to know of them."""
        return Kind(
            PAUSE,
            self._catalog.pauses.limits,
            self.run,
            lambda limit: f"{limit.recording_sid}: end of its pause",
            PAUSES,
            LEASE,
            aside=True,
        )

    def run(self, keeper: LeaseKeeper[PauseLimit]) -> None:
        """End one, unless somebody did, or the call is over."""
        keeper.renew()  # raises if it was ended meanwhile: another pause is not to be ended early
        sid = keeper.lease.item.recording_sid
        if self._catalog.recordings.get(sid).state is not State.RECORDING:
            self._catalog.pauses.limits.remove(keeper.lease)
            return
        detail = {"longest_pause": int(self._longest.total_seconds())}
        with self._trail.outside(Action.RESUME, OURSELVES, sid, detail) as done:

            def audited(recording: Recording) -> AuditDraft:
                return replace(done, at=self._now(), sid=recording.sid)

            self._pausing.resume(sid, audited=audited)
