"""Taking over what the accounts have gathered before."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, tzinfo
from types import FrameType

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

import twirec
from twirec.cli import INTERRUPTED
from twirec.cli.output import (
    as_json,
    counted,
    print_json,
    print_not_ours,
    progress_terminal,
    say,
)
from twirec.model.backfill import FREE_MINUTES, PRICE_PER_MINUTE, BackfillReport
from twirec.model.states import State
from twirec.settings.operating_user import operator

Show = Callable[[BackfillReport], object]

SHOWN = 20
"""How many failed recordings are named; `--json` names all."""


@click.command()
@click.option("--since", required=True, help="From when: 2023-01-01 or '2023-01-01 16:30'.")
@click.option("--until", help="Up to when; a date alone includes that day. Now, if not given.")
@click.option("--keep-at-vendor", is_flag=True, help="Copy and check, but delete nothing.")
@click.option(
    "--release-unknown",
    is_flag=True,
    help="Delete at Twilio also those whose call Twilio does not know any more.",
)
@click.option("--legal-ground", help="Why the company may have them; without it: quarantined.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many recordings to work at together, at the most.",
)
@as_json
def backfill(
    since: str,
    until: str | None,
    keep_at_vendor: bool,
    release_unknown: bool,
    legal_ground: str | None,
    threads: int,
    as_json: bool,
) -> None:
    """Take over what was recorded before: copy it into the bucket, check it, delete it at Twilio.

    The first Ctrl-C finishes what is in hand, the second ends at once; the same command goes on.
    Exit status 1 if something failed, 130 if it was interrupted.
    """
    archive = twirec.Archive.from_env()
    taking = archive.operations.backfill(
        since,
        until,
        by=operator(),
        keep_at_vendor=keep_at_vendor,
        release_unknown=release_unknown,
        legal_ground=legal_ground,
        threads=threads,
    )
    with _stopped_by_signals(taking.stop) as signals, _progress() as show:
        report = taking.run(show)
    if as_json:
        print_json({**asdict(report), "price_per_month_usd": round(report.price, 2)})
    else:
        _tell(report, archive.settings.timezone)
    if signals:
        raise click.exceptions.Exit(INTERRUPTED)
    if report.failed or report.stopped:
        raise click.exceptions.Exit(1)


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Call `stop` at each SIGINT and SIGTERM; yields those that came."""
    signals: list[int] = []

    def heed(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        stop()

    before = {each: signal.signal(each, heed) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class RateColumn(ProgressColumn):
    """Recordings in a second."""

    def render(self, task: Task) -> Text:
        """Return the text."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:.1f}/s" if speed else "")


@contextmanager
def _progress() -> Iterator[Show | None]:
    """Show a bar on a terminal, and nothing anywhere else."""
    console = progress_terminal()
    if console is None:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress, _logging_above():
        task = progress.add_task("Taking over", total=None)

        def show(report: BackfillReport) -> None:
            failed = f", {len(report.failed)} failed" if report.failed else ""
            progress.update(
                task,
                description=f"Taking over{failed}",
                completed=report.settled,
                total=report.total,
            )

        yield show


@contextmanager
def _logging_above() -> Iterator[None]:
    """Let what is logged stand above the bar, which took the place of stderr."""
    handlers = [
        each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler
    ]
    before = [handler.setStream(sys.stderr) for handler in handlers]
    try:
        yield
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            if stream is not None:
                handler.setStream(stream)


def _tell(report: BackfillReport, zone: tzinfo) -> None:
    say(
        f"Recorded from {_moment(report.since, zone)} to {_moment(report.until, zone)}:"
        f" {counted(report.seen, 'recording')} at Twilio."
    )
    for account, at in report.gone_on_at.items():
        say(f"  {account}: went on at {_moment(at, zone)}, where the last run stopped")
    for line in _figures(report):
        say(f"  {line}")
    print_not_ours(report.not_ours, report.not_ours_named)
    for sid, reason in list(report.failed.items())[:SHOWN]:
        say(f"  {sid}: {reason}")
    if len(report.failed) > SHOWN:
        say(f"  and {len(report.failed) - SHOWN} more; `twirec stats --json` names all")
    say(
        f"Twilio's list price for keeping these {report.minutes:,} minutes there:"
        f" ${report.price:,.2f} a month"
        f" (${PRICE_PER_MINUTE} a minute, {FREE_MINUTES:,} minutes free)."
    )
    if report.stopped:
        say(f"{report.stopped} Run the same command again to go on.")


def _figures(report: BackfillReport) -> Iterator[str]:
    yield f"{report.copied:,} copied, {report.size:,} bytes"
    if report.here:
        yield f"{report.here:,} in the bucket already"
    if report.numbers_not_known:
        yield (
            f"{report.numbers_not_known:,} of calls that Twilio does not know any more: number not"
            f" known, {report.kept_without_number:,} kept at Twilio; see `twirec add-numbers`"
        )
    yield from _counted(report.nothing)
    if report.not_ours:
        yield f"{report.not_ours:,} not ours, left alone; see TWIREC_ADOPT"
    if report.failed:
        yield f"{len(report.failed):,} failed; `twirec work --once --retry --all` tries again"
    if report.waiting:
        yield f"{report.waiting:,} listed and not taken over yet"


def _counted(nothing: Mapping[State, int]) -> Iterator[str]:
    for state, count in sorted(nothing.items()):
        yield f"{count:,} {state}: nothing to copy"


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"
