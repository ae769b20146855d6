"""What every catalog knows of recordings that are not the installation's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import (
    ACCOUNT,
    STARTED,
    a_call,
    a_callback,
    a_recording,
    call_sid,
    recording_sid,
)
from twirec.catalog import Catalog
from twirec.jobs.worker import LEASE
from twirec.model.agents import Leg
from twirec.model.errors import NotFound
from twirec.model.ownership import ALL, OURS, Adopt, Claim, Foreign, NotOurs
from twirec.model.states import State

HOUR = timedelta(hours=1)
OWN = a_call().own_number
NUMBERS = Adopt(numbers=frozenset({OWN}))


def foreign(number: int, **changes: object) -> Foreign:
    at = STARTED + number * HOUR
    seen = Foreign(recording_sid(number), ACCOUNT, at, NotOurs.ELSEWHERE, "rule")
    return replace(seen, **changes)  # type: ignore[arg-type]


def test_a_line_that_was_written_live_proves_the_call_and_its_legs(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(5), call_sid(), STARTED, "client:ana"))
    assert catalog.foreign.wrote_line(ACCOUNT, call_sid())
    assert catalog.foreign.wrote_line(ACCOUNT, call_sid(5))
    assert not catalog.foreign.wrote_line(ACCOUNT, call_sid(2))
    assert not catalog.foreign.wrote_line("AC" + "b" * 32, call_sid())


def test_a_line_that_was_written_after_the_call_proves_nothing(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call(late=True))
    assert not catalog.foreign.wrote_line(ACCOUNT, call_sid())
    assert not catalog.ledger.owns(OWN)
    assert catalog.foreign.first_call(OWN) is None


def test_tells_when_the_first_call_of_a_number_was_told_of(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call(call_sid=call_sid(1), started_at=STARTED - HOUR, late=True))
    catalog.ledger.open_call(a_call(call_sid=call_sid(2), started_at=STARTED))
    catalog.ledger.open_call(a_call(call_sid=call_sid(3), started_at=STARTED + HOUR))
    assert catalog.foreign.first_call(OWN) == STARTED


@pytest.mark.parametrize(
    ("claim", "adopt", "held"),
    [
        *[
            (claim, adopt, False)
            for claim in (Claim.TOLD, Claim.LINE, Claim.ROUTE, Claim.ACCOUNT)
            for adopt in (OURS, NUMBERS, ALL)
        ],
        (Claim.NAMED, OURS, True),
        (Claim.NAMED, NUMBERS, False),
        (Claim.NAMED, Adopt(numbers=frozenset({"+34911000999"})), True),
        (Claim.NAMED, ALL, False),
        (Claim.ALL, OURS, True),
        (Claim.ALL, NUMBERS, True),
        (Claim.ALL, ALL, False),
    ],
)
def test_what_was_taken_over_when_more_was_is_held(
    catalog: Catalog, claim: Claim, adopt: Adopt, held: bool
) -> None:
    catalog.ledger.open_call(a_call(late=True))
    catalog.recordings.adopt(a_recording(claim=claim))
    catalog.database.adopt = adopt
    assert catalog.foreign.is_left_alone(recording_sid()) is held
    stats = catalog.operations.stats(None)
    assert (stats.waiting, stats.not_ours) == ((0, 1) if held else (1, 0))
    assert (catalog.due_work.claim(STARTED, LEASE) is None) is held
    assert (catalog.due_work.claim(STARTED + HOUR, LEASE, only=recording_sid()) is None) is held


def test_what_is_held_is_not_parked(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording(claim=Claim.ALL, due_at=None))
    assert (catalog.recordings.parked(), catalog.operations.stats(None).parked) == ([], 0)
    catalog.database.adopt = ALL
    assert [each.sid for each in catalog.recordings.parked()] == [recording_sid()]


def test_an_order_to_erase_is_carried_out_whosever_it_is(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording(claim=Claim.ALL, state=State.ERASING))
    assert catalog.due_work.claim(STARTED, LEASE) is not None


def test_a_callback_makes_it_ours(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording(claim=Claim.ALL))
    catalog.recordings.receive(a_callback(), state=State.COMPLETED, channel_map=(), at=STARTED)
    assert catalog.recordings.get(recording_sid()).claim is Claim.TOLD
    assert not catalog.foreign.is_left_alone(recording_sid())


def test_a_claim_can_be_proven_later(catalog: Catalog) -> None:
    catalog.recordings.adopt(a_recording(claim=Claim.ALL))
    catalog.foreign.set_claim(recording_sid(), Claim.ROUTE)
    assert not catalog.foreign.is_left_alone(recording_sid())


def test_what_a_sweep_saw_takes_the_place_of_what_was_seen_of_that_span(
    catalog: Catalog,
) -> None:
    begin, end = STARTED, STARTED + 10 * HOUR
    catalog.foreign.set(ACCOUNT, begin, end, [foreign(1), foreign(2), foreign(30)])
    catalog.foreign.set(ACCOUNT, end, end + 90 * HOUR, [foreign(30)])
    other = "AC" + "b" * 32
    catalog.foreign.set(other, begin, end, [foreign(4, account_sid=other)])
    later = foreign(2, why=NotOurs.BEFORE, rule="another")
    catalog.foreign.set(ACCOUNT, begin, end, [later, foreign(3)])
    assert sorted(catalog.foreign.list(ACCOUNT, begin, end), key=lambda each: each.sid) == [
        later,
        foreign(3),
    ]
    assert catalog.foreign.list(ACCOUNT, end, end + 90 * HOUR) == [foreign(30)]
    stats = catalog.operations.stats(None)
    newest = (30, 4, 3, 2)
    assert (stats.not_ours, stats.not_ours_newest) == (4, tuple(map(recording_sid, newest)))
    catalog.foreign.forget(end)
    assert catalog.operations.stats(None).not_ours_newest == (recording_sid(30),)


def test_what_was_told_of_since_counts_no_more_as_not_ours(catalog: Catalog) -> None:
    catalog.foreign.set(ACCOUNT, STARTED, STARTED + 10 * HOUR, [foreign(1)])
    catalog.recordings.receive(a_callback(), state=State.COMPLETED, channel_map=(), at=STARTED)
    assert catalog.operations.stats(None).not_ours == 0


def test_of_what_is_not_ours_there_is_no_row(catalog: Catalog) -> None:
    catalog.foreign.set(ACCOUNT, STARTED, STARTED + 10 * HOUR, [foreign(1)])
    with pytest.raises(NotFound):
        catalog.recordings.get(recording_sid(1))


def test_a_line_is_not_late_once_the_app_was_asked(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call(late=True))
    catalog.ledger.open_call(a_call(late=True))
    assert not catalog.foreign.wrote_line(ACCOUNT, call_sid())
    catalog.ledger.open_call(a_call())
    catalog.ledger.open_call(a_call(late=True))
    assert catalog.foreign.wrote_line(ACCOUNT, call_sid())
