"""Reads recordings back from the bucket, and says whether they are what was archived."""

from __future__ import annotations

import click
from rich.progress import Progress

import twirec
from twirec.cli.output import answer, as_json, progress_terminal, say
from twirec.model.integrity import CONFIDENCE
from twirec.settings.operating_user import operator


@click.command()
@click.option(
    "--sample",
    type=click.IntRange(1, 1_000_000),
    help="So many, drawn by chance, instead of all.",
)
@as_json
def check(sample: int | None, as_json: bool) -> None:
    """Read recordings back from the bucket, all or a sample, and compare them.

    Size, CRC32C and SHA-256 have to be what was archived. Workers do the same bit by bit, every
    recording within TWIREC_CHECK_EVERY days. Exit status 1 if something is changed, lost, or was
    not given by the bucket.
    """
    archive = twirec.Archive.from_env()
    console = progress_terminal()
    with Progress(console=console, disable=console is None or as_json) as progress:
        task = progress.add_task("Reading back", total=sample)
        found = archive.integrity.check(
            sample, by=operator(), read=lambda size: progress.advance(task)
        )
    if not as_json:
        for sid in found.named:
            say(f"NOT WHAT WAS ARCHIVED  {sid}")
        damaged = found.changed + found.lost
        if damaged > len(found.named):
            say(f"and {damaged - len(found.named)} more, of which no details are shown.")
    counts = (
        f"{found.read} of {found.of} recordings read, {found.size / 1e6:,.1f} MB: "
        f"{found.changed} changed, {found.lost} lost, {found.unread} not given by the bucket."
    )
    if found.read + found.lost >= found.of:
        bound = "All were looked at."
    else:
        bound = f"With {CONFIDENCE:.0%} confidence at most {found.at_most:.2%} of all are damaged."
    answer(as_json, {**_fields(found), "at_most": found.at_most}, counts, bound)
    if not found.whole:
        raise SystemExit(1)


def _fields(found: twirec.IntegrityReport) -> dict[str, object]:
    names = ("of", "read", "size", "changed", "lost", "unread", "named", "oldest")
    return {name: getattr(found, name) for name in names}
