"""What is not what was archived does not leave as if it were, and somebody is told."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from panel_house import PLAIN, Browser, recording_sid
from werkzeug.serving import WSGIRequestHandler, make_server

from callpanel.roles import Role
from twirec import Archive

SID = recording_sid(PLAIN)
FORM = "format={}&channels=both&start=&end=&csrf_token={}"


@pytest.fixture
def damaged(folder: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a recording, of which the last bit is another one; read in small pieces."""
    monkeypatch.setattr("twirec.adapters.folder._CHUNK", 4096)
    name = archive.catalog.recordings.get(SID).object_name
    (path,) = folder.rglob(Path(name or "").name)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    return path


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(app: Flask) -> Iterator[http.client.HTTPConnection]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=120)
    try:
        yield connection
    finally:
        connection.close()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("format", ["original", "wav", "mp3", "flac"])
def test_a_client_sees_that_a_download_is_not_whole(
    app: Flask, supervisor: Browser, archive: Archive, damaged: Path, format: str
) -> None:
    head = {
        "Cookie": f"{app.config['SESSION_COOKIE_NAME']}={supervisor.cookie()}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    with served(app) as connection:
        path = f"/recordings/{SID}/download"
        connection.request("POST", path, FORM.format(format, supervisor.token), head)
        answer = connection.getresponse()
        if answer.status == 502:  # nothing was sent yet
            assert b"not what was archived" in answer.read()
        else:
            assert answer.status == 200
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
    assert len(archive.operations.differences()) == 1


def test_a_player_that_asks_for_a_part_gets_an_error(
    supervisor: Browser, archive: Archive, damaged: Path
) -> None:
    answer = supervisor.get(f"/recordings/{SID}/audio", headers={"Range": "bytes=0-99"})
    assert answer.status_code == 502
    assert "not what was archived" in answer.text
    (entry,) = archive.audit.log(action="differs")
    assert (entry.by, entry.role) == ("sergio", "supervisor")


def test_the_health_page_names_it_until_somebody_says_what_they_found(
    browser: Callable[[Role | None], Browser], archive: Archive, damaged: Path
) -> None:
    admin = browser(Role.ADMIN)
    assert "Not what was archived" not in admin.get("/health").text
    admin.get(f"/recordings/{SID}/audio", headers={"Range": "bytes=0-99"})
    page = admin.get("/health").text
    assert "Not what was archived" in page
    assert damaged.name in page
    assert f"/health/differences/{SID}" not in browser(Role.AUDITOR).get("/health").text
    admin.post(f"/health/differences/{SID}", {"reason": " "})
    assert "Say what you found." in admin.get("/health").text
    admin.post(f"/health/differences/{SID}", {"reason": "disk 3"})
    assert "Off the list." in admin.get("/health").text
    assert damaged.name not in admin.get("/health").text
    entry = archive.audit.log(action="compare", limit=1)[0]
    assert (entry.by, entry.role, entry.detail) == ("ana", "admin", {"settled": "disk 3"})


def test_a_rewritten_audit_log_is_on_the_health_page(
    archive: Archive, browser: Callable[[Role], Browser]
) -> None:
    archive.audit.record("sign_in", by="ana")
    assert archive.audit.verify().whole
    assert "Audit log verified" in browser(Role.ADMIN).get("/health").text
    with archive.catalog.database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_refuses_UPDATE")
        connection.exec_driver_sql("UPDATE audit SET by = 'eve' WHERE seq = 1")
    assert not archive.audit.verify().whole
    page = browser(Role.ADMIN).get("/health").text
    assert "The audit log is broken at entry 1: it was changed." in page
    assert 'role="alert"' in page
