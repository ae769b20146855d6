"""The stand-in for Twilio, as a server."""

from __future__ import annotations

import click

from twirec.sandbox import Sandbox


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8480, show_default=True)
@click.option(
    "--speed",
    type=click.FloatRange(0, 1000, min_open=True),
    default=1.0,
    show_default=True,
    help="How much faster than life calls are played.",
)
def sandbox(port: int, speed: float) -> None:
    """Run the stand-in for Twilio, until Ctrl-C.

    It prints the settings by which an app and a worker use it.
    """
    stand_in = Sandbox(port=port, speed=speed)
    click.echo(f"export TWIREC_TWILIO_API_URL={stand_in.url}")
    click.echo(f"export TWIREC_CLOCK_SPEED={speed:g}")
    click.echo(f"export TWILIO_ACCOUNT_SID={stand_in.account_sid}")
    click.echo(f"export TWILIO_AUTH_TOKEN={stand_in.auth_token}")
    stand_in.serve_forever()
