"""Whether somebody else approves than who asked: what the library leaves to the app."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from callpanel.accounts import made_at
from callpanel.auth import actor, record, user
from callpanel.config import archive
from twirec import AuditOutcome, same_person

OF_ACCOUNTS = ("user_add", "user_change", "user_password", "second_factor_reset")
"""What somebody does to an account, by which they may sign in as its owner."""

MOST_ENTRIES = 1000
"""Of each kind, since a request: it waits for a week."""

NOT_ANOTHER = _l(
    "Your account is younger than the request, or who asked has changed it since: somebody else "
    "has to approve it."
)


def may_approve(number: int) -> bool:
    """Whether who is signed in is a second person, as far as the panel can tell.

    Their account was there before the request, and who made that has not touched it since: with a
    new password, or without a second factor, they could sign in with it themselves. What is refused
    is on the audit log.

    Args:
        number: of the request.

    Raises:
        NotFound: there is none of that number.
    """
    asked = archive().custody.approvals.get(number, by=actor())
    account, log = user(), archive().audit.log
    touched = made_at(account) > asked.asked_at or any(
        same_person(entry.by, asked.asked_by) and entry.detail.get("user") == account.name
        for action in OF_ACCOUNTS
        for entry in log(since=asked.asked_at, action=action, limit=MOST_ENTRIES)
    )
    if touched:
        record("approve", outcome=AuditOutcome.DENIED, approval=str(number), why="account")
    return not touched
