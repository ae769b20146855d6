"""Copy, verify, write down, release: on the adapters in memory."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.factories import ACCOUNT, STARTED, call_sid, recording_sid
from tests.house import AT_VENDOR, NAME, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.jobs.retrying import TRANSFERS
from twirec.model.bucket import StoredObject
from twirec.model.states import State
from twirec.settings import Settings

ERROR_PAGE = b"<?xml version='1.0'?><TwilioResponse><RestException/></TwilioResponse>"


def test_a_recording_ends_in_the_bucket_and_nowhere_else(house: House) -> None:
    media = wav(seconds=4.2, channels=2)
    house.record(media)
    recording = house.work()
    assert recording.state is State.RELEASED
    assert b"".join(house.bucket.open_range(NAME)) == media
    assert house.at_vendor() == []
    assert (recording.size, recording.object_name) == (len(media), NAME)


def test_the_object_carries_number_time_consent_and_checksum(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    recording = house.work()
    stored = house.bucket.stat(NAME)
    assert stored.custom_time == STARTED
    assert stored.labels == {
        "schema": "1",
        "recording_sid": recording_sid(),
        "call_sid": call_sid(),
        "account_sid": ACCOUNT,
        "customer_number": "+34600111222",
        "own_number": "+34911000111",
        "direction": "in",
        "call_started_at": "2026-11-23T10:15:00+00:00",
        "started_at": "2026-11-23T10:15:00+00:00",
        "duration_seconds": "4",
        "channels": "2",
        "channel_map": '["customer", "agent"]',
        "source": "DialVerb",
        "leg": "",
        "agents": "",
        "custody": "active",
        "legal_ground": "",
        "consent": "informed",
        "consent_at": "2026-11-23T10:15:00+00:00",
        "consent_leg": call_sid(),
        "consent_method": "announcement",
        "consent_key": "",
        "consent_mode": "announce",
        "legal_basis": "contract",
        "announcement": "f" * 64,
        "language": "es-ES",
        "sha256": recording.sha256,
        "size": str(recording.size),
        "crc32c": recording.crc32c,
    }


def test_a_recording_of_one_channel_is_taken_as_it_is(house: House) -> None:
    house.record(wav(seconds=4, channels=1), channels=1)
    recording = house.work()
    assert (recording.state, recording.channels) == (State.RELEASED, 1)


@pytest.mark.parametrize(
    ("media", "reason", "tries"),
    [
        (ERROR_PAGE, "MediaIsErrorPage", TRANSFERS.tries),
        (b'\xef\xbb\xbf {"code": 20404, "status": 404}', "MediaIsErrorPage", TRANSFERS.tries),
        (b"RIFF", "MediaTruncated", TRANSFERS.tries),
        (wav(seconds=4, channels=2)[:-2000], "MediaTruncated", TRANSFERS.tries),
        (b"\xff\xfb\x90\x00" * 100, "NotAudio", 1),
        (wav(seconds=4, channels=1), "MediaMismatch", 1),
        (wav(seconds=7, channels=2), "MediaMismatch", 1),
        (wav(seconds=1, channels=2), "MediaMismatch", 1),
    ],
)
def test_what_is_not_the_recording_is_never_stored_and_the_vendor_keeps_its_copy(
    house: House, media: bytes, reason: str, tries: int
) -> None:
    house.record(media)
    recording = house.work_on()
    assert (recording.parked, recording.undecided) == (True, True)
    assert recording.last_error.startswith(f"{reason}: ")
    assert recording.attempts == tries
    assert house.stored() == []
    assert house.at_vendor() == [recording_sid()]


def test_a_recording_without_a_duration_is_asked_for_and_then_checked(house: House) -> None:
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    house.tell(duration=None, started_at=None)
    recording = house.work()
    assert (recording.state, recording.duration) == (State.RELEASED, 4)


def test_without_any_duration_nothing_is_verified_and_nothing_deleted(house: House) -> None:
    house.vendor.add_recording(
        dataclasses.replace(AT_VENDOR, duration=None), wav(seconds=4, channels=2)
    )
    house.tell(duration=None)
    assert house.work_on().parked
    assert house.stored() == []
    assert house.at_vendor() == [recording_sid()]


class Forgetful(MemoryBucket):
    """A bucket whose answers are not what they should be."""

    answer: dict[str, Any]

    def put(self, *args: Any, **kwargs: Any) -> StoredObject:
        return dataclasses.replace(super().put(*args, **kwargs), **self.answer)

    def stat(self, name: str) -> StoredObject:
        return dataclasses.replace(super().stat(name), **self.answer)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"size": None}, "VerificationFailed"),
        ({"crc32c": None}, "VerificationFailed"),
        ({"size": 1}, "ObjectDiffers"),
        ({"crc32c": "AAAAAA=="}, "ObjectDiffers"),
    ],
)
def test_a_missing_or_wrong_answer_of_the_bucket_keeps_the_vendors_copy(
    twirec_settings: Settings, answer: dict[str, Any], error: str
) -> None:
    bucket = Forgetful()
    bucket.answer = answer
    house = House(twirec_settings, bucket)
    house.record(wav(seconds=4, channels=2))
    recording = house.work_on()
    assert (recording.parked, recording.undecided) == (True, True)
    assert recording.last_error.startswith(f"{error}: ")
    assert house.at_vendor() == [recording_sid()]
    house.archive.close()
