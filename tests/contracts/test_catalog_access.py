"""The gate as the condition of a query: it lets through what the gate does."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import select, update

from tests.factories import a_recording, recording_sid
from twirec.catalog import Catalog
from twirec.catalog.conditions import allowed
from twirec.catalog.tables import recordings
from twirec.model.access import Actor, Deed, may
from twirec.model.states import Custody, State

CASES = {
    recording_sid(number): (custody, state)
    for number, (custody, state) in enumerate(product(Custody, State))
}


@pytest.fixture
def of_every_kind(catalog: Catalog) -> Catalog:
    """A catalog with a recording of each custody in each state."""
    for sid in CASES:
        catalog.recordings.adopt(a_recording(sid=sid, due_at=None))
    with catalog.database.write() as connection:
        for sid, (custody, state) in CASES.items():
            its_own = update(recordings).where(recordings.c.sid == sid)
            connection.execute(its_own.values(custody=custody.value, state=state.value))
    return catalog


def test_a_query_lets_through_what_the_gate_does(of_every_kind: Catalog) -> None:
    roles = ("admin", "supervisor", "auditor", "agent", "", "of the app's own")
    for role, deed in product(roles, Deed):
        actor = Actor("ana", role)
        with of_every_kind.database.read() as connection:
            found = connection.scalars(select(recordings.c.sid).where(allowed(actor, deed))).all()
        assert set(found) == {
            sid
            for sid, (custody, state) in CASES.items()
            if may(actor, replace(a_recording(), custody=custody, state=state), deed)
        }, (role, deed)
