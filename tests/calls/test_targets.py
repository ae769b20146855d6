"""Whom a call is to be connected with."""

from __future__ import annotations

import pytest

from twirec.calls.targets import check_dialled, check_own_number, check_phone, check_targets
from twirec.model.errors import InvalidQuery


@pytest.mark.parametrize(
    ("given", "targets"),
    [
        (["911 222 333"], ("+34911222333",)),
        (["+34911222333", "client:ana"], ("+34911222333", "client:ana")),
        (["sip:shop@pbx.example.com;transport=tls"], ("sip:shop@pbx.example.com;transport=tls",)),
        (["queue:support"], ("queue:support",)),
        (["conference:room-1"], ("conference:room-1",)),
        ([], ()),
    ],
)
def test_targets_are_what_twilio_can_connect(given: list[str], targets: tuple[str, ...]) -> None:
    assert check_targets("dial", given, "ES") == targets


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["queue:support", "+34911222333"], "dial: give a queue or a conference alone"),
        (["+34911222333", "conference:room-1"], "dial: give a queue or a conference alone"),
        (["queue:a", "queue:b"], "dial: give a queue or a conference alone"),
        (["ana"], "dial: give +34911222333, client:NAME or sip:ADDRESS"),
        (["client:"], "dial: give +34911222333"),
        (["queue:"], "dial: give +34911222333"),
        (["anonymous"], "dial: give +34911222333"),
        (["12"], "dial: give +34911222333"),
        (["+34911222333"] * 11, "dial: give 10 at the most"),
    ],
)
def test_what_twilio_cannot_connect_is_refused(given: list[str], problem: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        check_targets("dial", given, "ES")
    assert str(refused.value).startswith(problem)


def test_a_queue_is_no_phone_that_can_be_called() -> None:
    with pytest.raises(InvalidQuery, match=r"^to: "):
        check_phone("to", "queue:support", "ES")


@pytest.mark.parametrize("given", ["client:ana", "12", "", "anonymous"])
def test_an_own_number_is_a_number(given: str) -> None:
    assert check_own_number("911 000 111", "ES") == "+34911000111"
    with pytest.raises(InvalidQuery, match=r"^own_number: "):
        check_own_number(given, "ES")


@pytest.mark.parametrize(
    ("given", "country", "number"),
    [
        ("112", "ES", "112"),
        ("15", "FR", "15"),  # the ambulance; 17 is the police, 18 the fire brigade
        ("sip:17@co.sip.twilio.com", "FR", "17"),
        ("10111", "ZA", "10111"),  # the police, and a whole number of five digits too
        ("600 11 12 22", "ES", "+34600111222"),
        ("010111", "ES", "010111"),
    ],
)
def test_a_short_number_is_dialled_as_it_is(given: str, country: str, number: str) -> None:
    assert check_dialled(given, country) == number
