"""Who lost a lease commits nothing, whatever a worker was about to write down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.erasing import destroy
from tests.factories import STARTED, call_sid, recording_sid
from tests.house import A_CALL, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive.case_clocks import CaseClocks
from twirec.catalog.case_tables import case_clocks, case_steps
from twirec.catalog.erasure_tables import erased_copies
from twirec.catalog.tables import recordings
from twirec.jobs.worker import LEASE, LeaseKeeper
from twirec.model.access import Actor
from twirec.model.cases import Case, CaseClock, CaseStep, CaseStepKind
from twirec.model.erasure import CertificateLine, Copy, CopyOutcome, Erasure
from twirec.model.errors import LeaseLost
from twirec.model.events import EventType
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA = Actor("ana", "agent")
LINE = CertificateLine(call_sid(), Copy.VENDOR_CALL, CopyOutcome.REFUSED, STARTED, why="vendor")
FOUND = CertificateLine(recording_sid(), Copy.DERIVATIVE, CopyOutcome.ORDERED, STARTED, "a.mp3", 7)


@pytest.fixture(scope="module")
def recorded() -> House:
    settings = Settings.from_env({**ENVIRONMENT, "TWIREC_AUDIT_KEY": "k" * 32})
    house = House(settings, MemoryBucket())
    house.vendor.add_call(A_CALL)
    house.record(wav(seconds=4, channels=2))
    house.work()
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def rows(house: House) -> list[Any]:
    with house.archive.catalog.database.read() as connection:
        tables = (erased_copies, recordings, case_clocks, case_steps)
        return [connection.execute(select(table)).all() for table in tables]


def check_refused(house: House, write: Callable[[], object]) -> None:
    before = rows(house)
    with pytest.raises(LeaseLost):
        write()
    assert rows(house) == before


def taken_over(house: House, queue: Any) -> Lease[Any]:
    """Return a lease that ended while its holder was silent, after which another one began."""
    lease = queue.claim(house.time, LEASE)
    assert lease is not None
    house.time += LEASE
    assert queue.claim(house.time, LEASE) is not None
    return lease  # type: ignore[no-any-return]


def test_of_an_erasure(house: House) -> None:
    destroy(house.archive, call_sid())
    erasing = house.archive.catalog.erasing
    lease: Lease[Erasure] = taken_over(house, erasing.queue(lambda: house.time))
    # ordered since by who took over, of a page that the other one wrote before
    day = date(2026, 1, 2)
    page = CertificateLine(call_sid(), Copy.JOURNAL, CopyOutcome.ORDERED, STARTED, day.isoformat())
    of_recording = house.archive.catalog.due_work
    held = of_recording.claim(house.time, LEASE)
    assert held is not None
    of_recording.found(held, [page])
    check_refused(house, lambda: erasing.page_written(lease, day, house.time, None))
    check_refused(house, lambda: erasing.settle(lease, [LINE]))


def test_of_a_recording_that_is_destroyed(house: House) -> None:
    destroy(house.archive, call_sid())
    due_work = house.archive.catalog.due_work
    lease: Lease[Recording] = taken_over(house, due_work)
    later = house.time + timedelta(days=1)
    check_refused(house, lambda: due_work.found(lease, [FOUND]))
    check_refused(house, lambda: due_work.postpone(lease, later, "kept", copies=[FOUND]))


def test_what_the_bucket_keeps_is_written_down_with_when_it_is_tried_again(house: House) -> None:
    destroy(house.archive, call_sid())
    due_work = house.archive.catalog.due_work
    lease = due_work.claim(house.time, LEASE)
    assert lease is not None
    later = house.time + timedelta(days=1)
    due_work.postpone(lease, later, "kept", copies=[FOUND])
    assert due_work.due_at(recording_sid()) == later
    assert [row.name for row in rows(house)[0]] == ["a.mp3"]


def test_of_a_case_that_another_tells_of(house: House) -> None:
    case = house.archive.cases.open(call_sid(), "complaint", by=ANA).case
    assert case.warn_at is not None
    house.time = case.warn_at
    cases = house.archive.catalog.cases
    lease: Lease[CaseClock] = taken_over(house, cases.clocks)
    step = CaseStep(case.id, CaseStepKind.NEARLY_DUE, house.time, "twirec")
    check_refused(house, lambda: cases.tell(lease, step, EventType.CASE_NEARLY_DUE, house.time))


def test_of_a_case_whose_term_began_anew_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the customer completed just then has a clock of its own, which goes on."""
    cases, catalog = house.archive.cases, house.archive.catalog
    case = cases.open(call_sid(), "complaint", by=ANA).case
    assert case.warn_at is not None
    house.time = case.warn_at
    clocks = CaseClocks(catalog, lambda: house.time)
    lease = catalog.cases.clocks.claim(house.time, LEASE)
    assert lease is not None
    known = catalog.known_cases
    get = known.get

    def meanwhile(key: str) -> Case:
        known.get = get  # type: ignore[method-assign]
        cases.incomplete(key, "the meter's number", by=ANA)
        waits = get(key)
        cases.complete(key, by=ANA)
        return waits

    monkeypatch.setattr(known, "get", meanwhile)
    renew = catalog.cases.clocks.renew
    keeper = LeaseKeeper(lease, renew, LEASE, lambda: house.time, lambda: False)
    with pytest.raises(LeaseLost):
        clocks.run(keeper)
    anew = get(case.key)
    assert anew.warn_at is not None
    assert anew.warn_at > house.time
    assert catalog.cases.clocks.due_at(case.key) == anew.warn_at
