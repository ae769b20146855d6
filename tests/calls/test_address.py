"""One reading of every address, and the same answer in every room that needs one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.calls.addresses import ANA, FORMS, OTHERS, OWN, SIP_TELEPHONE, WHATSAPP, WITH_EXTENSION
from tests.factories import STARTED, call_sid
from twirec.calls.address import (
    IDENTIFYING,
    WITHHELD,
    Kind,
    is_country,
    is_identity,
    looks_like_address,
    read,
    search_term,
)
from twirec.calls.forms import VoiceRequest
from twirec.calls.from_vendor import called_by_twilio, from_outside
from twirec.calls.ledger import open_line
from twirec.calls.policy import decide
from twirec.calls.who_hears import agent_on, entries_of, leg_of
from twirec.model.agents import InformedAgent
from twirec.model.errors import InvalidQuery
from twirec.model.policy import Policy, PolicyChange
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import NOT_KNOWN, ConsentMode, Direction, LegalBasis
from twirec.testing import ACCOUNT_SID

DAY = STARTED.date()
DEFAULT = Policy(True, ConsentMode.ANNOUNCE, "es-ES", LegalBasis.LEGITIMATE_INTEREST)


def test_every_form_is_read_as_what_it_is() -> None:
    assert len(FORMS) >= 80
    for form, (kind, key) in FORMS.items():
        address = read(form, "ES")
        assert (form, address.kind, address.key) == (form, kind, key)
        assert address.written == form.strip()
        again = read(key, "ES")
        assert again.key == key, form  # reading a key changes nothing
        assert bool(address.number) == key.startswith("+") or kind is Kind.OTHER


def test_every_form_is_the_same_party_for_the_door_adoption_ledger_and_a_conference() -> None:
    for form, (kind, key) in FORMS.items():
        request = VoiceRequest(ACCOUNT_SID, call_sid(), form, OWN)
        listed = VendorCall(call_sid(), ACCOUNT_SID, form, OWN, "inbound", "completed")
        line = open_line(request, dial=(), country="ES", now=STARTED)
        adopted = called_by_twilio(listed, STARTED, "ES", list)
        swept = from_outside(listed, STARTED, "ES")
        assert {each.customer_number for each in (line, adopted, swept)} == {key}, form
        assert (line.customer_address or line.customer_number) in (form.strip(), key)
        assert not form.strip() or (line.customer_address or key) == form.strip()
        if key == ANA:
            assert line.tail == "222111", form
        placed = replace(listed, from_=OWN, to=form, direction="outbound-api")
        assert from_outside(placed, STARTED, "ES").customer_number == key
        assert agent_on(listed, "ES") == agent_on(placed, "ES") == key
        for known in (True, False):  # pausing and conferences go by whose leg it is
            leg = leg_of(listed, None, "ES", STARTED, known)
            assert leg.agent == (key if known else ""), form
        assert is_identity(key) == (kind in IDENTIFYING - {Kind.SIM}), form


def test_every_form_has_one_policy_one_entry_of_the_register_and_one_search() -> None:
    for form, (kind, key) in FORMS.items():
        off = PolicyChange(STARTED, "ana", "asked", number=key, on=False)
        line = open_line(
            VoiceRequest(ACCOUNT_SID, call_sid(), ANA, form), dial=(), country="ES", now=STARTED
        )
        assert line.own_number == key
        for direction in Direction:
            decision = decide(
                [off], number=line.own_number, direction=direction, at=STARTED, default=DEFAULT
            )
            assert not decision.policy.on, form
        entry = InformedAgent(key, DAY, "annex 4", "ana", STARTED)
        assert entries_of([read(form, "ES").key], [entry], DAY) == (entry,)
        if kind in IDENTIFYING or (kind is Kind.WITHHELD and form.strip()):
            assert search_term(form, "ES") == key, form


def test_who_may_add_fields_to_a_form_is_known_though_they_hide() -> None:
    for form, (kind, _) in FORMS.items():
        by_internet = kind in {Kind.SIP, Kind.CLIENT} or "sip:" in form.lower() or "@" in form
        by_internet |= form.lower().startswith("client:")
        request = VoiceRequest(ACCOUNT_SID, call_sid(), form, OWN)
        assert read(form, "ES").is_internet == request.adds_fields == by_internet, form


def test_what_is_pressed_after_a_number_is_kept() -> None:
    for form, press in WITH_EXTENSION:
        assert read(form, "ES").press == press, form
    assert not any(read(form, "ES").press for form, _, _ in OTHERS)


def test_a_sip_phone_is_known_by_its_number_and_by_its_address() -> None:
    for form in SIP_TELEPHONE:
        address = read(form, "ES")
        assert address.uri.startswith("sip:")
        assert address.is_internet
        assert not address.is_plain_number
        twilios = address.host.endswith(".twilio.com")
        assert address.dialling_name() == (ANA if twilios else address.uri)
        assert address.dialling_name({address.host}) == ANA
        assert address.route == ("co.sip.twilio.com" if twilios else ANA)
    for form in WHATSAPP:
        assert read(form, "ES").route == f"whatsapp:{ANA}"
    assert read("client:ana").route == "client:"
    assert read("co.sip.twilio.com").route == "co.sip.twilio.com"


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("(020) 7946 0018", "GB", "+442079460018"),
        ("+442079460018", "ES", "+442079460018"),
        ("+14158675309", "ES", "+14158675309"),
        ("sip:14158675309@carrier.example", "ES", "+14158675309"),
        ("0034600111222", "US", "+34600111222"),
        ("266696687", "PT", "+351266696687"),  # somebody in Évora
        ("+17378742833", "US", "+17378742833"),  # somebody in Austin
        ("555 1234", "US", "555 1234"),
        ("15", "FR", "15"),
        ("+3315", "FR", "15"),
    ],
)
def test_numbers_of_other_countries(text: str, country: str, expected: str) -> None:
    assert read(text, country).key == expected


@pytest.mark.parametrize(
    ("text", "term"),
    [
        *((text, ANA) for text in ("600 11 12 22", "+34600111222", "0034600111222", "600111222")),
        ("222", "222"),
        ("11 12 22", "111222"),
        ("0034", "0034"),
        ("112", "112"),
        ("+34112", "112"),
        ("266696687", WITHHELD),
        *((text, WITHHELD) for text in ("oculto", "Anónimo", "withheld", "anonymous")),
        *((text, NOT_KNOWN) for text in ("not known", "number not known", "No conocido")),
        *((text, NOT_KNOWN) for text in ("número no conocido", "not_known")),
    ],
)
def test_what_is_searched_for(text: str, term: str) -> None:
    assert search_term(text, "ES") == term


@pytest.mark.parametrize(
    "text", ["", " ", "22", "6001113", "+34700", "maria", "6001113334445", "%", "client:"]
)
def test_nonsense_is_answered_with_the_field_and_the_fix(text: str) -> None:
    with pytest.raises(InvalidQuery, match=r"^number: .* last 3 to 6 digits"):
        search_term(text, "ES")


def test_the_answer_to_nonsense_does_not_repeat_it() -> None:
    with pytest.raises(InvalidQuery) as refused:
        search_term("6998877", "ES")
    assert "6998877" not in str(refused.value)


@pytest.mark.parametrize("text", ["555 1234", "867-5309"])
def test_a_number_that_only_works_within_a_town_is_not_a_whole_one(text: str) -> None:
    with pytest.raises(InvalidQuery):
        search_term(text, "US")


def test_an_address_in_a_sentence_is_known_for_one() -> None:
    for word in ("client:ana", "sip:ana@pbx.example.com", "ana@pbx.example.com", "tel:+34600"):
        assert looks_like_address(word)
    for word in ("ayer", "600111222", "17:00", "2026-11-03", "client:", "@"):
        assert not looks_like_address(word)


@pytest.mark.parametrize(
    ("code", "known"), [("ES", True), ("GB", True), ("es", False), ("XX", False), ("", False)]
)
def test_knows_the_countries(code: str, known: bool) -> None:
    assert is_country(code) is known
