"""What leaves is what was archived, or it is an error that is written down."""

from __future__ import annotations

import io
import json
import logging
import tracemalloc
import wave
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from tests.erasing import destroy
from tests.factories import STARTED, recording_sid
from tests.house import NAME, House, with_settings
from tests.servers import StrictGcs
from tests.sounds import wav
from tests.strict_gcs import Fault
from twirec.adapters.folder import FolderBucket
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.cli import main
from twirec.custody.listening import CheckedBucket
from twirec.model.access import Actor
from twirec.model.audio import ConversionSpec
from twirec.model.bucket import Fingerprint, StoredObject
from twirec.model.errors import (
    BucketUnavailable,
    BytesDiffer,
    CatalogUnavailable,
    InvalidQuery,
    NotFound,
)
from twirec.model.ports import Bucket
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID = recording_sid()
MEDIA = wav(4.0, channels=2)
HALF = len(MEDIA) // 2


class Kept:
    """A house on a bucket of some kind, whose original can be damaged behind its back."""

    def __init__(self, recorded: House, kind: str, folder: Path, server: StrictGcs) -> None:
        self.kind = kind
        self.folder = folder
        self.server = server
        self.bucket: Bucket = {
            "memory": MemoryBucket,
            "folder": lambda: FolderBucket(folder),
            "gcs": lambda: GcsBucket("bucket-of-checks", "prefix", retry_for=0.2),
        }[kind]()
        self.house = recorded.copy(None if kind == "memory" else cast(MemoryBucket, self.bucket))
        for stored, data in () if kind == "memory" else recorded.bucket._objects.values():
            copied = self.bucket.put(
                stored.name,
                [data],
                content_type="audio/x-wav",
                labels={name: said for name, said in stored.labels.items() if name != "crc32c"},
                custom_time=stored.custom_time or STARTED,
                finish=dict,
            )
            self._is_at(copied)
        self.bucket = self.house.bucket
        self.archive.bucket.check()  # whose it is, once
        with self.archive.catalog.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM waveforms")

    def _is_at(self, copied: StoredObject) -> None:
        """Let the catalog know the generation that this bucket has given."""
        with self.archive.catalog.database.write() as connection:
            connection.execute(
                text("UPDATE recordings SET generation = :generation WHERE object_name = :name"),
                {"generation": copied.generation, "name": copied.name},
            )

    @property
    def archive(self) -> Archive:
        return self.house.archive

    def replace(self, content: bytes, name: str = NAME) -> None:
        """Put another generation there."""
        stored = self.bucket.stat(name)
        self.bucket.delete(name, stored.generation)
        self.bucket.put(
            name,
            [content],
            content_type="audio/x-wav",
            labels=stored.labels,
            custom_time=STARTED,
            finish=dict,
        )

    def flip(self, name: str = NAME) -> None:
        """Change one bit on the disk, which nobody was told of."""
        if isinstance(self.bucket, MemoryBucket):
            stored, data = self.bucket._objects[name]
            self.bucket._objects[name] = (stored, flipped(data))
            return
        path = self.folder / name
        if self.kind == "gcs":
            state = self.server.store._buckets["bucket-of-checks"]
            path = state.versions[f"prefix/{name}"][-1].data
        path.write_bytes(flipped(path.read_bytes()))


def flipped(data: bytes) -> bytes:
    at = 3 * len(data) // 4
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.fixture(scope="module")
def server() -> Iterator[StrictGcs]:
    with StrictGcs("bucket-of-checks") as server:
        yield server


@pytest.fixture(scope="module")
def recorded() -> House:
    """A house with a recording, to be copied."""
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    assert house.work().sha256 is not None
    return house


@pytest.fixture
def kept(
    request: pytest.FixtureRequest,
    recorded: House,
    tmp_path: Path,
    server: StrictGcs,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Kept]:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    for versions in server.store._buckets["bucket-of-checks"].versions.values():
        versions.clear()
    server.reset()
    kept = Kept(recorded, getattr(request, "param", "folder"), tmp_path / "calls", server)
    yield kept
    kept.archive.close()


