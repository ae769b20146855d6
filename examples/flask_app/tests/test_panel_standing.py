"""What stands still is on every page, in words, and where machines ask for it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from panel_house import NOW, OWN_NUMBER, Browser, make_app, open_archive
from sqlalchemy import event

from callpanel.panel import standing
from twirec import Actor, AlarmKind, Archive, CatalogError
from twirec.archive.operations import Operations
from twirec.archive.periodic import BUCKET_ANSWERED, BUCKET_FAILED, HEARTBEAT
from twirec.model.audit import AuditCheck
from twirec.sweep.sweep import MARK
from twirec.testing import ACCOUNT_SID

ADMIN = Actor("ana", "admin")
AWAY = "No worker runs since"


@pytest.fixture
def well(archive: Archive) -> Archive:
    """The house in which all goes well."""
    for name in (HEARTBEAT, BUCKET_ANSWERED, MARK + ACCOUNT_SID):
        archive.catalog.marks.set(name, NOW)
    archive.catalog.audit.set_check(AuditCheck(at=NOW, full_at=NOW))
    with archive.catalog.database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE recordings SET state = 'released', due_at = NULL WHERE state != 'erased'"
        )
    return archive


@pytest.fixture(autouse=True)
def never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each page look anew."""
    monkeypatch.setattr(standing, "FRESH_FOR", -1.0)


def bar(page: str) -> list[str]:
    found = re.search('<aside class="standing-still".*?</aside>', page, re.DOTALL)
    return re.findall("<li>(.*?)</li>", found[0]) if found else []


def test_where_all_goes_well_no_page_has_a_bar_and_the_health_page_says_so(
    well: Archive, admin: Browser, client: Browser
) -> None:
    for path in ("/calls", "/recording", "/audit", "/users", "/nowhere"):
        assert bar(admin.get(path).text) == [], path
    assert "All goes well" in admin.get("/health").text
    for path in ("/readyz", "/readyz/archive"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "ready\n"), path


def test_a_worker_that_stopped_is_on_every_page_and_where_machines_ask(
    well: Archive, admin: Browser, supervisor: Browser, agent: Browser, client: Browser
) -> None:
    well.catalog.marks.set(HEARTBEAT, NOW - timedelta(minutes=5))
    for path in ("/calls", "/recording", "/audit", "/users", "/health", "/nowhere"):
        (said,) = bar(admin.get(path).text)
        assert said.startswith(f"{AWAY} Mon 23 Nov 2026, 12:10"), path
    assert "twirec work" in admin.get("/health").text
    assert bar(supervisor.get("/calls").text) != []
    assert "See what to do" not in supervisor.get("/calls").text
    assert bar(agent.get("/desk").text) == []
    assert bar(client.get("/sign-in").text) == []
    line = "stands still: worker_away since 2026-11-23 11:10:00 UTC\n"
    assert client.get("/readyz").text == "ready\n" + line
    answer = client.get("/readyz/archive")
    assert (answer.status_code, answer.text) == (503, line)


def test_recording_that_is_off_for_all_is_told_to_everybody(
    well: Archive, admin: Browser, agent: Browser
) -> None:
    well.policy.change(on=False, by=ADMIN, why="a test")
    for page in (admin.get("/calls").text, agent.get("/desk").text):
        (said,) = bar(page)
        assert said.startswith("Recording is switched off for all calls since")
    well.policy.change(on=True, number=OWN_NUMBER, by=ADMIN, why="but for one")
    assert bar(admin.get("/calls").text) == []


def test_a_bucket_that_does_not_answer_a_worker_is_told_and_no_page_asks_it(
    well: Archive, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    well.catalog.marks.set(BUCKET_FAILED, NOW + timedelta(seconds=1))
    monkeypatch.setattr(Archive, "bucket", property(lambda _: pytest.fail("a bucket was asked")))
    (said,) = bar(admin.get("/calls").text)
    assert said.startswith("The bucket has not answered since")
    assert (
        "twirec_bucket_away 1.0"
        in admin.get(
            "/metrics",
            headers={"Authorization": "Bearer a token for tests, as long as it has to be"},
        ).text
    )


def test_each_alarm_has_its_words_and_what_to_do_about_it() -> None:
    counted = {
        AlarmKind.UNDECIDED,
        AlarmKind.PARKED,
        AlarmKind.DIFFERENCES,
        AlarmKind.CARD_NUMBERS,
        AlarmKind.CASES_OVERDUE,
        AlarmKind.MAILS_FAILED,
    }
    assert set(standing.TO_DO) == set(AlarmKind)
    assert set(standing.SINCE) | set(standing.WITHOUT) | counted == set(AlarmKind)


def test_pages_ask_a_few_statements_every_ten_seconds(
    well: Archive, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = open_archive(environ)
    app: Flask = make_app(environ, archive)
    statements: list[str] = []
    event.listen(
        archive.catalog.database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    with app.app_context():
        monkeypatch.setattr(standing, "FRESH_FOR", 10.0)
        standing.standing_still()
        first = len(statements)
        assert 0 < first <= 40
        for _ in range(5):
            standing.standing_still()
            assert app.test_client().get("/readyz/archive").status_code == 200
        assert len(statements) == first
    archive.close()


def test_where_the_catalog_is_away_pages_have_no_bar_and_the_probe_says_so(
    admin: Browser, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise CatalogError("The catalog cannot be used.")

    monkeypatch.setattr(Operations, "stats", away)
    assert admin.get("/users").status_code == 200
    answer = client.get("/readyz/archive")
    assert (answer.status_code, answer.text) == (503, "not ready: archive\n")
