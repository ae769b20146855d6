"""Who runs a command: the operating system says it, and no variable."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

import twirec
from twirec.model.audit import without_numbers

FORGED = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"), "ana.directora")


def test_what_variables_say_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in FORGED.items():
        monkeypatch.setenv(name, value)
    assert twirec.operating_user() == f"os:{pwd.getpwuid(os.getuid()).pw_name}"


def test_a_user_without_a_name_is_named_by_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1_000_650_000)
    assert twirec.operating_user() == "os:uid-1000650000"
    assert without_numbers(twirec.operating_user()) == "os:uid-1000650000"


def test_nothing_else_asks_who_runs_it() -> None:
    told = "import getpass", "LOGNAME", "getlogin"
    places = [Path(twirec.__file__).parent, Path("examples/flask_app/callpanel")]
    asking = {
        path.name
        for place in places
        for path in place.rglob("*.py")
        if any(word in path.read_text() for word in told)
    }
    assert asking == {"operating_user.py"}


def test_the_log_names_who_ran_the_command(tmp_path: Path) -> None:
    archive = twirec.Archive.from_env(twirec_environment(tmp_path))
    archive.set_up()
    subprocess.run(
        [sys.executable, "-m", "twirec", "off", "--reason", "works council"],
        env={**os.environ, **FORGED, **twirec_environment(tmp_path)},
        cwd=tmp_path,
        check=True,
    )
    assert {entry.by for entry in archive.audit.log()} == {twirec.operating_user()}
    archive.close()


def twirec_environment(folder: Path) -> dict[str, str]:
    from twirec.testing import ENVIRONMENT

    places = {
        "TWIREC_DATABASE_URL": f"sqlite:///{folder}/catalog.db",
        "TWIREC_BUCKET": f"file://{folder}/bucket",
    }
    return {**ENVIRONMENT, **places}
