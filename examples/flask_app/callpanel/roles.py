"""Who may do what in the panel. With recordings, the archive's gate says it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from twirec import Actor, Custody, Deed, StaffRole, may_ever

Role = StaffRole
"""What somebody is to the company."""


class Permission(StrEnum):
    """What can be allowed."""

    OWN_CALLS = "own_calls"
    """See one's own calls that go on, and pause and resume what is recorded of them."""
    SEARCH = "search"
    """Find calls and look at them."""
    LISTEN = "listen"
    DOWNLOAD = "download"
    CUT = "cut"
    """Have a card number cut out of what is heard of a recording, or say that it is none."""
    DISCLOSE = "disclose"
    """Give a recording to somebody outside, and write down who consented to that."""
    NOTE = "note"
    """Write notes and case numbers."""
    SEE_QUARANTINED = "see_quarantined"
    """See that there are recordings of which nothing proves that the caller was told."""
    SEE_POLICY = "see_policy"
    CHANGE_POLICY = "change_policy"
    SEE_RETENTION = "see_retention"
    """See the rules of how long something is kept, and what they would do."""
    CHANGE_RETENTION = "change_retention"
    HOLD = "hold"
    """Hold a recording, so that nothing destroys it."""
    UNHOLD = "unhold"
    """Ask that a hold is lifted; it takes two."""
    BLOCK = "block"
    """Keep a recording for judges and authorities only."""
    SEE_APPROVALS = "see_approvals"
    """See what waits for a second person."""
    APPROVE = "approve"
    """Decide what somebody else asked for; ask that what is blocked is released."""
    SEE_ERASURES = "see_erasures"
    """See what was erased, and the certificates."""
    ERASE = "erase"
    """Erase, and decide of what a colleague wants destroyed at once."""
    CLOSE_MONTHS = "close_months"
    """Make statements about months, and read them."""
    SEE_HEALTH = "see_health"
    RETRY = "retry"
    """Let what is parked be tried again, accept it as it is, or give it up."""
    SEE_REQUESTS = "see_requests"
    """See who asked what is kept of them, and by when they are to be answered."""
    ANSWER_REQUESTS = "answer_requests"
    SEE_CASES = "see_cases"
    """See cases of customers, and where they stand."""
    WORK_CASES = "work_cases"
    """Open a case about a call, ask for consent, and add to it."""
    CLOSE_CASES = "close_cases"
    """Close a case, once the customer was told."""
    EXPORT_CASES = "export_cases"
    """Take out what an audit asks of a year of cases."""
    ADMIT = "admit"
    """Take a recording out of quarantine."""
    USERS = "users"
    """Make accounts, and change them."""
    AUDIT = "audit"
    """Read the audit log."""
    OWN_ACCOUNT = "own_account"
    """Change one's own password and second factor."""


OF_RECORDINGS: Mapping[Permission, tuple[Deed, Custody]] = {
    Permission.LISTEN: (Deed.LISTEN, Custody.ACTIVE),
    Permission.DOWNLOAD: (Deed.DOWNLOAD, Custody.ACTIVE),
    Permission.CUT: (Deed.CUT, Custody.ACTIVE),
    Permission.DISCLOSE: (Deed.DISCLOSE, Custody.ACTIVE),
    Permission.SEE_QUARANTINED: (Deed.DETAILS, Custody.QUARANTINED),
    Permission.HOLD: (Deed.HOLD, Custody.ACTIVE),
    Permission.UNHOLD: (Deed.UNHOLD, Custody.ACTIVE),
    Permission.BLOCK: (Deed.BLOCK, Custody.ACTIVE),
    Permission.APPROVE: (Deed.RELEASE, Custody.BLOCKED),
    Permission.RETRY: (Deed.DECIDE, Custody.ACTIVE),
    Permission.ANSWER_REQUESTS: (Deed.ANSWER, Custody.ACTIVE),
    Permission.SEE_CASES: (Deed.READ_CASE, Custody.ACTIVE),
    Permission.WORK_CASES: (Deed.CASE, Custody.ACTIVE),
    Permission.CLOSE_CASES: (Deed.SETTLE, Custody.ACTIVE),
    Permission.EXPORT_CASES: (Deed.OVERSEE, Custody.ACTIVE),
    Permission.ADMIT: (Deed.ADMIT, Custody.QUARANTINED),
}
"""What the archive's own gate says, here only whether a page offers it: with which recording it may
be done, the gate says when it is done."""

_SUPERVISOR = frozenset({Permission.SEARCH, Permission.NOTE})

_OF_THE_PANEL: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset({Permission.OWN_CALLS}),
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMIN: _SUPERVISOR
    | {
        Permission.SEE_POLICY,
        Permission.CHANGE_POLICY,
        Permission.SEE_RETENTION,
        Permission.CHANGE_RETENTION,
        Permission.SEE_APPROVALS,
        Permission.SEE_ERASURES,
        Permission.ERASE,
        Permission.CLOSE_MONTHS,
        Permission.SEE_HEALTH,
        Permission.SEE_REQUESTS,
        Permission.USERS,
        Permission.AUDIT,
    },
    Role.AUDITOR: frozenset(
        {
            Permission.SEARCH,
            Permission.SEE_POLICY,
            Permission.SEE_RETENTION,
            Permission.SEE_APPROVALS,
            Permission.SEE_ERASURES,
            Permission.CLOSE_MONTHS,
            Permission.SEE_HEALTH,
            Permission.SEE_REQUESTS,
            Permission.AUDIT,
        }
    ),
}
"""What each role may do, beside what it may do with recordings."""

ALLOWED: Mapping[Role, frozenset[Permission]] = {
    role: permissions
    | {Permission.OWN_ACCOUNT}
    | {each for each, of in OF_RECORDINGS.items() if may_ever(Actor("", role), *of)}
    for role, permissions in _OF_THE_PANEL.items()
}
"""What each role may do."""
