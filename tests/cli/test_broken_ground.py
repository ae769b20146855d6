"""Whatever a command stands on is broken: it ends with one sentence, and never a traceback."""

from __future__ import annotations

import errno
import os
import shlex
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.test_every_command import WORDS
from twirec.archive import Archive
from twirec.cli import main
from twirec.sandbox import Sandbox
from twirec.testing import ENVIRONMENT

CALL, RECORDING = "CA" + "0" * 32, "RE" + "0" * 32

COMMANDS = {
    words.split()[0]: shlex.split(words)
    for words in (
        "init",
        "doctor",
        "work --once",
        "sweep",
        f"admit {RECORDING} --ground x",
        "backfill --since 2026-11-01",
        "on --reason x",
        "off --reason x",
        "policy",
        "announcement",
        "inform +34911222333 --on 2026-01-01 --reference x",
        "agents",
        "call +34600111222 --connect +34911222333 --from +34911000111",
        f"pause {CALL}",
        f"resume {CALL}",
        "search",
        f"show {CALL}",
        f"annotate {CALL} --note x",
        "stats",
        "audit",
        f"transcribe {RECORDING}",
        f"waveform {RECORDING}",
        f"convert {RECORDING} --purpose claim --format flac",
        f"compare {RECORDING}",
        f"download {RECORDING} --purpose claim",
        f"evidence {RECORDING} --purpose claim -o x.pdf",
        f"erase {RECORDING} --reason x --yes",
        f"accept {RECORDING} --reason x",
        f"give-up {RECORDING} --reason x",
        "journal",
        "rebuild",
        "reindex",
        "fallback --dial +34911222333",
        f"add-numbers {Path(__file__).parent / 'conftest.py'} --reason x",  # no export of calls
    )
}
COMMANDS |= {
    name: [name, *words]
    for name, words in WORDS.items()
    if name not in COMMANDS and name not in {"sandbox", "verify"}
}
"""Every command that reads the settings."""


def test_every_command_is_tried() -> None:
    assert set(main.commands) - set(COMMANDS) == {"sandbox", "demo", "verify"}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Sandbox]:
    with Sandbox(speed=50) as sandbox:
        yield sandbox


@pytest.fixture
def environ(stand_in: Sandbox, tmp_path: Path) -> dict[str, str]:
    """The settings of an installation that works."""
    return {
        **ENVIRONMENT,
        "TWILIO_ACCOUNT_SID": stand_in.account_sid,
        "TWILIO_AUTH_TOKEN": stand_in.auth_token,
        "TWIREC_TWILIO_API_URL": stand_in.url,
        "TWIREC_PUBLIC_URL": "http://127.0.0.1:9",
        "TWIREC_BUCKET": f"file://{tmp_path}/bucket",
        "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/catalog.db",
    }


def run(environ: dict[str, str], words: list[str]) -> Result:
    return CliRunner().invoke(main, words, env=environ)


def ends_with_a_sentence(result: Result) -> bool:
    """Whether it ended as documented, and said why if it failed."""
    known = result.exception is None or isinstance(result.exception, SystemExit)
    said = result.exit_code == 0 or "Error: " in result.output
    return known and result.exit_code in (0, 1, 2) and said and "Traceback" not in result.output


def set_up(environ: dict[str, str]) -> Path:
    with closing(Archive.from_env(environ)) as archive:
        archive.set_up()
    return Path(environ["TWIREC_DATABASE_URL"].removeprefix("sqlite:///"))


def test_where_nothing_happened_yet_every_command_says_so(environ: dict[str, str]) -> None:
    set_up(environ)
    for name in set(COMMANDS) - {"doctor"}:
        result = run(environ, COMMANDS[name])
        assert ends_with_a_sentence(result), (name, result.output, result.exception)


# --- the catalog ------------------------------------------------------------------------------


def no_catalog(environ: dict[str, str]) -> str:
    return "There is no catalog at"


def no_folder(environ: dict[str, str]) -> str:
    environ["TWIREC_DATABASE_URL"] = environ["TWIREC_DATABASE_URL"].replace("/catalog", "/no/db")
    return "There is no catalog at"


def a_folder_instead_of_a_file(environ: dict[str, str]) -> str:
    Path(environ["TWIREC_DATABASE_URL"].removeprefix("sqlite:///")).mkdir()
    return "names a folder"


def no_database_in_it(environ: dict[str, str]) -> str:
    set_up(environ).write_text("Dear diary, " * 1000)
    return "file is not a database"


def no_server(environ: dict[str, str]) -> str:
    environ["TWIREC_DATABASE_URL"] = "postgresql://ana:s3cret@127.0.0.1:1/twirec"
    return "Connection refused"


LOOK_ELSEWHERE_FIRST = {"announcement", "fallback", "rebuild", "add-numbers"}


