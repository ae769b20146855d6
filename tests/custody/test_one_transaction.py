"""A change and its entry of the audit log are both there or neither, wherever the catalog fails."""

from __future__ import annotations

import inspect
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import get_ident
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from tests.erasing import destroy
from tests.executed import each_statement
from tests.factories import DISCLOSURE_CONSENT, STARTED, a_call, call_sid, recording_sid
from tests.house import AT_VENDOR, NAME, House
from tests.lending import POSTGRESQL
from tests.parts import methods
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog.card_tables import card_cuts
from twirec.catalog.database import to_row
from twirec.catalog.request_tables import access_requests
from twirec.catalog.tables import differences, metadata, recordings
from twirec.model.access import Actor
from twirec.model.audio import ConversionSpec
from twirec.model.audit import AuditEntry
from twirec.model.cards import CardCut, CardPart, CardSpan
from twirec.model.errors import CatalogError, TwirecError
from twirec.model.states import Custody, Standstill, State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import NOT_KNOWN
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID, MEDIA = recording_sid(), wav(4.0, channels=2)
ANA = Actor("ana", "admin")


@dataclass(frozen=True)
class Act:
    """What somebody does.

    Attributes:
        do: does it.
        changes: the tables of what it changes.
        prepare: changes the scene first.
    """

    do: Callable[[Archive], Any]
    changes: tuple[str, ...]
    prepare: Callable[[House], None] = lambda house: None


def _set(house: House, **changes: Any) -> None:
    with house.archive.catalog.database.write() as connection:
        its_own = update(recordings).where(recordings.c.sid == SID)
        connection.execute(its_own.values(**changes))


def quarantined(house: House) -> None:
    _set(house, custody=Custody.QUARANTINED)


def parked(house: House) -> None:
    error = "MediaMismatch: it has one channel."
    _set(house, state=State.COMPLETED, standstill=Standstill.UNDECIDED, last_error=error)


def held(house: House) -> None:
    house.archive.custody.hold(SID, case="C-7", reason="x", by="bo")


def asked(house: House) -> None:
    held(house)
    house.archive.custody.unhold(SID, case="C-7", reason="x", by="bo")


def blocked(house: House) -> None:
    house.archive.custody.block(SID, reason="x", by="bo")


def differing(house: House) -> None:
    with house.archive.catalog.database.write() as connection:
        row = {"object_name": NAME, "recording_sid": SID, "why": "flipped"}
        connection.execute(differences.insert().values(found_at=STARTED, **row))


def going_on(house: House) -> None:
    _set(house, state=State.RECORDING)
    house.vendor.add_recording(replace(AT_VENDOR, status=RecordingStatus.IN_PROGRESS), MEDIA)


def paused(house: House) -> None:
    going_on(house)
    house.archive.recordings.pause(SID, by="bo")


def with_a_rule(house: House) -> None:
    house.archive.custody.retention.set("all", "1 year", by="eva", reason="x")


def read_otherwise(house: House) -> None:
    """A line that an older version wrote."""
    line = a_call(call_sid=call_sid(3), customer_number="whatsapp:+34600111222")
    house.archive.catalog.ledger.open_call(line)


def somebody_asks(house: House) -> None:
    house.archive.custody.access_requests.open("600111222", name="x", by="bo")


def packed(house: House) -> None:
    somebody_asks(house)
    with house.archive.catalog.database.write() as connection:
        ready = {"identified_at": STARTED, "packed_at": STARTED}
        connection.execute(update(access_requests).values(**ready))


def spoken(house: House) -> None:
    """A card number that a transcript had."""
    span = CardSpan(CardPart.NUMBER, None, 1.0, 2.0)
    row = to_row(CardCut(SID, STARTED, "", (span,)), card_cuts)
    with house.archive.catalog.database.write() as connection:
        connection.execute(card_cuts.insert(), row)


def a_case(house: House) -> None:
    house.archive.cases.open(call_sid(), "complaint", by="bo")


def a_recorded_case(house: House) -> None:
    a_case(house)
    house.archive.cases.consent(key_of_case(house.archive), "granted", by="bo")


def a_case_that_goes_on(house: House) -> None:
    """Recording began by a yes, beside what is recorded on another ground; and a receipt's link."""
    a_recorded_case(house)
    house.archive.cases.receipts.make(key_of_case(house.archive), by="bo")


def an_incomplete_case(house: House) -> None:
    a_case(house)
    house.archive.cases.incomplete(key_of_case(house.archive), "the invoice", by="bo")


