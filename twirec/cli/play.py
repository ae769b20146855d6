"""The stand-in for Twilio, as a server."""

from __future__ import annotations

from contextlib import suppress

import click

from twirec.cli.output import as_json, print_json, say
from twirec.sandbox import Sandbox
from twirec.sandbox.sandbox import SHARED_KEY


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8480, show_default=True)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address on which it listens: 0.0.0.0 in a container.",
)
@click.option(
    "--url",
    default="",
    help="How the app reaches it, such as http://sandbox:8480; by default by 127.0.0.1.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 1000, min_open=True),
    default=1.0,
    show_default=True,
    help="How much faster than life calls are played.",
)
@click.option(
    "--shared-key",
    is_flag=True,
    help="Sign with a shared key instead of the token, as under a Webhook Rule.",
)
@as_json
def sandbox(port: int, host: str, url: str, speed: float, shared_key: bool, as_json: bool) -> None:
    """Run the stand-in for Twilio, until Ctrl-C.

    It prints the settings by which an app and a worker use it.
    """
    try:
        stand_in = Sandbox(
            port=port,
            host=host,
            url=url,
            speed=speed,
            shared_key=SHARED_KEY if shared_key else None,
        )
    except OSError as error:
        raise click.ClickException(
            f"port {port} of {host} cannot be used: {error.strerror}; give another with --port"
            " or --host."
        ) from error
    settings = {
        "TWIREC_TWILIO_API_URL": stand_in.url,
        "TWILIO_ACCOUNT_SID": stand_in.account_sid,
        "TWILIO_AUTH_TOKEN": stand_in.auth_token,
    }
    if speed != 1 or not url:  # a URL of another machine takes no other speed
        settings["TWIREC_CLOCK_SPEED"] = f"{speed:g}"
    if shared_key:
        keys = f"{stand_in.account_sid}={':'.join(SHARED_KEY)}"
        settings["TWIREC_TWILIO_SHARED_KEYS"] = keys
    if as_json:
        print_json(settings)
    else:
        for name, value in settings.items():
            say(f"export {name}={value}")
    with stand_in, suppress(KeyboardInterrupt):
        stand_in.closing.wait()
