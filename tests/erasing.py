"""Destroying at once, as tests want it where how it is asked for is not the subject."""

from __future__ import annotations

from twirec.archive import Archive
from twirec.model.access import Actor
from twirec.model.erasure import Certificate

SECOND = Actor("zoe", "admin")
GROUND = "the person's own request, GDPR art. 17"


def destroy(
    archive: Archive, what: str, reason: str = "asked for", by: Actor | str = "ana"
) -> Certificate:
    """Order that something is destroyed at once, with the approval of a second person.

    Args:
        archive: whose it is.
        what: a recording's SID, a call's, or a number.
        reason: why.
        by: who asks for it.
    """
    asked = archive.custody.erase(what, reason=reason, by=by, now=True, ground=GROUND)
    archive.custody.approvals.approve(asked.approval, by=SECOND)
    return archive.custody.certificates.get(asked.id, by=SECOND)
