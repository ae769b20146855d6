"""Placing a call; pausing what is recorded of one."""

from __future__ import annotations

import click

import twirec
from twirec.cli.output import answer, as_json
from twirec.model.errors import VendorError
from twirec.settings.operating_user import operator


@click.command()
@click.argument("to")
@click.option("--from", "own_number", required=True, help="The own number that calls.")
@click.option(
    "--connect",
    required=True,
    multiple=True,
    help="Whom to connect when the customer answered; given several times, all ring.",
)
@click.option(
    "--agent-first", is_flag=True, help="Call whom to connect first, and then the customer."
)
@as_json
def call(
    to: str, own_number: str, connect: tuple[str, ...], agent_first: bool, as_json: bool
) -> None:
    """Call a customer, tell them that the call is recorded, and connect them."""
    placed = twirec.Archive.from_env().calls.place(
        to, connect=connect, own_number=own_number, agent_first=agent_first, by=operator()
    )
    answer(as_json, placed, placed.call_sid)


@click.command()
@click.argument("sid")
@as_json
def pause(sid: str, as_json: bool) -> None:
    """Pause what is recorded of a call (CA…), such as while a card number is said.

    It stays paused until it is resumed. Exit status 1 if Twilio did not say that it is paused.
    """
    try:
        pauses = twirec.Archive.from_env().recordings.pause(sid, by=operator())
    except VendorError as error:
        raise click.ClickException(f"Suppose that it records, and try again: {error}") from error
    answer(as_json, pauses, *(f"{each.recording_sid} is paused." for each in pauses))


@click.command()
@click.argument("sid")
@as_json
def resume(sid: str, as_json: bool) -> None:
    """Let what is recorded of a call (CA…) go on after a pause."""
    try:
        resumed = twirec.Archive.from_env().recordings.resume(sid, by=operator())
    except VendorError as error:
        raise click.ClickException(f"Suppose that it is silent, and try again: {error}") from error
    answer(as_json, {"resumed": resumed}, "It is recorded again.")
