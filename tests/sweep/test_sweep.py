"""What callbacks missed, found and repaired."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.factories import (
    ACCOUNT,
    SEEING,
    STARTED,
    a_call,
    a_callback,
    call_sid,
    recording_sid,
    wording_of,
)
from tests.house import A_CALL, AT_VENDOR, NAME, OWN_ROUTES, House
from tests.sounds import wav
from twirec.jobs.retrying import TRANSFERS
from twirec.model.access import Actor
from twirec.model.agents import Leg
from twirec.model.errors import (
    CatalogUnavailable,
    CustodyRefused,
    LookedAtNothing,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.ownership import Claim, NotOurs
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome, Reason, Role

HOUR = timedelta(hours=1)
OWN, CUSTOMER = A_CALL.to, A_CALL.from_


def settle(house: House) -> None:
    """Let the calls be old enough to be asked for."""
    house.time += HOUR


def test_a_recording_whose_callbacks_never_came_is_adopted_with_its_consent(house: House) -> None:
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    report = house.archive.operations.sweep()
    assert (report.seen, report.adopted) == (1, 1)
    recording = house.work()
    assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE)
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert house.bucket.stat(NAME).labels["consent"] == "informed"
    assert house.archive.calls.get(call_sid()).call.outcome is Outcome.RECORDED


def test_a_sweep_that_somebody_has_done_is_entered_and_none_that_only_looks(house: House) -> None:
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    operations, log = house.archive.operations, house.archive.audit.log
    for role in ("agent", "supervisor", "auditor"):
        zoe = Actor("zoe", role)
        with pytest.raises(CustodyRefused):
            operations.sweep(full=True, by=zoe)
        operations.sweep(dry_run=True, by=zoe)
    assert [(each.action, each.outcome) for each in log()] == [("sweep", "denied")] * 3
    assert operations.sweep(full=True, by=Actor("ana", "admin")).adopted == 1
    done, tried = log(who="ana")
    assert (tried.outcome, tried.detail) == ("tried", {"full": True})
    figures = {"seen": 1, "problems": 0}
    assert (done.outcome, done.detail) == ("done", {"tried": tried.seq, "full": True, **figures})
    house.vendor.faults.add("recordings", VendorUnavailable("no answer"))
    with pytest.raises(VendorUnavailable):
        operations.sweep(by="ana")
    assert [each.outcome for each in log(who="ana", limit=2)] == ["failed", "tried"]
    operations.sweep()  # as an app does by itself: nobody's act
    assert len(log()) == 7


def test_a_recording_that_others_started_is_adopted_in_quarantine(house: House) -> None:
    other = call_sid(7)
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=other, from_="anonymous"))
    house.vendor.add_recording(
        dataclasses.replace(AT_VENDOR, call_sid=other, source="Trunking"),
        wav(seconds=4, channels=2),
    )
    assert house.archive.operations.sweep().adopted == 1
    assert house.recording().custody is Custody.QUARANTINED
    record = house.archive.calls.get(other)
    assert (record.call.customer_number, record.consents) == ("anonymous", ())


def test_a_lost_completed_callback_is_made_good(house: House) -> None:
    house.vendor.add_recording(
        dataclasses.replace(AT_VENDOR, status=RecordingStatus.IN_PROGRESS, duration=None)
    )
    assert house.archive.operations.sweep().adopted == 1
    assert house.recording().due_at is None
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    assert house.archive.operations.sweep().advanced == 1
    assert house.work().state is State.RELEASED


def test_a_second_sweep_finds_nothing_and_changes_nothing(house: House) -> None:
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    house.archive.operations.sweep()
    before = house.recording()
    report = house.archive.operations.sweep()
    assert (report.seen, report.adopted, report.advanced, report.problems) == (1, 0, 0, {})
    assert house.recording() == before


def test_a_recording_that_does_not_know_when_its_call_began_is_found_again(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    with house.archive.catalog.database.write() as connection:
        connection.execute(text("UPDATE recordings SET call_started_at = NULL"))
    for found in (0, 1):
        assert len(house.archive.calls.search(min_seconds=1, **SEEING).calls) == found
        house.archive.operations.sweep()


def test_a_copy_that_is_back_at_the_vendor_is_deleted_again(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    house.work()
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    assert house.archive.operations.sweep().deleted_again == 1
    assert house.at_vendor() == []


def test_a_copy_is_not_deleted_again_when_ours_is_gone(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    generation = house.work().generation
    assert generation is not None
    house.bucket.delete(NAME, generation)
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    report = house.archive.operations.sweep()
    assert report.deleted_again == 0
    assert report.problems[recording_sid()].startswith("ArchivedGone")
    assert house.at_vendor() == [recording_sid()]


def test_a_line_whose_end_was_never_told_is_closed(house: House) -> None:
    house.vendor.add_call(A_CALL)
    settle(house)
    assert house.archive.operations.sweep().lines_closed == 1
    call = house.archive.calls.get(call_sid()).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.NO_RECORDING_AT_VENDOR)


def test_who_hung_up_during_the_announcement_is_found_out_later(house: House) -> None:
    catalog = house.archive.catalog
    catalog.announcements.keep(wording_of(house.archive), house.time)
    other = call_sid(7)
    catalog.ledger.open_call(a_call(call_sid=other, announcement=wording_of(house.archive).hash))
    ended_at = STARTED + timedelta(seconds=5)
    for sid in (other, call_sid()):
        house.vendor.add_call(dataclasses.replace(A_CALL, sid=sid, ended_at=ended_at))
    settle(house)
    house.archive.operations.sweep()
    record = house.archive.calls.get(other)
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.HUNG_UP)
    assert record.consents[0].outcome is ConsentOutcome.HUNG_UP


def test_a_call_that_goes_on_is_left_alone(house: House) -> None:
    house.vendor.add_call(dataclasses.replace(A_CALL, status="in-progress"))
    settle(house)
    assert house.archive.operations.sweep().lines_closed == 0
    assert house.archive.calls.get(call_sid()).call.outcome is Outcome.OPEN


def test_a_call_that_owes_a_recording_is_asked_for_by_its_sid(house: House) -> None:
    house.vendor.add_call(A_CALL)
    long_ago = STARTED - timedelta(days=40)
    house.vendor.add_recording(
        dataclasses.replace(AT_VENDOR, created_at=long_ago), wav(seconds=4, channels=2)
    )
    settle(house)
    report = house.archive.operations.sweep()
    assert (report.seen, report.adopted) == (0, 1)
    assert house.work().state is State.RELEASED


def test_a_call_that_owes_a_recording_and_has_none_is_named_once(house: House) -> None:
    house.vendor.add_call(A_CALL)
    settle(house)
    report = house.archive.operations.sweep()
    assert list(report.problems) == [call_sid()]
    assert "no recording" in report.problems[call_sid()]
    assert house.archive.operations.sweep().problems == {}


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled"])
def test_a_call_whose_agents_did_not_answer_owes_nothing(house: House, status: str) -> None:
    house.vendor.add_call(A_CALL)
    leg = dataclasses.replace(A_CALL, sid=call_sid(2), direction="outbound-dial", status=status)
    house.vendor.add_call(dataclasses.replace(leg, parent_call_sid=call_sid()))
    settle(house)
    report = house.archive.operations.sweep()
    assert (report.lines_closed, report.problems) == (1, {})
    assert house.archive.calls.get(call_sid()).call.reason is Reason.NOBODY_ANSWERED


def test_a_vendor_that_lists_none_of_the_calls_of_the_catalog_is_an_error(house: House) -> None:
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, created_at=STARTED - 30 * 24 * HOUR))
    settle(house)
    before = house.archive.calls.get(call_sid()).call
    for _ in range(3):
        with pytest.raises(LookedAtNothing, match=r"neither calls nor recordings.*TWILIO_REGION"):
            house.archive.operations.sweep()
        house.time += 24 * HOUR
    assert house.archive.calls.get(call_sid()).call == before
    assert house.archive.catalog.marks.get(f"sweep {ACCOUNT}") is None


def test_a_week_without_calls_is_no_error(house: House) -> None:
    house.vendor.add_call(A_CALL)
    house.archive.operations.sweep()
    house.time += 30 * 24 * HOUR
    house.archive.operations.sweep()
    house.time += 30 * 24 * HOUR
    assert house.archive.operations.sweep().seen == 0


def test_a_sweep_looks_back_behind_the_last_one(house: House) -> None:
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(7)))
    first = house.archive.operations.sweep()
    assert first.until - first.since == timedelta(days=7)
    house.time += HOUR
    second = house.archive.operations.sweep()
    assert second.since == first.until - timedelta(days=1)


def test_a_sweep_after_one_whose_clock_was_a_year_fast_looks_back_again(house: House) -> None:
    house.vendor.add_call(A_CALL)
    now, house.time = house.time, house.time + timedelta(days=365)
    house.archive.operations.sweep()
    house.time = now
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    assert house.archive.operations.sweep().seen == 1
    assert house.archive.catalog.marks.get(f"sweep {ACCOUNT}") == now


def test_a_sweep_that_could_not_list_is_an_error_and_the_next_begins_where_it_did(
    house: House,
) -> None:
    house.vendor.add_call(A_CALL)
    first = house.archive.operations.sweep()
    house.time += HOUR
    house.vendor.faults.add("recordings", VendorUnavailable("no answer"))
    with pytest.raises(VendorUnavailable):
        house.archive.operations.sweep()
    assert house.archive.catalog.marks.get(f"sweep {ACCOUNT}") == first.until


def test_one_recording_that_cannot_be_repaired_does_not_stop_the_sweep(house: House) -> None:
    unknown = dataclasses.replace(AT_VENDOR, sid=recording_sid(8), call_sid=call_sid(8))
    house.vendor.add_recording(unknown, wav(seconds=4, channels=2))
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    house.vendor.faults.add("call", VendorUnavailable("no answer"))
    report = house.archive.operations.sweep()
    assert report.adopted == 1
    assert list(report.problems) == [recording_sid(8)]
    assert house.archive.operations.sweep().adopted == 1


def test_what_could_not_be_repaired_stays_in_view_until_it_is(house: House) -> None:
    unknown = dataclasses.replace(
        AT_VENDOR, sid=recording_sid(8), call_sid=call_sid(8), created_at=house.time
    )
    house.vendor.add_recording(unknown, wav(seconds=4, channels=2))
    with pytest.MonkeyPatch.context() as patch:

        def down(*_: object) -> None:
            raise CatalogUnavailable("The catalog cannot be used.")

        patch.setattr(house.archive.catalog.recordings, "adopt", down)
        for _ in range(2):
            house.time += timedelta(hours=27)
            assert recording_sid(8) in house.archive.operations.sweep().problems
    house.time += timedelta(hours=27)
    assert house.archive.operations.sweep().adopted == 1


def test_a_recording_that_an_outage_parked_is_reported_and_taken_up_again(house: House) -> None:
    house.vendor.add_call(A_CALL)
    house.record(wav(seconds=4, channels=2))
    for _ in range(TRANSFERS.tries):
        house.vendor.faults.add("media", VendorUnavailable("down"))
    assert house.work_on().parked
    report = house.archive.operations.sweep()
    assert "VendorUnavailable" in report.problems[recording_sid()]
    assert house.work().state is State.RELEASED
    assert house.archive.operations.sweep().problems == {}


def test_a_recording_that_vanished_while_it_was_in_progress_is_lost_and_said_so(
    house: House,
) -> None:
    house.archive.catalog.recordings.receive(
        a_callback(status=RecordingStatus.IN_PROGRESS, duration=None),
        state=State.RECORDING,
        channel_map=(),
        at=house.time,
    )
    house.vendor.add_call(A_CALL)
    settle(house)
    assert "lost" in house.archive.operations.sweep().problems[recording_sid()]
    call = house.archive.calls.get(call_sid()).call
    assert house.recording().state is State.LOST
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.LOST)


def test_one_account_that_cannot_be_listed_does_not_hide_the_others(house: House) -> None:
    other = "AC" + "b" * 32
    house.vendor.add_call(dataclasses.replace(A_CALL, account_sid=other))
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    house.vendor.faults.add("recordings", VendorUnavailable("no answer"))
    with pytest.raises(VendorUnavailable):
        house.archive.operations.sweep()
    assert house.recording().state is State.COMPLETED


def test_a_copy_that_is_not_what_was_archived_keeps_the_vendors(house: House) -> None:
    house.record(wav(seconds=4, channels=2))
    generation = house.work().generation
    assert generation is not None
    house.bucket.delete(NAME, generation)
    house.bucket.put(
        NAME, [b"other"], content_type="audio/x-wav", labels={}, custom_time=STARTED, finish=dict
    )
    house.vendor.add_recording(AT_VENDOR, wav(seconds=4, channels=2))
    report = house.archive.operations.sweep()
    assert report.problems[recording_sid()].startswith("ArchivedGone")
    assert house.at_vendor() == [recording_sid()]


def test_the_end_of_a_line_is_the_vendors_not_that_of_the_sweep(house: House) -> None:
    ended = STARTED + timedelta(minutes=3)
    house.vendor.add_call(dataclasses.replace(A_CALL, ended_at=ended))
    house.time += timedelta(hours=16)
    house.archive.operations.sweep()
    assert house.archive.calls.get(call_sid()).call.ended_at == ended


# --- calls that have no line ------------------------------------------------------------------


def test_a_call_that_began_while_the_app_was_down_gets_its_line(house: House) -> None:
    missed = dataclasses.replace(A_CALL, sid=call_sid(7), ended_at=STARTED + HOUR)
    house.vendor.add_call(missed)
    assert house.archive.operations.sweep().lines_written == 1
    call = house.archive.calls.get(call_sid(7)).call
    assert (call.outcome, call.reason) == (Outcome.NOT_RECORDED, Reason.CATALOG_DOWN)
    assert (call.customer_number, call.started_at) == ("+34600111222", STARTED)
    assert house.archive.operations.sweep().lines_written == 0


def test_a_late_line_of_a_call_that_others_recorded_says_so(house: House) -> None:
    """The recording is adopted later, as its call could not be asked for."""
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(7)))
    of_others = dataclasses.replace(AT_VENDOR, call_sid=call_sid(7))
    house.vendor.add_recording(of_others, wav(seconds=4, channels=2))
    house.vendor.faults.add("call", VendorUnavailable("no answer"))
    assert house.archive.operations.sweep().lines_written == 1
    assert house.archive.operations.sweep().adopted == 1
    house.work()
    call = house.archive.calls.get(call_sid(7), **SEEING).call
    assert (call.outcome, call.reason) == (Outcome.RECORDED, None)


def test_calls_of_numbers_that_others_answer_get_no_line(house: House) -> None:
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(7), to="+34911000999"))
    assert house.archive.operations.sweep().lines_written == 0
    assert [record.call.call_sid for record in house.archive.calls.search().calls] == [call_sid()]


def dialled(house: House, own_number: str = OWN) -> None:
    """A call that an agent dialled while the app was down."""
    call = dataclasses.replace(A_CALL, sid=call_sid(7), from_="client:ana", to=CUSTOMER)
    house.vendor.add_call(call)
    house.vendor.add_call(
        dataclasses.replace(
            call, sid=call_sid(8), parent_call_sid=call.sid, from_=own_number, to=CUSTOMER
        )
    )


def test_a_late_line_of_a_call_that_an_agent_dialled_names_the_customer(house: House) -> None:
    dialled(house)
    assert house.archive.operations.sweep().lines_written == 1
    call = house.archive.calls.get(call_sid(7)).call
    assert (call.direction, call.customer_number, call.own_number) == (Direction.OUT, CUSTOMER, OWN)
    assert call.channel_map == (Role.AGENT, Role.CUSTOMER)


def test_an_agents_call_from_a_number_that_is_not_ours_gets_no_line(house: House) -> None:
    dialled(house, own_number="+34911000999")
    assert house.archive.operations.sweep().lines_written == 0


def test_a_call_of_an_agent_who_is_known_gets_a_line_though_nobody_was_dialled(
    house: House,
) -> None:
    house.vendor.add_call(
        dataclasses.replace(A_CALL, sid=call_sid(7), from_="client:ana", to=CUSTOMER)
    )
    assert house.archive.operations.sweep().lines_written == 0
    house.archive.catalog.agents.add_leg(
        Leg(ACCOUNT, call_sid(3), call_sid(), STARTED, "client:ana")
    )
    assert house.archive.operations.sweep().lines_written == 1
    call = house.archive.calls.get(call_sid(7)).call
    assert (call.direction, call.customer_number) == (Direction.OUT, CUSTOMER)


def test_a_late_line_of_a_web_visitor_who_was_forwarded_is_a_call_in(house: House) -> None:
    visit = dataclasses.replace(A_CALL, sid=call_sid(7), from_="client:visitor")
    house.vendor.add_call(visit)
    house.vendor.add_call(
        dataclasses.replace(visit, sid=call_sid(8), parent_call_sid=visit.sid, to="+34911222333")
    )
    assert house.archive.operations.sweep().lines_written == 1
    call = house.archive.calls.get(call_sid(7)).call
    assert (call.direction, call.customer_number) == (Direction.IN, "client:visitor")


def test_a_call_that_goes_on_and_the_leg_of_an_agent_get_no_line(house: House) -> None:
    going_on = dataclasses.replace(A_CALL, sid=call_sid(7), status="in-progress")
    house.vendor.add_call(going_on)
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(8), from_="+34911222333"))
    house.archive.catalog.agents.add_leg(
        Leg(ACCOUNT, call_sid(8), call_sid(), STARTED, "client:ana")
    )
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(9), parent_call_sid=call_sid()))
    assert house.archive.operations.sweep().lines_written == 0


# --- whose they are ---------------------------------------------------------------------------


def test_while_the_numbers_are_not_known_it_looks_again_at_some_days_and_no_more(
    house: House,
) -> None:
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(7)))
    foreign = dataclasses.replace(AT_VENDOR, sid=recording_sid(7), call_sid=call_sid(7))
    house.vendor.add_recording(foreign, wav(seconds=4, channels=2))
    for days in (0, 1, 2, 3):
        house.vendor.faults.add("voice_routes", VendorRefused("Authorization error", status=403))
        report = house.archive.operations.sweep()
        assert (report.adopted, report.not_ours) == (0, 1)
        assert report.not_ours_named == {recording_sid(7): NotOurs.ROUTES_UNKNOWN}
        assert "Let the API key read numbers" in report.problems[ACCOUNT]
        assert report.until - report.since <= timedelta(days=8)
        house.time += timedelta(days=days > 0)
    assert house.archive.operations.sweep().adopted == 1


def test_a_number_that_was_set_up_anew_keeps_what_it_proved_before(house: House) -> None:
    moved = dataclasses.replace(OWN_ROUTES[0], since=STARTED + timedelta(hours=2))
    house.vendor.routes.append((ACCOUNT, moved))
    for number, at in ((7, -HOUR), (8, HOUR)):  # the line of the house is of STARTED
        call = dataclasses.replace(A_CALL, sid=call_sid(number), started_at=STARTED + at)
        house.vendor.add_call(call)
        found = dataclasses.replace(
            AT_VENDOR,
            sid=recording_sid(number),
            call_sid=call.sid,
            created_at=STARTED + at,
            started_at=STARTED + at,
        )
        house.vendor.add_recording(found, wav(seconds=4, channels=2))
    house.time += timedelta(hours=3)
    report = house.archive.operations.sweep()
    assert (report.adopted, report.not_ours_named) == (1, {recording_sid(7): NotOurs.BEFORE})
    assert house.archive.catalog.recordings.get(recording_sid(8)).claim is Claim.ROUTE


@pytest.mark.parametrize("told", [True, False])
def test_a_legs_recording_is_its_parents(house: House, told: bool) -> None:
    parent = call_sid() if told else call_sid(7)
    elsewhere = dataclasses.replace(A_CALL, sid=parent, to="+34911000999")
    house.vendor.add_call(elsewhere)
    leg = dataclasses.replace(
        A_CALL, sid=call_sid(8), direction="outbound-dial", from_=OWN, parent_call_sid=parent
    )
    house.vendor.add_call(leg)
    found = dataclasses.replace(AT_VENDOR, call_sid=leg.sid)
    house.vendor.add_recording(found, wav(seconds=4, channels=2))
    report = house.archive.operations.sweep()
    assert (report.adopted, report.not_ours) == ((1, 0) if told else (0, 1))


def test_a_dry_run_names_what_is_not_ours_and_writes_nothing_down(house: House) -> None:
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(7), to="+34911000999"))
    found = dataclasses.replace(AT_VENDOR, call_sid=call_sid(7))
    house.vendor.add_recording(found, wav(seconds=4, channels=2))
    assert house.archive.operations.sweep(dry_run=True).not_ours == 1
    assert house.archive.operations.stats().not_ours == 0
