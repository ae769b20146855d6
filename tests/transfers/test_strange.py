"""What somebody else put into the bucket, or damaged there, ends nothing and is named."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from tests.factories import STARTED, recording_sid
from tests.house import A_CALL, AT_VENDOR, NAME, House
from tests.journal.rebuilding import MEDIA, report
from tests.servers import StrictGcs
from twirec.adapters.folder import SUFFIX, FolderBucket
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.archive import Archive
from twirec.cli import main
from twirec.model.audio import ConversionSpec
from twirec.model.bucket import StoredObject
from twirec.model.errors import BucketRefused
from twirec.model.ports import Bucket
from twirec.model.records import SweepReport
from twirec.settings import Settings
from twirec.transfers.naming import MOST_NAMED, Strangers, is_ours, shown, sid_of

OTHER = f"RE{'ab' * 16}"
DAY = "recordings/2026/11/23/"

NAMES = [
    "recordings/.DS_Store",
    "recordings/x.wav",
    "recordings/1970/01/01/x.wav",
    "recordings/2026/x",
    "recordings/2026/11/Thumbs.db",
    "recordings/2026/02/31/20260231T101500Z_.wav",
    "recordings/2026/99/99/x.wav",
    "recordings/2026/11/23",
    f"{DAY}.nfs000000001",
    f"{DAY}x.wav",
    f"{DAY}20261123T101500Z_{OTHER}.wav.part",
    f"{DAY}.20261123T101500Z_{OTHER}.wav.Xy12Zz",
    f"{DAY}20261123T101500Z_{OTHER}.WAV",
    f"{DAY}20261123T101500Z_{OTHER.upper()}.wav",
    f"{DAY}20261123T101500Z_{OTHER}.mp3",
    f"{DAY}20261124T101500Z_{OTHER}.wav",
    f"{DAY}20261123T101500Z_RE1.wav",
    f"{DAY}deeper/20261123T101500Z_{OTHER}.wav",
    f"{DAY}% _.wav",
    f"{DAY}'; DROP TABLE recordings; --",
    f"{DAY}[bold]x[/bold].wav",
    f"{DAY}a\tb\x1b[31m.wav",
    f"{DAY}ñandú 😀.wav",
    f"{DAY}\u0662\u0660\u0662\u0666\u0661\u0661\u0662\u0663T101500Z_{OTHER}.wav",
    f"{DAY}" + "x" * 200,
    "recordings/+34600111222.wav",
    "recordings/null",
    "derivatives/.DS_Store",
    "derivatives/2026/11/23/x.opus",
    f"derivatives/2026/11/23/20261123T101500Z_{recording_sid()}_0.tmp",
    f"derivatives/{recording_sid()}",
    "announcements/x.json",
    "announcements/.DS_Store",
    "announcements/" + "a" * 63 + ".json",
    "journal/x",
    "journal/2026/02/31/000001.jsonl",
    "journal/2026/11/23/1.jsonl",
    "journal/\u0662\u0660\u0662\u0666/11/23/000001.jsonl",
]
ONLY_AT_GOOGLE = [
    "recordings/",
    "recordings/2026/",
    "recordings/2026/11/23/",
    "recordings//x",
    "recordings/../x",
    "derivatives/2026/",
    "journal/2026/11/",
]

SIDECARS = [
    b"",
    b"null",
    b"[]",
    b"7",
    b'"x"',
    b"{",
    b"\xff\xfe",
    b'{"labels": []}',
    b'{"labels": null}',
    b'{"labels": {"a": 7}}',
    b'{"labels": {"a": "\\ud800"}}',
    b'{"custom_time": "yesterday"}',
    b'{"custom_time": 7}',
    b'{"custom_time": "2026-11-23T10:15:00"}',
    b'{"generation": "x"}',
    b'{"generation": -1}',
    b'{"generation": 1e400}',
    b'{"generation": 99999999999999999999}',
    b'{"crc32c": 7}',
    b"[" * 100_000,
    b" " * (1024 * 1024 + 1),
]

LABELS: list[dict[str, str]] = [
    {"duration_seconds": "9" * 30},
    {"duration_seconds": "9" * 5000},
    {"channels": str(2**70)},
    {"channel_map": "[" * 4000},
    {"channel_map": "7"},
    {"channel_map": '["dog"]'},
    {"started_at": "yesterday"},
    {"started_at": "0001-01-01T00:00:00+23:59"},
    {"consent_at": "9999-12-31T23:59:59-23:59"},
    {"consent": "perhaps"},
    {"agents": "one two"},
    {"direction": "sideways"},
    {"custody": ""},
    {"size": "\u0669"},
]


@pytest.fixture(scope="module")
def server() -> Iterator[StrictGcs]:
    with StrictGcs("bucket-of-strangers") as server:
        yield server


@pytest.fixture(params=["folder", "gcs"])
def bucket(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    server: StrictGcs,
    monkeypatch: pytest.MonkeyPatch,
) -> Bucket:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    server.reset()
    if request.param == "folder":
        return FolderBucket(tmp_path / "calls")
    return GcsBucket("bucket-of-strangers", tmp_path.name, retry_for=1)


@pytest.fixture
def full(twirec_settings: Settings, bucket: Bucket) -> Iterator[House]:
    """A house with a recording, a wording and a journal."""
    house = House(twirec_settings, cast(MemoryBucket, bucket))
    house.vendor.add_call(A_CALL)
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    yield house
    house.archive.close()


def put(bucket: Bucket, name: str, data: bytes = b"x", **labels: str) -> None:
    bucket.put(name, [data], content_type="x", labels=labels, custom_time=STARTED, finish=dict)


def sweep(house: House) -> SweepReport:
    return house.archive.operations.sweep(full=True)


def rebuild(house: House) -> Any:
    archive = Archive(
        house.archive.settings, bucket=house.bucket, vendor=house.vendor, now=lambda: house.time
    )
    made = archive.journal.rebuild(by="ana")
    assert archive.catalog.recordings.get(recording_sid()).object_name == NAME
    archive.catalog.close()
    return made


def under(*rooms: str, of: list[str]) -> dict[str, str]:
    return {
        shown(name): "its name is none that twirec gives" for name in of if name.startswith(rooms)
    }


def test_all_strange_names_are_named_counted_and_left_alone(full: House, bucket: Bucket) -> None:
    names = NAMES + (ONLY_AT_GOOGLE if isinstance(bucket, GcsBucket) else [])
    if isinstance(bucket, FolderBucket):
        names.remove("recordings/2026/11/23")
    assert len(names) > 30
    for name in names:
        put(bucket, name)
    found = sweep(full)
    assert found.strange == under("", of=names)
    assert found.strangers == len(names)
    assert (found.problems, found.objects, found.derivatives_deleted) == ({}, 1, 0)
    made = rebuild(full)
    expected = under("recordings/", "announcements/", "journal/", of=names)
    assert made.strange == expected
    assert made.strangers == len(expected)
    assert (made.problems, made.objects, made.days > 0) == ({}, 1, True)
    assert {stored.name for stored in bucket.list()} >= set(names)


@pytest.mark.parametrize("bucket", ["gcs"], indirect=True)
def test_a_day_of_long_ago_costs_no_request_a_day(
    full: House, bucket: Bucket, server: StrictGcs
) -> None:
    put(bucket, "recordings/1970/01/01/x.wav")
    put(bucket, f"recordings/0001/01/01/00010101T000000Z_{OTHER}.wav")
    server.reset()
    found = sweep(full)
    assert server.count("list") <= 5
    assert (found.strangers, list(found.problems)) == (1, [OTHER])


def test_labels_of_nonsense_are_named_and_the_others_are_read(full: House, bucket: Bucket) -> None:
    stored = bucket.stat(NAME)
    sids = {recording_sid(number): labels for number, labels in enumerate(LABELS, 100)}
    for sid, labels in sids.items():
        name = NAME.replace(recording_sid(), sid)
        put(bucket, name, MEDIA, **{**stored.labels, "recording_sid": sid, **labels})
    assert sweep(full).problems.keys() == sids.keys()
    made = rebuild(full)
    assert made.problems.keys() == {NAME.replace(recording_sid(), sid) for sid in sids}
    assert made.objects == 1 + len(sids)


# --- a folder ---------------------------------------------------------------------------------

a_folder = pytest.mark.parametrize("bucket", ["folder"], indirect=True)


def damage(folder: Path, name: str, sidecar: bytes) -> None:
    (folder / "calls" / (name + SUFFIX)).write_bytes(sidecar)


def check_damaged(bucket: Bucket, name: str) -> None:
    """Hold that the labels of an object are named as damaged, and that no one changes them."""
    for stored in (bucket.stat(name), next(iter(bucket.list(name)))):
        assert (stored.problem, stored.labels) == ("its labels are damaged", {})
    with pytest.raises(BucketRefused, match="damaged"):
        bucket.label(name, bucket.stat(name).generation, {"a": "b"})


def check_deleted(bucket: Bucket, name: str) -> None:
    bucket.delete(name, bucket.stat(name).generation)
    assert name not in [stored.name for stored in bucket.list()]


@a_folder
def test_labels_of_recordings_that_cannot_be_read_are_named(
    full: House, bucket: Bucket, tmp_path: Path
) -> None:
    other = NAME.replace(recording_sid(), OTHER)
    put(bucket, other, MEDIA, **bucket.stat(NAME).labels)
    damaged = {recording_sid(number): each for number, each in enumerate(SIDECARS, 100)}
    for sid in damaged:
        full.vendor.add_recording(replace(AT_VENDOR, sid=sid), MEDIA)
        full.tell(recording_sid=sid)
    full.archive.operations.worker(threads=1).run_once()
    names = {sid: NAME.replace(recording_sid(), sid) for sid in damaged}
    for sid, sidecar in damaged.items():
        damage(tmp_path, names[sid], sidecar)
    found = sweep(full)
    assert found.problems.keys() == {OTHER, *damaged}
    archive = Archive(full.archive.settings, bucket=bucket, now=lambda: full.time)
    made = archive.journal.rebuild(by="ana")
    archive.catalog.close()
    assert other in made.problems
    for sid, name in names.items():
        assert name in found.problems[sid], damaged[sid][:40]
        assert name in made.problems or made.days
        check_damaged(bucket, name)
        check_deleted(bucket, name)


# They are read in the same way, so here is one of each kind.
BESIDE_OTHERS = (b"", b"null", b'{"labels": null}', b'{"custom_time": 7}', SIDECARS[-1])


@a_folder
def test_labels_of_what_is_no_recording_that_cannot_be_read_are_named(
    full: House, bucket: Bucket, tmp_path: Path
) -> None:
    other = NAME.replace(recording_sid(), OTHER)
    put(bucket, other, MEDIA, **bucket.stat(NAME).labels)
    names = (
        next(iter(bucket.list("journal/"))).name,
        full.archive.derivatives.make(recording_sid(), ConversionSpec("wav"), by="ana").object_name,
    )
    for sidecar in BESIDE_OTHERS:
        for name in names:
            damage(tmp_path, name, sidecar)
        found = sweep(full)
        assert found.strange == dict.fromkeys(names, "its labels are damaged"), sidecar[:40]
        assert OTHER in found.problems
        for name in names:
            check_damaged(bucket, name)
        archive = Archive(full.archive.settings, bucket=bucket, now=lambda: full.time)
        made = archive.journal.rebuild(by="ana")
        archive.catalog.close()
        assert other in made.problems
    for name in names:
        check_deleted(bucket, name)


@a_folder
def test_links_pipes_and_bytes_that_are_no_text_are_named(
    full: House, bucket: Bucket, tmp_path: Path
) -> None:
    root = tmp_path / "calls" / "recordings"
    (root / "round").symlink_to(root)
    (root / "itself").symlink_to(root / "itself")
    (root / "nothing").symlink_to("/nowhere")
    os.mkfifo(root / "pipe")
    Path(os.fsdecode(bytes(root) + b"/\xff\xfe.wav")).write_bytes(b"x")
    found = sweep(full)
    assert found.strange == {
        "recordings/itself": "it cannot be read (Too many levels of symbolic links)",
        "recordings/nothing": "it is a link to nothing",
        "recordings/pipe": "it is no file",
        "recordings/round/": "it is a link to a folder that it is in",
        "recordings/\\udcff\\udcfe.wav": "its name is none that twirec gives",
    }
    assert (found.problems, found.objects) == ({}, 1)
    assert rebuild(full).strangers == 5


@a_folder
def test_what_lies_behind_a_link_to_another_disk_is_found(
    full: House, bucket: Bucket, tmp_path: Path
) -> None:
    year = tmp_path / "calls" / "recordings" / "2026"
    year.rename(tmp_path / "elsewhere")
    year.symlink_to(tmp_path / "elsewhere")
    found = sweep(full)
    assert (found.problems, found.strangers, found.objects) == ({}, 0, 1)


@a_folder
@pytest.mark.parametrize("whole", [True, False])
def test_a_folder_that_cannot_be_looked_into_is_named_and_the_rest_goes_on(
    full: House, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    put(bucket, f"recordings/2025/12/01/20251201T101500Z_{OTHER}.wav", MEDIA)
    closed = tmp_path / "calls" / "recordings" / "2026" / "11"
    scandir = os.scandir

    def refuse(path: Path) -> Any:
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("twirec.adapters.folder.os.scandir", refuse)
    found = full.archive.operations.sweep(full=whole)
    reason = "it cannot be looked into (Permission denied)"
    assert found.strange == {"recordings/2026/11/": reason}
    assert list(found.problems) == ([OTHER] if whole else [])  # nothing is called gone


@a_folder
def test_a_bucket_that_cannot_be_looked_into_at_all_is_an_error(
    full: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("twirec.adapters.folder.os.scandir", refuse)
    with pytest.raises(BucketRefused):
        sweep(full)


@a_folder
def test_one_copy_that_cannot_be_deleted_keeps_no_other(
    full: House, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("wav", "flac"):
        full.archive.derivatives.make(
            recording_sid(), ConversionSpec(name), by="ana", keep_for=timedelta(days=1)
        )
    delete = bucket.delete

    def refuse(name: str, generation: int) -> None:
        if name.endswith(".flac"):
            raise BucketRefused("The bucket's folder cannot be used (Permission denied).")
        delete(name, generation)

    monkeypatch.setattr(bucket, "delete", refuse)
    full.time += timedelta(days=1)
    assert full.archive.derivatives.expire() == 2
    assert [stored.name[-5:] for stored in bucket.list("derivatives/")] == [".flac"]
    monkeypatch.undo()
    assert sweep(full).derivatives_deleted == 1


# --- the command line, and by itself ----------------------------------------------------------


@a_folder
def test_the_exit_status_says_so(
    full: House, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Archive, "from_env", lambda: full.archive)
    assert CliRunner().invoke(main, ["sweep", "--full"]).exit_code == 0
    for number in range(MOST_NAMED + 2):
        put(bucket, f"recordings/{number:04}.wav")
    told = CliRunner().invoke(main, ["sweep", "--full"])
    assert told.exit_code == 1
    assert (
        f"in the bucket, not twirec's or not to be read, left alone: {MOST_NAMED + 2}"
        in told.output
    )
    assert "recordings/0000.wav: its name is none that twirec gives" in told.output
    assert told.output.rstrip().endswith("and 2 more")
    new = Archive(full.archive.settings, bucket=bucket, now=lambda: full.time)
    monkeypatch.setattr(Archive, "from_env", lambda: new)
    told = CliRunner().invoke(main, ["rebuild", "--json"])
    assert told.exit_code == 1
    made = json.loads(told.output)
    assert (made["strangers"], len(made["strange"])) == (MOST_NAMED + 2, MOST_NAMED)
    new.close()


def test_what_does_not_fit_into_the_tables_keeps_no_other_out(
    house: House, rebuilt: Callable[[], Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.record(MEDIA)
    house.work()
    stored = house.bucket.stat(NAME)
    other = NAME.replace(recording_sid(), OTHER)
    strange = {**stored.labels, "recording_sid": OTHER, "own_number": "\ud800"}
    put(house.bucket, other, MEDIA, **strange)
    made = report(rebuilt())
    assert made.problems == {other: "its labels do not fit."}
    assert made.from_labels == 1


@pytest.mark.parametrize("name", NAMES + ONLY_AT_GOOGLE + ["twirec.json"])
def test_a_strange_name_is_not_ours(name: str) -> None:
    assert not is_ours(name)
    assert sid_of(name) is None
    assert shown(name).isprintable()


def test_our_names_are_ours() -> None:
    made = f"derivatives/2026/11/23/20261123T101500Z_{OTHER}_{'0' * 16}.opus"
    assert sid_of(NAME) == recording_sid()
    assert sid_of(made) == OTHER
    assert all(map(is_ours, (NAME, made, f"announcements/{'0' * 64}.json")))


def test_strangers_are_counted_all_and_named_some() -> None:
    strangers = Strangers()
    for number in range(MOST_NAMED + 5):
        strangers.add(StoredObject(f"{number}", 1, 1, None))
    assert (strangers.count, len(strangers.named)) == (MOST_NAMED + 5, MOST_NAMED)
