"""What of the account is taken over, whether it is deleted at Twilio, and what does not go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from twirec.catalog import Catalog
from twirec.doctor.results import ok, warning
from twirec.model.inspection import Check, CheckResult
from twirec.model.operations import Stats
from twirec.settings import Settings

MOST_NAMED = 3
"""How many recordings one line names."""


def ownership_results(settings: Settings) -> Iterator[CheckResult]:
    """Say what the sweeps saw that is not ours, what stays at Twilio, and what is parked."""
    with closing(Catalog(settings.database_url, adopt=settings.adopt)) as catalog:
        stats = catalog.operations.stats(None)
    yield check_adopt(settings, stats)
    yield check_kept(settings, stats)
    yield check_parked(stats)


def check_adopt(settings: Settings, stats: Stats) -> CheckResult:
    """Say what is taken over."""
    if settings.adopt.everything:
        return warning(
            Check.NOT_OURS,
            "TWIREC_ADOPT is all: every recording of the account is moved, other apps' too.",
            "Take TWIREC_ADOPT away, unless this installation alone uses the account.",
        )
    if not stats.not_ours:
        return ok(Check.NOT_OURS, "No sweep saw a recording that is not ours.")
    named = ", ".join(stats.not_ours_newest[:MOST_NAMED])
    rest = stats.not_ours - MOST_NAMED
    more = f" and {rest:,} more" if rest > 0 else ""
    return ok(Check.NOT_OURS, f"Left alone at Twilio, as they are not ours: {named}{more}.")


def check_kept(settings: Settings, stats: Stats) -> CheckResult:
    """Say whether recordings are deleted at Twilio once they are in the bucket."""
    if settings.keep_at_twilio:
        return warning(
            Check.KEPT,
            f"TWIREC_KEEP_AT_TWILIO is 1: nothing is deleted at Twilio; {stats.kept_for_trial:,} "
            "archived recordings are kept there too.",
            "Take it away when the trial is over: what was kept is then deleted at Twilio.",
        )
    copies = [
        f"{count:,} {why}"
        for count, why in (
            (stats.kept_for_trial, "of a trial that is over, to be released"),
            (stats.kept_at_vendor, "until somebody says otherwise"),
        )
        if count
    ]
    said = f" Kept there: {', '.join(copies)}." if copies else ""
    return ok(Check.KEPT, f"What is in the bucket and checked is deleted at Twilio.{said}")


def check_parked(stats: Stats) -> CheckResult:
    """Say how many recordings wait for somebody's decision, or for the next sweep."""
    sweeps = stats.parked - stats.undecided
    waits = {
        "wait for your decision, as time does not mend them": stats.undecided,
        "are parked, and are tried again by each sweep": sweeps,
        "differ in the bucket from what was archived": stats.differences,
    }
    said = [f"{count:,} {what}" for what, count in waits.items() if count]
    if not said:
        return ok(Check.PARKED, "No recording is parked or waits for a decision.")
    fixes = ["See which and why: twirec stats"]
    if stats.undecided:
        fixes.append("twirec accept, give-up or work --once --retry decide")
    return warning(Check.PARKED, f"Recordings: {'; '.join(said)}.", f"{'; '.join(fixes)}.")
