"""Fixtures: the house of `panel_house`, copied for every test, and browsers of its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from panel_databases import Databases, make_engine, tables_of
from panel_databases import placing as placing_accounts
from panel_house import (
    BLOCKED,
    ERASED,
    GOING_ON,
    HIDDEN,
    LINE,
    NOW,
    OUT,
    PARKED,
    PASSWORD,
    PEOPLE,
    PLAIN,
    SAVED,
    Browser,
    House,
    Pass,
    Template,
    call_sid,
    complain,
    disclose,
    fill,
    house_of,
    make_app,
    open_archive,
    recording_sid,
    settings_of,
    speech,
)
from sqlalchemy import update
from werkzeug import security

from callpanel import accounts, tables
from callpanel.extensions import db
from callpanel.roles import Role
from callpanel.saved import SavedSearch
from tests.lending import POSTGRESQL, place_catalogs
from tests.servers import Postgres
from twirec import Archive, Custody
from twirec.catalog.tables import recordings

HASHED_BY = "scrypt:32768:8:1"


@pytest.fixture(scope="session", autouse=True)
def passwords_hashed_once() -> Iterator[None]:
    """Hash in earnest the password of the house alone, which processes compare that a test starts.

    It takes a tenth of a second, for a reason: others are hashed with little work, and what stays
    of them has the same form.
    """
    in_earnest = cache(security._hash_internal)

    def hashed(method: str, salt: str, password: str) -> tuple[str, str]:
        assert HASHED_BY.startswith(method)
        if password == PASSWORD:
            return in_earnest(HASHED_BY, salt, password)
        digest, _ = in_earnest("scrypt:256:8:1", salt, password)
        return digest, HASHED_BY

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(security, "_hash_internal", hashed)
        yield


@pytest.fixture(scope="session", autouse=True)
def statements_of_accounts_built_once(statements_built_once: None) -> Iterator[None]:
    """Let the engines of the accounts of all apps share the statements that SQLAlchemy built."""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLAlchemy, "_make_engine", make_engine)
        yield


@pytest.fixture(scope="session")
def accounts_server(
    postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postgres]:
    """A PostgreSQL server that lends databases with the accounts' tables."""
    environ = settings_of(tmp_path_factory.mktemp("accounts"))
    set_up = tables_of(environ, open_archive(environ))
    with closing(postgres_server.with_others(set_up, "accounts")) as server:
        yield server


@pytest.fixture(scope="session", autouse=True)
def accounts_of_many(
    request: pytest.FixtureRequest, statements_of_accounts_built_once: None
) -> Iterator[None]:
    """Where the accounts are of those apps that many tests share."""
    yield from place_catalogs(request, placing_accounts, "accounts_server")


@pytest.fixture(autouse=POSTGRESQL)
def accounts_of_one(request: pytest.FixtureRequest, accounts_of_many: None) -> Iterator[None]:
    """Where the accounts are of the apps of a test."""
    yield from place_catalogs(request, placing_accounts, "accounts_server")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, accounts_of_many: None) -> Template:
    """Everything, made once."""
    folder = tmp_path_factory.mktemp("template")
    environ = settings_of(folder)
    archive = open_archive(environ)
    archive.set_up()
    sound = speech()
    fill(archive, sound)
    app = make_app(environ, archive)
    with app.app_context():
        tables.set_up()
        with pytest.MonkeyPatch.context() as patch:  # one salt, so that one is hashed in earnest
            patch.setattr(security, "gen_salt", cache(security.gen_salt))
            for name, role in PEOPLE.items():
                accounts.add(name, PASSWORD, role, LINE if role is Role.AGENT else "")
        accounts.keep()
        ana = accounts.find("ana")
        assert ana is not None
        db.session.add(
            SavedSearch(
                id=SAVED,
                user_id=ana.id,
                name="Refunds",
                shared=True,
                asked={"text": "1222 note refund"},
                at=NOW,
            )
        )
        accounts.keep()
        ids = {each.name: each.id for each in accounts.everybody()}
    nobody = Browser(app)
    nobody.read_token()
    passes: dict[Role | None, Pass] = {None: Pass(nobody.cookie(), nobody.token)}
    for name, role in PEOPLE.items():
        browser = Browser(app)
        assert browser.sign_in(name).status_code == 302
        if role in (Role.ADMIN, Role.SUPERVISOR):  # who says here what they listen for
            for number in (PLAIN, HIDDEN, PARKED, GOING_ON, ERASED, OUT):
                browser.post(f"/calls/{call_sid(number)}/purpose", {"purpose": "claim"})
        passes[role] = Pass(browser.cookie(), browser.token)
    given = disclose(archive) | complain(archive)
    archive.custody.access_requests.open("600111222", name="Ana Soler", by="ana")
    with archive.catalog.database.write() as connection:
        its = recordings.c.sid == recording_sid(BLOCKED)
        connection.execute(update(recordings).where(its).values(custody=Custody.BLOCKED))
    with app.app_context():
        databases = Databases.of(archive, db.engine)
    archive.close()
    return Template(folder, passes, ids, sound, given, databases)


@pytest.fixture(scope="session")
def read_only(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for all who only look."""
    with house_of(template, tmp_path_factory.mktemp("read-only") / "house") as house:
        yield house


@pytest.fixture
def folder(template: Template, tmp_path: Path) -> Path:
    """A copy of everything, to be changed."""
    return template.copy(tmp_path / "house")


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    """The settings."""
    return settings_of(folder)


@pytest.fixture
def archive(environ: Mapping[str, str]) -> Iterator[Archive]:
    """The archive."""
    archive = open_archive(environ)
    yield archive
    archive.close()


@pytest.fixture
def app(environ: Mapping[str, str], archive: Archive) -> Flask:
    """The app."""
    return make_app(environ, archive)


@pytest.fixture
def browser(app: Flask, template: Template) -> Callable[[Role | None], Browser]:
    """Give it a role, and get the browser of somebody of that role; None is signed out."""
    return lambda role: Browser(app, template.passes[role])


@pytest.fixture
def client(browser: Callable[[Role | None], Browser]) -> Browser:
    """The browser of somebody who is not signed in."""
    return browser(None)


@pytest.fixture
def admin(browser: Callable[[Role | None], Browser]) -> Browser:
    """Ana's browser."""
    return browser(Role.ADMIN)


@pytest.fixture
def supervisor(browser: Callable[[Role | None], Browser]) -> Browser:
    """Sergio's browser."""
    return browser(Role.SUPERVISOR)


@pytest.fixture
def auditor(browser: Callable[[Role | None], Browser]) -> Browser:
    """Aurora's browser."""
    return browser(Role.AUDITOR)


@pytest.fixture
def agent(browser: Callable[[Role | None], Browser]) -> Browser:
    """Alex's browser."""
    return browser(Role.AGENT)
