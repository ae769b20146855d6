"""What is held stays: in the catalog, for the workers, and in the bucket itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import update

from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import AT_VENDOR, NAME, House
from tests.servers import StrictGcs
from tests.sounds import wav
from twirec import Actor, State
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog.tables import recordings
from twirec.model.bucket import HELD, StoredObject
from twirec.model.errors import (
    BucketUnavailable,
    CustodyRefused,
    InvalidQuery,
    NotFound,
    ObjectHeld,
)
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID = recording_sid()
MEDIA = wav(4.0, channels=2)
ANA, EVA, BO = Actor("ana", "admin"), Actor("eva", "supervisor"), Actor("bo", "admin")
WHY = {"case": "C-7", "reason": "a dispute"}


@pytest.fixture(scope="module")
def recorded() -> House:
    """An archive with one recording, to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def stored(house: House) -> StoredObject:
    return house.archive.bucket.stat(NAME)


def lift(house: House, case: str = "C-7") -> None:
    asked = house.archive.custody.unhold(SID, case=case, reason="settled", by=ANA)
    house.archive.custody.approvals.approve(asked.id, by=BO)


def test_the_object_is_held_from_the_first_hold_to_the_last(house: House) -> None:
    custody = house.archive.custody
    custody.hold(SID, **WHY, by=EVA)
    custody.hold(SID, case="C-9", reason="another", by=ANA)
    assert (stored(house).held, stored(house).labels[HELD]) == (True, "C-7, C-9")
    with pytest.raises(ObjectHeld):
        house.bucket.delete(NAME, stored(house).generation)
    with pytest.raises(CustodyRefused, match="is held, for C-7, C-9"):
        destroy(house.archive, SID, "asked for", ANA)
    lift(house)
    assert (stored(house).held, stored(house).labels[HELD]) == (True, "C-9")
    lift(house, "C-9")
    assert (stored(house).held, stored(house).labels[HELD]) == (False, "")
    destroy(house.archive, SID, "asked for", ANA)
    assert house.work().state is State.ERASED
    assert house.stored() == []
    assert [each.outcome for each in house.archive.audit.log(action="erase")] == ["done", "denied"]


@pytest.mark.parametrize("wrong", ["", SID, f"CA{SID[2:]}", "hello", "1222", "anonymous"])
def test_a_hold_that_would_hold_nothing_is_refused(house: House, wrong: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^number: give a whole number .* by its SID"):
        house.archive.custody.holds.add(wrong, **WHY, by=ANA)
    assert house.archive.custody.holds.list() == []


def test_what_is_archived_later_is_held_then(recorded: House) -> None:
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    hold = house.archive.custody.holds.add("600 111 222", **WHY, by=ANA)
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    assert stored(house).held
    (its,) = house.archive.custody.holds.of(SID, by=ANA)
    assert (its.id, its.number) == (hold.id, "+34600111222")
    asked = house.archive.custody.holds.lift(hold.id, reason="settled", by=ANA)
    assert stored(house).held
    house.archive.custody.approvals.approve(asked.id, by=BO)
    assert not stored(house).held
    assert house.archive.custody.holds.of(SID, by=ANA) == []


def test_the_sweep_mends_what_the_bucket_lost_or_has_too_much(house: House) -> None:
    house.archive.custody.hold(SID, **WHY, by=ANA)
    house.bucket.hold(NAME, stored(house).generation, False, {})
    assert house.archive.operations.sweep(dry_run=True).planned == {SID: "holds_mended"}
    assert not stored(house).held
    assert house.archive.operations.sweep().holds_mended == 1
    assert stored(house).held
    assert house.archive.operations.sweep().holds_mended == 0
    lift(house)
    house.bucket.hold(NAME, stored(house).generation, True, {HELD: "C-7"})
    assert house.archive.operations.sweep().holds_mended == 1
    assert not stored(house).held


def test_what_somebody_else_holds_in_the_bucket_is_left_alone(house: House) -> None:
    house.bucket.hold(NAME, stored(house).generation, True, {})
    assert house.archive.operations.sweep().holds_mended == 0
    assert stored(house).held
    destroy(house.archive, SID, "asked for", ANA)
    house.work()
    assert "ObjectHeld" in house.recording().last_error
    assert house.stored() == [NAME]


def test_a_bucket_that_is_away_holds_nothing_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise BucketUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "hold", away)
        house.archive.custody.hold(SID, **WHY, by=ANA)
    with pytest.raises(CustodyRefused):
        destroy(house.archive, SID, "asked for", ANA)
    assert house.archive.operations.sweep().holds_mended == 1
    assert stored(house).held


