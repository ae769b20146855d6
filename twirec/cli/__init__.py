"""The command line: one small file per family of commands."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click
from dotenv import dotenv_values

from twirec.cli.output import Lines, clean
from twirec.model.errors import InvalidQuery, SettingsError, TwirecError
from twirec.model.given import unspeakable
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
        logging.getLogger("alembic").setLevel(logging.WARNING)  # it says how it sets itself up
        logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # the claims say whom nobody trusts
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


_HOMES = {
    "access_request": ("access-request",),
    "agents": ("agents", "inform"),
    "audit": ("audit",),
    "backfill": ("backfill",),
    "cards": ("cards",),
    "call": ("call", "pause", "resume"),
    "case": ("case",),
    "convert": ("convert", "download"),
    "evidence": ("evidence", "verify"),
    "custody": ("accept", "admit", "compare", "give-up"),
    "demo": ("demo",),
    "disclose": ("disclose",),
    "doctor": ("doctor",),
    "erasure": ("certificate", "erase"),
    "fallback": ("fallback",),
    "approvals": ("approvals", "approve", "block", "refuse", "release"),
    "holds": ("hold", "holds", "unhold"),
    "find": ("add-numbers", "annotate", "search", "show"),
    "reindex": ("reindex",),
    "journal": ("journal", "rebuild"),
    "integrity": ("check",),
    "months": ("close-month", "months"),
    "play": ("sandbox",),
    "policy": ("off", "on", "policy"),
    "retention": ("retention",),
    "stats": ("stats",),
    "store": ("init", "sweep", "work"),
    "transcribe": ("transcribe",),
    "waveform": ("waveform",),
    "wording": ("announcement",),
}
"""In which file each command is at home."""


class LazyCommands(Mapping[str, click.Command]):
    """The commands by name, each loaded when it is first asked for.

    So `twirec --version` and `twirec sandbox` wait for no database, nor does the list of
    `twirec --help`, which asks for them all: they import the archive when they are run.
    """

    def __init__(self) -> None:
        self._homes = {name: home for home, names in _HOMES.items() for name in names}
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            home = import_module(f"twirec.cli.{self._homes[name]}")
            command: click.Command = getattr(home, name.replace("-", "_"))
            for each in (command, *getattr(command, "commands", {}).values()):
                each.params += common_options()
            self._loaded[name] = command
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)

    def __contains__(self, name: object) -> bool:
        return name in self._homes  # without loading it


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Record your company's phone calls on Twilio, and never lose one.

    The settings come from the environment; see the README.
    """


main.params += common_options()
main.commands = LazyCommands()  # type: ignore[assignment] # nobody adds one
