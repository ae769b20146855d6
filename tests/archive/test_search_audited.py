"""Who searched for a number, and who opened a call, is on the audit log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.factories import SEEING, STARTED, a_call, a_recording, call_sid, recording_sid
from tests.house import with_settings
from twirec.archive import Archive
from twirec.model.access import Actor
from twirec.model.audit import stand_in
from twirec.model.errors import CatalogError, CatalogUnavailable, NotFound

NUMBER = "+34600111222"


@pytest.fixture
def archive(twirec_archive: Archive) -> Archive:
    twirec_archive.now = lambda: STARTED
    for number in (1, 2):
        twirec_archive.catalog.ledger.open_call(a_call(call_sid=call_sid(number)))
    twirec_archive.catalog.ledger.open_call(
        a_call(call_sid=call_sid(3), customer_number="anonymous")
    )
    twirec_archive.catalog.recordings.adopt(a_recording(call_sid=call_sid(1)))
    return twirec_archive


@pytest.mark.parametrize(
    ("asked", "number", "calls"),
    [
        ({"number": "600 11 12 22"}, NUMBER, 2),
        ({"text": "600111222 23 Nov 2026"}, NUMBER, 2),
        ({"number": "1222"}, "1222", 2),
        ({"number": "600 99 99 99"}, "+34600999999", 0),
        ({"forwarded_from": "600 99 99 99", "number": "oculto"}, "+34600999999", 0),
    ],
    ids=str,
)
def test_a_search_by_number_is_one_entry(
    archive: Archive, asked: dict[str, Any], number: str, calls: int
) -> None:
    archive.calls.search(**asked, by=Actor("ana", "supervisor"), limit=1)
    (entry,) = archive.audit.log()
    assert (entry.by, entry.role, entry.action) == ("ana", "supervisor", "search")
    assert (entry.number, entry.detail) == (
        stand_in(number, archive.settings.audit_key),
        {"calls": calls},
    )
    assert "600" not in json.dumps(dict(entry.detail)) + entry.sid


def test_a_search_for_two_numbers_is_an_entry_of_each(archive: Archive) -> None:
    archive.calls.search(number="1222", forwarded_from="600 99 99 99", by="ana")
    key = archive.settings.audit_key
    numbers = {entry.number for entry in archive.audit.log()}
    assert numbers == {stand_in("1222", key), stand_in("+34600999999", key)}


@pytest.mark.parametrize(
    "asked",
    [
        {"number": "600111222"},  # by nobody
        {"by": "ana", "number": "600111222", "repeated": True},  # a page that refreshes itself
    ],
    ids=str,
)
def test_what_nobody_asks_anew_is_not_on_it(archive: Archive, asked: dict[str, Any]) -> None:
    archive.calls.search(**asked)
    assert archive.audit.log() == []


@pytest.mark.parametrize(
    "asked",
    [{}, {"number": "oculto"}, {"text": "23 Nov 2026"}, {"own_number": "911000111"}],
    ids=str,
)
def test_what_names_no_customer_is_on_it_without_a_number(
    archive: Archive, asked: dict[str, Any]
) -> None:
    archive.calls.search(**asked, by="ana")
    (entry,) = archive.audit.log()
    assert (entry.action, entry.by, entry.number) == ("search", "ana", "")


@pytest.mark.parametrize("sid", [call_sid(1), recording_sid()])
def test_opening_a_call_is_one_entry_that_its_number_finds(archive: Archive, sid: str) -> None:
    archive.calls.get(sid, by=Actor("ana", "auditor"))
    archive.calls.get(sid, **SEEING)
    (entry,) = archive.audit.log(number="600 11 12 22")
    assert (entry.by, entry.role, entry.action, entry.sid, entry.outcome) == (
        *("ana", "auditor", "show"),
        *(sid, "done"),
    )


def test_who_may_not_open_it_is_on_it_too(archive: Archive) -> None:
    with pytest.raises(NotFound):
        archive.calls.get(recording_sid(), by="ana")  # it is in quarantine
    (entry,) = archive.audit.log()
    assert (entry.action, entry.sid, entry.outcome) == ("show", recording_sid(), "denied")


def test_without_a_number_or_a_key_the_entry_names_none(archive: Archive) -> None:
    archive.calls.get(call_sid(3), by="ana")
    without = with_settings(archive, audit_key="")
    without.calls.get(call_sid(1), by="ana")
    without.calls.search(number="1222", by="ana")
    assert [entry.number for entry in archive.audit.log()] == ["", "", ""]


def test_without_its_entry_nothing_is_given(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise CatalogUnavailable("The disk is full.")

    monkeypatch.setattr(archive.catalog.audit, "append", fail)
    with pytest.raises(CatalogError):
        archive.calls.search(number="1222", by="ana")
    with pytest.raises(CatalogError):
        archive.calls.get(call_sid(1), by="ana")
