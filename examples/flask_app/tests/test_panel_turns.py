"""So many recordings at once, of a person and of a process."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from flask import Flask, Response
from panel_house import PLAIN, Browser, recording_sid
from werkzeug.test import TestResponse

from callpanel.panel import turns
from callpanel.roles import Role

PATH = f"/recordings/{recording_sid(PLAIN)}"
FLAC = {"format": "flac", "channels": "both", "start": "", "end": ""}


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.01)


def take(who: Browser) -> TestResponse:
    """Ask for a download, and read nothing of it yet."""
    return who.post(f"{PATH}/download", FLAC, buffered=False)


def test_one_person_takes_two_at_once_and_colleagues_still_take_theirs(
    supervisor: Browser, admin: Browser
) -> None:
    unread = [take(supervisor) for _ in range(2)]
    refused = take(supervisor)
    assert [each.status_code for each in unread] == [200, 200]
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert "several recordings at once already" in refused.text
    colleagues = take(admin)
    assert colleagues.status_code == 200
    for each in (*unread, colleagues):
        each.close()
    again = take(supervisor)
    assert again.status_code == 200
    again.close()


def test_all_together_leave_threads_for_pages(
    browser: Callable[[Role | None], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "taking", turns.Turns(of_all=2, of_one=2))
    first, second = browser(Role.SUPERVISOR), browser(Role.ADMIN)
    unread = [take(first), take(first)]
    refused = take(second)
    assert refused.status_code == 503
    assert "Colleagues take recordings just now" in refused.text
    assert second.get("/calls").status_code == 200
    for each in unread:
        each.close()


def test_what_fails_gives_its_turn_back(supervisor: Browser) -> None:
    for _ in range(5):
        missing = supervisor.post(f"{PATH}/download", {**FLAC, "start": "9:00"})
        assert missing.status_code == 302
    whole = take(supervisor)
    assert whole.status_code == 200
    whole.close()


def test_an_answer_that_is_never_sent_gives_its_turn_back(app: Flask, supervisor: Browser) -> None:
    def fail(_response: Response) -> Response:
        raise RuntimeError("it cannot be sent")

    app.after_request_funcs[None].append(fail)
    for _ in range(3):
        with pytest.raises(RuntimeError, match="cannot be sent"):
            take(supervisor)
        gc.collect(1)  # of what is young: the whole takes a third of a second
    app.after_request_funcs[None].remove(fail)
    whole = take(supervisor)
    assert whole.status_code == 200
    whole.close()


def test_tables_and_documents_take_a_turn_too(
    admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "taking", turns.Turns(of_all=2, of_one=1))
    table = {"columns": ["when", "customer"], "q": "", "order": ""}
    ways = {
        "calls": lambda: admin.post("/calls/csv", table, buffered=False),
        "log": lambda: admin.get("/audit.csv", buffered=False),
        "document": lambda: admin.get("/audit.pdf", buffered=False),
    }
    for name in ("calls", "log"):
        unread = ways[name]()
        assert unread.status_code == 200
        for other, ask in ways.items():
            assert ask().status_code == 503, (name, other)
        unread.close()
    for name, ask in ways.items():
        whole = ask()
        assert whole.status_code == 200, name
        whole.close()
    assert admin.get("/audit.csv?q=gone").status_code != 200
    assert admin.get("/audit.pdf").status_code == 200


def test_a_player_asks_for_a_few_parts_at_once(supervisor: Browser) -> None:
    parts = [supervisor.get(f"{PATH}/audio", buffered=False) for _ in range(5)]
    assert [each.status_code for each in parts] == [200, 200, 200, 200, 503]
    for each in parts:
        each.close()
    whole = supervisor.get(f"{PATH}/audio")
    assert whole.status_code == 200
