"""What is blocked, and what takes two people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

import twirec
from twirec.cli.convert import give
from twirec.cli.output import Column, answer, as_json, ask, print_json, print_table, say
from twirec.settings.operating_user import operator

REASON = click.option("--reason", required=True, help="Why; it is kept.")


@click.command()
@click.argument("sid")
@REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def block(sid: str, reason: str, yes: bool, as_json: bool) -> None:
    """Block a recording (RE…): it is kept for judges and authorities only, then destroyed.

    It cannot be undone, and asks first. `TWIREC_BLOCKED_FOR` says for how many days.
    """
    archive = twirec.Archive.from_env()
    archive.recordings.get(sid, by=operator())
    if not yes:
        ask(f"Block {sid}, so that nobody here sees or hears it any more?")
    archive.custody.block(sid, reason=reason, by=operator())
    days = archive.settings.blocked_for.days
    answer(as_json, {"sid": sid, "days": days}, f"{sid} is blocked, for {days} days.")


@click.command()
@click.argument("sid")
@click.option("--authority", help="The court, prosecutor or authority that asks for it.")
@click.option("--reference", help="Of its order or letter.")
@click.option("--reason", help="Why; it is kept.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), help="Take it out, once released to you."
)
@as_json
def release(
    sid: str,
    authority: str | None,
    reference: str | None,
    reason: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Ask that a blocked recording (RE…) is opened for an authority; or take it out, once.

    It opens when a second person approves it, for one download by each of the two.
    """
    custody = twirec.Archive.from_env().custody
    if output is not None:
        if authority or reference or reason:
            raise click.UsageError("Give -o alone, or ask with the other options.")
        if Path(output).exists():  # before the one download is used up
            raise click.UsageError(f"{output} is there already; name another file.")
        give(custody.approvals.take_out(sid, by=operator()), output, as_json)
        return
    said = {"authority": authority, "reference": reference, "reason": reason}
    if missing := [f"--{name}" for name, given in said.items() if not given]:
        raise click.UsageError(f"Give {', '.join(missing)}; or -o to take it out.")
    asked = custody.release(
        sid,
        authority=authority or "",
        reference=reference or "",
        reason=reason or "",
        by=operator(),
    )
    answer(as_json, asked, waits(asked))


@click.command()
@as_json
def approvals(as_json: bool) -> None:
    """Show what waits for a second person, and what was released to you."""
    archive = twirec.Archive.from_env()
    found = archive.custody.approvals.pending(limit=10_000, by=operator())
    released = archive.custody.approvals.released(by=operator())
    if as_json:
        print_json({"waiting": [*found], "released": [*released]})
        return
    for each in released:
        say(f"Released to you, once: {each.recording_sid}, until {each.until:%Y-%m-%d %H:%M} UTC.")
    if not found:
        say("Nothing waits for a second person.")
        return
    columns = (
        Column("request"),
        Column("for"),
        Column("of", folds=True),
        Column("asked by"),
        Column("reason", 2, folds=True),
        Column("authority, reference", 3, folds=True),
        Column("until", 1),
    )
    zone = archive.settings.timezone
    rows = [
        (
            each.id,
            each.kind,
            _subject(each.subject),
            each.asked_by,
            each.reason,
            ", ".join(filter(None, (each.ground, each.reference))),
            each.expires_at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        )
        for each in found
    ]
    print_table(columns, rows)


@click.command()
@click.argument("request", type=int)
@as_json
def approve(request: int, as_json: bool) -> None:
    """Approve what somebody else asked for, by the number that `twirec approvals` shows."""
    done = twirec.Archive.from_env().custody.approvals.approve(request, by=operator())
    answer(as_json, done, f"Request {done.id} is approved: {done.kind}, of {done.asked_by}.")


@click.command()
@click.argument("request", type=int)
@REASON
@as_json
def refuse(request: int, reason: str, as_json: bool) -> None:
    """Refuse what somebody asked for, or take back what you asked for."""
    custody = twirec.Archive.from_env().custody
    done = custody.approvals.refuse(request, reason=reason, by=operator())
    answer(as_json, done, f"Request {done.id} is refused.")


def waits(asked: twirec.Approval) -> str:
    """Return what is said of a request that was made."""
    return f"Request {asked.id} waits for a second person: `twirec approve {asked.id}`."


def _subject(subject: Mapping[str, Any]) -> str:
    """Return what a request is about."""
    if subject.get("original"):
        return f"{subject['sid']}, only as it was archived"
    return subject.get("sid") or ", ".join(f"{k} {v}" for k, v in subject.items())
