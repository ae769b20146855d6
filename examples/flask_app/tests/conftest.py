"""Fixtures: the house of `panel_house`, copied for every test, and browsers of its people."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from panel_house import (
    BLOCKED,
    LINE,
    PASSWORD,
    PEOPLE,
    Browser,
    Pass,
    Template,
    fill,
    make_app,
    open_archive,
    recording_sid,
    settings_of,
    speech,
)
from werkzeug import security

from callpanel import accounts, tables
from callpanel.roles import Role
from twirec import Archive


@pytest.fixture(scope="session", autouse=True)
def passwords_hashed_once() -> Iterator[None]:
    """Remember what a password comes to with a salt: it takes a tenth of a second, for a reason."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(security, "_hash_internal", cache(security._hash_internal))
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
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
        for name, role in PEOPLE.items():
            accounts.add(name, PASSWORD, role, LINE if role is Role.AGENT else "")
        accounts.keep()
        ids = {each.name: each.id for each in accounts.everybody()}
    nobody = Browser(app)
    nobody.read_token()
    passes: dict[Role | None, Pass] = {None: Pass(nobody.cookie(), nobody.token)}
    for name, role in PEOPLE.items():
        browser = Browser(app)
        assert browser.sign_in(name).status_code == 302
        passes[role] = Pass(browser.cookie(), browser.token)
    archive.close()
    with closing(sqlite3.connect(folder / "catalog.db")) as raw, raw:
        raw.execute(
            "UPDATE recordings SET custody = 'blocked' WHERE sid = ?", (recording_sid(BLOCKED),)
        )
    return Template(folder, passes, ids, sound)


@pytest.fixture
def folder(template: Template, tmp_path: Path) -> Path:
    """A copy of everything, to be changed."""
    return Path(shutil.copytree(template.folder, tmp_path / "house"))


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
