"""Setting up, working and sweeping."""

from __future__ import annotations

import signal
from dataclasses import asdict

import click

from twirec.archive import Archive
from twirec.cli.output import as_json, print_json
from twirec.model.records import SweepReport


@click.command()
def init() -> None:
    """Make the catalog's tables, or bring them to this version."""
    Archive.from_env().set_up()
    click.echo("The catalog is ready.")


@click.command()
@click.option("--once", is_flag=True, help="Do all that is due, and end.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="How many recordings to work at together.",
)
def work(once: bool, threads: int) -> None:
    """Copy finished recordings into the bucket, check them, delete them at Twilio.

    Ends cleanly on SIGTERM and SIGINT: what is in work is given back.
    """
    worker = Archive.from_env().worker(threads)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    if once:
        worker.run_once()
    else:
        worker.run()


@click.command()
@as_json
def sweep(as_json: bool) -> None:
    """Find what callbacks missed since the last sweep, and repair it.

    Exit status 1 if something could not be repaired.
    """
    report = Archive.from_env().sweep()
    if as_json:
        print_json(asdict(report))
    else:
        _tell(report)
    if report.problems:
        raise click.exceptions.Exit(1)


def _tell(report: SweepReport) -> None:
    click.echo(f"Looked at {report.seen} recordings, {report.since:%Y-%m-%d %H:%M} UTC to now.")
    found = {
        "unknown recordings adopted": report.adopted,
        "recordings brought forward": report.advanced,
        "ledger lines closed": report.lines_closed,
        "copies deleted again at Twilio": report.deleted_again,
    }
    for what, count in found.items():
        if count:
            click.echo(f"  {count} {what}")
    for sid, reason in report.problems.items():
        click.echo(f"  {sid}: {reason}")
    if not any(found.values()) and not report.problems:
        click.echo("Nothing was missed.")
