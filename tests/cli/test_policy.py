"""Who is recorded, on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Twirec
from tests.factories import call_sid
from twirec.archive import Archive
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import ConsentMode, Direction
from twirec.testing import ACCOUNT_SID

SHOP = "+34911000111"


@pytest.fixture(autouse=True)
def set_up(twirec: Twirec) -> None:
    assert twirec("init").exit_code == 0


@pytest.fixture
def archive(environ: dict[str, str]) -> Archive:
    return Archive.from_env(environ)


def test_off_for_a_number_and_direction_touches_no_other(twirec: Twirec, archive: Archive) -> None:
    said = twirec("off", "--number", "911 000 111", "--direction", "in", "--reason", "agreed")
    assert said.output == f"Recording is off for calls in of {SHOP}, from now on.\n"
    assert not archive.policy.of(SHOP, Direction.IN).policy.on
    assert archive.policy.of(SHOP, Direction.OUT).policy.on
    assert archive.policy.of("+34911000222", Direction.IN).policy.on
    archive.close()


def test_off_and_on_again_leaves_both_in_the_history(twirec: Twirec, archive: Archive) -> None:
    twirec("off", "--reason", "an audit")
    twirec("on", "--reason", "the audit is over")
    history = archive.catalog.policy.history()
    assert [(change.on, change.why) for change in history] == [
        (False, "an audit"),
        (True, "the audit is over"),
    ]
    assert all(change.by.startswith("os:") for change in history)
    assert archive.policy.of(SHOP, Direction.IN).policy.on
    archive.close()


def test_a_switch_for_all_names_the_numbers_that_it_does_not_touch(twirec: Twirec) -> None:
    twirec("on", "--number", SHOP, "--reason", "the shop wants it")
    said = twirec("off", "--reason", "an order of the authority").output
    assert f"Not changed: it is on for all calls of {SHOP}." in said


def test_a_number_that_is_reset_follows_all_others(twirec: Twirec, archive: Archive) -> None:
    twirec("on", "--number", SHOP, "--reason", "the shop wants it")
    assert twirec("policy", "--number", SHOP, "--reset").exit_code == 2
    assert twirec("policy", "--number", SHOP, "--reset", "--reason", "no more").exit_code == 0
    said = twirec("off", "--reason", "an order of the authority").output
    assert "Not changed" not in said
    assert not archive.policy.of(SHOP, Direction.IN).policy.on
    assert archive.audit.log(action="policy")[1].detail["of"] == "a number"
    archive.close()


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        ("2026-11-03", "at: give the time too, such as 2026-11-03 17:00."),
        ("yesterday", "at: 'yesterday' is not a time; write 2026-11-03 17:00."),
        ("9999-12-31T23:59Z", "at: that is too far away for a time"),
        ("0001-01-01T00:00+05:00", "at: that is too far away for a time"),
        (
            "2026-10-25 02:20",
            "at: the clock was moved then; say 2026-10-25T02:20:00+02:00 or "
            "2026-10-25T02:20:00+01:00.",
        ),
        ("2026-03-29 02:30", "at: the clock was moved then; say"),
    ],
)
def test_what_held_is_asked_of_one_moment(twirec: Twirec, at: str, problem: str) -> None:
    asked = twirec("policy", "--at", at)
    assert asked.exit_code == 2
    assert problem in asked.output


@pytest.mark.parametrize("numbers", ["911000111,911000112", "911000111;911000112"])
def test_two_numbers_in_one_are_refused(twirec: Twirec, numbers: str) -> None:
    said = twirec("off", "--number", numbers, "--reason", "x")
    assert said.exit_code == 2
    assert "number: give +34911222333" in said.output


def test_a_sip_address_has_its_policy_however_it_is_reached(
    twirec: Twirec, archive: Archive
) -> None:
    twirec("off", "--number", "sip:Shop@acme.sip.twilio.com;transport=tls", "--reason", "x")
    assert not archive.policy.of("sip:shop@acme.sip.twilio.com:5060", Direction.IN).policy.on
    archive.close()


def test_what_is_no_number_has_no_policy(twirec: Twirec) -> None:
    asked = twirec("policy", "--number", "the shop")
    assert asked.exit_code == 2
    assert "number: give +34911222333, client:NAME or sip:ADDRESS." in asked.output


@pytest.mark.parametrize("at", ["2026-11-03 5:00", "2026-13-01 10:00"])
def test_an_hour_is_not_guessed(twirec: Twirec, at: str) -> None:
    assert "is not a time" in twirec("policy", "--at", at).output


def test_the_table_says_of_which_moment_it_is(twirec: Twirec) -> None:
    for at, moment in {
        "2026-11-03 05:00": "As of 2026-11-03 05:00 CET",
        "2026-10-25T02:20:00+01:00": "As of 2026-10-25 02:20 CET",
    }.items():
        assert moment in twirec("policy", "--at", at).output


@pytest.mark.parametrize("change", [("--mode", "opt_in"), ("--reset",)])
@pytest.mark.parametrize("past", [("--at", "2026-11-03 17:00"), ("--history",)])
def test_the_past_is_not_changed(
    twirec: Twirec, archive: Archive, change: tuple[str, ...], past: tuple[str, ...]
) -> None:
    said = twirec("policy", *past, *change, "--reason", "x")
    assert (said.exit_code, archive.catalog.policy.history()) == (2, [])
    archive.close()


def test_the_history_is_of_all(twirec: Twirec) -> None:
    assert twirec("policy", "--history").output.startswith("Nothing was ever changed")
    said = twirec("policy", "--history", "--number", SHOP)
    assert (said.exit_code, "give it alone" in said.output) == (2, True)


def test_the_history_says_who_changed_what_when_and_why(twirec: Twirec, archive: Archive) -> None:
    twirec("off", "--number", SHOP, "--reason", "works council")
    twirec("policy", "--mode", "opt_out", "--reason", "advice")
    twirec("policy", "--number", SHOP, "--reset", "--reason", "agreed for all")
    shown = twirec("policy", "--history").output
    assert "on: yes → no" in shown
    assert "mode: announce → opt_out" in shown
    assert "says nothing of its own" in shown
    assert f"all calls of {SHOP}" in shown
    assert "works council" in shown
    told = json.loads(twirec("policy", "--history", "--json").output)
    assert [(each["mode"], each["before"]["mode"]) for each in told] == [
        (None, "announce"),
        ("opt_out", "announce"),
        (None, "opt_out"),
    ]
    assert len(archive.policy.history()) == 3
    archive.close()


@pytest.mark.parametrize("number", ["foo", "", "91100", "9110001111"])
def test_a_number_that_is_none_switches_nothing(
    twirec: Twirec, archive: Archive, number: str
) -> None:
    for words in (("off",), ("policy", "--reset"), ("policy", "--mode", "opt_in")):
        said = twirec(*words, "--number", number, "--reason", "x")
        assert said.exit_code == 2
        assert "number: give +34911222333" in said.output
    assert archive.catalog.policy.history() == []
    archive.close()


def test_of_several_numbers_none_is_left_out_silently(twirec: Twirec, archive: Archive) -> None:
    said = twirec("off", "--number", SHOP, "--number", "911000222", "--reason", "x")
    assert said.exit_code == 2
    assert "give one" in said.output
    assert archive.catalog.policy.history() == []
    archive.close()


def test_a_switch_of_a_direction_names_the_numbers_that_it_does_not_touch(twirec: Twirec) -> None:
    twirec("on", "--number", SHOP, "--reason", "the shop wants it")
    said = twirec("off", "--direction", "out", "--reason", "an order of the authority").output
    assert f"Not changed: it is on for all calls of {SHOP}." in said
    said = twirec("off", "--number", SHOP, "--reason", "an order of the authority").output
    assert "Not changed" not in said


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("mode", {"mode": "nonsense"}),
        ("direction", {"direction": "sideways", "on": False}),
        ("legal_basis", {"legal_basis": "because"}),
    ],
)
def test_a_word_that_is_none_of_ours_is_refused(
    archive: Archive, field: str, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidQuery, match=rf"^{field}: .* is not known; choose "):
        archive.policy.change(by="ana", why="test", **wrong)
    assert archive.catalog.policy.history() == []
    archive.policy.change(by="ana", why="test", mode="opt_in")  # type: ignore[arg-type]
    assert archive.catalog.policy.history()[0].mode is ConsentMode.OPT_IN
    archive.close()


def test_what_held_does_not_change_with_the_settings(
    archive: Archive, environ: dict[str, str]
) -> None:
    request = {"AccountSid": ACCOUNT_SID, "CallSid": call_sid(), "From": "x", "To": SHOP}
    archive.webhooks.inbound.answer(request, dial=["+34911222333"])
    asked_at = archive.now()
    archive.close()
    later = Archive.from_env({**environ, "TWIREC_CONSENT_MODE": "opt_in"})
    assert later.policy.of(SHOP, Direction.IN).policy.mode is ConsentMode.OPT_IN
    later.webhooks.inbound.answer({**request, "CallSid": call_sid(2)}, dial=["+34911222333"])
    for at in (asked_at, datetime(2020, 1, 1, tzinfo=UTC)):
        assert later.policy.of(SHOP, Direction.IN, at=at).policy.mode is ConsentMode.ANNOUNCE
    later.close()


def test_a_change_says_what_is_to_hold(archive: Archive) -> None:
    with pytest.raises(InvalidQuery, match="say what is to hold"):
        archive.policy.change(by="ana", why="nothing")
    assert archive.catalog.policy.history() == []
    archive.close()


def test_a_reset_goes_alone(twirec: Twirec) -> None:
    said = twirec("policy", "--reset", "--mode", "opt_in", "--reason", "x")
    assert said.exit_code == 2
    assert "give it alone" in said.output


def test_a_change_of_the_mode_keeps_the_switch(twirec: Twirec, archive: Archive) -> None:
    twirec("off", "--number", SHOP, "--reason", "agreed")
    twirec("policy", "--number", SHOP, "--mode", "opt_out", "--reason", "advice")
    policy = archive.policy.of(SHOP, Direction.IN).policy
    assert (policy.on, policy.mode) == (False, ConsentMode.OPT_OUT)
    archive.close()


def test_the_state_at_a_past_minute_can_be_asked(
    twirec: Twirec, archive: Archive, environ: dict[str, str]
) -> None:
    twirec("off", "--reason", "agreed")
    now = archive.now().astimezone(archive.settings.timezone)
    before = (now - timedelta(minutes=2)).strftime("%Y-%m-%d %H:%M")
    after = (now + timedelta(minutes=2)).strftime("%Y-%m-%d %H:%M")
    for at, state in ((before, True), (after, False)):
        told = json.loads(twirec("policy", "--at", at, "--json").output)
        assert {row["on"] for row in told["policy"]} == {state}
    archive.close()


def test_the_table_says_since_when_and_by_whom_it_is_off(twirec: Twirec) -> None:
    twirec("off", "--number", SHOP, "--reason", "agreed")
    shown = twirec("policy").output
    assert "all others" in shown
    assert SHOP in shown
    assert "off since" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("off", "--reason", " "), "why: say why"),
        (("policy", "--mode", "opt_in"), "why: say why"),
        (
            ("policy", "--language", "eu-ES", "--reason", "x"),
            "language: Twilio has no neural voice",
        ),
        (("policy", "--legal-basis", "consent", "--reason", "x"), "does not fit the legal basis"),
    ],
)
def test_a_change_that_cannot_be_made_says_why_and_makes_none(
    twirec: Twirec, archive: Archive, words: tuple[str, ...], said: str
) -> None:
    result = twirec(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert archive.catalog.policy.history() == []
    archive.close()


def test_a_narrower_scope_may_not_be_left_without_a_yes(twirec: Twirec) -> None:
    both = ("--mode", "opt_in", "--legal-basis", "consent", "--reason", "x")
    assert twirec("policy", "--number", SHOP, "--mode", "announce", "--reason", "x").exit_code == 0
    result = twirec("policy", *both)
    assert result.exit_code == 2
    assert "announce does not fit" in result.output
