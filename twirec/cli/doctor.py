"""Looking at the whole installation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict

import click

from twirec.cli.output import as_json, print_json, say
from twirec.model.inspection import CheckResult, Level

COLOURS: Mapping[Level, str] = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.FAILED: "red",
    Level.UNKNOWN: "bright_black",
}


@click.command()
@click.option(
    "--voice",
    multiple=True,
    metavar="PATH",
    help="Try this view too, besides those that the numbers point at; may be given again.",
)
@as_json
def doctor(voice: tuple[str, ...], as_json: bool) -> None:
    """Check the whole installation, and say how to mend what is wrong. Changes nothing.

    Exit status 1 if anything failed.
    """
    from twirec.doctor import examine  # loads all that it looks at, which `--help` need not

    findings = []
    for finding in examine(voice=voice):
        findings.append(finding)
        if not as_json:
            _tell(finding)
    counts = Counter(finding.level for finding in findings)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        say(", ".join(f"{counts[level]} {level}" for level in Level) + ".")
    if counts[Level.FAILED]:
        raise click.exceptions.Exit(1)


def _tell(finding: CheckResult) -> None:
    fix = f" Fix: {finding.fix}" if finding.fix else ""
    said = f" {finding.check}: {finding.what}{fix}"
    say(said, label=f"{finding.level:<11}", colour=COLOURS[finding.level])
