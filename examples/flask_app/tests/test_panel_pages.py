"""What people do on the pages: the desk of an agent, a call, the switch, health."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from panel_house import (
    GOING_ON,
    HIDDEN,
    OF_ANOTHER,
    OWN_NUMBER,
    PARKED,
    PASSWORD,
    PLAIN,
    STARTED,
    WORDING,
    Browser,
    Template,
    call_sid,
    make_app,
    object_name,
    open_archive,
    recording_sid,
)

from callpanel import accounts
from callpanel.panel.show import NOTHING
from callpanel.roles import Role
from twirec import Actor, Archive, Custody, Direction, NotFound, Outcome, PolicyChange, Reason
from twirec.model.audit import AuditDraft
from twirec.testing import ACCOUNT_SID

PAUSE, RESUME = (f"/desk/{call_sid(GOING_ON)}/{step}" for step in ("pause", "resume"))


@pytest.fixture
def live(
    environ: dict[str, str], twirec_archive: Archive, template: Template
) -> Iterator[tuple[Archive, Browser]]:
    """The house with a Twilio in memory, where a call goes on, and its agent's browser."""
    vendor = twirec_archive.vendor
    started = vendor.live.start_recording(ACCOUNT_SID, call_sid(GOING_ON), status_url="")
    archive = open_archive(environ, vendor=vendor)
    # Twilio names a recording itself: let it be the one that the catalog knows
    known = vendor._recordings.pop((ACCOUNT_SID, started))  # type: ignore[attr-defined]
    vendor.add_recording(  # type: ignore[attr-defined]
        type(known)(recording_sid(GOING_ON), ACCOUNT_SID, call_sid(GOING_ON), known.status)
    )
    yield archive, Browser(make_app(environ, archive), template.passes[Role.AGENT])
    archive.close()


def messages(page: str) -> list[str]:
    """Return what a page says at its top."""
    return re.findall('<p class="message [a-z]+"[^>]*>(.*?)</p>', page, re.DOTALL)


def test_an_agent_sees_the_calls_of_their_line_alone(agent: Browser) -> None:
    for page in (agent.get("/desk").text, agent.get("/desk/now").text):
        assert "+34 600 555 666" in page
        assert "+34 600 777 888" not in page
        assert call_sid(OF_ANOTHER) not in page
        assert page.count("<section") == 1


def test_an_agent_without_a_line_sees_none(app: Flask, client: Browser) -> None:
    with app.app_context():
        accounts.add("eva", PASSWORD, Role.AGENT)
        accounts.keep()
    client.sign_in("eva")
    assert "Your account has no line" in client.get("/desk").text


def test_an_agent_pauses_and_goes_on(live: tuple[Archive, Browser]) -> None:
    archive, agent = live
    assert agent.post(PAUSE).headers["Location"] == "/desk"
    page = agent.get("/desk").text
    assert messages(page) == ["Paused: what is said now is not recorded."]
    assert RESUME in page
    assert PAUSE not in page
    assert agent.post(RESUME).status_code == 302
    assert PAUSE in agent.get("/desk").text
    entries = archive.audit.log(who="alex", limit=4)
    assert [(each.action, each.sid, each.outcome) for each in entries] == [
        ("resume", recording_sid(GOING_ON), "done"),
        ("resume", call_sid(GOING_ON), "tried"),
        ("pause", recording_sid(GOING_ON), "done"),
        ("pause", call_sid(GOING_ON), "tried"),
    ]
    assert {each.role for each in entries} == {"agent"}


def test_an_agent_sees_and_pauses_what_is_recorded_in_quarantine_too(
    live: tuple[Archive, Browser],
) -> None:
    archive, agent = live
    with archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET custody = 'quarantined'")
    page = agent.get("/desk").text
    assert "You have no call just now." not in page
    assert PAUSE in page
    assert recording_sid(GOING_ON) not in page
    agent.post(PAUSE)
    page = agent.get("/desk").text
    assert messages(page) == ["Paused: what is said now is not recorded."]
    assert RESUME in page


