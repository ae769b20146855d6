"""Deciding of what time does not mend."""

from __future__ import annotations

from dataclasses import asdict

import click

import twirec
from twirec.cli.output import as_json, print_json, say
from twirec.settings.operating_user import operator

REASON = click.option("--reason", required=True, help="Why; it is kept with the recording.")


@click.command()
@click.argument("sid")
@REASON
@as_json
def accept(sid: str, reason: str, as_json: bool) -> None:
    """Archive a recording (RE…) although its length or channels are not what Twilio says."""
    accepted = twirec.Archive.from_env().custody.accept(sid, reason=reason, by=operator())
    if as_json:
        print_json(asdict(accepted))
    else:
        say(f"{sid} will be archived as it is: `twirec work` does it.")


@click.command("give-up")
@click.argument("sid")
@REASON
@as_json
def give_up(sid: str, reason: str, as_json: bool) -> None:
    """Try nothing more of a parked recording (RE…); Twilio's copy stays.

    `twirec work --retry SID` takes it back.
    """
    given_up = twirec.Archive.from_env().custody.give_up(sid, reason=reason, by=operator())
    if as_json:
        print_json(asdict(given_up))
    else:
        say(f"{sid} is given up, and stays at Twilio.")