each_bucket = pytest.mark.parametrize("kept", ["memory", "folder", "gcs"], indirect=True)

# --- the damage -------------------------------------------------------------------------------

DAMAGE: dict[str, Callable[[Kept], None]] = {
    "cut": lambda kept: kept.replace(MEDIA[: HALF - 1]),
    "flipped": Kept.flip,
    "longer": lambda kept: kept.replace(MEDIA + b"more"),
    "other": lambda kept: kept.replace(flipped(MEDIA)),
    "empty": lambda kept: kept.replace(b""),
}
ANSWERS = ["page", "short", "empty", "whole"]

# --- the ways out -----------------------------------------------------------------------------


def whole(archive: Archive) -> bytes:
    return b"".join(archive.recordings.open(SID, by="ana"))


def from_the_first_byte(archive: Archive) -> bytes:
    return b"".join(archive.recordings.open(SID, 0, len(MEDIA) + 5, by="ana"))


def part(archive: Archive) -> bytes:
    return b"".join(archive.recordings.open(SID, 100, HALF, by="ana"))


def as_wav(archive: Archive) -> bytes:
    return b"".join(archive.recordings.convert(SID, format="wav", by="ana"))


def as_mp3(archive: Archive) -> bytes:
    return b"".join(archive.recordings.convert(SID, format="mp3", by="ana"))


def as_opus_without_silence(archive: Archive) -> bytes:
    return b"".join(archive.recordings.convert(SID, format="opus", trim_silence=True, by="ana"))


def side(archive: Archive) -> bytes:
    return b"".join(archive.recordings.convert(SID, format="wav", channels="customer", by="ana"))


def cut(archive: Archive) -> bytes:
    return b"".join(archive.recordings.convert(SID, format="wav", start=0.5, end=3.5, by="ana"))


def derived(archive: Archive) -> object:
    return archive.derivatives.make(SID, ConversionSpec("flac"), by="ana")


def waveform(archive: Archive) -> object:
    return archive.recordings.waveform(SID)


def compared(archive: Archive) -> object:
    archive.recordings.compare(SID, by="ana")
    return True


WAYS: dict[str, Callable[[Archive], object]] = {
    function.__name__: function
    for function in (
        whole,
        from_the_first_byte,
        part,
        as_wav,
        as_mp3,
        as_opus_without_silence,
        side,
        cut,
        derived,
        waveform,
        compared,
    )
}
PARTS = {"part", "cut"}


# All ways in memory; of the other buckets those that ask for bytes differently.
CELLS = [("memory", way, damage) for way in WAYS for damage in DAMAGE] + [
    (kind, way, damage)
    for kind in ("folder", "gcs")
    for way in ("whole", "part", "as_mp3", "cut", "derived")
    for damage in (DAMAGE if way in ("whole", "part") else ("flipped", "longer"))
]


@pytest.mark.parametrize(("kept", "way", "damage"), CELLS, indirect=["kept"])
def test_what_is_not_as_it_was_archived_is_an_error_that_is_written_down(
    kept: Kept, damage: str, way: str
) -> None:
    DAMAGE[damage](kept)
    if kept.kind == "gcs" and damage == "flipped" and way in PARTS:
        # Google keeps each object with its checksum, and none is asked for of a part.
        assert WAYS[way](kept.archive)
        return
    for _ in range(2):
        with pytest.raises(BytesDiffer, match=NAME) as raised:
            WAYS[way](kept.archive)
        assert not raised.value.retryable
    (difference,) = kept.archive.operations.differences()
    assert (difference.recording_sid, difference.object_name) == (SID, NAME)
    assert kept.archive.operations.stats().differences == 1
    (entry,) = kept.archive.audit.log(action="differs")
    assert (entry.sid, entry.outcome, entry.detail["object"]) == (SID, "failed", NAME[22:])
    assert entry.by == ("twirec" if way == "waveform" else "ana")
    assert kept.archive.catalog.waveforms.get(SID) is None
    assert list(kept.bucket.list("derivatives/")) == []


# Each way with one answer, and each answer to the ways that ask for bytes differently.
ANSWERED = {
    answer: [
        way
        for number, way in enumerate(WAYS)
        if way in ("whole", "part", "as_mp3", "derived") or number % len(ANSWERS) == each
    ]
    for each, answer in enumerate(ANSWERS)
}