def test_a_call_is_not_called_paused_while_another_recording_of_it_goes_on(
    live: tuple[Archive, Browser],
) -> None:
    archive, agent = live
    agent.post(PAUSE)
    (known,) = archive.calls.get(call_sid(GOING_ON)).recordings
    archive.catalog.recordings.adopt(
        replace(known, sid=recording_sid(99), custody=Custody.QUARANTINED)
    )
    page = agent.get("/desk").text
    assert PAUSE in page
    assert RESUME not in page


@pytest.mark.parametrize(
    ("path", "said"),
    [(PAUSE, "suppose that it is recorded"), (RESUME, "suppose that it does not")],
)
def test_an_agent_is_told_when_twilio_does_not_answer(
    agent: Browser, archive: Archive, path: str, said: str
) -> None:
    assert agent.post(path).status_code == 302
    assert said in messages(agent.get("/desk").text)[0]
    assert archive.audit.log(sid=call_sid(GOING_ON))[0].outcome == "failed"


def test_a_call_shows_its_wording_consent_legs_notes_and_who_listened(
    supervisor: Browser,
) -> None:
    supervisor.get(f"/recordings/{recording_sid(PLAIN)}/audio", headers={"Range": "bytes=0-9"})
    supervisor.get(f"/recordings/{recording_sid(PLAIN)}/audio", headers={"Range": "bytes=10-"})
    page = supervisor.get(f"/calls/{recording_sid(PLAIN)}").text
    for said in (
        WORDING.text,
        "was told",
        call_sid(PLAIN),
        "asks for a refund",
        "Paused at 0\u203202\u2033 by alex",
        "Who spoke when",
        "<svg",
    ):
        assert said in page
    assert page.count("sergio: listened") == 1


def test_a_long_listening_hides_nobody_who_did_something_before(
    supervisor: Browser, archive: Archive
) -> None:
    sid = recording_sid(PLAIN)
    archive.audit.record("download", by=Actor("ana", "admin"), sid=sid)
    for _ in range(201):
        archive.audit.record("listen", by=Actor("sergio", "supervisor"), sid=sid)
    page = supervisor.get(f"/calls/{sid}").text
    assert page.count("sergio: listened") == 1
    assert "ana: downloaded" in page


def test_only_the_newest_of_who_did_what_are_shown(supervisor: Browser, archive: Archive) -> None:
    for each in range(60):
        archive.audit.record("download", by=f"s{each}", sid=recording_sid(PLAIN))
    page = supervisor.get(f"/calls/{recording_sid(PLAIN)}").text
    assert page.count(": downloaded") == 49  # and who opens the page
    assert "s59: downloaded" in page


@pytest.mark.parametrize(
    ("reason", "detail", "said"),
    [
        (
            Reason.OFF,
            "since 2026-11-23 09:00 UTC by ana",
            "desde lun 23 nov 2026, 10:00:00 por ana",
        ),
        (None, "an agent is not in the register of informed agents", "no está en el registro"),
        (Reason.LOST, "said by a machine", "Twilio ya no la tenía"),
    ],
)
def test_what_is_said_of_a_call_is_in_the_language_and_zone_of_who_reads(
    supervisor: Browser, archive: Archive, reason: Reason | None, detail: str, said: str
) -> None:
    since = STARTED.replace(hour=9, minute=0)
    off = PolicyChange(since, "ana", "works council", on=False)
    archive.catalog.policy.change(off, AuditDraft(off.at, off.by, "admin", "policy"))
    call = archive.calls.get(call_sid(PLAIN)).call
    outcome = Outcome.NOT_RECORDED if reason else Outcome.RECORDED
    sid = call_sid(71)
    archive.catalog.ledger.open_call(
        replace(call, call_sid=sid, outcome=outcome, reason=reason, detail=detail)
    )
    supervisor.post("/language", {"language": "es"})
    assert said in supervisor.get(f"/calls/{sid}").text


def test_a_call_whose_wording_is_lost_is_shown_all_the_same(
    supervisor: Browser, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_hash: str) -> None:
        raise NotFound("No announcement with that hash was ever played.")

    monkeypatch.setattr(archive.catalog.announcements, "get", gone)
    assert supervisor.get(f"/calls/{call_sid(PLAIN)}").status_code == 200


