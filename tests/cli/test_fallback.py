"""The TwiML that connects callers while the app is down."""

from __future__ import annotations

import json
from xml.etree.ElementTree import Element, fromstring

import pytest

from tests.cli.conftest import Twirec


def parsed(text: str) -> Element:
    return fromstring(text)  # noqa: S314 - our own


def test_it_connects_whom_it_is_told_and_records_nothing(twirec: Twirec) -> None:
    result = twirec(
        "fallback", "--dial", "911 222 333", "--dial", "client:ana", "--dial", "sip:a@b.c"
    )
    assert result.exit_code == 0
    assert result.output.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    (dial,) = parsed(result.output)
    assert [(one.tag, one.text) for one in dial] == [
        ("Number", "+34911222333"),
        ("Client", "ana"),
        ("Sip", "sip:a@b.c"),
    ]
    assert (dial.tag, dial.attrib) == ("Dial", {})


@pytest.mark.parametrize(
    ("options", "voice", "language"),
    [((), "Polly.Lucia-Neural", "es-ES"), (("--language", "en-GB"), "Polly.Amy-Neural", "en-GB")],
)
def test_a_sentence_is_said_by_the_voice_of_the_language(
    twirec: Twirec, options: tuple[str, ...], voice: str, language: str
) -> None:
    result = twirec("fallback", "--dial", "911222333", "--say", "Un momento & ya.", *options)
    say, dial = parsed(result.output)
    assert (say.tag, say.text, dial.tag) == ("Say", "Un momento & ya.", "Dial")
    assert say.attrib == {"voice": voice, "language": language}


def test_as_json(twirec: Twirec) -> None:
    document = json.loads(twirec("fallback", "--dial", "911222333", "--json").output)["twiml"]
    assert parsed(document).tag == "Response"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--dial"),
        (["--dial", "101"], "dial: give +34911222333"),
        (["--dial", "queue:support"], "dial: give +34911222333"),
        (["--dial", "911222333"] * 11, "give one to 10"),
        (["--dial", "911222333", "--say", "x" * 301], "300 characters or less"),
        (["--dial", "911222333", "--say", "x\x07"], "control characters"),
        (["--dial", "911222333", "--say", "x", "--language", "eu-ES"], "no voice for eu-ES"),
    ],
)
def test_what_could_not_be_played_is_wrong_usage(
    twirec: Twirec, arguments: list[str], said: str
) -> None:
    result = twirec("fallback", *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