def a_case_and_a_call(house: House) -> None:
    a_case(house)
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(5)))


def key_of_case(archive: Archive) -> str:
    return archive.catalog.known_cases.of_call(call_sid())[0].key


def without_numbers(house: House) -> None:
    unknown = {"customer_number": NOT_KNOWN, "own_number": NOT_KNOWN, "direction": None}
    nobody = a_call(call_sid=call_sid(2), **unknown)
    house.archive.catalog.ledger.open_call(nobody)


GIVEN: Mapping[str, Any] = {
    "recipient": "a lawyer",
    "purpose": "a claim",
    "ground": "court_order",
    "reference": "7/2026",
}


def consented(house: House) -> None:
    """Two consents, and a link that stands on them."""
    disclosures = house.archive.custody.disclosures
    for each in disclosures.participants(SID):
        disclosures.consent(
            SID, **{**DISCLOSURE_CONSENT, "participant": each.key, "name": "Eva"}, by="bo"
        )
    disclosures.give(SID, **{**GIVEN, "ground": "consent"}, by="bo")


EXPORT = f"sid,customer_number,own_number,direction\n{call_sid(2)},+34600111222,+34911000111,in\n"

ACTS: Mapping[str, Act] = {
    "policy.change": Act(
        lambda a: a.policy.change(by=ANA, why="x", number="911000111", on=False),
        ("policy_changes",),
    ),
    "policy.reset": Act(lambda a: a.policy.reset(by=ANA, why="x"), ("policy_changes",)),
    "agents.inform": Act(
        lambda a: a.agents.inform("client:b", informed_on="2026-01-02", reference="r", by=ANA),
        ("agents",),
    ),
    "calls.annotate": Act(
        lambda a: a.calls.annotate(SID, note="x", case="C-7", by=ANA), ("notes", "calls")
    ),
    "calls.add_numbers": Act(
        lambda a: a.calls.add_numbers(
            call_sid(2), customer="600111222", own="911000111", direction="in", why="x", by=ANA
        ),
        ("calls",),
        without_numbers,
    ),
    "calls.add_numbers_from": Act(
        lambda a: a.calls.add_numbers_from(io.BytesIO(EXPORT.encode()), why="x", by=ANA),
        ("calls",),
        without_numbers,
    ),
    "calls.reindex": Act(lambda a: a.calls.reindex(by=ANA), ("calls",), read_otherwise),
    "calls.place": Act(
        lambda a: a.calls.place("600111222", connect="911222333", own_number="911000111", by=ANA),
        ("calls",),
    ),
    "custody.admit": Act(
        lambda a: a.custody.admit(SID, ground="x", by=ANA), ("recordings", "orders"), quarantined
    ),
    "custody.hold": Act(lambda a: a.custody.hold(SID, case="C-7", reason="x", by=ANA), ("holds",)),
    "custody.unhold": Act(
        lambda a: a.custody.unhold(SID, case="C-7", reason="x", by=ANA), ("approvals",), held
    ),
    "custody.block": Act(
        lambda a: a.custody.block(SID, reason="x", by=ANA), ("recordings", "blocks", "orders")
    ),
    "custody.release": Act(
        lambda a: a.custody.release(SID, authority="J", reference="7", reason="x", by=ANA),
        ("approvals",),
        blocked,
    ),
    "custody.approvals.approve": Act(
        lambda a: a.custody.approvals.approve(1, by=ANA), ("approvals", "holds"), asked
    ),
    "custody.approvals.refuse": Act(
        lambda a: a.custody.approvals.refuse(1, reason="x", by=ANA), ("approvals",), asked
    ),
    "custody.access_requests.open": Act(
        lambda a: a.custody.access_requests.open("600111222", name="x", by=ANA),
        ("access_requests", "access_steps"),
    ),
    "custody.access_requests.identify": Act(
        lambda a: a.custody.access_requests.identify("AR-1", how="x", by=ANA),
        ("access_requests", "access_steps"),
        somebody_asks,
    ),
    "custody.access_requests.decide": Act(
        lambda a: a.custody.access_requests.decide("AR-1", "whole", why="x", by=ANA),
        ("access_requests", "access_steps"),
        somebody_asks,
    ),
    "custody.access_requests.extend": Act(
        lambda a: a.custody.access_requests.extend("AR-1", why="x", by=ANA),
        ("access_requests", "access_steps"),
        somebody_asks,
    ),
    "custody.access_requests.refuse": Act(
        lambda a: a.custody.access_requests.refuse("AR-1", why="x", by=ANA),
        ("access_requests", "access_steps"),
        somebody_asks,
    ),
    "custody.access_requests.deliver": Act(
        lambda a: a.custody.access_requests.deliver("AR-1", to="x", how="x", by=ANA),
        ("access_requests", "access_steps"),
        packed,
    ),
    "custody.holds.add": Act(
        lambda a: a.custody.holds.add("600111222", case="C-7", reason="x", by=ANA), ("holds",)
    ),
    "custody.months.close": Act(
        lambda a: a.custody.months.close("2026-10", by=ANA), ("month_statements",)
    ),
    "custody.holds.lift": Act(
        lambda a: a.custody.holds.lift(1, reason="x", by=ANA), ("approvals",), held
    ),
    "custody.retention.set": Act(
        lambda a: a.custody.retention.set("sales", "30 days", by=ANA, reason="x"),
        ("retention_changes",),
    ),
    "custody.retention.remove": Act(
        lambda a: a.custody.retention.remove("all", by=ANA, reason="x"),
        ("retention_changes",),
        with_a_rule,
    ),
    "custody.retention.apply": Act(
        lambda a: a.custody.retention.apply(
            confirm=a.custody.retention.preview(by=ANA).confirm, by=ANA, reason="x"
        ),
        ("retention_changes",),
        with_a_rule,
    ),
    "custody.erase": Act(
        lambda a: destroy(a, SID, "x", ANA),
        ("recordings", "orders", "erasures", "erasure_items"),
    ),
    "custody.accept": Act(
        lambda a: a.custody.accept(SID, reason="x", by=ANA), ("recordings", "orders"), parked
    ),
    "custody.give_up": Act(
        lambda a: a.custody.give_up(SID, reason="x", by=ANA), ("recordings", "orders"), parked
    ),
    "custody.disclosures.consent": Act(
        lambda a: a.custody.disclosures.consent(SID, **DISCLOSURE_CONSENT, by=ANA),
        ("disclosure_consents",),
    ),
    "custody.disclosures.withdraw": Act(
        lambda a: a.custody.disclosures.withdraw(1, why="x", by=ANA),
        ("disclosure_consents", "disclosures"),
        consented,
    ),
    "custody.disclosures.give": Act(
        lambda a: a.custody.disclosures.give(SID, **GIVEN, by=ANA), ("disclosures",)
    ),
    "custody.disclosures.revoke": Act(
        lambda a: a.custody.disclosures.revoke(
            a.custody.disclosures.of(SID, by=ANA)[0].id, why="x", by=ANA
        ),
        ("disclosures",),
        consented,
    ),
    "cases.open": Act(
        lambda a: a.cases.open(call_sid(), "complaint", by=ANA), ("cases", "case_steps", "holds")
    ),
    "cases.describe": Act(
        lambda a: a.cases.describe(key_of_case(a), "x", by=ANA), ("cases", "case_steps"), a_case
    ),
    "cases.consent": Act(
        lambda a: a.cases.consent(key_of_case(a), "granted", by=ANA),
        ("case_calls", "case_steps"),
        a_case,
    ),
    "cases.consent, refused": Act(
        lambda a: a.cases.consent(key_of_case(a), "refused", by=ANA),
        ("case_calls", "case_steps", "holds", "stop_orders", "orders", "recordings", "disclosures"),
        a_case_that_goes_on,
    ),
    "cases.add_call": Act(
        lambda a: a.cases.add_call(key_of_case(a), call_sid(5), by=ANA),
        ("case_calls", "case_steps", "holds"),
        a_case_and_a_call,
    ),
    "cases.note": Act(lambda a: a.cases.note(key_of_case(a), "x", by=ANA), ("case_steps",), a_case),
    "cases.incomplete": Act(
        lambda a: a.cases.incomplete(key_of_case(a), "x", by=ANA),
        ("cases", "case_steps", "case_clocks"),
        a_case,
    ),
    "cases.complete": Act(
        lambda a: a.cases.complete(key_of_case(a), by=ANA),
        ("cases", "case_steps", "case_clocks"),
        an_incomplete_case,
    ),
    "cases.receipts.make": Act(
        lambda a: a.cases.receipts.make(key_of_case(a), by=ANA),
        ("case_steps", "disclosures"),
        a_recorded_case,
    ),
    "cases.receipts.deliver": Act(
        lambda a: a.cases.receipts.deliver(key_of_case(a), to="x", how="x", by=ANA),
        ("case_steps",),
        a_case,
    ),
    "cases.close": Act(
        lambda a: a.cases.close(key_of_case(a), notified_at="2026-11-23", how="x", by=ANA),
        ("cases", "case_steps", "holds"),
        a_case,
    ),
    "operations.retry": Act(lambda a: a.operations.retry(SID, by=ANA), ("recordings",), parked),
    "operations.settle_difference": Act(
        lambda a: a.operations.settle_difference(SID, reason="x", by=ANA),
        ("differences",),
        differing,
    ),
    "recordings.compare": Act(
        lambda a: a.recordings.compare(SID, by=ANA), ("differences",), differing
    ),
    "recordings.pause": Act(lambda a: a.recordings.pause(SID, by=ANA), ("pauses",), going_on),
    "recordings.resume": Act(lambda a: a.recordings.resume(SID, by=ANA), ("pauses",), paused),
    "transcripts.request": Act(lambda a: a.transcripts.request(SID, by=ANA), ("transcripts",)),
    "transcripts.request_all": Act(
        lambda a: a.transcripts.request_all("2026-11-01", by=ANA), ("transcripts",)
    ),
    "cards.approve": Act(
        lambda a: a.cards.approve(SID, reason="x", by=ANA), ("card_cuts",), spoken
    ),
    "cards.refuse": Act(lambda a: a.cards.refuse(SID, reason="x", by=ANA), ("card_cuts",), spoken),
    "derivatives.make": Act(
        lambda a: a.derivatives.make(SID, ConversionSpec("wav", end=0.5), by=ANA), ("derivatives",)
    ),
}
"""What is changed in the catalog by somebody."""

