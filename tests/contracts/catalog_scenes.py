"""What the contract of the catalog plays again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.factories import a_call, a_callback, a_consent, call_sid
from twirec.catalog.catalog import SqlCatalog
from twirec.model.bucket import StoredObject
from twirec.model.records import Lease
from twirec.model.states import State
from twirec.model.vocabulary import Role

NOW = datetime(2026, 11, 23, 10, 15, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOTH = (Role.CUSTOMER, Role.AGENT)


def receive(catalog: SqlCatalog, state: State = State.COMPLETED, **changes: object) -> None:
    callback = a_callback(**changes)
    catalog.receive(callback, state=state, channel_map=BOTH, at=NOW)


def informed_call(catalog: SqlCatalog, number: int = 1) -> None:
    catalog.open_call(a_call(call_sid=call_sid(number)))
    catalog.record_consent(a_consent(call_sid=call_sid(number), leg=call_sid(number)), None)


def claimed(catalog: SqlCatalog) -> Lease:
    receive(catalog)
    lease = catalog.claim(NOW, MINUTE)
    assert lease is not None
    return lease


STORED = StoredObject("recordings/a.wav", generation=2**53 + 1, size=64044, crc32c="AAAAAA==")
