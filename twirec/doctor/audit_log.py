"""What workers found when they last looked at the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.doctor.results import failed, ok, warning
from twirec.model.audit import AuditCheck
from twirec.model.inspection import Check, CheckResult
from twirec.settings import Settings

LATE = timedelta(days=3)
"""Workers look every day; one may have been away for a weekend."""


def audit_results(settings: Settings, now: datetime) -> Iterator[CheckResult]:
    """Say whether the audit log is whole, as far as is known."""
    with closing(Catalog(settings.database_url)) as catalog:
        yield check_audit(catalog.audit.check(), now)


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
