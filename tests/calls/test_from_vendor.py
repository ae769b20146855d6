"""Whose a call is, by what Twilio says of it: told as it comes, or asked for later."""

from __future__ import annotations

import pytest

from tests.factories import STARTED, call_sid
from twirec.calls.forms import VoiceRequest
from twirec.calls.from_vendor import called_by_twilio, may_be_an_agents, phone_of
from twirec.calls.ledger import open_line
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import Direction, Role
from twirec.testing import ACCOUNT_SID

OWN = "+34911000111"


@pytest.mark.parametrize(
    ("customer", "shown"),
    [
        ("+34600111222", "+34600111222"),
        ("+266696687", "anonymous"),
        ("sip:anonymous@anonymous.invalid", "anonymous"),
        ("sip:+34600111222@carrier.example:5060;transport=udp", "+34600111222"),
        ("sip:600111222@carrier.example;user=phone", "+34600111222"),
        ("sip:Ana@example.com", "sip:ana@example.com"),
    ],
)
@pytest.mark.parametrize(
    ("direction", "way"),
    [
        ("inbound", Direction.IN),
        ("trunking-originating", Direction.IN),
        ("outbound-api", Direction.OUT),
        ("outbound-dial", Direction.OUT),
        ("trunking-terminating", Direction.OUT),
    ],
)
def test_the_customer_is_one_however_the_call_was_learnt_of(
    direction: str, way: Direction, customer: str, shown: str
) -> None:
    from_, to = (customer, OWN) if way is Direction.IN else (OWN, customer)
    request = VoiceRequest(ACCOUNT_SID, call_sid(), from_, to, direction)
    listed = VendorCall(call_sid(), ACCOUNT_SID, from_, to, direction, "completed")
    now = open_line(request, dial=(), country="ES", now=STARTED)
    later = called_by_twilio(listed, STARTED, "ES", list)
    for line in (now, later):
        said = (line.direction, line.customer_number, line.own_number)
        assert said == (way, shown, OWN)


def test_a_sip_phone_with_a_number_may_be_an_agents_still() -> None:
    phone = "sip:+34911222333@co.sip.twilio.com"
    call = VendorCall(call_sid(), ACCOUNT_SID, phone, "sip:600111222@x", "inbound", "completed")
    assert may_be_an_agents(call.direction, phone_of(call, "ES"))


AGENT, CUSTOMER = "+34911222333", "+34600111222"


def test_a_call_whose_agent_was_called_first_is_the_customers() -> None:
    def api(to: str) -> VendorCall:
        return VendorCall(call_sid(), ACCOUNT_SID, OWN, to, "outbound-api", "completed")

    def leg(to: str) -> VendorCall:
        return VendorCall(call_sid(2), ACCOUNT_SID, OWN, to, "outbound-dial", "completed")

    sip, other = "sip:ana@pbx.example.com", "+34911222444"
    table = [  # whom it called, whom that dialled, who is known as an agent; who is the customer
        (AGENT, CUSTOMER, {AGENT}, CUSTOMER),
        (sip, CUSTOMER, {sip}, CUSTOMER),
        ("client:ana", CUSTOMER, set(), CUSTOMER),
        (CUSTOMER, AGENT, {AGENT}, CUSTOMER),
        (CUSTOMER, AGENT, set(), CUSTOMER),
        (AGENT, other, {AGENT, other}, AGENT),  # a colleague: whose call it is is not known
        (AGENT, "client:bea", {AGENT}, AGENT),
    ]
    for to, dialled, agents, customer in table:
        line = called_by_twilio(
            api(to), STARTED, "ES", lambda to=dialled: [leg(to)], agents.__contains__
        )
        assert (line.customer_number, line.own_number) == (customer, OWN), (to, dialled)
        assert line.direction is Direction.OUT
        first = Role.AGENT if to != customer else Role.CUSTOMER
        assert line.channel_map[0] is first, (to, dialled)
