"""The contract of the catalog: orders that a recording ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, a_consent, call_sid
from twirec.catalog import Catalog
from twirec.model.agents import StopOrder
from twirec.model.errors import CatalogUnavailable
from twirec.model.records import Naming
from twirec.model.vocabulary import Outcome, Reason, Verdict

SECOND = timedelta(seconds=1)
CALL = StopOrder(ACCOUNT, call_sid(), Verdict.OTHER_CALLER, STARTED)
LEG = StopOrder(ACCOUNT, call_sid(7), Verdict.MOVED_ON, STARTED)


def test_what_is_ordered_stands_by_its_call_or_leg(catalog: Catalog) -> None:
    again = replace(LEG, at=STARTED + SECOND)
    for order in (again, CALL, LEG, LEG):
        catalog.stop_orders.give(order)
    found = catalog.stop_orders.of(ACCOUNT, [call_sid(), call_sid(7), call_sid(8)])
    assert found == {CALL.sid: (CALL,), LEG.sid: (LEG, again)}
    assert catalog.stop_orders.of("AC" + "b" * 32, [CALL.sid]) == {}


def test_an_order_is_open_until_it_is_done(catalog: Catalog) -> None:
    later, latest = (replace(LEG, at=STARTED + number * SECOND) for number in (1, 2))
    for order in (LEG, later, latest, CALL):
        catalog.stop_orders.give(order)
    catalog.stop_orders.done(later, at=STARTED + 5 * SECOND)
    assert catalog.stop_orders.open() == [CALL, latest]
    done = catalog.stop_orders.of(ACCOUNT, [LEG.sid])[LEG.sid]
    assert [order.done_at for order in done] == [STARTED + 5 * SECOND] * 2 + [None]
    catalog.stop_orders.done(later, at=STARTED + 9 * SECOND)
    assert catalog.stop_orders.of(ACCOUNT, [LEG.sid])[LEG.sid] == done


@pytest.mark.parametrize("consented", [True, False])
def test_an_order_is_written_with_all_that_follows(catalog: Catalog, consented: bool) -> None:
    catalog.ledger.open_call(a_call())
    order = replace(CALL, reason=Verdict.AGENT_NOT_INFORMED)
    if consented:
        catalog.consents.record(a_consent(), None)
        why = Reason.AGENT_NOT_INFORMED
        naming = Naming((3,), why, "why", order)
        catalog.consents.name_with(ACCOUNT, call_sid(), [], lambda _: naming)
    else:
        consent = a_consent(agents=(3,))
        catalog.consents.record(consent, Reason.AGENT_NOT_INFORMED, "why", order)
    record = catalog.ledger.call(ACCOUNT, call_sid())
    assert record.consents[0].agents == (3,)
    assert (record.call.outcome, record.call.reason, record.call.detail) == (
        Outcome.NOT_RECORDED,
        Reason.AGENT_NOT_INFORMED,
        "why",
    )
    assert catalog.stop_orders.open() == [order]


def test_with_an_answer_that_came_first_nothing_else_is_written(catalog: Catalog) -> None:
    catalog.ledger.open_call(a_call())
    first = a_consent()
    catalog.consents.record(first, None)
    catalog.consents.record(replace(first, key="2"), Reason.REFUSED, "why", CALL)
    record = catalog.ledger.call(ACCOUNT, call_sid())
    assert (record.consents, record.call.detail, record.call.reason) == ((first,), "", None)
    assert catalog.stop_orders.open() == []


def test_if_the_order_cannot_be_written_nothing_is(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)

    def down(*_: object) -> None:
        raise CatalogUnavailable("The catalog cannot be used.")

    with monkeypatch.context() as patch:
        patch.setattr("twirec.catalog.consents.write_order", down)
        naming = Naming((3,), None, "why", CALL)
        with pytest.raises(CatalogUnavailable):
            catalog.consents.name_with(ACCOUNT, call_sid(), [], lambda _: naming)
    record = catalog.ledger.call(ACCOUNT, call_sid())
    assert (record.consents[0].agents, record.call.detail) == ((), "")


def test_a_call_is_read_with_its_answers_alone(catalog: Catalog) -> None:
    for number in (1, 2):
        catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    consent = a_consent(call_sid=call_sid(1))
    catalog.consents.record(consent, None)
    both = catalog.consents.by_call(ACCOUNT, [call_sid(1), call_sid(2), call_sid(3)])
    assert {sid: answers for sid, (_, answers) in both.items()} == {
        call_sid(1): (consent,),
        call_sid(2): (),
    }
    assert catalog.consents.of(ACCOUNT, call_sid(1)) == both[call_sid(1)]
