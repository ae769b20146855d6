import hashlib

import pytest

from tests.calls.signed import ACCOUNT, FORM, OTHER, post
from twirec.model.errors import RequestRefused

JSON = b'{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"


# --- the fields -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        ("Empty=", [("Empty", "")]),
        ("Bare", [("Bare", "")]),
        ("Blank=%20x%20", [("Blank", " x ")]),
        ("Plus=a+b%2Bc", [("Plus", "a b+c")]),
        ("Accent=ma%C3%B1ana", [("Accent", "mañana")]),
        ("Semicolon=a;b", [("Semicolon", "a;b")]),
        ("from=1&From=2", [("from", "1"), ("From", "2")]),
        ("NewField2031=x", [("NewField2031", "x")]),
    ],
)
def test_every_field_of_a_form_is_read_and_signed_over(
    body: str, pairs: list[tuple[str, str]]
) -> None:
    pairs = [("AccountSid", ACCOUNT), *pairs]
    assert post(pairs=pairs, body=f"AccountSid={ACCOUNT}&{body}".encode()) == dict(pairs)


def test_of_a_field_that_comes_twice_the_first_is_returned_and_all_are_signed() -> None:
    pairs = [("AccountSid", ACCOUNT), ("Digits", "2"), ("Digits", "1"), ("Digits", "2")]
    assert post(pairs=pairs)["Digits"] == "2"
    with pytest.raises(RequestRefused, match="signature"):
        post(pairs=pairs, body=f"AccountSid={ACCOUNT}&Digits=2".encode())


@pytest.mark.parametrize(
    "body",
    [
        f"AccountSid={ACCOUNT}&RecordingStatus=absent",
        f"AccountSid={ACCOUNT}&RecordingStatus=completed&Extra=",
        f"AccountSid={ACCOUNT}&Extra=1&RecordingStatus=completed",
        f"AccountSid={ACCOUNT}",
    ],
)
def test_refuses_a_form_in_which_anything_was_changed(body: str) -> None:
    pairs = [("AccountSid", ACCOUNT), ("RecordingStatus", "completed")]
    with pytest.raises(RequestRefused, match="signature"):
        post(pairs=pairs, body=body.encode())


def test_what_comes_back_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        post()["AccountSid"] = OTHER  # type: ignore[index]


def test_a_get_has_its_fields_in_the_query() -> None:
    target = f"/s?AccountSid={ACCOUNT}&Digits=%231&Empty="
    found = post(target, [], method="GET", body=b"", content_type="")
    assert found == {"AccountSid": ACCOUNT, "Digits": "#1", "Empty": ""}


def test_a_form_may_name_its_charset() -> None:
    assert post(content_type="Application/X-WWW-Form-URLEncoded; charset=UTF-8")


@pytest.mark.parametrize("body", [b"x=\xff", b"x=%FF"])
def test_refuses_fields_that_are_not_utf8(body: bytes) -> None:
    with pytest.raises(RequestRefused, match="UTF-8"):
        post(body=body)


# --- other bodies -----------------------------------------------------------------------------


def test_believes_json_whose_hash_is_signed() -> None:
    body = f'{{"AccountSid": "{ACCOUNT}", "n": 1}}'.encode()
    target = f"/s?bodySHA256={hashlib.sha256(body).hexdigest()}"
    found = post(target, [], content_type="application/json", body=body)
    assert found == {"AccountSid": ACCOUNT}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&bodySHA256=",
        "&bodySHA256=00",
        "&bodySHA256=%F1%80%80%80",
        f"&bodySHA256={JSON_HASH}&bodySHA256={JSON_HASH}",
        f"&bodysha256={JSON_HASH}",
    ],
)
def test_refuses_json_without_its_right_hash(query: str) -> None:
    with pytest.raises(RequestRefused, match="body"):
        post(f"/s?AccountSid={ACCOUNT}{query}", [], content_type="application/json", body=JSON)


@pytest.mark.parametrize("content_type", [FORM, "application/json", "text/plain"])
def test_a_hash_that_is_there_must_be_right_whatever_the_body_is(content_type: str) -> None:
    target = f"/s?AccountSid={ACCOUNT}&bodySHA256={JSON_HASH}"
    with pytest.raises(RequestRefused, match="body"):
        post(target, [], content_type=content_type, body=b"{}")


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data; boundary=x"])
def test_refuses_a_body_that_nothing_signs(content_type: str) -> None:
    with pytest.raises(RequestRefused, match="body"):
        post(f"/s?AccountSid={ACCOUNT}", [], content_type=content_type, body=b"Digits=1")


def test_refuses_a_get_that_smuggles_a_body() -> None:
    with pytest.raises(RequestRefused, match="body"):
        post(f"/s?AccountSid={ACCOUNT}", [], method="GET", body=b"Digits=1")


@pytest.mark.parametrize("body", [b"\xff", b"{", b"[" * 100_000])
def test_refuses_what_only_says_that_it_is_json(body: bytes) -> None:
    target = f"/s?AccountSid={ACCOUNT}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    with pytest.raises(RequestRefused):
        post(target, [], content_type="application/json", body=body)


# --- a form that was read before --------------------------------------------------------------

PAIRS = [("AccountSid", ACCOUNT), ("Digits", "2"), ("Digits", "1")]


def test_a_form_that_was_read_before_is_checked_by_its_fields() -> None:
    assert post(pairs=PAIRS, form=PAIRS, body=b"")["Digits"] == "2"


@pytest.mark.parametrize(
    "form",
    [
        [],
        PAIRS[:1],
        PAIRS[:2],
        [*PAIRS, ("Digits", "3")],
        [("AccountSid", ACCOUNT), ("Digits", "1")],
        [("AccountSid", ACCOUNT), ("digits", "2"), ("Digits", "1")],
        [("AccountSid", OTHER), *PAIRS[1:]],
        [*PAIRS, ("AccountSid", OTHER)],
    ],
)
def test_fields_that_were_read_otherwise_than_they_were_signed_are_refused(
    form: list[tuple[str, str]],
) -> None:
    with pytest.raises(RequestRefused):
        post(pairs=PAIRS, form=form, body=b"")


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        f"x{FORM}",
        f"{FORM}, x",
    ],
)
def test_only_what_says_it_is_a_form_is_taken_for_one(kind: str) -> None:
    with pytest.raises(RequestRefused, match="not a form"):
        post(pairs=PAIRS, form=PAIRS, body=b"", content_type=kind)


def test_a_request_that_only_gets_has_no_form() -> None:
    with pytest.raises(RequestRefused, match="not a form"):
        post(f"/s?AccountSid={ACCOUNT}", [], method="GET", form=PAIRS, body=b"")


def test_a_form_and_a_body_are_one_too_many() -> None:
    with pytest.raises(RequestRefused, match="not a form"):
        post(pairs=PAIRS, form=PAIRS, body=b"AccountSid=x")


def test_a_hash_of_a_body_that_is_gone_proves_nothing() -> None:
    with pytest.raises(RequestRefused, match="hash"):
        post(f"/s?bodySHA256={hashlib.sha256().hexdigest()}", PAIRS, form=PAIRS, body=b"")
