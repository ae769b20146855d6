"""What an older version wrote is brought to how addresses are read now."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, call_sid
from twirec.archive import Archive
from twirec.catalog import rereading
from twirec.model.agents import InformedAgent, Leg
from twirec.model.audit import Action, AuditDraft
from twirec.model.policy import PolicyChange
from twirec.model.rereading import RereadReport
from twirec.model.vocabulary import NOT_KNOWN, ConsentMode, Direction

OWN = "+34911000111"
OLD_OWN = f"sip:{OWN}@acme.sip.twilio.com"

LINES = (
    # as an older version wrote it, and what it is
    ("sip:600111222@carrier.example", "+34600111222"),
    ("whatsapp:+34600111222", "+34600111222"),
    ("+34600111222 ext 4", "+34600111222"),
    ("+34266696687", "anonymous"),
    ("86282452253", "anonymous"),
    ("sip:anonymous@10.0.0.5", "anonymous"),
    ("+34600111222", "+34600111222"),
    ("anonymous", "anonymous"),
    (NOT_KNOWN, NOT_KNOWN),
    ("client:ana", "client:ana"),
)
CHANGED = 6


@pytest.fixture
def old(twirec_archive: Archive) -> Archive:
    catalog = twirec_archive.catalog
    for number, (customer, _) in enumerate(LINES):
        catalog.ledger.open_call(
            a_call(
                call_sid=call_sid(number),
                customer_number=customer,
                own_number=OLD_OWN if number == 0 else OWN,
                facts=("ForwardedFrom=911 000 555",) if number == 0 else (),
            )
        )
    for number, agent in enumerate(("sip:+34911222333@pbx.example", "client:ana", "unknown")):
        catalog.agents.add_leg(Leg(ACCOUNT, call_sid(50 + number), call_sid(0), STARTED, agent))
    draft = AuditDraft(STARTED, "ana", "", Action.INFORM)
    for agent in ("sip:+34911222333@pbx.example", "client:ana"):
        entry = InformedAgent(agent, date(2026, 1, 2), "annex 4", "ana", STARTED)
        catalog.agents.inform(entry, draft)
    draft = replace(draft, action=Action.POLICY)
    catalog.policy.change(PolicyChange(STARTED, "ana", "asked", OLD_OWN, on=False), draft)
    asks = PolicyChange(STARTED, "ana", "asked", OLD_OWN, mode=ConsentMode.OPT_IN)
    catalog.policy.change(asks, draft)
    tells = replace(asks, number=OWN, mode=ConsentMode.OPT_OUT)
    catalog.policy.change(tells, draft)
    return twirec_archive


def numbers(archive: Archive) -> list[str]:
    lines = [archive.calls.get(call_sid(number)).call for number in range(len(LINES))]
    return [line.customer_number for line in lines]


def test_old_rows_are_read_anew_once(old: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rereading, "LOT", 3)  # in several lots
    before = numbers(old)
    would = old.calls.reindex(by="ana", dry_run=True)
    assert numbers(old) == before
    assert would == RereadReport(True, len(LINES), CHANGED, 1, 1, 1)
    assert old.calls.reindex(by="ana") == replace(would, dry_run=False)
    assert numbers(old) == [key for _, key in LINES]
    line = old.calls.get(call_sid(0)).call
    assert (line.customer_address, line.tail) == (LINES[0][0], "222111")
    assert (line.own_number, line.own_address) == (OWN, OLD_OWN)
    assert line.forwarded_from == "+34911000555"
    assert {leg.agent for leg in old.catalog.agents.legs_of(ACCOUNT, call_sid(0))} == {
        "+34911222333",
        "client:ana",
        "unknown",
    }
    assert [entry.agent for entry in old.agents.informed()].count("+34911222333") == 1
    decision = old.policy.of(OWN, Direction.IN)
    assert (decision.policy.on, decision.policy.mode) == (False, ConsentMode.OPT_OUT)
    assert len(old.calls.search("1222", by="ana").calls) == 4
    assert old.calls.reindex(by="ana") == RereadReport(False, len(LINES))
    assert old.audit.verify().broken_at is None


def test_what_changed_meanwhile_stays(old: Archive) -> None:
    catalog = old.catalog
    was = catalog.ledger.line(ACCOUNT, call_sid(0))
    assert was is not None
    now = replace(was, customer_number="+34600999888")
    draft = AuditDraft(STARTED, "ana", "", Action.ANNOTATE)
    assert catalog.ledger.add_numbers(was, now, {})
    assert catalog.rereading.write_lines([(was, replace(was, customer_number="x"))], draft) == 0
    assert numbers(old)[0] == "+34600999888"
