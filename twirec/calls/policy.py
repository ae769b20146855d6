"""What the history of the policy says of a number, a direction and a moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from twirec.calls.wordings import Wording, check_said
from twirec.model.errors import InvalidQuery
from twirec.model.policy import FIELDS, Decision, Policy, PolicyChange
from twirec.model.vocabulary import ConsentMode, Direction, LegalBasis

Scope = tuple[str | None, Direction | None]
Held = dict[Scope, dict[str, PolicyChange]]
"""For each number and direction, which change says what of it."""


def decide(
    history: Sequence[PolicyChange],
    *,
    number: str,
    direction: Direction | None,
    at: datetime,
    default: Policy,
) -> Decision:
    """Return what holds for a call.

    Of each scope the newest entry counts that says something of a field, unless one that says
    nothing at all came after it; of the scopes the narrowest that says something: number and
    direction, number, direction, all, and then the default.

    Args:
        history: the changes, oldest first.
        number: the own number, E.164.
        direction: of the call; None asks for what is said of both together.
        at: when it begins, UTC.
        default: what holds where no change says anything.
    """
    (decision,) = decide_all(history, [(number, direction)], at=at, default=default)
    return decision


def decide_all(
    history: Sequence[PolicyChange], scopes: Sequence[Scope], *, at: datetime, default: Policy
) -> list[Decision]:
    """Return what holds for calls of each own number and direction, as `decide` does for one."""
    held = held_by([change for change in history if change.holds_at(at)])
    return [_decide(held, *scope, default) for scope in scopes]


def _decide(
    held: Held, number: str | None, direction: Direction | None, default: Policy
) -> Decision:
    scopes = ((number, direction), (number, None), (None, direction), (None, None))
    applying = [held[scope] for scope in scopes if scope in held]

    def said(field: str) -> PolicyChange | None:
        return next((changes[field] for changes in applying if field in changes), None)

    def value(field: str) -> Any:
        return getattr(said(field) or default, field)

    policy = Policy(**{field: value(field) for field in FIELDS})
    return Decision(policy, said("on"))


def overruling(history: Sequence[PolicyChange], change: PolicyChange) -> list[PolicyChange]:
    """Return the switches of narrower scopes that say the opposite of a change, and hold.

    Args:
        history: the changes, oldest first.
        change: one that switches recording on or off.
    """
    now = [each for each in history if each.holds_at(change.at)]
    switches = [changes["on"] for changes in held_by(now).values() if "on" in changes]
    return [each for each in switches if each.on != change.on and _narrower(each, change)]


def _narrower(one: PolicyChange, other: PolicyChange) -> bool:
    """Whether a change has the last word for some calls that another is for too."""
    numbers = one.number == other.number or None in (one.number, other.number)
    directions = one.direction == other.direction or None in (one.direction, other.direction)
    rank, than = ((each.number is not None, each.direction is not None) for each in (one, other))
    return numbers and directions and rank > than


def default_at(defaults: Sequence[tuple[datetime, Policy]], at: datetime, now: Policy) -> Policy:
    """Return what the settings said of the policy at a moment.

    Args:
        defaults: what they said since when, oldest first.
        at: the moment, UTC. What they said before the first call is not known: what they said then.
        now: what they say now, where they never said anything before.
    """
    said = [policy for since, policy in defaults if since <= at]
    first = [policy for _, policy in defaults[:1]]
    return (said[-1:] or first or [now])[0]


def with_what_held_before(
    history: Sequence[PolicyChange], defaults: Sequence[tuple[datetime, Policy]], now: Policy
) -> list[tuple[PolicyChange, Policy]]:
    """Return each change, and what held before it for what it is of.

    Args:
        history: the changes, oldest first.
        defaults: what the settings said since when, oldest first.
        now: what they say now.
    """
    held: Held = {}
    changes: list[tuple[PolicyChange, Policy]] = []
    ends = False
    for place, change in enumerate(history):
        if ends:  # what ended by itself holds no more
            held = held_by([each for each in history[:place] if each.holds_at(change.at)])
        default = default_at(defaults, change.at, now)
        changes.append((change, _decide(held, change.number, change.direction, default).policy))
        _hold(held, change)
        ends = ends or change.ends_at is not None
    return changes


def held_by(history: Sequence[PolicyChange]) -> Held:
    """Return for each scope which change says what of it; a change that says nothing resets it."""
    held: Held = {}
    for change in history:
        _hold(held, change)
    return held


def _hold(held: Held, change: PolicyChange) -> None:
    scope = (change.number, change.direction)
    before = held.get(scope, {})
    said = dict.fromkeys(change.said, change)
    same = "on" in before and before["on"].on == change.on
    if same and before["on"].ends_at is None:
        said["on"] = before["on"]  # it was so since then
    held[scope] = {**before, **said} if said else {}


def check_change(
    change: PolicyChange,
    history: Sequence[PolicyChange],
    default: Policy,
    wordings: Mapping[str, Wording],
) -> None:
    """Check a change before it is made: a reason, a language that is said, a basis that fits.

    Args:
        change: the change.
        history: the history before it.
        default: what holds where no change says anything.
        wordings: what can be said.

    Raises:
        InvalidQuery: it cannot be made; the message says why.
    """
    if not change.why:
        raise InvalidQuery("why: say why; it is kept with the change.")
    history = [each for each in history if each.holds_at(change.at)]
    changed = [*history, change]
    was, will_be = held_by(history), held_by(changed)
    for number, direction in scopes_of(changed):
        before, after = (
            _decide(held, number, direction, default).policy for held in (was, will_be)
        )
        # what is said of the announcement is kept for ever, so it is checked while off too
        otherwise = replace(after, on=before.on) != before
        if otherwise or (after.on and not before.on):
            check_fits(after.mode, after.legal_basis)
            check_said(wordings, after.language, after.mode)


def scopes_of(history: Sequence[PolicyChange]) -> list[tuple[str | None, Direction]]:
    """Return the numbers (None for all others) and directions that anything was said of."""
    said = {(each.number, each.direction) for each in history} | {(None, None)}
    scopes = {
        (number, each)
        for number, direction in said
        for each in ([direction] if direction else Direction)
    }
    return sorted(scopes, key=lambda scope: (scope[0] or "", scope[1]))


def check_fits(mode: ConsentMode, legal_basis: LegalBasis) -> None:
    """Check that a legal basis fits a mode.

    Consent is a "clear affirmative action" (GDPR art. 4(11)): staying on the line is none.

    Raises:
        InvalidQuery: it does not.
    """
    if legal_basis is LegalBasis.CONSENT and not mode.needs_yes:
        raise InvalidQuery(
            f"mode: {mode} does not fit the legal basis consent; "
            f"choose {ConsentMode.OPT_IN} or {ConsentMode.OPT_IN_OR_HANG_UP}."
        )
