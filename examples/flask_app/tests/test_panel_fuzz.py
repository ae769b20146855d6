"""Requests of nonsense, and of what is nearly right: none ends in a 500.

Ten to each route each time, and sixty in the soak.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from panel_house import (
    Browser,
    Template,
)
from panel_nonsense import Asked, requests
from sqlalchemy import event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from callpanel.extensions import db
from tests.examples import examples
from twirec import Archive
from twirec.testing import SignedPosts

OFTEN = examples(10, thorough=60)


class Crowd:
    """People of all roles who send what they are told to, and what came back."""

    def __init__(self, app: Flask, archive: Archive, template: Template, folder: Path) -> None:
        self._app = app
        self._template = template
        self._folder = folder
        self._post = SignedPosts(app, archive.settings)
        self._people = {role: Browser(app, kept) for role, kept in template.passes.items()}
        self.answers: Counter[tuple[str, int]] = Counter()

    def send(self, rule: Rule, method: str, asked: Asked) -> int:
        """Send what is asked to a route, and return the status of the answer."""
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: quote(asked.values[name[1]]), rule.rule)
        if asked.signed and rule.endpoint.startswith(("twirec.", "voice.")) and method == "POST":
            answer = self._post(path, asked.twilios)
        else:
            answer = self._as_somebody(path + asked.after, method, asked)
        self.answers[f"{method} {rule.rule}", answer.status_code] += 1
        if rule.endpoint in ("auth.sign_out", "users.change") and answer.status_code == 302:
            self._as_before()
        return answer.status_code

    def _as_somebody(self, path: str, method: str, asked: Asked) -> TestResponse:
        kept = self._template.passes[asked.role]
        client = self._people[asked.role].client
        given, form = dict(asked.headers), asked.form
        if "Cookie" in given:
            client = self._app.test_client(use_cookies=False)
        if asked.token:
            given |= {"Referer": "https://localhost/", "X-CSRFToken": kept.token}
            given.pop("Host", None)
        if isinstance(form, dict):
            given.pop("Content-Type", None)
        return client.open(
            path,
            method=method,
            query_string=asked.query or None,
            data=form if method not in ("GET", "HEAD") else None,
            headers=given,
            buffered=True,
        )

    def _as_before(self) -> None:
        """Let everybody be who they were."""
        with self._app.app_context():
            db.engine.dispose()
        shutil.copy(self._template.folder / "callpanel.db", self._folder)
        self._people = {
            role: Browser(self._app, kept) for role, kept in self._template.passes.items()
        }


@pytest.fixture
def crowd(
    app: Flask,
    archive: Archive,
    template: Template,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Crowd:
    """Everybody. What takes long for a reason is left out: hashing, and writing to the disk."""
    monkeypatch.setattr("callpanel.accounts.check_password_hash", lambda *_: False)
    monkeypatch.setattr("callpanel.accounts.generate_password_hash", lambda _: "a hash")
    monkeypatch.setattr("twirec.flask.turns.Rate.passes", lambda *_: True)
    event.listen(archive.catalog.database.engine, "connect", _without_waiting)
    return Crowd(app, archive, template, folder)


def _without_waiting(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF").close()


def test_no_request_ends_in_a_500(crowd: Crowd, app: Flask, template: Template) -> None:
    routes = [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]

    @settings(
        max_examples=OFTEN,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(asked=requests([*template.ids.values(), "0" * 32, "1"], template.given))
    def send(asked: Asked) -> None:
        for rule, method in routes:
            status = crowd.send(rule, asked.method or method, asked)
            away = status == 503 and rule.endpoint == "probes.readyz_archive"  # no worker runs
            assert status < 500 or away, (rule.rule, method, asked)

    send()
    assert crowd.answers.total() >= OFTEN * len(routes)
    well = {route for route, status in crowd.answers if status in (200, 204, 206, 302, 303, 304)}
    unreached = {f"{method} {rule.rule}" for rule, method in routes} - well
    away = "GET /readyz/archive"  # no worker runs
    names = "GET /readyz/<any(phone, panel, worker):part>"
    provider = {"GET /sign-in/company", "GET /sign-in/company/back"}  # there is none
    # where somebody asked for one
    written = {f"GET {own}/recordings/<sid>/transcript" for own in ("", "/own")}
    assert unreached - written == {
        "GET /metrics",
        "GET /twirec/audio/<hash_>.wav",
        away,
        names,
        *provider,
    }
