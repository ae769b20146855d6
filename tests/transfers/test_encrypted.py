"""Recordings that Twilio encrypted: decrypted on the way, or parked with Twilio's copy left."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.encrypting import key_pair, with_a_flipped_bit
from tests.factories import ACCOUNT, STARTED, recording_sid
from tests.house import A_CALL, AT_VENDOR, NAME, House, with_settings
from tests.sounds import wav
from twirec.adapters.decryption import RsaKey
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.jobs.retrying import TRANSFERS
from twirec.model.encryption import read_encryption
from twirec.model.ports import PrivateKey
from twirec.model.states import State
from twirec.model.vendor import VendorRecording
from twirec.model.vocabulary import Outcome, Reason
from twirec.sandbox import Encryption
from twirec.settings import Settings

OTHER_ACCOUNT = "AC" + "b" * 32
AUDIO = wav(seconds=4, channels=2)


def private(number: int) -> PrivateKey:
    return RsaKey(key_pair(number).pem().encode())


@pytest.fixture
def house(twirec_settings: Settings) -> Iterator[House]:
    """An archive with the keys 1 and 2; Twilio also has the public half of a third."""
    keys = {key_pair(number).sid: private(number) for number in (1, 2)}
    settings = dataclasses.replace(twirec_settings, decryption_keys=keys)
    house = House(settings, MemoryBucket())
    yield house
    house.archive.close()


def hold(
    house: House, how: Encryption | None, *, audio: bytes = AUDIO, number: int = 1, **changes: Any
) -> VendorRecording:
    """Let the vendor hold a recording, encrypted or not."""
    held = dataclasses.replace(
        AT_VENDOR,
        sid=recording_sid(number),
        encryption=read_encryption(how.details) if how else None,
        **changes,
    )
    house.vendor.add_recording(held, b"".join(how.encrypt(iter([audio]))) if how else audio)
    return held


def record(house: House, how: Encryption | None, **changes: Any) -> VendorRecording:
    """Let the vendor hold a recording and tell of it."""
    held = hold(house, how, **changes)
    house.tell(recording_sid=held.sid, account_sid=held.account_sid, encryption=held.encryption)
    return held


def content(house: House, number: int = 1) -> bytes:
    recording = house.archive.catalog.recordings.get(recording_sid(number))
    return b"".join(house.bucket.open_range(recording.object_name or ""))


def test_an_encrypted_recording_ends_as_audio_in_the_bucket_and_nowhere_else(house: House) -> None:
    record(house, key_pair().encryption())
    recording = house.work()
    assert (recording.state, recording.channels) == (State.RELEASED, 2)
    assert content(house) == AUDIO
    assert recording.size == len(AUDIO)
    assert house.at_vendor() == []


def test_the_object_says_how_it_was_encrypted_at_twilio(house: House) -> None:
    record(house, key_pair(2).encryption())
    house.work()
    labels = house.bucket.stat(NAME).labels
    assert (labels["encrypted"], labels["public_key_sid"]) == ("rsa-aes", key_pair(2).sid)
    assert labels["size"] == str(len(AUDIO))


@pytest.mark.parametrize("channels", [1, 2])
def test_the_channels_are_those_that_were_stored(house: House, channels: int) -> None:
    record(house, key_pair().encryption(), audio=wav(seconds=4, channels=channels))
    recording = house.work()
    assert (recording.state, recording.channels) == (State.RELEASED, channels)
    assert house.bucket.stat(NAME).labels["channels"] == str(channels)


def test_encrypted_and_plain_ones_of_two_accounts_and_two_keys_are_moved_in_one_run(
    house: House,
) -> None:
    how: Sequence[Encryption | None] = (key_pair(1).encryption(), None, key_pair(2).encryption())
    sounds = {number: wav(seconds=4 + number / 10, channels=2) for number in range(1, 7)}
    for number, audio in sounds.items():
        account = ACCOUNT if number < 4 else OTHER_ACCOUNT
        house.vendor.add_call(dataclasses.replace(A_CALL, account_sid=account))
        record(house, how[number % 3], audio=audio, number=number, account_sid=account)
    house.archive.operations.worker(threads=2).run_once()
    assert {number: content(house, number) for number in sounds} == sounds
    assert list(house.vendor.recordings(OTHER_ACCOUNT)) == house.at_vendor() == []


def test_one_whose_callback_never_came_is_adopted_and_decrypted(house: House) -> None:
    hold(house, key_pair().encryption())
    assert house.archive.operations.sweep().adopted == 1
    assert house.work().state is State.RELEASED
    assert content(house) == AUDIO


def test_one_whose_callback_said_nothing_of_it_is_asked_for_and_decrypted(house: House) -> None:
    hold(house, key_pair().encryption())
    house.tell()
    assert house.work().state is State.RELEASED
    assert content(house) == AUDIO


def test_one_that_is_in_the_bucket_already_is_compared_not_written_again(house: House) -> None:
    record(house, key_pair().encryption())
    before = house.bucket.put(
        NAME, [AUDIO], content_type="audio/x-wav", labels={}, custom_time=STARTED, finish=dict
    )
    recording = house.work()
    assert (recording.state, recording.generation) == (State.RELEASED, before.generation)
    assert house.bucket.stat(NAME).labels["sha256"] == recording.sha256


# --- what cannot be decrypted -----------------------------------------------------------------


def check_parked(house: House, reason: str) -> None:
    recording = house.recording()
    assert (recording.state, recording.parked) == (State.COMPLETED, True)
    assert recording.last_error.startswith(reason)
    assert house.stored() == []
    assert house.at_vendor() == [recording_sid()]


def test_a_missing_key_parks_at_once_and_says_which_and_where(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(house, key_pair(3).encryption())
    monkeypatch.setattr(house.vendor, "media", None)  # nothing is downloaded for it
    recording = house.work()
    check_parked(house, "DecryptionKeyMissing")
    assert recording.attempts == 1
    assert key_pair(3).sid in recording.last_error
    assert "TWIREC_DECRYPTION_KEYS" in recording.last_error


def test_a_missing_key_is_reported_by_the_sweep_and_heals_when_it_is_there(house: House) -> None:
    record(house, key_pair(3).encryption())
    house.work()
    report = house.archive.operations.sweep()
    assert key_pair(3).sid in report.problems[recording_sid()]
    keys = {key_pair(3).sid: private(3)}
    house.archive = with_settings(house.archive, decryption_keys=keys)
    assert house.work().state is State.RELEASED
    assert content(house) == AUDIO


def test_the_wrong_key_parks_at_once(house: House) -> None:
    how = key_pair(3).encryption()
    wrong = Encryption({**how.details, "public_key_sid": key_pair(1).sid}, how.encrypt)
    record(house, wrong)
    assert house.work().attempts == 1
    check_parked(house, "DecryptionKeyWrong")


@pytest.mark.parametrize("at", [5_000, -1], ids=["audio", "tag"])
def test_a_flipped_bit_is_never_stored_and_parks_after_all_tries(house: House, at: int) -> None:
    record(house, with_a_flipped_bit(key_pair().encryption(), at))
    assert house.work_on().attempts == TRANSFERS.tries
    check_parked(house, "MediaNotAuthentic")


def test_a_body_that_broke_off_is_fetched_again(house: House) -> None:
    how = key_pair().encryption()
    held = record(house, how)
    body = b"".join(how.encrypt(iter([AUDIO])))
    house.vendor.add_recording(held, body[:-1])
    assert house.work().last_error.startswith("MediaNotAuthentic")
    house.vendor.add_recording(held, body)
    assert house.work_on().state is State.RELEASED


@pytest.mark.parametrize("changes", [{"type": "new"}, {"iv": "%"}, {"encrypted_cek": ""}])
def test_details_that_are_not_known_park_at_once(house: House, changes: dict[str, str]) -> None:
    how = key_pair().encryption()
    record(house, Encryption({**how.details, **changes}, how.encrypt))
    assert house.work().attempts == 1
    check_parked(house, "EncryptionUnknown")


def test_what_is_not_audio_is_not_stored_though_it_is_authentic(house: House) -> None:
    record(house, key_pair().encryption(), audio=b"\xff\xfb\x90\x00" * 100)
    house.work_on()
    check_parked(house, "NotAudio")


def test_nothing_of_keys_is_logged(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for number, how in enumerate((key_pair(1), key_pair(3)), start=1):
        record(house, how.encryption(), number=number)
    house.work()
    held = house.archive.catalog.recordings.get(recording_sid(2)).encryption
    assert held is not None
    assert held.encrypted_cek not in caplog.text
    assert held.iv not in caplog.text


def test_a_recording_whose_encryption_failed_at_twilio_closes_the_line(house: House) -> None:
    house.archive.webhooks.status.receive(
        {
            "AccountSid": ACCOUNT,
            "CallSid": AT_VENDOR.call_sid or "",
            "RecordingSid": recording_sid(),
            "RecordingStatus": "failed",
            "ErrorCode": "16105",
            "EncryptionDetails": "null",
        }
    )
    assert house.work().state is State.FAILED
    (record,) = house.archive.calls.search().calls
    assert (record.call.outcome, record.call.reason) == (
        Outcome.NOT_RECORDED,
        Reason.VENDOR_FAILED,
    )
