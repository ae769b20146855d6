"""A no to being recorded for a case: one transaction, and what it orders is done whatever dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ACCOUNT, call_sid, recording_sid
from tests.house import A_CALL, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryLiveCalls
from twirec.catalog.audit import Audit
from twirec.catalog.cases import Cases
from twirec.catalog.recordings import Recordings
from twirec.catalog.stop_orders import StopOrders
from twirec.model.access import Actor
from twirec.model.cases import CaseAnswer
from twirec.model.errors import CustodyRefused, VendorUnavailable
from twirec.model.records import Recording
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

ANA, BO, EVA = Actor("ana", "agent"), Actor("bo", "supervisor"), Actor("eva", "admin")
MEDIA = wav(4.0, channels=2)


@pytest.fixture(scope="module")
def opened() -> House:
    """A call that goes on, of which something was archived on another ground, and its case."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    house.work()
    house.vendor.add_call(replace(A_CALL, status="in-progress"))
    house.archive.cases.open(call_sid(), "complaint", by=ANA)
    return house


@pytest.fixture(scope="module")
def granted(opened: House) -> House:
    """The same, with a yes by which recording began."""
    house = opened.copy()
    assert answer(house, "granted").recorded
    return house


def key_of(house: House) -> str:
    return house.archive.catalog.known_cases.of_call(call_sid())[0].key


def answer(house: House, said: str, by: Actor = ANA) -> Any:
    return house.archive.cases.consent(key_of(house), said, by=by)


def at_vendor(house: House) -> list[str]:
    """Return the recordings of the vendor that began for the case."""
    return [sid for sid in house.at_vendor() if sid != recording_sid()]


def status(house: House, sid: str) -> RecordingStatus:
    return house.vendor.recording(ACCOUNT, sid).status


def heal(house: House) -> None:
    """Let three hours go by, with sweeps and workers, and the vendor finish what was ended."""
    for _ in range(3):
        house.time += timedelta(hours=1)
        house.archive.operations.sweep(full=True)
        for each in house.vendor.recordings(ACCOUNT):
            if each.status is RecordingStatus.STOPPED:
                done = {"status": RecordingStatus.COMPLETED, "duration": 4, "channels": 2}
                began = {"created_at": house.time, "started_at": each.started_at or house.time}
                house.vendor.add_recording(replace(each, **done, **began), MEDIA)
        house.archive.operations.worker(threads=1).run_once()


def its(house: House, sid: str) -> Recording:
    return house.archive.catalog.recordings.get(sid)


def entries(house: House) -> list[tuple[str, str, str, str, Any]]:
    return [
        (each.by, each.role, each.action, each.outcome, each.detail.get("step"))
        for each in house.archive.audit.log()[::-1]
    ]


def dying(
    monkeypatch: pytest.MonkeyPatch, kind: type, name: str, when: Callable[..., bool], after: bool
) -> None:
    """Let the process die before or after a step."""
    method = getattr(kind, name)

    def dies(self: Any, *args: Any, **said: Any) -> Any:
        given = method(self, *args, **said) if after or not when(*args) else None
        if when(*args):
            raise SystemExit
        return given

    monkeypatch.setattr(kind, name, dies)


def ever(*_: Any) -> bool:
    return True


def outcome(which: str) -> Callable[..., bool]:
    """Whether an entry that is appended by itself is of this outcome."""
    return lambda draft: draft.outcome == which


DEATHS: dict[str, tuple[type, str, Callable[..., bool], bool]] = {
    "after it was written down": (Cases, "refuse", ever, True),
    "before it was entered as tried": (Audit, "append", outcome("tried"), False),
    "before Twilio was asked": (Audit, "append", outcome("tried"), True),
    "as Twilio was asked": (MemoryLiveCalls, "set_recording", ever, False),
    "when Twilio had done it": (MemoryLiveCalls, "set_recording", ever, True),
    "before it was entered as done": (Audit, "append", outcome("done"), False),
    "when it was entered as done": (Audit, "append", outcome("done"), True),
    "when the order was done": (StopOrders, "done", ever, True),
}