CHANGE_NOTHING = {
    "cases.years.cases": "it is only read",
    "cases.years.waits": "it is only read",
    "cases.years.figures": "it is only read",
    "cases.years.statement": "it is only read",
    "cases.receipts.send": "the receipt is made as by `make`; a worker enters that it was sent",
    "custody.access_requests.answer": "it is looked at; only its entry is written",
    "custody.access_requests.pack": "it is entered as tried, and as made when all of it was read",
    "custody.evidence": "it is entered as tried, and as done when it is made",
    "integrity.check": "it is entered as tried, and as done when all was read",
    "recordings.open": "what is heard is entered alone; see test_catalog_listenings",
    "recordings.convert": "what is taken out is entered alone",
    "custody.approvals.released": "it is only read",
    "custody.approvals.take_out": "what is taken out is entered alone",
    "derivatives.open": "what is heard is entered alone",
    "transcripts.get": "what is read is entered alone",
    "audit.record": "the entry is all there is",
    "journal.adopt_bucket": "the bucket's mark is changed, which is entered before and after",
    "journal.rebuild": "the whole catalog is new: it is whole with its entry, which is the last",
    "operations.backfill": "each run is entered before and after; what it admits, as of `admit`",
}


def test_every_method_of_somebody_who_acts_is_in_the_table() -> None:
    acting = {
        f"{part}.{name}"
        for part, name, method in methods()
        if (by := inspect.signature(method).parameters.get("by"))
        and by.default is inspect.Parameter.empty
    }
    assert acting == {name.partition(",")[0] for name in ACTS} | CHANGE_NOTHING.keys()


