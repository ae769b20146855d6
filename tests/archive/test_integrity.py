"""What lies in the bucket is read back, oldest first, and what is damaged is said."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import call_sid, recording_sid
from tests.house import AT_VENDOR, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog.tables import events
from twirec.model.access import Actor
from twirec.model.alarms import AlarmKind, alarms
from twirec.model.audit import AuditOutcome
from twirec.model.errors import BucketUnavailable, CustodyRefused
from twirec.model.events import EventType
from twirec.model.integrity import share_at_most
from twirec.settings import Settings

ANA = Actor("ana", "admin")
SOUND = wav(4, 2)
SIDS = [recording_sid(number) for number in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest) -> House:
    """A house in which four recordings are archived, to be copied."""
    from twirec.testing import _settings

    settings = dataclasses.replace(_settings(), notify_url="https://crm.example.com/calls")
    house = House(settings, MemoryBucket())
    for number in range(1, 5):
        sid = recording_sid(number)
        house.vendor.add_recording(dataclasses.replace(AT_VENDOR, sid=sid), SOUND)
        house.tell(recording_sid=sid, call_sid=call_sid())
    house.archive.operations.worker(threads=1).run_once()
    return house


@pytest.fixture
def house(template: House) -> House:
    return template.copy()


def name_of(house: House, sid: str) -> str:
    return house.archive.catalog.recordings.get(sid).object_name or ""


def rot(house: House, sid: str) -> None:
    """Change a byte, and nothing that the bucket says of it."""
    stored, data = house.bucket._objects[name_of(house, sid)]
    house.bucket._objects[stored.name] = (stored, data[:-1] + b"\x01")


def test_what_is_changed_or_lost_is_found_said_and_told(house: House) -> None:
    archive = house.archive
    found = archive.integrity.check(by=ANA)
    assert (found.of, found.read, found.whole, found.at_most) == (4, 4, True, 0.0)
    assert found.size == 4 * len(SOUND)
    assert found.oldest == house.time
    rot(house, SIDS[0])
    del house.bucket._objects[name_of(house, SIDS[1])]
    rot(house, SIDS[2])
    archive.custody.block(SIDS[2], reason="x", by=ANA)
    found = archive.integrity.check(by=ANA)
    assert (found.read, found.changed, found.lost) == (3, 2, 1)
    assert set(found.named) == {SIDS[0], SIDS[1]}  # what is blocked is counted
    assert not found.whole
    stats = archive.operations.stats(by=ANA)
    assert stats.differences == 3
    kinds = [each.kind for each in alarms(stats, house.time, sweep_every=timedelta())]
    assert AlarmKind.DIFFERENCES in kinds
    with archive.catalog.database.read() as connection:
        told = select(events.c.recording_sid).where(events.c.type == EventType.DIFFERS)
        assert set(connection.execute(told).scalars()) == {SIDS[0], SIDS[1], None}
    entries = archive.audit.log(action="check", limit=10)
    assert [each.outcome for each in entries] == [AuditOutcome.DONE, AuditOutcome.TRIED] * 2
    assert dict(entries[0].detail) | {"tried": 0} == {
        "tried": 0,
        "of": 4,
        "read": 3,
        "changed": 2,
        "lost": 1,
        "unread": 0,
    }
    archive.integrity.check(by=ANA)  # what is known is not told again
    assert archive.operations.stats(by=ANA).differences == 3


def test_what_the_bucket_does_not_give_is_not_called_damaged(house: House) -> None:
    def away(*_: object, **__: object) -> None:
        raise BucketUnavailable("it is away")

    house.bucket.open_range = away  # type: ignore[method-assign,assignment]
    found = house.archive.integrity.check(by=ANA)
    assert (found.unread, found.read, found.changed, found.lost) == (4, 0, 0, 0)
    assert not found.whole
    assert found.oldest is None


def test_a_sample_is_as_large_as_asked_and_not_for_everybody(house: House) -> None:
    found = house.archive.integrity.check(3, by=ANA)
    assert (found.of, found.read) == (4, 3)
    assert 0.6 < found.at_most < 0.7
    for role in ("supervisor", "agent"):
        with pytest.raises(CustodyRefused):
            house.archive.integrity.check(by=Actor("eva", role))


def test_workers_read_each_in_its_turn_and_no_faster_than_the_rate(house: House) -> None:
    archive, catalog = house.archive, house.archive.catalog
    period = archive.settings.check_every
    turns = []
    for _ in range(6):
        report = archive.integrity.look()
        turns.append(report.read if report else 0)
        house.time += period / 4 + timedelta(seconds=1)
    assert turns == [1, 1, 1, 1, 1, 1]  # one a quarter of the period, and then again
    order = [each.sid for each, _ in catalog.checks.next(4)]
    assert order == [SIDS[2], SIDS[3], SIDS[0], SIDS[1]]  # the longest ago comes first
    assert archive.integrity.look() is not None
    assert archive.integrity.look() is None  # another worker's turn was just now
    catalog.checks.checked(SIDS, house.time)
    house.time += period / 2
    assert archive.integrity.look() is None  # all were read within the period
    assert archive.operations.stats(by=ANA).read_back is not None


def test_what_the_bucket_does_not_give_keeps_no_other_from_its_turn(house: House) -> None:
    archive, checks = house.archive, house.archive.catalog.checks
    period, away = archive.settings.check_every, [name_of(house, SIDS[0])]
    give = house.bucket.open_range

    def one_is_away(name: str, *given: Any, **more: Any) -> Any:
        if name in away:
            raise BucketUnavailable("it is away")
        return give(name, *given, **more)

    house.bucket.open_range = one_is_away  # type: ignore[method-assign]
    turns = []
    for _ in range(5):
        report = archive.integrity.look()
        turns.append((report.read, report.unread) if report else None)
        house.time += period / 4 + timedelta(seconds=1)
    assert turns[:4] == [(0, 1), (1, 0), (1, 0), (1, 0)]
    assert turns[4] == (0, 1), "then it is its turn again"
    assert checks.oldest() is None, "it was never read"
    checks.checked(SIDS[1:], house.time)
    assert archive.integrity.look() is not None, "nothing else is to be read"
    away.clear()
    house.time += period / 4 + timedelta(seconds=1)
    report = archive.integrity.look()
    assert (report.read if report else None) == 1
    assert checks.not_given(9, house.time) == []
    assert checks.oldest() is not None


def test_a_slow_rate_makes_turns_longer(house: House, twirec_settings: Settings) -> None:
    reader = house.archive.integrity._reader
    chosen, wait = reader.turn(timedelta(minutes=8), 10_000_000)
    assert (len(chosen), wait) == (1, timedelta(minutes=2))
    chosen, wait = reader.turn(timedelta(minutes=2), 10_000_000)
    assert (len(chosen), wait) == (2, timedelta(minutes=1))
    chosen, wait = reader.turn(timedelta(minutes=2), 100)
    assert len(chosen) == 1
    assert wait == timedelta(seconds=len(SOUND) / 100)


@pytest.mark.parametrize(
    ("of", "read", "damaged", "share"),
    [
        (1_000_000, 3000, 0, 0.000998),  # the rule of three: 3 / 3000
        (1_000_000, 59, 0, 0.0495),
        (1_000_000, 1, 0, 0.95),
        (1_000_000, 100, 2, 0.0616),  # tables of Clopper and Pearson, one-sided
        (1_000_000, 10, 10, 1.0),
        (50, 50, 0, 0.0),
        (50, 50, 5, 0.1),
        (50, 60, 0, 0.0),
        (10, 0, 0, 1.0),
        (0, 0, 0, 0.0),
    ],
)
def test_how_many_may_be_damaged(of: int, read: int, damaged: int, share: float) -> None:
    assert share_at_most(of, read, damaged) == pytest.approx(share, rel=0.005)
