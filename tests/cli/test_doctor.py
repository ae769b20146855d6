"""The doctor on the command line."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Twirec
from tests.doctor.conftest import Installation, installation
from twirec.model.inspection import Check, Level

__all__ = ["installation"]


@pytest.fixture
def environ(installation: Installation) -> dict[str, str]:
    return installation.environ


def test_each_finding_is_one_line(twirec: Twirec, installation: Installation) -> None:
    result = twirec("doctor")
    *lines, counts = result.output.splitlines()
    assert result.exit_code == 0, result.output
    assert [lines[0], lines[2]] == [
        "ok          settings: All settings can be read.",
        f"ok          credentials: {installation.sandbox.account_sid} is active and opens with its "
        "auth token.",
    ]
    assert all(line.startswith("ok ") for line in lines)
    assert counts == f"{len(lines)} ok, 0 warning, 0 failed, 0 not checked."


def test_a_warning_has_its_fix_and_does_not_fail(
    twirec: Twirec, installation: Installation
) -> None:
    installation.number("+34911000222", voice_url="https://demo.twilio.com/")
    result = twirec("doctor")
    assert result.exit_code == 0
    assert "warning     numbers: Not recorded by this app: +34911000222. Fix: If " in result.output


def test_what_failed_fails_the_command(twirec: Twirec, installation: Installation) -> None:
    installation.sandbox.hazards.records_by_default = True
    result = twirec("doctor")
    assert result.exit_code == 1
    assert "failed      default recording: " in result.output
    assert "1 failed" in result.output


def test_wrong_settings_are_findings_and_not_wrong_usage(
    twirec: Twirec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWIREC_COMPANY")
    result = twirec("doctor")
    assert result.exit_code == 1
    assert "failed      settings: TWIREC_COMPANY is missing" in result.output


def test_the_findings_as_json(twirec: Twirec) -> None:
    results = json.loads(twirec("doctor", "--json").output)
    assert {result["level"] for result in results} == {Level.OK}
    assert {result["check"] for result in results} <= set(Check)
    assert all(result.keys() == {"check", "level", "what", "fix"} for result in results)
