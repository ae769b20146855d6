"""The contract of the port `Bucket`, sentence by sentence."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

import google_crc32c
import pytest
import requests

from tests.servers import StrictGcs
from twirec.adapters.folder import FolderBucket
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.model.bucket import StoredObject
from twirec.model.errors import ObjectExists, ObjectHeld, ObjectKept, ObjectNotFound
from twirec.model.ports import Bucket

MIB = 1024 * 1024
NAME = "recordings/2026/11/23/20261123T101500Z_RE0123.wav"
AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
LABELS = {"recording_sid": "RE0123", "announcement": "Le informamos: año, mañana, ¿sí?"}
SMALL, LARGE = 100_000, 8 * MIB + 1
SIZES = [0, 1, SMALL, 8 * MIB - 1, 8 * MIB, LARGE, 20 * MIB]

# fake-gcs-server does not check the generation that a resumable upload, a patch or a deletion
# names, and it gives an object a new one when its metadata change: the strict server does neither.
checks_generations = pytest.mark.parametrize(
    "bucket", ["memory", "folder", "strict-gcs"], indirect=True
)
small_and_large = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])


def content(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def in_chunks(data: bytes, size: int = 64 * 1024) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def no_more_labels() -> Mapping[str, str]:
    return {}


def put(
    bucket: Bucket,
    data: bytes | Iterable[bytes] = b"RIFF",
    name: str = NAME,
    labels: Mapping[str, str] = LABELS,
) -> StoredObject:
    return bucket.put(
        name,
        in_chunks(data) if isinstance(data, bytes) else data,
        content_type="audio/wav",
        labels=labels,
        custom_time=AT,
        finish=lambda: {"sha256": "e3b0"},
    )


def crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode()


def nothing_is_visible(bucket: Bucket) -> bool:
    with pytest.raises(ObjectNotFound):
        bucket.stat(NAME)
    return list(bucket.list()) == []


def test_the_suite_runs_on_the_bucket_that_it_names(
    bucket: Bucket, request: pytest.FixtureRequest, strict_gcs: StrictGcs
) -> None:
    before = strict_gcs.count()
    put(bucket)
    kinds = {
        "memory": (MemoryBucket, 0),
        "folder": (FolderBucket, 0),
        "fake-gcs": (GcsBucket, 0),
        "strict-gcs": (GcsBucket, 1),
    }
    expected = kinds[request.node.callspec.params["bucket"]]
    assert (type(bucket), strict_gcs.count() - before) == expected


class TestPut:
    @pytest.mark.parametrize("size", SIZES)
    def test_describes_what_was_put_and_keeps_every_byte_in_order(
        self, bucket: Bucket, size: int
    ) -> None:
        data = content(size)
        stored = put(bucket, data)
        assert stored.name == NAME
        assert stored.size == size
        assert stored.crc32c == crc32c(data)
        assert stored.labels == {**LABELS, "sha256": "e3b0"}
        assert stored.custom_time == AT
        assert stored.generation > 0
        assert b"".join(bucket.open_range(NAME)) == data

    @small_and_large
    def test_answers_as_stat_does_afterwards(self, bucket: Bucket, size: int) -> None:
        assert put(bucket, content(size)) == bucket.stat(NAME)

    @small_and_large
    def test_short_irregular_and_empty_chunks_do_not_end_the_object(
        self, bucket: Bucket, size: int
    ) -> None:
        def chunks(data: bytes) -> Iterator[bytes]:
            at, lengths = 0, cycle([1, 0, 3, 70_001, 0, 0, 17, 262_144, 5])
            while at < len(data):
                length = next(lengths)
                yield data[at : at + length]
                at += length

        data = content(size)
        assert put(bucket, chunks(data)).size == size
        assert b"".join(bucket.open_range(NAME)) == data

    def test_takes_chunks_of_any_size(self, bucket: Bucket) -> None:
        data = content(11 * MIB)
        assert put(bucket, [data]).crc32c == crc32c(data)

    def test_takes_a_source_without_chunks(self, bucket: Bucket) -> None:
        assert put(bucket, []).size == 0

    @small_and_large
    def test_reads_once_and_in_order_and_then_seals_once(self, bucket: Bucket, size: int) -> None:
        events: list[str] = []

        def chunks() -> Iterator[bytes]:
            yield from in_chunks(content(size))
            events.append("read to the end")

        def finish() -> Mapping[str, str]:
            events.append("finished")
            return {}

        bucket.put(
            NAME, chunks(), content_type="audio/wav", labels={}, custom_time=AT, finish=finish
        )
        assert events == ["read to the end", "finished"]

    @small_and_large
    def test_cannot_be_seen_before_the_seal(self, bucket: Bucket, size: int) -> None:
        seen: list[bool] = []

        def finish() -> Mapping[str, str]:
            seen.append(nothing_is_visible(bucket))
            return {}

        bucket.put(
            NAME,
            in_chunks(content(size)),
            content_type="audio/wav",
            labels={},
            custom_time=AT,
            finish=finish,
        )
        assert seen == [True]

    @small_and_large
    @pytest.mark.parametrize(
        "error",
        [ValueError("not audio"), requests.ConnectionError("reset"), OSError(28, "full")],
        ids=["value", "network", "disk"],
    )
    def test_an_error_of_the_source_comes_through_and_nothing_is_visible(
        self, bucket: Bucket, size: int, error: Exception
    ) -> None:
        def chunks() -> Iterator[bytes]:
            yield from in_chunks(content(size))
            raise error

        with pytest.raises(type(error)) as raised:
            put(bucket, chunks())
        assert raised.value is error
        assert nothing_is_visible(bucket)

    @small_and_large
    @pytest.mark.parametrize("error", [ValueError("not audio"), KeyboardInterrupt()])
    def test_an_error_of_the_seal_comes_through_and_nothing_is_visible(
        self, bucket: Bucket, size: int, error: BaseException
    ) -> None:
        def finish() -> Mapping[str, str]:
            raise error

        with pytest.raises(type(error)) as raised:
            bucket.put(
                NAME,
                in_chunks(content(size)),
                content_type="audio/wav",
                labels={},
                custom_time=AT,
                finish=finish,
            )
        assert raised.value is error
        assert nothing_is_visible(bucket)

    @small_and_large
    def test_goes_well_after_one_that_failed(self, bucket: Bucket, size: int) -> None:
        def chunks() -> Iterator[bytes]:
            yield from in_chunks(content(size))
            raise ValueError

        with pytest.raises(ValueError):  # noqa: PT011 - the one from above
            put(bucket, chunks())
        assert put(bucket, content(size)).size == size

    def test_leaves_an_object_that_is_there_as_it_is(self, bucket: Bucket) -> None:
        first = put(bucket, b"first")
        with pytest.raises(ObjectExists):
            put(bucket, b"second", labels={"recording_sid": "RE9"})
        assert bucket.stat(NAME) == first
        assert b"".join(bucket.open_range(NAME)) == b"first"

    @checks_generations
    def test_leaves_an_object_that_is_there_as_it_is_also_by_a_large_one(
        self, bucket: Bucket
    ) -> None:
        first = put(bucket, b"first")
        with pytest.raises(ObjectExists):
            put(bucket, content(LARGE))
        assert bucket.stat(NAME) == first
        assert b"".join(bucket.open_range(NAME)) == b"first"

    @checks_generations
    def test_does_not_read_to_the_end_when_the_object_is_there(self, bucket: Bucket) -> None:
        put(bucket)
        source = in_chunks(content(20 * MIB), MIB)
        with pytest.raises(ObjectExists):
            put(bucket, source)
        assert next(source, None) is not None

    def test_two_at_once_make_one_object(self, bucket: Bucket) -> None:
        assert_two_at_once_make_one_object(bucket, SMALL)

    @checks_generations
    def test_two_large_ones_at_once_make_one_object(self, bucket: Bucket) -> None:
        assert_two_at_once_make_one_object(bucket, LARGE)

    def test_different_names_do_not_disturb_each_other(self, bucket: Bucket) -> None:
        def one(number: int) -> StoredObject:
            return put(bucket, content(number * 1000), name=f"many/{number:02}.wav")

        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(one, range(16)))
        assert list(bucket.list("many/")) == made
        assert [stored.size for stored in made] == [number * 1000 for number in range(16)]


def assert_two_at_once_make_one_object(bucket: Bucket, size: int) -> None:
    """Let two threads read everything before either may publish."""
    both = threading.Barrier(2, timeout=60)
    sources = {who: content(size - 1) + who.encode() for who in "ab"}

    def attempt(who: str) -> StoredObject | None:
        def finish() -> Mapping[str, str]:
            both.wait()
            return {"who": who}

        try:
            return bucket.put(
                NAME,
                in_chunks(sources[who]),
                content_type="audio/wav",
                labels=LABELS,
                custom_time=AT,
                finish=finish,
            )
        except ObjectExists:
            return None

    with ThreadPoolExecutor(2) as pool:
        made = [stored for stored in pool.map(attempt, "ab") if stored is not None]
    assert made == list(bucket.list())
    (winner,) = made
    assert b"".join(bucket.open_range(NAME)) == sources[winner.labels["who"]]


class TestClose:
    def test_may_be_done_more_than_once_and_without_use(self, bucket: Bucket) -> None:
        bucket.close()
        bucket.close()


class TestStat:
    def test_does_not_find_what_is_not_there(self, bucket: Bucket) -> None:
        with pytest.raises(ObjectNotFound):
            bucket.stat(NAME)

    def test_does_not_take_the_beginning_of_a_name_for_an_object(self, bucket: Bucket) -> None:
        put(bucket)
        with pytest.raises(ObjectNotFound):
            bucket.stat("recordings/2026")


class TestLabel:
    def test_adds_labels_and_keeps_the_others(self, bucket: Bucket) -> None:
        stored = put(bucket)
        labelled = bucket.label(NAME, stored.generation, {"sha256": "new", "ñandú": "sí"})
        assert labelled.labels == {**LABELS, "sha256": "new", "ñandú": "sí"}
        assert bucket.stat(NAME) == labelled

    @checks_generations
    def test_leaves_everything_else_as_it_is(self, bucket: Bucket) -> None:
        stored = put(bucket, content(SMALL))
        labelled = bucket.label(NAME, stored.generation, {"more": "yes"})
        assert labelled.generation == stored.generation
        assert (labelled.size, labelled.crc32c) == (stored.size, stored.crc32c)
        assert labelled.custom_time == AT
        assert b"".join(bucket.open_range(NAME)) == content(SMALL)

    @checks_generations
    def test_does_not_label_a_generation_that_is_not_the_live_one(self, bucket: Bucket) -> None:
        stored = put(bucket)
        with pytest.raises(ObjectNotFound):
            bucket.label(NAME, stored.generation + 1, {"more": "yes"})
        assert bucket.stat(NAME) == stored

    def test_does_not_find_what_is_not_there(self, bucket: Bucket) -> None:
        with pytest.raises(ObjectNotFound):
            bucket.label(NAME, 1, {"more": "yes"})


class TestHold:
    @checks_generations
    def test_what_is_held_is_not_deleted_until_it_is_let_go(self, bucket: Bucket) -> None:
        stored = put(bucket, content(SMALL))
        held = bucket.hold(NAME, stored.generation, True, {"held": "C-7"})
        assert held == replace(stored, held=True, labels={**stored.labels, "held": "C-7"})
        assert bucket.hold(NAME, stored.generation, True, {"held": "C-7"}) == held
        assert bucket.label(NAME, stored.generation, {"more": "yes"}).held
        with pytest.raises(ObjectHeld, match="is held in the bucket"):
            bucket.delete(NAME, stored.generation)
        assert [each.held for each in bucket.list()] == [True]
        assert b"".join(bucket.open_range(NAME)) == content(SMALL)
        let_go = bucket.hold(NAME, stored.generation, False, {"held": ""})
        assert (let_go.held, let_go.labels["held"], let_go.labels["more"]) == (False, "", "yes")
        bucket.delete(NAME, stored.generation)
        assert nothing_is_visible(bucket)

    @checks_generations
    def test_does_not_hold_a_generation_that_is_not_the_live_one(self, bucket: Bucket) -> None:
        stored = put(bucket)
        for name, generation in ((NAME, stored.generation + 1), ("never/was.wav", 1)):
            with pytest.raises(ObjectNotFound):
                bucket.hold(name, generation, True, {})
        assert bucket.stat(NAME) == stored


class TestOpenRange:
    @pytest.mark.parametrize(
        ("start", "end"),
        [(0, None), (0, 1), (44, 100), (MIB - 1, MIB + 1), (MIB, None), (5, 5), (7, 10 * MIB)],
    )
    def test_gives_the_bytes_from_start_up_to_and_without_end(
        self, bucket: Bucket, start: int, end: int | None
    ) -> None:
        data = content(2 * MIB + 10)
        put(bucket, data)
        assert b"".join(bucket.open_range(NAME, start, end)) == data[start:end]

    @pytest.mark.parametrize(("start", "end"), [(4, None), (4, 9), (5, None), (100, 200)])
    def test_is_empty_at_and_after_the_end(
        self, bucket: Bucket, start: int, end: int | None
    ) -> None:
        put(bucket, b"RIFF")
        assert list(bucket.open_range(NAME, start, end)) == []

    def test_of_an_empty_object_is_empty(self, bucket: Bucket) -> None:
        put(bucket, b"")
        assert list(bucket.open_range(NAME)) == []

    def test_streams_in_chunks_of_a_mebibyte_at_most(self, bucket: Bucket) -> None:
        put(bucket, content(LARGE))
        assert max(len(chunk) for chunk in bucket.open_range(NAME)) <= MIB

    def test_may_be_left_early(self, bucket: Bucket) -> None:
        put(bucket, content(LARGE))
        chunks = bucket.open_range(NAME)
        assert content(LARGE).startswith(next(chunks))
        del chunks
        assert len(list(islice(bucket.open_range(NAME), 1))) == 1

    def test_does_not_find_what_is_not_there_before_anything_is_read(self, bucket: Bucket) -> None:
        with pytest.raises(ObjectNotFound):
            bucket.open_range(NAME)


class TestList:
    def test_of_an_empty_bucket_is_empty(self, bucket: Bucket) -> None:
        assert list(bucket.list()) == []

    def test_describes_the_objects_as_stat_does(self, bucket: Bucket) -> None:
        names = ["a/1.wav", "b.json"]
        for name in names:
            put(bucket, name.encode(), name=name)
        assert list(bucket.list()) == [bucket.stat(name) for name in names]

    def test_is_in_the_order_of_whole_names(self, bucket: Bucket) -> None:
        names = ["b", "a/b", "a-b", "a.b/c", "a0", "aa/a", "a/a/a", "ñ", "Z"]
        for name in names:
            put(bucket, name=name)
        assert [stored.name for stored in bucket.list()] == sorted(names)

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("recordings/", ["recordings/2026/1.wav", "recordings/2027/1.wav"]),
            ("recordings/2026/", ["recordings/2026/1.wav"]),
            ("recordings/2026/1", ["recordings/2026/1.wav"]),
            ("rec", ["recordings/2026/1.wav", "recordings/2027/1.wav"]),
            ("announcements/", ["announcements/1.json"]),
            ("nothing", []),
        ],
    )
    def test_holds_the_names_that_begin_with_the_prefix(
        self, bucket: Bucket, prefix: str, found: list[str]
    ) -> None:
        for name in ("recordings/2026/1.wav", "recordings/2027/1.wav", "announcements/1.json"):
            put(bucket, name=name)
        assert [stored.name for stored in bucket.list(prefix)] == found


class TestDelete:
    def test_removes_the_object(self, bucket: Bucket) -> None:
        bucket.delete(NAME, put(bucket).generation)
        assert nothing_is_visible(bucket)

    def test_of_what_is_not_there_is_done_already(self, bucket: Bucket) -> None:
        generation = put(bucket).generation
        bucket.delete(NAME, generation)
        bucket.delete(NAME, generation)
        bucket.delete("never/was.wav", 1)

    @checks_generations
    def test_of_another_generation_leaves_the_live_one(self, bucket: Bucket) -> None:
        stored = put(bucket)
        bucket.delete(NAME, stored.generation + 1)
        assert bucket.stat(NAME) == stored

    @checks_generations
    def test_makes_room_for_another_generation_of_the_name(self, bucket: Bucket) -> None:
        old = put(bucket, b"old", labels={"old": "yes"})
        bucket.delete(NAME, old.generation)
        new = put(bucket, b"new")
        assert new.generation != old.generation
        assert new.labels == {**LABELS, "sha256": "e3b0"}
        bucket.delete(NAME, old.generation)
        assert b"".join(bucket.open_range(NAME)) == b"new"


# --- what a bucket keeps ------------------------------------------------------------------------


@checks_generations
def test_what_keeps_nothing_has_no_others(bucket: Bucket) -> None:
    stored = put(bucket)
    bucket.delete(NAME, stored.generation)
    put(bucket)
    assert list(bucket.others("recordings/")) == []


@pytest.fixture
def keeping(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[dict[str, Any]], GcsBucket]]:
    """Make a bucket of Google's with settings of its own."""
    with StrictGcs("keeping") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        bucket = GcsBucket("keeping", "tests", retry_for=5)

        def make(settings: dict[str, Any]) -> GcsBucket:
            address = f"{server.url}/storage/v1/b/keeping"
            assert requests.patch(address, json=settings, timeout=120).ok
            return bucket

        yield make
        bucket.close()


