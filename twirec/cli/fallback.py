"""What connects callers while the app is down."""

from __future__ import annotations

import click

import twirec
from twirec.cli.output import as_json, print_json, write


@click.command()
@click.option(
    "--dial",
    required=True,
    multiple=True,
    help="Whom to connect: a number, client:NAME or sip:ADDRESS; given several times, all ring.",
)
@click.option("--say", default="", metavar="SENTENCE", help="What callers hear first.")
@click.option("--language", help="Of the sentence, such as en-GB; by default the settings'.")
@as_json
def fallback(dial: tuple[str, ...], say: str, language: str | None, as_json: bool) -> None:
    """Print the TwiML that connects callers, unrecorded, while the app is down.

    Paste it into a TwiML Bin (Twilio console, TwiML Bins), and choose that under 'Primary handler
    fails' of each number: Twilio keeps it, so it works when nothing of yours does.
    """
    document = twirec.Archive.from_env().calls.fallback(dial, say=say, language=language)
    if as_json:
        print_json({"twiml": document})
    else:
        write(document)
