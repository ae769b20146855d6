"""What one person alone may not do: asked for by one, decided by another, and on the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.factories import recording_sid
from tests.house import House
from tests.sounds import wav
from twirec import Actor, Approval, ApprovalOutcome, Custody, State
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.approvals import same_person
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID = recording_sid()
MEDIA = wav(4.0, channels=2)
ANA, BO, CY = (Actor(name, "admin") for name in ("ana", "bo", "cy"))
EVA = Actor("eva", "supervisor")


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


def ask(house: House, by: Actor = ANA) -> Approval:
    """Hold the recording, and ask that this is lifted."""
    house.archive.custody.hold(SID, case="C-7", reason="a dispute", by=EVA)
    return house.archive.custody.unhold(SID, case="C-7", reason="settled", by=by)


def release(house: House, by: Actor = ANA) -> Approval:
    house.archive.custody.block(SID, reason="asked to be erased", by=ANA)
    return house.archive.custody.release(
        SID, authority="Juzgado 3", reference="DP 7/2026", reason="an order", by=by
    )


def is_held(house: House) -> bool:
    return house.archive.catalog.holds.is_held(SID)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ana", "ana", True),
        ("ana", "Ana ", True),
        ("ana", "os:ana", True),
        ("os:ANA", "ana", True),
        ("\uff21\uff2e\uff21", "ana", True),
        ("STRASSE", "straße", True),
        ("ana maria", "ana  maria", True),
        ("ana", "an\u200ba", True),
        ("ana", "bo", False),
        ("ana", "os:root", False),
        ("ana", "anabel", False),
    ],
)
def test_whose_name_is_whose(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


def test_it_is_done_when_somebody_else_approves_it(house: House) -> None:
    approvals = house.archive.custody.approvals
    asked = ask(house)
    assert is_held(house)
    assert [each.id for each in approvals.pending(by=BO)] == [asked.id]
    done = approvals.approve(asked.id, by=BO)
    assert (done.outcome, done.decided_by, is_held(house)) == (
        ApprovalOutcome.APPROVED,
        "bo",
        False,
    )
    assert approvals.pending(by=BO) == []
    assert approvals.get(asked.id, by=ANA) == done
    for again in (approvals.approve, lambda id_, by: approvals.refuse(id_, reason="no", by=by)):
        with pytest.raises(InvalidQuery, match="is approved already"):
            again(asked.id, by=CY)
    entries = [
        (each.by, each.action, each.outcome, each.detail.get("asked_by", ""))
        for each in house.archive.audit.log(sid=SID)[::-1]
        if each.action != "download"
    ]
    assert entries == [
        ("eva", "hold", "done", ""),
        ("ana", "ask", "done", ""),
        ("bo", "approve", "done", ""),
        ("bo", "unhold", "done", "ana"),
    ]


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (ANA, CustodyRefused),
        (Actor("os:ana", "admin"), CustodyRefused),
        (Actor("ANA", ""), CustodyRefused),
        (Actor("bo", "auditor"), CustodyRefused),
        (EVA, NotFound),
        (Actor("leo", "agent"), NotFound),
    ],
)
def test_who_may_not_approve_changes_nothing_and_is_on_the_log(
    house: House, who: Actor, error: type[Exception]
) -> None:
    asked = ask(house)
    with pytest.raises(error):
        house.archive.custody.approvals.approve(asked.id, by=who)
    assert is_held(house)
    assert [each.id for each in house.archive.custody.approvals.pending(by=BO)] == [asked.id]
    (entry,) = house.archive.audit.log(action="approve")
    assert (entry.outcome, entry.by) == ("denied", who.name)


def test_who_may_not_know_of_requests_sees_none(house: House) -> None:
    asked = ask(house)
    approvals = house.archive.custody.approvals
    for role, sees in (("auditor", True), ("supervisor", False), ("agent", False)):
        who = Actor("leo", role)
        assert bool(approvals.pending(by=who)) is sees
        if not sees:
            with pytest.raises(NotFound):
                approvals.get(asked.id, by=who)


def test_the_same_is_asked_once_and_may_be_refused_or_taken_back(house: House) -> None:
    approvals = house.archive.custody.approvals
    asked = ask(house)
    with pytest.raises(InvalidQuery, match="is asked for already: request 1 of ana waits"):
        house.archive.custody.unhold(SID, case="C-7", reason="settled", by=BO)
    refused = approvals.refuse(asked.id, reason="call 600111222 first", by=ANA)
    assert (refused.outcome, refused.why) == (ApprovalOutcome.REFUSED, "call (a number) first")
    assert is_held(house)
    again = house.archive.custody.unhold(SID, case="C-7", reason="settled", by=BO)
    with pytest.raises(InvalidQuery, match="reason"):
        approvals.refuse(again.id, reason=" ", by=ANA)
    approvals.approve(again.id, by=ANA)
    assert not is_held(house)


def test_what_nobody_decides_expires_and_is_on_the_log(house: House) -> None:
    asked = ask(house)
    house.time += timedelta(days=7)
    approvals = house.archive.custody.approvals
    assert approvals.pending(by=BO) == []
    with pytest.raises(InvalidQuery, match="expired on"):
        approvals.approve(asked.id, by=BO)
    house.archive.jobs.upkeep("upkeep")
    assert approvals.get(asked.id, by=BO).outcome is ApprovalOutcome.EXPIRED
    (entry,) = house.archive.audit.log(action="expire")
    assert (entry.sid, entry.by, entry.detail) == (SID, "twirec", {"approval": 1, "kind": "unhold"})
    assert is_held(house)
    house.archive.custody.unhold(SID, case="C-7", reason="settled", by=BO)


def test_what_cannot_be_done_any_more_stays_undecided(house: House) -> None:
    asked = ask(house)
    (hold,) = house.archive.custody.holds.of(SID, by=ANA)
    other = house.archive.custody.holds.lift(hold.id, reason="settled", by=CY)
    house.archive.custody.approvals.approve(other.id, by=BO)
    with pytest.raises(NotFound):
        house.archive.custody.approvals.approve(asked.id, by=BO)
    assert house.archive.custody.approvals.get(asked.id, by=BO).outcome is None
    assert [each.outcome for each in house.archive.audit.log(action="approve")] == [
        "failed",
        "done",
    ]


def test_a_release_is_one_download_for_each_of_the_two_and_then_closed(house: House) -> None:
    approvals = house.archive.custody.approvals
    asked = release(house)
    with pytest.raises(CustodyRefused, match="not released to ana"):
        approvals.take_out(SID, by=ANA)
    approvals.approve(asked.id, by=BO)
    for who in (Actor("Ana", "admin"), BO):
        assert [each.recording_sid for each in approvals.released(by=who)] == [SID]
        with approvals.take_out(SID, by=who) as stream:
            assert b"".join(stream) == MEDIA
        with pytest.raises(CustodyRefused, match="not released to"):
            approvals.take_out(SID, by=who)
    with pytest.raises(CustodyRefused, match="not released to cy"):
        approvals.take_out(SID, by=CY)
    with pytest.raises(NotFound):
        approvals.take_out(SID, by=EVA)
    assert approvals.released(by=ANA) == approvals.released(by=BO) == []
    assert house.recording().custody is Custody.BLOCKED
    for hear in (house.archive.recordings.open, house.archive.recordings.convert):
        with pytest.raises(NotFound):
            hear(SID, by=ANA, download=True)
    downloads = [
        (each.by, each.outcome, each.detail.get("approval"))
        for each in house.archive.audit.log(action="download")[::-1]
        if each.outcome in {"tried", "done"}
    ]
    assert downloads == [
        ("Ana", "tried", 1),
        ("Ana", "done", 1),
        ("bo", "tried", 1),
        ("bo", "done", 1),
    ]


def test_a_release_ends_after_a_week_and_another_one_opens_it_again(house: House) -> None:
    approvals = house.archive.custody.approvals
    approvals.approve(release(house).id, by=BO)
    house.time += timedelta(days=7)
    with pytest.raises(CustodyRefused):
        approvals.take_out(SID, by=ANA)
    again = house.archive.custody.release(
        SID, authority="Juzgado 3", reference="DP 7/2026", reason="once more", by=BO
    )
    approvals.approve(again.id, by=CY)
    with approvals.take_out(SID, by=CY) as stream:
        assert b"".join(stream) == MEDIA


@pytest.mark.parametrize(
    "changes", [{"authority": " "}, {"reference": ""}, {"reason": " "}, {"authority": "x" * 256}]
)
def test_a_release_says_for_whom_by_which_order_and_why(
    house: House, changes: dict[str, str]
) -> None:
    house.archive.custody.block(SID, reason="asked to be erased", by=ANA)
    said = {"authority": "Juzgado 3", "reference": "DP 7/2026", "reason": "an order", **changes}
    with pytest.raises(InvalidQuery, match=next(iter(changes))):
        house.archive.custody.release(SID, **said, by=ANA)
    assert house.archive.custody.approvals.pending(by=ANA) == []


def test_of_what_is_not_blocked_nothing_is_released(house: House) -> None:
    with pytest.raises(CustodyRefused):
        house.archive.custody.release(SID, authority="J", reference="7", reason="x", by=ANA)


def test_requests_and_releases_come_back_from_the_journal(
    house: House, rebuilt: Callable[[], object]
) -> None:
    asked = release(house)
    house.archive.custody.approvals.approve(asked.id, by=BO)
    with house.archive.custody.approvals.take_out(SID, by=ANA) as stream:
        assert b"".join(stream) == MEDIA
    house.archive.journal.write()
    new = rebuilt()
    custody = new.custody  # type: ignore[attr-defined]
    assert custody.approvals.get(asked.id, by=BO).decided_by == "bo"
    with pytest.raises(CustodyRefused):
        custody.approvals.take_out(SID, by=ANA)
    with custody.approvals.take_out(SID, by=BO) as stream:
        assert b"".join(stream) == MEDIA