@pytest.mark.parametrize("kept", ["gcs"], indirect=True)
@pytest.mark.parametrize("answer", ANSWERS)
def test_what_google_or_a_proxy_answers_wrongly_may_pass_and_is_not_passed_on(
    kept: Kept, answer: str
) -> None:
    for way in ANSWERED[answer]:
        kept.server.reset()
        expected = WAYS[way](kept.archive)
        for stored in kept.bucket.list("derivatives/"):
            kept.bucket.delete(stored.name, stored.generation)
        with kept.archive.catalog.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM waveforms")
        kept.server.fail(Fault("media", times=99, media=answer))  # type: ignore[arg-type]
        if answer == "whole" and way in {"whole", "from_the_first_byte", "waveform", "compared"}:
            assert WAYS[way](kept.archive) == expected, way  # it is what was asked for
            continue
        with pytest.raises(BucketUnavailable) as raised:
            WAYS[way](kept.archive)
        assert raised.value.retryable, way
        assert kept.archive.operations.differences() == [], way


@each_bucket
def test_what_is_as_it_was_archived_leaves(kept: Kept) -> None:
    for name, way in WAYS.items():
        assert way(kept.archive), name
        assert kept.archive.operations.differences() == [], name
        assert kept.archive.audit.log(action="differs") == [], name


@each_bucket
def test_nothing_leaves_of_what_differs_in_size(kept: Kept) -> None:
    kept.replace(MEDIA[:-1])
    kept.server.reset()
    with pytest.raises(BytesDiffer, match="bytes, not"):
        kept.archive.recordings.open(SID, by="ana")
    assert kept.server.count("media") == 0


@pytest.mark.parametrize("kept", ["gcs"], indirect=True)
def test_checking_costs_google_one_look_a_reading(kept: Kept) -> None:
    kept.server.reset()
    part(kept.archive)
    asked = [seen.kind for seen in kept.server.requests if "twirec.json" not in seen.path]
    assert asked == ["stat", "media"]


@each_bucket
def test_the_last_piece_is_held_back_until_the_hash_is_right(kept: Kept) -> None:
    kept.flip()
    reading = kept.archive.recordings.open(SID, by="ana")
    came = []
    with pytest.raises(BytesDiffer):
        came.extend(reading)
    assert len(b"".join(came)) < len(MEDIA)


@pytest.mark.parametrize("kept", ["gcs"], indirect=True)
def test_the_same_bytes_in_another_generation_are_those_that_were_archived(kept: Kept) -> None:
    kept.replace(MEDIA)  # such as a bucket that was moved
    assert whole(kept.archive) == MEDIA
    assert part(kept.archive) == MEDIA[100:HALF]


@pytest.mark.parametrize("kept", ["folder", "gcs"], indirect=True)
def test_what_is_replaced_while_it_is_read_does_not_end_as_if_whole(kept: Kept) -> None:
    reading = kept.archive.recordings.open(SID, by="ana")
    kept.replace(flipped(MEDIA))
    with pytest.raises(Exception, match=r"not what was put there|deleted|not the live one"):
        b"".join(reading)


def test_bytes_without_a_checksum_do_not_leave(kept: Kept) -> None:
    (kept.folder / f"{NAME}.labels.json").unlink()
    with pytest.raises(BytesDiffer, match="CRC32C is unknown"):
        kept.archive.recordings.open(SID, by="ana")


# --- derivatives ------------------------------------------------------------------------------


@each_bucket
@pytest.mark.parametrize("damage", ["flipped", "cut"])
@pytest.mark.parametrize("span", [(0, None), (1, 1000)])
def test_what_was_made_and_kept_is_compared_too(
    kept: Kept, damage: str, span: tuple[int, int | None]
) -> None:
    made = kept.archive.derivatives.make(SID, ConversionSpec("flac"), by="ana")
    assert made.own_sha256 is not None
    if damage == "flipped":
        kept.flip(made.object_name)
    else:
        kept.replace(b"short", made.object_name)
    if kept.kind == "gcs" and damage == "flipped" and span[0]:
        return
    with pytest.raises(BytesDiffer, match=made.object_name):
        list(kept.archive.derivatives.open(SID, made.object_name, *span, by="ana"))
    assert [each.object_name for each in kept.archive.operations.differences()] == [
        made.object_name
    ]