@pytest.fixture(scope="module")
def recorded() -> House:
    """An archive with one recording, to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    return house


@pytest.fixture
def scene(recorded: House) -> Callable[[Act], House]:
    """Make an archive with one recording."""

    def make(act: Act) -> House:
        house = recorded.copy()
        act.prepare(house)
        return house

    return make


def there(archive: Archive, act: Act) -> Mapping[str, Mapping[str, Counter[str]]]:
    """Return the values of each column of the tables that an act changes.

    A copy that is not made yet is none.
    """
    found: dict[str, Mapping[str, Counter[str]]] = {}
    with archive.catalog.database.read() as connection:
        for name in act.changes:
            rows = [
                row
                for row in connection.execute(select(metadata.tables[name])).mappings()
                if name != "derivatives" or row["made_at"] is not None
            ]
            columns = metadata.tables[name].columns.keys()
            found[name] = {each: Counter(repr(row[each]) for row in rows) for each in columns}
    return found


def changed(archive: Archive, act: Act, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how many rows each table has that an act changes, and in which columns they changed.

    Keys and times are new ones each time: values are not compared.
    """
    return {
        name: {
            column: values.total()
            for column, values in now.items()
            if values != before[name][column]
        }
        for name, now in there(archive, act).items()
    }


def done(archive: Archive) -> list[AuditEntry]:
    """Return the entries of what was done."""
    return [each for each in archive.audit.log() if each.outcome == "done"]


