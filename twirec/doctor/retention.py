"""Whether rules say how long recordings are kept, and whether the bucket lets that be so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from urllib.parse import urlsplit

from twirec.adapters.gcs_inspect import GcsInspector
from twirec.catalog import Catalog
from twirec.doctor.bucket import is_for
from twirec.doctor.results import failed, ok, warning
from twirec.model.inspection import BucketFacts, Check, CheckResult
from twirec.model.retention import AtEnd, Kept, RetentionRule, in_force, in_order, standing
from twirec.settings import Settings


def retention_results(settings: Settings) -> Iterator[CheckResult]:
    """Check the rules in force, alone and against the bucket's own."""
    with closing(Catalog(settings.database_url)) as catalog:
        history = catalog.retention.history()
        has_recordings = catalog.retention.has_recordings()
    applied = in_order(in_force(history).values())
    of_recordings = [rule for rule in applied if rule.kept is Kept.RECORDINGS]
    yield check_rules(of_recordings, has_recordings=has_recordings)
    if standing(history) != in_force(history):
        yield warning(
            Check.RULES,
            "Rules were set or removed since they were applied: that is not in force.",
            "twirec retention preview",
        )
    place = urlsplit(settings.bucket)
    if place.scheme == "gs" and of_recordings:
        prefix = f"{place.path.strip('/')}/" if place.path.strip("/") else ""
        with closing(GcsInspector(place.netloc)) as bucket:
            facts = bucket.facts()
        yield from compare(of_recordings, facts, place.netloc, prefix, settings.blocked_for)


def check_rules(rules: Sequence[RetentionRule], *, has_recordings: bool) -> CheckResult:
    """Check that there are rules, if there is anything to be kept."""
    if rules:
        names = ", ".join(rule.name for rule in rules)
        return ok(Check.RULES, f"These rules say how long recordings are kept: {names}.")
    what = "No rule says how long recordings are kept: none is ever destroyed."
    if not has_recordings:
        return ok(Check.RULES, what)
    return warning(Check.RULES, what, "twirec retention suggest")


def compare(
    rules: Sequence[RetentionRule],
    facts: BucketFacts,
    name: str,
    prefix: str,
    blocked_for: timedelta,
) -> Iterator[CheckResult]:
    """Compare rules with the bucket's own: which destroys earlier, and which keeps longer.

    Args:
        rules: of recordings, in force.
        facts: how the bucket is set up.
        name: of the bucket.
        prefix: what the names of our objects begin with.
        blocked_for: how long what is blocked is kept.
    """
    total = {rule.name: _days(rule, blocked_for) for rule in rules}
    ages = [each.days for each in facts.deletion_rules if is_for(each, prefix)]
    soonest = min((days for days in ages if days is not None), default=None)
    if soonest is not None and (robbed := [each for each in total if total[each] > soonest]):
        yield failed(
            Check.RULES,
            f"gs://{name} deletes recordings after {soonest} days, before the time of these rules "
            f"is over: {', '.join(robbed)}.",
            f"Take its rule away: gcloud storage buckets update gs://{name} --clear-lifecycle",
        )
    if kept := [each for each in total if total[each] < facts.retention_days]:
        yield failed(
            Check.RULES,
            f"gs://{name} lets nothing be deleted for {facts.retention_days:g} days, after the "
            f"time of these rules is over: {', '.join(kept)}.",
            f"gcloud storage buckets update gs://{name} --clear-retention-period",
        )
    if facts.soft_delete_days:
        yield warning(
            Check.RULES,
            f"gs://{name} keeps what any rule destroys for {facts.soft_delete_days:g} days more.",
            f"gcloud storage buckets update gs://{name} --clear-soft-delete",
        )


def _days(rule: RetentionRule, blocked_for: timedelta) -> float:
    blocked = blocked_for.total_seconds() / 86_400 if rule.at_end is AtEnd.BLOCK else 0
    return rule.term.days + blocked
