"""Whether numbers point at the app."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doctor.conftest import Installation
from twirec.doctor.numbers import check_numbers
from twirec.model.inspection import Check, Finding, Level, OwnNumber

PUBLIC = "https://calls.example.com/app"
ENDED = f"{PUBLIC}/twirec/ended#rc=5&rp=all"


def number(**changes: Any) -> OwnNumber:
    fields: dict[str, Any] = {
        "number": "+34911000111",
        "voice_url": f"{PUBLIC}/voice",
        "voice_method": "POST",
        "fallback_url": f"{PUBLIC}/voice",
        "status_callback": ENDED,
        "status_method": "POST",
    }
    return OwnNumber(**{**fields, **changes})


def check(*numbers: OwnNumber) -> list[Finding]:
    return list(check_numbers(numbers, PUBLIC))


def test_a_number_that_points_here_is_ok() -> None:
    (finding,) = check(number())
    assert (finding.level, "+34911000111" in finding.what) == (Level.OK, True)


def test_a_query_in_the_voice_url_and_another_order_of_the_fragment_are_fine() -> None:
    (finding,) = check(
        number(
            voice_url=f"{PUBLIC}/voice?line=2", status_callback=f"{PUBLIC}/twirec/ended#rp=all&rc=5"
        )
    )
    assert finding.level is Level.OK


@pytest.mark.parametrize(
    ("changes", "level", "said"),
    [
        ({"voice_url": "http://calls.example.com/app/voice"}, Level.FAILED, "begin with https://"),
        ({"voice_method": "GET"}, Level.FAILED, "GET instead of POST"),
        ({"fallback_url": ""}, Level.WARNING, "cut off"),
        ({"status_callback": ""}, Level.WARNING, "not told"),
        ({"status_callback": "https://crm.example.com/ended"}, Level.WARNING, "not told"),
        ({"status_method": "GET"}, Level.WARNING, "not told"),
        ({"status_callback": f"{PUBLIC}/twirec/ended"}, Level.WARNING, "only once"),
        ({"status_callback": f"{PUBLIC}/twirec/ended#rc=5"}, Level.WARNING, "only once"),
    ],
)
def test_what_is_wrong_with_a_number_is_said(
    changes: dict[str, str], level: Level, said: str
) -> None:
    (finding,) = check(number(**changes))
    assert (finding.level, said in finding.what, bool(finding.fix)) == (level, True, True)


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
    here, there = check(number(), number(number="+34911000222", voice_url=voice_url))
    assert (here.level, there.level) == (Level.OK, Level.WARNING)
    assert "+34911000222" in there.what


def test_that_no_number_points_here_is_failed() -> None:
    failed, warning = check(number(voice_url="https://demo.twilio.com/"))
    assert (failed.level, warning.level) == (Level.FAILED, Level.WARNING)
    assert PUBLIC in failed.fix


def test_what_a_number_is_served_by_is_told() -> None:
    (finding,) = check(number(served_by="AP" + "0" * 32))
    assert (finding.level, "application" in finding.what) == (Level.WARNING, True)


def test_one_line_names_ten_numbers_and_counts_the_rest() -> None:
    others = [number(number=f"+3491100{at:04}", voice_url="") for at in range(25)]
    finding = check(number(), *others)[-1]
    assert finding.what.count("+34911") == 10
    assert "15 more" in finding.what


def test_numbers_are_read_page_by_page(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.adapters.twilio_inspect.PAGE_SIZE", 2)
    for at in range(5):
        installation.number(f"+3491100020{at}")
    found = [one for one in installation.examine() if one.check is Check.NUMBERS]
    assert [one.level for one in found] == [Level.OK] * 6