@contextmanager
def failing(archive: Archive, at: int, *, for_ever: bool) -> Iterator[list[str]]:
    """Let the catalog fail at its next write but `at`; and at all after it, if it is for ever."""
    written: list[str] = []
    mine = get_ident()

    def fail(statement: str, _: object) -> None:
        if get_ident() == mine and statement.lstrip().upper().startswith(
            ("INSERT", "UPDATE", "DELETE")
        ):
            written.append(statement)
            if len(written) == at + 1 or (for_ever and len(written) > at):
                raise OperationalError(statement, {}, Exception("database or disk is full"))

    with each_statement(archive.catalog.database.engine, fail):
        yield written


WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)


@contextmanager
def transactions(archive: Archive) -> Iterator[list[set[str]]]:
    """Gather which tables are written by each transaction that is committed."""
    engine, made, now = archive.catalog.database.engine, [], set[str]()
    mine = get_ident()  # another test may have left a worker that asks its own catalog

    def look(statement: str, _: object) -> None:
        found = WRITES.match(statement)
        if found and get_ident() == mine:
            now.add(found[1])

    def committed(_: object) -> None:
        if now:
            made.append(set(now))
        now.clear()

    event.listen(engine, "commit", committed)
    try:
        with each_statement(engine, look):
            yield made
    finally:
        event.remove(engine, "commit", committed)


BY_THEMSELVES: Mapping[str, list[set[str]]] = {
    "calls.place": [{"announcements"}],  # the wording that they hear, under its hash
    "cases.consent": [{"recordings", "calls"}],  # what Twilio began, as a callback tells of it
    "cases.consent, refused": [{"stop_orders"}],  # that it is done, as a sweep finds it
    "derivatives.make": [{"derivatives"}],  # that it is to be made, which is entered as tried
}
"""What is written without an entry of its own: what follows from what was entered before."""


@pytest.mark.parametrize("name", ACTS)
def test_nothing_is_changed_in_a_transaction_without_an_entry(
    scene: Callable[[Act], House], name: str
) -> None:
    act = ACTS[name]
    archive = scene(act).archive
    with transactions(archive) as made:
        act.do(archive)
    assert {"audit", *act.changes} <= set().union(*made)
    assert [each for each in made if "audit" not in each] == BY_THEMSELVES.get(name, [])


@pytest.mark.parametrize("for_ever", [False] if POSTGRESQL else [False, True])
@pytest.mark.parametrize("name", ACTS)
def test_change_and_entry_are_both_there_or_neither(
    scene: Callable[[Act], House], name: str, for_ever: bool
) -> None:
    act = ACTS[name]
    prepared = scene(act)
    before = there(prepared.archive, act)
    came: dict[int, Mapping[str, Any]] = {
        len(done(prepared.archive)): changed(prepared.archive, act, before)
    }
    for at in range(40):
        archive = prepared.copy().archive
        failed = False
        with failing(archive, at, for_ever=for_ever) as written:
            try:
                act.do(archive)
            except (CatalogError, TwirecError):
                failed = True
        # by the entries that are there, it is known what is changed
        entered, there_now = done(archive), changed(archive, act, before)
        assert there_now == came.setdefault(len(entered), there_now), written
        assert all(each.role == "admin" for each in archive.audit.log(who="ana"))
        assert archive.audit.verify().whole
        if len(written) <= at:  # it went through without meeting the failure
            assert not failed
            break
    else:
        raise AssertionError("it writes without end")
    assert at > 1
    assert ANA.name in {each.by for each in entered}
    assert all(there_now.values()), "a table of `changes` is not changed"


@pytest.mark.parametrize(
    "name", ["calls.place", "recordings.pause", "recordings.resume", "derivatives.make"]
)
def test_what_happens_outside_is_entered_before(scene: Callable[[Act], House], name: str) -> None:
    act = ACTS[name]
    archive = scene(act).archive
    with failing(archive, 0, for_ever=True), pytest.raises(CatalogError):
        act.do(archive)
    assert archive.audit.log(who="ana") == []
    with suppress(TwirecError):
        act.do(archive)
    entries = archive.audit.log(who="ana")[::-1]
    assert [each.outcome for each in entries] == ["tried", "done"]
    assert entries[1].detail["tried"] == entries[0].seq
