from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calls.signed import ACCOUNT, FORM, OTHER, TOKEN, post
from twirec.calls.signature import SignatureCheck
from twirec.model.errors import RequestRefused, SettingsError

steadily = settings(derandomize=True)


def test_refuses_a_request_without_a_signature() -> None:
    with pytest.raises(RequestRefused, match="X-Twilio-Signature"):
        post(signature=None)


@pytest.mark.parametrize("signature", ["", "x", "ñ", "\udc80", "RSOYDt4T1cUTdK1PDd93/VVr8B8="])
def test_refuses_a_wrong_signature(signature: str) -> None:
    with pytest.raises(RequestRefused, match="signature"):
        post(signature=signature)


@pytest.mark.parametrize("token", ["old", "new"])
def test_believes_both_tokens_while_one_is_replaced(token: str) -> None:
    assert post(token=token, tokens={ACCOUNT: ("new", "old")})


def test_refuses_another_accounts_token() -> None:
    with pytest.raises(RequestRefused, match="signature"):
        post(token="theirs", tokens={ACCOUNT: ("ours",), OTHER: ("theirs",)})


@pytest.mark.parametrize("tokens", [{OTHER: (TOKEN,)}, {ACCOUNT: ()}])
def test_refuses_an_account_without_a_token(tokens: Mapping[str, tuple[str, ...]]) -> None:
    with pytest.raises(RequestRefused, match="no auth token"):
        post(tokens=tokens)


def test_refuses_a_request_without_an_account() -> None:
    with pytest.raises(RequestRefused, match="names no AccountSid"):
        post(pairs=[("CallSid", "CA1")])


@pytest.mark.parametrize(
    ("target", "pairs"),
    [
        ("/s", [("AccountSid", ACCOUNT), ("AccountSid", OTHER)]),
        (f"/s?AccountSid={OTHER}", [("AccountSid", ACCOUNT)]),
    ],
)
def test_refuses_a_request_with_two_accounts(target: str, pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(RequestRefused, match="more than one"):
        post(target, pairs, tokens={ACCOUNT: (TOKEN,), OTHER: (TOKEN,)})


def test_an_empty_token_is_named_at_the_start() -> None:
    with pytest.raises(SettingsError, match="TWIREC_TWILIO_AUTH_TOKENS"):
        SignatureCheck("https://calls.example.com", {ACCOUNT: (TOKEN, "")})


def test_neither_token_nor_body_is_in_the_refusal() -> None:
    pairs = [("AccountSid", ACCOUNT), ("From", "+34600111222")]
    with pytest.raises(RequestRefused) as refused:
        post(pairs=pairs, signature="wrong")
    assert not {TOKEN, "+34600111222", "wrong", ACCOUNT} & set(str(refused.value).split())
    assert TOKEN not in repr(SignatureCheck("https://h", {ACCOUNT: (TOKEN,)}))


@steadily
@given(
    target=st.text(max_size=50),
    signature=st.text(max_size=50),
    content_type=st.sampled_from(["", FORM, "application/json", "text/plain"]),
    body=st.binary(max_size=100),
    method=st.sampled_from(["GET", "POST", "PUT"]),
)
def test_whatever_comes_unsigned_is_refused_and_nothing_else_happens(
    target: str, signature: str, content_type: str, body: bytes, method: str
) -> None:
    check = SignatureCheck("https://h.example", {ACCOUNT: (TOKEN,)})
    with pytest.raises(RequestRefused):
        check.check(
            method=method,
            target=f"/s?AccountSid={ACCOUNT}&{target}",
            signature=signature,
            signed_by=None,
            content_type=content_type,
            body=body,
        )
