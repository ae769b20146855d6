"""Which of several changes of the policy holds for a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from twirec.calls.policy import check_change, check_fits, decide, with_what_held_before
from twirec.calls.wordings import WORDINGS
from twirec.model.errors import InvalidQuery
from twirec.model.policy import Decision, Policy, PolicyChange
from twirec.model.vocabulary import ConsentMode, Direction, LegalBasis

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SHOP, OFFICE = "+34911000111", "+34911000222"
DEFAULT = Policy(
    on=True, mode=ConsentMode.ANNOUNCE, language="es-ES", legal_basis=LegalBasis.CONTRACT
)


def change(hours: int = 0, **said: Any) -> PolicyChange:
    return PolicyChange(at=NOON + hours * HOUR, by="ana", why="asked to", **said)


def decided(
    *history: PolicyChange,
    number: str = SHOP,
    direction: Direction = Direction.IN,
    hours: float = 10,
) -> Decision:
    at = NOON + hours * HOUR
    return decide(history, number=number, direction=direction, at=at, default=DEFAULT)


def test_without_a_change_the_default_holds() -> None:
    assert decided() == Decision(DEFAULT, None)


def test_a_change_holds_from_its_moment_on() -> None:
    off = change(on=False)
    assert decided(off, hours=-0.01).policy.on
    assert not decided(off, hours=0).policy.on


def test_the_newest_change_of_a_scope_holds() -> None:
    assert decided(change(on=False), change(1, on=True)).policy.on


def test_what_is_off_is_off_since_the_first_who_switched_it_off() -> None:
    first, again = change(on=False), change(2, on=False)
    assert decided(first, again).switched == first
    assert decided(first, change(1, on=True), again).switched == again
    assert decided(first, change(1), again).switched == again  # it was reset in between


def test_a_change_of_the_mode_says_nothing_of_who_switched() -> None:
    off, mode = change(on=False), change(1, mode=ConsentMode.OPT_IN)
    decision = decided(off, mode)
    assert (decision.policy.on, decision.policy.mode) == (False, ConsentMode.OPT_IN)
    assert decision.switched == off


def test_what_is_reset_follows_the_wider_scope_from_then_on() -> None:
    own, reset = change(on=True, mode=ConsentMode.OPT_IN, number=SHOP), change(1, number=SHOP)
    assert decided(own, reset, change(2, on=False)).policy == replace(DEFAULT, on=False)
    assert decided(own, reset) == Decision(DEFAULT, None)
    assert decided(own, reset, hours=0.5).policy.mode is ConsentMode.OPT_IN


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({}, {"number": SHOP}),
        ({}, {"direction": Direction.IN}),
        ({"direction": Direction.IN}, {"number": SHOP}),
        ({"number": SHOP}, {"number": SHOP, "direction": Direction.IN}),
    ],
)
def test_the_narrower_scope_holds_whichever_came_last(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    assert not decided(change(on=True, **wide), change(1, on=False, **narrow)).policy.on
    assert not decided(change(on=False, **narrow), change(1, on=True, **wide)).policy.on


def test_another_number_and_the_other_direction_are_not_touched() -> None:
    history = (change(on=False, number=SHOP, direction=Direction.IN),)
    assert decided(*history, number=OFFICE).policy.on
    assert decided(*history, direction=Direction.OUT).policy.on


def test_what_a_change_leaves_open_comes_from_the_wider_scope() -> None:
    history = (
        change(mode=ConsentMode.OPT_IN, language="ca-ES"),
        change(number=SHOP, language="en-GB"),
    )
    policy = decided(*history).policy
    assert (policy.on, policy.mode, policy.language) == (True, ConsentMode.OPT_IN, "en-GB")


def test_an_off_says_since_when_and_by_whom() -> None:
    assert decided(change(on=False)).why_off == "since 2026-11-03 12:00 UTC by ana"
    assert decided(change(on=True)).why_off == ""


@pytest.mark.parametrize("mode", ConsentMode)
@pytest.mark.parametrize("basis", LegalBasis)
def test_consent_as_a_legal_basis_needs_a_mode_that_needs_a_yes(
    mode: ConsentMode, basis: LegalBasis
) -> None:
    if basis is LegalBasis.CONSENT and not mode.needs_yes:
        with pytest.raises(InvalidQuery, match="mode"):
            check_fits(mode, basis)
    else:
        check_fits(mode, basis)


@pytest.mark.parametrize(
    "said", [{"language": "xx"}, {"language": "gl-ES"}, {"legal_basis": LegalBasis.CONSENT}]
)
def test_what_cannot_be_said_is_refused_also_while_recording_is_off(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuery):
        check_change(change(1, **said), [change(on=False)], DEFAULT, WORDINGS)


def test_recording_can_always_be_switched_off() -> None:
    wrong = replace(DEFAULT, legal_basis=LegalBasis.CONSENT)  # the settings changed
    check_change(change(on=False), [], wrong, WORDINGS)
    with pytest.raises(InvalidQuery):
        check_change(change(1, on=True), [change(on=False)], wrong, WORDINGS)


def test_of_each_change_is_said_what_held_before_it() -> None:
    history = [
        change(on=False),
        change(1, number=SHOP, on=True),
        change(2, number=OFFICE, mode=ConsentMode.OPT_IN),
        change(3, number=SHOP),
    ]
    told = with_what_held_before(history, [], DEFAULT)
    assert [each for each, _ in told] == history
    off = replace(DEFAULT, on=False)
    assert [before for _, before in told] == [DEFAULT, off, off, DEFAULT]
