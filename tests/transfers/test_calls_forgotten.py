"""Recordings whose call Twilio does not know (any more), or that name none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from tests.factories import ACCOUNT, SEEING, STARTED, a_recording, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR, House
from tests.journal.rebuilding import everything
from tests.sounds import wav
from twirec.archive import Archive
from twirec.model.errors import InvalidQuery, NotFound, VendorUnavailable
from twirec.model.ownership import ALL, Claim
from twirec.model.records import Call
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus, VendorRecording, VoiceRoute
from twirec.model.vocabulary import NOT_KNOWN, Direction, Outcome, Reason, Role

LONG_AGO = STARTED - timedelta(days=500)
OLD = replace(
    AT_VENDOR,
    sid=recording_sid(7),
    call_sid=call_sid(7),
    created_at=LONG_AGO,
    started_at=LONG_AGO,
)
KINDS = {
    "its call is forgotten": OLD,
    "it names no call": replace(OLD, call_sid=None),
    "a conference": replace(
        OLD, call_sid=None, conference_sid="CF" + "1" * 32, source="Conference"
    ),
}


def gather(house: House, found: VendorRecording = OLD) -> None:
    house.vendor.add_recording(found, wav(seconds=4, channels=2))


def backfill(house: House, **order: Any) -> Any:
    order = {"since": "2025-01-01", "by": "ana", "threads": 1, **order}
    return house.archive.operations.backfill(**order).run()


def line(house: House, sid: str = OLD.sid) -> Call:
    return house.archive.calls.get(sid, **SEEING).call


@pytest.mark.parametrize("found", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("way", ["backfill", "sweep", "callback"])
def test_it_gets_a_line_is_copied_and_stays_at_twilio(
    house: House, found: VendorRecording, way: str
) -> None:
    gather(house, found)
    if way == "backfill":
        report = backfill(house)
        assert (report.copied, report.numbers_not_known, report.kept_without_number) == (1, 1, 1)
    elif way == "sweep":
        swept = house.archive.operations.sweep(full=True)
        assert (swept.adopted, swept.numbers_not_known, swept.problems) == (1, 1, {})
    else:
        house.tell(
            recording_sid=found.sid,
            call_sid=found.call_sid,
            conference_sid=found.conference_sid,
            started_at=LONG_AGO,
        )
    house.archive.operations.worker(threads=1).run_once()

    record = house.archive.calls.get(found.sid, **SEEING)
    call, (recording,) = record.call, record.recordings
    assert call.call_sid == recording.call_sid == (found.call_sid or found.sid)
    assert (call.customer_number, call.own_number, call.direction) == (NOT_KNOWN, NOT_KNOWN, None)
    assert (call.started_at, call.outcome, call.ended_at) == (LONG_AGO, Outcome.RECORDED, None)
    assert (recording.state, recording.custody) == (State.ARCHIVED, Custody.QUARANTINED)
    assert (recording.kept, recording.parked, recording.duration) == (True, False, 4)
    assert house.at_vendor() == [found.sid]
    for asked in ({"since": "2025-07-11", "until": "2025-07-11"}, {"number": "not known"}):
        assert house.archive.calls.search(**asked).calls[0].call == call
    assert house.archive.calls.search(number="oculto").calls == ()
    labels = house.bucket.stat(recording.object_name or "").labels
    assert (labels["customer_number"], labels["direction"]) == (NOT_KNOWN, "")
    assert labels["keep_at_vendor"] == "yes"

    again = house.archive.operations.sweep(full=True)
    assert (again.adopted, again.numbers_not_known, again.labelled) == (0, 0, 0)
    assert again.problems == {}
    assert house.at_vendor() == [found.sid]


@pytest.mark.parametrize("way", ["backfill", "sweep"])
def test_on_a_shared_account_it_gets_a_line_and_nothing_is_moved(house: House, way: str) -> None:
    house.vendor.routes.append((ACCOUNT, VoiceRoute("+34911000999", "https://other.example/voice")))
    gather(house)
    order = {
        "backfill": lambda: backfill(house),
        "sweep": lambda: house.archive.operations.sweep(full=True),
    }[way]
    assert house.archive.operations.sweep(full=True, dry_run=True).planned == {
        OLD.sid: "numbers_not_known"
    }
    assert house.archive.calls.search(number="not known").calls == ()
    report = order()
    assert (report.not_ours, report.numbers_not_known) == (1, 1)
    if way == "backfill":
        assert (report.copied, report.kept_without_number) == (0, 1)

    for _ in range(2):
        house.archive.operations.worker(threads=1).run_once()
        record = house.archive.calls.get(OLD.sid, **SEEING)
        call, (recording,) = record.call, record.recordings
        assert (call.call_sid, call.started_at, call.late) == (OLD.call_sid, LONG_AGO, True)
        assert (call.customer_number, call.own_number) == (NOT_KNOWN, NOT_KNOWN)
        assert (recording.state, recording.duration) == (State.COMPLETED, 4)
        assert (recording.custody, recording.claim) == (Custody.QUARANTINED, Claim.UNPROVEN)
        for asked in ({"since": "2025-07-11", "until": "2025-07-11"}, {"number": "not known"}):
            assert house.archive.calls.search(**asked, **SEEING).calls[0].call == call
        assert house.archive.catalog.foreign.is_left_alone(OLD.sid)
        assert (house.stored(), house.at_vendor()) == ([], [OLD.sid])
        stats = house.archive.operations.stats()
        assert (stats.not_ours, stats.numbers_not_known) == (1, 1)
        assert (stats.waiting, stats.parked) == (0, 0)
        order()


def test_what_names_no_call_gets_a_line_only_when_it_is_taken_over(house: House) -> None:
    house.vendor.routes.append((ACCOUNT, VoiceRoute("+34911000999", "https://other.example/voice")))
    gather(house, replace(OLD, call_sid=None))
    report = backfill(house)
    assert (report.not_ours, report.numbers_not_known) == (1, 0)
    assert house.archive.calls.search(number="not known").calls == ()


def test_of_what_is_another_apps_beyond_doubt_no_line_is_written(house: House) -> None:
    house.vendor.routes.append((ACCOUNT, VoiceRoute("+34911000999", "https://other.example/voice")))
    house.vendor.add_call(replace(A_CALL, sid=call_sid(7), to="+34911000999"))
    gather(house)
    report = backfill(house)
    assert (report.not_ours, report.numbers_not_known) == (1, 0)
    with pytest.raises(NotFound):
        line(house)


def test_a_line_of_what_may_be_anybodys_gets_no_number_of_another_apps_call(house: House) -> None:
    house.vendor.routes.append((ACCOUNT, VoiceRoute("+34911000999", "https://other.example/voice")))
    lately = replace(OLD, created_at=STARTED, started_at=STARTED)
    gather(house, lately)
    assert house.archive.operations.sweep().numbers_not_known == 1
    house.vendor.add_call(replace(A_CALL, sid=call_sid(7), to="+34911000999"))  # a 404 that passed
    swept = house.archive.operations.sweep()
    assert (swept.numbers_found, swept.adopted, swept.not_ours) == (0, 0, 1)
    assert line(house).customer_number == NOT_KNOWN


def test_what_may_be_anybodys_is_copied_once_all_is_taken_over(house: House) -> None:
    house.vendor.routes.append((ACCOUNT, VoiceRoute("+34911000999", "https://other.example/voice")))
    gather(house)
    assert backfill(house).copied == 0
    settings = replace(house.archive.settings, adopt=ALL)
    house.archive.catalog.database.adopt = ALL
    greedy = Archive(
        settings,
        bucket=house.bucket,
        vendor=house.vendor,
        catalog=house.archive.catalog,
        now=house.archive.now,
    )
    report = greedy.operations.backfill("2025-01-01", by="ana", threads=1).run()
    assert (report.copied, report.kept_without_number, report.not_ours) == (1, 1, 0)
    recording = house.archive.catalog.recordings.get(OLD.sid)
    assert (recording.state, recording.kept) == (State.ARCHIVED, True)
    assert house.at_vendor() == [OLD.sid]


def test_a_call_that_was_placed_over_the_api_was_a_call_out(house: House) -> None:
    gather(house, replace(OLD, source="OutboundAPI"))
    backfill(house)
    assert line(house).direction is Direction.OUT


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (RecordingStatus.ABSENT, 16101, Reason.TOO_SHORT),
        (RecordingStatus.FAILED, None, Reason.VENDOR_FAILED),
    ],
)
def test_without_audio_its_line_says_so(
    house: House, status: RecordingStatus, code: int | None, reason: Reason
) -> None:
    gather(house, replace(OLD, status=status, started_at=None, duration=None, error_code=code))
    report = backfill(house)
    assert (report.numbers_not_known, report.kept_without_number) == (1, 0)
    assert (line(house).outcome, line(house).started_at) == (Outcome.NOT_RECORDED, LONG_AGO)
    assert line(house).reason is reason
    assert not house.archive.catalog.recordings.get(OLD.sid).keep_at_vendor


def test_a_call_that_twilio_forgets_between_two_sweeps_keeps_its_line(house: House) -> None:
    house.vendor.add_call(replace(A_CALL, sid=call_sid(7), started_at=LONG_AGO))
    gather(house)
    house.archive.operations.sweep(full=True)
    house.vendor.delete_call(ACCOUNT, call_sid(7))
    house.archive.operations.sweep(full=True)
    house.archive.operations.worker(threads=1).run_once()
    assert line(house).customer_number == A_CALL.from_
    assert house.archive.catalog.recordings.get(OLD.sid).state is State.RELEASED


@pytest.mark.parametrize("status", [RecordingStatus.COMPLETED, RecordingStatus.ABSENT])
def test_a_call_that_is_forgotten_before_it_could_be_asked_for_gets_a_line(
    house: House, status: RecordingStatus
) -> None:
    gather(house, replace(OLD, status=status))
    house.vendor.faults.add("call", VendorUnavailable("Twilio does not answer."))
    assert list(house.archive.operations.sweep(full=True).problems) == [OLD.sid]
    house.archive.operations.worker(threads=1).run_once()
    house.archive.operations.sweep(full=True)
    assert not line(house).number_known
    assert house.at_vendor() == [OLD.sid]


def test_what_is_being_recorded_waits_for_its_call(house: House) -> None:
    gather(house, replace(OLD, status=RecordingStatus.IN_PROGRESS))
    house.archive.operations.sweep(full=True)
    assert house.archive.calls.search(number="not known").calls == ()
    house.vendor.add_call(replace(A_CALL, sid=call_sid(7), started_at=LONG_AGO))
    gather(house)
    house.archive.operations.sweep(full=True)
    house.archive.operations.worker(threads=1).run_once()
    assert line(house).customer_number == A_CALL.from_


def test_twilio_knows_a_call_later_and_the_sweep_takes_its_numbers(house: House) -> None:
    found = replace(OLD, created_at=STARTED, started_at=STARTED)
    gather(house, found)
    house.archive.operations.sweep()
    house.vendor.add_call(replace(A_CALL, sid=call_sid(7)))
    assert house.archive.operations.sweep(dry_run=True).planned == {call_sid(7): "numbers_found"}
    assert house.archive.operations.sweep().numbers_found == 1
    assert line(house).customer_number == A_CALL.from_
    assert line(house).direction is Direction.IN
    channels = (Role.CUSTOMER, Role.AGENT)
    assert house.archive.catalog.recordings.get(OLD.sid).channel_map == channels
    assert house.archive.operations.sweep().numbers_found == 0


def test_told_so_a_backfill_deletes_them_at_twilio_too(house: House) -> None:
    gather(house)
    backfill(house)
    backfill(house)
    assert house.at_vendor() == [OLD.sid]
    report = backfill(house, release_unknown=True)
    assert (report.numbers_not_known, report.kept_without_number) == (1, 0)
    assert house.at_vendor() == []
    assert line(house).customer_number == NOT_KNOWN
    assert backfill(house, release_unknown=True).seen == 0


def test_told_so_at_once_it_deletes_them_as_soon_as_they_are_copied(house: House) -> None:
    gather(house)
    house.vendor.faults.add("call", VendorUnavailable("Twilio does not answer."))
    minutes = count()
    house.archive.now = lambda: house.time + next(minutes) * timedelta(minutes=1)
    report = backfill(house, release_unknown=True)
    assert (report.copied, report.numbers_not_known, report.failed) == (1, 1, {})
    assert house.at_vendor() == []


def test_to_keep_all_and_to_release_some_is_a_contradiction(house: House) -> None:
    with pytest.raises(InvalidQuery, match="release_unknown"):
        backfill(house, keep_at_vendor=True, release_unknown=True)


@pytest.mark.parametrize("found", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("journalled", [True, False])
def test_the_line_is_made_anew_from_the_bucket_alone(
    house: House, rebuilt: Callable[[], Archive], found: VendorRecording, journalled: bool
) -> None:
    gather(house, found)
    backfill(house)
    if journalled:
        house.archive.journal.write()
    before = [each for each in everything(house.archive.catalog) if not each.call.number_known]
    archive = rebuilt()
    archive.operations.worker(threads=1).run_once()
    after = [each for each in everything(archive.catalog) if not each.call.number_known]
    assert [each.call for each in after] == [each.call for each in before]
    (recording,) = after[0].recordings
    assert (recording.kept, recording.sha256) == (True, before[0].recordings[0].sha256)
    assert house.at_vendor() == [found.sid]


def test_a_download_is_named_by_the_recording_where_the_number_is_not_known(house: House) -> None:
    gather(house)
    backfill(house, legal_ground="art. 6.1.f")
    assert house.archive.recordings.open(OLD.sid, by="ana").file_name.startswith(
        OLD.sid + "_2025-07-11"
    )


def test_the_journal_says_that_the_direction_is_not_known(house: House) -> None:
    gather(house)
    backfill(house)
    house.archive.journal.write()
    (name,) = [found.name for found in house.bucket.list("journal/2025/07/11/")]
    lines = b"".join(house.bucket.open_range(name)).splitlines()
    rows = [json.loads(each) for each in lines]
    (call,) = [each["row"] for each in rows if each.get("table") == "calls"]
    assert (call["customer_number"], call["direction"]) == (NOT_KNOWN, None)


def test_a_leg_of_no_call_is_not_recorded() -> None:
    assert a_recording(call_sid=recording_sid()).recorded_leg == ""
