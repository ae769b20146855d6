"""Pages, filters, notes, and what custody hides."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from tests.factories import (
    ACCOUNT,
    SEEING,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    enter,
    recording_sid,
)
from twirec.archive import Archive
from twirec.catalog.tables import recordings
from twirec.model.access import Actor
from twirec.model.agents import Leg
from twirec.model.errors import CaseChanged, CustodyRefused, InvalidQuery, NotFound
from twirec.model.records import Pause
from twirec.model.search import Page
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason

HIDDEN = recording_sid(3)


@pytest.fixture
def archive(twirec_archive: Archive) -> Archive:
    """Three calls: recorded and informed, refused, and one whose recording is in quarantine."""
    catalog = twirec_archive.catalog
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(a_recording(duration=120))
    refused: dict[str, Any] = {"outcome": Outcome.NOT_RECORDED, "reason": Reason.REFUSED}
    refused["forwarded_from"] = "+34911777888"
    catalog.ledger.open_call(a_call(call_sid=call_sid(2), own_number="+34911000222", **refused))
    catalog.consents.record(
        a_consent(call_sid=call_sid(2), leg=call_sid(2), outcome=ConsentOutcome.REFUSED), None
    )
    catalog.ledger.open_call(a_call(call_sid=call_sid(3), started_at=STARTED + timedelta(hours=1)))
    catalog.recordings.adopt(
        a_recording(sid=HIDDEN, call_sid=call_sid(3), duration=30, state=State.RELEASED)
    )
    enter(catalog.pauses.begin, Pause(HIDDEN, STARTED, "somebody"))
    catalog.agents.add_leg(Leg(ACCOUNT, call_sid(9), call_sid(2), STARTED, "client:ana"))
    return twirec_archive


def numbers(page: Page) -> list[int]:
    return [int(record.call.call_sid[2:], 16) for record in page.calls]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [3, 1, 2]),
        ({"own_number": "911 000 222"}, [2]),
        ({"own_number": "0111"}, [3, 1]),
        ({"forwarded_from": "911 777 888"}, [2]),
        ({"forwarded_from": "sip:+34911777888@carrier.example", "own_number": "0111"}, []),
        ({"forwarded_from": "600111222"}, []),
        ({"reason": Reason.REFUSED}, [2]),
        ({"reason": Reason.OFF}, []),
        ({"not_recorded": True}, [2]),
        ({"outcome": Outcome.NOT_RECORDED}, [2]),
        ({"consent": ConsentOutcome.REFUSED}, [2]),
        ({"consent": ConsentOutcome.INFORMED}, [1]),
        ({"min_seconds": 120}, [1]),
        ({"min_seconds": 121}, []),
        ({"max_seconds": 120}, [1]),
        ({"max_seconds": 120, **SEEING}, [3, 1]),
        ({"state": State.RELEASED}, []),
        ({"state": State.RELEASED, **SEEING}, [3]),
        ({"around": "2026-11-23 12:20", "within": 5}, [3]),
        ({"around": "2026-11-23 11:40"}, [1, 2]),
        ({"around": "2026-11-23 11:40", "since": "2026-11-23 11:16"}, []),
        ({"agent": "ana"}, [2]),
        ({"agent": "client:ana", "not_recorded": True}, [2]),
        ({"text": "agente ana"}, [2]),
        ({"text": "agent berta"}, []),
        ({"sid": call_sid(1)}, [1]),
        ({"text": recording_sid(1)}, [1]),
        ({"text": f"{HIDDEN} 2026-11-23"}, []),
        ({"text": f"{HIDDEN} 2026-11-23", **SEEING}, [3]),
        ({"text": f"{HIDDEN} 2026-11-22", **SEEING}, []),
        ({"limit": 1}, [3]),
    ],
    ids=str,
)
def test_search_cuts_by_what_is_asked(
    archive: Archive, asked: dict[str, Any], found: list[int]
) -> None:
    page = archive.calls.search(**asked)
    assert numbers(page) == found
    assert page.count == (3 if "limit" in asked else len(found))


def test_pages_follow_each_other_without_gap_or_repetition(archive: Archive) -> None:
    seen: list[int] = []
    after = None
    for _ in range(3):
        page = archive.calls.search(limit=1, after=after)
        assert page.count == 3
        seen += numbers(page)
        after = page.next
    assert (seen, after) == ([3, 1, 2], None)


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_are_turned_back_as_they_were_turned(archive: Archive, oldest_first: bool) -> None:
    def turned(after: str | None) -> Page:
        return archive.calls.search(limit=1, after=after, oldest_first=oldest_first)

    one = turned(None)
    two = turned(one.next)
    three = turned(two.next)
    places = [(page.first, page.last) for page in (one, two, three)]
    expected = [2, 1, 3] if oldest_first else [3, 1, 2]
    assert [*numbers(one), *numbers(two), *numbers(three)] == expected
    assert (places, one.previous) == ([(1, 1), (2, 2), (3, 3)], None)
    assert turned(three.previous) == two
    assert turned(two.previous) == one
    assert [*one.every()] == [*one.calls, *two.calls, *three.calls]
    assert one.following is not None
    assert one.following() == two


def test_back_on_the_first_page_are_calls_that_came_in_meanwhile(archive: Archive) -> None:
    first = archive.calls.search(limit=2)
    second = archive.calls.search(limit=2, after=first.next)
    archive.catalog.ledger.open_call(
        a_call(call_sid=call_sid(9), started_at=first.calls[0].call.started_at + timedelta(1))
    )
    back = archive.calls.search(limit=2, after=second.previous)
    assert (numbers(back), back.first, back.previous) == ([9, 3], 1, None)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_every_goes_through_all_pages(archive: Archive, limit: int) -> None:
    page = archive.calls.search(limit=limit, by="ana", number="oculto")
    assert list(page.every()) == list(page.calls)  # nobody hid theirs
    page = archive.calls.search(limit=limit)
    assert [record.call.call_sid for record in page.every()] == [
        call_sid(number) for number in (3, 1, 2)
    ]
    last = archive.calls.search(limit=limit, after=page.next) if page.next else page
    assert [*last.every()] == [*page.every()][-len([*last.every()]) :]


def test_a_search_is_entered_once_however_many_pages_are_read(archive: Archive) -> None:
    page = archive.calls.search("600", limit=1, by="ana")
    assert len([*page.every()]) == page.count
    assert len(archive.audit.log(action="search")) == 1


def test_a_call_that_comes_in_meanwhile_moves_no_page(archive: Archive) -> None:
    first = archive.calls.search(limit=2)
    newer = a_call(call_sid=call_sid(8), started_at=STARTED + timedelta(days=1))
    archive.catalog.ledger.open_call(newer)
    assert numbers(archive.calls.search(limit=2, after=first.next)) == [2]


@pytest.mark.parametrize(
    "after",
    [
        *("nonsense", "é", "MjAyNi0xMS0yMw", "QUJD", "MjAyNi0xMS0yMyBDQTE"),
        "MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSBDQTE",  # before the first year, in UTC
    ],
)
def test_a_page_that_is_none_is_refused(archive: Archive, after: str) -> None:
    with pytest.raises(InvalidQuery, match="after: give what `next`"):
        archive.calls.search(after=after)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 10_001}, "limit"),
        ({"within": -1}, "within"),
        ({"min_seconds": -1}, "min_seconds"),
        ({"max_seconds": 10**9}, "max_seconds"),
        ({"forwarded_from": "1222"}, "forwarded_from"),  # which is found whole only
        ({"forwarded_from": "oculto"}, "forwarded_from"),
    ],
)
def test_what_is_out_of_range_is_named(archive: Archive, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidQuery, match=field):
        archive.calls.search(**asked)


# --- custody ----------------------------------------------------------------------------------


@pytest.mark.parametrize("custody", [Custody.QUARANTINED, Custody.BLOCKED])
def test_a_recording_that_custody_hides_is_not_there_but_its_calls_line_is(
    archive: Archive, custody: Custody
) -> None:
    catalog = archive.catalog
    catalog.ledger.open_call(a_call(call_sid=call_sid(4), account_sid=ACCOUNT))
    hidden = a_recording(sid=recording_sid(4), call_sid=call_sid(4))
    catalog.recordings.adopt(hidden)
    with catalog.database.write() as connection:  # nothing blocks yet
        which = recordings.c.sid == hidden.sid
        connection.execute(update(recordings).where(which).values(custody=custody.value))
    (record,) = [each for each in archive.calls.search().calls if each.call.call_sid == call_sid(4)]
    assert record.recordings == ()
    with pytest.raises(NotFound):
        archive.calls.get(hidden.sid)
    if custody is Custody.BLOCKED:  # for judges and authorities only
        with pytest.raises(NotFound):
            archive.calls.get(hidden.sid, **SEEING)
    else:
        assert archive.calls.get(hidden.sid, **SEEING).recordings[0].sid == hidden.sid


def test_the_pauses_of_a_hidden_recording_are_hidden_too(archive: Archive) -> None:
    assert archive.calls.get(call_sid(3)).pauses == ()
    assert len(archive.calls.get(call_sid(3), **SEEING).pauses) == 1


# --- notes ------------------------------------------------------------------------------------


def test_a_note_and_a_case_number_are_kept_and_found(archive: Archive) -> None:
    archive.calls.annotate(call_sid(2), note="  Says that 100 % was promised ", by="ana")
    record = archive.calls.annotate(recording_sid(1), case="R-2026/17", by="ana")
    assert record.call.case_number == "R-2026/17"
    assert numbers(archive.calls.search(case="r-2026/17")) == [1]
    assert numbers(archive.calls.search(note="100 % WAS")) == [2]
    assert numbers(archive.calls.search(note="100 _ was")) == []
    (note,) = archive.calls.get(call_sid(2)).notes
    assert (note.by, note.text, note.case_number) == ("ana", "Says that 100 % was promised", None)


def test_notes_are_added_and_the_newest_case_number_holds(archive: Archive) -> None:
    for case in ("1", "2", ""):
        archive.calls.annotate(call_sid(1), case=case, by="ana")
    record = archive.calls.get(call_sid(1))
    assert record.call.case_number == ""
    assert [note.case_number for note in record.notes] == ["1", "2", ""]


@pytest.mark.parametrize("said", [{}, {"note": "  "}, {"case": "x" * 65}])
def test_a_note_that_says_nothing_or_too_much_is_refused(
    archive: Archive, said: dict[str, str]
) -> None:
    with pytest.raises(InvalidQuery):
        archive.calls.annotate(call_sid(1), by="ana", **said)
    assert archive.calls.get(call_sid(1)).notes == ()


def test_a_case_number_is_not_written_over_that_was_not_seen(archive: Archive) -> None:
    annotate = partial(archive.calls.annotate, call_sid(1))
    annotate(case="EXP-77", case_seen="", by="ana")
    with pytest.raises(CaseChanged):
        annotate(note="rang", case="R-1", case_seen="", by="sergio")
    record = annotate(case="R-1", case_seen="EXP-77", by="sergio")
    assert [(note.text, note.case_number) for note in record.notes] == [
        ("", "EXP-77"),
        ("", "R-1"),
    ]
    outcomes = [entry.outcome for entry in archive.audit.log(action="annotate")]
    assert outcomes == ["done", "failed", "done"]


def test_a_note_that_is_sent_again_is_written_once(archive: Archive) -> None:
    annotate = partial(archive.calls.annotate, call_sid(1), note="rang")
    for by in ("ana", "ana", "sergio", "ana"):
        annotate(notes_seen=0, by=by)
    assert [note.by for note in archive.calls.get(call_sid(1)).notes] == ["ana", "sergio"]
    assert len(archive.audit.log(action="annotate")) == 2
    assert len(annotate(notes_seen=2, by="ana").notes) == 3
    assert len(annotate(by="ana").notes) == 4  # who says nothing of what they saw
    for seen in (-1, 10**9 + 1):
        with pytest.raises(InvalidQuery, match="notes_seen"):
            annotate(notes_seen=seen, by="ana")


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_who_may_write_no_note_by_a_recordings_sid_may_write_none_by_its_calls(
    archive: Archive, role: str
) -> None:
    for sid in (recording_sid(1), call_sid(1)):
        with pytest.raises((CustodyRefused, NotFound)):
            archive.calls.annotate(sid, note="x", case="C-99", by=Actor("bo", role))
    assert archive.calls.get(call_sid(1)).notes == ()


def test_a_note_needs_a_call(archive: Archive) -> None:
    with pytest.raises(NotFound):
        archive.calls.annotate(call_sid(9), note="where?", by="ana")


def test_the_calls_that_go_on_are_those_that_nobody_said_have_ended(
    twirec_archive: Archive,
) -> None:
    catalog, now = twirec_archive.catalog, twirec_archive.now()
    starts = {1: timedelta(hours=2), 2: timedelta(minutes=1), 3: timedelta(hours=25)}
    for number, ago in starts.items():
        catalog.ledger.open_call(a_call(call_sid=call_sid(number), started_at=now - ago))
    ended = a_call(call_sid=call_sid(4), started_at=now, ended_at=now)
    catalog.ledger.open_call(ended)
    going_on = twirec_archive.calls.going_on(by="ana")
    assert [each.call.call_sid for each in going_on] == [call_sid(2), call_sid(1)]
    assert len(twirec_archive.calls.going_on(limit=1)) == 1
