"""Figures: what the archive holds, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Any

import click

import twirec
from twirec.cli.output import as_json, print_json, say
from twirec.model.cards import CardNumbers
from twirec.model.operations import Stats
from twirec.model.records import Recording
from twirec.settings.operating_user import operator

SHOWN = 20
"""How many parked recordings are listed; `--json` lists all."""


@click.command()
@click.option("--since", help="Count calls and recordings from: 2026-11-03 or '2026-11-03 16:30'.")
@as_json
def stats(since: str | None, as_json: bool) -> None:
    """Show what the archive holds and waits for, and what was given up."""
    archive = twirec.Archive.from_env()
    counted = archive.operations.stats(since, by=operator())
    if as_json:
        parked = [_fields(recording) for recording in archive.operations.parked(by=operator())]
        different = [asdict(each) for each in archive.operations.differences(by=operator())]
        print_json({**asdict(counted), "parked_recordings": parked, "different": different})
        return
    zone = archive.settings.timezone
    lines = _lines(counted, zone)
    if archive.settings.transcripts or counted.transcripts_waiting or counted.transcripts_parked:
        lines["transcripts"] = _transcripts(counted, archive.transcripts.warning())
    if archive.settings.card_numbers is not CardNumbers.OFF or counted.card_numbers:
        lines["card numbers"] = _card_numbers(counted)
    for name, value in lines.items():
        say(f"{name + ':':<18} {value}")
    for recording in archive.operations.parked(SHOWN, by=operator()):
        at = recording.started_at
        since = f", recorded {_moment(at, zone)}" if at else ""
        waits = ", waits for you" if recording.undecided else ""
        say(f"  {recording.sid} {recording.state}{since}{waits}: {recording.last_error}")
    for each in archive.operations.differences(by=operator())[:SHOWN]:
        say(f"  {each.recording_sid}: {each.object_name} differs: {each.why}")
    if counted.parked > SHOWN:
        say(f"  and {counted.parked - SHOWN} more; --json names all")


def _lines(counted: Stats, zone: tzinfo) -> dict[str, str]:
    oldest = f", the oldest recorded {_moment(counted.oldest_waiting, zone)}"
    undecided = f", {counted.undecided} for you to accept, give-up or work --retry"
    parked = f", {counted.events_parked} parked" if counted.events_parked else ""
    swept = {account: _moment(at, zone) for account, at in counted.swept.items()}
    return {
        "calls": _counts(counted.calls),
        "not recorded": _counts(counted.not_recorded),
        "number not known": f"{counted.numbers_not_known:,}",
        "recordings": _counts(counted.recordings),
        "custody": _counts(counted.custody),
        "in the bucket": f"{counted.size:,} bytes",
        "recorded": f"{counted.seconds / 3600:,.1f} hours",
        "waiting": f"{counted.waiting}{oldest if counted.waiting else ''}",
        "events waiting": f"{counted.events_waiting}{parked}",
        "swept until": ", ".join(f"{account} {at}" for account, at in swept.items()),
        "worker seen": _moment(counted.worker_seen, zone),
        "bucket": _bucket(counted, zone),
        "audit log": _audit(counted, zone),
        "read back": _read_back(counted, zone),
        "retention": _retention(counted, zone),
        "access requests": _overdue(counted.access_requests_overdue),
        "cases": _overdue(counted.cases_overdue, "case"),
        "receipts to send": _mails(counted, zone),
        "parked": f"{counted.parked}{undecided if counted.undecided else ''}",
        "given up": str(counted.given_up),
        "not as archived": str(counted.differences),
        "kept at Twilio": _kept(counted),
        "not ours": _not_ours(counted),
    }


def _transcripts(counted: Stats, warning: str) -> str:
    parked = f", {counted.transcripts_parked} parked" if counted.transcripts_parked else ""
    return f"{counted.transcripts_waiting} waiting{parked}{f'. {warning}' if warning else ''}"


def _card_numbers(counted: Stats) -> str:
    parked = f", {counted.cards_parked} copies parked" if counted.cards_parked else ""
    waits = f"{counted.card_numbers} for you to decide; see `twirec cards list`"
    return (waits if counted.card_numbers else "none waits") + parked


def _retention(counted: Stats, zone: tzinfo) -> str:
    if not counted.retention_rules:
        return "no rule is in force: nothing is ever destroyed"
    late = counted.retention_late
    waits = f", and workers are behind since {_moment(late, zone)}" if late else ""
    return f"{counted.retention_rules} rules in force{waits}"


def _mails(counted: Stats, zone: tzinfo) -> str:
    since = counted.mails_waiting_since
    oldest = f", the oldest of {_moment(since, zone)}" if since else ""
    failed = f", {counted.mails_failed} NOT DELIVERED" if counted.mails_failed else ""
    return f"{counted.mails_waiting}{oldest}{failed}"


def _overdue(count: int, command: str = "access-request") -> str:
    return f"{count} OVERDUE; see `twirec {command} list`" if count else "none is overdue"


def _bucket(counted: Stats, zone: tzinfo) -> str:
    seen, failed = counted.bucket_seen, counted.bucket_failed
    if failed and (seen is None or failed > seen):
        return f"DOES NOT ANSWER, {_moment(failed, zone)}; see `twirec doctor`"
    return f"answered {_moment(seen, zone)}" if seen else "no worker has asked it yet"


def _audit(counted: Stats, zone: tzinfo) -> str:
    """Shout, as nobody asks for it otherwise."""
    if counted.audit_problem:
        return f"BROKEN. {counted.audit_problem}; see `twirec audit --verify`"
    if counted.audit_verified is None:
        return "no worker has verified it yet"
    return f"whole, verified {_moment(counted.audit_verified, zone)}{_anchored(counted, zone)}"


def _anchored(counted: Stats, zone: tzinfo) -> str:
    if counted.anchored_at is None:
        return ", not anchored yet"
    waits = counted.unstamped_since
    late = f", without its time stamp since {_moment(waits, zone)}" if waits else ""
    return f", anchored {_moment(counted.anchored_at, zone)}{late}"


def _read_back(counted: Stats, zone: tzinfo) -> str:
    if counted.read_back is None:
        return "no worker has read anything back yet; see `twirec check`"
    oldest = counted.read_back_oldest
    waits = f"all since {_moment(oldest, zone)}" if oldest else "some never was"
    return f"{_moment(counted.read_back, zone)}; {waits}"


def _kept(counted: Stats) -> str:
    ways = {
        "for a trial (TWIREC_KEEP_AT_TWILIO)": counted.kept_for_trial,
        "until somebody says otherwise": counted.kept_at_vendor,
    }
    return ", ".join(f"{count:,} {way}" for way, count in ways.items() if count) or "none"


def _not_ours(counted: Stats) -> str:
    if not counted.not_ours:
        return "none seen"
    named, more = counted.not_ours_newest[:3], " …" if counted.not_ours > 3 else ""
    return f"{counted.not_ours:,}, left alone at Twilio: {', '.join(named)}{more}"


def _counts(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items())) or "none"


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if at else "never"


def _fields(recording: Recording) -> dict[str, object]:
    return {
        "sid": recording.sid,
        "state": recording.state,
        "recorded_at": recording.started_at,
        "last_error": recording.last_error,
        "undecided": recording.undecided,
    }
