"""Setting up, working and sweeping."""

from __future__ import annotations

import signal

import click

import twirec
from twirec.cli.output import (
    as_json,
    counted,
    print_figures,
    print_json,
    print_not_ours,
    print_problems,
    say,
    tell_of_strangers,
)
from twirec.model.errors import BucketError, BucketNotOurs
from twirec.model.records import SweepReport
from twirec.settings.operating_user import operator


@click.command()
@click.option(
    "--adopt-bucket",
    is_flag=True,
    help="Make the bucket this catalog's, whatever its mark says; whose it was is refused then.",
)
@click.option("--reason", help="Why the bucket is adopted; it is kept for ever.")
@as_json
def init(adopt_bucket: bool, reason: str | None, as_json: bool) -> None:
    """Make the catalog's tables, or bring them to this version, and mark the bucket as its own.

    Exit status 1 if the bucket is another catalog's, or its mark is not there any more. A bucket
    that cannot be reached is named, and no error: the app may start without it, as nothing is
    written there before it is marked.
    """
    if adopt_bucket != bool(reason):
        raise click.UsageError("--adopt-bucket and --reason go together: give both.")
    archive = twirec.Archive.from_env()
    archive.set_up()
    marked = True
    if not as_json:
        say("The catalog is ready.")
    if reason:
        archive.journal.adopt_bucket(why=reason, by=operator())
        if not as_json:
            say("The bucket is this catalog's.")
    else:
        marked = _mark(archive)
    if as_json:
        print_json({"ready": True, "bucket_marked": marked})


def _mark(archive: twirec.Archive) -> bool:
    """Mark the bucket, and return whether it could be; the first recording does it otherwise."""
    try:
        archive.journal.mark_bucket()
    except BucketNotOurs:
        raise
    except BucketError as error:
        say(f"The bucket could not be marked, the first recording will: {error}", err=True)
        return False
    return True


@click.command()
@click.option("--once", is_flag=True, help="Do all that is due, and end.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    help="How many recordings to work at together.",
)
@click.option("--retry", metavar="SID|--all", help="First make what is parked due again.")
@as_json
def work(once: bool, threads: int, retry: str | None, as_json: bool) -> None:
    """Copy finished recordings into the bucket, check them, delete them at Twilio.

    Ends cleanly on SIGTERM and SIGINT: what is in work is given back.
    """
    archive = twirec.Archive.from_env()
    count = 0
    if retry:  # whose value may be `--all`: click takes what follows, dashes or not
        count = archive.operations.retry(None if retry == "--all" else retry, by=operator())
        if not as_json:
            say(f"Parked recordings to try again: {count}.")
    worker = archive.operations.worker(threads)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    if once:
        worker.run_once()
    else:
        worker.run()
    if as_json:
        left = archive.operations.stats(by=operator())
        print_json({"retried": count, "waiting": left.waiting, "parked": left.parked})


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be repaired.")
@click.option(
    "--full",
    is_flag=True,
    help="Look at all recordings and objects, not only since the last sweep.",
)
@as_json
def sweep(dry_run: bool, full: bool, as_json: bool) -> None:
    """Compare Twilio, catalog and bucket since the last sweep, and repair what can be.

    Exit status 1 if something is left for a person to look at.
    """
    report = twirec.Archive.from_env().operations.sweep(dry_run=dry_run, full=full, by=operator())
    if as_json:
        print_json(report)
    else:
        _tell(report)
    if report.problems or report.strangers:
        raise click.exceptions.Exit(1)


PLANS = {
    "adopted": "adopt it",
    "numbers_not_known": "write its line: number not known",
    "numbers_found": "write down the numbers that Twilio tells now",
    "advanced": "bring it forward",
    "lines_closed": "close its line",
    "lines_written": "write its line",
    "conference_joined": "write down that they are in the conference",
    "stopped": "end the recording of an agent who may not be recorded",
    "deleted_again": "delete it again at Twilio",
    "erased_again": "erase it again",
    "labelled": "label its object",
    "holds_mended": "hold it in the bucket, or let it go",
    "derivatives_deleted": "delete what was made of it",
    "transcripts_taken_over": "take its transcript over",
    "copies_taken_over": "take its copy without card numbers over",
}
"""What a dry run leaves undone, by the figure that it would count."""


def _tell(report: SweepReport) -> None:
    say(
        f"Looked at {counted(report.seen, 'recording')} at Twilio, since "
        f"{report.since:%Y-%m-%d %H:%M} UTC; {report.objects:,} in the bucket; "
        f"{report.asked:,} that the catalog waits for."
    )
    figures = {
        "unknown recordings adopted": report.adopted,
        "lines written, number not known, as Twilio does not know the call": (
            report.numbers_not_known
        ),
        "lines whose numbers Twilio tells now": report.numbers_found,
        "recordings brought forward": report.advanced,
        "ledger lines closed": report.lines_closed,
        "ledger lines written": report.lines_written,
        "people in conferences written down": report.conference_joined,
        "recordings of agents who may not be recorded ended": report.stopped,
        "copies deleted again at Twilio": report.deleted_again,
        "erased recordings erased again": report.erased_again,
        "objects labelled": report.labelled,
        "holds in the bucket mended": report.holds_mended,
        "stray derivatives deleted": report.derivatives_deleted,
        "transcripts taken over": report.transcripts_taken_over,
        "copies without card numbers taken over": report.copies_taken_over,
        "recordings that are not ours, left alone": report.not_ours,
    }
    print_figures(figures)
    print_not_ours(report.not_ours, report.not_ours_named)
    for sid, what in report.planned.items():
        say(f"  {sid}: not done: {PLANS[what]}")
    print_problems(report.problems)
    tell_of_strangers(report.strangers, report.strange)
    if not any((*figures.values(), report.problems, report.planned, report.strangers)):
        say("Nothing was missed.")
