"""How far a reader has to go: the files that one call touches, and the calls between them.

    python -m benchmarks.hops [--pairs]

Each way of a call through the library is taken twice with everything in memory, so that imports
and what is made at first use do not count, and the second time is traced. Counted are the files of
`twirec/` (without the sandbox and what is there for tests) that a reader comes to, the calls that
go from one of them to another, and the statements that the database executes. A call that another
library makes of its own, such as the database library's when it converts a row, is not followed;
one that it merely hands on, such as a decorator's or the web framework's, is. A generator that goes
on is no new call. `--pairs` lists the calls by whence and whither.

Before the house was put in order (the library of 227a033, which did less on each way), and now:

                           227a033               now
                      files  calls  SQL    files  calls  SQL
    ring → announcement  26     49   11       27     64    5
    consent → dial       24     48   18       26     71    6
    status → stored      16     26   17       20     33    5
    transfer             29     94   24       45    246   50
    search               14    207    9       23    277    7
    search, a day too    15    368    9       24    467    7
    listen               12     18   13       22     61   15
"""

from __future__ import annotations

import inspect
import io
import logging
import sqlite3
import sys
import threading
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask, Response
from sqlalchemy import Pool, event

import twirec
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, ENVIRONMENT, SignedPosts

OURS = f"{Path(twirec.__file__).parent}/"
# Files that hand a call on to where a reader goes; `<string>` is what dataclasses write.
PASS_ON = ("/contextlib.py", "/functools.py", "<string>", "/flask/", "/werkzeug/", __file__)
NOT_COUNTED = ("sandbox/", "testing.py", "adapters/memory_")
STARTED = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
CUSTOMER, OWN, AGENT = "+34600111222", "+34911000111", "+34911222333"
SECONDS = 2


@dataclass
class Trace:
    """What ran.

    Attributes:
        files: of ours, that ran.
        calls: how often one file called another, by whence and whither; whence is empty where
            nothing of ours had called.
        statements: of SQL.
    """

    files: set[str] = field(default_factory=set)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    statements: int = 0

    @property
    def hops(self) -> int:
        return sum(times for (whence, _), times in self.calls.items() if whence)


def place(frame: FrameType) -> str:
    """Return the file of ours that a frame is in; empty if it is none that counts."""
    name = frame.f_code.co_filename
    if not name.startswith(OURS):
        return ""
    name = name[len(OURS) :]
    return "" if name.startswith(NOT_COUNTED) else name


def caller(frame: FrameType) -> str | None:
    """Return the file of ours that called a frame; empty if nothing of ours led to it.

    None where another library called it that does not merely pass a call on, such as the database
    library that converts a row: nobody follows a call there.
    """
    above = frame.f_back
    foreign = False
    while above is not None:
        if name := place(above):
            return None if foreign else name
        file = above.f_code.co_filename
        foreign = foreign or not (file.startswith(OURS) or any(each in file for each in PASS_ON))
        above = above.f_back
    return ""


ENDS = ("COMMIT", "ROLLBACK", "RELEASE")
"""How the end of a transaction begins, which is no statement more; its begin is one."""

STATEMENTS: list[Callable[[str], None]] = []
"""Who is told of each statement."""


@event.listens_for(Pool, "connect")
def listen(connection: Any, _: object) -> None:
    """Let the driver itself tell of each statement, whoever gives it to it."""

    before = ""

    def tell(statement: str) -> None:
        nonlocal before
        again, before = statement == before, statement
        if again or statement.startswith(ENDS):  # a trigger that it fires tells of it again
            return
        for each in STATEMENTS:
            each(statement)

    if isinstance(connection, sqlite3.Connection):  # tests of PostgreSQL run in the same process
        connection.set_trace_callback(tell)


@contextmanager
def traced() -> Iterator[Trace]:
    """Count what runs meanwhile, in threads that begin meanwhile too."""
    trace = Trace()
    begun: set[FrameType] = set()

    def look(frame: FrameType, what: str, _: Any) -> None:
        if what != "call" or not (here := place(frame)):
            return
        if frame.f_code.co_flags & inspect.CO_GENERATOR:
            if frame in begun:  # a generator that goes on is no other call
                return
            begun.add(frame)
        if (whence := caller(frame)) is None:
            return
        trace.files.add(here)
        if whence != here:
            trace.calls[whence, here] += 1

    def count(_: str) -> None:
        trace.statements += 1

    with ExitStack() as stack:
        STATEMENTS.append(count)
        stack.callback(STATEMENTS.remove, count)
        stack.callback(threading.setprofile, None)
        stack.callback(sys.setprofile, None)
        threading.setprofile(look)
        sys.setprofile(look)
        yield trace