def test_older_generations_are_others_and_are_deleted(
    keeping: Callable[[dict[str, Any]], GcsBucket],
) -> None:
    bucket = keeping({"versioning": {"enabled": True}})
    first = put(bucket)
    bucket.connection.bucket().blob(f"tests/{NAME}").delete()  # as a console does
    second = put(bucket)
    (other,) = bucket.others("recordings/")
    assert (other.name, other.generation, other.until) == (NAME, first.generation, None)
    assert list(bucket.others("journal/")) == []
    bucket.delete(other.name, other.generation)
    assert list(bucket.others("recordings/")) == []
    assert bucket.stat(NAME).generation == second.generation


def test_what_can_be_brought_back_for_a_time_is_an_other_with_its_date(
    keeping: Callable[[dict[str, Any]], GcsBucket],
) -> None:
    bucket = keeping({"softDeletePolicy": {"retentionDurationSeconds": "604800"}})
    stored = put(bucket)
    bucket.delete(NAME, stored.generation)
    (other,) = bucket.others("recordings/")
    assert (other.name, other.generation) == (NAME, stored.generation)
    assert other.until is not None
    assert other.until > datetime.now(UTC) + timedelta(days=6)


def test_what_a_retention_policy_keeps_says_until_when(
    keeping: Callable[[dict[str, Any]], GcsBucket],
) -> None:
    bucket = keeping({"retentionPolicy": {"retentionPeriod": "3600"}})
    stored = put(bucket)
    with pytest.raises(ObjectKept) as kept:
        bucket.delete(NAME, stored.generation)
    assert kept.value.until > datetime.now(UTC) + timedelta(minutes=59)
    assert bucket.stat(NAME).generation == stored.generation
