"""What workers found when they last looked at the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.doctor.results import failed, ok, warning
from twirec.model.anchors import KnownAnchor
from twirec.model.audit import AuditCheck
from twirec.model.inspection import Check, CheckResult
from twirec.settings import Settings

LATE = timedelta(days=3)
"""Workers look every day; one may have been away for a weekend."""

STAMP_LATE = timedelta(days=1)
"""How long an anchor may wait for its time stamp."""


def audit_results(settings: Settings, now: datetime) -> Iterator[CheckResult]:
    """Say whether the audit log is whole, as far as is known."""
    with closing(Catalog(settings.database_url)) as catalog:
        yield check_audit(catalog.audit.check(), now)
        waiting = catalog.anchors.unstamped() if settings.tsa_url else None
        yield check_anchors(catalog.anchors.newest(), waiting, now)


def check_audit(check: AuditCheck | None, now: datetime) -> CheckResult:
    """Judge what workers found of the audit log."""
    if check is not None and check.why:
        return failed(
            Check.AUDIT,
            check.verdict.said,
            "Somebody changed the database: keep a copy of it, see `twirec audit --verify`, and "
            "compare with the journal in the bucket, or rebuild from it.",
        )
    if check is None or check.at is None:
        return ok(Check.AUDIT, "No worker has verified the audit log yet; they do it every day.")
    when = f"{check.at:%Y-%m-%d %H:%M} UTC"
    if now - check.at > LATE:
        what = f"The audit log was last verified on {when}; workers do it every day."
        return warning(Check.AUDIT, what, "Let `twirec work` run, or run: twirec audit --verify")
    return ok(Check.AUDIT, f"The audit log was found whole on {when}, entries: {check.seq:,}.")


def check_anchors(
    newest: KnownAnchor | None, waiting: KnownAnchor | None, now: datetime
) -> CheckResult:
    """Judge what is remembered of the anchors of the audit log.

    Args:
        newest: the last one; None without any.
        waiting: the first that waits for its time stamp; None if none does.
        now: UTC.
    """
    if newest is None:
        what = "The audit log is not anchored yet; workers do it every day."
        return ok(Check.ANCHORS, f"{what} At once: twirec audit --anchor")
    when = f"{newest.at:%Y-%m-%d %H:%M} UTC"
    if now - newest.at > LATE:
        what = f"The audit log was last anchored on {when}; workers do it every day."
        fix = "See the log of `twirec work`, or run: twirec audit --anchor"
        return warning(Check.ANCHORS, what, fix)
    if waiting is not None and now - waiting.at > STAMP_LATE:
        since = f"{waiting.at:%Y-%m-%d %H:%M} UTC"
        what = f"The anchors of the audit log wait for their time stamp since {since}."
        return warning(Check.ANCHORS, what, "See the log of `twirec work`, and TWIREC_TSA_URL.")
    said = f"The audit log was anchored on {when}, entries: {newest.entries:,}"
    time = ", with a time stamp" if newest.stamped_at else ", without a time stamp"
    return ok(Check.ANCHORS, f"{said}{time}.")
