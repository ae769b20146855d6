"""What the contract does not say of the folder: crashes, the disk, names, other people's files."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from twirec.adapters.folder import FolderBucket
from twirec.model.bucket import StoredObject
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    ObjectExists,
    ObjectNotFound,
    VerificationFailed,
)

NAME = "recordings/2026/RE1.wav"
AT = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
DATA = b"RIFF" * 100_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "bucket"


@pytest.fixture
def bucket(root: Path) -> FolderBucket:
    return FolderBucket(root)


def put(
    bucket: FolderBucket,
    data: bytes = DATA,
    name: str = NAME,
    finish: Callable[[], object] = dict,
) -> StoredObject:
    def finished() -> Mapping[str, str]:
        finish()
        return {"sha256": "e3b0"}

    return bucket.put(
        name,
        (data[at : at + 65_536] for at in range(0, len(data), 65_536)),
        content_type="audio/wav",
        labels={"recording_sid": "RE1"},
        custom_time=AT,
        finish=finished,
    )


def drafts(root: Path) -> list[Path]:
    return sorted((root / ".twirec").glob("draft-*"))


class TestOnTheDisk:
    def test_an_object_is_a_file_with_its_labels_beside_it(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        stored = put(bucket)
        assert (root / NAME).read_bytes() == DATA
        about = json.loads((root / f"{NAME}.labels.json").read_text())
        assert about == {
            "generation": stored.generation,
            "size": len(DATA),
            "crc32c": stored.crc32c,
            "content_type": "audio/wav",
            "custom_time": "2026-11-23T10:15:00+00:00",
            "labels": {"recording_sid": "RE1", "sha256": "e3b0"},
        }

    def test_only_the_owner_may_read_files_and_enter_folders(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        put(bucket)
        found = [root, *root.rglob("*")]
        modes = {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_file()}
        assert modes == {0o600}
        modes = {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()}
        assert modes == {0o700}

    def test_nothing_but_the_object_and_the_lock_is_left(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        put(bucket)
        files = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
        assert files == [".twirec/lock", NAME, f"{NAME}.labels.json"]

    def test_deleting_leaves_neither_bytes_nor_labels(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        bucket.delete(NAME, put(bucket).generation)
        assert [path for path in (root / "recordings").rglob("*") if path.is_file()] == []

    def test_memory_does_not_grow_with_the_size(self, bucket: FolderBucket) -> None:
        chunk = bytes(1024 * 1024)
        tracemalloc.start()
        try:
            bucket.put(
                NAME,
                (chunk for _ in range(48)),
                content_type="audio/wav",
                labels={},
                custom_time=AT,
                finish=dict,
            )
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 6 * len(chunk)

    def test_a_disk_that_gives_back_something_else_is_found_out(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        def damage() -> None:
            (draft,) = drafts(root)
            draft.write_bytes(b"RIFX" + DATA[4:])

        with pytest.raises(VerificationFailed):
            put(bucket, finish=damage)
        assert list(bucket.list()) == []


class TestTheDisk:
    @pytest.mark.parametrize("call", ["write", "fsync", "link"])
    @pytest.mark.parametrize(
        ("number", "told", "why"),
        [
            (errno.ENOSPC, BucketRefused, "full"),
            (errno.EDQUOT, BucketRefused, "full"),
            (errno.EROFS, BucketRefused, "cannot be used"),
            (errno.EACCES, BucketRefused, "cannot be used"),
            (errno.EIO, BucketUnavailable, "does not answer"),
            (errno.ESTALE, BucketUnavailable, "does not answer"),
        ],
    )
    def test_errors_of_the_disk_are_told_in_a_sentence_and_leave_nothing(
        self,
        bucket: FolderBucket,
        root: Path,
        monkeypatch: pytest.MonkeyPatch,
        call: str,
        number: int,
        told: type[Exception],
        why: str,
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise OSError(number, "on demand")

        with monkeypatch.context() as patch:

            def break_the_disk() -> None:
                patch.setattr(os, call, fail)

            if call == "write":
                put(bucket, b"", name="first.wav")
                break_the_disk()
            with pytest.raises(told, match=why):
                put(bucket, finish=break_the_disk)
        assert drafts(root) == []
        assert [stored.name for stored in bucket.list("recordings/")] == []

    def test_a_folder_that_cannot_be_made_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(BucketRefused, match="cannot be used"):
            put(FolderBucket(tmp_path / "file" / "bucket"))

    def test_damaged_labels_are_told_and_prove_nothing(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        put(bucket)
        (root / f"{NAME}.labels.json").write_text("{")
        stored = bucket.stat(NAME)
        assert (stored.problem, stored.crc32c, stored.labels) == (
            "its labels are damaged",
            None,
            {},
        )

    def test_a_file_of_somebody_else_is_described_without_what_is_not_known(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        root.mkdir()
        (root / "found.wav").write_bytes(b"RIFF")
        found = bucket.stat("found.wav")
        assert (found.size, found.crc32c, found.labels, found.custom_time) == (4, None, {}, None)
        assert found.generation == (root / "found.wav").stat().st_mtime_ns
        assert list(bucket.list()) == [found]


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            "/etc/passwd",
            "../outside.wav",
            "recordings/../../outside.wav",
            "recordings/./a.wav",
            "recordings//a.wav",
            "recordings/",
            ".",
            "..",
            "a\0b",
            ".twirec/lock",
            "a.wav.labels.json",
        ],
    )
    def test_a_name_that_leads_elsewhere_is_refused(
        self, bucket: FolderBucket, root: Path, name: str
    ) -> None:
        uses: list[Callable[[], Any]] = [
            lambda: put(bucket, name=name),
            lambda: bucket.stat(name),
            lambda: bucket.label(name, 1, {}),
            lambda: bucket.open_range(name),
            lambda: bucket.delete(name, 1),
        ]
        for use in uses:
            with pytest.raises(BucketRefused, match="cannot be the name"):
                use()
        assert not root.exists()

    def test_a_name_that_is_too_long_is_refused(self, bucket: FolderBucket) -> None:
        with pytest.raises(BucketRefused, match="cannot be used"):
            put(bucket, name="a" * 300)

    def test_a_folder_is_no_object(self, bucket: FolderBucket) -> None:
        put(bucket)
        with pytest.raises(ObjectNotFound):
            bucket.stat("recordings/2026")


class Killed(BaseException):
    """The process dies here."""


CALLS = ("write", "fsync", "pread", "link", "unlink", "open", "replace", "mkdir")


class Death:
    """Lets the process die before the nth call to the system: nothing works from then on."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    def before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Killed
            return call(*args, **options)

        return counted


