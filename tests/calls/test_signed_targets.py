"""Whom to connect, in a URL that everybody may log."""

from __future__ import annotations

import pytest

from twirec.calls.signed_targets import read_targets, sign_targets
from twirec.model.errors import MalformedRequest

TARGETS = ("+34911222333", "client:ana", "sip:shop@pbx.example.com")


def test_what_was_sealed_is_read_again_also_after_the_token_was_rotated() -> None:
    sealed = sign_targets(TARGETS, ["old"])
    assert read_targets(sealed, ["new", "old"]) == TARGETS
    assert sign_targets(TARGETS, ["old"]) != sealed


def test_a_path_shows_no_number() -> None:
    sealed = sign_targets(TARGETS, ["a token"])
    assert sealed.replace("-", "").replace("_", "").replace("=", "").isalnum()
    assert "911222333" not in sealed


@pytest.mark.parametrize("segment", ["", "x", "ñ", sign_targets(TARGETS, ["another token"])])
def test_what_was_not_sealed_with_our_token_is_malformed(segment: str) -> None:
    with pytest.raises(MalformedRequest):
        read_targets(segment, ["a token"])
