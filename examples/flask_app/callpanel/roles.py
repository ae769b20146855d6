"""Who may do what. This table is the only place that says it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the company."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What can be allowed."""

    OWN_CALLS = "own_calls"
    """See one's own calls that go on, and pause and resume what is recorded of them."""
    SEARCH = "search"
    """Find calls and look at them."""
    LISTEN = "listen"
    DOWNLOAD = "download"
    NOTE = "note"
    """Write notes and case numbers."""
    SEE_QUARANTINED = "see_quarantined"
    """See that there are recordings of which nothing proves that the caller was told."""
    SEE_POLICY = "see_policy"
    CHANGE_POLICY = "change_policy"
    SEE_HEALTH = "see_health"
    RETRY = "retry"
    """Let what is parked be tried again, accept it as it is, or give it up."""
    USERS = "users"
    """Make accounts, and change them."""
    AUDIT = "audit"
    """Read the audit log."""


_SUPERVISOR = frozenset(
    {Permission.SEARCH, Permission.LISTEN, Permission.DOWNLOAD, Permission.NOTE}
)

ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset({Permission.OWN_CALLS}),
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: _SUPERVISOR
    | {
        Permission.SEE_QUARANTINED,
        Permission.SEE_POLICY,
        Permission.CHANGE_POLICY,
        Permission.SEE_HEALTH,
        Permission.RETRY,
        Permission.USERS,
        Permission.AUDIT,
    },
    Role.AUDITOR: frozenset(
        {
            Permission.SEARCH,
            Permission.SEE_QUARANTINED,
            Permission.SEE_POLICY,
            Permission.SEE_HEALTH,
            Permission.AUDIT,
        }
    ),
}
"""What each role may do."""
