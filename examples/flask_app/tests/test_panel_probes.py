"""What machines ask."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from panel_house import NOW, STARTED, Browser, Template, make_app, open_archive, settings_of
from prometheus_client.parser import text_string_to_metric_families

from twirec import Archive
from twirec.testing import ACCOUNT_SID

DEPLOY = Path(__file__).parents[3] / "docs" / "deploy.md"
TOKEN = {"Authorization": f"Bearer {settings_of(Path())['CALLPANEL_METRICS_TOKEN']}"}


def figures(client: Browser) -> dict[tuple[str, str], float]:
    """Return the figures, by name and label."""
    answer = client.get("/metrics", headers=TOKEN)
    assert answer.status_code == 200
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_says_that_it_lives_whatever_is_gone(client: Browser, folder: Path) -> None:
    shutil.rmtree(folder)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_it_says_that_it_is_ready(client: Browser) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text.split("\n")[0]) == (200, "ready")


@pytest.mark.about_sqlite("it is about its files")
@pytest.mark.parametrize(
    ("name", "parts"), [("catalog.db", "phone, panel"), ("callpanel.db", "panel")]
)
def test_without_tables_it_is_not_ready(folder: Path, name: str, parts: str) -> None:
    (folder / name).unlink()
    for left in folder.glob(f"{name}-*"):
        left.unlink()
    environ = settings_of(folder)
    archive = open_archive(environ)
    answer = Browser(make_app(environ, archive)).get("/readyz")
    archive.close()
    assert (answer.status_code, answer.text) == (503, f"not ready: {parts}\n")


@pytest.mark.about_sqlite("it is about its files")
def test_a_catalog_that_can_only_be_read_is_not_ready(client: Browser, folder: Path) -> None:
    with closing(sqlite3.connect(folder / "catalog.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.get("/readyz/phone")
        assert (answer.status_code, answer.text) == (503, "not ready: phone\n")
        assert client.get("/calls").status_code == 302  # what reads goes on: to sign in


@pytest.mark.about_sqlite("it is about its files")
def test_a_full_disk_is_not_ready(
    client: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/readyz/phone").status_code == 200
    full = shutil.disk_usage("/")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    assert client.get("/readyz/phone").status_code == 503
    assert "1 MB" in caplog.text


def test_a_worker_that_lives_is_ready_and_one_that_does_not_is_not(
    client: Browser, archive: Archive
) -> None:
    assert client.get("/readyz/worker").status_code == 503
    archive._periodic.heartbeat()
    assert client.get("/readyz/worker").status_code == 200
    archive.now = lambda: NOW + timedelta(minutes=3)
    answer = client.get("/readyz/worker")
    assert (answer.status_code, answer.text) == (503, "not ready: worker\n")


@pytest.mark.parametrize(
    ("serve", "served", "not_served"),
    [
        ("phone", "/twirec/status", "/sign-in"),
        ("panel", "/sign-in", "/twirec/status"),
    ],
)
def test_a_service_serves_its_own_part_only(
    folder: Path, serve: str, served: str, not_served: str
) -> None:
    environ = {**settings_of(folder), "CALLPANEL_SERVE": serve}
    archive = open_archive(environ)
    client = make_app(environ, archive).test_client()
    assert client.get("/readyz").text.startswith("ready\n")
    assert client.get(served).status_code in {200, 405}
    assert client.get(not_served).status_code == 404
    assert client.get("/readyz/panel").status_code == (200 if serve == "panel" else 404)
    assert client.get("/metrics", headers=TOKEN).status_code == 200
    archive.close()


@pytest.mark.about_sqlite("it is about its files")
@pytest.mark.parametrize(
    ("name", "table"), [("catalog.db", "alembic_version"), ("callpanel.db", "alembic_version")]
)
def test_with_tables_of_another_version_it_is_not_ready(
    client: Browser, folder: Path, name: str, table: str
) -> None:
    with closing(sqlite3.connect(folder / name)) as raw, raw:
        raw.execute(f"UPDATE {table} SET version_num = '9999'")  # noqa: S608 - a table of ours
    assert client.get("/readyz").status_code == 503


@pytest.mark.about_sqlite("it is about its files")
def test_a_damaged_catalog_is_not_ready(
    client: Browser, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "catalog.db").write_bytes(b"not a database")
    for left in folder.glob("catalog.db-*"):
        left.unlink()
    assert client.get("/readyz").status_code == 503
    assert "not ready" in caplog.text


def test_without_a_token_there_are_no_figures(folder: Path) -> None:
    environ = settings_of(folder)
    del environ["CALLPANEL_METRICS_TOKEN"]
    archive = open_archive(environ)
    client = Browser(make_app(environ, archive))
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    archive.close()


@pytest.mark.parametrize(
    "given",
    [
        *("", "Bearer", "Bearer ", "Bearer wrong", TOKEN["Authorization"] + "x"),
        *(TOKEN["Authorization"].lower(), "Basic YW5hOmFuYQ==", "B\xe9arer \xff"),
    ],
)
def test_another_token_reads_no_figures(client: Browser, given: str) -> None:
    answer = client.get("/metrics", headers={"Authorization": given})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert "twirec_" not in answer.text


def test_the_figures_are_those_of_the_archive(client: Browser, template: Template) -> None:
    found = figures(client)
    assert found["twirec_calls", "recorded"] == 8
    assert found["twirec_calls", "not_recorded"] == 1
    assert found["twirec_not_recorded", "refused"] == 1
    assert found["twirec_recordings", "recording"] == 2
    assert found["twirec_recordings", "erased"] == 1
    assert found["twirec_transfers", ""] == 3  # what is blocked counts nowhere
    assert found["twirec_bucket_bytes", ""] == 3 * len(template.wav)
    assert found["twirec_parked", ""] == 1
    assert found["twirec_waiting", ""] >= 1
    assert found["twirec_events_parked", ""] == 0
    assert found["twirec_audit_broken", ""] == 0


def test_the_age_of_a_sweep_is_there_after_one(client: Browser, archive: Archive) -> None:
    assert "twirec_sweep_age_seconds" not in {name for name, _ in figures(client)}
    archive.catalog.marks.set(f"sweep {ACCOUNT_SID}", STARTED)
    assert figures(client)["twirec_sweep_age_seconds", ACCOUNT_SID] == 3600


def test_what_the_page_about_deploying_names_is_among_the_figures(client: Browser) -> None:
    answer = client.get("/metrics", headers=TOKEN).text
    named = set(re.findall("`(twirec_[a-z_]+)`", DEPLOY.read_text(encoding="utf-8")))
    there = {family.name for family in text_string_to_metric_families(answer)}
    assert len(named) >= 3
    assert named <= there
