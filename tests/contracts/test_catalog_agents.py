"""The contract of the catalog port: the register of agents, and the legs of calls."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, a_callback, a_consent, call_sid, enter
from twirec.catalog import Catalog
from twirec.model.agents import InformedAgent, Leg
from twirec.model.errors import CatalogError
from twirec.model.policy import Policy, PolicyChange
from twirec.model.records import Naming
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, LegalBasis, Outcome, Reason

DEFAULT = Policy(True, ConsentMode.ANNOUNCE, "es-ES", LegalBasis.CONTRACT)
OTHER_ACCOUNT = "AC" + "b" * 32
ANA = InformedAgent("client:ana", date(2026, 1, 2), "annex 4", "eva", STARTED)


def test_the_register_is_read_by_agent_oldest_entry_first(catalog: Catalog) -> None:
    entries = [
        enter(catalog.agents.inform, entry) for entry in (ANA, replace(ANA, agent="client:bea"))
    ]
    later = enter(catalog.agents.inform, replace(ANA, informed_on=date(2025, 1, 1)))
    assert catalog.agents.informed(["client:ana"]) == [later, entries[0]]
    assert {entry.id for entry in catalog.agents.informed()} == {1, 2, 3}
    assert catalog.agents.informed([]) == []


@pytest.mark.parametrize("table", ["policy_changes", "policy_defaults", "agents"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = 7", "DELETE FROM {}"])
def test_a_history_is_only_ever_added_to(catalog: Catalog, table: str, change: str) -> None:
    enter(catalog.agents.inform, ANA)
    enter(catalog.policy.change, PolicyChange(STARTED, "ana", "test", on=False))
    catalog.policy.note_default(DEFAULT, STARTED)
    with (
        pytest.raises(CatalogError, match=f"{table} is only ever added to"),
        catalog.database.write() as connection,
    ):
        connection.exec_driver_sql(change.format(table))


def test_what_the_settings_say_is_noted_when_they_say_something_else(catalog: Catalog) -> None:
    other = replace(DEFAULT, mode=ConsentMode.OPT_IN)
    for hours, policy in enumerate((DEFAULT, DEFAULT, other, other, DEFAULT)):
        catalog.policy.note_default(policy, STARTED + timedelta(hours=hours))
    assert catalog.policy.defaults() == [
        (STARTED + timedelta(hours=hours), policy)
        for hours, policy in ((0, DEFAULT), (2, other), (4, DEFAULT))
    ]


def test_what_several_note_at_once_is_noted_once(catalog: Catalog) -> None:
    at_once = Barrier(6)

    def note(_: int) -> None:
        at_once.wait()
        catalog.policy.note_default(DEFAULT, STARTED)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(note, range(6)))
    assert catalog.policy.defaults() == [(STARTED, DEFAULT)]


def test_entries_are_named_in_a_consent_that_allows_recording_and_stay(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.consents.name_with(ACCOUNT, call_sid(), [], lambda _: Naming((3,)))
    careful = Naming((1, 3), detail="careful")
    catalog.consents.name_with(ACCOUNT, call_sid(), [], lambda _: careful)
    record = catalog.ledger.call(ACCOUNT, call_sid())
    assert record.consents[0].agents == (1, 3)
    assert record.call.detail == "careful"


def test_who_is_named_is_decided_by_the_register_in_its_own_transaction(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    ana = enter(catalog.agents.inform, ANA)

    def decide(register: Sequence[InformedAgent]) -> Naming:
        return Naming(tuple(entry.id for entry in register), detail="careful")

    names = ["client:ana", "client:ben"]
    assert catalog.consents.name_with(ACCOUNT, call_sid(), names, decide).entries == (ana.id,)
    record = catalog.ledger.call(ACCOUNT, call_sid())
    assert (record.consents[0].agents, record.call.detail) == ((ana.id,), "careful")


def test_what_has_to_be_known_of_who_dials_is_read_at_once(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    enter(catalog.agents.inform, ANA)
    own = a_call().own_number
    known = [catalog.policy.of_dialling(*it) for it in ((own, ANA.agent), ("+34600", ""), ("", ""))]
    assert [(it.is_own, it.is_registered) for it in known] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    assert all(list(it.history) == catalog.policy.history() for it in known)


def test_a_refusal_names_nobody(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(outcome=ConsentOutcome.REFUSED), Reason.REFUSED)
    catalog.consents.name_with(ACCOUNT, call_sid(), [], lambda _: Naming((3,)))
    assert catalog.ledger.call(ACCOUNT, call_sid()).consents[0].agents == ()


def test_the_history_is_in_the_order_in_which_it_was_made(catalog: Catalog) -> None:
    """The clock of another machine may go behind."""
    off = PolicyChange(STARTED, "ana", "test", on=False)
    on = PolicyChange(STARTED - timedelta(seconds=2), "eva", "test", on=True)
    for change in (off, on):
        enter(catalog.policy.change, change)
    assert catalog.policy.history() == [off, on]


def test_a_leg_gets_its_call_once(catalog: Catalog) -> None:
    for number in (1, 2):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    alone = Leg(ACCOUNT, call_sid(7), None, STARTED, agent="client:ana")
    assert catalog.agents.add_leg(alone) is None
    assert catalog.conferences.owner(ACCOUNT, call_sid(7)) == call_sid(7)
    assert catalog.agents.knows_leg(ACCOUNT, call_sid(7))
    assert catalog.agents.add_leg(replace(alone, call_sid=call_sid(1), agent="other")) == alone
    linked = replace(alone, call_sid=call_sid(1))
    assert catalog.agents.add_leg(replace(alone, call_sid=call_sid(2))) == linked
    assert catalog.conferences.calls_now(ACCOUNT, call_sid(7)) == [call_sid(1)]
    assert catalog.conferences.owner(ACCOUNT, call_sid(7)) == call_sid(1)
    assert catalog.ledger.call(ACCOUNT, call_sid(1)).legs == (linked,)
    assert catalog.conferences.owner(OTHER_ACCOUNT, call_sid(7)) == call_sid(7)


def test_what_is_recorded_of_a_leg_is_a_recording_of_its_call(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(7), call_sid(), STARTED, agent="client:ana"))
    told = catalog.recordings.receive(
        a_callback(call_sid=call_sid(7)), state=State.COMPLETED, channel_map=(), at=STARTED
    ).recording
    assert told is not None
    assert (told.call_sid, told.leg, told.custody) == (call_sid(), call_sid(7), Custody.ACTIVE)
    assert catalog.ledger.call(ACCOUNT, call_sid()).call.outcome is Outcome.RECORDED
