"""What is ordered and decided of a recording, and whether it is still what was archived."""

from __future__ import annotations

import click

import twirec
from twirec.cli.output import answer, as_json
from twirec.settings.operating_user import operator

REASON = click.option("--reason", required=True, help="Why; it is kept with the recording.")


@click.command()
@click.argument("sid")
@click.option("--ground", required=True, help="The legal ground; it is kept for ever.")
@as_json
def admit(sid: str, ground: str, as_json: bool) -> None:
    """Take a recording (RE…) that others started out of quarantine."""
    admitted = twirec.Archive.from_env().custody.admit(sid, ground=ground, by=operator())
    answer(as_json, admitted, f"{admitted.sid} is {admitted.custody}.")


@click.command()
@click.argument("sid")
@REASON
@as_json
def accept(sid: str, reason: str, as_json: bool) -> None:
    """Archive a recording (RE…) although its length or channels are not what Twilio says."""
    accepted = twirec.Archive.from_env().custody.accept(sid, reason=reason, by=operator())
    answer(as_json, accepted, f"{sid} will be archived as it is: `twirec work` does it.")


@click.command("give-up")
@click.argument("sid")
@REASON
@as_json
def give_up(sid: str, reason: str, as_json: bool) -> None:
    """Try nothing more of a parked recording (RE…); Twilio's copy stays.

    `twirec work --retry SID` takes it back.
    """
    given_up = twirec.Archive.from_env().custody.give_up(sid, reason=reason, by=operator())
    answer(as_json, given_up, f"{sid} is given up, and stays at Twilio.")


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
    lines = [f"Off the list: {settled}; who hears it next finds it again."]
    if reason is None:
        again = "was not what was made of it: deleted, and made anew when it is wanted."
        lines = [f"{sid} is what was archived.", *(f"{name} {again}" for name in deleted)]
    answer(as_json, {"sid": sid, "settled": settled, "deleted": deleted}, *lines)
