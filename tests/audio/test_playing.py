"""What a browser gets over HTTP: ranges of what it plays, and no encoder once it is gone."""

from __future__ import annotations

import dataclasses
import http.client
import subprocess
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.audio.hearing import RATE, archived
from tests.audio.talks import COMPLAINT, talk, track
from tests.end_to_end.site import until
from tests.house import House, with_settings
from tests.test_docs import PYTHON, run
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.audio.ffmpeg import find_ffmpeg
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SECONDS = 60
SPEAKS = 40
"""When somebody says something, in a recording that is silent otherwise."""
MEDIA = talk(track((SPEAKS, COMPLAINT)), track(), SECONDS)


@pytest.fixture(scope="module")
def recorded() -> Iterator[House]:
    settings = dataclasses.replace(Settings.from_env(ENVIRONMENT), listening_copies=("opus",))
    house = House(settings, MemoryBucket())
    archived(house, MEDIA, SECONDS)
    yield house
    house.archive.close()


@pytest.fixture
def house(recorded: House) -> Iterator[House]:
    house = recorded.copy()
    yield house
    house.archive.close()


@pytest.fixture
def sid(house: House) -> str:
    return house.recording().sid


@pytest.fixture
def player(house: House, request: pytest.FixtureRequest) -> Flask:
    """The app of the page, with our archive."""
    space = run(PYTHON["audio-1"], request)
    space["archive"] = house.archive
    app = space["app"]
    assert isinstance(app, Flask)
    return app


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(app: Flask) -> Iterator[int]:
    """Run an app, and give its port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def address(house: House, sid: str, what: str) -> str:
    copy = house.archive.derivatives.listening_copy(sid)
    assert copy is not None
    return f"/audio/{sid}" + (f"/{copy.object_name}" if what == "copy" else "")


@pytest.mark.parametrize("what", ["original", "copy"])
def test_a_range_is_answered_as_players_expect(
    house: House, sid: str, player: Flask, what: str
) -> None:
    get = player.test_client().get
    whole = get(address(house, sid, what))
    assert (whole.status_code, whole.accept_ranges) == (200, "bytes")
    part = get(address(house, sid, what), headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.data) == (206, whole.data[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole.data)}"
    assert part.content_length == 1000
    rest = get(address(house, sid, what), headers={"Range": "bytes=5000-"})
    assert rest.data == whole.data[5000:]
    heard = [entry.detail for entry in house.archive.audit.log() if entry.action == "listen"]
    assert len(heard) == 3


@pytest.mark.parametrize("what", ["original", "copy"])
def test_a_player_seeks(
    house: House, sid: str, player: Flask, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    read = house.bucket.open_range

    def watched(name: str, start: int = 0, end: int | None = None, **pinned: int):  # type: ignore[no-untyped-def]
        asked.append(start / house.bucket.stat(name).size)
        return read(name, start, end, **pinned)

    monkeypatch.setattr(house.bucket, "open_range", watched)
    assert _loudest(player, address(house, sid, what), SPEAKS + 1) > 1000
    assert max(asked) > 0.2
    assert _loudest(player, address(house, sid, what), SPEAKS - 3) < 50


def _loudest(app: Flask, path: str, second: int) -> int:
    """Let ffmpeg play a second of what an app serves, and return how loud it is."""
    with served(app) as port:
        source = ("-ss", str(second), "-i", f"http://127.0.0.1:{port}{path}", "-t", "1")
        wanted = ("-ar", str(RATE), "-f", "s16le", "pipe:1")
        command = [find_ffmpeg(None), "-loglevel", "error", *source, *wanted]
        heard = subprocess.run(command, check=True, capture_output=True).stdout
    samples = array("h", heard)
    assert len(samples) == pytest.approx(2 * RATE, rel=0.01)
    return max(map(abs, samples))


@pytest.mark.parametrize(("asked", "kbps"), [("mp3", 320), ("wav", None)])
def test_a_browser_that_goes_away_ends_the_encoder(
    house: House, sid: str, asked: str, kbps: int | None, tmp_path: Path
) -> None:
    program, pid = tmp_path / "ffmpeg", tmp_path / "pid"
    whole = f"echo $$ > {pid}.part && mv {pid}.part {pid}"
    program.write_text(f'#!/bin/sh\n{whole}\nexec {find_ffmpeg(None)} -re "$@"\n')
    program.chmod(0o700)
    house.archive = with_settings(house.archive, ffmpeg=str(program))
    app = Flask(__name__)

    @app.get("/")
    def download() -> Response:
        made = house.archive.recordings.convert(
            sid, format=asked, bitrate=kbps, rate=48000, by="ana"
        )
        return Response(made, content_type=made.content_type)

    with served(app) as port:
        browser = http.client.HTTPConnection("127.0.0.1", port)
        browser.request("GET", "/")
        answer = browser.getresponse()  # whoever lets go of it hangs up
        assert answer.read(2000)
        assert _runs(pid)
        answer.close()
        browser.close()
        until(lambda: not _runs(pid))


def _runs(pid: Path) -> bool:
    return Path("/proc", pid.read_text().strip()).exists()
