"""Hearing a recording: what is on the audit log before the first byte leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from panel_house import (
    ERASED,
    GOING_ON,
    PARKED,
    PLAIN,
    Browser,
    Template,
    make_app,
    object_name,
    open_archive,
    recording_sid,
)

from callpanel.roles import Role
from twirec import Archive, AudioStream, CatalogError, TwirecError

PATH = f"/recordings/{recording_sid(PLAIN)}/audio"
DOWNLOAD = f"/recordings/{recording_sid(PLAIN)}/download"
MP3 = {"format": "mp3", "channels": "both", "start": "", "end": ""}
ORIGINAL = {**MP3, "format": "original"}


class Watched:
    """A bucket that notes what is read from it and what is closed, in order."""

    def __init__(self, bucket: Any, happened: list[str]) -> None:
        self._bucket = bucket
        self._happened = happened

    def open_range(
        self, name: str, start: int = 0, end: int | None = None, **pinned: Any
    ) -> Iterator[bytes]:
        self._happened.append("opened")
        try:
            for chunk in self._bucket.open_range(name, start, end, **pinned):
                for at in range(0, len(chunk), 4096):  # in pieces, so that something is left
                    self._happened.append("read")
                    yield chunk[at : at + 4096]
        finally:
            self._happened.append("closed")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bucket, name)


@pytest.fixture
def happened(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens to bucket and audit log, in order."""
    seen: list[str] = []
    archive.bucket = Watched(archive.bucket, seen)
    begin = archive.catalog.listenings.begin

    def noted(draft: Any, *args: Any, **named: Any) -> Any:
        number = begin(draft, *args, **named)
        seen.append(f"audited {draft.action}")
        return number

    monkeypatch.setattr(archive.catalog.listenings, "begin", noted)
    return seen


def the_log(archive: Archive) -> list[tuple[str, str]]:
    """Return what was done to the recording, newest first."""
    return [(each.action, each.outcome) for each in archive.audit.log(sid=recording_sid(PLAIN))]


def test_a_head_sends_no_byte_and_the_same_length(
    supervisor: Browser, template: Template, happened: list[str]
) -> None:
    answer = supervisor.client.head(PATH, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(template.wav))
    answer.close()
    assert happened[0] == "audited listen"
    assert happened[-1] == "closed"


@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-99"}], ids=["whole", "range"])
def test_listening_is_on_the_log_before_a_byte_is_read(
    supervisor: Browser, archive: Archive, happened: list[str], asked: dict[str, str]
) -> None:
    assert supervisor.get(PATH, headers=asked).status_code in (200, 206)
    assert happened[:2] == ["audited listen", "opened"]
    entry = archive.audit.log(sid=recording_sid(PLAIN))[0]
    assert (entry.by, entry.role, entry.outcome) == ("sergio", "supervisor", "tried")


@pytest.mark.parametrize("form", [MP3, ORIGINAL], ids=["converted", "original"])
def test_a_download_is_on_the_log_before_the_first_byte_leaves(
    supervisor: Browser,
    archive: Archive,
    happened: list[str],
    form: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = archive.recordings.open if form is ORIGINAL else archive.recordings.convert

    def noted(*args: Any, **asked: Any) -> Any:
        reading = real(*args, **asked)
        happened.append("handed out")
        return reading

    monkeypatch.setattr(archive.recordings, real.__name__, noted)
    assert supervisor.post(DOWNLOAD, form).status_code == 200
    assert "audited download" in happened[: happened.index("handed out")]
    assert the_log(archive)[:2] == [("download", "done"), ("download", "tried")]


@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-99"}], ids=["whole", "range"])
def test_without_the_entry_nothing_is_heard(
    supervisor: Browser,
    archive: Archive,
    happened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, str],
) -> None:
    monkeypatch.setattr(archive.catalog.listenings, "begin", fails)
    answer = supervisor.get(PATH, headers=asked)
    assert answer.status_code == 503
    assert b"RIFF" not in answer.data
    assert "opened" not in happened