def test_a_worker_that_has_it_stops_when_a_hold_comes_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    destroy(house.archive, SID, "asked for", ANA)
    commit = house.archive.catalog.due_work.destroy

    def held_meanwhile(*args: object) -> object:
        monkeypatch.undo()
        house.archive.custody.hold(SID, **WHY, by=ANA)
        return commit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(house.archive.catalog.due_work, "destroy", held_meanwhile)
    recording = house.work()
    assert (recording.state, recording.last_error, recording.attempts) == (State.ERASING, "", 0)
    assert house.stored() == [NAME]
    assert stored(house).held
    assert house.work().state is State.ERASING
    lift(house)
    assert house.work().state is State.ERASED
    assert house.stored() == []


def test_a_hold_that_comes_between_two_steps_of_a_worker_without_lease_keeps_the_object(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twilio's deletion took so long that the lease ended: what is left is kept."""
    house.vendor.add_recording(AT_VENDOR, MEDIA)
    destroy(house.archive, SID, "asked for", ANA)
    delete = house.vendor.delete

    def slowly(*args: str) -> None:
        delete(*args)
        with house.archive.catalog.database.write() as connection:
            connection.exec_driver_sql("UPDATE recordings SET lease_until = '2026-01-01 00:00:00'")
        house.archive.custody.hold(SID, **WHY, by=ANA)

    monkeypatch.setattr(house.vendor, "delete", slowly)
    assert house.work().state is State.ERASING
    assert house.stored() == [NAME]


def test_who_may_not_may_not_and_nothing_is_lifted_that_is_not_there(house: House) -> None:
    custody = house.archive.custody
    for who in (Actor("leo", "auditor"), Actor("leo", "agent")):
        with pytest.raises((CustodyRefused, NotFound)):
            custody.hold(SID, **WHY, by=who)
        with pytest.raises(CustodyRefused):
            custody.holds.add("600111222", **WHY, by=who)
    custody.hold(SID, **WHY, by=EVA)
    with pytest.raises(CustodyRefused):
        custody.unhold(SID, case="C-7", reason="settled", by=EVA)
    with pytest.raises(NotFound, match="has no hold of its own for C-8"):
        lift(house, "C-8")
    outcomes = [each.outcome for each in house.archive.audit.log(who="leo")]
    assert outcomes == ["denied"] * 4


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], GcsBucket]]:
    with StrictGcs("calls") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        yield lambda prefix: GcsBucket("calls", prefix, retry_for=5)


def test_google_itself_refuses_what_is_held(gcs: Callable[[str], GcsBucket]) -> None:
    bucket = gcs("archive")
    house = House(Settings.from_env(ENVIRONMENT), bucket)  # type: ignore[arg-type]
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    house.archive.custody.hold(SID, **WHY, by=ANA)
    console = gcs("archive")  # somebody who goes past the archive
    with pytest.raises(ObjectHeld):
        console.delete(NAME, console.stat(NAME).generation)
    lift(house)
    assert not console.stat(NAME).held
    destroy(house.archive, SID, "asked for", ANA)
    assert house.work().state is State.ERASED
    assert list(console.list("recordings/")) == []


def test_an_agent_knows_of_what_goes_on_and_not_what_was_ordered_of_it(house: House) -> None:
    with house.archive.catalog.database.write() as connection:
        connection.execute(update(recordings).values(state=State.RECORDING))
    house.archive.custody.hold(SID, case="C-7", reason="a dispute", by=ANA)
    agent = Actor("client:eva", "agent")
    assert house.archive.recordings.get(SID, by=agent).state is State.RECORDING
    assert list(house.archive.custody.holds.list(by=agent)) == []
    assert len(house.archive.custody.holds.list(by=ANA)) == 1
    for asked in (
        house.archive.custody.holds.of,
        house.archive.custody.orders,
        house.archive.custody.retention.of,
    ):
        with pytest.raises(CustodyRefused, match="not for the role agent"):
            asked(SID, by=agent)
        asked(SID, by=ANA)
