"""The journal in the bucket, and a catalog made anew from it."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.progress import Progress

import twirec
from twirec.cli.output import (
    as_json,
    counted,
    print_figures,
    print_json,
    print_problems,
    progress_terminal,
    say,
    tell_of_strangers,
)
from twirec.model.journal import RebuildReport
from twirec.settings.operating_user import operator


@click.command()
@click.option("--since", metavar="DATE", help="Look only at the days from this one on.")
@as_json
def journal(since: str | None, as_json: bool) -> None:
    """Write the days of the journal that changed into the bucket. Workers do it every hour.

    Exit status 1 if a day could not be written.
    """
    report = twirec.Archive.from_env().journal.write(since)
    if as_json:
        print_json(report)
    else:
        say(f"Looked at {counted(report.days, 'day')}; changed, and written: {report.written:,}.")
        print_problems(report.problems)
    _end(report.problems)


@click.command()
@click.option(
    "--into",
    metavar="URL",
    help="The new catalog, such as sqlite:///new.db; by default that of TWIREC_DATABASE_URL.",
)
@as_json
def rebuild(into: str | None, as_json: bool) -> None:
    """Make a lost catalog anew, from the journal and the labels in the bucket alone.

    Exit status 1 if something in the bucket could not be read.
    """
    terminal = progress_terminal()
    with Progress(console=terminal, disable=terminal is None) as bars:
        tasks = {
            what: bars.add_task(what, total=None)
            for what in ("announcements", "journal", "recordings")
        }
        report = twirec.Archive.from_env().journal.rebuild(
            into,
            by=operator(),
            progress=lambda what, count: bars.update(tasks[what], completed=count),
        )
    if as_json:
        print_json(report)
    else:
        _tell_of_rebuild(report)
        print_problems(report.problems)
        tell_of_strangers(report.strangers, report.strange)
    _end({**report.problems, **report.strange})


def _tell_of_rebuild(report: RebuildReport) -> None:
    say(
        f"Read {counted(report.rows, 'row')} of {counted(report.days, 'day')} of the journal, "
        f"{counted(report.announcements, 'announcement')}, and the labels of "
        f"{counted(report.objects, 'recording')}."
    )
    print_figures(
        {
            "recordings taken from their labels": report.from_labels,
            "of them quarantined, as their labels prove no notice": report.quarantined,
            "erased or ordered to be, and still there until a worker comes": report.erasing,
        }
    )
    say("Now run `twirec sweep --full`: it finds what came since the journal was written.")


def _end(problems: Mapping[str, str]) -> None:
    if problems:
        raise click.exceptions.Exit(1)
