"""Placing a call."""

from __future__ import annotations

import click

from twirec.archive import Archive


@click.command()
@click.argument("to")
@click.option("--from", "own_number", required=True, help="The own number that calls.")
@click.option(
    "--connect",
    required=True,
    multiple=True,
    help="Whom to connect when the customer answered; given several times, all ring.",
)
def call(to: str, own_number: str, connect: tuple[str, ...]) -> None:
    """Call a customer, tell them that the call is recorded, and connect them."""
    placed = Archive.from_env().call(to, connect=connect, own_number=own_number)
    click.echo(placed.call_sid)
