"""Looking at the whole installation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

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

    results = []
    for result in examine(voice=voice):
        results.append(result)
        if not as_json:
            _tell(result)
    counts = Counter(result.level for result in results)
    if as_json:
        print_json(results)
    else:
        say(", ".join(f"{counts[level]} {level}" for level in Level) + ".")
    if counts[Level.FAILED]:
        raise click.exceptions.Exit(1)


def _tell(result: CheckResult) -> None:
    fix = f" Fix: {result.fix}" if result.fix else ""
    said = f" {result.check}: {result.what}{fix}"
    say(said, label=f"{result.level:<11}", colour=COLOURS[result.level])