@pytest.mark.parametrize("death", DEATHS)
def test_whoever_dies_a_no_ends_what_is_recorded_and_destroys_it(
    granted: House, monkeypatch: pytest.MonkeyPatch, death: str
) -> None:
    house = granted.copy()
    (sid,) = at_vendor(house)
    with monkeypatch.context() as patched:
        dying(patched, *DEATHS[death])
        with pytest.raises(SystemExit):
            answer(house, "refused")
    (call,) = house.archive.catalog.known_cases.calls(1)
    assert call.answer is CaseAnswer.REFUSED
    assert its(house, sid).to_be_erased
    assert house.archive.catalog.holds.cases(sid) == ()
    house.archive.operations.sweep()  # at once
    assert status(house, sid) is RecordingStatus.STOPPED
    heal(house)
    assert its(house, sid).state is State.ERASED
    assert at_vendor(house) == []
    assert house.archive.catalog.stop_orders.open() == []
    assert house.recording().state is State.RELEASED  # on another ground


def test_a_death_before_it_is_written_down_leaves_all_as_it_was(
    granted: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = granted.copy()
    (sid,) = at_vendor(house)
    before = house.archive.audit.head()
    with monkeypatch.context() as patched:
        dying(patched, Cases, "refuse", ever, after=False)
        with pytest.raises(SystemExit):
            answer(house, "refused")
    assert house.archive.audit.head() == before
    assert not its(house, sid).to_be_erased
    assert house.archive.catalog.holds.cases(sid) == (key_of(house),)


def test_each_thing_that_a_no_changes_has_its_entry_with_the_role(granted: House) -> None:
    house = granted.copy()
    (sid,) = at_vendor(house)
    before = len(entries(house))
    said = answer(house, "refused")
    assert (said.recorded, said.why) == (False, "")
    assert entries(house)[before:] == [
        ("ana", "agent", "case", "done", "consent"),
        ("ana", "agent", "unhold", "done", None),
        ("ana", "agent", "erase", "done", None),
        ("ana", "agent", "case", "tried", "stop"),
        ("ana", "agent", "case", "done", "stop"),
    ]
    assert [each.outcome for each in house.archive.audit.log(sid=sid)] == ["done"]
    (hold,) = house.archive.catalog.holds.page(case=key_of(house), lifted=True)
    (lifted,) = house.archive.audit.log(action="unhold")
    assert lifted.detail == {"case": key_of(house), "hold": hold.id}
    answer(house, "refused")  # again: only Twilio is told again, of which nothing came yet
    assert {each[2] for each in entries(house)[before + 5 :]} == {"case"}


def test_each_hold_of_a_case_is_entered_as_it_begins_and_ends(opened: House) -> None:
    house = opened.copy()
    answer(house, "refused")
    answer(house, "granted")
    house.archive.cases.close(key_of(house), notified_at=house.time, how="x", by=EVA)
    log = house.archive.audit.log()[::-1]
    holds = [each for each in log if each.action in ("hold", "unhold")]
    assert [(each.action, each.by, each.detail["hold"]) for each in holds] == [
        ("hold", "ana", 1), ("unhold", "ana", 1), ("hold", "ana", 2), ("unhold", "eva", 2),
    ]  # fmt: skip
    assert {each.sid for each in holds} == {call_sid()}


def test_what_twilio_refuses_to_end_is_entered_and_the_sweep_ends_it(granted: House) -> None:
    house = granted.copy()
    (sid,) = at_vendor(house)
    house.vendor.faults.add("set_recording", VendorUnavailable("away"))
    answer(house, "refused")
    assert entries(house)[-1] == ("ana", "agent", "case", "failed", "stop")
    assert status(house, sid) is RecordingStatus.IN_PROGRESS
    heal(house)
    assert its(house, sid).state is State.ERASED


def test_what_others_hold_is_not_destroyed_and_that_is_entered_as_denied(granted: House) -> None:
    house = granted.copy()
    (sid,) = at_vendor(house)
    house.archive.custody.hold(sid, case="C-7", reason="a claim", by=EVA)
    said = answer(house, "refused")
    assert "held for another matter" in said.why
    assert sid not in said.why
    assert not its(house, sid).to_be_erased
    (denied,) = house.archive.audit.log(action="erase")
    assert (denied.sid, denied.outcome, denied.role) == (sid, "denied", "agent")
    assert status(house, sid) is RecordingStatus.STOPPED  # it ends all the same


BEGINNINGS: dict[str, tuple[type, str, Callable[..., bool], bool]] = {
    "before it was entered as tried": (Audit, "append", outcome("tried"), False),
    "before Twilio was asked": (MemoryLiveCalls, "start_recording", ever, False),
    "when Twilio had begun": (MemoryLiveCalls, "start_recording", ever, True),
    "when it was adopted": (Recordings, "adopt", ever, True),
    "when it was written down": (Cases, "began_recording", ever, True),
}


@pytest.mark.parametrize("death", BEGINNINGS)
def test_what_a_yes_began_ends_on_a_no_also_if_nobody_wrote_down_that_it_began(
    opened: House, monkeypatch: pytest.MonkeyPatch, death: str
) -> None:
    house = opened.copy()
    with monkeypatch.context() as patched:
        dying(patched, *BEGINNINGS[death])
        with pytest.raises(SystemExit):
            answer(house, "granted")
    _, consents = house.archive.catalog.consents.of(ACCOUNT, call_sid())
    assert [each.leg for each in consents if each.leg == key_of(house)]  # with the yes itself
    for each in house.vendor.recordings(ACCOUNT):
        if each.sid in at_vendor(house):  # as Twilio says it of what began over its API
            began = {"source": "StartCallRecordingAPI", "started_at": house.time}
            house.vendor.add_recording(replace(each, **began, created_at=house.time))
    assert not answer(house, "refused").recorded
    for sid in at_vendor(house):
        assert status(house, sid) is RecordingStatus.STOPPED
        assert its(house, sid).to_be_erased
    assert not answer(house, "granted").recorded  # nothing begins again
    heal(house)
    assert at_vendor(house) == []
    assert house.recording().state is State.RELEASED


def test_a_no_that_comes_while_recording_begins_ends_it(
    opened: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = opened.copy()
    began = Cases.began_recording

    def overtaken(self: Cases, *args: Any) -> bool:
        with monkeypatch.context() as patched:
            patched.setattr(Recordings, "adopt", lambda *_: None)
            answer(house, "refused", BO)
        return began(self, *args)

    with monkeypatch.context() as patched:
        patched.setattr(Cases, "began_recording", overtaken)
        said = answer(house, "granted")
    (sid,) = at_vendor(house)
    assert not said.recorded
    assert status(house, sid) is RecordingStatus.STOPPED
    assert its(house, sid).to_be_erased
    assert not answer(house, "granted").recorded


@pytest.mark.parametrize("custody", [Custody.BLOCKED, Custody.QUARANTINED])
def test_a_case_gives_the_sid_of_no_recording_that_they_may_not_see(
    granted: House, custody: Custody
) -> None:
    house = granted.copy()
    (sid,) = at_vendor(house)
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE recordings SET custody = '{custody}', state = 'released'"  # noqa: S608
        )
    cases, key = house.archive.cases, key_of(house)
    for who in (ANA, BO):
        told = [cases.get(key, by=who)]
        if custody is Custody.QUARANTINED:  # a blocked one is refused
            told.append(cases.add_call(key, call_sid(), by=who))
        told.append(cases.consent(key, "refused", by=who))
        assert sid not in repr(told)
    if custody is Custody.QUARANTINED:
        assert cases.add_call(key, call_sid(), by=EVA).call.recording_sid == sid


def test_nothing_is_added_to_the_line_of_a_blocked_call_by_a_yes(granted: House) -> None:
    house = granted.copy()
    house.archive.custody.erase(call_sid(), reason="asked", by=EVA)
    with pytest.raises(CustodyRefused, match="blocked"):
        answer(house, "granted")
    assert answer(house, "refused").call.answer is CaseAnswer.REFUSED  # which they may always say
