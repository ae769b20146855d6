"""Whether a bucket at Google Cloud Storage is set up as it should be."""

from __future__ import annotations

from collections.abc import Iterator

from twirec.adapters.gcs_inspect import GcsInspector
from twirec.doctor.results import failed, guarded, ok, warning
from twirec.model.inspection import BucketFacts, Check, CheckResult, DeletionRule

NEEDED = frozenset(
    f"storage.objects.{what}" for what in ("create", "delete", "get", "list", "update")
)
"""What transfer, search, playing and erasing do
(https://cloud.google.com/storage/docs/access-control/iam-permissions)."""

TO_READ_SETTINGS = "storage.buckets.get"

SHORTEST = 30
"""Days. Who complains has a month's answer to wait for (GDPR art. 12.3); a rule that deletes
sooner takes the recording away before it is needed."""

UPDATE = "gcloud storage buckets update gs://"


def bucket_results(bucket: GcsInspector, name: str, prefix: str) -> Iterator[CheckResult]:
    """Check a bucket.

    Args:
        bucket: the bucket.
        name: its name.
        prefix: what the names of our objects begin with.
    """
    held = bucket.permissions({*NEEDED, TO_READ_SETTINGS})
    yield check_permissions(name, held)
    if held is not None and TO_READ_SETTINGS not in held:
        yield warning(
            Check.UNIFORM_ACCESS,
            f"How gs://{name} is set up cannot be read: {TO_READ_SETTINGS} is missing.",
            "Give the role roles/storage.legacyBucketReader on the bucket too, or see yourself: "
            f"gcloud storage buckets describe gs://{name}",
        )
        return
    yield from guarded(Check.UNIFORM_ACCESS, lambda: check_facts(name, prefix, bucket.facts()))


def check_permissions(name: str, held: frozenset[str] | None) -> CheckResult:
    """Check what the credentials may do; None if the server does not say it."""
    if held is None:
        return warning(
            Check.BUCKET,
            f"gs://{name} answers, and does not say what these credentials may do.",
            "Google says it; STORAGE_EMULATOR_HOST names another server.",
        )
    if missing := sorted(NEEDED - held):
        return failed(
            Check.BUCKET,
            f"In gs://{name} these credentials may not: {', '.join(missing)}.",
            "Give them the role roles/storage.objectAdmin on the bucket.",
        )
    return ok(Check.BUCKET, f"gs://{name} answers, and objects may be written, read and deleted.")


def check_facts(name: str, prefix: str, facts: BucketFacts) -> Iterator[CheckResult]:
    """Check how a bucket is set up."""
    yield check_uniform_access(name, facts)
    yield check_public_access(name, facts)
    yield check_retention(name, facts)
    yield check_soft_delete(name, facts)
    yield check_lifecycle(name, prefix, facts.deletion_rules)


def check_uniform_access(name: str, facts: BucketFacts) -> CheckResult:
    """Check that no object has an access list of its own.

    Source: https://cloud.google.com/storage/docs/uniform-bucket-level-access
    """
    fix = f"{UPDATE}{name} --uniform-bucket-level-access"
    if facts.uniform_access is None:
        return warning(Check.UNIFORM_ACCESS, f"gs://{name} does not say who decides.", fix)
    if not facts.uniform_access:
        return failed(
            Check.UNIFORM_ACCESS,
            f"Objects in gs://{name} may have access lists of their own, which nobody oversees.",
            fix,
        )
    where = facts.location or "an unknown place"
    return ok(Check.UNIFORM_ACCESS, f"Only roles decide who may read gs://{name}, in {where}.")


def check_public_access(name: str, facts: BucketFacts) -> CheckResult:
    """Check that nobody can make the bucket public.

    Source: https://cloud.google.com/storage/docs/public-access-prevention
    """
    if facts.public_access_prevention == "enforced":
        return ok(Check.PUBLIC_ACCESS, f"gs://{name} cannot be made public.")
    return warning(
        Check.PUBLIC_ACCESS,
        f"Whoever administers gs://{name} can make it public, unless the organisation forbids it.",
        f"{UPDATE}{name} --public-access-prevention",
    )


def check_retention(name: str, facts: BucketFacts) -> CheckResult:
    """Check that objects can be deleted when the law or a person asks for it.

    Source: https://cloud.google.com/storage/docs/bucket-lock
    """
    if facts.holds_by_default:
        return failed(
            Check.RETENTION,
            f"gs://{name} holds every new object: nothing can be erased.",
            f"{UPDATE}{name} --no-default-event-based-hold",
        )
    if facts.retention_days:
        return failed(
            Check.RETENTION,
            f"gs://{name} lets nothing be erased for {facts.retention_days:g} days.",
            f"{UPDATE}{name} --clear-retention-period; if it is locked, use another bucket.",
        )
    return ok(Check.RETENTION, f"What has to be erased in gs://{name} can be.")


def check_soft_delete(name: str, facts: BucketFacts) -> CheckResult:
    """Check that what is erased cannot be brought back.

    Source: https://cloud.google.com/storage/docs/soft-delete
    """
    fix = f"{UPDATE}{name} --clear-soft-delete"
    if facts.soft_delete_days is None:
        what = f"gs://{name} does not say for how long what is erased can be brought back."
        return warning(Check.SOFT_DELETE, what, fix)
    if facts.soft_delete_days:
        days = f"{facts.soft_delete_days:g} days"
        what = f"What is erased in gs://{name} can be brought back for {days}."
        return warning(Check.SOFT_DELETE, what, fix)
    return ok(Check.SOFT_DELETE, f"What is erased in gs://{name} is gone at once.")


def check_lifecycle(name: str, prefix: str, rules: tuple[DeletionRule, ...]) -> CheckResult:
    """Check that the bucket deletes no recording by itself.

    Source: https://cloud.google.com/storage/docs/lifecycle
    """
    ours = [rule for rule in rules if is_for(rule, prefix)]
    fix = f"Take the rule away: {UPDATE}{name} --lifecycle-file=… or --clear-lifecycle"
    if not ours:
        return ok(Check.LIFECYCLE, f"gs://{name} deletes no recording by itself.")
    days = min((rule.days for rule in ours if rule.days is not None), default=None)
    when = "by date" if days is None else f"after {days} days"
    what = f"gs://{name} deletes recordings {when}, without asking the catalog."
    level = failed if days is not None and days < SHORTEST else warning
    return level(Check.LIFECYCLE, what, fix)


def is_for(rule: DeletionRule, prefix: str) -> bool:
    """Return whether a rule of the bucket's may delete what has a prefix."""
    return not rule.prefixes or any(
        prefix.startswith(each) or each.startswith(prefix) for each in rule.prefixes
    )
