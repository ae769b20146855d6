"""Whose number the line of an adopted call gets, and who is on which channel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ACCOUNT, STARTED, call_sid, recording_sid
from tests.house import AT_VENDOR, House
from tests.sounds import wav
from twirec.model.errors import VendorUnavailable
from twirec.model.ownership import ALL
from twirec.model.records import Call
from twirec.model.states import State
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import Direction, Role

OWN = "+34911000111"
CUSTOMER = "+34600111222"
COLLEAGUE = "+34600999888"
FOREIGN = VendorCall(
    sid=call_sid(7),
    account_sid=ACCOUNT,
    from_="client:ana",
    to="",
    direction="inbound",
    status="completed",
    started_at=STARTED,
)
LEG = VendorCall(
    sid=call_sid(8),
    account_sid=ACCOUNT,
    from_=OWN,
    to=CUSTOMER,
    direction="outbound-dial",
    status="completed",
    parent_call_sid=FOREIGN.sid,
    started_at=STARTED,
)
RECORDING = replace(AT_VENDOR, call_sid=FOREIGN.sid)


@pytest.fixture(autouse=True)
def everything(house: House) -> None:
    house.archive.catalog.database.adopt = ALL


def adopt(house: House, *legs: VendorCall, **changes: Any) -> Call:
    """Let a sweep adopt a call of somebody else's app, and return its line."""
    house.vendor.add_call(replace(FOREIGN, **changes))
    for leg in legs:
        house.vendor.add_call(leg)
    house.vendor.add_recording(RECORDING, wav(seconds=4, channels=2))
    house.archive.operations.sweep()
    return house.archive.calls.get(FOREIGN.sid).call


def numbers(line: Call) -> tuple[Direction, str, str]:
    return line.direction, line.customer_number, line.own_number


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        ("client:ana", ""),
        ("client:ana", CUSTOMER),
        ("client:ana", "600 11 12 22"),
        ("client:ana", "contact:42"),
        ("sim:DE" + "0" * 32, CUSTOMER),
        ("sip:ana@shop.sip.twilio.com", f"sip:{CUSTOMER}@shop.sip.twilio.com"),
        ("sip:ana@shop.sip.twilio.com", "sip:600111222@shop.sip.twilio.com:5060;transport=tls"),
        ("sip:ana@shop.sip.twilio.com", "sip:0600111222@shop.sip.twilio.com"),
        ("ana@shop.sip.twilio.com", f"{CUSTOMER}@shop.sip.twilio.com"),
    ],
)
def test_a_call_that_an_agent_dialled_has_the_number_of_who_was_dialled(
    house: House, from_: str, to: str
) -> None:
    line = adopt(house, LEG, from_=from_, to=to)
    assert numbers(line) == (Direction.OUT, CUSTOMER, OWN)
    assert line.channel_map == (Role.AGENT, Role.CUSTOMER)
    assert house.recording().channel_map == (Role.AGENT, Role.CUSTOMER)


def test_an_agents_softphone_that_was_called_first_is_not_the_customer(house: House) -> None:
    line = adopt(house, LEG, from_=OWN, to="client:ana", direction="outbound-api")
    assert numbers(line) == (Direction.OUT, CUSTOMER, OWN)
    assert line.channel_map == (Role.AGENT, Role.CUSTOMER)


@pytest.mark.parametrize(
    ("from_", "to", "dialled"),
    [
        ("sip:luis@example.com", OWN, COLLEAGUE),
        ("sip:luis@example.com", f"sip:{OWN}@shop.sip.twilio.com", COLLEAGUE),
        ("sip:luis@example.com", "sip:sales@shop.sip.twilio.com", COLLEAGUE),
        ("sip:luis@example.com", OWN, "client:ana"),
        ("sip:luis@example.com", OWN, "sip:desk1@shop.sip.twilio.com"),
        ("client:visitor", OWN, COLLEAGUE),
        ("client:visitor", "", "client:ana"),
    ],
)
def test_a_caller_who_reached_the_company_is_not_turned_round(
    house: House, from_: str, to: str, dialled: str
) -> None:
    line = adopt(house, replace(LEG, to=dialled), from_=from_, to=to)
    assert (line.direction, line.customer_number) == (Direction.IN, from_)
    assert line.channel_map == (Role.CUSTOMER, Role.AGENT)


def test_a_sip_address_that_was_called_over_the_api_is_not_turned_round(house: House) -> None:
    luis = "sip:luis@example.com"
    line = adopt(house, LEG, from_=OWN, to=luis, direction="outbound-api")
    assert numbers(line) == (Direction.OUT, luis, OWN)


@pytest.mark.parametrize(
    "parent",
    [
        {"from_": CUSTOMER, "to": OWN},
        {"from_": "anonymous", "to": OWN},
        {"from_": "sip:anonymous@anonymous.invalid", "to": OWN},
        {"from_": OWN, "to": CUSTOMER, "direction": "outbound-api"},
        {"from_": "sip:a@pbx.example", "to": CUSTOMER, "direction": "trunking-originating"},
        {"from_": CUSTOMER, "to": "sip:a@pbx.example", "direction": "trunking-terminating"},
    ],
)
def test_a_number_that_is_known_costs_no_request(house: House, parent: dict[str, str]) -> None:
    house.vendor.faults.add("legs", VendorUnavailable("no answer"))
    adopt(house, LEG, **parent)
    assert house.recording().state is State.COMPLETED
    with pytest.raises(VendorUnavailable):
        house.vendor.legs(ACCOUNT, FOREIGN.sid)


def test_an_agents_call_whose_legs_are_gone_keeps_what_is_known(house: House) -> None:
    line = adopt(house, to=CUSTOMER)
    assert numbers(line) == (Direction.IN, "client:ana", CUSTOMER)


def test_a_leg_that_hides_its_own_number_is_still_the_customers(house: House) -> None:
    line = adopt(house, replace(LEG, from_=""))
    assert numbers(line) == (Direction.OUT, CUSTOMER, "anonymous")


def test_a_leg_whose_number_is_withheld_is_nobodys(house: House) -> None:
    line = adopt(house, replace(LEG, to="+266696687"))
    assert numbers(line) == (Direction.IN, "client:ana", "anonymous")


def test_of_several_who_were_dialled_the_first_who_answered_is_the_customer(house: House) -> None:
    def leg(number: int, to: str, status: str, after: int | None) -> VendorCall:
        started = None if after is None else STARTED + timedelta(seconds=after)
        return replace(LEG, sid=call_sid(number), to=to, status=status, started_at=started)

    transferred = leg(11, COLLEAGUE, "completed", 60)
    busy = leg(12, "+34600333444", "busy", None)
    unanswered = leg(13, "+34600555666", "no-answer", 1)
    answered = leg(14, CUSTOMER, "completed", 30)
    line = adopt(house, transferred, busy, unanswered, answered)
    assert line.customer_number == CUSTOMER


def test_legs_that_cannot_be_asked_for_are_asked_for_again_by_the_transfer(house: House) -> None:
    house.vendor.add_call(FOREIGN)
    house.vendor.add_call(LEG)
    house.vendor.add_recording(RECORDING, wav(seconds=4, channels=2))
    house.vendor.faults.add("legs", VendorUnavailable("no answer"))
    assert list(house.archive.operations.sweep().problems) == [recording_sid()]
    house.work()
    assert numbers(house.archive.calls.get(FOREIGN.sid).call) == (Direction.OUT, CUSTOMER, OWN)
