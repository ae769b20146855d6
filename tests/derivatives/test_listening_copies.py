"""A smaller copy beside every original, made when there is time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.audio.hearing import SECONDS, TALK, archived, decoded
from tests.erasing import destroy
from tests.factories import a_call, a_consent, call_sid, recording_sid
from tests.house import AT_VENDOR, House, with_settings
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.derivatives import listening_copies
from twirec.derivatives.derivatives import Derivatives
from twirec.jobs.retrying import LISTENING_COPIES
from twirec.jobs.worker import LEASE, LeaseKeeper
from twirec.model.derivatives import Derivative
from twirec.model.errors import CatalogUnavailable, NotAudio, SettingsError, Stopped
from twirec.model.states import State
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT


@pytest.fixture
def house(twirec_settings: Settings) -> Iterator[House]:
    settings = dataclasses.replace(twirec_settings, listening_copies=("opus",))
    house = House(settings, MemoryBucket())
    yield house
    house.archive.close()


def copies(house: House) -> list[str]:
    return [found.name for found in house.bucket.list("derivatives/")]


def test_a_worker_makes_one_of_what_it_archived(house: House) -> None:
    sid = archived(house)
    kept = house.archive.derivatives.listening_copy(sid)
    assert kept is not None
    assert kept.expires_at is None
    assert kept.size is not None
    assert kept.size < len(TALK) / 5
    with house.archive.derivatives.open(sid, kept.object_name, by="ana") as reading:
        assert abs(len(decoded(reading, "opus")) / 16_000 - SECONDS) < 0.05
    assert house.recording().state is State.RELEASED


def test_it_stays_as_long_as_its_original(house: House) -> None:
    sid = archived(house)
    house.time += timedelta(days=4000)
    house.archive.derivatives.expire()
    assert len(copies(house)) == 1
    destroy(house.archive, sid, "asked")
    assert house.work().state is State.ERASED
    assert (copies(house), house.archive.derivatives.listening_copy(sid)) == ([], None)


def test_what_was_archived_before_gets_one_too(house: House) -> None:
    house.archive = with_settings(house.archive, listening_copies=())
    sid = archived(house)
    assert house.archive.derivatives.listening_copy(sid) is None
    house.archive = with_settings(house.archive, listening_copies=("opus",))
    house.work()
    assert house.archive.derivatives.listening_copy(sid) is not None


def test_all_of_many_get_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening_copies, "AT_ONCE", 2)
    for number in range(1, 6):
        house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
        house.archive.catalog.consents.record(a_consent(call_sid=call_sid(number)), None)
        facts = {"sid": recording_sid(number), "call_sid": call_sid(number)}
        held = dataclasses.replace(AT_VENDOR, duration=SECONDS, **facts)
        house.vendor.add_recording(held, TALK)
        house.tell(recording_sid=recording_sid(number), call_sid=call_sid(number), duration=SECONDS)
    house.work()
    assert len(copies(house)) == 5


def test_what_is_in_quarantine_gets_one_when_it_is_admitted(house: House) -> None:
    held = dataclasses.replace(AT_VENDOR, call_sid=call_sid(7), duration=SECONDS)
    house.vendor.add_recording(held, TALK)
    house.tell(call_sid=call_sid(7), duration=SECONDS)
    house.work()
    assert copies(house) == []
    house.archive.custody.admit(recording_sid(), ground="asked for", by="admin")
    house.work()
    assert len(copies(house)) == 1


def test_a_failure_neither_fails_nor_delays_the_transfer_and_is_tried_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    whole = house.archive
    house.archive = with_settings(whole, ffmpeg="/nowhere/ffmpeg")
    sid = archived(house)
    assert house.recording().state is State.RELEASED
    (due,) = house.archive.derivatives.of(sid)
    assert (due.made_at, due.attempts) == (None, 1)
    assert "AudioToolsMissing" in due.last_error
    assert "again after try 1" in caplog.text
    assert due.due_at is not None
    house.archive = whole
    house.work()
    assert house.archive.derivatives.listening_copy(sid) is None
    house.time = due.due_at
    house.work()
    assert house.archive.derivatives.listening_copy(sid) is not None


def test_after_many_failures_it_is_given_up(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.archive = with_settings(house.archive, ffmpeg="/nowhere/ffmpeg")
    sid = archived(house)
    for _ in range(LISTENING_COPIES.tries):
        (due,) = house.archive.derivatives.of(sid)
        house.time = due.due_at or house.time
        house.work()
    (due,) = house.archive.derivatives.of(sid)
    assert (due.due_at, due.attempts) == (None, LISTENING_COPIES.tries)
    assert "parked after try 10" in caplog.text


def test_what_cannot_be_converted_is_given_up_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise NotAudio("It is a WAV file of 24 bits.")

    monkeypatch.setattr(Derivatives, "make", refuse)
    (due,) = house.archive.derivatives.of(archived(house))
    assert (due.due_at, due.attempts) == (None, 1)


def test_a_catalog_that_is_down_does_not_end_the_worker(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*_: object) -> None:
        raise CatalogUnavailable("locked")

    monkeypatch.setattr(house.archive.catalog.derivatives.listening_copies, "claim", down)
    archived(house)
    assert "no listening copy could be taken up: locked" in caplog.text


def test_a_worker_that_is_late_commits_nothing_over_the_one_that_took_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Derivatives.make

    def slow(self: Derivatives, *args: Any) -> Derivative:
        monkeypatch.setattr(Derivatives, "make", make)
        house.time += LEASE
        house.work()  # another worker makes it, while this one is not done
        return make(self, *args)

    monkeypatch.setattr(Derivatives, "make", slow)
    sid = archived(house)
    (made,) = house.archive.derivatives.of(sid)
    assert (made.attempts, made.due_at, made.last_error) == (2, None, "")
    assert copies(house) == [made.object_name]
    assert house.archive.derivatives.listening_copy(sid) == made


def test_a_worker_that_is_stopped_gives_back_what_it_converts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(keeper: LeaseKeeper[object]) -> None:
        if isinstance(keeper.lease.item, Derivative):
            raise Stopped("The worker was asked to stop.")

    monkeypatch.setattr(LeaseKeeper, "heartbeat", stop)
    (due,) = house.archive.derivatives.of(archived(house))
    assert (due.attempts, due.made_at, copies(house)) == (0, None, [])


def test_one_is_made_by_one_worker_at_a_time(house: House) -> None:
    archived(house)
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE derivatives SET made_at = NULL, due_at = begun_at")
    queue, hour = house.archive.catalog.derivatives.listening_copies, timedelta(hours=1)
    assert queue.claim(house.time, hour) is not None
    assert queue.claim(house.time, hour) is None
    assert queue.claim(house.time + hour, hour) is not None


def test_of_several_formats_each_recording_gets_all_in_their_order(house: House) -> None:
    house.archive = with_settings(house.archive, listening_copies=("opus", "mp3"))
    sid = archived(house)
    made = house.archive.derivatives.listening_copies(sid)
    assert [each.format for each in made] == ["opus", "mp3"]
    assert [each.expires_at for each in made] == [None, None]
    assert house.archive.derivatives.listening_copy(sid) == made[0]
    house.archive = with_settings(house.archive, listening_copies=("mp3", "m4a"))
    assert [each.format for each in house.archive.derivatives.listening_copies(sid)] == ["mp3"]
    house.archive.operations.worker(threads=1).run_once()
    made = house.archive.derivatives.listening_copies(sid)
    assert [each.format for each in made] == ["mp3", "m4a"]


@pytest.mark.parametrize("value", ["wma", "amr", "Opus", "opus,wma", "opus,opus", "opus,"])
def test_a_format_that_there_is_not_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match="TWIREC_LISTENING_COPY is wrong: choose one of wav"):
        Settings.from_env({**ENVIRONMENT, "TWIREC_LISTENING_COPY": value})


def test_without_the_extra_the_fix_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twirec.audio.ffmpeg.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'twirec\[audio\]'"):
        Settings.from_env({**ENVIRONMENT, "TWIREC_LISTENING_COPY": "opus"})


def test_an_ffmpeg_that_cannot_be_run_is_named() -> None:
    for path in ("ffmpeg", "/nowhere/ffmpeg", "/etc/passwd"):
        with pytest.raises(
            SettingsError, match=r"TWIREC_FFMPEG is wrong: .* is not the whole path"
        ):
            Settings.from_env({**ENVIRONMENT, "TWIREC_FFMPEG": path})
    settings = Settings.from_env(
        {**ENVIRONMENT, "TWIREC_FFMPEG": "/bin/sh", "TWIREC_LISTENING_COPY": "opus"}
    )
    assert (settings.ffmpeg, settings.listening_copies) == ("/bin/sh", ("opus",))