def shown_of(page: str, path: str) -> str:
    """Return what a form of a page says that the page showed."""
    shown = re.search(f'action="{path}">.*?name="seen" value="([^"]*)"', page, re.DOTALL)
    assert shown, page
    return shown[1]


NOTES, CASE = (f"/calls/{call_sid(PLAIN)}/{what}" for what in ("notes", "case"))


def test_a_note_and_a_case_number_are_written_down_and_shown(
    supervisor: Browser, archive: Archive
) -> None:
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}").text
    assert "Case number: C-7" in page  # set together with the note that is there
    for path, form in ((NOTES, {"note": "<b>rang</b> again"}), (CASE, {"case": " C-8 "})):
        answer = supervisor.post(path, {**form, "seen": shown_of(page, path)})
        page = supervisor.get(answer.headers["Location"]).text
        assert messages(page) == ["Written down."]
    assert "&lt;b&gt;rang&lt;/b&gt; again" in page
    assert "Case number: C-8" in page
    call = archive.calls.get(call_sid(PLAIN))
    assert call.call.case_number == "C-8"
    assert [(each.by, each.case_number) for each in call.notes[1:]] == [
        ("sergio", None),
        ("sergio", "C-8"),
    ]


def test_a_note_on_an_older_page_leaves_a_colleagues_case_number(
    supervisor: Browser, admin: Browser, archive: Archive
) -> None:
    older = supervisor.get(f"/calls/{call_sid(PLAIN)}").text
    admin.post(CASE, {"case": "EXP-77", "seen": "C-7"})
    note = {"note": "rang again", "seen": shown_of(older, NOTES)}
    assert supervisor.post(NOTES, note).status_code == 302
    assert archive.calls.get(call_sid(PLAIN)).call.case_number == "EXP-77"


@pytest.mark.parametrize("theirs", ["EXP-77", ""])
def test_a_case_number_that_a_colleague_changed_is_shown_and_not_written_over(
    supervisor: Browser, admin: Browser, archive: Archive, theirs: str
) -> None:
    older = supervisor.get(f"/calls/{call_sid(PLAIN)}").text
    admin.post(CASE, {"case": theirs, "seen": "C-7"})
    answer = supervisor.post(CASE, {"case": "R-1", "seen": shown_of(older, CASE)})
    assert answer.status_code == 409
    (said,) = messages(answer.text)
    assert said == (
        f"Meanwhile ana changed the case number; now it is: {theirs or NOTHING}. "
        "Yours was not written down."
    )
    assert 'value="R-1"' in answer.text
    assert archive.calls.get(call_sid(PLAIN)).call.case_number == theirs
    entry = archive.audit.log(action="annotate", limit=1)[0]
    assert (entry.by, entry.role, entry.outcome) == ("sergio", "supervisor", "failed")
    again = supervisor.post(CASE, {"case": "R-1", "seen": shown_of(answer.text, CASE)})
    assert again.status_code == 302
    call = archive.calls.get(call_sid(PLAIN))
    assert [each.case_number for each in call.notes] == ["C-7", theirs, "R-1"]


