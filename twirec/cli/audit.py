"""The audit log: who did what, and whether it is whole."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

import twirec
from twirec.cli.output import Column, as_json, print_json, print_table, say


@click.command()
@click.option("--verify", is_flag=True, help="Look at the whole chain; exit status 1 if broken.")
@click.option("--since", help="From: 2026-11-03 or '2026-11-03 16:30'.")
@click.option("--until", help="Up to; a date alone includes that day.")
@click.option("--who", help="By whom, such as os:ana.")
@click.option("--action", help="What was done, such as listen.")
@click.option("--sid", help="To which call or recording.")
@click.option("--number", help="About which number; needs TWIREC_AUDIT_KEY.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--after", type=int, help="The next page: the last entry of the page before.")
@as_json
def audit(verify: bool, as_json: bool, **query: Any) -> None:
    """Show who did what, newest first; or check that nobody changed the log."""
    archive = twirec.Archive.from_env()
    if verify:
        _verify(archive, as_json)
        return
    entries = archive.audit.log(**query)
    if as_json:
        print_json(entries)
        return
    columns = (
        Column("entry"),
        Column("time", 1),
        Column("who", 2),
        Column("role", 7),
        Column("action", 3),
        Column("of", 4),
        Column("outcome", 5),
        Column("detail", 6, folds=True),
    )
    rows = [
        (
            entry.seq,
            f"{entry.at.astimezone(archive.settings.timezone):%Y-%m-%d %H:%M:%S}",
            entry.by,
            entry.role,
            entry.action,
            entry.sid,
            entry.outcome,
            ", ".join(f"{name}: {value}" for name, value in entry.shown.items()),
        )
        for entry in entries
    ]
    print_table(columns, rows)


def _verify(archive: twirec.Archive, as_json: bool) -> None:
    verdict = archive.audit.verify(archive.journal.audit_head())
    if as_json:
        print_json({**asdict(verdict), "whole": verdict.whole})
    elif verdict.whole:
        say(f"The audit log is whole, entries: {verdict.entries:,}.")
    else:
        say(f"{verdict.said}.")
    if not verdict.whole:
        raise click.exceptions.Exit(1)
