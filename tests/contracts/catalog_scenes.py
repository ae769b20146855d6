"""What the contract of the catalog plays again and again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.factories import a_call, a_callback, a_consent, call_sid
from twirec.catalog import Catalog
from twirec.model.bucket import StoredObject
from twirec.model.lease import Lease
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vocabulary import Role

NOW = datetime(2026, 11, 23, 10, 15, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BOTH = (Role.CUSTOMER, Role.AGENT)


def receive(catalog: Catalog, state: State = State.COMPLETED, **changes: object) -> None:
    callback = a_callback(**changes)
    catalog.recordings.receive(callback, state=state, channel_map=BOTH, at=NOW)


def informed_call(catalog: Catalog, number: int = 1) -> None:
    catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    catalog.consents.record(a_consent(call_sid=call_sid(number), leg=call_sid(number)), None)


def claimed(catalog: Catalog) -> Lease[Recording]:
    receive(catalog)
    lease = catalog.due_work.claim(NOW, MINUTE)
    assert lease is not None
    return lease


STORED = StoredObject("recordings/a.wav", generation=2**53 + 1, size=64044, crc32c="AAAAAA==")
