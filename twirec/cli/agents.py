"""The register of informed agents."""

from __future__ import annotations

from datetime import datetime

import click

import twirec
from twirec.cli.output import Column, answer, as_json, print_json, print_table, say
from twirec.settings.operating_user import operator


@click.command()
@click.argument("agent")
@click.option(
    "--on",
    "informed_on",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day on which they were informed.",
)
@click.option("--reference", required=True, help="Where it can be looked up: 'contract, annex 4'.")
@as_json
def inform(agent: str, informed_on: datetime, reference: str, as_json: bool) -> None:
    """Register that an agent (a number, client:NAME, sip:ADDRESS) knows that calls are recorded."""
    entry = twirec.Archive.from_env().agents.inform(
        agent, informed_on=informed_on.date(), reference=reference, by=operator()
    )
    answer(as_json, entry, f"Entry {entry.id}: {entry.agent}, informed on {entry.informed_on}.")


@click.command()
@as_json
def agents(as_json: bool) -> None:
    """Show the register of informed agents."""
    entries = twirec.Archive.from_env().agents.informed()
    if as_json:
        print_json(entries)
    elif not entries:
        say("No agent was informed. Register them with: twirec inform")
    else:
        columns = (
            Column("entry", 1),
            Column("agent", folds=True),
            Column("informed on", 2),
            Column("reference", 3, folds=True),
            Column("entered by", 4),
        )
        rows = [
            (each.id, each.agent, each.informed_on, each.reference, each.by) for each in entries
        ]
        print_table(columns, rows)
