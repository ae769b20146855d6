"""Whoever calls, by whatever way: one policy, one line, one customer; and somebody rings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.factories import STARTED, call_sid
from tests.webhooks.calling import AGENT, CUSTOMER, OWN
from twirec.archive import Archive
from twirec.calls.forms import parse_voice_request
from twirec.calls.ledger import forwarder_in, open_line
from twirec.flask import Twirec
from twirec.model.vocabulary import Outcome, Reason
from twirec.testing import ACCOUNT_SID, SignedPosts

Posts = Callable[[Flask], SignedPosts]

CALLERS = (
    "whatsapp:+34600111222",
    "sip:600111222@carrier.example",
    "sip:34600111222@192.0.2.7",
    "tel:+34600111222",
    "+34600111222 ext 4",
    "sip:+34600111222@carrier.example",
    CUSTOMER,
)
"""One customer."""

REACHED = (
    OWN,
    f"whatsapp:{OWN}",
    f"sip:{OWN}@acme.sip.twilio.com",
    f"sip:{OWN}@public-vip.ie1.twilio.com",
)
"""One own number."""


def ring(post: SignedPosts, number: int, from_: str, to: str) -> str:
    form = {"CallSid": call_sid(number), "From": from_, "To": to, "CallStatus": "ringing"}
    answer = post("/voice", form)
    assert answer.status_code == 200
    return answer.text


def answering(archive: Archive, posts: Posts, dial: str = AGENT, **given: str) -> SignedPosts:
    app = Flask(__name__)
    recordings = Twirec(app, archive)
    app.post("/voice")(recordings.signed(lambda: recordings.answer(dial=dial, **given)))
    return posts(app)


def test_what_is_said_of_an_own_number_holds_however_it_is_reached(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    policy = twirec_archive.policy
    assert {policy.own_number(each) for each in REACHED} == {OWN}
    policy.change(number=REACHED[1], on=False, by="ana", why="asked")
    for number, to in enumerate(REACHED):
        assert "<Say" not in ring(post, number, CUSTOMER, to)
        line = twirec_archive.calls.get(call_sid(number)).call
        assert (line.own_number, line.reason) == (OWN, Reason.OFF)
        assert (line.own_address or line.own_number) == to
    found = twirec_archive.calls.search(own_number=OWN, by="ana")
    assert len(found.calls) == len(REACHED)


def test_a_customer_is_found_however_they_came(post: SignedPosts, twirec_archive: Archive) -> None:
    for number, from_ in enumerate(CALLERS):
        ring(post, number, from_, OWN)
        line = twirec_archive.calls.get(call_sid(number)).call
        assert (line.customer_address or line.customer_number) == from_
    for asked in ("600111222", "1222", *CALLERS):
        found = twirec_archive.calls.search(number=asked, by="ana")
        assert len(found.calls) == len(CALLERS), asked
    spoken = twirec_archive.calls.search("sip:34600111222@192.0.2.7", by="ana")
    assert len(spoken.calls) == len(CALLERS)


def test_withheld_callers_are_found_by_one_word(post: SignedPosts, twirec_archive: Archive) -> None:
    hidden = ("266696687", "86282452253", "+1266696687", "sip:anonymous@10.0.0.5")
    hidden = (*hidden, "sip:unavailable@unknown.invalid", "Withheld")
    for number, from_ in enumerate(hidden):
        ring(post, number, from_, OWN)
    assert len(twirec_archive.calls.search("oculto", by="ana").calls) == len(hidden)


@pytest.mark.parametrize(
    ("from_", "given", "caller_id"),
    [
        (CUSTOMER, "", None),
        (CUSTOMER, "+34911000999", "+34911000999"),
        ("client:visitante", "", OWN),
        ("client:visitante", "911 000 999", "+34911000999"),
        ("client:visitante", "nonsense", OWN),
        ("sip:600111222@carrier.example", "", OWN),
        ("sip:+34600111222@carrier.example;user=phone", "", OWN),
        ("whatsapp:+34600111222", "", OWN),
        ("anonymous", "", OWN),
        ("+266696687", "", OWN),
    ],
)
def test_a_phone_rings_for_whoever_calls(
    twirec_archive: Archive,
    twirec_post: Posts,
    from_: str,
    given: str,
    caller_id: str | None,
) -> None:
    twirec_archive.policy.change(on=False, by="ana", why="asked")
    post = answering(twirec_archive, twirec_post, caller_id=given)
    answer = ring(post, 1, from_, OWN)
    assert f">{AGENT}</Number>" in answer
    shown = f'callerId="{caller_id}"' in answer if caller_id else "callerId" not in answer
    assert shown, answer


def test_a_caller_id_lasts_until_the_call_is_connected(
    twirec_archive: Archive, twirec_post: Posts
) -> None:
    post = answering(twirec_archive, twirec_post, caller_id="+34911000999")
    assert "<Say" in ring(post, 1, "client:visitante", OWN)
    form = {"CallSid": call_sid(1), "From": "client:visitante", "To": OWN}
    assert 'callerId="+34911000999"' in post("/twirec/connect", form).text


def test_a_softphone_that_rings_sees_who_calls(twirec_archive: Archive, twirec_post: Posts) -> None:
    twirec_archive.policy.change(on=False, by="ana", why="asked")
    post = answering(twirec_archive, twirec_post, dial="client:ana")
    assert "callerId" not in ring(post, 1, "client:visitante", OWN)


def test_an_extension_is_pressed_once_it_answered(
    twirec_archive: Archive, twirec_post: Posts
) -> None:
    twirec_archive.policy.change(on=False, by="ana", why="asked")
    for number, dial in enumerate(("+34911222333,,4", "911 222 333 ext 4", "tel:911222333;ext=4")):
        answer = ring(answering(twirec_archive, twirec_post, dial=dial), number, CUSTOMER, OWN)
        digits = "wwwwwwww4" if ",," in dial else "wwww4"
        assert f'<Number sendDigits="{digits}">+34911222333</Number>' in answer
        assert twirec_archive.calls.get(call_sid(number)).call.outcome is Outcome.NOT_RECORDED


SAID = {
    "CallerName": "ANA  GARCIA",
    "ForwardedFrom": "+34911000555",
    "StirVerstat": "TN-Validation-Passed-A",
    "SipHeader_X-Customer": "4711",
    "SipHeader_X-Other": "no",
}
NUMBERS_FACTS = (
    "CallerName=ANA GARCIA",
    "ForwardedFrom=+34911000555",
    "StirVerstat=TN-Validation-Passed-A",
)


@pytest.mark.parametrize(
    ("from_", "facts"),
    [
        (CUSTOMER, (*NUMBERS_FACTS, "X-Customer=4711")),
        ("sip:+34600111222@carrier.example", ("X-Customer=4711",)),  # what else is its own word
        ("client:visitante", ()),
    ],
)
def test_what_else_twilio_says_of_who_calls_is_kept(from_: str, facts: tuple[str, ...]) -> None:
    request = parse_voice_request(
        {**SAID, "AccountSid": ACCOUNT_SID, "CallSid": call_sid(), "From": from_, "To": OWN}
    )
    line = open_line(
        request, dial=(), country="ES", now=STARTED, sip_headers=("x-customer", "X-None")
    )
    assert line.facts == facts
    assert line.forwarded_from == ("+34911000555" if facts[:3] == NUMBERS_FACTS else "")
    bare = open_line(request, dial=(), country="ES", now=STARTED)
    assert bare.facts == tuple(fact for fact in facts if fact in NUMBERS_FACTS)


def test_who_forwarded_a_call_is_read_as_any_address() -> None:
    for written, key in (
        ("911 000 555", "+34911000555"),
        ("sip:+34911000555@carrier.example", "+34911000555"),
        ("anonymous", ""),
        ("x", ""),
    ):
        assert forwarder_in(("CallerName=7", f"ForwardedFrom={written}"), "ES") == key, written
    assert forwarder_in(("CallerName=ForwardedFrom=911000555",), "ES") == ""


def test_a_sip_phone_that_hides_a_nul_or_a_long_name_in_its_address_has_a_line(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    long = "\u0130" * 240  # in small letters it has twice as many characters
    for number, (from_, customer) in enumerate(
        (
            ("sip:a%00b@evil.example", "sip:a\ufffdb@evil.example"),
            ("x" * 250 + "@evil", "sip:" + "x" * 250 + "@"),
            (f"sip:{long}@evil.example", f"sip:{long.lower()}"[:255]),
        )
    ):
        ring(post, number, from_, OWN)
        line = twirec_archive.calls.get(call_sid(number)).call
        assert (line.customer_number, line.reason) == (customer, None), from_


def test_what_else_is_said_is_on_the_line(twirec_archive: Archive, post: SignedPosts) -> None:
    form = {**SAID, "CallSid": call_sid(), "From": CUSTOMER, "To": OWN, "CallStatus": "ringing"}
    post("/voice", form)
    assert twirec_archive.calls.get(call_sid()).call.facts == NUMBERS_FACTS
    many = {f"SipHeader_X-{number}": "x" * 300 for number in range(50)}
    post("/voice", {**form, **many, "CallSid": call_sid(2), "CallerName": "\x01" + "a" * 300})
    (name, *_) = twirec_archive.calls.get(call_sid(2)).call.facts
    assert name == "CallerName=\ufffd" + "a" * 199
