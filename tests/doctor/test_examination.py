"""The whole examination: what it looks at, and that it goes on, changes and tells nothing."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest

from tests.doctor.conftest import OWN_NUMBER, Installation, levels
from twirec.doctor import examine
from twirec.model.inspection import Check, Level
from twirec.settings import REQUIRED

OF_GOOGLE = {
    Check.UNIFORM_ACCESS,
    Check.PUBLIC_ACCESS,
    Check.RETENTION,
    Check.SOFT_DELETE,
    Check.LIFECYCLE,
}
OF_THE_APP = {Check.PUBLIC_URL, Check.VIEW}
ONLY_WHERE_SET = {Check.TOKENS, Check.API_KEY, Check.PRIVATE_KEYS, Check.QUEUE}
CLOSED = "http://127.0.0.1:9"  # the port of `discard`, which nobody serves


@pytest.mark.about_sqlite("only a file has a disk to look at")
def test_an_installation_as_it_should_be_is_all_ok(installation: Installation) -> None:
    results = installation.examine()
    assert [result for result in results if result.level is not Level.OK] == []
    assert {result.check for result in results} == set(Check) - OF_GOOGLE - ONLY_WHERE_SET


def test_a_new_account_without_recordings_is_not_failed(installation: Installation) -> None:
    installation.sandbox.recordings[0].status = "deleted"
    found = levels(installation.examine())
    assert {check for check, level in found.items() if level is not Level.OK} == {
        Check.EXTERNAL_STORAGE,
        Check.MEDIA_ACCESS,
    }
    assert Level.FAILED not in found.values()


def files(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()
        for path in folder.rglob("*")
        if not path.name.endswith(("-wal", "-shm"))  # SQLite's own, there while it is open
    }


def test_nothing_is_changed_anywhere(installation: Installation, tmp_path: Path) -> None:
    before = files(tmp_path)
    installation.examine()
    assert files(tmp_path) == before
    assert {request.method for request in installation.sandbox.requests} == {"GET"}


def test_no_secret_is_told_and_no_number_is_logged(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = str(installation.examine() + installation.examine(TWILIO_AUTH_TOKEN="a wrong token"))
    for secret in (installation.sandbox.auth_token, "a wrong token"):
        assert secret not in told + caplog.text
    assert OWN_NUMBER in told
    assert OWN_NUMBER[3:] not in caplog.text


# --- settings that are wrong --------------------------------------------------------------------


def test_each_wrong_setting_is_a_line_and_the_rest_is_checked(installation: Installation) -> None:
    results = installation.examine(TWIREC_COMPANY="", TWIREC_COUNTRY="Spain")
    wrong = [result.what for result in results if result.level is Level.FAILED]
    assert [what.split()[0] for what in wrong] == ["TWIREC_COMPANY", "TWIREC_COUNTRY"]
    assert levels(results)[Check.PUBLIC_URL] is Level.OK
    assert levels(results)[Check.DATABASE] is Level.OK


@pytest.mark.parametrize(
    ("name", "unchecked"),
    [
        ("TWILIO_ACCOUNT_SID", {Check.CREDENTIALS, Check.INSTALLATIONS, *OF_THE_APP}),
        ("TWILIO_AUTH_TOKEN", {Check.CREDENTIALS, Check.INSTALLATIONS, *OF_THE_APP}),
        ("TWIREC_PUBLIC_URL", {Check.INSTALLATIONS, *OF_THE_APP}),
        ("TWIREC_BUCKET", {Check.BUCKET}),
    ],
)
def test_what_hangs_on_a_missing_setting_is_not_checked(
    installation: Installation, name: str, unchecked: set[Check]
) -> None:
    found = levels(installation.examine(**{name: ""}))
    assert found[Check.SETTINGS] is Level.FAILED
    assert {check for check, level in found.items() if level is Level.UNKNOWN} == unchecked


@pytest.mark.about_sqlite("the file of the default is not there")
def test_no_setting_at_all_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where there is no twirec.db
    results = list(examine({}))
    told = [result.what.split()[0] for result in results if result.check is Check.SETTINGS]
    assert sorted(told) == sorted(REQUIRED)
    assert levels(results)[Check.DATABASE] is Level.FAILED
    assert list(tmp_path.iterdir()) == []


def test_a_region_without_an_edge_is_told(installation: Installation) -> None:
    results = installation.examine(TWIREC_TWILIO_API_URL=None, TWILIO_REGION="ie1")
    assert levels(results)[Check.SETTINGS] is Level.FAILED
    assert levels(results)[Check.CREDENTIALS] is Level.UNKNOWN
    wrong = [one.what for one in results if one.check is Check.SETTINGS]
    assert ["TWILIO_EDGE" in what for what in wrong] == [True]
    # With Twilio's own API the address of this machine is no public one.
    assert levels(results)[Check.PUBLIC_URL] is Level.FAILED


# --- what is down -------------------------------------------------------------------------------


def test_with_twilio_out_of_reach_the_other_checks_go_on(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.0)
    found = levels(installation.examine(TWIREC_TWILIO_API_URL=CLOSED))
    failed = {check for check, level in found.items() if level is Level.FAILED}
    assert failed == {Check.CREDENTIALS, Check.NUMBERS}
    assert found[Check.BUCKET] is found[Check.DATABASE] is found[Check.PUBLIC_URL] is Level.OK


@pytest.mark.about_sqlite("there is no file")
def test_with_everything_down_each_line_has_its_fix(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.0)
    results = installation.examine(
        TWIREC_TWILIO_API_URL=CLOSED,
        TWIREC_PUBLIC_URL=CLOSED,
        TWIREC_BUCKET="file:///dev/null/bucket",
        TWIREC_DATABASE_URL="sqlite:////proc/nowhere.db",
    )
    failed = [result for result in results if result.level is Level.FAILED]
    assert {result.check for result in failed} >= {
        Check.CREDENTIALS,
        Check.NUMBERS,
        Check.PUBLIC_URL,
        Check.BUCKET,
        Check.DATABASE,
    }
    assert all(result.fix for result in failed)
