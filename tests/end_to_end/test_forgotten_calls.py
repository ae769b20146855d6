"""Recordings of calls that Twilio does not know any more: case 2 of the first day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.end_to_end.site import CALLER, CUSTOMER, Site
from tests.end_to_end.test_rebuild import lose_the_database
from tests.factories import SEEING
from twirec.model.states import State
from twirec.model.vocabulary import NOT_KNOWN


def test_a_recording_whose_call_is_forgotten_is_found_again_and_stays_at_twilio(
    site: Site, tmp_path: Path
) -> None:
    began_at = site.now().replace(microsecond=0) - timedelta(days=500)
    held = site.sandbox.add_recording(seconds=3.0, started_at=began_at)
    site.sandbox.forget_call(held.call_sid)
    day = f"{began_at.astimezone(site.archive.settings.timezone):%Y-%m-%d}"

    report = site.archive.operations.backfill(day, by="ana", threads=1).run()
    assert (report.copied, report.numbers_not_known, report.kept_without_number) == (1, 1, 1)

    record = site.archive.calls.get(held.sid, **SEEING)
    call, (recording,) = record.call, record.recordings
    assert (call.call_sid, call.started_at) == (held.call_sid, began_at)
    assert (call.customer_number, call.own_number, call.direction) == (NOT_KNOWN, NOT_KNOWN, None)
    assert (recording.state, recording.duration, recording.kept) == (State.ARCHIVED, 3, True)
    assert site.at_vendor() == [held.sid]
    for asked in ({"since": day, "until": day}, {"number": "no conocido"}):
        page = site.archive.calls.search(**asked, **SEEING)
        assert (page.count, page.calls[0].call) == (1, call)
    assert site.archive.operations.stats().numbers_not_known == 1

    swept = site.archive.operations.sweep(full=True)
    assert (swept.problems, swept.deleted_again, site.at_vendor()) == ({}, 0, [held.sid])
    rebuilt = lose_the_database(site, tmp_path)
    rebuilt.journal.rebuild(by="ana")
    assert rebuilt.calls.get(held.sid, **SEEING).call == call
    site.work_on()
    assert site.at_vendor() == [held.sid]


def test_a_call_that_is_forgotten_after_it_was_told_and_recorded_loses_nothing(site: Site) -> None:
    sid = site.call(caller=CALLER)
    site.sandbox.forget_call(sid)
    assert site.archive.operations.sweep(full=True).problems == {}
    site.work_on()
    record = site.archive.calls.get(sid)
    assert (record.call.customer_number, record.recordings[0].state) == (CUSTOMER, State.RELEASED)
    assert site.at_vendor() == []
