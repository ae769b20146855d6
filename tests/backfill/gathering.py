"""What an account has gathered, and taking it over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.factories import ACCOUNT, STARTED, call_sid, recording_sid
from tests.house import AT_VENDOR, OWN_ROUTES, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.backfill.backfill import Backfill
from twirec.model.backfill import BackfillReport
from twirec.model.errors import BucketUnavailable
from twirec.model.vendor import VendorCall

DAY = timedelta(days=1)
OTHER_ACCOUNT = "AC" + "b" * 32
SOUND = wav(seconds=4, channels=2)
SPAN = {"since": "2026-11-01", "until": "2026-11-30"}
GROUND = "art. 6.1.f, assessment of 3 November"


class CountingBucket(MemoryBucket):
    """Counts what is written, and is down when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: list[str] = []
        self.down = False

    def put(self, name: str, *args: Any, **kwargs: Any) -> Any:
        self.puts += [name] if name.startswith("recordings/") else []
        if self.down:
            raise BucketUnavailable("The bucket does not answer.")
        return super().put(name, *args, **kwargs)


def gather(house: House, *numbers: int, account: str = ACCOUNT, **facts: Any) -> None:
    """Let the vendor have recordings, each of a call and a day of its own."""
    for route in OWN_ROUTES:
        house.vendor.routes.append((account, route))
    for number in numbers:
        at = STARTED - (number % 20) * DAY
        call = VendorCall(
            sid=call_sid(number),
            account_sid=account,
            from_="+34600111222",
            to="+34911000111",
            direction="inbound",
            status="completed",
            started_at=at,
        )
        found = replace(
            AT_VENDOR,
            sid=recording_sid(number),
            account_sid=account,
            call_sid=call.sid,
            created_at=at,
            started_at=at,
        )
        house.vendor.add_call(call)
        house.vendor.add_recording(replace(found, **facts), SOUND)


def backfill(house: House, **order: Any) -> Backfill:
    return house.archive.operations.backfill(**{**SPAN, "by": "ana", "threads": 4, **order})


def run(house: House, **order: Any) -> BackfillReport:
    return backfill(house, **order).run()


def stopped_after(house: House, count: int, **order: Any) -> BackfillReport:
    """Run, and stop, once, when so many are settled."""
    taking = backfill(house, threads=2, **order)
    stops = iter([taking.stop])

    def show(report: BackfillReport) -> None:
        if report.settled >= count:
            next(stops, lambda: None)()

    return taking.run(show)
