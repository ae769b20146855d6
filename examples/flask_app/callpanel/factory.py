"""The application factory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from itertools import chain

import click
from flask import Flask, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

from callpanel import (
    account,
    auth,
    commands,
    headers,
    language,
    panel,
    probes,
    provider,
    second,
    users,
    voice,
)
from callpanel.config import Config
from callpanel.extensions import babel, csrf, db, erase_what_is_deleted, guard_file, login
from callpanel.safe import has_control
from twirec import Archive, SettingsError
from twirec.flask import disclosed

OF_TWILIO = ("voice", "twirec")

LARGEST_FORM = 64 * 1024
"""Bytes that a request may have."""


def create_app(
    environ: Mapping[str, str] | None = None, *, archive: Archive | None = None
) -> Flask:
    """Make the app.

    Args:
        environ: the settings: twirec's, and `CALLPANEL_…` (see `callpanel.config.Config`);
            without it, the environment of this process.
        archive: another archive than the one of the settings, for tests.

    Raises:
        SettingsError: a setting is missing or wrong; the message names every one of them.
        ClickException: the same, where a command of `flask` makes the app.
    """
    config, archive = _configured(os.environ if environ is None else environ, archive)
    https = archive.settings.public_url.startswith("https://")
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        # names are among them, and errors end up in logs
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        SESSION_COOKIE_NAME="__Host-callpanel" if https else "callpanel",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        BABEL_DEFAULT_LOCALE="en",
        BABEL_DEFAULT_TIMEZONE=str(archive.settings.timezone),
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session, which ends by itself
        CALLPANEL=config,
    )
    if config.proxies:
        # not the host: a proxy passes the one that was asked for on, and what else it says of it
        # anybody may have sent
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies
        )
    app.extensions["archive"] = archive
    headers.init_app(app)
    _add_accounts(app)
    if config.serve.panel:
        _add_pages(app)
    if config.serve.phone:
        voice.init_app(app, archive)
    else:  # whose extension has these routes too; the proxy sends recipients here
        recipients = disclosed(archive)
        csrf.exempt(recipients)  # link and code are the proof
        app.register_blueprint(recipients, url_prefix="/twirec")
    probes.init_app(app)
    return app


def _refuse_what_nobody_types() -> None:
    """Answer 400 to control characters in what is sent: no database of ours holds them all.

    Twilio's requests are not read here: `signed` reads them first, and cleans them.
    """
    if request.url_rule is None or request.blueprint in OF_TWILIO:
        return
    said = [each for pairs in (request.args, request.form) for each in pairs.items(multi=True)]
    words = [*chain.from_iterable(said), *map(str, (request.view_args or {}).values())]
    if any(map(has_control, words)):
        abort(400)


def _add_accounts(app: Flask) -> None:
    """Add the accounts, and the command that makes the tables.

    Whatever is served: one `init` is run for all, with the settings of any. A phone never connects
    to them.
    """
    db.init_app(app)
    with app.app_context():
        guard_file(db.engine)
        erase_what_is_deleted(db.engine)
    app.cli.add_command(commands.init)
    if click.get_current_context(silent=True):  # a command of `flask` makes the app
        from callpanel import tables

        tables.init_app(app)


def _add_pages(app: Flask) -> None:
    """Add what staff open."""
    app.before_request(panel.proof.allow_uploads)  # before anything reads what is sent
    app.before_request(_refuse_what_nobody_types)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=language.chosen)
    login.init_app(app)
    for module in (language, auth, second, provider, account, panel, users):
        module.init_app(app)
    app.cli.add_command(commands.user)


def _configured(environ: Mapping[str, str], archive: Archive | None) -> tuple[Config, Archive]:
    config, problems = Config.read(environ)
    if archive is None:
        try:
            archive = Archive.from_env(environ)
        except SettingsError as error:
            problems = [*error.problems, *problems]
    if archive and archive.settings.database_url == config.database_url:
        problems.append("CALLPANEL_DATABASE_URL is wrong: accounts have a database of their own.")
    if archive is None or problems:
        refused = SettingsError(problems)
        if click.get_current_context(silent=True):  # `flask` would print a traceback
            raise click.ClickException(str(refused)) from refused
        raise refused
    return config, archive