@pytest.mark.parametrize("form", [MP3, ORIGINAL], ids=["converted", "original"])
def test_without_the_entry_nothing_is_downloaded(
    supervisor: Browser,
    archive: Archive,
    template: Template,
    monkeypatch: pytest.MonkeyPatch,
    form: dict[str, str],
) -> None:
    monkeypatch.setattr(archive.catalog.listenings, "begin", fails)
    answer = supervisor.post(DOWNLOAD, form)
    assert answer.status_code == 503
    assert answer.content_type.startswith("text/html")
    assert "Content-Disposition" not in answer.headers


@pytest.mark.parametrize("number", [GOING_ON, PARKED, ERASED])
@pytest.mark.parametrize("asked", [{}, {"Range": "bytes=0-"}], ids=["whole", "range"])
def test_what_is_not_stored_is_refused_and_on_the_log(
    supervisor: Browser, archive: Archive, number: int, asked: dict[str, str]
) -> None:
    sid = recording_sid(number)
    assert supervisor.get(f"/recordings/{sid}/audio", headers=asked).status_code == 403
    assert supervisor.post(f"/recordings/{sid}/download", MP3).status_code == 403
    entries = archive.audit.log(sid=sid)
    assert [(each.action, each.outcome) for each in entries] == [
        ("download", "failed"),  # they may, and there is nothing
        ("listen", "failed"),
    ]


@pytest.mark.parametrize("role", [Role.AGENT, Role.AUDITOR])
def test_who_may_not_listen_is_on_the_log(
    browser: Callable[[Role | None], Browser], archive: Archive, role: Role
) -> None:
    assert browser(role).get(PATH).status_code == 403
    entry = archive.audit.log(limit=1)[0]
    assert (entry.action, entry.outcome, entry.role) == ("refused", "denied", role)
    assert entry.detail["asked"] == "listen"


def test_a_client_that_goes_away_closes_the_reading(
    app: Flask, supervisor: Browser, happened: list[str]
) -> None:
    answer = supervisor.get(PATH, buffered=False)
    body = answer.iter_encoded()
    assert next(iter(body))
    assert "closed" not in happened
    answer.close()
    assert happened[-1] == "closed"
    assert happened.count("read") < 5


def test_a_file_that_is_gone_is_an_error_page_without_its_name(
    supervisor: Browser, archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    stored = archive.bucket.stat(object_name(PLAIN))
    archive.bucket.delete(stored.name, stored.generation)
    answer = supervisor.get(PATH)
    assert answer.status_code == 502
    assert "recordings/2026" not in answer.text
    assert "ObjectNotFound" in caplog.text


@pytest.mark.parametrize("path", [PATH, DOWNLOAD])
def test_what_breaks_at_the_first_byte_is_an_error_page(
    supervisor: Browser, archive: Archive, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    closed: list[str] = []

    def broken() -> Iterator[bytes]:
        try:
            raise TwirecError("The disk of /var/lib/twirec cannot be read.")
            yield b""
        finally:
            closed.append("closed")

    reading = AudioStream(broken(), content_type="audio/mpeg", file_name="x.mp3")
    monkeypatch.setattr(archive.recordings, "open", lambda *_, **__: reading)
    monkeypatch.setattr(archive.recordings, "convert", lambda *_, **__: reading)
    answer = supervisor.get(path) if path == PATH else supervisor.post(path, MP3)
    assert answer.status_code == 502
    assert "/var/lib" not in answer.text
    assert closed == ["closed"]


def test_the_smaller_copy_is_heard_where_there_is_one(
    environ: dict[str, str], template: Template
) -> None:
    environ["TWIREC_LISTENING_COPY"] = "opus"
    archive = open_archive(environ)
    original = Browser(make_app(environ, archive), template.passes[Role.SUPERVISOR]).get(PATH)
    archive.operations.worker(threads=1).run_once()
    browser = Browser(make_app(environ, archive), template.passes[Role.SUPERVISOR])
    whole = browser.get(PATH)
    assert whole.data[:4] == b"OggS"
    assert len(whole.data) < len(template.wav) / 5
    part = browser.get(PATH, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    stale = {"Range": "bytes=10-19", "If-Range": original.headers["ETag"]}
    assert browser.get(PATH, headers=stale).data == whole.data
    archive.close()


def fails(*_: object, **__: object) -> None:
    """Stand for a catalog that cannot write."""
    raise CatalogError("The catalog cannot be used: database or disk is full.")
