from __future__ import annotations

import pytest
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)

from twirec.sandbox.sandbox import SHARED_KEY
from twirec.sandbox.signing import Signer, sign, signed_url

FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"


def test_signatures_are_those_of_twilios_own_test_vector() -> None:
    assert sign("12345", URL, FORM) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_signatures_are_those_of_twilios_documentation() -> None:
    form = FORM | {"From": "+14158675310", "Caller": "+14158675310"}
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert sign("12345", url, form) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://a.example/x?y=1#rc=5&rp=all", "https://a.example/x?y=1"),
        ("https://a.example:8443/x", "https://a.example/x"),
        ("http://a.example:1234/x", "http://a.example:1234/x"),
        ("https://me:secret@a.example:8443/x", "https://a.example/x"),
        ("http://a.example/x?", "http://a.example/x?"),
        ("http://a.example/x?q='a'&z=%2B", "http://a.example/x?q='a'&z=%2B"),
        ("https://a.example", "https://a.example"),
        ("https://[::1]:443/x", "https://[::1]/x"),
    ],
)
def test_the_signed_url_has_no_fragment_no_user_and_no_https_port(url: str, signed: str) -> None:
    assert signed_url(url) == signed


def test_over_http_the_port_is_signed() -> None:
    url = "http://mycompany.com:1234/myapp.php?foo=1&bar=2"
    assert sign("12345", url, FORM) == "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="


def test_the_official_validator_accepts_empty_fields_and_umlauts() -> None:
    form = {"To": "", "SpeechResult": "Sí, de acuerdo — ¡gracias!"}
    assert RequestValidator("12345").validate(URL, form, sign("12345", URL, form))


def test_with_a_shared_key_the_official_library_believes_what_the_headers_say() -> None:
    key, secret = SHARED_KEY
    headers = Signer("12345", SHARED_KEY).headers(URL, FORM)
    assert headers[SIGNATURE_SETTINGS_HEADER] == f"key={key},algorithm=HMAC_SHA256"
    algorithm = get_signature_algorithm(headers[SIGNATURE_SETTINGS_HEADER])
    genuine = headers[SIGNATURE_HEADER]
    assert RequestValidator(secret).validate(URL, FORM, genuine, algorithm)
    assert not RequestValidator("12345").validate(URL, FORM, genuine, algorithm)
    assert secret not in repr(Signer("12345", SHARED_KEY))
