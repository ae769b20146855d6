"""The command line: one small file per family of commands."""

from __future__ import annotations

import logging
import sys

import click

from twirec.cli.agents import agents, inform
from twirec.cli.audit import audit
from twirec.cli.backfill import backfill
from twirec.cli.call import call, pause, resume
from twirec.cli.compare import compare
from twirec.cli.convert import convert
from twirec.cli.demo import demo
from twirec.cli.doctor import doctor
from twirec.cli.fallback import fallback
from twirec.cli.find import add_numbers, annotate, search, show
from twirec.cli.journal import journal, rebuild
from twirec.cli.play import sandbox
from twirec.cli.policy import off, on, policy
from twirec.cli.stats import stats
from twirec.cli.store import admit, init, sweep, work
from twirec.cli.waves import waveform
from twirec.cli.wording import announcement
from twirec.model.errors import SettingsError, TwirecError
from twirec.version import __version__


class Commands(click.Group):
    """Commands whose known errors are one clear message, not a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. Exit status: 0 done, 1 failed, 2 wrong usage."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise WrongSettings(str(error)) from error
        except TwirecError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            if not error.strerror:  # a library's own, which says more than a sentence can
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror}.") from error


class WrongSettings(click.ClickException):
    """Settings are missing or wrong. How a command is used has no part in it."""

    exit_code = 2


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option("-v", "--verbose", is_flag=True, help="Log what is done, by SID.")
def main(verbose: bool) -> None:
    """Record your company's phone calls on Twilio, and never lose one.

    The settings come from the environment; see the README.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )


COMMANDS = (
    *(init, doctor, fallback, work, sweep, admit, backfill),
    *(on, off, policy, announcement),
    *(inform, agents),
    *(call, pause, resume),
    *(search, show, annotate, add_numbers, stats, audit),
    waveform,
    convert,
    compare,
    *(sandbox, demo),
    *(journal, rebuild),
)

for command in COMMANDS:
    main.add_command(command)