class TestCrash:
    def test_at_any_line_leaves_nothing_or_the_whole_object(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outcomes = [self.crash(tmp_path / str(nth), nth, monkeypatch) for nth in range(60)]
        assert outcomes[0] == "nothing"
        assert "whole, and killed" in outcomes
        assert outcomes[-1] == "whole"

    def crash(self, root: Path, nth: int, monkeypatch: pytest.MonkeyPatch) -> str:
        death = Death(nth)
        killed = False
        with monkeypatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, death.before(getattr(os, name)))
            try:
                put(FolderBucket(root))
            except Killed:
                killed = True
        after = FolderBucket(root)
        found = list(after.list())
        if found:
            assert found[0].labels == {"recording_sid": "RE1", "sha256": "e3b0"}
            assert b"".join(after.open_range(NAME)) == DATA
            with pytest.raises(ObjectExists):
                put(after)
            return "whole, and killed" if killed else "whole"
        assert killed
        assert put(after).size == len(DATA)
        return "nothing"

    def test_drafts_that_were_left_are_removed_by_the_next_write(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        put(bucket, name="first.wav")
        left = root / ".twirec" / "draft-left"
        left.write_bytes(b"half a call")
        put(bucket)
        assert not left.exists()

    def test_drafts_that_others_are_writing_are_not(self, bucket: FolderBucket, root: Path) -> None:
        put(bucket, name="first.wav")
        other = root / ".twirec" / "draft-other"
        with other.open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            put(bucket)
        assert other.exists()

    def test_labels_that_were_left_without_an_object_do_not_reach_the_next(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        put(bucket, name="recordings/2026/first.wav")
        about = {"generation": 1, "labels": {"left": "behind"}, "custom_time": None}
        (root / f"{NAME}.labels.json").write_text(json.dumps(about))
        assert [stored.name for stored in bucket.list()] == ["recordings/2026/first.wav"]
        assert put(bucket).labels == {"recording_sid": "RE1", "sha256": "e3b0"}

    def test_labels_that_were_left_without_an_object_go_when_it_is_asked_for(
        self, bucket: FolderBucket, root: Path
    ) -> None:
        """They name the customer, and who erases the recording asks for its object."""
        put(bucket)
        (root / NAME).unlink()
        with pytest.raises(ObjectNotFound):
            bucket.stat(NAME)
        assert not (root / f"{NAME}.labels.json").exists()

    def test_everything_is_forced_to_the_disk_before_the_object_is_visible(
        self, bucket: FolderBucket, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []
        for name in ("fsync", "link"):
            monkeypatch.setattr(os, name, _noted(events, name, getattr(os, name)))
        put(bucket)
        at = events.index("link")
        made = ["bucket", ".twirec", "recordings", "2026"]
        assert events[:at].count("fsync") == len(made) + len(["bytes", "labels", "their folder"])
        assert events[at + 1 :] == ["fsync"]


def _noted(events: list[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*args: Any, **options: Any) -> Any:
        events.append(name)
        return call(*args, **options)

    return noted
