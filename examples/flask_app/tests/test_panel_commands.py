"""What an operator does on the command line."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup
from flask.testing import FlaskCliRunner
from panel_house import LINE, PASSWORD, Browser, make_app, open_archive, settings_of

from callpanel import accounts, demo
from callpanel.extensions import db
from twirec import Archive, CatalogError, operating_user

LONG = "una contraseña larga"


@pytest.fixture
def cli(app: Flask) -> FlaskCliRunner:
    """Run commands on the house's app."""
    return app.test_cli_runner()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Flask]:
    """An app whose tables were never made."""
    environ: Mapping[str, str] = settings_of(tmp_path)
    archive = open_archive(environ)
    yield make_app(environ, archive)
    archive.close()


def test_init_makes_the_tables_of_both_and_again_changes_nothing(
    empty: Flask, tmp_path: Path
) -> None:
    for _ in range(2):
        result = empty.test_cli_runner().invoke(args=["init"])
        assert result.output.endswith("The tables are of this version.\n"), result.exception
    assert Browser(empty).get("/readyz").status_code == 200
    for name in ("catalog.db", "callpanel.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("serve", ["phone", "panel"])
def test_one_init_makes_the_tables_of_both_whatever_is_served(serve: str, tmp_path: Path) -> None:
    result = flask({**settings_of(tmp_path), "CALLPANEL_SERVE": serve}, "init")
    assert result.output.endswith("The tables are of this version.\n"), result.exception
    environ = settings_of(tmp_path)
    archive = open_archive(environ)
    assert Browser(make_app(environ, archive)).get("/readyz").status_code == 200
    archive.close()


def test_before_init_no_command_and_no_visitor_leaves_a_file(empty: Flask, tmp_path: Path) -> None:
    assert Browser(empty).get("/readyz").status_code == 503
    for words in (["user", "list"], ["user", "add", "pia", "--role", "agent", "--password", LONG]):
        result = empty.test_cli_runner().invoke(args=words)
        assert (result.exit_code, "callpanel init" in result.output) == (1, True), result.output
    assert list(tmp_path.glob("*.db*")) == []


def test_a_new_account_may_sign_in_and_is_on_the_audit_log(
    cli: FlaskCliRunner, client: Browser, archive: Archive
) -> None:
    given = ["user", "add", "Pia", "--role", "agent", "--line", LINE, "--password", LONG]
    result = cli.invoke(args=given)
    assert result.output == "pia may sign in, as agent.\n"
    entry = archive.audit.log(limit=1)[0]
    assert (entry.by, entry.action, entry.outcome) == (operating_user(), "user_add", "done")
    assert client.sign_in("pia", LONG).status_code == 302


def test_a_password_is_asked_for_twice(cli: FlaskCliRunner, client: Browser) -> None:
    result = cli.invoke(args=["user", "add", "pia", "--role", "admin"], input=f"{LONG}\n{LONG}\n")
    assert result.exit_code == 0
    assert LONG not in result.output
    assert client.sign_in("pia", LONG).status_code == 302


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["pia", "--role", "admin", "--password", "short"], "Password: give 12 to 256"),
        (["ana", "--role", "admin", "--password", LONG], "ana has an account already"),
        (["7 up", "--role", "admin", "--password", LONG], "Name: give an e-mail address"),
        (["pia", "--role", "agent", "--line", "ana", "--password", LONG], "Line: write +34"),
        (["pia", "--role", "king", "--password", LONG], "Invalid value for '--role'"),
        (["pia", "--password", LONG], "Missing option '--role'"),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    cli: FlaskCliRunner, app: Flask, given: list[str], said: str
) -> None:
    result = cli.invoke(args=["user", "add", *given])
    assert result.exit_code in (1, 2)
    assert said in result.output
    with app.app_context():
        assert [each.name for each in accounts.everybody()] == ["alex", "ana", "aurora", "sergio"]


def test_a_refused_account_is_on_the_audit_log(cli: FlaskCliRunner, archive: Archive) -> None:
    cli.invoke(args=["user", "add", "ana", "--role", "admin", "--password", LONG])
    entry = archive.audit.log(limit=1)[0]
    assert (entry.action, entry.outcome) == ("user_add", "failed")


