"""What the doctor sees at Twilio."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import responses

from tests.doctor.conftest import Installation
from twirec.adapters.twilio import Credentials, TwilioClients
from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.doctor.vendor import check_clock, check_media, vendor_results
from twirec.model.inspection import Check, Level
from twirec.sandbox import Fault, Faults
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.0)


# --- credentials --------------------------------------------------------------------------------


def test_a_wrong_auth_token_is_failed(installation: Installation) -> None:
    result = installation.found(Check.CREDENTIALS, TWILIO_AUTH_TOKEN="wrong")
    assert result.level is Level.FAILED
    assert "HTTP 401, Twilio error 20003" in result.what
    assert "auth token" in result.fix


def test_another_accounts_sid_is_failed(installation: Installation) -> None:
    result = installation.found(Check.CREDENTIALS, TWILIO_ACCOUNT_SID="AC" + "0" * 32)
    assert result.level is Level.FAILED


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_that_is_not_active_is_failed(installation: Installation, status: str) -> None:
    installation.sandbox.hazards.status = status
    result = installation.found(Check.CREDENTIALS)
    assert (result.level, status in result.what) == (Level.FAILED, True)


def test_a_subaccount_is_checked_with_its_own_token(installation: Installation) -> None:
    other = "AC" + "b" * 32
    results = installation.examine(TWIREC_TWILIO_AUTH_TOKENS=f"{other}=token of the subaccount")
    found = {one.what.split()[0]: one.level for one in results if one.check is Check.CREDENTIALS}
    assert found[installation.sandbox.account_sid] is Level.OK
    assert Level.FAILED in found.values()
    assert any(other in one.what for one in results if one.level is Level.FAILED)


def test_a_token_that_is_no_longer_the_accounts_is_a_warning(installation: Installation) -> None:
    account = installation.sandbox.account_sid
    result = installation.found(Check.TOKENS, TWIREC_TWILIO_AUTH_TOKENS=f"{account}=an old one")
    assert (result.level, "an old one" in str(result)) == (Level.WARNING, False)
    assert "Token 2" in result.what


def test_an_api_key_may_be_a_standard_one(installation: Installation) -> None:
    sandbox = installation.sandbox
    key = {"TWILIO_API_KEY": sandbox.api_key, "TWILIO_API_SECRET": sandbox.api_secret}
    assert {one.level for one in installation.examine(**key)} == {Level.OK}
    assert installation.found(Check.API_KEY, **key).level is Level.OK


def test_a_wrong_api_key_is_failed(installation: Installation) -> None:
    key = {"TWILIO_API_KEY": "SK" + "0" * 32, "TWILIO_API_SECRET": "wrong"}
    result = installation.found(Check.API_KEY, **key)
    assert (result.level, bool(result.fix)) == (Level.FAILED, True)


# --- the clock ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "level"),
    [(0, Level.OK), (-5, Level.OK), (6, Level.WARNING), (-60, Level.WARNING), (61, Level.FAILED)],
)
def test_a_clock_may_differ_by_some_seconds(seconds: int, level: Level) -> None:
    assert check_clock(NOON, NOON + timedelta(seconds=seconds)).level is level


def test_a_clock_that_is_an_hour_wrong_is_failed(installation: Installation) -> None:
    result = installation.found(Check.CLOCK, now=lambda: datetime.now(UTC) + timedelta(hours=1))
    assert result.level is Level.FAILED
    assert "36" in result.what


def test_without_twilios_time_the_clock_is_not_checked() -> None:
    assert check_clock(None, NOON).level is Level.UNKNOWN


# --- hazards ------------------------------------------------------------------------------------


def test_an_account_that_records_by_itself_is_failed(installation: Installation) -> None:
    installation.sandbox.hazards.records_by_default = True
    assert installation.found(Check.DEFAULT_RECORDING).level is Level.FAILED


def test_account_defaults_are_asked_for_at_their_own_host() -> None:
    credentials = {"AC" + "0" * 32: Credentials("key", "secret")}
    clients = TwilioClients(credentials, region="us1", edge="ashburn")
    inspector = TwilioInspector(clients)
    with responses.RequestsMock() as twilio:
        twilio.get("https://voice.twilio.com/v2/AccountDefaultConfiguration/Recording", status=404)
        assert not inspector.records_by_default("AC" + "0" * 32)
    clients.close()


def test_account_defaults_of_another_region_cannot_be_checked() -> None:
    settings = Settings.from_env({**ENVIRONMENT, "TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"})
    sid = settings.account_sid
    credentials = {sid: Credentials(*settings.credentials[sid])}
    clients = TwilioClients(credentials, region="ie1", edge="dublin")
    inspector = TwilioInspector(clients)
    base = f"https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/{sid}"
    with responses.RequestsMock() as twilio:
        twilio.get(f"{base}.json", json={"status": "active"})
        twilio.get(f"{base}/Recordings.json", json={"recordings": []})
        results = list(vendor_results(inspector, settings, lambda: NOON))
    clients.close()
    (result,) = [one for one in results if one.check is Check.DEFAULT_RECORDING]
    assert result.level is Level.UNKNOWN


def test_recordings_that_go_to_the_customers_s3_are_failed(installation: Installation) -> None:
    installation.sandbox.hazards.external = True
    results = {one.check: one.level for one in installation.examine()}
    assert results[Check.EXTERNAL_STORAGE] is Level.FAILED
    assert results[Check.MEDIA_ACCESS] is Level.UNKNOWN


def test_media_for_everybody_is_failed(installation: Installation) -> None:
    installation.sandbox.hazards.open_media = True
    result = installation.found(Check.MEDIA_ACCESS)
    assert (result.level, "HTTP Basic" in result.fix) == (Level.FAILED, True)


@pytest.mark.parametrize(
    ("status", "level"),
    [
        (401, Level.OK),
        (403, Level.OK),
        (200, Level.FAILED),
        (404, Level.UNKNOWN),
        (302, Level.UNKNOWN),
    ],
)
def test_what_media_without_credentials_means(status: int, level: Level) -> None:
    assert check_media("AC", status).level is level


def test_a_netrc_lends_no_credentials_to_the_media_check(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sandbox = installation.sandbox
    netrc = tmp_path / "netrc"
    login = f"machine 127.0.0.1 login {sandbox.account_sid} password {sandbox.auth_token}"
    netrc.write_text(login)
    monkeypatch.setenv("NETRC", str(netrc))
    assert installation.found(Check.MEDIA_ACCESS).level is Level.OK


def test_a_listing_that_fails_fails_only_what_hangs_on_it(installation: Installation) -> None:
    installation.sandbox.faults = Faults(listing={Fault.ERROR: 99})
    failed = {one.check for one in installation.examine() if one.level is Level.FAILED}
    assert failed == {Check.EXTERNAL_STORAGE, Check.NUMBERS}


@pytest.mark.parametrize("body", ["<html>", "[]", '{"status": null}'])
def test_an_answer_that_makes_no_sense_is_failed(body: str) -> None:
    settings = Settings.from_env(ENVIRONMENT)
    credentials = Credentials(*settings.credentials[settings.account_sid])
    clients = TwilioClients({settings.account_sid: credentials})
    inspector = TwilioInspector(clients)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as twilio:
        twilio.get(re.compile(".*/AC[0-9a-f]{32}.json"), body=body)
        twilio.get(re.compile(".*"), json={"recordings": []})
        results = list(vendor_results(inspector, settings, lambda: NOON))
    clients.close()
    assert results[0].level is Level.FAILED
