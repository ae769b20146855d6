"""What an operator does on the command line: `flask --app callpanel …`."""

from __future__ import annotations

import os

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade

from callpanel import accounts
from callpanel.accounts import AccountError
from callpanel.config import archive
from callpanel.roles import Role

user = AppGroup("user", help="The accounts of staff.")


@click.command()
@with_appcontext
def init() -> None:
    """Make the tables of catalog and accounts, or bring them to this version."""
    os.umask(0o077)  # what is made holds numbers and passwords' hashes
    archive().set_up()
    upgrade(directory=current_app.extensions["migrate"].directory)
    click.echo("The tables are of this version.")


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--line", default="", help="Where they take calls: +34911222333 or client:ana.")
@click.password_option(help="Asked for if it is not given.")
def add(name: str, role: str, line: str, password: str) -> None:
    """Make an account."""
    try:
        made = accounts.add(name, password, Role(role), line)
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    _record("user_add", made.name, role)
    click.echo(f"{made.name} may sign in, as {made.role}.")


@user.command()
@click.argument("name")
@click.password_option(help="Asked for if it is not given.")
def password(name: str, password: str) -> None:
    """Give somebody a new password; their sessions end."""
    found = accounts.find(name)
    if found is None:
        raise click.ClickException(f"{name} has no account; `flask --app callpanel user list`.")
    try:
        accounts.change(found, password=password)
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    _record("user_password", found.name, found.role)
    click.echo(f"{found.name} has a new password.")


@user.command("list")
def list_() -> None:
    """List the accounts."""
    for each in accounts.everybody():
        click.echo(f"{each.name}\t{each.role}\t{'disabled' if each.disabled else each.line}")


def _record(action: str, name: str, role: str) -> None:
    archive().record_audit(action, by="os", detail={"user": name, "role": role})
