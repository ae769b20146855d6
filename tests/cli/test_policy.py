"""Who is recorded, on the command line."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.cli.conftest import Twirec
from twirec.archive import Archive
from twirec.model.errors import InvalidQuery
from twirec.model.words import ConsentMode, Direction

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
    assert not archive.policy(SHOP, Direction.IN).policy.on
    assert archive.policy(SHOP, Direction.OUT).policy.on
    assert archive.policy("+34911000222", Direction.IN).policy.on
    archive.close()


def test_off_and_on_again_leaves_both_in_the_history(twirec: Twirec, archive: Archive) -> None:
    twirec("off", "--reason", "an audit")
    twirec("on", "--reason", "the audit is over")
    history = archive.catalog.policy_history()
    assert [(change.on, change.why) for change in history] == [
        (False, "an audit"),
        (True, "the audit is over"),
    ]
    assert all(change.by.startswith("os:") for change in history)
    assert archive.policy(SHOP, Direction.IN).policy.on
    archive.close()


def test_a_switch_for_all_names_the_numbers_that_it_does_not_touch(twirec: Twirec) -> None:
    twirec("on", "--number", SHOP, "--reason", "the shop wants it")
    said = twirec("off", "--reason", "an order of the authority").output
    assert f"Not changed: it is on for all calls of {SHOP}." in said


def test_a_number_that_is_reset_follows_all_others(twirec: Twirec, archive: Archive) -> None:
    twirec("on", "--number", SHOP, "--reason", "the shop wants it")
    assert twirec("policy", "--number", SHOP, "--reset").exit_code == 1
    assert twirec("policy", "--number", SHOP, "--reset", "--reason", "no more").exit_code == 0
    said = twirec("off", "--reason", "an order of the authority").output
    assert "Not changed" not in said
    assert not archive.policy(SHOP, Direction.IN).policy.on
    assert archive.audit_log(action="policy")[1].detail["of"] == "a number"
    archive.close()


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        ("2026-11-03", "at: give one moment"),
        ("yesterday", "at: give one moment"),
        ("soon", "at: 'soon' is not understood"),
    ],
)
def test_what_held_is_asked_of_one_past_moment(twirec: Twirec, at: str, problem: str) -> None:
    asked = twirec("policy", "--at", at)
    assert asked.exit_code == 1
    assert problem in asked.output


def test_what_held_may_be_asked_in_words(twirec: Twirec) -> None:
    twirec("off", "--reason", "an audit")
    assert "off" in twirec("policy", "--number", SHOP).output
    before = twirec("policy", "--number", SHOP, "--at", "yesterday at 17:00")
    assert before.exit_code == 0
    assert "off" not in before.output


def test_a_change_says_what_is_to_hold(archive: Archive) -> None:
    with pytest.raises(InvalidQuery, match="say what is to hold"):
        archive.change_policy(by="ana", why="nothing")
    assert archive.catalog.policy_history() == []
    archive.close()


def test_a_reset_goes_alone(twirec: Twirec) -> None:
    said = twirec("policy", "--reset", "--mode", "opt_in", "--reason", "x")
    assert said.exit_code == 2
    assert "give it alone" in said.output


def test_a_change_of_the_mode_keeps_the_switch(twirec: Twirec, archive: Archive) -> None:
    twirec("off", "--number", SHOP, "--reason", "agreed")
    twirec("policy", "--number", SHOP, "--mode", "opt_out", "--reason", "advice")
    policy = archive.policy(SHOP, Direction.IN).policy
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
        (("off", "--reason", " "), "reason: say why"),
        (("policy", "--mode", "opt_in"), "reason: say why"),
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
    assert result.exit_code == 1
    assert said in result.output
    assert archive.catalog.policy_history() == []
    archive.close()


def test_a_narrower_scope_may_not_be_left_without_a_yes(twirec: Twirec) -> None:
    both = ("--mode", "opt_in", "--legal-basis", "consent", "--reason", "x")
    assert twirec("policy", "--number", SHOP, "--mode", "announce", "--reason", "x").exit_code == 0
    result = twirec("policy", *both)
    assert result.exit_code == 1
    assert "announce does not fit" in result.output
