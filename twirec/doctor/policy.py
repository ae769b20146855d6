"""Whether what the policy says can still be said, and fits, with the settings as they are now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

from twirec.calls.policy import check_fits, decide_all, scopes_of
from twirec.calls.wordings import check_said
from twirec.catalog import Catalog
from twirec.doctor.results import failed, ok
from twirec.model.errors import InvalidQuery
from twirec.model.inspection import Check, CheckResult
from twirec.model.policy import PolicyChange
from twirec.settings import Settings


def policy_results(settings: Settings, now: datetime) -> Iterator[CheckResult]:
    """Check the policy of every number and direction that anything was said of."""
    with closing(Catalog(settings.database_url)) as catalog:
        history = catalog.policy.history()
    yield from check_policy(settings, history, now)


def check_policy(
    settings: Settings, history: list[PolicyChange], now: datetime
) -> Iterator[CheckResult]:
    """Check a history against the settings: calls that it does not allow are not recorded."""
    wrong = False
    scopes = scopes_of(history)
    decisions = decide_all(history, scopes, at=now, default=settings.policy)
    for (number, direction), decision in zip(scopes, decisions, strict=True):
        policy = decision.policy
        try:
            if policy.on:
                check_fits(policy.mode, policy.legal_basis)
                check_said(settings.wordings, policy.language, policy.mode)
        except InvalidQuery as error:
            wrong = True
            whom = f"Calls {direction} of {number or 'all other numbers'}"
            yield failed(
                Check.POLICY,
                f"{whom} are not recorded: {error}",
                "Change the settings back, or the policy: twirec policy.",
            )
    if not wrong:
        yield ok(Check.POLICY, "What the policy says can be said, and fits its legal basis.")
