"""What callers hear, or heard."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import click

import twirec
from twirec.cli.output import as_json, print_json, say
from twirec.model.announcements import Announcement
from twirec.model.vocabulary import Direction


@click.command()
@click.argument("hash_", metavar="[HASH]", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Save the audio that said it, a WAV file.",
)
@click.option("--question", is_flag=True, help="Save the audio of the question, not the notice.")
@click.option("--number", help="What is said now on this own number.")
@click.option("--direction", type=click.Choice([d.value for d in Direction]), default="in")
@as_json
def announcement(
    hash_: str | None,
    output: Path | None,
    question: bool,
    number: str | None,
    direction: str,
    as_json: bool,
) -> None:
    """Show what an announcement said, by the hash that a consent names; or what is said now.

    Without a hash it is what the policy says now, of all numbers that it says nothing else of.
    """
    if hash_ is not None and not re.fullmatch("[0-9a-f]{64}", hash_ := hash_.lower()):
        raise click.UsageError("HASH: give all 64 hex digits, as `twirec show` prints them.")
    archive = twirec.Archive.from_env()
    said = archive.policy.announcement(hash_) if hash_ else _now(archive, number, direction)
    audio = ""
    if output is not None:
        audio = said.question_audio if question else said.audio
        if question and not said.question:
            raise click.UsageError("It asks no question.")
        if not audio:
            raise click.UsageError(f"A voice read it ({said.voice}); there is no audio.")
        try:
            output.write_bytes(archive.policy.announcement_audio(audio))
        except OSError as error:
            raise click.ClickException(f"{output}: {error.strerror}.") from error
    if as_json and output is not None:
        print_json({"file": str(output), "hash": said.hash, "audio": audio})
    elif output is not None:
        say(f"{output}: {audio}")
    elif as_json:
        print_json({"hash": said.hash, **asdict(said)})
    else:
        say(f"{said.hash} ({said.language}, {said.voice or 'own audio'})")
        say(f"{said.text} {said.question}".strip())


def _now(archive: twirec.Archive, number: str | None, direction: str) -> Announcement:
    own = archive.policy.own_number(number) if number is not None else ""
    return archive.webhooks.announcing.of(archive.policy.of(own, Direction(direction)).policy)
