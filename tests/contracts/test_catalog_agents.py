"""The contract of the catalog port: the register of agents, and the legs of calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, a_callback, a_consent, call_sid
from twirec.catalog.catalog import SqlCatalog
from twirec.model.agents import InformedAgent, Leg
from twirec.model.errors import CatalogError
from twirec.model.policy import Policy, PolicyChange
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, LegalBasis, Outcome, Reason

DEFAULT = Policy(True, ConsentMode.ANNOUNCE, "es-ES", LegalBasis.CONTRACT)
OTHER_ACCOUNT = "AC" + "b" * 32


def test_the_register_is_read_by_agent_oldest_entry_first(catalog: SqlCatalog) -> None:
    ana = InformedAgent("client:ana", date(2026, 1, 2), "annex 4", "eva", STARTED)
    entries = [catalog.inform_agent(entry) for entry in (ana, replace(ana, agent="client:bea"))]
    later = catalog.inform_agent(replace(ana, informed_on=date(2025, 1, 1)))
    assert catalog.informed_agents(["client:ana"]) == [later, entries[0]]
    assert {entry.id for entry in catalog.informed_agents()} == {1, 2, 3}
    assert catalog.informed_agents([]) == []


@pytest.mark.parametrize("table", ["policy_changes", "policy_defaults", "agents"])
@pytest.mark.parametrize("change", ["UPDATE {} SET id = 7", "DELETE FROM {}"])
def test_a_history_is_only_ever_added_to(catalog: SqlCatalog, table: str, change: str) -> None:
    catalog.inform_agent(InformedAgent("client:ana", date(2026, 1, 2), "annex 4", "eva", STARTED))
    catalog.change_policy(PolicyChange(STARTED, "ana", "test", on=False))
    catalog.note_default(DEFAULT, STARTED)
    with (
        pytest.raises(CatalogError, match=f"{table} is only ever added to"),
        catalog.database.write() as connection,
    ):
        connection.exec_driver_sql(change.format(table))


def test_what_the_settings_say_is_noted_when_they_say_something_else(catalog: SqlCatalog) -> None:
    other = replace(DEFAULT, mode=ConsentMode.OPT_IN)
    for hours, policy in enumerate((DEFAULT, DEFAULT, other, other, DEFAULT)):
        catalog.note_default(policy, STARTED + timedelta(hours=hours))
    assert catalog.policy_defaults() == [
        (STARTED + timedelta(hours=hours), policy)
        for hours, policy in ((0, DEFAULT), (2, other), (4, DEFAULT))
    ]


def test_entries_are_named_in_a_consent_that_allows_recording_and_stay(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    catalog.record_consent(a_consent(), None)
    catalog.name_agents(ACCOUNT, call_sid(), [3], "")
    catalog.name_agents(ACCOUNT, call_sid(), [1, 3], "careful")
    record = catalog.call(ACCOUNT, call_sid())
    assert record.consents[0].agents == (1, 3)
    assert record.call.detail == "careful"


def test_a_refusal_names_nobody(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    catalog.record_consent(a_consent(outcome=ConsentOutcome.REFUSED), Reason.REFUSED)
    catalog.name_agents(ACCOUNT, call_sid(), [3], "")
    assert catalog.call(ACCOUNT, call_sid()).consents[0].agents == ()


def test_the_history_is_in_the_order_in_which_it_was_made(catalog: SqlCatalog) -> None:
    """The clock of another machine may go behind."""
    off = PolicyChange(STARTED, "ana", "test", on=False)
    on = PolicyChange(STARTED - timedelta(seconds=2), "eva", "test", on=True)
    for change in (off, on):
        catalog.change_policy(change)
    assert catalog.policy_history() == [off, on]


def test_a_leg_gets_its_call_once(catalog: SqlCatalog) -> None:
    for number in (1, 2):
        catalog.open_call(a_call(call_sid=call_sid(number)))
    alone = Leg(ACCOUNT, call_sid(7), None, STARTED, agent="client:ana")
    assert catalog.add_leg(alone) is None
    assert catalog.owner(ACCOUNT, call_sid(7)) == call_sid(7)
    assert catalog.knows_leg(ACCOUNT, call_sid(7))
    assert catalog.add_leg(replace(alone, call_sid=call_sid(1), agent="other")) == alone
    linked = replace(alone, call_sid=call_sid(1))
    assert catalog.add_leg(replace(alone, call_sid=call_sid(2))) == linked
    assert catalog.calls_now(ACCOUNT, call_sid(7)) == [call_sid(1)]
    assert catalog.owner(ACCOUNT, call_sid(7)) == call_sid(1)
    assert catalog.call(ACCOUNT, call_sid(1)).legs == (linked,)
    assert catalog.owner(OTHER_ACCOUNT, call_sid(7)) == call_sid(7)


def test_what_is_recorded_of_a_leg_is_a_recording_of_its_call(catalog: SqlCatalog) -> None:
    catalog.open_call(a_call())
    catalog.record_consent(a_consent(), None)
    catalog.add_leg(Leg(ACCOUNT, call_sid(7), call_sid(), STARTED, agent="client:ana"))
    told = catalog.receive(
        a_callback(call_sid=call_sid(7)), state=State.COMPLETED, channel_map=(), at=STARTED
    )
    assert told is not None
    assert (told.call_sid, told.leg, told.custody) == (call_sid(), call_sid(7), Custody.ACTIVE)
    assert catalog.call(ACCOUNT, call_sid()).call.outcome is Outcome.RECORDED
