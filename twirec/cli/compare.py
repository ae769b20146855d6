"""Whether a recording is still what was archived."""

from __future__ import annotations

import click

import twirec
from twirec.cli.output import as_json, print_json, say
from twirec.settings.operating_user import operator


@click.command()
@click.argument("sid")
@click.option(
    "--reason",
    help="Compare nothing: say what you found, and take what is known to differ off the list.",
)
@as_json
def compare(sid: str, reason: str | None, as_json: bool) -> None:
    """Read a recording (RE…), and all that was made of it, and compare it with what was archived.

    What was known to differ and is right again is not on the list of `twirec stats` any more.
    Exit status 1 if it differs.
    """
    archive = twirec.Archive.from_env()
    settled, deleted = 0, list[str]()
    if reason is None:
        deleted = archive.recordings.compare(sid, by=operator())
    else:
        settled = archive.operations.settle_difference(sid, reason=reason, by=operator())
    if as_json:
        print_json({"sid": sid, "settled": settled, "deleted": deleted})
    elif reason is None:
        say(f"{sid} is what was archived.")
        for name in deleted:
            say(f"{name} was not what was made of it: deleted, and made anew when it is wanted.")
    else:
        say(f"{settled} off the list; who hears it next finds it again.")
