"""What a recipient opens over HTTP: who gets in, what leaves, and what nobody is told."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.factories import recording_sid
from tests.house import House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.flask import Twirec, disclosed
from twirec.flask.disclosed import ANSWERED, AT_ONCE, HEADERS, LARGEST_PART, LONGEST_FORM
from twirec.flask.turns import Rate
from twirec.model.access import Actor
from twirec.model.disclosures import Handover
from twirec.model.errors import BucketUnavailable
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID, MEDIA = recording_sid(), wav(4.0, channels=2)
HTML = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "en-GB,en;q=0.9"}


@pytest.fixture(scope="module")
def recorded() -> House:
    house = House(Settings.from_env(ENVIRONMENT), MemoryBucket())
    house.record(MEDIA)
    house.work()
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


@pytest.fixture
def client(house: House) -> FlaskClient:
    app = Flask(__name__)
    Twirec(app, house.archive)
    return app.test_client(use_cookies=False)


def give(house: House, **changes: Any) -> Handover:
    said = {"recipient": "Juzgado <3>", "purpose": "claim", "ground": "court_order"}
    return house.archive.custody.disclosures.give(
        SID, **{**said, "reference": "auto 7/2026", **changes}, by=Actor("eva", "admin")
    )


def path(given: Handover) -> str:
    return given.link.removeprefix("https://calls.example.com")


def opened(client: FlaskClient, given: Handover, headers: Any = None) -> str:
    """Open a link, and return where it leads."""
    answer = client.post(path(given), data={"code": given.code}, headers=headers or HTML)
    assert answer.status_code == 303
    return answer.headers["Location"].partition("?")[0]


def entries(house: House) -> list[tuple[str, str]]:
    log = house.archive.audit.log()[::-1]
    return [(each.action, each.outcome) for each in log if each.role == "recipient"]


def test_a_link_asks_for_its_code_and_gives_the_recording_once(
    house: House, client: FlaskClient
) -> None:
    given = give(house)
    for look in (client.get, client.head, client.get):  # as the scanner of a mailbox does
        assert look(path(given), headers=HTML).status_code == 200
    assert entries(house) == []
    asked = client.get(path(given), headers=HTML).text
    assert "Ejemplo S.A. gives you the recording of a call." in asked
    assert "Juzgado" not in asked  # who has only the link learns to whom it was sent from nobody
    where = opened(client, given)
    page = client.get(where, headers=HTML).text
    for said in ("Juzgado &lt;3&gt;", "auto 7/2026", "By order of a court", "explicit consent"):
        assert said in page
    assert "+34600111222" not in page
    assert client.get(f"{where}/audio").data == MEDIA
    file = client.get(f"{where}/file")
    assert file.data == MEDIA
    assert re.match(
        r"attachment; filename=recording_2026-11-23_11-15-00_DI\w{8}\.wav",
        file.headers["Content-Disposition"],
    )
    for method in (client.get, client.post):
        again = method(path(given), headers=HTML)
        assert again.status_code == 404
        assert "This link opens nothing (any more)" in again.text
    assert entries(house)[:2] == [("open_link", "tried"), ("open_link", "done")]
    assert [row for row in entries(house) if row[0] == "disclosed"] == [
        *[("disclosed", "tried"), ("disclosed", "done")] * 2
    ]


def test_a_program_gets_the_bytes_by_the_code_alone(house: House, client: FlaskClient) -> None:
    given = give(house)
    answer = client.post(path(given), data={"code": given.code}, follow_redirects=True)
    assert (answer.status_code, answer.data) == (200, MEDIA)


def test_a_player_gets_the_pieces_it_asks_for(house: House, client: FlaskClient) -> None:
    where = f"{opened(client, give(house))}/audio"
    size = len(MEDIA)
    for asked, first, last in (
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, size - 1),
        ("bytes=-10", size - 10, size - 1),
        (f"bytes={size - 1}-{size + 99}", size - 1, size - 1),
    ):
        part = client.get(where, headers={"Range": asked})
        assert (part.status_code, part.data) == (206, MEDIA[first : last + 1]), asked
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    for asked in ("bytes=0-1,3-4", "lines=1-2", "nonsense", "bytes=--1", "bytes=9-1"):
        whole = client.get(where, headers={"Range": asked})
        assert (whole.status_code, whole.data) == (200, MEDIA), asked
    assert client.get(where, headers={"Range": f"bytes={size}-"}).status_code == 416
    before = entries(house)
    head = client.head(where)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(size))
    assert entries(house) == before
    assert LARGEST_PART >= 2**20


def test_many_pieces_are_one_listening(house: House, client: FlaskClient) -> None:
    where = f"{opened(client, give(house))}/audio"
    for at in range(0, 50_000, 1000):
        client.get(where, headers={"Range": f"bytes={at}-{at + 999}"})
    assert entries(house)[2:] == [("disclosed", "tried")]


def test_a_wrong_code_says_how_many_are_left(house: House, client: FlaskClient) -> None:
    given = give(house)
    for code, left in (("AAAA-AAAA", 4), ("", 3), ("x" * 4000, 2), ("\x00", 2), ("ñ", 1)):
        answer = client.post(path(given), data={"code": code}, headers=HTML)
        if code == "\x00":
            assert answer.status_code == 404  # nobody types it, and nothing is tried
            continue
        assert answer.status_code == 403
        assert f"Tries that are left: {left}." in answer.text
    assert client.post(path(given), headers=HTML).status_code == 404  # the fifth
    assert client.post(path(given), data={"code": given.code}, headers=HTML).status_code == 404
    assert client.get(path(given), headers=HTML).status_code == 404


def test_whoever_ends_a_link_ends_what_is_heard(house: House, client: FlaskClient) -> None:
    given = give(house, openings=2)
    where = opened(client, given)
    house.archive.custody.disclosures.revoke(given.disclosure.id, why="x", by=Actor("e", "admin"))
    for gone in (path(given), where, f"{where}/audio", f"{where}/file"):
        assert client.get(gone).status_code == 404


@pytest.mark.parametrize("language", ["es", "en"])
def test_it_speaks_spanish_and_english(house: House, client: FlaskClient, language: str) -> None:
    given = give(house, channels="without_agent", cuts=[(1.0, 2.5)], end=3.0)
    said = {
        "es": ("Una grabación para usted", "Ese no es el código", "De 0:01 a 0:02.5 se ha"),
        "en": ("A recording for you", "That is not the code", "From 0:01 to 0:02.5 it was"),
    }[language]
    headers = {**HTML, "Accept-Language": language}
    wrong = client.post(path(given), data={"code": "A"}, headers=headers)
    assert said[0] in wrong.text
    assert said[1] in wrong.text
    other = {"es": "en", "en": "es"}[language]
    chosen = client.get(f"{path(given)}?language={language}", headers={"Accept-Language": other})
    assert said[0] in chosen.text
    page = client.get(opened(client, given, headers), headers=headers)
    assert said[2] in page.text
    assert f'<html lang="{language}">' in page.text
    closed = client.get(path(given), headers=headers)
    assert "Ejemplo" not in closed.text


def test_every_answer_tells_nobody_where_the_link_led(house: House, client: FlaskClient) -> None:
    given = give(house, openings=2)
    where = opened(client, given)
    answers: list[TestResponse] = [
        client.get(path(given)),
        client.post(path(given), data={"code": "x"}),
        client.post(path(given), data={"code": given.code}),
        client.get("/twirec/disclosed/x"),
        client.get(where),
        client.get(f"{where}/audio"),
        client.get(f"{where}/audio", headers={"Range": "bytes=999999-"}),
        client.post(path(given), data={"code": "x" * (LONGEST_FORM + 1)}),
    ]
    assert [each.status_code for each in answers] == [200, 403, 303, 404, 404, 404, 404, 413]
    for each in answers:
        for name in ("Referrer-Policy", "X-Robots-Tag", "Cache-Control", "X-Content-Type-Options"):
            assert each.headers[name] == HEADERS[name]
        assert "script-src" not in each.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in each.headers


def test_what_the_bucket_does_not_give_is_not_counted(
    house: House, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = give(house)

    def away(*_: object) -> Any:
        raise BucketUnavailable("no route to it")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryBucket, "stat", away)
        answer = client.post(path(given), data={"code": given.code}, headers=HTML)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "was not counted" in answer.text
    where = opened(client, given)
    with monkeypatch.context() as patch:
        patch.setattr(MemoryBucket, "stat", away)
        assert client.get(f"{where}/audio").status_code == 503
    assert client.get(f"{where}/audio").data == MEDIA


def test_nothing_of_a_link_is_logged(
    house: House, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    given = give(house)
    with caplog.at_level(0):
        client.post(path(given), data={"code": "A"})
        where = opened(client, given)
        client.get(f"{where}/audio")
        house.bucket.delete(house.recording().object_name or "", 1)
        client.get(f"{where}/audio")
    secret, ticket = where.split("/")[-2:]
    for each in (secret, ticket, given.code, given.code.replace("-", "")):
        assert each not in caplog.text


def test_one_address_may_not_ask_without_end(house: House, client: FlaskClient) -> None:
    statuses = [client.get("/twirec/disclosed/x").status_code for _ in range(ANSWERED + 2)]
    assert statuses == [404] * ANSWERED + [429] * 2
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    given = give(house)
    assert client.get(path(given), environ_overrides=elsewhere).status_code == 200


def test_addresses_are_counted_each_by_itself_and_for_a_minute() -> None:
    time = [0.0]
    rate = Rate(2, lambda: time[0])
    asked = ["192.0.2.1", "192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8::3"]
    assert [rate.passes(each) for each in asked] == [True, True, False, True, True, False]
    assert [rate.passes(each) for each in ("2001:db8:1::1", None, "nowhere", "")] == [
        *(True, True, True, False)
    ]
    time[0] = 60.0
    assert rate.passes("192.0.2.1")


def test_few_recordings_are_sent_at_once(house: House, client: FlaskClient) -> None:
    where = f"{opened(client, give(house))}/audio"
    held = [client.get(where, buffered=False) for _ in range(AT_ONCE)]
    assert client.get(where).status_code == 503
    held.pop().close()
    assert client.get(where).status_code == 200
    for each in held:
        each.close()


def test_an_app_may_serve_recipients_alone(house: House) -> None:
    app = Flask(__name__)
    app.register_blueprint(disclosed(house.archive), url_prefix="/twirec")
    assert app.test_client().get(path(give(house))).status_code == 200


def test_two_who_type_the_code_at_once_are_one_opening(house: House, client: FlaskClient) -> None:
    given, came = give(house), list[int]()
    together = threading.Barrier(3)

    def each() -> None:
        together.wait()
        answer = client.application.test_client().post(path(given), data={"code": given.code})
        came.append(answer.status_code)

    threads = [threading.Thread(target=each) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came) == [303, 404, 404]
