"""Where agents may dial to."""

from __future__ import annotations

import pytest

from twirec.calls.address import for_help
from twirec.calls.dialling import (
    EU,
    EVERYWHERE,
    FOREIGN_HOST,
    OWN,
    SATELLITE,
    SHORT,
    DialRules,
    why_not_dialled,
)

USUAL = DialRules("ES")
ALL = DialRules("ES", EVERYWHERE)
HOME = DialRules("ES", frozenset())
BESIDES = DialRules("ES", EU, ("+34902", "+53", "11888", "@pbx.example.com"))

PREMIUM = "to: premium-rate numbers are not dialled"
SHARED = "to: numbers at shared cost are not dialled"
PERSONAL = "to: personal numbers, which lead anywhere, are not dialled"
UNKNOWN = "to: numbers of which nobody knows the kind are not dialled"

WHERE = [
    # target, usual rules, all countries, Spain alone, with exceptions
    ("+34600111222", "", "", "", ""),
    ("+34911222333", "", "", "", ""),
    ("+34900123456", "", "", "", ""),
    ("+34806123456", PREMIUM, PREMIUM, PREMIUM, PREMIUM),
    ("+34803123456", PREMIUM, PREMIUM, PREMIUM, PREMIUM),
    ("+34902123456", SHARED, SHARED, SHARED, ""),
    ("+34700111222", PERSONAL, PERSONAL, PERSONAL, PERSONAL),
    ("+34905123456", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    ("+4930123456", "", "", "to: numbers of DE are not dialled", ""),
    ("+351212345678", "", "", "to: numbers of PT are not dialled", ""),
    ("+33899123456", PREMIUM, PREMIUM, PREMIUM, PREMIUM),
    *(
        (number, f"to: numbers of {region} are not dialled", "", *rest)
        for number, region, rest in (
            (
                "+12125551234",
                "US",
                ("to: numbers of US are not dialled", "to: numbers of US are not dialled"),
            ),
            (
                "+442071234567",
                "GB",
                ("to: numbers of GB are not dialled", "to: numbers of GB are not dialled"),
            ),
            ("+5352123456", "CU", ("to: numbers of CU are not dialled", "")),
        )
    ),
    ("+19005551234", PREMIUM, PREMIUM, PREMIUM, PREMIUM),
    ("+881612345678", SATELLITE, SATELLITE, SATELLITE, SATELLITE),
    ("+870773111632", SATELLITE, SATELLITE, SATELLITE, SATELLITE),
    ("+88213300655", SATELLITE, SATELLITE, SATELLITE, SATELLITE),
    ("+979123456789", SATELLITE, SATELLITE, SATELLITE, SATELLITE),
    ("+80012345678", "", "", "", ""),
    ("11888", SHORT, SHORT, SHORT, ""),
    ("1004", SHORT, SHORT, SHORT, SHORT),
    ("client:eva", "", "", "", ""),
    ("sip:x@evil.example", FOREIGN_HOST, FOREIGN_HOST, FOREIGN_HOST, FOREIGN_HOST),
    ("sip:x@pbx.example.com", FOREIGN_HOST, FOREIGN_HOST, FOREIGN_HOST, ""),
    ("sip:x@pbx.example.com:5061;transport=tls", FOREIGN_HOST, FOREIGN_HOST, FOREIGN_HOST, ""),
    ("sip:x@evil.example?@pbx.example.com", *[FOREIGN_HOST] * 4),
    ("sip:x@evil.example@pbx.example.com", *[FOREIGN_HOST] * 4),
    ("sip:evil.example;x=@pbx.example.com", FOREIGN_HOST, FOREIGN_HOST, FOREIGN_HOST, ""),
    *(
        (f"sip:x@pbx.example.com{rest}", *[FOREIGN_HOST] * 4)
        for rest in (
            ";maddr=evil.example",
            ";transport=tls;MADDR=evil.example",
            ";%6daddr=evil.example",
            ":5061;user=phone;maddr=evil.example",
            "?Route=%3Csip:evil.example%3E",
            ";x@evil.example",
            "?x@evil.example",
            ":5061@evil.example",
            ":evil.example",
        )
    ),
    ("sip:x", *[FOREIGN_HOST] * 4),
]


@pytest.mark.parametrize(("target", "usual", "all_", "home", "besides"), WHERE)
def test_where_agents_may_dial_to(
    target: str, usual: str, all_: str, home: str, besides: str
) -> None:
    said = [why_not_dialled(target, rules) for rules in (USUAL, ALL, HOME, BESIDES)]
    assert said == [usual, all_, home, besides]


def test_an_own_number_is_dialled_by_no_rule() -> None:
    assert why_not_dialled("+34600111222", DialRules("ES", EU, ("+34",)), own=True) == OWN


def test_a_sip_phone_may_dial_others_of_its_own_host() -> None:
    for target, agent, why in (
        ("sip:eva@co.sip.twilio.com", "sip:ana@co.sip.twilio.com", ""),
        ("sip:eva@CO.sip.twilio.com:5061", "sip:ana@co.sip.twilio.com", ""),
        ("sip:eva@co.sip.twilio.com", "client:ana", FOREIGN_HOST),
        ("sip:eva@evil.example", "sip:ana@co.sip.twilio.com", FOREIGN_HOST),
        ("sip:eva@", "sip:ana@", FOREIGN_HOST),
    ):
        assert why_not_dialled(target, USUAL, agent=agent) == why


@pytest.mark.parametrize(
    ("given", "country", "digits"),
    [
        ("112", "ES", "112"),
        ("+34112", "ES", "112"),
        ("0034112", "ES", "112"),
        ("00 34 112", "ES", "112"),
        ("tel:112", "ES", "112"),
        ("tel:112;phone-context=+34", "ES", "112"),
        ("sip:112@co.sip.twilio.com", "ES", "112"),
        ("sip:+34112@co.sip.twilio.com", "ES", "112"),
        ("091", "ES", "091"),
        ("016", "ES", "016"),
        ("15", "FR", "15"),
        ("911", "US", "911"),
        ("999", "GB", "999"),
        ("11888", "ES", ""),
        ("101", "ES", ""),
        ("1004", "ES", ""),
        ("600111222", "ES", ""),
        ("+34600111222", "ES", ""),
        ("client:112", "ES", ""),
        ("", "ES", ""),
    ],
)
def test_who_calls_for_help_is_known_by_what_they_dial(
    given: str, country: str, digits: str
) -> None:
    assert for_help(given, country) == digits
