"""Evidence for others, and its check, which needs no catalog and no settings."""

from __future__ import annotations

import ssl
from pathlib import Path

import click

import twirec
from twirec.cli.convert import give, purposed, said_purpose
from twirec.cli.output import answer, as_json, say
from twirec.evidence.check import check_evidence
from twirec.model.claims import CheckLevel
from twirec.model.evidence import EvidenceForm
from twirec.settings.operating_user import operator

MARKS = {
    "en": {CheckLevel.HOLDS: "ok", CheckLevel.BROKEN: "BROKEN", CheckLevel.UNKNOWN: "not known"},
    "es": {CheckLevel.HOLDS: "bien", CheckLevel.BROKEN: "ROTO", CheckLevel.UNKNOWN: "no se sabe"},
}

VERDICTS = {
    "en": ("It does not hold: see what is BROKEN.", "Nothing is broken."),
    "es": ("No se sostiene: véase lo que está ROTO.", "No hay nada roto."),
}


@click.command()
@click.argument("sid", required=False)
@click.option("--case", help="Instead of a recording: all of this case.")
@click.option("--language", help="Of the pages: es or en; without it, that of the settings.")
@purposed
@click.option("-o", "--output", required=True, help="The file to write: .pdf or .asice.")
@as_json
def evidence(
    sid: str | None,
    case: str | None,
    language: str | None,
    purpose: str | None,
    output: str,
    as_json: bool,
) -> None:
    """Write a sealed package of a recording (RE…), or of a case, that others can check.

    As a PDF with the recording inside, or as an ASiC-E container, by the file's ending.
    """
    ending = Path(output).suffix.lower().lstrip(".")
    if ending not in set(EvidenceForm):
        raise click.UsageError("-o has to end in .pdf or .asice.")
    if (sid is None) == (case is None):
        raise click.UsageError("Give a recording, RE…, or --case.")
    archive = twirec.Archive.from_env()
    stream = archive.custody.evidence(
        sid,
        case=case,
        form=ending,
        language=language,
        file_name=Path(output).name,
        by=operator(),
        purpose=said_purpose(archive, purpose),
    )
    give(stream, output, as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A PEM file with certificates of whom you trust; may be given several times.",
)
@click.option("--language", type=click.Choice(["en", "es"]), default="en", help="Of what it says.")
@as_json
def verify(file: Path, trust: tuple[Path, ...], language: str, as_json: bool) -> None:
    """Check a sealed package: every byte, and every claim that can be held against the bytes.

    It needs neither settings nor a network. Exit status 1 if anything is broken.
    """
    trusted = [each for path in trust for each in certificates(path)]
    try:
        with file.open("rb") as package:
            found = check_evidence(package, trusted, language=language)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read ({error.strerror}).") from error
    if not as_json:
        for claim in found.claims:
            say(f"{MARKS[language][claim.level]:>11}  {claim.said}")
    whole = VERDICTS[language][found.holds]
    answer(as_json, {"form": found.form, "holds": found.holds, "claims": found.claims}, whole)
    if not found.holds:
        raise SystemExit(1)


def certificates(path: Path) -> list[bytes]:
    """Return the certificates of a PEM file, each DER."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be read ({error.strerror}).") from error
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    found = [
        ssl.PEM_cert_to_DER_cert(f"{begin}{part.split(end)[0]}{end}")
        for part in text.split(begin)[1:]
    ]
    if not found:
        raise click.UsageError(f"--trust: {path} holds no certificate in PEM.")
    return found
