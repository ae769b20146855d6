"""What an operator does on the command line: `flask --app callpanel …`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import OperationalError, ProgrammingError

from callpanel import accounts, factor
from callpanel.accounts import AccountError
from callpanel.config import archive
from callpanel.roles import Role
from twirec import TwirecError, operator


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Let what an operator can mend end a command with a sentence, and exit status 1."""
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        # not str(error): it carries names
        raise click.ClickException(
            f"The accounts cannot be used ({error.orig}): run `flask --app callpanel init`."
        ) from error
    except TwirecError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}.") from error


class Accounts(AppGroup):
    """Commands that say what to do where accounts have no tables yet."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command. Exit status: 0 done, 1 failed, 2 wrong usage."""
        with _one_sentence():
            return super().invoke(ctx)


user = Accounts("user", help="The accounts of staff.")


@click.command()
@with_appcontext
def init() -> None:
    """Make the tables of catalog and accounts, or bring them to this version."""
    from callpanel import tables

    with _one_sentence():
        archive().set_up()
        tables.set_up()
    click.echo("The tables are of this version.")


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--line", default="", help="Where they take calls: +34911222333 or client:ana.")
@click.option("--password", help="Asked for if it is not given.")
@click.option("--no-password", is_flag=True, help="They sign in with the company's provider alone.")
def add(name: str, role: str, line: str, password: str | None, no_password: bool) -> None:
    """Make an account."""
    if no_password and password is not None:
        raise click.UsageError("Give --password or --no-password, not both.")
    if not no_password and password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with _recorded("user_add", name, role):
        made = accounts.add(name, password, Role(role), line)
    click.echo(f"{made.name} may sign in, as {made.role}.")


@user.command()
@click.argument("name")
@click.password_option(help="Asked for if it is not given.")
def password(name: str, password: str) -> None:
    """Give somebody a new password; their sessions end."""
    account = _account(name)
    with _recorded("user_password", account.name, account.role):
        accounts.change(account, password=password)
    click.echo(f"{account.name} has a new password.")


@user.command("reset-second-factor")
@click.argument("name")
def reset_second_factor(name: str) -> None:
    """Take somebody's second factor away, whose phone is gone; their sessions end."""
    account = _account(name)
    if not factor.has_one(account):
        raise click.ClickException(f"{account.name} has no second factor.")
    with _recorded("second_factor_reset", account.name, account.role):
        factor.take_away(account)
    click.echo(f"{account.name} signs in without a code, until they set one up.")


@user.command("list")
def list_() -> None:
    """List the accounts."""
    for each in accounts.everybody():
        click.echo(f"{each.name}\t{each.role}\t{'disabled' if each.disabled else each.line}")


def _account(name: str) -> accounts.User:
    found = accounts.find(name)
    if found is None:
        raise click.ClickException(f"{name} has no account; `flask --app callpanel user list`.")
    return found


@contextmanager
def _recorded(action: str, name: str, role: str) -> Iterator[None]:
    """Write down what is done to an account before it stays, or that it failed."""
    by, detail = operator(), {"user": name, "role": role}
    try:
        yield
    except AccountError as error:
        archive().audit.record(action, by=by, outcome="failed", detail=detail)
        raise click.ClickException(str(error)) from error
    archive().audit.record(action, by=by, detail=detail)
    accounts.keep()
