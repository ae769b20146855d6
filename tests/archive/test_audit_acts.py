"""Who listened: asked by number, call, recording or name; a listening is one act."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import a_call, a_consent, a_recording, call_sid, recording_sid
from twirec import Actor, AuditOutcome, NotFound
from twirec.archive import Archive
from twirec.model.errors import NothingThere
from twirec.model.states import State

CALL, RECORDING, NUMBER = call_sid(), recording_sid(), "600 11 12 22"
ANA = Actor("Ana Núñez", "admin")


@pytest.fixture
def archive(twirec_archive: Archive) -> Archive:
    """A call with a recording that is in progress, and one of somebody else's that was erased."""
    catalog = twirec_archive.catalog
    catalog.ledger.open_call(a_call())
    catalog.consents.record(a_consent(), None)
    catalog.recordings.adopt(replace(a_recording(), state=State.RECORDING))
    other = a_call(call_sid=call_sid(2), customer_number="+34600999888")
    catalog.ledger.open_call(other)
    catalog.consents.record(a_consent(call_sid=call_sid(2)), None)
    erased = a_recording(sid=recording_sid(2), call_sid=call_sid(2))
    catalog.recordings.adopt(replace(erased, state=State.ERASED))
    return twirec_archive


def heard(archive: Archive, sid: str = RECORDING, by: Actor = ANA) -> None:
    """Enter a listening, as it begins and ends."""
    tried = archive.audit.record("listen", by=by, sid=sid, outcome="tried")
    archive.audit.record("listen", by=by, sid=sid, detail={"tried": tried.seq, "bytes": [[0, 9]]})


def test_what_was_tried_and_what_came_of_it_are_one(archive: Archive) -> None:
    heard(archive)
    archive.audit.record("sign_in", by=ANA)
    archive.audit.record("listen", by=ANA, sid=RECORDING, outcome="tried")
    acts = archive.audit.acts()
    found = [
        (each.entry.action, each.entry.outcome, each.begun and each.begun.seq) for each in acts
    ]
    assert found == [("listen", "tried", None), ("sign_in", "done", None), ("listen", "done", 1)]
    assert len(archive.audit.log()) == 4


def test_they_are_one_where_a_page_ends_between_them(archive: Archive) -> None:
    for _ in range(3):
        heard(archive)
    pages, after = [], None
    while page := archive.audit.acts(limit=1, after=after):
        pages += page
        after = page[-1].entry.seq
    assert [each.begun and each.begun.seq for each in pages] == [5, 3, 1]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"number": NUMBER}, {"listen", "search", "show"}),
        ({"sid": CALL}, {"listen", "show"}),
        ({"sid": RECORDING}, {"listen"}),
        ({"number": "600999888"}, {"download"}),
        ({"sid": call_sid(9)}, set()),
        ({"who": "ana nunez"}, {"listen", "search", "show", "download"}),
        ({"who": "ANA NÚÑEZ"}, {"listen", "search", "show", "download"}),
        ({"who": "ana"}, set()),
    ],
    ids=lambda each: str(each) if isinstance(each, dict) else "",
)
def test_who_heard_it_is_found_by_number_call_recording_and_name(
    archive: Archive, asked: dict[str, str], found: set[str]
) -> None:
    heard(archive)
    archive.calls.search(number=NUMBER, by=ANA)
    archive.calls.get(CALL, by=ANA)
    archive.audit.record("download", by=ANA, sid=recording_sid(2), outcome="failed")
    archive.audit.record("sign_in", by="berta")
    assert {each.entry.action for each in archive.audit.acts(**asked)} == found
    assert {each.action for each in archive.audit.log(**asked)} == found


def test_a_search_without_a_number_is_entered_too_and_once(archive: Archive) -> None:
    archive.calls.search(since=archive.now() - timedelta(days=9), by=ANA)
    archive.calls.search(by=ANA, repeated=True)
    archive.calls.search()
    (entry,) = archive.audit.log()
    assert (entry.action, entry.number, entry.by) == ("search", "", ANA.name)


@pytest.mark.parametrize(
    ("role", "sid", "error", "outcome"),
    [
        ("admin", recording_sid(2), NothingThere, AuditOutcome.FAILED),
        ("admin", RECORDING, NothingThere, AuditOutcome.FAILED),
        ("auditor", RECORDING, Exception, AuditOutcome.DENIED),
        ("admin", recording_sid(9), NotFound, AuditOutcome.FAILED),
    ],
)
def test_denied_is_said_only_of_what_they_may_not(
    archive: Archive, role: str, sid: str, error: type[Exception], outcome: AuditOutcome
) -> None:
    with pytest.raises(error):
        archive.recordings.open(sid, by=Actor("ana", role))
    assert archive.audit.log()[0].outcome is outcome
