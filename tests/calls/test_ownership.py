"""Whose a call is: one row for each way in which it can come about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import ACCOUNT, STARTED, call_sid
from twirec.calls.address import read
from twirec.calls.ownership import (
    claim_of,
    claim_without_call,
    is_below,
    own_of,
    own_side,
)
from twirec.model.ownership import ALL, OURS, Adopt, Claim, NotOurs
from twirec.model.vendor import VendorCall, VoiceRoute

PUBLIC = "https://calls.example.com/app"
VOICE, OTHERS = f"{PUBLIC}/voice", "https://crm.example.net/voice"
NUMBER, SERVED, TRUNKED, FOREIGN = "+34911000111", "+34911000222", "+34911000333", "+34911000999"
CUSTOMER = "+34600111222"
APP, OTHER_APP, TRUNK = "AP" + "1" * 32, "AP" + "2" * 32, "TK" + "1" * 32
HOUR = timedelta(hours=1)
SET_UP = STARTED - HOUR

ROUTES = (
    VoiceRoute(APP, f"{PUBLIC}/softphone", since=SET_UP),
    VoiceRoute(NUMBER, VOICE, since=SET_UP),
    VoiceRoute(SERVED, OTHERS, served_by=APP, since=SET_UP - HOUR),
    VoiceRoute(TRUNKED, VOICE, served_by=TRUNK, since=SET_UP),
    VoiceRoute(FOREIGN, OTHERS, since=SET_UP),
    VoiceRoute("shop.sip.twilio.com", VOICE, since=SET_UP),
    VoiceRoute("crm.sip.twilio.com", OTHERS, since=SET_UP),
    VoiceRoute("whatsapp:+34911000444", served_by=APP),
    VoiceRoute("whatsapp:+34911000555", served_by=OTHER_APP),
)
MIXED = (*ROUTES, VoiceRoute(OTHER_APP, OTHERS, since=SET_UP))
NO_APPS = tuple(each for each in ROUTES if not each.address.startswith("AP"))


def call(from_: str, to: str, direction: str = "inbound", **facts: Any) -> VendorCall:
    return VendorCall(
        call_sid(), ACCOUNT, from_, to, direction, "completed", started_at=STARTED, **facts
    )


def leg(from_: str) -> VendorCall:
    return call(from_, CUSTOMER, "outbound-dial", parent_call_sid=call_sid())


def verdict(
    one: VendorCall,
    *legs: VendorCall,
    routes: tuple[VoiceRoute, ...] | None = ROUTES,
    adopt: Adopt = OURS,
    ago: timedelta = timedelta(),
) -> Claim | NotOurs:
    own = None if routes is None else own_of(routes, PUBLIC, "ES")
    return claim_of(own_side(one, legs, own, "ES"), STARTED - ago, own, adopt)


@pytest.mark.parametrize(
    ("one", "ours"),
    [
        # in, to a number, a SIP domain, a WhatsApp sender
        (call(CUSTOMER, NUMBER), True),
        (call("anonymous", NUMBER), True),
        (call("sip:luis@carrier.example", NUMBER), True),
        (call(CUSTOMER, SERVED), True),
        (call(CUSTOMER, TRUNKED), False),
        (call(CUSTOMER, TRUNKED, "trunking-originating"), False),
        (call(CUSTOMER, FOREIGN), False),
        (call(CUSTOMER, "+34911000777"), False),
        (call(CUSTOMER, ""), False),
        (call("whatsapp:" + CUSTOMER, "whatsapp:+34911000444"), True),
        (call("whatsapp:" + CUSTOMER, "whatsapp:+34911000555"), False),
        (call("whatsapp:" + CUSTOMER, "whatsapp:" + NUMBER), False),
        (call("sip:luis@carrier.example", "sip:sales@shop.sip.twilio.com"), True),
        (call("sip:ana@shop.sip.twilio.com", "sip:600111222@shop.sip.dublin.twilio.com"), True),
        (call("sip:ana@crm.sip.twilio.com", f"sip:{NUMBER}@crm.sip.twilio.com"), False),
        (call(CUSTOMER, f"sip:{NUMBER}@public-vip.ie1.twilio.com"), True),
        (call(CUSTOMER, f"sip:{FOREIGN}@public-vip.ie1.twilio.com"), False),
        # out over the API: who calls is the own number
        (call(NUMBER, CUSTOMER, "outbound-api"), True),
        (call(NUMBER, "client:ana", "outbound-api"), True),
        (call(FOREIGN, NUMBER, "outbound-api"), False),
        (call("client:bot", CUSTOMER, "outbound-api"), False),
        # a word of Twilio's that is new
        (call(CUSTOMER, NUMBER, "sideways"), False),
    ],
)
def test_a_call_is_ours_by_its_own_number(one: VendorCall, ours: bool) -> None:
    assert verdict(one) is (Claim.ROUTE if ours else NotOurs.ELSEWHERE)


@pytest.mark.parametrize("from_", ["client:ana", "sim:DE" + "0" * 32])
@pytest.mark.parametrize(
    ("routes", "shown", "client_ours", "sim_ours"),
    [
        (ROUTES, NUMBER, True, True),
        (ROUTES, FOREIGN, True, False),
        (MIXED, NUMBER, True, True),
        (MIXED, FOREIGN, False, False),
        (NO_APPS, NUMBER, False, True),
    ],
)
def test_a_phone_without_a_number_is_ours_by_its_application_or_the_number_that_it_shows(
    routes: tuple[VoiceRoute, ...], shown: str, client_ours: bool, sim_ours: bool, from_: str
) -> None:
    ours = client_ours if from_.startswith("client:") else sim_ours
    found = verdict(call(from_, ""), leg(shown), routes=routes)
    assert found is (Claim.ROUTE if ours else NotOurs.ELSEWHERE)


def test_a_client_that_was_connected_to_nobody_is_ours_only_where_all_applications_are() -> None:
    assert verdict(call("client:ana", "")) is Claim.ROUTE
    assert verdict(call("client:ana", ""), routes=MIXED) is NotOurs.ELSEWHERE


@pytest.mark.parametrize("number", [NUMBER, SERVED])
def test_what_began_before_the_number_was_set_up_is_not_proven_ours(number: str) -> None:
    one = call(CUSTOMER, number)
    assert verdict(one, ago=HOUR) is Claim.ROUTE
    assert verdict(one, ago=HOUR + timedelta(seconds=1)) is NotOurs.BEFORE


def test_what_has_no_beginning_is_not_proven_ours() -> None:
    own = own_of(ROUTES, PUBLIC, "ES")
    assert claim_of((NUMBER,), None, own, OURS) is NotOurs.BEFORE


def test_without_the_routes_nothing_is_ours_but_by_name() -> None:
    one = call(CUSTOMER, NUMBER)
    assert verdict(one, routes=None) is NotOurs.ROUTES_UNKNOWN
    assert verdict(one, routes=None, adopt=Adopt(numbers=frozenset({NUMBER}))) is Claim.NAMED
    assert verdict(one, routes=None, adopt=ALL) is Claim.ALL


@pytest.mark.parametrize(
    ("one", "ours"),
    [
        (call(CUSTOMER, FOREIGN), True),
        (call(FOREIGN, CUSTOMER, "outbound-api"), True),
        (call("whatsapp:" + CUSTOMER, "whatsapp:" + FOREIGN), True),
        (call(CUSTOMER, f"sip:{FOREIGN}@public-vip.ie1.twilio.com"), True),
        (call(CUSTOMER, NUMBER), False),
    ],
)
def test_numbers_that_are_named_are_the_own_ones_whenever_the_call_was(
    one: VendorCall, ours: bool
) -> None:
    named = Adopt(numbers=frozenset({FOREIGN}))
    expected = Claim.NAMED if ours else NotOurs.ELSEWHERE
    assert verdict(one, adopt=named, ago=1000 * HOUR) is expected


def test_all_takes_what_is_not_ours_and_still_says_what_is() -> None:
    assert verdict(call(CUSTOMER, FOREIGN), adopt=ALL) is Claim.ALL
    assert verdict(call(CUSTOMER, NUMBER), adopt=ALL) is Claim.ROUTE


@pytest.mark.parametrize(
    ("url", "below"),
    [
        (f"{PUBLIC}/voice", True),
        (PUBLIC, True),
        (f"{PUBLIC}/", True),
        ("http://calls.example.com/app/voice", True),
        ("https://CALLS.example.com:443/app/voice#rc=5", True),
        ("https://calls.example.com/application", False),
        ("https://calls.example.com/", False),
        ("https://calls.example.com:8443/app/voice", False),
        ("https://calls.example.com.evil.example/app/voice", False),
        ("https://calls.example.com:x/app", False),
        ("https://[/app", False),
        ("", False),
    ],
)
def test_only_what_lies_below_the_public_url_is_this_app(url: str, below: bool) -> None:
    assert is_below(url, PUBLIC) is below


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("+34911000111", "+34911000111"),
        ("whatsapp:+34911000111", "whatsapp:+34911000111"),
        ("sip:ventas@shop.sip.twilio.com:5060;transport=tls", "shop.sip.twilio.com"),
        ("ventas@Shop.SIP.us1.twilio.com", "shop.sip.twilio.com"),
        ("shop.sip.twilio.com", "shop.sip.twilio.com"),
        ("sip:+34911000111@gw.example", "+34911000111"),
        ("sip:911000111@gw.example", "+34911000111"),
        ("client:ana", "client:"),
        (APP, APP),
        ("", "anonymous"),
    ],
)
def test_an_address_has_one_form(address: str, form: str) -> None:
    assert read(address, "ES").route == form


ALONE = tuple(each for each in ROUTES if each.address in {APP, NUMBER, SERVED})


@pytest.mark.parametrize(
    ("routes", "adopt", "expected"),
    [
        (ALONE, OURS, Claim.ACCOUNT),
        ((*ALONE, VoiceRoute("+34911000888")), OURS, Claim.ACCOUNT),  # it takes no calls
        (ROUTES, OURS, NotOurs.CALL_UNKNOWN),
        ((*ALONE, VoiceRoute(TRUNKED, served_by=TRUNK)), OURS, NotOurs.CALL_UNKNOWN),
        ((), OURS, NotOurs.CALL_UNKNOWN),
        (None, OURS, NotOurs.ROUTES_UNKNOWN),
        (None, ALL, Claim.ALL),
        (ROUTES, ALL, Claim.ALL),
        (ALONE, ALL, Claim.ACCOUNT),
        (ALONE, Adopt(numbers=frozenset({NUMBER})), NotOurs.CALL_UNKNOWN),
    ],
)
def test_what_has_no_call_is_ours_only_where_nothing_of_the_account_is_anothers(
    routes: tuple[VoiceRoute, ...] | None, adopt: Adopt, expected: Claim | NotOurs
) -> None:
    own = None if routes is None else own_of(routes, PUBLIC, "ES")
    assert claim_without_call(NotOurs.CALL_UNKNOWN, own, adopt) is expected
