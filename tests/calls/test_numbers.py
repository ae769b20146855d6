import pytest

from twirec.calls.addresses import WITHHELD, dialled, is_country, normalise, outside, search_term
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import NOT_KNOWN


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("+34600111222", "ES", "+34600111222"),
        (" +34 600 11 12 22 ", "ES", "+34600111222"),
        ("600 11 12 22", "ES", "+34600111222"),
        ("600-111-222", "ES", "+34600111222"),
        ("0034 600111222", "ES", "+34600111222"),
        ("34600111222", "ES", "+34600111222"),
        ("(020) 7946 0018", "GB", "+442079460018"),
        ("+442079460018", "ES", "+442079460018"),
        ("+14158675309", "ES", "+14158675309"),
    ],
)
def test_a_number_in_any_form_becomes_e164(text: str, country: str, expected: str) -> None:
    assert normalise(text, country) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "anonymous",
        "Anonymous",
        "Restricted",
        "unavailable",
        "UNKNOWN",
        "private",
        "blocked",
        "No Caller ID",
        "+266696687",
        "+7378742833",
        "+86282452253",
        "+2562533",
        "+8656696",
        "+464",
        "sip:anonymous@anonymous.invalid",
    ],
)
def test_every_way_to_hide_a_number_becomes_one_word(text: str) -> None:
    assert normalise(text, "ES") == WITHHELD == "anonymous"


@pytest.mark.parametrize(
    "text",
    [
        "client:maria",
        "client:600111222",
        "sip:agent@example.com",
        "600111222@sip.example.com",
        "600111222@10.0.0.1",
        "sim:DE0123",
        "600FLORES",
        "112",
        "+34",
        "+999999",
        "#31#",
        "???",
    ],
)
def test_what_is_no_number_is_kept(text: str) -> None:
    assert normalise(f" {text} ", "ES") == text


def test_normalising_twice_changes_nothing() -> None:
    for text in ("600 11 12 22", "Restricted", "client:maria"):
        once = normalise(text, "ES")
        assert normalise(once, "ES") == once


@pytest.mark.parametrize(
    "text", ["600 11 12 22", "+34600111222", "0034600111222", "600111222", " 600.11.12.22 "]
)
def test_a_whole_number_is_found_in_any_form(text: str) -> None:
    assert search_term(text, "ES") == "+34600111222"


@pytest.mark.parametrize(
    ("text", "digits"), [("222", "222"), ("11 12 22", "111222"), ("0034", "0034")]
)
def test_three_to_six_digits_are_the_last_ones(text: str, digits: str) -> None:
    assert search_term(text, "ES") == digits


@pytest.mark.parametrize("text", ["oculto", "Anónimo", "withheld", "anonymous", "+266696687"])
def test_hidden_callers_are_found_by_a_word(text: str) -> None:
    assert search_term(text, "ES") == WITHHELD


@pytest.mark.parametrize(
    "text", ["not known", "number not known", "No conocido", "número no conocido", "not_known"]
)
def test_those_whose_number_nobody_knows_are_found_by_other_words(text: str) -> None:
    assert search_term(text, "ES") == NOT_KNOWN != WITHHELD


@pytest.mark.parametrize(
    "text", ["", " ", "22", "6001113", "+34700", "maria", "6001113334445", "%"]
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
    assert normalise(text, "US") == text


@pytest.mark.parametrize(
    ("code", "known"), [("ES", True), ("GB", True), ("es", False), ("XX", False), ("", False)]
)
def test_knows_the_countries(code: str, known: bool) -> None:
    assert is_country(code) is known


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("600 11 12 22", "+34600111222"),
        ("sip:+34600111222@co.sip.twilio.com", "+34600111222"),
        ("sip:%2B34600111222@co.sip.twilio.com:5061;transport=tls", "+34600111222"),
        ("SIPS:600111222;phone-context=es@co.sip.twilio.com", "+34600111222"),
        ("sip:ana@example.com", "sip:ana@example.com"),
        ("client:ana", "client:ana"),
    ],
)
def test_a_sip_phone_dials_the_number_in_the_address(address: str, number: str) -> None:
    assert dialled(address, "ES") == number


@pytest.mark.parametrize(
    ("address", "party"),
    [
        ("sip:+34600111222@pbx.example.com;user=phone", "+34600111222"),
        ("sips:600111222@pbx.example.com:5061;transport=tls;user=phone", "+34600111222"),
        ("sip:600111222@pbx.example.com", "sip:600111222@pbx.example.com"),
        ("sip:Ana@PBX.example.com;transport=tls", "sip:ana@pbx.example.com"),
        ("+34600111222", "+34600111222"),
    ],
)
def test_a_telephone_behind_sip_is_known_by_its_number(address: str, party: str) -> None:
    assert outside(address, "ES") == party


@pytest.mark.parametrize(
    "address",
    [
        "sip:shop@acme.sip.twilio.com",
        "sip:Shop@ACME.sip.twilio.com",
        "SIP:shop@acme.sip.twilio.com:5060;transport=udp",
        "sip:shop@acme.sip.twilio.com?Subject=x",
    ],
)
def test_a_sip_address_is_one_however_it_is_reached(address: str) -> None:
    assert normalise(address, "ES") == "sip:shop@acme.sip.twilio.com"


@pytest.mark.parametrize(
    "text", ["911000111,911000112", "911222333;911222444", "911000111 ext 12", "911000111#12"]
)
def test_a_second_number_or_an_extension_is_not_dropped(text: str) -> None:
    assert normalise(text, "ES") == text
