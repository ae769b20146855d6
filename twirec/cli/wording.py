"""What callers hear, or heard."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from twirec.archive import Archive
from twirec.cli.output import as_json, print_json


@click.command()
@click.argument("hash_", metavar="[HASH]", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Save the audio that said it, a WAV file.",
)
@click.option("--question", is_flag=True, help="Save the audio of the question, not the notice.")
@as_json
def announcement(hash_: str | None, output: Path | None, question: bool, as_json: bool) -> None:
    """Show what an announcement said, by the hash that a consent names; or what is said now."""
    archive = Archive.from_env()
    said = archive.catalog.announcement(hash_) if hash_ else archive.phone.announcement
    if output is not None:
        audio = said.question_audio if question else said.audio
        if not audio:
            raise click.UsageError(f"A voice read it ({said.voice}); there is no audio.")
        output.write_bytes(archive.catalog.audio(audio))
        click.echo(f"{output}: {audio}")
    elif as_json:
        print_json({"hash": said.hash, **asdict(said)})
    else:
        click.echo(f"{said.hash} ({said.language}, {said.voice or 'own audio'})")
        click.echo(f"{said.text} {said.question}".strip())
