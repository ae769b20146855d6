"""The contract of the catalog's part that keeps what was measured of recordings' sound."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contracts.test_catalog_operations import archive
from tests.factories import STARTED, a_call, a_recording, call_sid, recording_sid
from tests.orders import erase as order_erase
from twirec.catalog import Catalog
from twirec.model.bucket import StoredObject
from twirec.model.custody import Order, OrderKind
from twirec.model.states import State
from twirec.model.vocabulary import Direction, Role
from twirec.model.waveform import LOUDEST, Side, Span, Waveform

MINUTE = timedelta(minutes=1)
LATER = STARTED + timedelta(hours=1)
MEASURED = Waveform(
    seconds=12.34,
    sample_rate=8000,
    bits=16,
    sides=(
        Side((0.0, 1.0, 5 / LOUDEST), (Span(0.5, 2.25), Span(4.0, 12.34)), clipped=0.04),
        Side((0.0, 0.0, 126 / LOUDEST), ()),
    ),
)


def speaking(first: int) -> Waveform:
    """A waveform in which somebody speaks first, on channel 1 or 2."""
    sides = [Side((0.5,), (Span(1.0 if channel == first else 3.0, 5.0),)) for channel in (1, 2)]
    return Waveform(6.0, 8000, 16, tuple(sides))


def test_what_was_measured_is_kept_as_it_was(catalog: Catalog) -> None:
    sid = archive(catalog, 1, 1000)
    assert catalog.waveforms.get(sid) is None
    assert catalog.waveforms.keep(sid, MEASURED)
    assert catalog.waveforms.get(sid) == MEASURED


def test_it_is_kept_once(catalog: Catalog) -> None:
    sid = archive(catalog, 1, 1000)
    catalog.waveforms.keep(sid, MEASURED)
    assert not catalog.waveforms.keep(sid, speaking(1))
    assert catalog.waveforms.get(sid) == MEASURED


@pytest.mark.parametrize("state", [State.COMPLETED, State.LOST, State.ERASING, State.ERASED])
def test_nothing_is_kept_of_what_is_not_archived(catalog: Catalog, state: State) -> None:
    catalog.recordings.adopt(a_recording(state=state))
    assert not catalog.waveforms.keep(recording_sid(), MEASURED)
    assert not catalog.waveforms.keep(recording_sid(9), MEASURED)
    assert catalog.waveforms.get(recording_sid()) is None


def test_nothing_of_it_stays_when_the_recording_is_erased(catalog: Catalog) -> None:
    sid, other = archive(catalog, 1, 1000), archive(catalog, 2, 1000)
    for each in (sid, other):
        catalog.waveforms.keep(each, MEASURED)
    order_erase(catalog, Order(sid, OrderKind.ERASE, LATER, "ana", "asked for"))
    lease = catalog.due_work.claim(LATER, MINUTE)
    assert lease is not None
    catalog.due_work.finish(lease, State.ERASED)
    assert catalog.waveforms.get(sid) is None
    assert catalog.waveforms.get(other) == MEASURED


def spoken(catalog: Catalog, number: int, first: int, **of_call: object) -> str:
    """Let the catalog know a recording in which somebody speaks first, and return its SID."""
    started = STARTED + number * MINUTE
    catalog.ledger.open_call(a_call(call_sid=call_sid(number), started_at=started, **of_call))
    sid = recording_sid(number)
    catalog.recordings.adopt(
        a_recording(
            sid=sid,
            call_sid=call_sid(number),
            started_at=started,
            channel_map=(Role.CUSTOMER, Role.AGENT),
            state=State.COMPLETED,
            due_at=started,
        )
    )
    lease = catalog.due_work.claim(LATER, MINUTE)
    assert lease is not None
    stored = StoredObject(f"recordings/{number}.wav", generation=1, size=9, crc32c="AAAAAA==")
    lease = catalog.due_work.name_object(lease, stored.name)
    catalog.due_work.finish(catalog.due_work.archived(lease, stored, "0" * 64, 2), State.RELEASED)
    assert catalog.waveforms.keep(sid, speaking(first))
    return sid


def test_who_spoke_first_is_known_of_calls_in_to_the_same_number(catalog: Catalog) -> None:
    spoken(catalog, 1, 1)
    spoken(catalog, 2, 2)
    spoken(catalog, 3, 1, own_number="+34911000999")
    out = spoken(catalog, 4, 1, direction=Direction.OUT)
    latest = catalog.recordings.get(spoken(catalog, 5, 2))
    assert catalog.waveforms.first_speakers(latest, 20) == [Role.AGENT, Role.AGENT, Role.CUSTOMER]
    assert catalog.waveforms.first_speakers(latest, 1) == [Role.AGENT]
    assert catalog.waveforms.first_speakers(catalog.recordings.get(out), 20) == []
