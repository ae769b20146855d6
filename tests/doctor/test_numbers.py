"""Whether numbers point at the app."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doctor.conftest import Installation
from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.doctor.numbers import check_numbers, served
from twirec.model.errors import VendorRefused
from twirec.model.inspection import Check, CheckResult, Level, OwnAddress

PUBLIC = "https://calls.example.com/app"
BIN = "https://handler.twilio.com/twiml/EH" + "0" * 32
ENDED = f"{PUBLIC}/twirec/ended#rc=5&rp=all"


def number(**changes: Any) -> OwnAddress:
    fields: dict[str, Any] = {
        "address": "+34911000111",
        "voice_url": f"{PUBLIC}/voice",
        "voice_method": "POST",
        "fallback_url": BIN,
        "fallback_method": "POST",
        "status_callback": ENDED,
        "status_method": "POST",
    }
    return OwnAddress(**{**fields, **changes})


def check(*numbers: OwnAddress) -> list[CheckResult]:
    return list(check_numbers(numbers, PUBLIC))


def test_a_number_that_points_here_is_ok() -> None:
    (result,) = check(number())
    assert (result.level, "+34911000111" in result.what) == (Level.OK, True)


def test_a_query_in_the_voice_url_and_another_order_of_the_fragment_are_fine() -> None:
    (result,) = check(
        number(
            voice_url=f"{PUBLIC}/voice?line=2", status_callback=f"{PUBLIC}/twirec/ended#rp=all&rc=5"
        )
    )
    assert result.level is Level.OK


@pytest.mark.parametrize(
    ("changes", "level", "said"),
    [
        ({"voice_url": "http://calls.example.com/app/voice"}, Level.FAILED, "begin with https://"),
        ({"voice_method": "GET"}, Level.FAILED, "GET instead of POST"),
        ({"fallback_url": ""}, Level.WARNING, "cut off when the app fails"),
        ({"fallback_url": f"{PUBLIC}/voice-2"}, Level.WARNING, "on the app's own host"),
        ({"fallback_url": f"{PUBLIC}/voice#rc=1"}, Level.WARNING, "the voice URL itself"),
        ({"fallback_url": "https://calls.example.com:8443/x"}, Level.WARNING, "own host"),
        ({"fallback_url": f"{PUBLIC}/x", "fallback_method": "GET"}, Level.WARNING, "by GET"),
        ({"status_callback": ""}, Level.WARNING, "not told"),
        ({"status_callback": "https://crm.example.com/ended"}, Level.WARNING, "not told"),
        ({"status_method": "GET"}, Level.WARNING, "not told"),
        (
            {"status_callback": f"{PUBLIC}/twirec/ended"},
            Level.WARNING,
            "tells the end of a call again only",
        ),
        (
            {"status_callback": f"{PUBLIC}/twirec/ended#rc=5"},
            Level.WARNING,
            "tells the end of a call again only",
        ),
    ],
)
def test_what_is_wrong_with_a_number_is_said(
    changes: dict[str, str], level: Level, said: str
) -> None:
    (result,) = check(number(**changes))
    assert (result.level, said in result.what, bool(result.fix)) == (level, True, True)


def test_each_thing_that_is_wrong_is_a_line() -> None:
    told, cut_off = check(number(status_callback="", fallback_url=""))
    assert ("not told" in told.what, "cut off" in cut_off.what) == (True, True)
    assert "twirec fallback --dial" in cut_off.fix


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_twiml_bin_as_fallback_is_asked_by_either(method: str) -> None:
    (result,) = check(number(fallback_method=method))
    assert result.level is Level.OK


@pytest.mark.parametrize("address", ["shop.sip.twilio.com", "AP" + "0" * 32])
def test_by_what_own_phones_dial_out_nobody_can_be_connected_by_a_fallback(address: str) -> None:
    (result,) = check(number(address=address, fallback_url=""))
    assert result.level is Level.OK


def test_what_an_application_serves_is_judged_by_its_urls() -> None:
    sid = "AP" + "1" * 32
    ours = number(address=sid, voice_url="http://calls.example.com/app/voice")
    (failed,) = check(*served([number(voice_url="", served_by=sid)], [ours]))
    assert (failed.level, failed.what[:12]) == (Level.FAILED, "+34911000111")


def test_other_apps_applications_are_nobodys_numbers() -> None:
    other = number(address="AP" + "1" * 32, voice_url="https://elsewhere.example.com/")
    (result,) = check(*served([number()], [other]))
    assert result.level is Level.OK


@pytest.mark.parametrize(
    "voice_url",
    [
        "",
        "https://demo.twilio.com/welcome/voice/",
        "https://calls.example.com/other",
        "https://calls.example.com/application",
        "https://calls.example.com:8443/app/voice",
    ],
)
def test_a_number_that_points_elsewhere_is_a_warning(voice_url: str) -> None:
    here, there = check(number(), number(address="+34911000222", voice_url=voice_url))
    assert (here.level, there.level) == (Level.OK, Level.WARNING)
    assert "+34911000222" in there.what


def test_that_no_number_points_here_is_failed() -> None:
    failed, warning = check(number(voice_url="https://demo.twilio.com/"))
    assert (failed.level, warning.level) == (Level.FAILED, Level.WARNING)
    assert PUBLIC in failed.fix


def test_what_a_number_is_served_by_is_told() -> None:
    (result,) = check(number(served_by="AP" + "0" * 32))
    assert (result.level, "application" in result.what) == (Level.WARNING, True)


def test_one_line_names_ten_numbers_and_counts_the_rest() -> None:
    others = [number(address=f"+3491100{at:04}", voice_url="") for at in range(25)]
    result = check(number(), *others)[-1]
    assert result.what.count("+34911") == 10
    assert "15 more" in result.what


def test_numbers_are_read_page_by_page(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.adapters.twilio_inspect.PAGE_SIZE", 2)
    for at in range(5):
        installation.number(f"+3491100020{at}")
    found = [one for one in installation.examine() if one.check is Check.NUMBERS]
    assert [one.level for one in found] == [Level.OK] * 6


def test_sip_domains_senders_and_applications_are_looked_at_like_numbers(
    installation: Installation,
) -> None:
    sandbox, url = installation.sandbox, installation.url
    ended = f"{url}/twirec/ended#rc=5&rp=all"
    bin_ = sandbox.twiml_bin("<Response/>")
    serving = sandbox.application(
        voice_url=f"{url}/voice", fallback_url=bin_, status_callback=ended
    )
    softphone = sandbox.application(voice_url=f"{url}/softphone", status_callback=ended)
    sandbox.addresses.sender("whatsapp:+34911000111", application=serving)
    sandbox.addresses.sender("whatsapp:+34911000999")  # takes no calls
    sandbox.number("+34911000222", voice_url="", application=serving)
    sandbox.addresses.domain("shop.sip.twilio.com", voice_url=f"{url}/voice", status_callback=ended)
    sandbox.addresses.domain("other.sip.twilio.com", voice_url="https://elsewhere.example.com/")
    results = installation.examine()
    numbers = [one for one in results if one.check is Check.NUMBERS]
    here = {one.what.split()[0] for one in numbers if one.level is Level.OK}
    assert here == {
        "+34911000111",
        "+34911000222",
        "whatsapp:+34911000111",
        "shop.sip.twilio.com",
        softphone.sid,
    }
    (there,) = [one for one in numbers if one.level is not Level.OK]
    assert there.what == "Not recorded by this app: other.sip.twilio.com."
    views = {one.what.split()[0] for one in results if one.check is Check.VIEW}
    assert views == {f"{url}/voice", f"{url}/softphone"}


def test_what_may_not_be_listed_is_said(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> Any:
        raise VendorRefused("the SIP domains: HTTP 403, code 70051", status=403, code=70051)

    monkeypatch.setattr(TwilioInspector, "domains", refused)
    numbers = [one for one in installation.examine() if one.check is Check.NUMBERS]
    assert [one.level for one in numbers] == [Level.UNKNOWN, Level.OK]
