"""Whoever destroys dies at each step; whoever goes on ends the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.erasing import SECOND, destroy
from tests.factories import ACCOUNT, STARTED, call_sid, recording_sid
from tests.house import A_CALL, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.jobs.worker import LEASE
from twirec.model.erasure import Certificate
from twirec.model.states import State
from twirec.model.vocabulary import ERASED, Outcome
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT
from twirec.transfers.checkpoints import Step

SID, CALL = recording_sid(), call_sid()


class Killed(BaseException):
    """The process is gone, in the middle of what it did."""


@pytest.fixture(scope="module")
def recorded(session_settings: Settings) -> House:
    house = House(session_settings, MemoryBucket())
    house.vendor.add_call(A_CALL)
    house.record(wav(seconds=4, channels=2))
    house.work()
    house.archive.catalog.ledger.close_call(
        ACCOUNT,
        CALL,
        outcome=Outcome.RECORDED,
        reason=None,
        ended_at=STARTED + timedelta(seconds=9),
    )
    house.archive.calls.annotate(CALL, note="ring 600111222 back", case="C-7", by="ana")
    house.archive.journal.write()
    return house


@pytest.fixture(scope="module")
def session_settings() -> Settings:

    return Settings.from_env({**ENVIRONMENT, "TWIREC_AUDIT_KEY": "k" * 32})


def outcome_of(house: House, certificate: Certificate) -> set[tuple[Any, ...]]:
    """Work until nothing is left, and return what the certificate says of each copy."""
    for _ in range(4):
        house.time += timedelta(minutes=11)
        house.work()
    gone = house.archive.custody.certificates.get(certificate.id, by=SECOND)
    assert gone.done, gone
    return {(line.sid, line.copy, line.name, line.outcome) for line in gone.lines}


@pytest.fixture(scope="module")
def undisturbed(recorded: House) -> set[tuple[Any, ...]]:
    house = recorded.copy()
    return outcome_of(house, destroy(house.archive, CALL))


def check_gone(house: House) -> None:
    assert house.recording().state is State.ERASED
    assert house.stored() == house.at_vendor() == []
    line = house.archive.catalog.ledger.call(ACCOUNT, CALL)
    assert (line.call.customer_number, line.call.case_number, line.notes) == (ERASED, "", ())
    for stored in house.bucket.list("journal/"):
        assert b"600111222" not in b"".join(house.bucket.open_range(stored.name))
    assert house.archive.audit.verify().whole


@pytest.mark.parametrize("step", [Step.CLAIMED, Step.FOUND, Step.DELETED, Step.DESTROYED])
def test_a_recording_is_destroyed_though_who_destroys_it_dies(
    recorded: House, undisturbed: set[tuple[Any, ...]], step: Step
) -> None:
    house = recorded.copy()
    certificate = destroy(house.archive, CALL)

    def kill(at: Step) -> None:
        if at is step:
            raise Killed

    lease = house.archive.catalog.due_work.claim(house.time, LEASE)
    assert lease is not None
    with pytest.raises(Killed):
        house.archive.operations.worker(threads=1, at=kill).work(lease)
    assert outcome_of(house, certificate) == undisturbed
    check_gone(house)


def killing(do: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
    """Return what is done no more than once, and whose caller is dead before or after it."""

    def killed(*args: Any, **named: Any) -> None:
        if not before:
            do(*args, **named)
        raise Killed

    return killed


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "at",
    [
        *("erasing.empty_rows", "erasing.settle_recordings", "erasing.empty_calls"),
        *("erasing.page_written", "erasing.finish", "erasing.settle"),
        *("vendor.delete_call", "bucket.delete"),
    ],
)
def test_a_call_is_erased_though_who_erases_it_dies(
    recorded: House,
    undisturbed: set[tuple[Any, ...]],
    monkeypatch: pytest.MonkeyPatch,
    at: str,
    *,
    before: bool,
) -> None:
    house = recorded.copy()
    certificate = destroy(house.archive, CALL)
    place, _, name = at.partition(".")
    catalog = house.archive.catalog
    of = {"vendor": house.vendor, "bucket": house.bucket}.get(place) or getattr(catalog, place)
    operations = house.archive.operations
    worker, kind = operations.worker(threads=1), operations._erasing().kind()
    lease = kind.queue.claim(house.time, LEASE)
    assert lease is not None
    with monkeypatch.context() as patched:
        patched.setattr(of, name, killing(getattr(of, name), before=before))
        with pytest.raises(Killed):
            worker.work(lease, kind)
    assert outcome_of(house, certificate) == undisturbed
    check_gone(house)
