from __future__ import annotations

import json

import pytest

from twirec.model.encryption import Encryption, read_encryption

SID = "CR" + "a" * 32
EXPECTED = Encryption("rsa-aes", SID, "Y2Vr", "aXY=")
OF_CALLBACK = {"type": "rsa-aes", "public_key_sid": SID, "encrypted_cek": "Y2Vr", "iv": "aXY="}
OF_REST = {
    "encryption_public_key_sid": SID,
    "encryption_cek": "Y2Vr",
    "encryption_iv": "aXY=",
}
MIXED = {"type": "rsa-aes", "encryption_public_key_sid": SID, "encryption_cek": "Y2Vr"}


@pytest.mark.parametrize(
    "told",
    [
        json.dumps(OF_CALLBACK),
        OF_CALLBACK,
        OF_REST,
        {**OF_REST, "encryption_type": "rsa-aes"},
        {**MIXED, "iv": "aXY="},
        {**OF_CALLBACK, "new": {"of": "Twilio"}},
    ],
)
def test_every_spelling_of_twilios_says_the_same(told: object) -> None:
    found = read_encryption(told)
    assert found == EXPECTED
    assert found.known


@pytest.mark.parametrize("told", [None, "", "null", "{}", {}])
def test_what_says_nothing_is_a_recording_that_is_not_encrypted(told: object) -> None:
    assert read_encryption(told) is None


@pytest.mark.parametrize(
    "told",
    [
        "{not json",
        "rsa-aes",
        '["rsa-aes"]',
        7,
        {**OF_CALLBACK, "type": "kyber-aes"},
        {**OF_CALLBACK, "public_key_sid": None},
        {**OF_CALLBACK, "encrypted_cek": ""},
        {**OF_CALLBACK, "iv": 12},
        MIXED,
    ],
)
def test_what_makes_no_sense_is_encrypted_in_a_way_that_is_not_known(told: object) -> None:
    found = read_encryption(told)
    assert found is not None
    assert not found.known


def test_neither_the_recordings_own_key_nor_its_vector_shows() -> None:
    shown = repr(EXPECTED)
    assert SID in shown
    assert "Y2Vr" not in shown
    assert "aXY=" not in shown