class Line:
    """A company's line, its archive in memory, and the ways of one call after another."""

    def __init__(self) -> None:
        self.time = STARTED
        self.vendor = MemoryVendor()
        self.archive = Archive(
            Settings.from_env(ENVIRONMENT),
            bucket=MemoryBucket(),
            vendor=self.vendor,
            now=lambda: self.time,
        )
        self.archive.set_up()
        app = Flask(__name__)
        recordings = Twirec(app, self.archive)

        @app.post("/voice")
        @recordings.signed
        def voice() -> Response:
            return recordings.answer(dial=AGENT)

        self.post = SignedPosts(app, self.archive.settings)
        self.media = sound()

    def close(self) -> None:
        self.archive.close()

    def ways(self, number: int) -> Iterator[tuple[str, Callable[[], None]]]:
        """Yield what happens to a call, in order; the clock goes on between."""
        call, recording = f"CA{number:032x}", f"RE{number:032x}"
        form = {"CallSid": call, "From": CUSTOMER, "To": OWN}
        ringing = {**form, "CallStatus": "ringing"}
        yield "ring → announcement", partial(self.hear, "/voice", ringing, "<Play>|<Say")
        self.time += timedelta(seconds=20)
        yield "consent → dial", partial(self.hear, "/twirec/connect", form, "record-from-answer")
        begun = self.time
        self.time += timedelta(minutes=1)
        self.vendor.add_recording(
            VendorRecording(
                sid=recording,
                account_sid=ACCOUNT_SID,
                call_sid=call,
                status=RecordingStatus.COMPLETED,
                created_at=begun,
                started_at=begun,
                duration=SECONDS,
                channels=2,
                source="DialVerb",
            ),
            self.media,
        )
        status = {
            "CallSid": call,
            "RecordingSid": recording,
            "RecordingStatus": "completed",
            "RecordingSource": "DialVerb",
            "RecordingDuration": str(SECONDS),
            "RecordingChannels": "2",
            "RecordingStartTime": begun.strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }
        yield "status → stored", partial(self.hear, "/twirec/status", status, "")
        yield "transfer", partial(self.transfer, recording)
        yield "search", partial(self.search, call, "600 111 222")
        yield "search, a day too", partial(self.search, call, "600 111 222 on 23 Nov 2026")
        yield "listen", partial(self.listen, recording)

    def hear(self, path: str, form: dict[str, str], expected: str) -> None:
        answer = self.post(path, form)
        assert answer.status_code < 300, answer
        assert any(part in answer.text for part in expected.split("|")), answer.text
        answer.close()

    def transfer(self, sid: str) -> None:
        self.archive.operations.worker(threads=1).run_once()
        assert sid not in {each.sid for each in self.vendor.recordings(ACCOUNT_SID)}

    def search(self, call_sid: str, said: str) -> None:
        found = self.archive.calls.search(said)
        assert call_sid in {record.call.call_sid for record in found.calls}

    def listen(self, sid: str) -> None:
        with self.archive.recordings.open(sid, by="a benchmark") as stream:
            assert b"".join(stream) == self.media


def sound() -> bytes:
    """Return a recording of two channels, silent."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(SECONDS * 8000 * 4))
    return out.getvalue()


def measure() -> dict[str, Trace]:
    """Return what each way of a call runs through, after a call that was not traced."""
    line = Line()
    try:
        for _, way in line.ways(1):
            way()
        traces = {}
        for title, way in line.ways(2):
            with traced() as traces[title]:
                way()
        return traces
    finally:
        line.close()


def main() -> int:
    """Measure, print, and return the exit status."""
    logging.disable()
    print(f"{'':<20} {'files':>6} {'calls':>6} {'SQL':>4}")
    for title, trace in measure().items():
        print(f"{title:<20} {len(trace.files):>6} {trace.hops:>6} {trace.statements:>4}")
        if "--pairs" in sys.argv[1:]:
            for (whence, whither), times in trace.calls.most_common():
                print(f"    {times:>4} {whence or '(outside)'} → {whither}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
