"""Sweeps beside workers: what was not as it seemed when it was listed is not said."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from tests.soak.sweeping import play
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.bucket import StoredObject
from twirec.model.states import State
from twirec.settings import Settings

MEDIA = wav(seconds=4, channels=2)


class BusyBucket(MemoryBucket):
    """A bucket of which something becomes otherwise, once, just after it was listed.

    Attributes:
        meanwhile: what happens then.
    """

    meanwhile: Callable[[], object] | None = None

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """List what is there."""
        listed = super().list(prefix)
        if prefix.startswith("recordings/2026/11/23/") and self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return listed


@pytest.fixture
def busy(twirec_settings: Settings) -> Iterator[House]:
    house = House(twirec_settings, BusyBucket())
    house.vendor.add_call(A_CALL)
    yield house
    house.archive.close()


def meanwhile(house: House, what: Callable[[], object]) -> None:
    assert isinstance(house.bucket, BusyBucket)
    house.bucket.meanwhile = what


def told(house: House, recordings: int) -> None:
    """Let recordings be told of, and not yet copied."""
    for number in range(1, recordings + 1):
        sid = recording_sid(number)
        house.vendor.add_recording(dataclasses.replace(AT_VENDOR, sid=sid), MEDIA)
        house.tell(recording_sid=sid)


@pytest.mark.parametrize("recordings", [1, 25])
def test_what_a_worker_archives_meanwhile_is_not_called_gone(busy: House, recordings: int) -> None:
    told(busy, recordings)
    meanwhile(busy, busy.work)
    report = busy.archive.operations.sweep()
    assert busy.recording().state is State.RELEASED
    assert (report.problems, report.labelled) == ({}, 0)


def test_what_is_erased_meanwhile_is_neither_called_gone_nor_erased_again(busy: House) -> None:
    told(busy, 25)
    busy.work()

    def erase() -> None:
        for number in range(1, 26):
            destroy(busy.archive, recording_sid(number), "x")
        busy.work()

    meanwhile(busy, erase)
    report = busy.archive.operations.sweep()
    assert busy.recording().state is State.ERASED
    assert (report.problems, report.erased_again, report.labelled) == ({}, 0, 0)


def test_what_is_admitted_meanwhile_keeps_its_new_labels(busy: House) -> None:
    other = "CA" + "7" * 32
    busy.vendor.add_call(dataclasses.replace(A_CALL, sid=other))
    busy.vendor.add_recording(dataclasses.replace(AT_VENDOR, call_sid=other), MEDIA)
    busy.archive.operations.sweep()
    busy.work()
    name = busy.recording().object_name or ""
    assert busy.bucket.stat(name).labels["custody"] == "quarantined"
    meanwhile(busy, lambda: busy.archive.custody.admit(recording_sid(), ground="x", by="ana"))
    assert busy.archive.operations.sweep().labelled == 0
    assert busy.bucket.stat(name).labels["custody"] == "active"


def test_what_is_put_in_anew_meanwhile_is_compared_as_it_is_then(busy: House) -> None:
    told(busy, 1)
    recording = busy.work()
    name, generation = recording.object_name or "", recording.generation or 0

    def label() -> None:
        busy.bucket.label(name, generation, {"sha256": recording.sha256 or ""})

    busy.bucket.label(name, generation, {"sha256": "0" * 64})
    meanwhile(busy, label)
    assert busy.archive.operations.sweep().problems == {}


def test_what_a_worker_deletes_since_it_was_listed_is_not_deleted_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.vendor.add_call(A_CALL)
    told(house, 3)
    listed = house.vendor.recordings

    def recordings(*given: object, **asked: object) -> object:
        seen = list(listed(*given, **asked))  # type: ignore[arg-type]
        if seen:
            house.work()
        return iter(seen)

    monkeypatch.setattr(house.vendor, "recordings", recordings)
    report = house.archive.operations.sweep()
    assert house.at_vendor() == []
    assert (report.seen, report.deleted_again, report.problems) == (3, 0, {})


def test_what_is_truly_gone_is_named_all_the_same(busy: House) -> None:
    told(busy, 2)
    recording = busy.work()
    name, generation = recording.object_name or "", recording.generation or 0
    meanwhile(busy, lambda: busy.bucket.delete(name, generation))
    assert busy.archive.operations.sweep().problems == {}  # it was there when the bucket was listed
    assert busy.archive.operations.sweep().problems == {
        recording_sid(): f"{name} is not in the bucket any more"
    }


def test_sweeps_beside_a_worker_say_nothing_of_what_is_as_it_should_be(tmp_path: Path) -> None:
    """Small; `make soak` plays it five times with 1,500 recordings."""
    figures = play(tmp_path, 60)
    assert figures.clean, figures
    assert figures.sweeps > 1
