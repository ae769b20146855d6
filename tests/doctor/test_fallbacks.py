"""The TwiML Bins that stand in for the app."""

from __future__ import annotations

import pytest

from tests.doctor.conftest import Installation
from twirec.archive import Archive
from twirec.doctor.fallbacks import check_bin
from twirec.model.inspection import AppAnswer, Check, Level

SID = "EH" + "0" * 32


def bin_(installation: Installation, document: str) -> None:
    installation.number(fallback_url=installation.sandbox.twiml_bin(document))


def test_what_the_command_prints_is_ok(installation: Installation) -> None:
    archive = Archive.from_env(installation.environ)
    bin_(installation, archive.calls.fallback("+34911222333", say="Un momento."))
    archive.close()
    assert installation.found(Check.FALLBACK).level is Level.OK


@pytest.mark.parametrize(
    ("inside", "level", "said"),
    [
        ("<Dial record='record-from-answer'>+34911222333</Dial>", Level.FAILED, "records callers"),
        ("<Record/>", Level.FAILED, "records callers"),
        ("<Start><Recording/></Start><Dial>+34911222333</Dial>", Level.FAILED, "records callers"),
        ("<Say>Cerrado.</Say>", Level.WARNING, "connects nobody"),
        ("", Level.WARNING, "connects nobody"),
    ],
)
def test_what_is_wrong_with_one_is_said(
    installation: Installation, inside: str, level: Level, said: str
) -> None:
    bin_(installation, f"<Response>{inside}</Response>")
    result = installation.found(Check.FALLBACK)
    assert (result.level, said in result.what, bool(result.fix)) == (level, True, True)


def test_one_that_is_gone_is_failed(installation: Installation) -> None:
    installation.number(fallback_url=f"{installation.sandbox.url}/twiml/{SID}")
    result = installation.found(Check.FALLBACK)
    assert (result.level, "answered 404" in result.what) == (Level.FAILED, True)


@pytest.mark.parametrize("text", ["Hello", "<Twiml/>", "<Response>", "<!DOCTYPE x><Response/>"])
def test_what_is_no_twiml_is_failed(text: str) -> None:
    result = check_bin(SID, AppAnswer(200, text=text))
    assert (result.level, "no TwiML" in result.what) == (Level.FAILED, True)


@pytest.mark.parametrize(
    "url", ["https://webhooks.twilio.com/v1/Accounts/AC1/Flows/FW1", "https://other.example.com/x"]
)
def test_what_might_do_something_is_not_tried(installation: Installation, url: str) -> None:
    installation.number(fallback_url=url)
    assert [one for one in installation.examine() if one.check is Check.FALLBACK] == []


def test_one_that_does_not_answer_is_no_fault_of_the_app(installation: Installation) -> None:
    installation.number(fallback_url=f"http://127.0.0.1:9/twiml/{SID}")
    result = installation.found(Check.FALLBACK)
    assert (result.level, "127.0.0.1:9 does not answer" in result.what) == (Level.FAILED, True)
    assert "reach Twilio" in result.fix