@each_bucket
@pytest.mark.parametrize("damage", ["flipped", "cut"])
def test_a_copy_that_differs_is_not_heard_and_is_made_anew(kept: Kept, damage: str) -> None:
    kept.house.archive = with_settings(kept.archive, listening_copies=("opus",))
    kept.archive.operations.worker(threads=1).run_once()
    copy = kept.archive.derivatives.listening_copy(SID)
    assert copy is not None
    if damage == "flipped":
        kept.flip(copy.object_name)
    else:
        kept.replace(b"short", copy.object_name)
    with pytest.raises(BytesDiffer):
        list(kept.archive.derivatives.open(SID, copy.object_name, by="ana"))
    assert kept.archive.derivatives.listening_copy(SID) is None  # the original is heard
    assert kept.archive.recordings.compare(SID, by="ana") == [copy.object_name]
    assert kept.archive.operations.differences() == []
    assert list(kept.bucket.list("derivatives/")) == []
    kept.archive.operations.worker(threads=1).run_once()
    again = kept.archive.derivatives.listening_copy(SID)
    assert again is not None
    assert list(kept.archive.derivatives.open(SID, again.object_name, by="ana"))


@each_bucket
def test_what_lies_in_the_place_of_a_derivative_is_made_anew(kept: Kept) -> None:
    made = kept.archive.derivatives.make(SID, ConversionSpec("flac"), by="ana")
    kept.replace(b"short", made.object_name)
    again = kept.archive.derivatives.make(SID, ConversionSpec("flac"), by="ana")
    assert (again.size, again.own_sha256) == (made.size, made.own_sha256)
    assert list(kept.archive.derivatives.open(SID, made.object_name, by="ana"))


