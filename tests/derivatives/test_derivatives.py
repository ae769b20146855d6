"""What is made of recordings and kept: made once, found by the catalog, gone with its original."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.audio.hearing import TALK, archived, decoded
from tests.erasing import destroy
from tests.factories import recording_sid
from tests.house import NAME, House
from twirec.model.access import Actor
from twirec.model.audio import Channels, ConversionSpec
from twirec.model.derivatives import Derivative
from twirec.model.errors import (
    BucketUnavailable,
    CustodyRefused,
    InvalidQuery,
    NotFound,
    ObjectNotFound,
    VerificationFailed,
)
from twirec.model.states import State

CUT = ConversionSpec("flac", Channels.WITHOUT_AGENT, start=1.0, end=2.0)
WEEK = timedelta(days=7)


@pytest.fixture
def sid(house: House) -> str:
    return archived(house)


def made(house: House) -> list[str]:
    return [found.name for found in house.bucket.list("derivatives/")]


def derive(house: House, sid: str, asked: ConversionSpec = CUT, **how: timedelta) -> Derivative:
    return house.archive.derivatives.make(sid, asked, by="ana", **how)


def test_a_derivative_names_its_original_and_what_was_asked_for(house: House, sid: str) -> None:
    kept = derive(house, sid)
    assert made(house) == [kept.object_name]
    assert kept.object_name == (f"derivatives/2026/11/23/20261123T101500Z_{sid}_{CUT.hash}.flac")
    stored = house.bucket.stat(kept.object_name)
    original = house.recording()
    assert original.sha256 is not None
    assert (stored.generation, stored.size) == (kept.generation, kept.size)
    assert stored.labels["recording_sid"] == sid
    assert stored.labels["original_sha256"] == original.sha256 == kept.sha256
    assert json.loads(stored.labels["asked"])["channels"] == "without_agent"
    assert stored.custom_time == original.started_at
    assert house.archive.derivatives.of(sid) == [kept]
    with house.archive.derivatives.open(sid, kept.object_name, by="ana") as reading:
        assert len(decoded(reading, "flac")) == 2 * 8000
    assert reading.content_type == "audio/flac"
    assert reading.file_name == "+34600111222_2026-11-23_11-15-00_without_agent_1-2s.flac"
    assert reading.size == kept.size


def test_asking_again_makes_nothing_and_lets_it_stay_longer(house: House, sid: str) -> None:
    first = derive(house, sid, keep_for=timedelta(days=3))
    house.time += timedelta(days=2)
    again = derive(house, sid)
    assert (again.generation, again.made_at) == (first.generation, first.made_at)
    assert again.expires_at == house.time + WEEK
    assert derive(house, sid, keep_for=timedelta(hours=1)).expires_at == house.time + WEEK


def test_something_else_is_another_one(house: House, sid: str) -> None:
    names = {
        derive(house, sid, asked).object_name
        for asked in (CUT, ConversionSpec("flac"), ConversionSpec())
    }
    assert set(made(house)) == names
    assert len(names) == 3


def test_it_expires_on_its_own(house: House, sid: str) -> None:
    kept = derive(house, sid)
    house.time += WEEK - timedelta(seconds=1)
    assert house.archive.derivatives.expire() == 0
    house.time += timedelta(seconds=1)
    for turn in house.archive.operations.worker()._periodic:
        turn()
    assert (made(house), house.archive.derivatives.of(sid)) == ([], [])
    with pytest.raises(NotFound):
        house.archive.derivatives.open(sid, kept.object_name, by="ana")
    assert house.stored() == [NAME]


def test_one_whose_object_is_gone_is_made_again(house: House, sid: str) -> None:
    kept = derive(house, sid)
    house.bucket.delete(kept.object_name, kept.generation or 0)
    again = derive(house, sid)
    assert house.bucket.stat(again.object_name).generation == again.generation


def test_one_that_was_made_by_who_died_before_saying_so_is_taken(
    house: House, sid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(house.archive.catalog.derivatives, "made", _dies)
        with pytest.raises(MemoryError):
            derive(house, sid)
    (name,) = made(house)
    generation = house.bucket.stat(name).generation
    assert derive(house, sid).generation == generation


def _dies(*_: object) -> None:
    raise MemoryError


def test_what_is_there_under_its_name_and_is_another_is_not_taken(house: House, sid: str) -> None:
    name = f"derivatives/2026/11/23/20261123T101500Z_{sid}_{CUT.hash}.flac"
    house.bucket.put(name, [b"x"], content_type="x", labels={}, custom_time=house.time, finish=dict)
    with pytest.raises(VerificationFailed, match="not what was asked for"):
        derive(house, sid)


def test_two_at_once_end_in_the_same_one(house: House, sid: str) -> None:
    found: list[Derivative] = []
    threads = [threading.Thread(target=lambda: found.append(derive(house, sid))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(kept.object_name, kept.generation) for kept in found}) == 1
    assert len(found) == 4


def test_what_cannot_be_had_leaves_nothing(house: House, sid: str) -> None:
    with pytest.raises(InvalidQuery):
        derive(house, sid, ConversionSpec("amr"))
    destroy(house.archive, sid, "asked")
    with pytest.raises(CustodyRefused):
        derive(house, sid)
    assert (made(house), house.archive.derivatives.of(sid)) == ([], [])


def test_a_bucket_that_fails_leaves_nothing_that_looks_made(
    house: House, sid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(house.bucket, "put", _unavailable)
        with pytest.raises(BucketUnavailable):
            derive(house, sid)
    (begun,) = house.archive.derivatives.of(sid)
    assert begun.made_at is None
    with pytest.raises(NotFound):
        house.archive.derivatives.open(sid, begun.object_name, by="ana")
    assert derive(house, sid).made_at is not None


def _unavailable(*_: object, **__: object) -> None:
    raise BucketUnavailable("no answer")


def test_a_bucket_that_holds_something_else_is_an_error(
    house: House, sid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = house.bucket.put
    broken = lambda *a, **how: replace(put(*a, **how), crc32c="AAAAAA==")  # noqa: E731
    monkeypatch.setattr(house.bucket, "put", broken)
    with pytest.raises(VerificationFailed, match="not what was made"):
        derive(house, sid)
    assert made(house) == []


# --- erasure -------------------------------------------------------------------------------------


def test_erasing_the_original_erases_all_that_was_made_of_it(house: House, sid: str) -> None:
    derive(house, sid)
    derive(house, sid, ConversionSpec("opus"))
    destroy(house.archive, sid, "asked")
    assert house.work().state is State.ERASED
    assert (made(house), house.stored(), house.archive.derivatives.of(sid)) == ([], [], [])


def test_erasing_finds_also_what_no_row_tells_of(house: House, sid: str) -> None:
    kept = derive(house, sid)
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM derivatives")
    other = kept.object_name.replace(sid, recording_sid(9))
    house.bucket.put(
        other, [b"x"], content_type="x", labels={}, custom_time=house.time, finish=dict
    )
    destroy(house.archive, sid, "asked")
    house.work()
    assert made(house) == [other]


def test_one_that_is_made_while_the_original_is_erased_does_not_survive(
    house: House, sid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = house.bucket.put

    def slow(name: str, chunks: Iterator[bytes], **how):  # type: ignore[no-untyped-def]
        content = b"".join(chunks)
        if not name.startswith("derivatives/"):
            return put(name, [content], **how)
        destroy(house.archive, sid, "asked")
        assert house.work().state is State.ERASED
        return put(name, [content], **how)

    monkeypatch.setattr(house.bucket, "put", slow)
    with pytest.raises(CustodyRefused, match="erased meanwhile"):
        derive(house, sid)
    assert (made(house), house.archive.derivatives.of(sid)) == ([], [])


def test_a_sweep_deletes_what_a_crash_left_of_what_was_erased(
    house: House, sid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = house.bucket.put

    def slow(name: str, chunks: Iterator[bytes], **how):  # type: ignore[no-untyped-def]
        content = b"".join(chunks)
        if not name.startswith("derivatives/"):
            return put(name, [content], **how)
        destroy(house.archive, sid, "asked")
        house.work()
        put(name, [content], **how)
        raise MemoryError  # the process dies before it looks again

    with monkeypatch.context() as dying:
        dying.setattr(house.bucket, "put", slow)
        with pytest.raises(MemoryError):
            derive(house, sid)
    assert len(made(house)) == 1
    planned = house.archive.operations.sweep(dry_run=True)
    assert (planned.planned, len(made(house))) == ({sid: "derivatives_deleted"}, 1)
    assert house.archive.operations.sweep().derivatives_deleted == 1
    assert made(house) == []


def test_a_sweep_leaves_what_is_wanted_and_what_nobody_knows(house: House, sid: str) -> None:
    kept = derive(house, sid)
    unknown = kept.object_name.replace(sid, recording_sid(9))
    house.bucket.put(
        unknown, [b"x"], content_type="x", labels={}, custom_time=house.time, finish=dict
    )
    assert house.archive.operations.sweep().derivatives_deleted == 0
    assert made(house) == [kept.object_name, unknown]


# --- reading -------------------------------------------------------------------------------------


def test_a_range_of_it_is_read_and_audited(house: House, sid: str) -> None:
    kept = derive(house, sid)
    whole = b"".join(house.bucket.open_range(kept.object_name))
    how = {"by": Actor("ana", "supervisor"), "download": True}
    with house.archive.derivatives.open(sid, kept.object_name, 4, 10, **how) as reading:
        assert b"".join(reading) == whole[4:10]
    latest, tried, derived = house.archive.audit.log()[:3]
    assert (latest.action, latest.by, latest.role) == ("download", "ana", "supervisor")
    assert (tried.outcome, latest.outcome, latest.detail["tried"]) == ("tried", "done", tried.seq)
    assert latest.detail["channels"] == "without_agent"
    assert latest.detail["bytes"] == [[4, 10]]
    assert (derived.action, derived.detail["channels"]) == ("derive", "without_agent")


def test_nothing_but_its_own_derivatives_is_read(house: House, sid: str) -> None:
    for name in (NAME, "announcements/x.json", "../catalog.db"):
        with pytest.raises(NotFound):
            house.archive.derivatives.open(sid, name, by="eve")
    kept = derive(house, sid)
    with pytest.raises(InvalidQuery):
        house.archive.derivatives.open(sid, kept.object_name, -1, by="eve")
    destroy(house.archive, sid, "asked")
    with pytest.raises(CustodyRefused):
        house.archive.derivatives.open(sid, kept.object_name, by="eve")


def test_the_original_is_as_it_was(house: House, sid: str) -> None:
    before = house.bucket.stat(NAME)
    derive(house, sid)
    assert house.bucket.stat(NAME) == before
    assert b"".join(house.bucket.open_range(NAME)) == TALK
    with pytest.raises(ObjectNotFound):
        house.bucket.stat(NAME.replace("recordings", "derivatives"))
