"""The audit log: who did what, and whether it is whole."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

import twirec
from twirec.cli.evidence import MARKS, certificates
from twirec.cli.output import Column, as_json, print_json, print_table, say, write


@click.command()
@click.option(
    "--verify",
    is_flag=True,
    help="Look at the whole chain; exit status 1 if broken.",
)
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(path_type=Path),
    help="With --verify: a PEM file of whom you trust to say the time of anchors.",
)
@click.option("--anchor", is_flag=True, help="Anchor the log in the bucket now.")
@click.option("--anchors", is_flag=True, help="List the anchors.")
@click.option("--prove", type=int, metavar="ENTRY", help="Write a proof of one entry, with -o.")
@click.option(
    "--consistent",
    nargs=2,
    type=int,
    metavar="ANCHOR ANCHOR",
    help="Write a proof that the log of one anchor goes on in that of another, with -o.",
)
@click.option("-o", "--output", help="The file of the proof to write, such as proof.json.")
@click.option("--since", help="From: 2026-11-03 or '2026-11-03 16:30'.")
@click.option("--until", help="Up to; a date alone includes that day.")
@click.option("--who", help="By whom, such as os:ana.")
@click.option("--action", help="What was done, such as listen.")
@click.option("--sid", help="To which call or recording.")
@click.option("--number", help="About which number; needs TWIREC_AUDIT_KEY.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--after", type=int, help="The next page: the last entry of the page before.")
@as_json
def audit(
    verify: bool,
    trust: tuple[Path, ...],
    anchor: bool,
    anchors: bool,
    prove: int | None,
    consistent: tuple[int, int] | None,
    output: str | None,
    as_json: bool,
    **query: Any,
) -> None:
    """Show who did what, newest first; check that nobody changed the log; prove what is on it."""
    proven = prove is not None or consistent is not None
    if verify + anchor + anchors + (prove is not None) + (consistent is not None) > 1:
        raise click.UsageError("Give one of --verify, --anchor, --anchors, --prove, --consistent.")
    if proven != (output is not None):
        raise click.UsageError("-o goes with --prove or --consistent, and they with it.")
    if trust and not verify:
        raise click.UsageError("--trust goes with --verify.")
    archive = twirec.Archive.from_env()
    if verify:
        _verify(archive, [each for path in trust for each in certificates(path)], as_json)
    elif anchor:
        _anchor(archive, as_json)
    elif anchors:
        _anchors(archive, as_json)
    elif prove is not None and output:
        _write(output, archive.audit.prove(prove), as_json)
    elif consistent is not None and output:
        _write(output, archive.audit.prove_consistent(*consistent), as_json)
    else:
        _entries(archive, query, as_json)


def _entries(archive: twirec.Archive, query: dict[str, Any], as_json: bool) -> None:
    entries = archive.audit.log(**query)
    if as_json:
        print_json(entries)
        return
    columns = (
        Column("entry"),
        Column("time", 1),
        Column("who", 2),
        Column("role", 7),
        Column("action", 3),
        Column("of", 4),
        Column("outcome", 5),
        Column("detail", 6, folds=True),
    )
    rows = [
        (
            entry.seq,
            f"{entry.at.astimezone(archive.settings.timezone):%Y-%m-%d %H:%M:%S}",
            entry.by,
            entry.role,
            entry.action,
            entry.sid,
            entry.outcome,
            ", ".join(f"{name}: {value}" for name, value in entry.shown.items()),
        )
        for entry in entries
    ]
    print_table(columns, rows)


def _verify(archive: twirec.Archive, trusted: list[bytes], as_json: bool) -> None:
    verdict = archive.audit.verify(trusted=trusted)
    if as_json:
        print_json({**asdict(verdict), "whole": verdict.whole, "compared": verdict.compared})
    else:
        if verdict.why:
            say(f"{verdict.said}.")
        else:
            say(f"The chain is whole, entries: {verdict.entries:,}.")
        for claim in verdict.claims:
            say(f"{MARKS['en'][claim.level]:>9}  {claim.said}")
    if not (verdict.whole and verdict.compared):
        raise click.exceptions.Exit(1)


def _anchor(archive: twirec.Archive, as_json: bool) -> None:
    anchor = archive.audit.anchor()
    if as_json:
        print_json(anchor.fields if anchor else None)
    elif anchor is None:
        say("Nothing is on the audit log yet: there is nothing to anchor.")
    else:
        say(f"Anchor {anchor.anchor} has {anchor.entries:,} entries. Its SHA-256:")
        say(anchor.digest)
        newest = archive.audit.anchors()[-1]
        if archive.settings.tsa_url and not newest.stamped_at:
            say("The authority of time did not answer: workers try again.")


def _anchors(archive: twirec.Archive, as_json: bool) -> None:
    anchors = archive.audit.anchors()
    if as_json:
        print_json(anchors)
        return
    columns = (
        Column("anchor"),
        Column("made", 1),
        Column("entries", 2),
        Column("time-stamped", 3),
        Column("SHA-256", 4, folds=True),
    )
    zone = archive.settings.timezone
    rows = [
        (
            each.anchor,
            f"{each.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            each.entries,
            f"{each.stamped_at.astimezone(zone):%Y-%m-%d %H:%M:%S}" if each.stamped_at else "no",
            each.digest,
        )
        for each in anchors
    ]
    print_table(columns, rows)


def _write(output: str, proof: twirec.AuditProof | twirec.ConsistencyProof, as_json: bool) -> None:
    """Write a proof, with the commands that check it, and print these."""
    path = Path(output)
    checks = proof.checks(path.name)
    try:
        with path.open("x", encoding="ascii") as file:
            file.write(proof.text(path.name))
    except FileExistsError:
        taken = f"{output} is there already: give another name with -o."
        raise click.ClickException(taken) from None
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written ({error.strerror}).") from error
    if as_json:
        print_json({"file": output, **checks})
        return
    say(f"Wrote {output}. Without twirec it is checked by:")
    for command in checks.values():
        write(command)
