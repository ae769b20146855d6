"""The register of informed agents."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click
from rich.table import Column, Table

from twirec.archive import Archive
from twirec.cli.output import as_json, console, print_json, who


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
def inform(agent: str, informed_on: datetime, reference: str) -> None:
    """Register that an agent (a number, client:NAME, sip:ADDRESS) knows that calls are recorded."""
    entry = Archive.from_env().inform_agent(
        agent, informed_on=informed_on.date(), reference=reference, by=who()
    )
    click.echo(f"Entry {entry.id}: {entry.agent}, informed on {entry.informed_on}.")


@click.command()
@as_json
def agents(as_json: bool) -> None:
    """Show the register of informed agents."""
    entries = Archive.from_env().informed_agents()
    if as_json:
        print_json([asdict(entry) for entry in entries])
    elif not entries:
        click.echo("No agent was informed. Register them with: twirec inform")
    else:
        columns = ("entry", "agent", "informed on", "reference", "entered by")
        table = Table(*(Column(name, overflow="fold") for name in columns))
        for entry in entries:
            table.add_row(
                str(entry.id), entry.agent, str(entry.informed_on), entry.reference, entry.by
            )
        console.print(table)