def test_a_form_that_is_sent_three_times_is_written_down_once(
    supervisor: Browser, admin: Browser, archive: Archive
) -> None:
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}").text
    note = {"note": "rang again", "seen": shown_of(page, NOTES)}
    case = {"case": "R-1", "seen": shown_of(page, CASE)}
    for path, form in 3 * [(NOTES, note), (CASE, case)]:
        assert supervisor.post(path, form).status_code == 302
    assert admin.post(NOTES, note).status_code == 302  # what somebody else writes is their own
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}").text
    supervisor.post(NOTES, {**note, "seen": shown_of(page, NOTES)})  # as is what is written anew
    written = [
        (each.by, each.text, each.case_number)
        for each in archive.calls.get(call_sid(PLAIN)).notes[1:]
    ]
    assert written == [
        ("sergio", "rang again", None),
        ("sergio", "", "R-1"),
        ("ana", "rang again", None),
        ("sergio", "rang again", None),
    ]


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("notes", {"note": "x" * 4001, "seen": "0"}),
        ("notes", {"note": " ", "seen": "0"}),
        ("notes", {"note": "rang again"}),
        ("notes", {"note": "rang again", "seen": "-1"}),
        ("notes", {}),
        ("case", {"case": "x" * 65, "seen": ""}),
        ("case", {"case": "R-1"}),
        ("case", {"seen": ""}),
    ],
    ids=str,
)
def test_a_note_that_cannot_be_is_refused_and_what_was_typed_stays(
    supervisor: Browser, archive: Archive, path: str, form: dict[str, str]
) -> None:
    answer = supervisor.post(f"/calls/{call_sid(HIDDEN)}/{path}", form)
    assert answer.status_code == 400
    assert form.get("note", "").strip() in answer.text
    assert form.get("case", "") in answer.text
    assert archive.calls.get(call_sid(HIDDEN)).notes == ()


@pytest.mark.parametrize(
    ("number", "direction", "off"),
    [
        ("", "", {("+34911000111", "in"), ("+34911000111", "out"), ("+34911000222", "in")}),
        ("", "in", {("+34911000111", "in"), ("+34911000222", "in")}),
        (OWN_NUMBER, "", {("+34911000111", "in"), ("+34911000111", "out")}),
        (OWN_NUMBER, "out", {("+34911000111", "out")}),
    ],
)
def test_the_switch_turns_off_what_it_says(
    admin: Browser, archive: Archive, number: str, direction: str, off: set[tuple[str, str]]
) -> None:
    form = {"number": number, "direction": direction, "on": "off", "why": "works council"}
    form["sure"] = "1"  # of all numbers it asks first
    assert admin.post("/recording", form).status_code == 302
    for own, way in [("+34911000111", "in"), ("+34911000111", "out"), ("+34911000222", "in")]:
        assert archive.policy.of(own, Direction(way)).policy.on is ((own, way) not in off)
    page = admin.get("/recording").text
    assert "works council" in page
    assert messages(page) == ["Changed. Calls that go on are not touched."]
    entry = archive.audit.log(limit=1)[0]
    assert (entry.action, entry.by, entry.outcome) == ("policy", "ana", "done")


def test_a_switch_for_all_names_what_keeps_a_choice_of_its_own(
    admin: Browser, archive: Archive
) -> None:
    of_all = {"number": "", "direction": "", "why": "works council", "sure": "1"}
    of_one = {**of_all, "number": OWN_NUMBER, "direction": "in"}
    admin.post("/recording", {**of_one, "on": "on"})
    admin.post("/recording", {**of_all, "on": "off"})
    assert messages(admin.get("/recording").text)[-1] == "Still on for +34 911 000 111, incoming"
    assert archive.policy.of(OWN_NUMBER, Direction.IN).policy.on
    admin.post("/recording", {**of_one, "on": "as_for_all"})
    page = admin.get("/recording").text
    assert messages(page)[-1] == "Changed. Calls that go on are not touched."
    assert not archive.policy.of(OWN_NUMBER, Direction.IN).policy.on
    assert page.count("as for all") == 2  # the choice, and in the history


@pytest.mark.parametrize(
    "changes",
    [
        {"on": "as_for_all"},
        {"why": ""},
        {"why": "   "},
        {"why": "x" * 501},
        {"number": "+34999888777"},
        {"direction": "up"},
        {"on": "maybe"},
        {"on": ""},
    ],
    ids=str,
)
def test_a_switch_that_is_not_understood_changes_nothing(
    admin: Browser, archive: Archive, changes: dict[str, str]
) -> None:
    form = {"number": "", "direction": "", "on": "off", "why": "works council", **changes}
    assert admin.post("/recording", form).status_code == 400
    assert archive.catalog.policy.history() == []


