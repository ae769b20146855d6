"""Encrypted recordings on every kind of bucket: what is not proven is never seen there."""

from __future__ import annotations

import hashlib

import pytest

from tests.encrypting import key_pair, with_a_flipped_bit
from tests.end_to_end.site import Site
from twirec.model.states import State
from twirec.sandbox import Encryption
from twirec.sandbox import Recording as AtVendor

pytestmark = pytest.mark.usefixtures("small_pieces")

SMALL, LARGE = 100_044, 900_044
"""Bytes of the audio: one request, and an upload in pieces."""

of_any_size = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])


def check_released(site: Site, held: AtVendor) -> None:
    recording = site.archive.catalog.recordings.get(held.sid)
    assert recording.state is State.RELEASED
    assert hashlib.sha256(site.bytes_of(recording)).hexdigest() == site.sandbox.sha256(held.sid)


@of_any_size
def test_an_encrypted_recording_is_in_the_bucket_as_audio(any_site: Site, size: int) -> None:
    any_site.encryption = key_pair().encryption()
    held = any_site.record(size=size)
    any_site.work_on()
    check_released(any_site, held)
    assert any_site.at_vendor() == []


@of_any_size
@pytest.mark.parametrize("at", [60_000, -1], ids=["audio", "tag"])
def test_what_is_not_authentic_is_never_seen_and_the_vendor_keeps_its_copy(
    any_site: Site, size: int, at: int
) -> None:
    any_site.encryption = with_a_flipped_bit(key_pair().encryption(), at)
    held = any_site.record(size=size)
    any_site.archive.operations.worker(threads=1).run_once()
    recording = any_site.archive.catalog.recordings.get(held.sid)
    assert recording.state is State.COMPLETED
    assert recording.last_error.startswith("MediaNotAuthentic")
    assert any_site.stored() == []
    assert any_site.at_vendor() == [held.sid]


def test_one_that_was_fetched_broken_is_whole_after_the_next_try(any_site: Site) -> None:
    how = key_pair().encryption()
    any_site.encryption = with_a_flipped_bit(how, -1)
    held = any_site.record(size=LARGE)
    any_site.archive.operations.worker(threads=1).run_once()
    held.encryption = how
    any_site.work_on()
    check_released(any_site, held)
    assert len(any_site.stored()) == 1


def test_a_call_is_decrypted_from_its_callback_alone(site: Site) -> None:
    site.encryption = key_pair().encryption()
    site.call()
    site.work_on()
    (held,) = site.sandbox.recordings
    check_released(site, held)
    about = [seen.method for seen in site.sandbox.requests if held.sid in seen.path]
    assert about == ["GET", "DELETE"]


def test_keys_are_rotated_and_encryption_switched_on_and_off_in_one_run(site: Site) -> None:
    kinds: list[Encryption | None] = [key_pair(2).encryption(), key_pair(1).encryption(), None]
    held = []
    for how in kinds:
        site.encryption = how
        held.append(site.record())
    held.append(site.record())
    site.work_on()
    for recording in held:
        check_released(site, recording)
    assert site.at_vendor() == []
