"""What Twilio lets the account dial, beside the company's own rules."""

from __future__ import annotations

import pytest
import responses

from tests.doctor.conftest import Installation
from twirec.adapters.twilio import Credentials, TwilioClients
from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.calls.dialling import DialRules
from twirec.doctor.dialling import check_dialling, dialling_results
from twirec.model.inspection import Check, DialPermission, Level

SID = "AC" + "0" * 32
RULES = DialRules("ES")


def country(code: str, *, special: bool = False, fraud: bool = False) -> DialPermission:
    return DialPermission(code, ordinary=True, special=special, fraud=fraud)


@pytest.mark.parametrize(
    ("allowed", "levels", "said"),
    [
        ([country("ES"), country("FR")], [Level.OK], "does not let it dial AT, BE"),
        (
            [country("ES"), country("US")],
            [Level.WARNING],
            "dial US, which TWIREC_DIAL_COUNTRIES does not name.",
        ),
        ([country("ES", special=True)], [Level.WARNING], "high-risk numbers of ES."),
        ([country("ES"), DialPermission("LV", False, fraud=True)], [Level.WARNING], "of LV."),
        ([country("FR")], [Level.FAILED], "does not let"),
        ([country("US", special=True)], [Level.FAILED, Level.WARNING, Level.WARNING], "ES"),
        ([], [Level.UNKNOWN], "names no country"),
    ],
)
def test_what_twilio_lets_the_account_dial_is_compared(
    allowed: list[DialPermission], levels: list[Level], said: str
) -> None:
    results = list(check_dialling(SID, allowed, RULES))
    assert [one.level for one in results] == levels
    assert said in results[0].what


def test_the_sandbox_is_asked(installation: Installation) -> None:
    assert installation.found(Check.GEO_PERMISSIONS).level is Level.OK
    installation.sandbox.hazards.dials = ("ES", "CU")
    assert "CU" in installation.found(Check.GEO_PERMISSIONS).what
    installation.sandbox.hazards.hides_numbers = True
    assert installation.found(Check.GEO_PERMISSIONS).level is Level.UNKNOWN


def test_it_is_asked_at_its_own_host_once_and_not_in_other_regions() -> None:
    url = "https://voice.twilio.com/v1/DialingPermissions/Countries"
    credentials = {SID: Credentials("key", "secret")}
    clients = TwilioClients(credentials, region="us1", edge="ashburn")
    inspector = TwilioInspector(clients)
    with responses.RequestsMock() as twilio:
        listed = [{"iso_code": "ES", "low_risk_numbers_enabled": True}]
        twilio.get(url, json={"content": listed, "meta": {"key": "content"}})
        assert inspector.dial_permissions(SID) == [DialPermission("ES", ordinary=True)]
        assert len(twilio.calls) == 1
    clients.close()
    clients = TwilioClients(credentials, region="ie1", edge="dublin")
    elsewhere = TwilioInspector(clients)
    (result,) = dialling_results(elsewhere, SID, RULES)
    assert result.level is Level.UNKNOWN
    clients.close()
