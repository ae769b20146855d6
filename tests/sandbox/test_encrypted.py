from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from twirec.sandbox import Encryption, Recording, Sandbox
from twirec.sandbox.callbacks import recording_form

DETAILS = {"type": "rsa-aes", "public_key_sid": "CR1", "encrypted_cek": "Y2Vr", "iv": "aXY="}


def flipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """No cryptography, but as long as if it were."""
    for chunk in chunks:
        yield bytes(byte ^ 0xFF for byte in chunk)
    yield b"t" * 16


class Switch:
    """Whether what is recorded from now on is encrypted."""

    on = True

    def __call__(self, sid: str) -> Encryption | None:
        return Encryption(DETAILS, flipped) if self.on else None


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def sandbox(switch: Switch) -> Iterator[Sandbox]:
    with Sandbox(encrypt=switch) as sandbox:
        yield sandbox


def get(sandbox: Sandbox, recording: Recording, what: str) -> requests.Response:
    return requests.get(
        f"{sandbox.url}/2010-04-01/Accounts/{sandbox.account_sid}/Recordings/{recording.sid}{what}",
        auth=(sandbox.account_sid, sandbox.auth_token),
        timeout=120,
    )


@pytest.mark.parametrize("extension", ["", ".wav"])
def test_media_is_what_the_encryption_makes_of_it(
    sandbox: Sandbox, switch: Switch, extension: str
) -> None:
    response = get(sandbox, sandbox.add_recording(seconds=2), extension)
    assert response.status_code == 200
    assert int(response.headers["Content-Length"]) == len(response.content) == 44 + 64_000 + 16
    assert response.content.startswith(bytes(byte ^ 0xFF for byte in b"RIFF"))
    assert response.content.endswith(b"t" * 16)


@pytest.mark.parametrize("what", [".mp3", ".wav?RequestedChannels=1", ".wav?RequestedChannels=2"])
def test_no_other_form_than_the_stored_one_is_given(sandbox: Sandbox, what: str) -> None:
    assert get(sandbox, sandbox.add_recording(), what).status_code == 400


def test_a_callback_and_the_resource_say_how_each_in_its_spelling(sandbox: Sandbox) -> None:
    recording = sandbox.add_recording()
    form = recording_form(sandbox._account, recording, "completed")
    assert json.loads(form["EncryptionDetails"]) == DETAILS
    assert get(sandbox, recording, ".json").json()["encryption_details"] == {
        "encryption_public_key_sid": "CR1",
        "encryption_cek": "Y2Vr",
        "encryption_iv": "aXY=",
    }


@pytest.mark.parametrize("status", ["in-progress", "absent"])
def test_what_has_no_media_says_nothing_of_encryption(sandbox: Sandbox, status: str) -> None:
    recording = sandbox.add_recording(status=status)
    assert "EncryptionDetails" not in recording_form(sandbox._account, recording, status)
    assert get(sandbox, recording, ".json").json()["encryption_details"] is None


def test_some_recordings_may_be_encrypted_and_others_not(sandbox: Sandbox, switch: Switch) -> None:
    switch.on = False
    plain = sandbox.add_recording()
    assert get(sandbox, plain, ".wav?RequestedChannels=2").content.startswith(b"RIFF")
    assert get(sandbox, plain, ".json").json()["encryption_details"] is None