@pytest.mark.about_sqlite("it is the file that is broken")
@pytest.mark.parametrize(
    "breaks",
    [no_catalog, no_folder, a_folder_instead_of_a_file, no_database_in_it, no_server],
    ids=lambda breaks: breaks.__name__,
)
def test_a_catalog_that_cannot_be_used_is_one_sentence(
    breaks: Callable[[dict[str, str]], str], environ: dict[str, str]
) -> None:
    said = breaks(environ)
    for name in set(COMMANDS) - ({"init"} if breaks in (no_catalog, no_folder) else set()):
        result = run(environ, COMMANDS[name])
        if name == "doctor":
            assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
        else:
            assert ends_with_a_sentence(result), (name, result.output, result.exception)
            assert said in result.output or name in LOOK_ELSEWHERE_FIRST, (name, result.output)
        assert "s3cret" not in result.output


@pytest.mark.about_sqlite("there is no folder")
def test_a_catalog_cannot_be_made_in_no_folder(environ: dict[str, str]) -> None:
    no_folder(environ)
    result = run(environ, COMMANDS["init"])
    assert result.exit_code == 1
    assert "cannot be made at" in result.output


@pytest.mark.about_sqlite("it changes the file")
def test_a_newer_catalog_is_named(environ: dict[str, str]) -> None:
    with closing(sqlite3.connect(set_up(environ))) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    said = "Error: The catalog is of a newer version (9999) than this twirec: update twirec.\n"
    tried = {**COMMANDS, "work": ["work"]}  # which waits for a database that is away, not for this
    for name in set(tried) - {"doctor", "fallback", "rebuild"}:  # this looks at its bucket first
        result = run(environ, tried[name])
        assert (result.exit_code, result.output) == (1, said), name


@pytest.mark.about_sqlite("it locks the file")
def test_a_catalog_that_another_holds_is_one_sentence(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.catalog.waiting.PATIENCE", 0.02)
    file = set_up(environ)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for name in set(COMMANDS) - {"doctor"}:
            result = run(environ, COMMANDS[name])
            assert ends_with_a_sentence(result), (name, result.output, result.exception)
        assert "another process writes into it" in run(environ, COMMANDS["on"]).output


# --- the bucket -------------------------------------------------------------------------------


@pytest.mark.parametrize("bucket", ["/proc/nowhere/bucket", "{file}", "{file}/bucket"])
def test_a_bucket_that_cannot_be_used_is_one_sentence(
    bucket: str, environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "a file"
    file.touch()
    environ["TWIREC_BUCKET"] = "file://" + bucket.format(file=file)
    set_up(environ)
    for name in ("work", "sweep", "backfill", "journal", "rebuild"):
        result = run(environ, COMMANDS[name])
        assert ends_with_a_sentence(result), (name, result.output, result.exception)


# --- the settings -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TWIREC_FFMPEG", "/nowhere/ffmpeg", "is not the whole path of a program"),
        ("TWIREC_ANNOUNCEMENTS", "/nowhere/a.toml", "cannot be read: No such file or directory"),
        ("TWIREC_ANNOUNCEMENTS", "{broken}", "it is not TOML"),
        ("TWIREC_ANNOUNCEMENTS", "{folder}", "cannot be read: Is a directory"),
        ("TWIREC_DECRYPTION_KEYS", "CR" + "0" * 32 + "=/nowhere.pem", "the file cannot be read"),
        ("TWIREC_DECRYPTION_KEYS", "CR" + "0" * 32 + "={broken}", "TWIREC_DECRYPTION_KEYS"),
        ("TWIREC_DATABASE_URL", "postgres://ana:s3cret@h/d", "write postgresql+psycopg://"),
        ("TWIREC_CONSENTMODE", "opt_in", "did you mean TWIREC_CONSENT_MODE?"),
        ("TWIREC_COMPANY", "", "TWIREC_COMPANY is missing"),
    ],
)
def test_wrong_settings_are_named_and_nothing_is_done(
    name: str, value: str, said: str, environ: dict[str, str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("[es-ES\n")
    before = set(tmp_path.iterdir())
    environ[name] = value.format(broken=broken, folder=tmp_path)
    for command in set(COMMANDS) - {"doctor"}:
        result = run(environ, COMMANDS[command])
        assert (result.exit_code, result.exception.__class__) == (2, SystemExit)
        assert result.output.startswith("Error: These settings need attention:\n")
        assert said in result.output
        assert "s3cret" not in result.output
    assert set(tmp_path.iterdir()) == before


# --- the machine ------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run({}, ["sandbox", "--port", str(port)])
    assert result.exit_code == 1
    assert result.output == (
        f"Error: port {port} of 127.0.0.1 cannot be used: Address already in use; give another "
        "with --port or --host.\n"
    )


@pytest.mark.parametrize("folder", ["/proc/nowhere/demo", "{file}/demo"])
def test_a_demo_that_cannot_leave_anything_behind_says_so(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run({}, ["demo", "--folder", folder.format(file=tmp_path / "file")])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {folder.format(file=tmp_path / 'file')[:9]}")
    assert "Traceback" not in result.output


def test_a_machine_that_refuses_is_one_sentence(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/calls/catalog.db")
    monkeypatch.setattr(Archive, "set_up", lambda _: (_ for _ in ()).throw(full))
    result = run(environ, ["init"])
    assert (result.exit_code, result.output) == (
        1,
        "Error: /calls/catalog.db: No space left on device.\n",
    )
