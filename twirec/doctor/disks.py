"""Whether what is kept on this machine is kept well: the folder of recordings, the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from twirec.adapters.folder_inspect import inspect_folder
from twirec.catalog.inspection import inspect_database
from twirec.doctor.results import failed, ok, warning
from twirec.model.inspection import Check, CheckResult, DatabaseFacts, DatabaseFile, FolderFacts

MIB = 1024 * 1024
ROOM_WARNED, ROOM_FAILED = 5120 * MIB, 512 * MIB
"""Bytes. A recording of four hours in two channels is about 460 MB."""


def folder_results(root: Path) -> Iterator[CheckResult]:
    """Check a folder that serves as a bucket."""
    yield from check_folder(root, inspect_folder(root))


def check_folder(root: Path, facts: FolderFacts) -> Iterator[CheckResult]:
    """Check what was found of a folder."""
    if facts.problem:
        yield failed(
            Check.BUCKET,
            f"In {root} nothing can be written: {facts.problem}.",
            "Give this user the folder, on one local disk, or correct TWIREC_BUCKET.",
        )
    elif facts.mode is None:
        yield ok(Check.BUCKET, f"{root} is not there yet, and can be made.")
    else:
        yield ok(Check.BUCKET, f"{root} can be written.")
    if facts.mode is not None and not facts.problem:
        yield check_folder_mode(root, facts.mode)
    yield check_room(Check.BUCKET_DISK, facts.free_bytes)


def check_folder_mode(root: Path, mode: int) -> CheckResult:
    """Check that other users of the machine cannot look into the folder."""
    if mode & 0o077:
        what = f"Other users of this machine may look into {root} (mode {mode:03o})."
        return warning(Check.FOLDER_PERMISSIONS, what, f"chmod 700 {root}")
    return ok(Check.FOLDER_PERMISSIONS, f"Only its owner may look into {root}.")


def check_room(check: Check, free_bytes: int) -> CheckResult:
    """Check that a disk is not about to be full."""
    what = f"{free_bytes // MIB} MiB of the disk are free."
    fix = "Make room, or move to a larger disk."
    if free_bytes < ROOM_FAILED:
        return failed(check, what, fix)
    return warning(check, what, fix) if free_bytes < ROOM_WARNED else ok(check, what)


def database_results(url: str) -> Iterator[CheckResult]:
    """Check the catalog's database."""
    facts = inspect_database(url)
    yield check_migrations(facts)
    if facts.file:
        yield check_database_file(facts.file)
        yield check_room(Check.DATABASE_DISK, facts.file.free_bytes)


def check_migrations(facts: DatabaseFacts) -> CheckResult:
    """Check that the tables are those of this version of the library."""
    if facts.revision is None:
        return failed(Check.DATABASE, "The catalog has no tables yet.", "Run: twirec init")
    if not facts.is_known:
        return failed(
            Check.DATABASE,
            f"The catalog is of a newer version of twirec ({facts.revision}).",
            "Update twirec on this machine: pip install --upgrade twirec",
        )
    if facts.revision != facts.head:
        return failed(
            Check.DATABASE,
            f"The catalog's tables are of version {facts.revision}, not {facts.head}.",
            "Run: twirec init",
        )
    return ok(Check.DATABASE, f"The catalog answers, and its tables are of version {facts.head}.")


def check_database_file(file: DatabaseFile) -> CheckResult:
    """Check the file of a SQLite database.

    Source: https://www.sqlite.org/wal.html (all processes have to be on one machine).
    """
    if file.network:
        return failed(
            Check.DATABASE_FILE,
            f"The catalog is on another machine's disk ({file.network}), where SQLite loses data.",
            "Move the file to a local disk, or use PostgreSQL.",
        )
    if file.journal != "wal":
        return failed(
            Check.DATABASE_FILE,
            f"SQLite keeps its journal in the mode {file.journal} instead of wal.",
            "Move the file to a local disk that SQLite can use in WAL mode.",
        )
    if file.mode & 0o077:
        return warning(
            Check.DATABASE_FILE,
            f"Other users of this machine may read the catalog (mode {file.mode:03o}).",
            "chmod 600 the file, and what lies beside it with -wal and -shm.",
        )
    return ok(Check.DATABASE_FILE, "Only its owner may read the catalog; it is on a local disk.")
