"""The contract of the catalog's part that keeps what was measured of recordings' sound."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contracts.test_catalog_operations import archive
from tests.factories import STARTED, a_call, a_recording, call_sid, recording_sid
from twirec.catalog.catalog import SqlCatalog
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


def test_what_was_measured_is_kept_as_it_was(catalog: SqlCatalog) -> None:
    sid = archive(catalog, 1, 1000)
    assert catalog.kept_waveform(sid) is None
    assert catalog.keep_waveform(sid, MEASURED)
    assert catalog.kept_waveform(sid) == MEASURED


def test_it_is_kept_once(catalog: SqlCatalog) -> None:
    sid = archive(catalog, 1, 1000)
    catalog.keep_waveform(sid, MEASURED)
    assert not catalog.keep_waveform(sid, speaking(1))
    assert catalog.kept_waveform(sid) == MEASURED


@pytest.mark.parametrize("state", [State.COMPLETED, State.LOST, State.ERASING, State.ERASED])
def test_nothing_is_kept_of_what_is_not_archived(catalog: SqlCatalog, state: State) -> None:
    catalog.adopt(a_recording(state=state))
    assert not catalog.keep_waveform(recording_sid(), MEASURED)
    assert not catalog.keep_waveform(recording_sid(9), MEASURED)
    assert catalog.kept_waveform(recording_sid()) is None


def test_nothing_of_it_stays_when_the_recording_is_erased(catalog: SqlCatalog) -> None:
    sid, other = archive(catalog, 1, 1000), archive(catalog, 2, 1000)
    for each in (sid, other):
        catalog.keep_waveform(each, MEASURED)
    catalog.order_erasure(Order(sid, OrderKind.ERASE, LATER, "ana", "asked for"))
    lease = catalog.claim(LATER, MINUTE)
    assert lease is not None
    catalog.finish(lease, State.ERASED)
    assert catalog.kept_waveform(sid) is None
    assert catalog.kept_waveform(other) == MEASURED


def spoken(catalog: SqlCatalog, number: int, first: int, **of_call: object) -> str:
    """Let the catalog know a recording in which somebody speaks first, and return its SID."""
    started = STARTED + number * MINUTE
    catalog.open_call(a_call(call_sid=call_sid(number), started_at=started, **of_call))
    sid = recording_sid(number)
    catalog.adopt(
        a_recording(
            sid=sid,
            call_sid=call_sid(number),
            started_at=started,
            channel_map=(Role.CUSTOMER, Role.AGENT),
            state=State.COMPLETED,
            due_at=started,
        )
    )
    lease = catalog.claim(LATER, MINUTE)
    assert lease is not None
    stored = StoredObject(f"recordings/{number}.wav", generation=1, size=9, crc32c="AAAAAA==")
    lease = catalog.name_object(lease, stored.name)
    catalog.finish(catalog.archived(lease, stored, "0" * 64, 2), State.RELEASED)
    assert catalog.keep_waveform(sid, speaking(first))
    return sid


def test_who_spoke_first_is_known_of_calls_in_to_the_same_number(catalog: SqlCatalog) -> None:
    spoken(catalog, 1, 1)
    spoken(catalog, 2, 2)
    spoken(catalog, 3, 1, own_number="+34911000999")
    out = spoken(catalog, 4, 1, direction=Direction.OUT)
    latest = catalog.recording(spoken(catalog, 5, 2))
    assert catalog.first_speakers(latest, 20) == [Role.AGENT, Role.AGENT, Role.CUSTOMER]
    assert catalog.first_speakers(latest, 1) == [Role.AGENT]
    assert catalog.first_speakers(catalog.recording(out), 20) == []