@each_bucket
def test_no_listening_copy_is_made_of_what_differs(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    kept.house.archive = with_settings(kept.archive, listening_copies=("opus",))
    kept.flip()
    with caplog.at_level(logging.ERROR):
        kept.archive.operations.worker(threads=1).run_once()
    assert kept.archive.derivatives.listening_copy(SID) is None
    assert list(kept.bucket.list("derivatives/")) == []
    assert len(kept.archive.operations.differences()) == 1
    assert NAME in caplog.text


# --- until somebody looks ---------------------------------------------------------------------


def test_a_difference_stays_until_somebody_looked_and_says_what_they_found(kept: Kept) -> None:
    kept.flip()
    with pytest.raises(BytesDiffer):
        whole(kept.archive)
    with pytest.raises(InvalidQuery, match="reason"):
        kept.archive.operations.settle_difference(SID, reason=" ", by=Actor("ana", "admin"))
    assert (
        kept.archive.operations.settle_difference(SID, reason="disk 3", by=Actor("ana", "admin"))
        == 1
    )
    assert kept.archive.operations.differences() == []
    entry = kept.archive.audit.log(action="compare", limit=1)[0]
    assert (entry.by, entry.role, entry.detail) == ("ana", "admin", {"settled": "disk 3"})
    with pytest.raises(NotFound):
        kept.archive.operations.settle_difference(SID, reason="again", by="ana")
    with pytest.raises(BytesDiffer):
        whole(kept.archive)
    assert len(kept.archive.operations.differences()) == 1


def test_what_is_right_again_is_settled_by_comparing_it(kept: Kept) -> None:
    kept.flip()
    with pytest.raises(BytesDiffer):
        part(kept.archive)
    kept.flip()
    kept.archive.recordings.compare(SID, by="ana")
    assert kept.archive.operations.differences() == []
    assert part(kept.archive) == MEDIA[100:HALF]


def test_what_is_erased_is_no_problem_any_more(kept: Kept) -> None:
    kept.flip()
    with pytest.raises(BytesDiffer):
        whole(kept.archive)
    destroy(kept.archive, SID, "asked")
    assert kept.archive.operations.differences() == []


def test_a_catalog_that_is_down_does_not_hide_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept.flip()
    reading = kept.archive.recordings.open(SID, by="ana")

    def down(*_: object) -> bool:
        raise CatalogUnavailable("locked")

    monkeypatch.setattr(kept.archive.catalog.operations, "note_difference", down)
    with pytest.raises(BytesDiffer):
        list(reading)
    assert "could not be written down" in caplog.text


def test_a_flipped_bit_is_found_once_and_a_good_file_read_once_for_its_parts(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[int, int]] = []
    plain = FolderBucket.open_range.__globals__["_read"]

    def watched(path: Path, start: int, stop: int) -> Iterator[bytes]:
        read.append((start, stop))
        return cast(Iterator[bytes], plain(path, start, stop))

    monkeypatch.setattr("twirec.adapters.folder._read", watched)
    for _ in range(3):
        part(kept.archive)
    assert read == [(0, len(MEDIA)), *[(100, HALF)] * 3]


# --- by itself --------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_size() -> None:
    class Endless(MemoryBucket):
        def open_range(self, *_: object, **__: object) -> Iterator[bytes]:
            return (bytes(256 * 1024) for _ in range(200))

    bucket = Endless()
    bucket.put("a", [b""], content_type="", labels={}, custom_time=STARTED, finish=dict)
    stored = replace(bucket.stat("a"), size=200 * 256 * 1024)
    bucket._objects["a"] = (stored, b"")
    checked = CheckedBucket(bucket, lambda name, why: None)
    what = Fingerprint("a", stored.size, stored.crc32c, "0" * 64)
    tracemalloc.start()
    try:
        with pytest.raises(BytesDiffer, match="SHA-256"):
            for _ in checked.open(what):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize("came", [9, 11])
def test_bytes_are_counted_whatever_the_bucket_says(came: int) -> None:
    class Miscounting(MemoryBucket):
        def open_range(self, *_: object, **__: object) -> Iterator[bytes]:
            return iter([bytes(came)])

    bucket = Miscounting()
    stored = bucket.put(
        "a", [bytes(20)], content_type="", labels={}, custom_time=STARTED, finish=dict
    )
    what = Fingerprint("a", 20, stored.crc32c, "0" * 64)
    checked = CheckedBucket(bucket, lambda name, why: None)
    with pytest.raises(BytesDiffer, match="bytes came"):
        list(checked.open(what, 5, 15))


# --- the command line -------------------------------------------------------------------------


@pytest.fixture
def run(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    monkeypatch.setattr(Archive, "from_env", lambda: kept.archive)

    def run(*words: str) -> tuple[int, str]:
        told = CliRunner().invoke(main, words)
        return told.exit_code, told.output

    return run


def test_the_command_line_leaves_no_file_of_what_differs(
    kept: Kept, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    kept.flip()
    for target in (str(tmp_path / "out.mp3"), "-"):
        status, said = run("convert", SID, "--purpose", "claim", "-o", target)
        assert status == 1
        assert "not what was put there" in said
    assert not (tmp_path / "out.mp3").exists()
    status, said = run("stats")
    assert "differs" in said
    assert NAME in said


def test_compare_says_whether_all_is_well_and_settles_what_is_known(
    kept: Kept, run: Callable[..., tuple[int, str]]
) -> None:
    assert run("compare", SID) == (0, f"{SID} is what was archived.\n")
    kept.flip()
    assert run("compare", SID)[0] == 1
    assert run("compare", SID, "--reason", "disk 3")[0] == 0
    assert run("compare", SID, "--reason", "disk 3")[0] == 1
    assert kept.archive.operations.differences() == []
    status, said = run("compare", SID, "--json")
    assert status == 1
    kept.flip()
    status, said = run("compare", SID, "--json")
    assert (status, json.loads(said)) == (0, {"sid": SID, "settled": 0, "deleted": []})


def test_a_wav_of_it_is_a_wav(kept: Kept) -> None:
    with wave.open(io.BytesIO(as_wav(kept.archive))) as file:
        assert file.getnframes() == 32_000