def test_a_new_password_ends_the_sessions(
    cli: FlaskCliRunner, supervisor: Browser, client: Browser, archive: Archive
) -> None:
    result = cli.invoke(args=["user", "password", "sergio", "--password", LONG])
    assert result.output == "sergio has a new password.\n"
    assert supervisor.get("/calls").status_code == 302
    assert client.sign_in("sergio", PASSWORD).status_code == 401
    assert client.sign_in("sergio", LONG).status_code == 302
    assert archive.audit.log(action="user_password", limit=1)[0].detail["user"] == "sergio"


def test_nobody_has_no_password(cli: FlaskCliRunner) -> None:
    result = cli.invoke(args=["user", "password", "nobody", "--password", LONG])
    assert result.exit_code == 1
    assert "nobody has no account" in result.output


def test_the_list_has_everybody(cli: FlaskCliRunner, app: Flask) -> None:
    with app.app_context():
        sergio = accounts.find("sergio")
        assert sergio
        accounts.change(sergio, disabled=True)
        accounts.keep()
    lines = cli.invoke(args=["user", "list"]).output.splitlines()
    assert lines == [
        f"alex\tagent\t{LINE}",
        "ana\tadmin\t",
        "aurora\tauditor\t",
        "sergio\tsupervisor\tdisabled",
    ]


def test_nothing_stays_that_is_not_on_the_audit_log(
    cli: FlaskCliRunner,
    app: Flask,
    admin: Browser,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_draft: object) -> None:
        raise CatalogError("The catalog cannot be used: disk is full.")

    monkeypatch.setattr(archive.catalog.audit, "append", fails)
    cli.invoke(args=["user", "add", "pia", "--role", "admin", "--password", LONG])
    new = {"name": "eva", "password": LONG, "role": "admin", "line": ""}
    assert admin.post("/users", new).status_code == 503
    with app.app_context():
        sergio = accounts.find("sergio")
        assert sergio
        sid = sergio.id
    changed = {"role": "admin", "line": "", "password": "", "disabled": "no"}
    assert admin.post(f"/users/{sid}", changed).status_code == 503
    with app.app_context():
        roles = {each.name: str(each.role) for each in accounts.everybody()}
    assert roles == {
        "alex": "agent",
        "ana": "admin",
        "aurora": "auditor",
        "sergio": "supervisor",
    }


# --- what an operator can mend is one sentence ------------------------------------------------


def flask(environ: Mapping[str, str], *words: str) -> Result:
    """Run `flask --app callpanel`."""
    runner = CliRunner(env={**dict.fromkeys(os.environ), "PATH": os.environ["PATH"], **environ})
    return runner.invoke(FlaskGroup(), ["--app", "callpanel", *words])


@pytest.mark.parametrize("words", [["init"], ["user", "list"]], ids=" ".join)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TWIREC_CONSENTMODE": "opt_in"}, "did you mean TWIREC_CONSENT_MODE?"),
        ({"CALLPANEL_LINES": ""}, "CALLPANEL_LINES is empty"),
    ],
)
def test_wrong_settings_are_one_message_of_each_command(
    words: list[str], changes: dict[str, str], said: str, tmp_path: Path
) -> None:
    result = flask({**settings_of(tmp_path), **changes}, *words)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "Error: These settings need attention:" in result.output
    assert said in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["TWIREC_DATABASE_URL", "CALLPANEL_DATABASE_URL"])
def test_a_database_that_cannot_be_made_is_one_sentence(name: str, tmp_path: Path) -> None:
    result = flask({**settings_of(tmp_path), name: "sqlite:////nowhere/at/all.db"}, "init")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "/nowhere/at/all.db: No such file or directory." in result.output


def test_the_port_of_the_demo_may_be_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(demo.main, ["--port", str(port)])
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert result.output.startswith(f"Error: port {port} of 127.0.0.1 cannot be used")


def test_what_is_deleted_of_the_accounts_is_overwritten(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
