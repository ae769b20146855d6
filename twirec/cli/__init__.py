"""The command line: one small file per family of commands."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click
from dotenv import dotenv_values

from twirec.cli.agents import agents, inform
from twirec.cli.audit import audit
from twirec.cli.backfill import backfill
from twirec.cli.call import call, pause, resume
from twirec.cli.compare import compare
from twirec.cli.convert import convert, download
from twirec.cli.demo import demo
from twirec.cli.doctor import doctor
from twirec.cli.fallback import fallback
from twirec.cli.find import add_numbers, annotate, search, show
from twirec.cli.journal import journal, rebuild
from twirec.cli.output import Lines, clean
from twirec.cli.play import sandbox
from twirec.cli.policy import off, on, policy
from twirec.cli.standstill import accept, give_up
from twirec.cli.stats import stats
from twirec.cli.store import admit, erase, init, sweep, work
from twirec.cli.waves import waveform
from twirec.cli.wording import announcement
from twirec.model.characters import unspeakable
from twirec.model.errors import InvalidQuery, SettingsError, TwirecError
from twirec.version import __version__

INTERRUPTED = 128 + signal.SIGINT
READER_GONE = 128 + signal.SIGPIPE
"""Exit statuses, as the shell gives them to what these signals end."""


class WrongValue(click.ClickException):
    """A value or a setting is wrong. The message says which; the usage would hide that."""

    exit_code = 2


class Commands(click.Group):
    """Commands whose known errors are one clear message, not a traceback.

    Exit status: 0 done, 1 failed, 2 wrong usage, a wrong value or wrong settings.
    """

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run the command line, and end the process with its exit status."""
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
            sys.stdout.flush()
        except click.ClickException as error:
            message = io.StringIO()
            error.show(message)
            click.echo(clean(message.getvalue()), err=True, nl=False)
            status = error.exit_code
        except click.Abort:
            status = INTERRUPTED
        except BrokenPipeError:
            status = _reader_gone()
        sys.exit(status if isinstance(status, int) else 0)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Read the options; `--help` and `--version` print what they are asked for."""
        words = args[1] if len(args) > 1 else extra.get("args", ())
        for word in filter(unspeakable, words):  # before any of it is kept, or printed
            raise WrongValue(f"{clean(word)}: it has control characters; leave them out.")
        try:
            return super().make_context(*args, **extra)
        except BrokenPipeError as error:
            raise click.exceptions.Exit(_reader_gone()) from error

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what is known to go wrong becomes a message and an exit status."""
        try:
            return super().invoke(ctx)
        except (SettingsError, InvalidQuery) as error:
            raise WrongValue(clean(error)) from error
        except TwirecError as error:
            raise click.ClickException(clean(error)) from error
        except BrokenPipeError as error:  # such as that of `| head`; click would make it a 1
            raise click.exceptions.Exit(_reader_gone()) from error
        except OSError as error:
            if not error.strerror:  # a library's own, which says more than a sentence can
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(clean(f"{where}{error.strerror}.")) from error


def _reader_gone() -> int:
    """Let nothing more be written to a pipe that nobody reads, and return the exit status."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return READER_GONE


def _log(context: click.Context, _option: click.Parameter, verbose: bool) -> None:
    root = logging.getLogger()
    if context.parent is None:
        if not root.handlers:
            handler = logging.StreamHandler(sys.stderr)
            handler.setFormatter(Lines("%(asctime)s %(levelname)s %(name)s %(message)s"))
            root.addHandler(handler)
        root.setLevel(logging.INFO if verbose else logging.WARNING)
    elif verbose:
        root.setLevel(logging.INFO)


def _read_env(_context: click.Context, _option: click.Parameter, file: str | None) -> None:
    """Take settings from a file; what is in the environment already goes before it."""
    for name, value in dotenv_values(file).items() if file else ():
        os.environ.setdefault(name, value or "")


def common_options() -> list[click.Parameter]:
    """Return the options that may stand before the name of a command and behind it."""
    return [
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_log,
            help="Log what is done, by SID.",
        ),
        click.Option(
            ["--env-file"],
            type=click.Path(exists=True, dir_okay=False),
            expose_value=False,
            is_eager=True,
            callback=_read_env,
            help="Read settings from this file too, such as .env; the environment goes first.",
        ),
    ]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Record your company's phone calls on Twilio, and never lose one.

    The settings come from the environment; see the README.
    """


COMMANDS = (
    *(init, doctor, fallback, work, sweep, admit, erase, backfill),
    *(on, off, policy, announcement),
    *(inform, agents),
    *(call, pause, resume),
    *(search, show, annotate, add_numbers, stats, audit),
    *(waveform, convert, download, compare),
    *(accept, give_up),
    *(sandbox, demo),
    *(journal, rebuild),
)

main.params += common_options()
for command in COMMANDS:
    command.params += common_options()
    main.add_command(command)
