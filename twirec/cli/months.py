"""Months that are closed, and the statements that say so."""

from __future__ import annotations

import click

import twirec
from twirec.cli.convert import give
from twirec.cli.output import Column, answer, as_json, print_json, print_table, say
from twirec.model.months import MonthStatement
from twirec.settings.operating_user import operator


@click.command("close-month")
@click.argument("month", metavar="2026-11")
@click.option("--language", type=click.Choice(["en", "es"]), help="Of the pages.")
@click.option("-o", "output", metavar="FILE", help="Write the statement here too, a PDF.")
@as_json
def close_month(month: str, language: str | None, output: str | None, as_json: bool) -> None:
    """Say in a sealed statement that every call of a month is explained, or which are not.

    All calls that Twilio lists are compared with the ledger, the recordings and the bucket. The
    statement is kept in the bucket. Exit status 1 if the month is not closed.
    """
    archive = twirec.Archive.from_env()
    found = archive.custody.months.close(month, by=operator(), language=language)
    kept = found.statement
    if not as_json:
        for gap in found.named:
            its = f" (call {gap.call_sid})" if gap.call_sid not in ("", gap.sid) else ""
            say(f"{gap.kind.value.replace('_', ' '):>17}  {gap.sid}{its}")
        if kept.gaps > len(found.named):
            say(f"and {kept.gaps - len(found.named)} more: see gaps.csv in the statement.")
        if not kept.sealed:
            say("Not sealed: TWIREC_SEAL is not set, see docs/evidence.md.")
    verdict = "closed" if kept.closed else f"not closed: {kept.gaps} gaps"
    answer(
        as_json,
        {"statement": kept, "gaps": found.named},
        f"{kept.month} is {verdict}, {kept.calls} calls. Statement {kept.id}.",
    )
    if output:
        give(archive.custody.months.open(kept.id, by=operator()), output, as_json=False)
    if not kept.closed:
        raise SystemExit(1)


@click.command()
@click.argument("key", metavar="[ID]", required=False)
@click.option("--month", metavar="2026-11", help="Only statements about this month.")
@click.option("-o", "output", metavar="FILE", help="Where to write the statement ID.")
@as_json
def months(key: str | None, month: str | None, output: str | None, as_json: bool) -> None:
    """List the statements about months; with an ID, write that one, a PDF."""
    archive = twirec.Archive.from_env()
    if key:
        give(archive.custody.months.open(key, by=operator()), output, as_json)
        return
    listed = archive.custody.months.list(month=month, by=operator())
    if as_json:
        print_json(listed)
        return
    zone = archive.settings.timezone

    def row(each: MonthStatement) -> tuple[str, ...]:
        verdict = "closed" if each.closed else f"{each.gaps} gaps"
        at = f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}"
        return (each.month, verdict, str(each.calls), at, each.by, each.id)

    columns = ("Month", "Verdict", "Calls", "Made", "By", "ID")
    print_table([Column(name) for name in columns], [row(each) for each in listed])
