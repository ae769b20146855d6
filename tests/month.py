"""A month of calls, with gaps of each kind, and what explains itself beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, insert

from tests.factories import ACCOUNT, a_call, a_recording, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog.database import to_row
from twirec.catalog.tables import calls, consents, differences, orders, recordings
from twirec.model.bucket import Difference, StoredObject
from twirec.model.custody import Order, OrderKind
from twirec.model.months import Gap, GapKind
from twirec.model.records import Call, Recording
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ERASED, Outcome, Reason
from twirec.settings import Settings

BEGIN = datetime(2026, 10, 31, 23, tzinfo=UTC)
"""Of November 2026 in Madrid."""

END = datetime(2026, 11, 30, 23, tzinfo=UTC)
NOW = datetime(2026, 12, 2, 9, tzinfo=UTC)
ERASED_ROW = {"state": State.ERASED, "sha256": None, "size": None, "crc32c": None}


def name(at: datetime, sid: str) -> str:
    return f"recordings/{at:%Y/%m/%d}/{at:%Y%m%dT%H%M%SZ}_{sid}.wav"


class MonthHouse:
    """A house in December, with many calls in November.

    Attributes:
        house: without the call that others have.
        gaps: those that were put in.
        calls: how many calls of the month there are.
        blocked: the SID of a recording that is blocked.
    """

    def __init__(self, settings: Settings) -> None:
        self.house = House(settings, MemoryBucket())
        self.house.time = NOW
        with self.house.archive.catalog.database.write() as connection:
            connection.execute(delete(consents))
            connection.execute(delete(calls))
        self.gaps: set[Gap] = set()
        self.calls = 0
        self.blocked = ""
        self._number = 1000

    def fill(self, count: int) -> None:
        """Let so many calls be recorded and archived, evenly over the month."""
        step = (END - BEGIN) / count
        lines = (self._recorded(BEGIN + index * step) for index in range(count))
        while lot := list(islice(lines, 1000)):
            self._write(lot)

    def _recorded(self, at: datetime, **changes: Any) -> tuple[Call, Recording | None]:
        self._number += 1
        number, self.calls = self._number, self.calls + 1
        at = at.replace(microsecond=0)
        call, sid = call_sid(number), recording_sid(number)
        self.house.vendor.add_call(
            dataclasses.replace(
                A_CALL, sid=call, started_at=at, ended_at=at + timedelta(seconds=30)
            )
        )
        recording = a_recording(
            sid=sid,
            call_sid=call,
            state=State.RELEASED,
            started_at=at + timedelta(seconds=5),
            object_name=name(at + timedelta(seconds=5), sid),
            generation=number,
            size=96_044,
            crc32c="AAAAAA==",
            sha256=f"{number:064x}",
            due_at=None,
            **changes,
        )
        self.keep(recording)
        line = a_call(
            call_sid=call,
            started_at=at + timedelta(seconds=1),
            ended_at=at + timedelta(seconds=30),
            outcome=Outcome.RECORDED,
        )
        return line, recording

    def keep(self, recording: Recording, **changes: Any) -> None:
        """Let the bucket have a recording."""
        stored = StoredObject(
            recording.object_name or "",
            recording.generation or 1,
            recording.size,
            recording.crc32c,
            custom_time=recording.started_at,
        )
        stored = dataclasses.replace(stored, **changes)
        self.house.bucket._objects[stored.name] = (stored, b"")

    def _write(self, lines: Any) -> None:
        rows = list(lines)
        theirs = [to_row(each, recordings) for _, each in rows if each]
        with self.house.archive.catalog.database.write() as connection:
            connection.execute(insert(calls), [to_row(line, calls) for line, _ in rows])
            if theirs:
                connection.execute(insert(recordings), theirs)

    def add(self, at: datetime, *, line: Any = (), recording: Any = (), kind: str = "") -> str:
        """Add a call with changes to its line and its recording; None for neither.

        Args:
            at: when it began.
            line: changes of its line; None for no line.
            recording: changes of its recording; None for none.
            kind: of the gap that it is; empty for none. It is of the recording where it ends in
                `!`.
        """
        its_line, its_recording = self._recorded(at)
        assert its_recording is not None
        call, sid = its_line.call_sid, its_recording.sid
        if recording is None or line is None:
            del self.house.bucket._objects[its_recording.object_name or ""]
            its_recording_or_none = None
        else:
            its_recording_or_none = dataclasses.replace(its_recording, **dict(recording))
        if line is not None:
            self._write([(dataclasses.replace(its_line, **dict(line)), its_recording_or_none)])
        if kind:
            of = sid if kind.endswith("!") else call
            self.gaps.add(Gap(GapKind(kind.rstrip("!")), of, call))
        return its_recording.object_name or ""

    def scatter(self) -> None:
        """Add gaps of each kind, and what is none."""
        moments: Iterator[datetime] = (
            BEGIN + timedelta(hours=7 * index, seconds=13) for index in range(1, 100)
        )
        at = moments.__next__
        bucket, vendor, database = (
            self.house.bucket._objects,
            self.house.vendor,
            self.house.archive.catalog.database,
        )
        not_recorded = {"outcome": Outcome.NOT_RECORDED}
        # --- gaps
        self.add(at(), line=None, kind="no_line")
        self.add(at(), recording=None, kind="no_recording")
        self.add(at(), recording=None, line={"outcome": Outcome.OWED}, kind="no_recording")
        self.add(at(), recording=None, line={"outcome": Outcome.OPEN}, kind="line_open")
        owes = {**not_recorded, "reason": Reason.NO_RECORDING_AT_VENDOR}
        self.add(at(), recording=None, line=owes, kind="no_recording")
        self.add(at(), recording={"state": State.LOST}, kind="no_recording!")
        self.add(at(), recording={"state": State.COMPLETED}, kind="not_copied!")
        self.add(at(), recording={"state": State.EXTERNAL}, kind="elsewhere!")
        del bucket[self.add(at(), kind="object_lost!")]
        wrong = self.add(at(), kind="object_differs!")
        stored, data = bucket[wrong]
        bucket[wrong] = (dataclasses.replace(stored, crc32c="BBBBBB=="), data)
        read = self.add(at(), kind="object_differs!")
        sid = read[-len("RE.wav") - 32 : -len(".wav")]
        noted = Difference(read, sid, "its SHA-256 is another one", NOW)
        moment = at()
        self.add(moment)
        unknown, call = recording_sid(7), call_sid(self._number)
        vendor.add_recording(
            dataclasses.replace(
                AT_VENDOR, sid=unknown, call_sid=call, created_at=moment, started_at=moment
            )
        )
        self.gaps.add(Gap(GapKind.UNKNOWN_RECORDING, unknown, call))
        moment = at()
        strange = recording_sid(8)
        self.keep(a_recording(sid=strange, object_name=name(moment, strange), started_at=moment))
        self.gaps.add(Gap(GapKind.UNKNOWN_OBJECT, strange))
        self.add(at(), kind="not_listed")
        vendor._calls.pop((ACCOUNT, call_sid(self._number)))
        # --- none
        for reason in (Reason.OFF, Reason.REFUSED, Reason.NOBODY_ANSWERED, Reason.CATALOG_DOWN):
            self.add(at(), recording=None, line={**not_recorded, "reason": reason})
        self.add(at(), recording={"custody": Custody.BLOCKED})
        self.blocked = recording_sid(self._number)
        del bucket[self.add(at(), recording=ERASED_ROW)]
        ruled = recording_sid(self._number)
        order = Order(ruled, OrderKind.ERASE, NOW, "twirec", "retention rule")
        del bucket[self.add(at(), recording=ERASED_ROW, line={"customer_number": ERASED})]
        vendor._calls.pop((ACCOUNT, call_sid(self._number)))
        other = dataclasses.replace(
            A_CALL, sid=call_sid(9), to="+34933000999", started_at=at(), ended_at=END
        )
        vendor.add_call(other)  # of another app on the account
        # --- at the edges: the call is of the month in which Twilio says that it began
        before = self.add(BEGIN - timedelta(seconds=1))
        self.calls -= 1
        assert before.startswith("recordings/2026/10/31/")
        self.add(END - timedelta(seconds=1))
        with database.write() as connection:
            connection.execute(insert(differences), [to_row(noted, differences)])
            connection.execute(insert(orders), [to_row(order, orders)])
