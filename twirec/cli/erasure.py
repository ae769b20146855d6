"""What is erased, and the certificate that says what became of each copy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path

import click

import twirec
from twirec.cli.output import (
    Column,
    answer,
    as_json,
    ask,
    counted,
    print_fields,
    print_json,
    print_table,
    say,
)
from twirec.model.erasure import (
    Certificate,
    CertificateLine,
    CopyOutcome,
    Erasure,
    ErasureKind,
)
from twirec.settings.operating_user import operator

SAID = {
    CopyOutcome.DONE: "destroyed",
    CopyOutcome.ORDERED: "a worker does it",
    CopyOutcome.WAITING: "waits",
    CopyOutcome.PENDING: "gone here; others keep it",
    CopyOutcome.BLOCKED: "blocked",
    CopyOutcome.REFUSED: "REFUSED",
    CopyOutcome.NOTHING: "there was nothing",
}
"""What became of a copy, as people read it."""

WHY = {
    "held": "it is held",
    "open": "it has still to be answered",
    "goes_on": "it goes on",
    "no_copy": "there is no copy without card numbers",
    "vendor": "Twilio",
    "soft_delete": "the bucket's soft delete",
    "kept_by_the_bucket": "the bucket's retention policy, or a hold of its own",
}


@click.command()
@click.argument("what")
@click.option("--reason", required=True, help="Why; it is kept for ever, without numbers.")
@click.option("--now", is_flag=True, help="Destroy it at once, where the law allows that.")
@click.option("--ground", default="", help="The legal ground for --now.")
@click.option(
    "--original",
    is_flag=True,
    help="Only the recording as it was archived: its copy without card numbers stays.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def erase(
    what: str, reason: str, now: bool, ground: str, original: bool, yes: bool, as_json: bool
) -> None:
    """Erase WHAT: a recording (RE…), a call (CA…), or all calls of a customer's number.

    They are blocked: kept for judges and authorities only, and destroyed on a date (LOPDGDD
    art. 32). With --now and --ground they are destroyed everywhere, by the workers. It cannot be
    undone, and asks first. Calls to come are not affected. With --original as well, only a
    recording as it was archived is destroyed, and its copy without card numbers takes its place.
    """
    archive = twirec.Archive.from_env()
    if not yes:
        its = f"{what}, which is {_state(archive, what)}," if what.startswith("RE") else what
        then = "everywhere and for ever" if now else "and destroy it on its date"
        only = "only the original of " if original else ""
        ask(f"{'Destroy' if now else 'Block'} {only}{its} {then}?")
    ordered = archive.custody.erase(
        what, reason=reason, by=operator(), now=now, ground=ground, original=original
    )
    _print(ordered, archive.settings.timezone, as_json=as_json)


@click.command()
@click.argument("key", metavar="[ID]", required=False)
@click.option("-o", "output", metavar="FILE", help="Write it as FILE.html or FILE.pdf instead.")
@click.option("--language", type=click.Choice(["en", "es"]), default="en", help="Of that file.")
@as_json
def certificate(key: str | None, output: str | None, language: str, as_json: bool) -> None:
    """Show the certificate of an erasure (E-…): what is done, pending and refused.

    Without its ID, list erasures, newest first.
    """
    archive = twirec.Archive.from_env()
    if key is not None and output is not None:
        _write(archive, key, Path(output), language)
        answer(as_json, {"certificate": key, "file": output}, f"{output} is the certificate {key}.")
        return
    if key is None:
        _list(archive.custody.certificates.list(by=operator()), archive, as_json=as_json)
        return
    found = archive.custody.certificates.get(key, by=operator())
    _print(found, archive.settings.timezone, as_json=as_json)


def _state(archive: twirec.Archive, sid: str) -> str:
    """Return the state of a recording; one that is not there is not asked about."""
    return archive.recordings.get(sid, by=operator()).state


def _write(archive: twirec.Archive, key: str, file: Path, language: str) -> None:
    certificates = archive.custody.certificates
    if file.suffix == ".pdf":
        file.write_bytes(certificates.pdf(key, language=language, by=operator()))
    elif file.suffix == ".html":
        page = certificates.page(key, language=language, by=operator())
        file.write_text(page, encoding="utf-8")
    else:
        raise click.BadParameter("name a file that ends in .html or .pdf", param_hint="-o")


def _list(erasures: Sequence[Erasure], archive: twirec.Archive, *, as_json: bool) -> None:
    if as_json:
        print_json(erasures)
        return
    zone = archive.settings.timezone
    rows = [
        (
            each.id,
            f"{each.at.astimezone(zone):%Y-%m-%d %H:%M}",
            each.sid or "a number",
            each.kind,
            "done" if each.done_at else f"until {each.until}" if each.until else "goes on",
            each.by,
            each.reason,
        )
        for each in erasures
    ]
    columns = (
        *(Column("certificate"), Column("asked", 3), Column("of"), Column("kind", 2)),
        *(Column("state"), Column("by", 4), Column("reason", 1, folds=True)),
    )
    print_table(columns, rows)


def _print(certificate: Certificate, zone: tzinfo, *, as_json: bool) -> None:
    if as_json:
        print_json(certificate)
        return
    erasure = certificate.erasure
    what = erasure.sid or "a number"
    of = f"{counted(certificate.recordings, 'recording')}, {counted(certificate.calls, 'call')}"
    print_fields(
        {
            "certificate": erasure.id,
            "of": f"{what}: {of}",
            "asked": erasure.at,
            "by": erasure.by,
            "reason": erasure.reason,
            "ground": erasure.ground,
            "approved by": erasure.approved_by,
            "blocked until": erasure.until,
            "done": erasure.done_at,
        },
        zone,
    )
    say()
    rows = [_row(line, zone) for line in certificate.lines]
    columns = (
        Column("of"),
        Column("copy"),
        Column("what became of it"),
        Column("until"),
        Column("name", 1),
    )
    print_table(columns, rows)
    if certificate.more:
        say(f"and of {certificate.more:,} more recordings and calls: --json has the first 1,000.")
    say(_sentence(certificate))


def _row(line: CertificateLine, zone: tzinfo) -> tuple[object, ...]:
    said = SAID[line.outcome]
    if why := WHY.get(line.why):
        said += f": {why}"
    until = "" if line.until is None else f"{line.until.astimezone(zone):%Y-%m-%d %H:%M}"
    return (line.sid, line.copy.replace("_", " "), said, until, line.name)


def _sentence(certificate: Certificate) -> str:
    """Return what follows, in a sentence."""
    erasure = certificate.erasure
    if certificate.approval:
        return (
            f"Nothing is done yet: a second person has to run "
            f"`twirec approve {certificate.approval}`."
        )
    if refused := certificate.count(CopyOutcome.REFUSED):
        return f"Refused: {refused}. What is held stays until that is lifted: erase it then."
    if erasure.kind is ErasureKind.BLOCK and not certificate.done:
        return f"Nobody sees it from now on; it is destroyed on {erasure.until}."
    if not certificate.done:
        return f"The workers go on: `twirec certificate {erasure.id}` says how far they are."
    return "Nothing is left here."
