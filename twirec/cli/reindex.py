"""Addresses that an older version read otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import click

import twirec
from twirec.cli.output import answer, as_json, counted
from twirec.model.rereading import RereadReport
from twirec.settings.operating_user import operator


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@as_json
def reindex(dry_run: bool, as_json: bool) -> None:
    """Read the addresses of all calls, agents and policies anew, after an update or a rebuild.

    It writes small lots, beside a running app; doing it again changes nothing.
    """
    report = twirec.Archive.from_env().calls.reindex(by=operator(), dry_run=dry_run)
    answer(as_json, report, *_figures(report))


def _figures(report: RereadReport) -> Iterator[str]:
    read = "would be read" if report.dry_run else "read"
    yield f"{counted(report.lines, 'line')}; {read} otherwise now: {report.lines_changed:,}."
    for what, count in (
        ("legs of agents", report.legs_changed),
        ("entries of the register made once more", report.register_added),
        ("changes of the policy made once more", report.policy_added),
    ):
        if count:
            yield f"  {what}: {count:,}"