def test_what_was_given_up_is_tried_again(admin: Browser, archive: Archive) -> None:
    assert recording_sid(PARKED) in admin.get("/health").text
    admin.post(f"/health/retry/{recording_sid(PARKED)}")
    page = admin.get("/health").text
    assert messages(page) == ["1 recording is tried again."]
    assert archive.operations.stats().parked == 0
    assert admin.post(f"/health/retry/{recording_sid(PARKED)}").status_code == 404
    admin.post("/health/retry")
    assert messages(admin.get("/health").text) == ["0 recordings are tried again."]


def test_a_recording_that_cannot_be_drawn_is_shown_all_the_same(
    supervisor: Browser, archive: Archive
) -> None:
    stored = archive.bucket.stat(object_name(PLAIN))
    archive.bucket.delete(stored.name, stored.generation)
    page = supervisor.get(f"/calls/{call_sid(PLAIN)}")
    assert page.status_code == 200
    assert messages(page.text)
    assert "<audio" in page.text
    assert 'class="marks"' not in page.text


@pytest.mark.parametrize("role", [*Role])
def test_the_first_page_is_the_one_that_somebody_uses(
    browser: Callable[[Role | None], Browser], role: Role
) -> None:
    expected = "/desk" if role is Role.AGENT else "/calls"
    assert browser(role).get("/").headers["Location"] == expected


@pytest.mark.parametrize(
    ("asked", "language"),
    [("es-ES,es;q=0.9", "es"), ("de", "en"), ("", "en"), ("*", "es"), (";q=x,,\xff", "en")],
)
def test_a_page_speaks_the_browsers_language(client: Browser, asked: str, language: str) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": asked}).text
    assert f'<html lang="{language}">' in page


def leave_undecided(archive: Archive, error: str) -> None:
    """Let what is parked wait for a decision, as a worker does."""
    archive.operations.retry(recording_sid(PARKED), by="ana")
    lease = archive.catalog.due_work.claim(
        archive.now(), timedelta(minutes=5), only=recording_sid(PARKED)
    )
    assert lease is not None
    archive.catalog.due_work.postpone(lease, None, error, undecided=True)


LONGER = "MediaMismatch: The file lasts 11.300 s, not 10 s."


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("retry", "It is tried again."),
        ("accept", "It is archived as it is."),
        ("give_up", "It is given up, and stays at Twilio."),
    ],
)
def test_an_admin_decides_what_time_does_not_mend(
    admin: Browser, archive: Archive, decision: str, said: str
) -> None:
    leave_undecided(archive, LONGER)
    assert "1 wait for a decision" in admin.get("/health").text
    page = admin.get(f"/calls/{call_sid(PARKED)}").text
    assert 'value="accept"' in page
    where = f"/recordings/{recording_sid(PARKED)}/decision"
    assert admin.post(where, {"decision": decision, "reason": "heard it"}).status_code == 302
    assert said in messages(admin.get(f"/calls/{call_sid(PARKED)}").text)
    known = archive.catalog.recordings.get(recording_sid(PARKED))
    assert known.given_up == (decision == "give_up")
    assert (known.accepted is not None) == (decision == "accept")
    (entry,) = archive.audit.log(action=decision, limit=1)
    assert (entry.role, entry.outcome) == ("admin", "done")


@pytest.mark.parametrize(
    "form",
    [
        {"decision": "accept", "reason": " "},
        {"decision": "give_up"},
        {"decision": "erase", "reason": "heard it"},
        {"reason": "heard it"},
        {"decision": "accept", "reason": "x" * 256},
    ],
    ids=str,
)
def test_a_decision_that_is_not_understood_changes_nothing(
    admin: Browser, archive: Archive, form: dict[str, str]
) -> None:
    leave_undecided(archive, LONGER)
    known = archive.catalog.recordings.get(recording_sid(PARKED))
    where = f"/recordings/{recording_sid(PARKED)}/decision"
    assert admin.post(where, form).status_code == 400
    assert archive.catalog.recordings.get(recording_sid(PARKED)) == known


def test_nobody_but_an_admin_is_shown_a_decision(supervisor: Browser, archive: Archive) -> None:
    leave_undecided(archive, LONGER)
    assert "/decision" not in supervisor.get(f"/calls/{call_sid(PARKED)}").text
