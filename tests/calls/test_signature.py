"""The vectors are those of Twilio's docs and of twilio-python's own tests."""

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.calls.signed import ACCOUNT, FORM, TOKEN, post
from twirec.calls import signature
from twirec.calls.signature import SignatureCheck, sign
from twirec.model.errors import RequestRefused, SettingsError

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"

steadily = settings(derandomize=True)


# --- Twilio's vectors -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "pairs", "signature"),
    [
        (
            "https://example.com/myapp.php?foo=1&bar=2",
            [
                ("CallSid", "CA1234567890ABCDE"),
                ("Caller", "+14158675310"),
                ("Digits", "1234"),
                ("From", "+14158675310"),
                ("To", "+18005551212"),
            ],
            "L/OH5YylLD5NRKLltdqwSvS0BnU=",
        ),
        (URL, CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace(".com", ".com:443"), CALL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (
            URL.replace(".com", ".com:80").replace("https", "http"),
            CALL,
            "0ZXoZLH/DfblKGATFgpif+LLRf4=",
        ),
        (
            URL.replace(".com", ".com:1234").replace("https", "http"),
            CALL,
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
        (
            URL,
            [
                ("Sid", "CA123"),
                ("SidAccount", "AC123"),
                ("Digits", "5678"),
                ("Digits", "1234"),
                ("Digits", "1234"),
            ],
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
        (f"{URL}&bodySHA256={JSON_HASH}", [], "a9nBmqA0ju/hNViExpshrM61xv4="),
    ],
)
def test_signs_as_twilio_does(url: str, pairs: list[tuple[str, str]], signature: str) -> None:
    assert sign(url, pairs, TOKEN) == signature


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@steadily
@given(
    pairs=st.lists(st.tuples(words.filter(bool), words), max_size=8),
    query=words,
    host=st.sampled_from(["https://h.example", "https://h.example:8443", "http://h.example:8080"]),
    port=st.booleans(),
)
def test_believes_what_twilios_own_library_signs_and_believes(
    pairs: list[tuple[str, str]], query: str, host: str, port: bool
) -> None:
    pairs = [("AccountSid", ACCOUNT), *(pair for pair in pairs if pair[0] != "AccountSid")]
    target = f"/twirec/status?x={quote(query)}"
    twilio = RequestValidator(TOKEN)
    bare = host.rpartition(":")[0] if host.count(":") == 2 else host
    fields = MultiDict(pairs)
    signature = twilio.compute_signature((host if port else bare) + target, fields)
    assert twilio.validate(host + target, fields, signature)

    found = SignatureCheck(host, {ACCOUNT: (TOKEN,)}).check(
        method="POST",
        target=target,
        signature=signature,
        signed_by=None,
        content_type=FORM,
        body=urlencode(pairs).encode(),
    )

    assert found == {name: fields[name] for name in fields}


# --- the URL ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("public_url", "signed"),
    [
        ("https://h.example", "https://h.example/twirec/status"),
        ("https://h.example/", "https://h.example/twirec/status"),
        ("https://h.example:8443", "https://h.example/twirec/status"),
        ("https://h.example:8443", "https://h.example:8443/twirec/status"),
        ("https://h.example", "https://h.example:443/twirec/status"),
        ("http://h.example:8080", "http://h.example:8080/twirec/status"),
        ("https://user:secret@h.example:8443", "https://h.example/twirec/status"),
        ("https://[::1]:8443", "https://[::1]:8443/twirec/status"),
        ("https://[::1]", "https://[::1]/twirec/status"),
        ("https://h.example/app", "https://h.example/app/twirec/status"),
        ("https://h.example/app?x=1#rc=5", "https://h.example/app/twirec/status"),
    ],
)
def test_believes_what_is_signed_for_the_public_url(public_url: str, signed: str) -> None:
    assert post(public_url=public_url, signed_url=signed)["AccountSid"] == ACCOUNT


def test_does_not_double_the_path_of_the_public_url() -> None:
    signed = "https://h.example/app/twirec/status?a=1"
    assert post("/app/twirec/status?a=1", public_url="https://h.example/app", signed_url=signed)


@pytest.mark.parametrize(
    ("public_url", "target", "signed"),
    [
        # a proxy takes the path away that our own routes begin with, too
        ("https://h.example/twirec", "/twirec/ended", "https://h.example/twirec/twirec/ended"),
        ("https://h.example/twirec", "/voice", "https://h.example/twirec/voice"),
        # or leaves it
        ("https://h.example/twirec", "/twirec/voice", "https://h.example/twirec/voice"),
        (
            "https://h.example/twirec",
            "/twirec/twirec/conference",
            "https://h.example/twirec/twirec/conference",
        ),
        ("https://h.example/twirec/", "/twirec/ended", "https://h.example/twirec/twirec/ended"),
        (
            "https://h.example/a/twirec",
            "/twirec/conference",
            "https://h.example/a/twirec/twirec/conference",
        ),
        ("https://h.example/voice", "/voice", "https://h.example/voice/voice"),
        ("https://h.example/voice", "/voice?x=1", "https://h.example/voice?x=1"),
    ],
)
def test_a_path_of_the_public_url_may_be_one_of_the_apps_own(
    public_url: str, target: str, signed: str
) -> None:
    assert post(target, public_url=public_url, signed_url=signed)


@pytest.mark.parametrize(
    ("public_url", "target", "signed"),
    [
        ("https://h.example/twirec", "/twirec/ended", "https://h.example/ended"),
        (
            "https://h.example/twirec",
            "/twirec/ended",
            "https://h.example/twirec/twirec/twirec/ended",
        ),
        ("https://h.example/twirec", "/twirec/twirec/ended", "https://h.example/twirec/ended"),
        ("https://h.example/twirec", "/twirecs", "https://h.example/twirecs"),
        ("https://h.example", "/ended", "https://h.example/twirec/ended"),
        ("https://h.example", "//h.example/s", "https://h.example/s"),
    ],
)
def test_no_third_reading_of_a_path_is_tried(public_url: str, target: str, signed: str) -> None:
    with pytest.raises(RequestRefused, match="signature"):
        post(target, public_url=public_url, signed_url=signed)


def test_never_more_than_two_readings_of_a_path_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    monkeypatch.setattr(signature, "sign", lambda url, *_: tried.append(url) or "x")
    with pytest.raises(RequestRefused):
        post("/a/a/a/a", public_url="https://h.example/a", signature="y" * 28)
    assert len({url.replace(":443", "") for url in tried}) == 2


def test_a_path_that_only_begins_like_the_public_one_is_below_it() -> None:
    signed = "https://h.example/app/application"
    assert post("/application", public_url="https://h.example/app", signed_url=signed)


@pytest.mark.parametrize(
    "target",
    ["/s?x=%41", "/s?x=A", "/s?b=2&a=1", "/s?x=it's@home:1", "/s?", "/s?x", "/s?x=a+b%20c", "/%7E"],
)
def test_takes_the_path_and_the_query_as_they_came(target: str) -> None:
    assert post(target)


def test_refuses_a_query_that_was_encoded_anew() -> None:
    with pytest.raises(RequestRefused, match="signature"):
        post("/s?x=A", signed_url="https://calls.example.com/s?x=%41")


def test_leaves_the_fragment_out() -> None:
    assert post("/s?x=1#rc=5&rp=all", signed_url="https://calls.example.com/s?x=1")


def test_refuses_what_is_signed_for_another_host() -> None:
    with pytest.raises(RequestRefused, match="signature"):
        post(signed_url="https://evil.example/twirec/status")


def test_refuses_a_target_that_brings_its_own_host() -> None:
    with pytest.raises(RequestRefused, match="path"):
        post("https://evil.example/s", signed_url="https://evil.example/s")


@pytest.mark.parametrize("url", ["", "calls.example.com", "ftp://h:21", "https://", "https://h:x"])
def test_a_public_url_that_is_none_is_named_at_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="TWIREC_PUBLIC_URL"):
        SignatureCheck(url, {})


@pytest.mark.parametrize("signature", ["", "x", "y" * 27, "y" * 29, "y" * 60_000])
def test_what_is_no_signature_is_refused_before_anything_is_read(
    signature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.calls.signature.parse_qsl", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(RequestRefused, match="no signature"):
        post("/voice", signature=signature)


def test_more_fields_than_twilio_sends_are_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("twirec.calls.signature.parse_qsl", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(RequestRefused, match="more than 500 fields"):
        post("/voice?" + "=&" * 500, signature="y" * 28)
