"""Customers who wait in a queue for agents: for how long, by the ledger and by the sandbox."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.end_to_end.site import CUSTOMER, OWN_NUMBER, TAKE, Site
from twirec.sandbox import Call, Party, Sandbox

SPEED = 5.0
"""How much faster than life: while the app is asked, the clock of a call stands still, which counts
so many times."""

TALK = 20.0
AT_ONCE = 40
"""Calls that go on at once at the most."""

BREATH = 0.2
"""Seconds after which an agent asks for the next one: there may be none yet."""

MOST = 0.05
"""By which part of a wait the two may differ (Ley 10/2025, art. 22.1)."""


@dataclass
class WaitFigures:
    """What came of it.

    Attributes:
        calls: how many there were.
        attended: how many of them a person took, by the ledger.
        mean: seconds that they waited on the average, by the sandbox's own clock.
        off: by which part of that the ledger's average differs.
        missing: the calls of which the ledger says nothing, and the sandbox that they were taken.
    """

    calls: int
    attended: int = 0
    mean: float = 0.0
    off: float = 1.0
    missing: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether it is as it has to be."""
        return self.off <= MOST and not self.missing and self.attended > 0


def play(folder: Path, calls: int, *, agents: int = 4) -> WaitFigures:
    """Let customers call whom agents take one after another, and compare how long they waited."""
    figures, played = WaitFigures(calls), list[Call]()
    site = Site(
        folder, f"file://{folder}/bucket", dial="queue:support", sandbox=Sandbox(speed=SPEED)
    )
    with site.running():
        began, over = site.now(), threading.Event()
        threads = [
            threading.Thread(target=_take, args=(site, f"+3491122{number:04}", over))
            for number in range(agents)
        ]
        for thread in threads:
            thread.start()
        try:
            for first in range(0, calls, AT_ONCE):
                lot = [_ring(site) for _ in range(min(AT_ONCE, calls - first))]
                for call in lot:
                    call.wait(timeout=600)
                played += lot
        finally:
            over.set()
            for thread in threads:
                thread.join()
        day = timedelta(days=1)
        waits = {
            each.call_sid: each.seconds * SPEED
            for each in site.archive.catalog.known_cases.waits(began - day, began + day)
            if each.seconds is not None
        }
    taken = {call.sid: at for call in played if (at := _taken_at(call)) is not None}
    figures.missing = sorted(taken.keys() - waits.keys())
    both = taken.keys() & waits.keys()
    figures.attended = len(both)
    if both:
        figures.mean = sum(taken[sid] for sid in both) / len(both)
        figures.off = abs(sum(waits[sid] for sid in both) / len(both) / figures.mean - 1)
    return figures


def _ring(site: Site) -> Call:
    return site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=Party())


def _take(site: Site, agent: str, over: threading.Event) -> None:
    """Take one customer after another out of the queue, as an agent does."""
    while not over.wait(BREATH):
        caller = Party(hangs_up_after=TALK, counts_from_bridge=True)
        site.sandbox.call(from_=agent, to=TAKE, caller=caller).wait(timeout=600)


def _taken_at(call: Call) -> float | None:
    """Return at which second of its own clock a caller was taken out of the queue."""
    found = [each.second for each in call.log if each.text == "dequeued"]
    return found[0] if found else None
