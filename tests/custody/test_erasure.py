"""Erasing a recording, a call, or a number: what is blocked, destroyed, waits, and is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, String, Table

from tests.erasing import GROUND, SECOND, destroy
from tests.executed import each_statement
from tests.factories import ACCOUNT, STARTED, a_call, a_callback, call_sid, recording_sid
from tests.house import A_CALL, House
from tests.sounds import wav
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog import emptying
from twirec.catalog.emptying import IMPERSONAL, OF_CALLS, OF_NUMBERS, OF_RECORDINGS
from twirec.catalog.tables import callbacks, metadata
from twirec.custody.certificate import ENGLISH, SPANISH
from twirec.model.access import Actor
from twirec.model.custody import block_until
from twirec.model.erasure import Certificate, Copy, CopyOutcome, ErasureKind, ErasureScope
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingCallback, RecordingStatus
from twirec.model.vocabulary import ERASED, Outcome, Reason
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID, CALL = recording_sid(), call_sid()
NUMBER = "600 11 12 22"
ANA = Actor("ana", "admin")
D = "\N{BULLET}"
GROUPS = "-".join([D * 3] * 3)
DONE_ROWS = (Copy.ROWS, CopyOutcome.DONE)


@pytest.fixture(scope="module")
def recorded() -> House:
    """A house where a recording of an ended call is archived, with a note: to be copied."""
    settings = dataclasses.replace(Settings.from_env(ENVIRONMENT), audit_key="k" * 32)
    house = House(settings, MemoryBucket())
    house.vendor.add_call(A_CALL)
    house.record(wav(seconds=4, channels=2))
    house.work()
    ended(house, CALL)
    house.archive.calls.annotate(CALL, note="ring 600111222 back", case="C-600111222", by=ANA)
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


def ended(house: House, sid: str, reason: Reason | None = None) -> None:
    house.archive.catalog.ledger.close_call(
        ACCOUNT,
        sid,
        outcome=Outcome.NOT_RECORDED if reason else Outcome.RECORDED,
        reason=reason,
        ended_at=STARTED + timedelta(seconds=9),
    )


def said(certificate: Certificate) -> set[tuple[str, Copy, CopyOutcome]]:
    return {(line.sid, line.copy, line.outcome) for line in certificate.lines}


def now_of(house: House, certificate: Certificate) -> Certificate:
    return house.archive.custody.certificates.get(certificate.id, by=ANA)


def line(house: House, sid: str = CALL) -> Any:
    return house.archive.catalog.ledger.line(ACCOUNT, sid)


# --- every table is on a list -------------------------------------------------------------------


def untold(tables: MetaData) -> set[str]:
    """Return the tables of which nobody said what an erasure does to them."""
    emptied = {each.table.name for each in (*OF_CALLS, *OF_RECORDINGS, *OF_NUMBERS)}
    assert not emptied & IMPERSONAL.keys()
    return set(tables.tables) - emptied - IMPERSONAL.keys()


def test_each_table_says_how_it_is_emptied_or_why_it_is_not() -> None:
    assert untold(metadata) == set()
    assert IMPERSONAL.keys() <= set(metadata.tables)
    for each in (*OF_CALLS, *OF_RECORDINGS, *OF_NUMBERS):
        assert set(each.values or {}) <= set(each.table.columns.keys()), each.table.name


def test_a_table_that_is_on_no_list_is_found() -> None:

    more = MetaData()
    Table("faxes", more, Column("words", String))
    assert untold(more) == {"faxes"}


# --- blocking -----------------------------------------------------------------------------------


def test_a_recording_is_blocked_by_default_and_the_line_of_its_call_stays(house: House) -> None:
    certificate = house.archive.custody.erase(SID, reason="they asked", by=ANA)
    erasure = certificate.erasure
    assert (erasure.scope, erasure.kind) == (ErasureScope.RECORDING, ErasureKind.BLOCK)
    assert erasure.until == block_until(house.time, house.archive.settings.blocked_for)
    ends = datetime.combine(erasure.until, time(), UTC)
    assert ends - house.time >= house.archive.settings.blocked_for
    recording = house.work()
    assert (recording.custody, recording.state) == (Custody.BLOCKED, State.RELEASED)
    assert said(certificate) == {(SID, Copy.RECORDING, CopyOutcome.BLOCKED)}
    assert house.bucket.stat(recording.object_name or "").labels["custody"] == "blocked"
    assert line(house).customer_number == "+34600111222"
    house.time += house.archive.settings.blocked_for + timedelta(days=1)
    assert house.work_on().state is State.ERASED
    house.time += timedelta(minutes=11)
    house.work()
    assert now_of(house, certificate).done
    assert (SID, Copy.RECORDING, CopyOutcome.DONE) in said(now_of(house, certificate))


def test_what_is_not_copied_yet_goes_on_to_the_bucket_blocked(house: House) -> None:
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    other = recording_sid(2)
    house.record(wav(seconds=4, channels=2), sid=other, call_sid=call_sid(2))
    house.archive.catalog.recordings.receive(
        house_callback(other, call_sid(2), RecordingStatus.COMPLETED),
        state=State.COMPLETED,
        channel_map=(),
        at=house.time,
    )
    house.archive.custody.erase(other, reason="they asked", by=ANA)
    house.work()
    kept = house.archive.catalog.recordings.get(other)
    assert (kept.custody, kept.state) == (Custody.BLOCKED, State.RELEASED)


def house_callback(sid: str, call: str, status: RecordingStatus) -> RecordingCallback:

    return a_callback(recording_sid=sid, call_sid=call, status=status)


# --- destroying ---------------------------------------------------------------------------------


def test_a_call_is_destroyed_with_its_line_notes_and_record_at_the_vendor(house: House) -> None:
    journal = house.archive.journal
    journal.write()
    certificate = destroy(house.archive, CALL, by=ANA)
    assert certificate.erasure.ground == GROUND
    house.work()
    gone = now_of(house, certificate)
    assert gone.done, gone
    assert {
        (SID, Copy.RECORDING, CopyOutcome.DONE),
        (SID, Copy.WAVEFORM, CopyOutcome.DONE),
        (SID, Copy.VENDOR_RECORDING, CopyOutcome.DONE),
        (SID, Copy.VENDOR_FACTS, CopyOutcome.PENDING),
        (SID, Copy.JOURNAL, CopyOutcome.DONE),
        (CALL, Copy.LINE, CopyOutcome.DONE),
        (CALL, Copy.JOURNAL, CopyOutcome.DONE),
        (CALL, Copy.VENDOR_CALL, CopyOutcome.DONE),
    } <= said(gone)
    assert gone.until == house.time + timedelta(days=40)
    assert house.stored() == house.at_vendor() == []
    with pytest.raises(Exception, match="There is no CA"):
        house.vendor.call(ACCOUNT, CALL)
    its = house.archive.catalog.ledger.call(ACCOUNT, CALL)
    assert (its.call.customer_number, its.call.tail, its.call.case_number) == (ERASED, "", "")
    assert (its.call.outcome, its.call.started_at, its.notes) == (Outcome.RECORDED, STARTED, ())
    for stored in house.bucket.list("journal/"):
        assert b"600111222" not in b"".join(house.bucket.open_range(stored.name))
    assert house.archive.audit.verify().whole
    assert house.archive.operations.sweep(full=True).numbers_found == 0


def test_a_number_is_erased_in_every_state_and_calls_to_come_are_not(house: House) -> None:
    catalog = house.archive.catalog
    refused, going_on, waiting = call_sid(2), call_sid(3), call_sid(4)
    for sid in (refused, going_on, waiting):
        catalog.ledger.open_call(a_call(call_sid=sid))
    ended(house, refused, Reason.REFUSED)
    ended(house, waiting)
    catalog.recordings.receive(
        house_callback(recording_sid(3), going_on, RecordingStatus.IN_PROGRESS),
        state=State.RECORDING,
        channel_map=(),
        at=house.time,
    )
    tell(house, recording_sid(4), waiting)
    certificate = destroy(house.archive, NUMBER, by=ANA)
    assert (certificate.recordings, certificate.calls) == (3, 4)
    assert certificate.erasure.number == house.archive.audit.log(limit=1)[0].number
    assert "600111222" not in repr(certificate)
    later = call_sid(5)
    catalog.ledger.open_call(a_call(call_sid=later, started_at=house.time))
    house.work()
    assert line(house, refused).customer_number == ERASED
    assert line(house, refused).reason is Reason.REFUSED
    assert line(house, going_on).customer_number != ERASED
    assert catalog.recordings.get(recording_sid(4)).state is State.ERASED
    waits = now_of(house, certificate)
    assert not waits.done
    assert (recording_sid(3), Copy.RECORDING, CopyOutcome.WAITING) in said(waits)
    tell(house, recording_sid(3), going_on)
    ended(house, going_on)
    house.time += timedelta(minutes=11)
    house.work()
    assert catalog.recordings.get(recording_sid(3)).state is State.ERASED
    assert line(house, going_on).customer_number == ERASED
    assert now_of(house, certificate).done
    assert line(house, later).customer_number == "+34600111222"
    assert house.stored() == []


def tell(house: House, sid: str, call: str) -> None:
    """Let the vendor have a recording, and tell that it is finished."""
    house.vendor.add_call(dataclasses.replace(A_CALL, sid=call))
    house.record(wav(seconds=4, channels=2), sid=sid, call_sid=call)
    house.archive.catalog.recordings.receive(
        house_callback(sid, call, RecordingStatus.COMPLETED),
        state=State.COMPLETED,
        channel_map=(),
        at=house.time,
    )


def test_what_is_held_is_refused_and_all_of_its_call_stays(house: House) -> None:
    house.archive.custody.hold(SID, case="C-7", reason="a dispute", by=ANA)
    certificate = destroy(house.archive, NUMBER, by=ANA)
    house.work()
    refused = now_of(house, certificate)
    assert said(refused) == {
        (SID, Copy.RECORDING, CopyOutcome.REFUSED),
        (CALL, Copy.LINE, CopyOutcome.REFUSED),
    }
    assert refused.done
    assert house.recording().state is State.RELEASED
    assert line(house).customer_number == "+34600111222"


@pytest.mark.parametrize("what", [SID, NUMBER])
def test_what_is_held_on_its_date_goes_with_the_line_of_its_call_when_nothing_holds_it(
    house: House, what: str
) -> None:
    custody = house.archive.custody
    if what == SID:
        hold = custody.hold(SID, case="C-7", reason="a dispute", by=ANA)
    else:
        hold = custody.holds.add(NUMBER, case="C-7", reason="a dispute", by=ANA)
    certificate = custody.erase(NUMBER, reason="asked for", by=ANA)
    house.work()
    house.time += house.archive.settings.blocked_for + timedelta(days=2)
    house.work()
    house.time += timedelta(days=2)
    house.work()
    assert house.recording().custody is Custody.BLOCKED
    assert line(house).customer_number == "+34600111222"
    assert said(now_of(house, certificate)) == {
        (SID, Copy.RECORDING, CopyOutcome.BLOCKED),
        (CALL, Copy.LINE, CopyOutcome.BLOCKED),
    }
    asked = custody.holds.lift(hold.id, reason="it is settled", by=ANA)
    custody.approvals.approve(asked.id, by=SECOND)
    for _ in range(3):
        house.time += timedelta(hours=2)
        house.work()
    assert house.recording().state is State.ERASED
    assert line(house).customer_number == ERASED
    assert now_of(house, certificate).done


@pytest.mark.parametrize("what", [SID, NUMBER])
def test_a_hold_after_the_order_keeps_the_line_as_well_until_it_is_lifted(
    house: House, what: str
) -> None:
    custody = house.archive.custody
    certificate = destroy(house.archive, NUMBER, by=ANA)
    if what == SID:
        hold = custody.hold(SID, case="C-7", reason="a dispute", by=ANA)
    else:
        hold = custody.holds.add(NUMBER, case="C-7", reason="a dispute", by=ANA)
    house.work()
    assert house.recording().state is State.ERASING  # as it stays, while it is held
    assert house.archive.catalog.holds.is_held(SID)
    assert house.bucket.stat(house.recording().object_name or "")
    assert line(house).customer_number == "+34600111222"
    asked = custody.holds.lift(hold.id, reason="it is settled", by=ANA)
    custody.approvals.approve(asked.id, by=SECOND)
    house.time += timedelta(hours=1)
    house.work()
    assert house.recording().state is State.ERASED
    assert line(house).customer_number == ERASED
    assert now_of(house, certificate).done


def test_a_hold_between_two_steps_keeps_the_line(house: House) -> None:
    certificate, now = destroy(house.archive, NUMBER, by=ANA), house.time
    erasing = house.archive.catalog.erasing
    lease = erasing.queue(lambda: now).claim(now, timedelta(minutes=5))
    assert lease is not None
    keys = erasing.ended_calls(certificate.id, now, 10)
    assert keys == [(ACCOUNT, CALL)]
    house.archive.custody.holds.add(NUMBER, case="C-7", reason="a dispute", by=ANA)
    erasing.empty_calls(lease, keys, now)
    assert line(house).customer_number == "+34600111222"


def test_a_hold_before_it_is_finished_lets_it_be_archived(house: House) -> None:
    going_on, sid = call_sid(3), recording_sid(3)
    house.archive.catalog.ledger.open_call(a_call(call_sid=going_on))
    house.archive.catalog.recordings.receive(
        house_callback(sid, going_on, RecordingStatus.IN_PROGRESS),
        state=State.RECORDING,
        channel_map=(),
        at=house.time,
    )
    certificate = destroy(house.archive, sid, by=ANA)
    house.archive.custody.hold(sid, case="C-7", reason="a dispute", by=ANA)
    tell(house, sid, going_on)
    house.work()
    assert house.archive.catalog.recordings.get(sid).state is State.RELEASED
    assert said(now_of(house, certificate)) == {(sid, Copy.RECORDING, CopyOutcome.REFUSED)}


def test_calls_that_their_phone_forwarded_forget_it(house: House) -> None:
    other = call_sid(9)
    house.archive.catalog.ledger.open_call(
        a_call(
            call_sid=other,
            customer_number="+34699888777",
            forwarded_from="+34600111222",
            facts=("ForwardedFrom=+34600111222",),
        )
    )
    certificate = destroy(house.archive, NUMBER, by=ANA)
    house.work()
    left = line(house, other)
    assert (left.customer_number, left.forwarded_from, left.facts) == (
        "+34699888777",
        "",
        (),
    )
    assert (other, Copy.ROWS, CopyOutcome.DONE) in said(now_of(house, certificate))


@pytest.mark.parametrize("now", [True, False])
def test_notes_of_other_calls_that_name_the_number_forget_it(house: House, now: bool) -> None:
    other = call_sid(9)
    house.archive.catalog.ledger.open_call(a_call(call_sid=other, customer_number="+34699888777"))
    texts = (
        "her sister rang from 600 11 12 22, or +34 600-111-222",
        "invoice 1600111222, of 600111223 and 0034600111222",
        "nothing of anybody's: 600 111 223",
    )
    for text in texts:
        house.archive.calls.annotate(other, note=text, by=ANA)
    if now:
        certificate = destroy(house.archive, NUMBER, by=ANA)
    else:
        certificate = house.archive.custody.erase(NUMBER, reason="they asked", by=ANA)
        rows = [line for line in certificate.lines if line.name == "notes"]
        assert [(line.outcome, line.why) for line in rows] == [(CopyOutcome.BLOCKED, "")] * 2
        house.time += house.archive.settings.blocked_for + timedelta(days=1)
    house.work()
    left = house.archive.catalog.search.find(other).notes
    assert [each.text for each in left] == [
        f"her sister rang from {D * 3} {D * 2} {D * 2} {D * 2}, or +{D * 2} {GROUPS}",
        f"invoice 1600111222, of 600111223 and {D * 13}",
        texts[2],
    ]
    for what in ("600 11 12", "600-111", "34600111222"):
        assert house.archive.calls.search(note=what, by=ANA).count == 0, what
    assert len([e for e in said(now_of(house, certificate)) if e[1:] == DONE_ROWS]) == 2


@pytest.mark.parametrize("now", [True, False])
def test_notes_are_looked_through_before_anything_is_written(house: House, now: bool) -> None:
    database = house.archive.catalog.database
    searched, writes = [], [False]
    write = database.write

    @contextmanager
    def watched() -> Iterator[Connection]:
        writes[0] = True
        with write() as connection:
            yield connection
        writes[0] = False

    def look(statement: str, _: object) -> None:
        if "notes" in statement and "LIKE" in statement:
            searched.append(writes[0])

    with pytest.MonkeyPatch.context() as patch, each_statement(database.engine, look):
        patch.setattr(database, "write", watched)
        ground = GROUND if now else ""
        house.archive.custody.erase(NUMBER, reason="they asked", by=ANA, now=now, ground=ground)
    assert searched == [False]


def test_what_nobody_said_the_end_of_is_emptied_after_a_day(house: House) -> None:
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    certificate = destroy(house.archive, call_sid(2), by=ANA)
    house.work()
    assert not now_of(house, certificate).done
    house.time += timedelta(days=2)
    house.work()
    assert now_of(house, certificate).done
    assert line(house, call_sid(2)).customer_number == ERASED


def test_the_callbacks_of_what_never_came_to_be_go_too(house: House) -> None:
    absent = recording_sid(2)
    house.archive.catalog.recordings.receive(
        house_callback(absent, CALL, RecordingStatus.ABSENT),
        state=State.ABSENT,
        channel_map=(),
        at=house.time,
    )
    certificate = destroy(house.archive, CALL, by=ANA)
    house.work()
    with house.archive.catalog.database.read() as connection:
        assert connection.execute(callbacks.select()).all() == []
    assert now_of(house, certificate).done


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "changes", "error", "why"),
    [
        ("oculto", {}, InvalidQuery, "what: give a recording's SID"),
        ("1222", {}, InvalidQuery, "what: give a recording's SID"),
        ("699000000", {}, NotFound, "no call of that number"),
        (call_sid(77), {}, NotFound, f"no {call_sid(77)}"),
        (recording_sid(77), {}, NotFound, "has no recording"),
        (SID, {"reason": " "}, InvalidQuery, "reason"),
        (SID, {"ground": "x"}, InvalidQuery, "ground: it is for what is destroyed at once"),
        (SID, {"now": True}, InvalidQuery, "ground"),
        (SID, {"by": Actor("eva", "supervisor")}, CustodyRefused, "not for the role supervisor"),
        (CALL, {"by": Actor("eva", "auditor")}, CustodyRefused, "not for the role auditor"),
        (NUMBER, {"by": Actor("eva", "agent")}, CustodyRefused, "not for the role agent"),
    ],
)
def test_what_cannot_be_erased_is_said(
    house: House, what: str, changes: dict[str, object], error: type[Exception], why: str
) -> None:
    asked: dict[str, Any] = {"reason": "they asked", "by": ANA, **changes}
    with pytest.raises(error, match=why):
        house.archive.custody.erase(what, **asked)
    assert house.archive.custody.certificates.list(by=ANA) == []
    assert house.archive.audit.log(limit=1)[0].outcome in {"denied", "failed"}


def test_a_certificate_is_for_who_looks_after_the_archive(house: House) -> None:
    certificate = destroy(house.archive, SID, by=ANA)
    certificates = house.archive.custody.certificates
    for role in ("admin", "auditor", ""):
        assert certificates.get(certificate.id, by=Actor("eva", role)).id == certificate.id
    for role in ("supervisor", "agent"):
        with pytest.raises(NotFound, match="There is no erasure"):
            certificates.get(certificate.id, by=Actor("eva", role))
        assert certificates.list(by=Actor("eva", role)) == ()


def test_erasures_are_listed_in_pages(house: House) -> None:
    ids = []
    for _ in range(3):
        house.time += timedelta(seconds=1)
        ids.append(house.archive.custody.erase(SID, reason="they asked", by=ANA).id)
    certificates = house.archive.custody.certificates
    first = certificates.list(limit=2, by=ANA)
    rest = certificates.list(after=first[-1].id, by=ANA)
    assert [each.id for each in (*first, *rest)] == ids[::-1]


def test_a_reason_with_a_number_is_kept_without_it(house: House) -> None:
    asked = house.archive.custody.erase(SID, reason="600 111 222 asked on 2026-11-03", by=ANA)
    assert asked.erasure.reason == "(a number) asked on 2026-11-03"


def test_emptying_again_changes_nothing(house: House) -> None:
    certificate = destroy(house.archive, CALL, by=ANA)
    house.work()
    with house.archive.catalog.database.write() as connection:
        emptying.empty(connection, OF_CALLS, [(ACCOUNT, CALL)])
        emptying.empty(connection, OF_RECORDINGS, [SID])
    assert now_of(house, certificate).done


# --- the certificate as a document --------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "title", "said", "counted"),
    [
        (
            "en",
            "Certificate of erasure E-",
            "s facts of it, without sound (Twilio, until",
            ": 1 recording, 1 call<",
        ),
        (
            "es",
            "Certificado de supresión E-",
            "Twilio sobre ella, sin sonido (Twilio, hasta",
            ": 1 grabación, 1 llamada<",
        ),
    ],
)
def test_a_certificate_is_a_page_and_a_pdf(
    house: House, language: str, title: str, said: str, counted: str
) -> None:
    certificate = destroy(house.archive, NUMBER, by=ANA)
    house.work()
    certificates = house.archive.custody.certificates
    page = certificates.page(certificate.id, language=language, by=ANA)
    assert f'<html lang="{language}">' in page
    assert title in page
    assert said in page
    assert counted in page
    assert SID in page
    for form in ("600111222", "600 11 12 22", "222111"):
        assert form not in page
    assert certificates.pdf(certificate.id, language=language, by=ANA).startswith(b"%PDF-")
    with pytest.raises(InvalidQuery, match="language: choose en or es"):
        certificates.page(certificate.id, language="fr", by=ANA)


def test_rows_of_several_tables_with_one_key_have_a_line_each(house: House) -> None:
    """And each in words: a note of another call that goes, a request that has to be answered."""
    other = call_sid(9)
    house.archive.catalog.ledger.open_call(a_call(call_sid=other, customer_number="+34699888777"))
    house.archive.calls.annotate(other, note="ring 600 11 12 22", by=ANA)
    for _ in range(2):
        house.archive.custody.access_requests.open(NUMBER, name="Ana Soler", by=ANA)
    certificate = now_of(house, destroy(house.archive, NUMBER, by=ANA))
    house.work()
    certificate = now_of(house, certificate)
    rows = [(each.name, each.sid) for each in certificate.lines if each.copy is Copy.ROWS]
    assert len(rows) == len(set(rows))
    assert {name for name, _ in rows} == {"notes", "access_requests", "access_steps"}
    assert {sid for name, sid in rows if name == "access_requests"} == {"1", "2"}
    page = house.archive.custody.certificates.page(certificate.id, language="es", by=ANA)
    assert "el número en una nota de otra llamada" in page
    assert "1: solicitud de acceso (está pendiente de respuesta)" in page
    names = {*(each.table.name for each in OF_NUMBERS), "notes"}
    assert {f"rows_{name}" for name in names} <= ENGLISH.keys()


def test_each_word_of_the_certificate_is_in_both_languages() -> None:
    assert ENGLISH.keys() == SPANISH.keys()
    assert {*Copy, *CopyOutcome} <= ENGLISH.keys()
    for key, english in ENGLISH.items():
        assert english.count("{") == SPANISH[key].count("{"), key


# --- two people ---------------------------------------------------------------------------------


def test_destroying_at_once_waits_for_a_second_person(house: House) -> None:
    custody, before = house.archive.custody, house.recording()
    asked = custody.erase(NUMBER, reason="they asked", by=ANA, now=True, ground=GROUND)
    house.work()
    assert (house.recording(), asked.erasure.begun_at) == (before, None)
    (waiting,) = custody.approvals.pending(by=ANA)
    assert (waiting.id, waiting.kind, waiting.ground) == (asked.approval, "erase_now", GROUND)
    assert "600111222" not in repr(waiting)
    with pytest.raises(CustodyRefused, match="it takes a second person"):
        custody.approvals.approve(asked.approval, by=Actor("ANA", "admin"))
    with pytest.raises(CustodyRefused):
        custody.approvals.approve(asked.approval, by=Actor("eva", "auditor"))
    custody.approvals.approve(asked.approval, by=Actor("eva", "admin"))
    house.work()
    gone = now_of(house, asked)
    assert (gone.done, gone.approval, gone.erasure.approved_by) == (True, 0, "eva")
    entries = [(each.by, each.action) for each in house.archive.audit.log(limit=2)]
    assert entries == [("eva", "erase"), ("eva", "approve")]
    assert house.archive.audit.log(limit=1)[0].number == gone.erasure.number != ""


def test_what_waits_already_is_not_asked_for_twice(house: House) -> None:
    """In whatever form it is said, and of a part of it too; what came since is more."""
    custody = house.archive.custody
    asked = custody.erase(NUMBER, reason="they asked", by=ANA, now=True, ground=GROUND)
    for what in (NUMBER, "+34600111222", CALL, SID):
        with pytest.raises(InvalidQuery, match=f"request {asked.approval} of ana waits"):
            custody.erase(what, reason="again", by=Actor("eva", "admin"), now=True, ground=GROUND)
    assert [each.id for each in custody.certificates.list(by=ANA)] == [asked.id]
    assert [each.id for each in custody.approvals.pending(by=ANA)] == [asked.approval]
    house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    custody.erase(NUMBER, reason="and since", by=ANA, now=True, ground=GROUND)
    house.time += timedelta(days=8)  # what expired is asked for again
    custody.erase(SID, reason="again", by=ANA, now=True, ground=GROUND)


def test_what_was_refused_or_held_meanwhile_is_not_destroyed(house: House) -> None:
    custody = house.archive.custody
    asked = custody.erase(SID, reason="they asked", by=ANA, now=True, ground=GROUND)
    custody.approvals.refuse(asked.approval, reason="not yet", by=Actor("eva", "admin"))
    again = custody.erase(SID, reason="they asked", by=ANA, now=True, ground=GROUND)
    custody.hold(SID, case="C-7", reason="a dispute", by=ANA)
    custody.approvals.approve(again.approval, by=Actor("eva", "admin"))
    house.work()
    assert house.recording().state is State.RELEASED
    assert said(now_of(house, again)) == {(SID, Copy.RECORDING, CopyOutcome.REFUSED)}
    assert now_of(house, asked).erasure.begun_at is None
