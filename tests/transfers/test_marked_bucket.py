"""Whose a bucket is: nothing is written, deleted or called gone in one that is not ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.erasing import destroy
from tests.factories import ACCOUNT, STARTED, recording_sid
from tests.house import House
from tests.sounds import wav
from twirec.adapters.folder import FolderBucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.model.bucket_mark import MARKED, NAME, BucketMark, read_mark
from twirec.model.errors import BucketNotOurs, BucketUnavailable, LookedAtNothing, ObjectNotFound
from twirec.model.states import State
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket

MEDIA = wav(seconds=4, channels=2)
FOREIGN = BucketMark("f" * 16, STARTED)


def put(bucket: Any, name: str, content: bytes = b"x") -> None:
    bucket.put(name, [content], content_type="x", labels={}, custom_time=STARTED, finish=dict)


def take(bucket: MemoryBucket, name: str = NAME) -> None:
    bucket.delete(name, bucket.stat(name).generation)


def lose(bucket: MemoryBucket) -> None:
    """What an unmounted folder looks like."""
    for stored in list(bucket.list()):
        bucket.delete(stored.name, stored.generation)


def lack_mark(bucket: MemoryBucket) -> None:
    take(bucket)


def be_foreign(bucket: MemoryBucket) -> None:
    take(bucket)
    put(bucket, NAME, FOREIGN.content)


def be_torn(bucket: MemoryBucket) -> None:
    take(bucket)
    put(bucket, NAME, b"")


NOT_OURS = pytest.mark.parametrize("spoil", [lose, lack_mark, be_foreign, be_torn])
Spoil = Callable[[MemoryBucket], None]


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    catalog = Catalog("sqlite://")
    catalog.set_up()
    yield catalog
    catalog.close()


def marked(bucket: MemoryBucket, catalog: Catalog, **options: Any) -> MarkedBucket:
    return MarkedBucket(bucket, catalog, lambda: STARTED, **options)


# --- the mark ---------------------------------------------------------------------------------


def test_the_first_write_marks_a_bucket_that_is_nobodys(catalog: Catalog) -> None:
    plain = MemoryBucket()
    bucket = marked(plain, catalog)
    assert list(bucket.list()) == []  # looking marks nothing
    put(bucket, "a")
    assert [stored.name for stored in plain.list()] == ["a", NAME]
    assert bucket.mark() == BucketMark(catalog.identity(), STARTED)
    put(marked(plain, catalog), "b")


def test_a_mark_is_read_as_it_was_written_and_nothing_else_is_one() -> None:
    assert read_mark(FOREIGN.content) == FOREIGN
    for content in (
        b"",
        b"null",
        b"[]",
        b"<html>",
        b'{"catalog": "f"}',
        b'{"catalog": "gggggggggggggggg", "at": "2026-11-23T10:00:00+00:00"}',
        b'{"catalog": "ffffffffffffffff", "at": "2026-11-23T10:00:00"}',
        b'{"catalog": 7, "at": 7}',
        b"[" * 9999,
    ):
        assert read_mark(content) is None


def test_two_prefixes_of_a_bucket_are_two_places(tmp_path: Path, catalog: Catalog) -> None:
    other = Catalog("sqlite://")
    other.set_up()
    for owner, place in ((catalog, tmp_path), (other, tmp_path / "staging")):
        put(MarkedBucket(FolderBucket(place), owner, lambda: STARTED), "a")
    assert catalog.identity() != other.identity()
    other.close()


@NOT_OURS
def test_nothing_is_done_in_a_bucket_that_is_not_ours(catalog: Catalog, spoil: Spoil) -> None:
    plain = MemoryBucket()
    bucket = marked(plain, catalog)
    put(bucket, "a")
    generation = plain.stat("a").generation
    spoil(plain)
    before = list(plain.list())
    for use in (
        lambda: put(bucket, "b"),
        lambda: bucket.stat("a"),
        lambda: bucket.label("a", generation, {"x": "y"}),
        lambda: list(bucket.list()),
        lambda: bucket.delete("a", generation),
        lambda: bucket.open_range("none"),
        bucket.check,
    ):
        with pytest.raises(BucketNotOurs, match=r"mounted.*TWIREC_BUCKET.*--adopt-bucket"):
            use()
    assert list(plain.list()) == before


@NOT_OURS
def test_so_it_is_after_a_new_start(catalog: Catalog, spoil: Spoil) -> None:
    plain = MemoryBucket()
    put(marked(plain, catalog), "a")
    spoil(plain)
    with pytest.raises(BucketNotOurs):
        put(marked(plain, catalog), "b")


def test_a_new_catalog_takes_nobody_elses_bucket(catalog: Catalog) -> None:
    plain = MemoryBucket()
    put(plain, NAME, FOREIGN.content)
    with pytest.raises(BucketNotOurs, match=f"belongs to the catalog {FOREIGN.catalog}"):
        put(marked(plain, catalog), "a")


def test_what_is_there_is_read_and_what_is_not_is_said(catalog: Catalog) -> None:
    plain = MemoryBucket()
    bucket = marked(plain, catalog)
    put(bucket, "a", b"whole")
    take(plain)
    assert b"".join(bucket.open_range("a")) == b"whole"


def test_what_is_mended_goes_on(catalog: Catalog) -> None:
    plain = MemoryBucket()
    bucket = marked(plain, catalog)
    put(bucket, "a")
    content = b"".join(plain.open_range(NAME))
    take(plain)
    with pytest.raises(BucketNotOurs):
        put(bucket, "b")
    put(plain, NAME, content)
    put(bucket, "b")


def test_a_look_holds_for_as_long_as_it_is_trusted(catalog: Catalog) -> None:
    time = [0.0]
    plain = MemoryBucket()
    bucket = marked(plain, catalog, trusted_for=60.0, clock=lambda: time[0])
    put(bucket, "a")
    take(plain)
    time[0] = 59.9
    put(bucket, "b")
    time[0] = 60.0
    with pytest.raises(BucketNotOurs):
        put(bucket, "c")


# --- crashes, and others at the same time -----------------------------------------------------


def test_who_died_before_it_was_written_down_finds_its_mark(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = MemoryBucket()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(catalog.marks, "set", die)
        with pytest.raises(KeyboardInterrupt):
            put(marked(plain, catalog), "a")
    assert catalog.marks.get(MARKED) is None
    put(marked(plain, catalog), "a")
    assert catalog.marks.get(MARKED) == STARTED


@pytest.mark.parametrize("same", [True, False])
def test_of_two_that_write_the_first_mark_at_once_one_does(same: bool) -> None:
    catalogs = [Catalog("sqlite://"), Catalog("sqlite://")]
    for each in catalogs:
        each.set_up()
    if same:
        catalogs[1].take_identity(catalogs[0].identity())
    plain = MemoryBucket()
    first, late = (marked(plain, each) for each in catalogs)

    class Slow(MemoryBucket):
        """Lets the other be first, between the look and the write."""

        def put(self, name: str, *args: Any, **options: Any) -> Any:
            if name == NAME:
                put(first, "a")
            return plain.put(name, *args, **options)

        stat, open_range, list, delete = plain.stat, plain.open_range, plain.list, plain.delete  # type: ignore[assignment]

    late._bucket = Slow()
    if same:
        put(late, "b")
    else:
        with pytest.raises(BucketNotOurs, match=catalogs[0].identity()):
            put(late, "b")
    assert first.mark() == BucketMark(catalogs[0].identity(), STARTED)
    for each in catalogs:
        each.close()


# --- the ways of a recording ------------------------------------------------------------------


@NOT_OURS
def test_what_ends_later_stays_at_twilio_until_it_is_mended(house: House, spoil: Spoil) -> None:
    house.record(MEDIA)
    assert house.work().state is State.RELEASED
    kept = b"".join(house.bucket.open_range(NAME))
    house.record(MEDIA, sid=recording_sid(2))
    house.tell(recording_sid=recording_sid(2))
    spoil(house.bucket)
    before = list(house.bucket.list())
    with pytest.raises(BucketNotOurs):
        house.archive.operations.worker(threads=1).run_once()
    second = house.archive.catalog.recordings.get(recording_sid(2))
    assert (second.state, second.attempts) == (State.COMPLETED, 0)
    assert list(house.bucket.list()) == before
    assert house.vendor.recording(ACCOUNT, recording_sid(2))
    lose(house.bucket)
    put(house.bucket, NAME, kept)
    house.archive.operations.worker(threads=1).run_once()
    assert house.archive.catalog.recordings.get(recording_sid(2)).state is State.RELEASED


def test_a_folder_that_is_unmounted_between_two_recordings(
    house: House, twirec_settings: Settings, tmp_path: Path
) -> None:
    folder, elsewhere = tmp_path / "mount", tmp_path / "unmounted"
    archive = Archive(
        replace(twirec_settings, bucket=f"file://{folder}"),
        catalog=house.archive.catalog,
        vendor=house.vendor,
        now=lambda: house.time,
    )
    lose(house.bucket)
    archive.journal.adopt_bucket(why="this test", by="test")
    worker = archive.operations.worker(threads=1)
    house.record(MEDIA)
    worker.run_once()
    shutil.move(folder, elsewhere)
    folder.mkdir()
    house.record(MEDIA, sid=recording_sid(2))
    house.tell(recording_sid=recording_sid(2))
    with pytest.raises(BucketNotOurs):
        worker.run_once()
    assert list(folder.iterdir()) == []
    destroy(archive, recording_sid(), "test")
    with pytest.raises(BucketNotOurs):
        worker.run_once()
    assert archive.catalog.recordings.get(recording_sid()).state is State.ERASING
    report = archive.operations.sweep(full=True)
    assert set(report.problems) == {"the bucket"}
    folder.rmdir()
    shutil.move(elsewhere, folder)
    archive.operations.worker(threads=1).run_once()
    assert archive.catalog.recordings.get(recording_sid()).state is State.ERASED
    assert archive.catalog.recordings.get(recording_sid(2)).state is State.RELEASED
    assert [path.name for path in folder.glob("recordings/**/*.wav")] != []


@NOT_OURS
def test_what_is_ordered_to_be_erased_is_not_called_so(house: House, spoil: Spoil) -> None:
    house.record(MEDIA)
    house.work()
    destroy(house.archive, recording_sid(), "test")
    spoil(house.bucket)
    lease = house.archive.catalog.due_work.claim(house.time, house.time - STARTED)
    assert lease is not None
    house.archive.operations.worker().work(lease)  # as if it were unmounted after the worker looked
    assert house.archive.catalog.recordings.get(recording_sid()).state is State.ERASING


@NOT_OURS
def test_a_sweep_names_the_bucket_and_calls_nothing_gone(house: House, spoil: Spoil) -> None:
    house.record(MEDIA)
    house.work()
    spoil(house.bucket)
    report = house.archive.operations.sweep(full=True)
    assert list(report.problems) == ["the bucket"]
    assert "twirec init --adopt-bucket" in report.problems["the bucket"]


@NOT_OURS
def test_no_journal_is_written_and_no_audit_head_is_missing(house: House, spoil: Spoil) -> None:
    house.archive.journal.write()
    spoil(house.bucket)
    for use in (house.archive.journal.write, house.archive.journal.audit_head):
        with pytest.raises(BucketNotOurs):
            use()


# --- orders that mend it ----------------------------------------------------------------------


@NOT_OURS
def test_a_bucket_is_adopted_by_order_which_is_on_the_audit_log(house: House, spoil: Spoil) -> None:
    spoil(house.bucket)
    house.archive.journal.adopt_bucket(why="moved to another disk", by="ana")
    done, tried = house.archive.audit.log(action="adopt_bucket")[:2]
    before = FOREIGN.catalog if spoil is be_foreign else None
    assert (tried.outcome, done.outcome) == ("tried", "done")
    assert tried.detail == {"why": "moved to another disk", "before": before}
    assert done.detail == {**tried.detail, "tried": tried.seq}
    house.record(MEDIA)
    assert house.work().state is State.RELEASED


def test_an_adoption_that_was_cut_short_is_ordered_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_foreign(house.bucket)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "put", die)
        with pytest.raises(KeyboardInterrupt):
            house.archive.journal.adopt_bucket(why="test", by="ana")
    with pytest.raises(BucketNotOurs, match="lacks the mark"):
        house.archive.journal.mark_bucket()
    house.archive.journal.adopt_bucket(why="test", by="ana")
    house.archive.journal.mark_bucket()


def test_who_had_the_bucket_is_refused_from_then_on(house: House, catalog: Catalog) -> None:
    marked(house.bucket, catalog).adopt()
    with pytest.raises(BucketNotOurs, match=catalog.identity()):
        house.archive.journal.mark_bucket()


def test_a_rebuild_takes_over_the_identity_of_the_mark(
    house: House, twirec_settings: Settings
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    new = Archive(twirec_settings, bucket=house.bucket, vendor=house.vendor)
    new.journal.rebuild(by="ana")
    assert new.catalog.identity() == house.archive.catalog.identity()
    new.journal.mark_bucket()
    new.close()


@pytest.mark.parametrize("spoil", [lack_mark, be_torn])
def test_a_rebuild_writes_the_mark_that_is_missing(
    house: House, twirec_settings: Settings, spoil: Spoil
) -> None:
    house.archive.journal.write()
    spoil(house.bucket)
    new = Archive(twirec_settings, bucket=house.bucket, vendor=house.vendor)
    new.journal.rebuild(by="ana")
    assert read_mark(b"".join(house.bucket.open_range(NAME))) is not None
    new.journal.mark_bucket()
    new.close()


def test_nothing_is_rebuilt_from_an_empty_bucket(twirec_settings: Settings, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    archive = Archive(replace(twirec_settings, database_url=url), bucket=MemoryBucket())
    with pytest.raises(LookedAtNothing, match="mounted"):
        archive.journal.rebuild(by="ana")
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_is_away_is_not_another(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = MemoryBucket()
    bucket = marked(plain, catalog)
    put(bucket, "a")

    def down(*_: object) -> None:
        raise BucketUnavailable("The bucket does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(plain, "stat", down)
        with pytest.raises(BucketUnavailable):
            put(bucket, "b")
    with pytest.raises(ObjectNotFound):
        bucket.stat("b")


@NOT_OURS
def test_of_all_threads_one_says_that_nothing_is_copied(
    house: House, spoil: Spoil, caplog: pytest.LogCaptureFixture
) -> None:
    house.record(MEDIA)
    spoil(house.bucket)
    with pytest.raises(BucketNotOurs):
        house.archive.operations.worker(threads=8).run_once()
    assert caplog.text.count("nothing is copied") == 1
