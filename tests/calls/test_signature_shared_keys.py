"""Requests that Twilio signs with a key of the account's own, under a Webhook Rule.

The vector is what Twilio's own library computes, and it is asked beside.
"""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from tests.calls.signed import ACCOUNT, OTHER, TOKEN, post
from twirec.calls.signature import SignatureCheck, sign
from twirec.model.errors import RequestRefused, SettingsError

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
KEY, SECRET = "webhooks_sharedkey_" + "a" * 26, "c2VjcmV0+/=="
NEXT, NEXT_SECRET = "webhooks_sharedkey_" + "b" * 26, "the next one"
KEYS = {ACCOUNT: {KEY: SECRET, NEXT: NEXT_SECRET}, OTHER: {"theirs": "their secret"}}
HEADER = f"key={KEY},algorithm=HMAC_SHA256"

steadily = settings(derandomize=True)


def test_the_signature_is_that_of_twilios_own_library() -> None:
    signature = sign(URL, CALL.items(), "12345", "HMAC_SHA256")
    assert signature == "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="
    assert RequestValidator("12345").validate(URL, CALL, signature, "HMAC_SHA256")


@steadily
@given(
    form=st.dictionaries(st.text("AaZ09_", min_size=1), st.text()),
    query=st.text(),
    algorithm=st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]),
)
def test_believes_what_twilios_own_library_signs(
    form: dict[str, str], query: str, algorithm: str
) -> None:
    form["AccountSid"] = ACCOUNT
    target = f"/twirec/status?x={quote(query)}"
    header = f"key={KEY},algorithm={algorithm}"
    signature = RequestValidator(SECRET).compute_signature(
        f"https://calls.example.com{target}", form, get_signature_algorithm(header)
    )
    pairs = list(form.items())
    assert post(target, pairs, signature=signature, signed_by=header, shared_keys=KEYS) == form


@pytest.mark.parametrize(
    ("header", "secret", "algorithm"),
    [
        (HEADER, SECRET, "HMAC_SHA256"),
        (f"algorithm=HMAC_SHA256, key={KEY}", SECRET, "HMAC_SHA256"),
        (f" key = {KEY} , algorithm = hmac_sha256 ", SECRET, "HMAC_SHA256"),
        (f"{HEADER},version=2", SECRET, "HMAC_SHA256"),
        (f"key={NEXT},algorithm=HMAC_SHA256", NEXT_SECRET, "HMAC_SHA256"),
        (f"key={KEY},algorithm=HMAC_SHA1", SECRET, "HMAC_SHA1"),
    ],
)
def test_the_header_says_what_signed(header: str, secret: str, algorithm: str) -> None:
    assert post(signed_by=header, token=secret, algorithm=algorithm, shared_keys=KEYS)


FORGERIES = {
    "an unknown key": ("key=webhooks_sharedkey_x,algorithm=HMAC_SHA256", SECRET, "HMAC_SHA256"),
    "the other key": (HEADER, NEXT_SECRET, "HMAC_SHA256"),
    "another account's key": ("key=theirs,algorithm=HMAC_SHA256", "their secret", "HMAC_SHA256"),
    "a guess": (HEADER, "guessed", "HMAC_SHA256"),
    "an empty secret": ("key=nothing,algorithm=HMAC_SHA256", "", "HMAC_SHA256"),
    "the token, under the header": (HEADER, TOKEN, "HMAC_SHA1"),
    "the token with the other hash": (HEADER, TOKEN, "HMAC_SHA256"),
    "the token, and the header says so": (f"key={KEY},algorithm=HMAC_SHA1", TOKEN, "HMAC_SHA1"),
    "the account as a key": (f"key={ACCOUNT},algorithm=HMAC_SHA1", TOKEN, "HMAC_SHA1"),
    "another hash than it says": (HEADER, SECRET, "HMAC_SHA1"),
    "a weaker hash than it is": (f"key={KEY},algorithm=HMAC_SHA1", SECRET, "HMAC_SHA256"),
    "no header": (None, SECRET, "HMAC_SHA256"),
    "no header, the old hash": (None, SECRET, "HMAC_SHA1"),
    "an empty header": ("", SECRET, "HMAC_SHA256"),
    "an empty header and the token": ("", TOKEN, "HMAC_SHA1"),
    "no key": ("algorithm=HMAC_SHA256", SECRET, "HMAC_SHA256"),
    "an empty key": ("key=,algorithm=HMAC_SHA256", SECRET, "HMAC_SHA256"),
    "no algorithm": (f"key={KEY}", SECRET, "HMAC_SHA1"),
    "an empty algorithm": (f"key={KEY},algorithm=", SECRET, "HMAC_SHA1"),
    "an unknown algorithm": (f"key={KEY},algorithm=HMAC_MD5", SECRET, "HMAC_SHA256"),
    "no algorithm at all": (f"key={KEY},algorithm=none", SECRET, "HMAC_SHA256"),
    "two algorithms": (f"{HEADER},algorithm=HMAC_SHA1", SECRET, "HMAC_SHA256"),
    "two keys": (f"{HEADER},key={NEXT}", SECRET, "HMAC_SHA256"),
    "two headers": (f"{HEADER},{HEADER}", SECRET, "HMAC_SHA256"),
    "no words": ("ñ\udc80", SECRET, "HMAC_SHA256"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_is_signed_by_anything_else_is_refused(forgery: str) -> None:
    header, secret, algorithm = FORGERIES[forgery]
    with pytest.raises(RequestRefused) as refused:
        post(signed_by=header, token=secret, algorithm=algorithm, shared_keys=KEYS)
    assert not {KEY, SECRET, TOKEN, ACCOUNT} & set(str(refused.value).split())


def test_without_the_setting_every_shared_key_is_unknown() -> None:
    with pytest.raises(RequestRefused, match="TWIREC_TWILIO_SHARED_KEYS"):
        post(signed_by=HEADER, token=SECRET, algorithm="HMAC_SHA256")


def test_other_requests_are_still_signed_with_the_token() -> None:
    assert post(shared_keys=KEYS)


def test_an_empty_secret_is_named_at_the_start() -> None:
    with pytest.raises(SettingsError, match="TWIREC_TWILIO_SHARED_KEYS"):
        SignatureCheck("https://calls.example.com", {}, {ACCOUNT: {KEY: ""}})
