"""What the doctor sees of the folder and of the catalog."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import column, delete, table, update

from tests.doctor.conftest import Installation
from twirec.adapters.disk import network_filesystem
from twirec.adapters.folder_inspect import inspect_folder
from twirec.catalog import Catalog
from twirec.catalog.inspection import inspect_database
from twirec.doctor.disks import MIB, check_database_file, check_folder, check_migrations, check_room
from twirec.model.errors import CatalogUnavailable, SettingsError
from twirec.model.inspection import Check, DatabaseFacts, DatabaseFile, FolderFacts, Level

VERSION = table("alembic_version", column("version_num"))

# --- the folder ---------------------------------------------------------------------------------


def test_a_folder_that_is_not_made_yet_is_ok_and_is_not_made(
    installation: Installation, tmp_path: Path
) -> None:
    result = installation.found(Check.BUCKET, TWIREC_BUCKET=f"file://{tmp_path}/a/b")
    assert (result.level, "can be made" in result.what) == (Level.OK, True)
    assert not (tmp_path / "a").exists()


def test_a_folder_that_cannot_be_written_is_failed(installation: Installation) -> None:
    result = installation.found(Check.BUCKET, TWIREC_BUCKET="file:///proc/self")
    assert (result.level, bool(result.fix)) == (Level.FAILED, True)


def test_a_folder_that_cannot_be_made_is_failed(installation: Installation) -> None:
    result = installation.found(Check.BUCKET, TWIREC_BUCKET="file:///dev/null/bucket")
    assert result.level is Level.FAILED


def test_a_disk_without_links_is_failed(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    result = installation.found(Check.BUCKET)
    assert (result.level, "not permitted" in result.what) == (Level.FAILED, True)


def test_drafts_on_another_disk_than_recordings_are_failed(tmp_path: Path) -> None:
    (tmp_path / ".twirec").mkdir()
    (tmp_path / "recordings").symlink_to("/proc")
    assert "link" in inspect_folder(tmp_path).problem


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    for made in (tmp_path, tmp_path / ".twirec"):
        made.mkdir(exist_ok=True)
        assert inspect_folder(tmp_path).problem == ""
    assert list(tmp_path.rglob("*")) == [tmp_path / ".twirec"]


@pytest.mark.parametrize(
    ("mode", "level"), [(0o700, Level.OK), (0o750, Level.WARNING), (0o705, Level.WARNING)]
)
def test_others_may_not_look_into_the_folder(
    installation: Installation, tmp_path: Path, mode: int, level: Level
) -> None:
    (tmp_path / "bucket").chmod(mode)
    result = installation.found(Check.FOLDER_PERMISSIONS)
    assert (result.level, "chmod 700" in result.fix) == (level, level is not Level.OK)


@pytest.mark.parametrize(
    ("free", "level"),
    [(5120 * MIB, Level.OK), (5119 * MIB, Level.WARNING), (511 * MIB, Level.FAILED)],
)
def test_a_disk_that_gets_full_is_told_in_time(free: int, level: Level) -> None:
    assert check_room(Check.BUCKET_DISK, free).level is level
    *_, room = check_folder(Path("/bucket"), FolderFacts(0o700, "", free))
    assert room.level is level


# --- the catalog --------------------------------------------------------------------------------


def facts(
    revision: str | None = "0002", *, head: str = "0002", known: bool = True
) -> DatabaseFacts:
    return DatabaseFacts(revision, head, known, None)


@pytest.mark.parametrize(
    ("found", "level", "said"),
    [
        (facts(), Level.OK, "0002"),
        (facts("0001"), Level.FAILED, "twirec init"),
        (facts(None, known=False), Level.FAILED, "twirec init"),
        (facts("0003", known=False), Level.FAILED, "Update twirec"),
    ],
)
def test_the_tables_have_to_be_of_this_version(
    found: DatabaseFacts, level: Level, said: str
) -> None:
    result = check_migrations(found)
    assert (result.level, said in result.what + result.fix) == (level, True)


@pytest.mark.about_sqlite("there is no file")
def test_a_catalog_that_was_never_made_is_failed_and_not_made(
    installation: Installation, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    result = installation.found(Check.DATABASE, TWIREC_DATABASE_URL=url)
    assert (result.level, "twirec init" in result.what) == (Level.FAILED, True)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.about_sqlite("it is an empty file")
def test_a_catalog_without_tables_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    assert inspect_database(f"sqlite:///{tmp_path}/empty.db").revision is None


def test_a_catalog_of_this_version_or_of_another_is_known_or_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    catalog = Catalog(url)
    catalog.set_up()
    made = inspect_database(url)
    assert (made.revision, made.is_known) == (made.head, True)
    assert check_migrations(made).level is Level.OK

    with catalog.database.write() as connection:
        connection.execute(update(VERSION).values(version_num="9999"))
    newer = inspect_database(url)
    assert (newer.revision, newer.is_known, newer.head) == ("9999", False, made.head)
    assert "Update twirec" in check_migrations(newer).fix

    with catalog.database.write() as connection:
        connection.execute(delete(VERSION))
    assert inspect_database(url).revision is None
    catalog.close()


@pytest.mark.about_sqlite("it is a file")
def test_a_file_that_is_no_database_is_failed(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("these are notes, and far from being a database" * 99)
    url = f"sqlite:///{tmp_path}/notes.db"
    assert installation.found(Check.DATABASE, TWIREC_DATABASE_URL=url).level is Level.FAILED


@pytest.mark.parametrize("url", ["nonsense", "nosuch://host/db"])
def test_with_a_wrong_url_no_other_database_is_looked_at(
    installation: Installation, url: str
) -> None:
    result = installation.found(Check.SETTINGS, TWIREC_DATABASE_URL=url)
    assert (result.level, "TWIREC_DATABASE_URL" in result.what) == (Level.FAILED, True)
    assert installation.found(Check.DATABASE, TWIREC_DATABASE_URL=url).level is Level.UNKNOWN


def test_a_server_that_is_down_is_unavailable() -> None:
    with pytest.raises((CatalogUnavailable, SettingsError)):
        inspect_database("postgresql+psycopg://nobody@127.0.0.1:9/none")


@pytest.mark.about_sqlite("it is the file")
def test_the_file_of_a_catalog_is_looked_at(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    catalog = Catalog(url)
    catalog.set_up()
    found = inspect_database(url).file
    catalog.close()
    assert found is not None
    assert (found.mode, found.journal, found.network) == (0o600, "wal", None)
    assert found.free_bytes > 0


@pytest.mark.parametrize(
    ("file", "level", "said"),
    [
        (DatabaseFile(0o600, "wal", None, 0), Level.OK, "owner"),
        (DatabaseFile(0o640, "wal", None, 0), Level.WARNING, "640"),
        (DatabaseFile(0o600, "delete", None, 0), Level.FAILED, "delete"),
        (DatabaseFile(0o600, "wal", "nfs4", 0), Level.FAILED, "nfs4"),
    ],
)
def test_the_file_has_to_be_private_and_local(file: DatabaseFile, level: Level, said: str) -> None:
    result = check_database_file(file)
    assert (result.level, said in result.what) == (level, True)


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("server:/srv {} nfs4 rw 0 0", "nfs4"),
        ("//server/share {} cifs rw 0 0", "cifs"),
        ("user@host: {} fuse.sshfs rw 0 0", "fuse.sshfs"),
        ("/dev/sdb1 {} ext4 rw 0 0", None),
        ("tmpfs {}/elsewhere nfs rw 0 0", None),
    ],
)
def test_a_disk_of_another_machine_is_recognised(
    tmp_path: Path, row: str, found: str | None
) -> None:
    mounts = tmp_path / "mounts"
    place = tmp_path / "with space"
    place.mkdir()
    escaped = str(place).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\n{row.format(escaped)}\n")
    assert network_filesystem(place / "catalog.db", mounts) == found


def test_without_a_list_of_mounts_a_disk_is_taken_for_local(tmp_path: Path) -> None:
    assert network_filesystem(tmp_path, tmp_path / "none") is None
