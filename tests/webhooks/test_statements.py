"""What each of Twilio's requests costs the database: transactions and statements.

A status callback is one transaction of at most four statements, a voice webhook one or two
transactions. So is what is told of a conference; of a leg of which nothing told before, Twilio is
asked in between, which is one more. To pause is no webhook: it is on the audit log as tried before
Twilio is asked. On PostgreSQL a statement outside of a transaction counts as one: most callbacks
are one of these, or two, of which the first writes nothing.

A way of a call is gone twice on each database; the second time is counted, as what is made at first
use is not made for each call.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import event

from tests.factories import call_sid, recording_sid
from tests.lending import POSTGRESQL
from tests.servers import Postgres
from tests.webhooks.calling import CUSTOMER, LONG_ENOUGH, OWN, STATUS, Clock, app_of
from tests.webhooks.streaming import event_of, sender
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.calls.otherwise import Plan, sign_plan
from twirec.model.agents import Leg
from twirec.model.dial_steps import DialStep
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.vocabulary import ConsentMode
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, ENVIRONMENT, SignedPosts

Costs = dict[str, "Cost"]

NOT_WORK = (
    "--",
    "BEGIN",
    "COMMIT",
    "SET ",
    "PRAGMA",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK",
    "SELECT 1",
)
"""How statements begin that begin and end transactions, or look whether there is a connection."""

LIMITS = {
    "ring": (2, 2),
    "ring again": (2, 5),
    "consent: agree": (2, 4),
    "consent: agree again": (2, 3),
    "question": (2, 2),
    "consent: refuse": (2, 3),
    "call status: end of the dial": (1, 4),
    "call status: completed": (1, 4),
    "call status: completed again": (1, 4),
    "call status: hung up while told": (1, 4),
    "call status: of a leg": (1, 4),
    "call status: of a queue": (1, 4),
    "call status: of a call without a line": (2, 4),
    "out: dial": (2, 4),
    "nobody answered: the next": (2, 8),
    "nobody answered: voicemail": (1, 4),
    "out: announce": (2, 2),
    "out: announced": (2, 8),
    "out: call status": (1, 4),
    "queue: taken by an agent": (2, 8),
    "conference: joined": (1, 7),
    "conference: joined by an agent": (1, 11),
    "conference: joined by who ends it": (2, 16),
    "conference: joined by a stranger": (3, 25),  # Twilio is asked who it is
    "conference: left": (1, 2),
    "pause": (6, 18),
    "resume": (5, 17),
    "recording status: in-progress": (1, 4),
    "recording status: completed": (1, 4),
    "recording status: completed again": (1, 4),
    "recording status: absent": (1, 4),
    "recording status: absent, after all": (1, 4),
    "recording status: of no known call": (1, 4),
    "recording status: of an agent's leg": (1, 4),
    "recording status: of a conference": (1, 4),
    "recording status: of who was met there": (1, 4),
    "event stream: two recordings": (2, 8),
    "event stream: two recordings again": (2, 8),
}
"""By what Twilio asks: transactions, and statements in all of them, at the most."""

ON_POSTGRESQL = {
    **LIMITS,
    "recording status: in-progress": (1, 1),
    "recording status: completed": (2, 2),
    "recording status: completed again": (2, 3),
    "recording status: of no known call": (1, 1),
    "recording status: of an agent's leg": (1, 1),
    "recording status: of a conference": (2, 2),
    "recording status: of who was met there": (2, 2),
    "event stream: two recordings": (2, 2),
    "event stream: two recordings again": (4, 6),
}
"""The same there, where the way to the server and back is most of what they cost."""


@dataclass
class Cost:
    """What a request cost, and of which statements."""

    transactions: int
    statements: list[str]


class Calls:
    """One call after another, against one archive."""

    def __init__(self, url: str) -> None:
        self.clock, self.vendor = Clock(), MemoryVendor()
        self.archive = Archive(
            Settings.from_env(
                {**ENVIRONMENT, "TWIREC_DATABASE_URL": url, "TWIREC_EVENT_STREAMS": "1"}
            ),
            bucket=MemoryBucket(),
            vendor=self.vendor,
            now=self.clock,
        )
        event.listen(self.archive.catalog.database.engine, "connect", listen)
        self.archive.set_up()
        app = app_of(self.archive)
        self._post = SignedPosts(app, self.archive.settings)
        self._send = sender(app)
        self.costs: Costs = {}

    def post(self, what: str, path: str, form: dict[str, str]) -> None:
        with counted(self.archive) as cost:
            answer = self._post(path, form)
            assert answer.status_code < 300, answer.text
            answer.close()
        self.costs[what] = cost

    def go(self, number: int) -> None:
        """Go all ways of calls whose SIDs are made of a number."""
        self.comes_in(number)
        self.ends_early(number + 10)
        self.goes_out(number + 20)
        self.meets(number + 30)

    def comes_in(self, number: int) -> None:
        """A call comes in, is recorded, and ends."""
        call, status = voice(number), of(number)
        self.post("ring", "/voice", ringing(number))
        self.post("ring again", "/voice", ringing(number))
        self.clock.advance(LONG_ENOUGH)
        self.post("consent: agree", "/twirec/connect", call)
        self.post("consent: agree again", "/twirec/connect", call)
        going = {**status, "RecordingStatus": "in-progress", "RecordingDuration": ""}
        self.post("recording status: in-progress", "/twirec/status", going)
        dialled = {"DialCallStatus": "completed", "DialCallSid": call_sid(number + 5)}
        self.post("call status: end of the dial", "/twirec/ended", {**call, **dialled})
        self.post("recording status: completed", "/twirec/status", status)
        self.post("recording status: completed again", "/twirec/status", status)
        batch = [
            event_of({**of(each, call=number), "AccountSid": ACCOUNT_SID})
            for each in (number + 7, number + 8)
        ]
        for what in ("event stream: two recordings", "event stream: two recordings again"):
            with counted(self.archive) as self.costs[what]:
                assert self._send(batch) == 204
        absent = {**of(number + 1, call=number), "RecordingStatus": "absent"}
        self.post("recording status: absent", "/twirec/status", absent)
        going = {**of(number + 3, call=number), "RecordingStatus": "in-progress"}
        self.post("recording status: in-progress", "/twirec/status", going)
        absent = {**going, "RecordingStatus": "absent"}
        self.post("recording status: absent, after all", "/twirec/status", absent)
        completed = {**call, "CallStatus": "completed"}
        self.post("call status: completed", "/twirec/ended", completed)
        self.post("call status: completed again", "/twirec/ended", completed)
        leg = {**completed, "CallSid": call_sid(number + 5)}
        self.post("call status: of a leg", "/twirec/ended", leg)
        unknown = of(number + 2)
        self.post("recording status: of no known call", "/twirec/status", unknown)

    def ends_early(self, number: int) -> None:
        """One hangs up while they are told, one says no, one is gone from the queue."""
        self.post("ring", "/voice", ringing(number))
        gone = {**voice(number), "CallStatus": "completed"}
        self.post("call status: hung up while told", "/twirec/ended", gone)
        self.archive.policy.change(by="test", why="test", mode=ConsentMode.OPT_IN)
        self.post("ring", "/voice", ringing(number + 1))
        self.clock.advance(LONG_ENOUGH)
        self.post("question", "/twirec/connect", voice(number + 1))
        no = {**voice(number + 1), "Digits": "2"}
        self.post("consent: refuse", "/twirec/consent/1", no)
        self.archive.policy.change(by="test", why="test", mode=ConsentMode.ANNOUNCE)
        self.post("ring", "/queue", ringing(number + 2))
        self.clock.advance(LONG_ENOUGH)
        self.post("consent: agree", "/twirec/connect", voice(number + 2))
        taken = {**voice(number + 2), "DequeingCallSid": call_sid(number + 9)}
        self.post("queue: taken by an agent", "/twirec/dequeued", taken)
        left = {**voice(number + 2), "QueueResult": "hangup", "CallStatus": "completed"}
        self.post("call status: of a queue", "/twirec/ended", left)
        self.post("ring", "/chain", ringing(number + 4))
        self.clock.advance(LONG_ENOUGH)
        self.post("consent: agree", "/twirec/connect", voice(number + 4))
        steps = DialStep(("client:bea",)), DialStep(("voicemail:",))
        for what, left in (("the next", steps), ("voicemail", steps[1:])):
            tokens = self.archive.settings.auth_tokens[ACCOUNT_SID]
            plan = sign_plan(Plan(None, left), call_sid(number + 4), tokens)
            nobody = {"DialCallStatus": "busy", "DialCallSid": call_sid(number + 5 + len(left))}
            form = {**voice(number + 4), **nobody}
            self.post(f"nobody answered: {what}", f"/twirec/ended/{plan}", form)
        late = {**voice(number + 3), "CallStatus": "completed"}
        self.post("call status: of a call without a line", "/twirec/ended", late)

    def goes_out(self, number: int) -> None:
        """An agent dials a customer, who is told on their own leg, and recorded."""
        agent = {"CallSid": call_sid(number), "From": "client:ana", "To": CUSTOMER}
        self.post("out: dial", "/dial", {**agent, "CallStatus": "ringing"})
        leg = {"CallSid": call_sid(number + 1), "ParentCallSid": call_sid(number)}
        whisper = {**leg, "From": OWN, "To": CUSTOMER}
        self.post("out: announce", "/twirec/announce", whisper)
        self.clock.advance(LONG_ENOUGH)
        self.post("out: announced", f"/twirec/announced/{call_sid(number)}/0", whisper)
        ended = {**agent, "CallStatus": "completed", "DialCallStatus": "completed"}
        self.post("out: call status", "/twirec/ended", ended)

    def meets(self, number: int) -> None:
        """Who called in meets an agent in a conference, and what is recorded is of others."""
        conference = f"CF{number:032x}"
        self.post("ring", "/voice", ringing(number))
        self.clock.advance(LONG_ENOUGH)
        self.post("consent: agree", "/twirec/connect", voice(number))
        joins = {
            "ConferenceSid": conference,
            "StatusCallbackEvent": "participant-join",
            "SequenceNumber": "1",
            "CallSid": call_sid(number),
        }
        self.post("conference: joined", "/twirec/conference", joins)
        self.knows_an_agent(number + 5)
        agents = {**joins, "CallSid": call_sid(number + 5), "SequenceNumber": "2"}
        self.post("conference: joined by an agent", "/twirec/conference", agents)
        self.pauses(number)
        left = {**agents, "StatusCallbackEvent": "participant-leave", "SequenceNumber": "3"}
        self.post("conference: left", "/twirec/conference", left)
        agent = {"CallSid": call_sid(number + 1), "From": "client:ana", "To": OWN}
        self.post("take", "/agents/dial", {**agent, "To": CUSTOMER})
        joins = {**joins, "CallSid": call_sid(number + 1), "SequenceNumber": "4"}
        self.post("conference: joined by who ends it", "/twirec/conference", joins)
        of_agent = of(number + 1)
        self.post("recording status: of an agent's leg", "/twirec/status", of_agent)
        met = of(number + 2, call=number + 3)
        self.post(
            "conference: joined by a stranger",
            "/twirec/conference",
            {**joins, "CallSid": call_sid(number + 3), "SequenceNumber": "5"},
        )
        self.post("recording status: of who was met there", "/twirec/status", met)
        of_conference = {**of(number + 4), "CallSid": "", "ConferenceSid": conference}
        self.post("recording status: of a conference", "/twirec/status", of_conference)

    def knows_an_agent(self, number: int) -> None:
        sid, at = call_sid(number), self.clock()
        agent = f"client:{number}"
        self.archive.catalog.agents.add_leg(Leg(ACCOUNT_SID, sid, None, at, agent))
        self.archive.agents.inform(agent, informed_on=at.date(), reference="annex", by="test")

    def pauses(self, number: int) -> None:
        """Somebody pauses what is recorded of a call, and lets it go on."""
        going = {**of(number + 6, call=number), "RecordingStatus": "in-progress"}
        self.post("recording status: in-progress", "/twirec/status", going)
        its = VendorRecording(
            recording_sid(number + 6),
            ACCOUNT_SID,
            call_sid(number),
            RecordingStatus.IN_PROGRESS,
            started_at=self.clock(),
        )
        self.vendor.add_recording(its)
        with counted(self.archive) as self.costs["pause"]:
            self.archive.recordings.pause(call_sid(number), by="test")
        with counted(self.archive) as self.costs["resume"]:
            self.archive.recordings.resume(call_sid(number), by="test")
        self.vendor.add_recording(replace(its, status=RecordingStatus.COMPLETED, duration=1))


def voice(number: int) -> dict[str, str]:
    return {"CallSid": call_sid(number), "From": CUSTOMER, "To": OWN, "CallStatus": "in-progress"}


def ringing(number: int) -> dict[str, str]:
    return {**voice(number), "CallStatus": "ringing"}


def of(number: int, *, call: int | None = None) -> dict[str, str]:
    sids = {"CallSid": call_sid(call or number), "RecordingSid": recording_sid(number)}
    return {**STATUS, **sids, "RecordingStatus": "completed"}


@pytest.fixture(autouse=True, scope="module")
def statements() -> Iterator[None]:
    """Let the drivers themselves tell of each statement, whoever gives it to them."""
    from psycopg import RawCursor
    from psycopg.pq import TransactionStatus

    execute = RawCursor.execute

    def telling(self: RawCursor[Any], query: Any, *rest: Any, **named: Any) -> Any:
        EXECUTED.append(str(query))
        if self.connection.info.transaction_status is TransactionStatus.IDLE:
            ALONE.append(str(query))
        return execute(self, query, *rest, **named)

    with patch.object(RawCursor, "execute", telling):
        yield


EXECUTED: list[str] = []
ALONE: list[str] = []
"""Those that are a transaction of their own."""


def listen(connection: Any, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.set_trace_callback(EXECUTED.append)
        return
    from psycopg import Cursor

    class Telling(Cursor[Any]):
        def execute(self, query: Any, *rest: Any, **named: Any) -> Any:
            EXECUTED.append(str(query))
            return super().execute(query, *rest, **named)

    connection.cursor_factory = Telling


@contextmanager
def counted(archive: Archive) -> Iterator[Cost]:
    """Count on its own engine: a thread of another test may end beside it."""
    cost, engine = Cost(0, []), archive.catalog.database.engine

    def begin(_: object) -> None:
        cost.transactions += 1

    EXECUTED.clear()
    ALONE.clear()
    event.listen(engine, "begin", begin)
    yield cost
    event.remove(engine, "begin", begin)
    once = (each for each, _ in groupby(EXECUTED))  # a trigger that it fires tells of it again
    cost.transactions += len(ALONE)
    cost.statements = [each for each in once if not each.startswith(NOT_WORK)]


@pytest.fixture(scope="module")
def costs_on(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Costs]:
    """What gives the costs of all requests on a database, by its name."""
    known: dict[str, Costs] = {}

    def measured(database: str) -> Costs:
        if database not in known:
            if database == "sqlite":
                known[database] = costs(f"sqlite:///{tmp_path_factory.mktemp('it')}/catalog.db")
            else:
                server: Postgres = request.getfixturevalue("postgres_server")
                with server.lend() as lend:
                    known[database] = costs(lend().render_as_string(hide_password=False))
        return known[database]

    return measured


def costs(url: str) -> Costs:
    calls = Calls(url)
    calls.go(100)
    calls.go(200)
    calls.archive.close()
    return calls.costs


@pytest.mark.parametrize("what", LIMITS)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_request_costs_no_more_than_its_row_says(
    costs_on: Callable[[str], Costs], database: str, what: str
) -> None:
    limits = ON_POSTGRESQL if POSTGRESQL or database == "postgresql" else LIMITS
    cost, (transactions, statements) = costs_on(database)[what], limits[what]
    assert cost.transactions <= transactions, what
    assert 0 < len(cost.statements) <= statements, "\n".join(cost.statements)
