"""An agent's desk: how long its session lasts, what it shows, and what it says of pauses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from panel_house import (
    GOING_ON,
    NOW,
    OF_ANOTHER,
    Browser,
    Template,
    call_sid,
    make_app,
    open_archive,
    recording_sid,
)

from callpanel import auth
from callpanel.panel import desk
from callpanel.roles import Role
from twirec import Archive, Pause
from twirec.model.audit import AuditDraft

HOUR = 3600
IDLE = auth.IDLE + 60


class Clock:
    """The clock of sessions."""

    def __init__(self) -> None:
        self.seconds = time.time()

    def time(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(auth, "time", clock)
    monkeypatch.setattr(desk, "time", clock)
    return clock


@pytest.fixture
def signed_in(client: Browser, clock: Clock) -> Browser:
    """Alex, who has just signed in by that clock."""
    assert client.sign_in("alex").status_code == 302
    return client


def at_desk(browser: Browser, **headers: str) -> int:
    return browser.get("/desk/now", headers={"X-By-Itself": "1", **headers}).status_code


def test_half_an_hour_without_a_click_does_not_end_the_desk_and_twelve_hours_do(
    signed_in: Browser, clock: Clock
) -> None:
    for _ in range(11):
        clock.seconds += HOUR
        assert at_desk(signed_in) == 200
        assert signed_in.get("/desk").status_code == 200
    assert "Your session ends at" not in signed_in.get("/desk").text
    clock.seconds += HOUR - 600
    assert "Your session ends at" in signed_in.get("/desk/now").text
    clock.seconds += 601
    assert at_desk(signed_in) == 401


def test_to_other_pages_that_session_is_over_whatever_the_desk_does(
    signed_in: Browser, clock: Clock
) -> None:
    clock.seconds += IDLE
    assert signed_in.get("/desk").status_code == 200
    assert signed_in.post(f"/desk/{call_sid(OF_ANOTHER)}/pause").status_code == 404
    assert "/sign-in" in signed_in.get("/account").headers["Location"]
    assert at_desk(signed_in) == 401


def test_other_roles_have_no_desk_to_stay_at(client: Browser, clock: Clock) -> None:
    client.sign_in("ana")
    clock.seconds += IDLE
    assert "/sign-in" in client.get("/desk").headers["Location"]


@pytest.mark.parametrize("change", ["sign-out elsewhere", "role", "password", "no access"])
def test_what_ends_a_session_ends_the_desks_too(
    signed_in: Browser, admin: Browser, template: Template, client: Browser, change: str
) -> None:
    assert at_desk(signed_in) == 200
    if change == "sign-out elsewhere":
        other = Browser(signed_in.client.application)
        other.sign_in("alex")
        other.post("/sign-out")
    else:
        form = {"role": "agent", "line": "+34911222333", "password": "", "disabled": "no"}
        form |= {
            "role": {"role": "supervisor"},
            "password": {"password": "otras cuatro palabras largas"},
            "no access": {"disabled": "yes"},
        }[change]
        assert admin.post(f"/users/{template.ids['alex']}", form).status_code == 302
    assert at_desk(signed_in) == 401


def test_what_is_not_recorded_is_shown_with_its_reason(archive: Archive, agent: Browser) -> None:
    with archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE calls SET ended_at = NULL WHERE reason = 'refused'")
    page = agent.get("/desk").text
    assert "not recorded" in page
    assert "the caller said no" in page
    assert page.count("<button>Pause</button>") == 1


def paused(archive: Archive, since: datetime, until: datetime | None = None) -> None:
    pause = Pause(recording_sid(GOING_ON), since, "alex")
    draft = AuditDraft(since, "alex", "agent", "pause", sid=pause.recording_sid)
    archive.catalog.pauses.begin(pause, draft)
    if until:
        archive.catalog.pauses.end(pause.recording_sid, until, replace(draft, action="resume"))


@pytest.mark.parametrize(
    ("seconds", "reminds"), [(59, False), (60, True)], ids=["not yet", "a minute"]
)
def test_a_pause_shows_its_seconds_and_is_reminded_of_without_scripts_too(
    archive: Archive, agent: Browser, seconds: int, reminds: bool
) -> None:
    paused(archive, NOW - timedelta(seconds=seconds))
    page = agent.get("/desk/now").text
    assert "recording paused" in page
    assert f">{'1:00' if reminds else '0:59'}</span>" in page
    assert ("Still paused" in page) is reminds
    assert "Recording goes on by itself" not in page


@pytest.fixture
def limited(environ: dict[str, str], template: Template) -> Iterator[tuple[Archive, Browser]]:
    """The house where a pause lasts three minutes at the most, and its agent's browser."""
    environ |= {"TWIREC_LONGEST_PAUSE": "180", "CALLPANEL_PAUSE_REMINDER": "0"}
    archive = open_archive(environ)
    yield archive, Browser(make_app(environ, archive), template.passes[Role.AGENT])
    archive.close()


def test_where_the_policy_ends_a_pause_the_page_says_when_and_that_it_did(
    limited: tuple[Archive, Browser],
) -> None:
    archive, agent = limited
    paused(archive, NOW - timedelta(seconds=100))
    page = agent.get("/desk").text
    assert "Recording goes on by itself in 1:20." in page
    assert "Still paused" not in page
    archive.catalog.pauses.end(
        recording_sid(GOING_ON),
        NOW + timedelta(seconds=80),
        AuditDraft(NOW, "twirec", "", "resume", sid=recording_sid(GOING_ON)),
    )
    page = agent.get("/desk").text
    assert "the pause lasted as long as one may" in page
    assert "being recorded" in page


def test_a_call_that_ended_while_its_button_was_pressed_is_no_refusal(
    archive: Archive, agent: Browser
) -> None:
    with archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET state = 'completed'")
        connection.exec_driver_sql("UPDATE calls SET ended_at = started_at")
    answer = agent.post(f"/desk/{call_sid(GOING_ON)}/pause")
    assert answer.status_code == 302
    assert "The call is over." in agent.get("/desk").text
    assert archive.audit.log(action="refused") == []
    assert agent.post(f"/desk/{call_sid(OF_ANOTHER)}/pause").status_code == 404
    (refused,) = archive.audit.log(action="refused")
    assert refused.outcome == "denied"


def test_a_page_that_stays_where_it_is_gets_the_calls_and_what_was_said(agent: Browser) -> None:
    answer = agent.post(f"/desk/{call_sid(GOING_ON)}/pause", headers={"X-In-Place": "1"})
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "It is not sure that this is paused" in answer.text  # Twilio is not there
    assert "It is not sure" not in agent.get("/desk").text
