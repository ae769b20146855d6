"""A file of settings: read where it is named, and named where it is not read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from twirec import Archive, SettingsError
from twirec.cli import main
from twirec.settings.unread import unread_settings
from twirec.testing import ENVIRONMENT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a `.env`, and an environment with none of our settings."""
    for name in list(os.environ):
        if name.startswith(("TWIREC_", "TWILIO_")):
            monkeypatch.delenv(name)
    settings = {
        **ENVIRONMENT,
        "TWIREC_DATABASE_URL": f"sqlite:///{tmp_path}/catalog.db",
        "TWIREC_BUCKET": f"file://{tmp_path}/bucket",
        "TWIREC_COMPANY": "Muñoz e Hijos",
    }
    lines = [f'export {name}="{value}" # as agreed\n' for name, value in settings.items()]
    (tmp_path / ".env").write_text("# ours\n" + "".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:  # what it reads stays in the environment
        patch.setattr(os, "environ", os.environ.copy())
        return CliRunner().invoke(main, words)


@pytest.mark.parametrize(
    "words", [("--env-file", ".env", "init"), ("init", "--env-file", ".env")], ids=" ".join
)
def test_it_is_read_where_it_is_named(folder: Path, words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert (folder / "catalog.db").exists()


def test_the_environment_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIREC_DATABASE_URL", f"sqlite:///{folder}/other.db")
    assert run("--env-file", ".env", "init").exit_code == 0
    assert (folder / "other.db").exists()
    assert not (folder / "catalog.db").exists()


def test_where_it_is_not_read_it_is_named_with_what_to_do(folder: Path) -> None:
    result = run("stats")
    assert result.exit_code == 2
    assert "TWILIO_ACCOUNT_SID is missing" in result.stderr
    assert f"{folder}/.env has TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, " in result.stderr
    assert "twirec --env-file .env" in result.stderr
    assert "set -a; . ./.env; set +a" in result.stderr
    assert ENVIRONMENT["TWILIO_AUTH_TOKEN"] not in result.stderr
    with pytest.raises(SettingsError, match=r"/\.env has .* and is not read by itself"):
        Archive.from_env()
    assert not (folder / "catalog.db").exists()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, None),
        ("", None),
        ("DATABASE_URL=x\nPATH=y\n", None),
        ("# TWIREC_BUCKET=x\nTWIREC_BUCKET=\n", None),
        ("TWIREC_BUCKET=file:///x\n", "TWIREC_BUCKET"),
        ("  export TWIREC_BUCKET='file:///x'\r\nTWIREC_COMPANY=there", "TWIREC_BUCKET"),
        ("\xff\x00TWIREC_X\nTWIREC_BUCKET = y", "TWIREC_BUCKET"),
    ],
)
def test_only_names_that_are_missing_are_said(
    tmp_path: Path, text: str | None, named: str | None
) -> None:
    if text is not None:
        (tmp_path / ".env").write_bytes(text.encode("latin-1"))
    said = unread_settings({"TWIREC_COMPANY": "we"}, tmp_path)
    assert (said is None) == (named is None)
    assert said is None or f".env has {named}, and is not read" in said
    (tmp_path / ".env").unlink(missing_ok=True)
    (tmp_path / ".env").mkdir()
    assert unread_settings({}, tmp_path) is None
