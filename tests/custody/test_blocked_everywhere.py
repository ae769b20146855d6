"""A blocked recording is not there, on no path: only that it exists, for who looks after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import STARTED, a_call, a_consent, call_sid, recording_sid
from tests.house import AT_VENDOR, NAME, House, with_settings
from tests.sounds import wav
from twirec import Actor, Archive, Custody, NotFound, State
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.catalog.disclosures import MAY_LEAVE
from twirec.catalog.tables import differences, events, recordings
from twirec.events.wire import body_of
from twirec.model.audio import ConversionSpec
from twirec.model.errors import CustodyRefused, TwirecError
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID, OTHER, CALL = recording_sid(), recording_sid(2), call_sid()
MEDIA = wav(4.0, channels=2)
CASE = "C-2026-17"
ADMIN, AUDITOR = Actor("ana", "admin"), Actor("leo", "auditor")
OTHERS = (Actor("eva", "supervisor"), Actor("bo", "agent"))
APP = (Actor("app", ""),)
EVERYBODY = (ADMIN, AUDITOR, *OTHERS, *APP, None)
ENVIRON = {
    **ENVIRONMENT,
    "TWIREC_NOTIFY_URL": "https://company.example/hook",
    "TWIREC_NOTIFY_SECRET": "s" * 32,
    "TWIREC_AUDIT_KEY": "k" * 32,
}


@pytest.fixture(scope="module")
def recorded() -> House:
    """Two calls of one customer; the recording of the first has all that one can have."""
    house = House(Settings.from_env(ENVIRON), MemoryBucket())
    archive = house.archive
    house.record(MEDIA)
    archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    archive.catalog.consents.record(a_consent(call_sid=call_sid(2), leg=call_sid(2)), None)
    other = {"sid": OTHER, "call_sid": call_sid(2)}
    house.vendor.add_recording(replace(AT_VENDOR, **other), MEDIA)
    house.tell(recording_sid=OTHER, call_sid=call_sid(2))
    house.work()
    archive.derivatives.make(SID, ConversionSpec("wav", start=1.0), by=ADMIN)
    archive.transcripts.request(SID, by=ADMIN)
    archive.jobs.do("transcript", SID)
    assert archive.calls.search(said="darme de baja", by=ADMIN).count == 1
    archive.recordings.waveform(SID, by=ADMIN)
    archive.calls.annotate(SID, note="they promised a refund", case=CASE, by=ADMIN)
    archive.calls.annotate(SID, note="here she says it", second=1.5, by=ADMIN)
    archive.custody.hold(SID, case=CASE, reason="a dispute", by=ADMIN)
    archive.operations.sweep()
    archive.journal.write()
    archive.custody.block(SID, reason="asked to be erased", by=ADMIN)
    return house


@pytest.fixture
def house(recorded: House) -> House:
    return recorded.copy()


@pytest.fixture
def archive(house: House) -> Archive:
    return house.archive


def silent(call: Callable[[], Any]) -> str:
    """Return all that somebody is told, also by an error."""
    try:
        told = call()
        return repr(list(told) if isinstance(told, Iterator) else told)
    except TwirecError as error:
        return str(error)


def made(archive: Archive) -> str:
    return archive.catalog.derivatives.of(SID)[0].object_name


def leaks(told: str, *, also: tuple[str, ...] = ()) -> list[str]:
    said = (NAME, "sha256='", "20261123T101500Z", "a dispute", *also)
    return [each for each in said if each in told]


CASE_IS_EMPTY = f"The catalog has no archived recording of case {CASE}."

LISTS: dict[str, Callable[[Archive, Actor | None], Any]] = {
    "search": lambda a, by: a.calls.search(by=by),
    "search by number": lambda a, by: a.calls.search(number="600111222", by=by),
    "search by state": lambda a, by: a.calls.search(state="released", by=by),
    "search by case": lambda a, by: a.calls.search(case=CASE, by=by),
    "search by words": lambda a, by: a.calls.search(note="refund", by=by),
    "search by what was said": lambda a, by: a.calls.search(said="darme de baja", by=by),
    "search by its length": lambda a, by: a.calls.search(max_seconds=10, by=by),
    "search by SID": lambda a, by: a.calls.search(sid=CALL, by=by),
    "a call": lambda a, by: a.calls.get(CALL, by=by),
    "holds for a case": lambda a, by: a.custody.holds.list(case="C-9", by=by),
    "disclosures": lambda a, by: a.custody.disclosures.list(by=by),
    "sealed evidence of its case": lambda a, by: a.custody.evidence(
        case=CASE, purpose="claim", by=by or ADMIN
    ),
    "sweep": lambda a, by: a.operations.sweep(full=True, by=by),
}


@pytest.mark.parametrize("by", EVERYBODY, ids=str)
def test_no_list_and_no_page_shows_it_to_anybody(archive: Archive, by: Actor | None) -> None:
    for name, show in LISTS.items():
        told = silent(lambda show=show: show(archive, by))  # type: ignore[misc]
        assert SID not in told, name  # and so no object of it, whose names have it
        assert "a dispute" not in told, name
        assert "here she says it" not in told, name
    for what in ({"number": "600111222"}, {"number": "222"}, {"case": CASE}, {"note": "refund"}):
        found = archive.calls.search(**what, by=by)
        assert CALL not in {record.call.call_sid for record in found.calls}, what
        assert found.count == len(found.calls), what
    for record in (archive.calls.get(CALL, by=by), *archive.calls.search(sid=CALL, by=by).calls):
        assert (record.call.call_sid, record.call.customer_number) == (CALL, "blocked")
        for said in ("600111222", CASE, "refund"):
            assert said not in repr(record.call) + repr(record.notes) + repr(record.legs), said
    page = archive.calls.search(state="released", by=by).calls
    assert {each.sid for record in page for each in record.recordings} <= {OTHER}
    assert CALL not in {record.call.call_sid for record in page}


@pytest.mark.parametrize("by", [ADMIN, OTHERS[0]], ids=str)
def test_evidence_of_its_case_is_made_as_if_it_were_not_there(archive: Archive, by: Actor) -> None:
    with pytest.raises(NotFound, match=CASE_IS_EMPTY):
        archive.custody.evidence(case=CASE, purpose="claim", by=by)


def test_nothing_is_added_to_a_line_that_is_kept_apart(archive: Archive) -> None:
    for add in (
        lambda: archive.calls.annotate(CALL, note="x", by=ADMIN),
        lambda: archive.calls.add_numbers(CALL, own="+34911222333", why="x", by=ADMIN),
    ):
        with pytest.raises(CustodyRefused, match="its line is kept as it is"):
            add()


def test_a_note_at_a_second_of_what_is_hidden_finds_nothing(house: House) -> None:
    """Of a call of which something else is there, the line stays, and is found by the rest."""
    archive = house.archive
    with archive.catalog.database.write() as connection:
        its = recordings.update().where(recordings.c.sid == OTHER)
        connection.execute(its.values(call_sid=CALL))
    for by in (ADMIN, OTHERS[0], None):
        for note, count in (("here she", 0), ("re s", 0), ("refund", 1)):
            found = archive.calls.search(note=note, by=by)
            assert (found.count, len(found.calls)) == (count, count), (by, note)
        assert archive.calls.search(note="here she", number="600111222", by=by).count == 0


def test_an_erasure_of_a_number_keeps_apart_what_was_not_recorded_too(archive: Archive) -> None:
    third = call_sid(3)
    archive.catalog.ledger.open_call(a_call(call_sid=third))
    archive.calls.annotate(third, note="rang in vain", case="C-9", by=ADMIN)
    archive.custody.erase("600111222", reason="they asked", by=ADMIN)
    for what in ({"number": "600111222"}, {"case": "C-9"}, {"note": "in vain"}):
        assert archive.calls.search(**what, by=ADMIN).count == 0, what
    shown = archive.calls.get(third, by=ADMIN)
    assert (shown.call.customer_number, shown.call.case_number, shown.notes) == ("blocked", "", ())
    assert archive.catalog.ledger.line(shown.call.account_sid, third).customer_number != "blocked"


ADDRESSES: dict[str, Callable[[Archive, Actor], Any]] = {
    "the call of its SID": lambda a, by: a.calls.get(SID, by=by),
    "a note by its SID": lambda a, by: a.calls.annotate(SID, note="x", by=by),
    "the original": lambda a, by: list(a.recordings.open(SID, by=by)),
    "a range, as players ask": lambda a, by: list(a.recordings.open(SID, 0, 100, by=by)),
    "the rest of a range": lambda a, by: list(a.recordings.open(SID, 44, None, by=by)),
    "a download": lambda a, by: list(a.recordings.open(SID, by=by, download=True)),
    "a conversion": lambda a, by: list(a.recordings.convert(SID, format="wav", by=by)),
    "a conversion to be kept": lambda a, by: a.derivatives.make(SID, ConversionSpec("wav"), by=by),
    "what was made of it": lambda a, by: a.derivatives.of(SID, by=by),
    "a cached derivative": lambda a, by: list(a.derivatives.open(SID, made(a), by=by)),
    "its listening copy": lambda a, by: a.derivatives.listening_copy(SID, by=by),
    "its transcript": lambda a, by: a.transcripts.get(SID, by=by),
    "whether it has one": lambda a, by: a.transcripts.of(SID, by=by),
    "another transcript": lambda a, by: a.transcripts.request(SID, by=by),
    "its waveform": lambda a, by: a.recordings.waveform(SID, by=by),
    "its drawing": lambda a, by: a.recordings.draw_waveform(SID, by=by),
    "disclosures of it": lambda a, by: a.custody.disclosures.of(SID, by=by),
    "its participants": lambda a, by: a.custody.disclosures.participants(SID, by=by),
    "sealed evidence of it": lambda a, by: a.custody.evidence(SID, purpose="claim", by=by),
    "giving it away": lambda a, by: a.custody.disclosures.give(
        SID, recipient="x", purpose="x", ground="x", reference="x", until="2026-12-01", by=by
    ),
}


@pytest.mark.parametrize("by", [each for each in EVERYBODY if each], ids=str)
def test_no_address_gives_anything_of_it_to_anybody(archive: Archive, by: Actor) -> None:
    for name, ask in ADDRESSES.items():
        with pytest.raises((NotFound, CustodyRefused, TypeError)) as caught:
            ask(archive, by)
        if isinstance(caught.value, NotFound):
            assert caught.value.hidden, name
            assert str(caught.value).startswith("The catalog has no "), name


@pytest.mark.parametrize("by", [*OTHERS, None], ids=str)
def test_who_does_not_look_after_it_does_not_learn_that_it_exists(
    archive: Archive, by: Actor | None
) -> None:
    if by is None:
        return  # somebody without a role: an app answers itself
    for ask in (
        archive.recordings.get,
        archive.recordings.left_alone,
        archive.custody.orders,
        archive.custody.holds.of,
        archive.custody.retention.of,
    ):
        with pytest.raises(NotFound, match=f"The catalog has no recording {SID}"):
            ask(SID, by=by)
    for act in (
        lambda: archive.custody.hold(SID, case="C-9", reason="x", by=by),
        lambda: archive.custody.unhold(SID, case=CASE, reason="x", by=by),
        lambda: archive.custody.block(SID, reason="x", by=by),
        lambda: archive.custody.release(SID, authority="J", reference="7", reason="x", by=by),
        lambda: archive.custody.approvals.take_out(SID, by=by),
        lambda: archive.custody.erase(SID, reason="x", by=by),
    ):
        with pytest.raises(NotFound, match=f"The catalog has no recording {SID}"):
            act()
    for told in (
        archive.custody.holds.list(by=by),
        archive.custody.approvals.pending(by=by),
        archive.operations.parked(by=by),
        archive.operations.differences(by=by),
    ):
        assert SID not in repr(told)
        assert not leaks(repr(told))


@pytest.mark.parametrize("by", [ADMIN, AUDITOR], ids=str)
def test_who_looks_after_it_learns_that_it_exists_and_no_more(archive: Archive, by: Actor) -> None:
    shown = archive.recordings.get(SID, by=by)
    assert (shown.sid, shown.custody) == (SID, Custody.BLOCKED)
    facts = (shown.object_name, shown.sha256, shown.size, shown.duration, shown.channels)
    assert facts == (None,) * 5
    kinds = [each.kind for each in archive.custody.orders(SID, by=by)]
    assert kinds == ["block"]
    (hold,) = archive.custody.holds.of(SID, by=by)
    assert hold.case_number == CASE


def test_figures_count_it_only_among_the_blocked(archive: Archive) -> None:
    for since in (None, "2026-11-01"):
        counted = archive.operations.stats(since=since, by=ADMIN)
        assert counted.recordings == {State.RELEASED: 1}
        assert counted.custody == {Custody.ACTIVE: 1, Custody.BLOCKED: 1}
        assert (counted.seconds, counted.size) == (4, len(MEDIA))
    assert sum(day.recordings for day in archive.operations.daily(by=ADMIN)) == 1
    for who in OTHERS:
        assert archive.operations.stats(by=who).custody == {}


def test_the_audit_log_names_it_by_its_sid_and_says_nothing_of_it(archive: Archive) -> None:
    for entry in archive.audit.log(sid=SID):
        assert not leaks(repr(entry), also=(CASE, "refund", "asked to be erased")), entry.action


def test_no_event_tells_more_than_that_it_exists(house: House) -> None:
    queue = house.archive.catalog.events.queue
    told = {}
    with house.archive.catalog.database.read() as connection:
        keys = list(connection.scalars(select(events.c.id)))
    for key in keys:
        lease = queue.claim(house.time + timedelta(days=1), timedelta(minutes=1), key)
        assert lease is not None
        told[lease.item.recording_sid] = body_of(lease.item).decode()
    assert NAME.replace(SID, OTHER) in told[OTHER]
    assert '"state": "archived"' in told[SID]
    for each in ("recordings/", "sha256", CALL, "account_sid"):
        assert each not in told[SID]


def test_what_differs_and_what_waits_names_no_object(house: House) -> None:
    with house.archive.catalog.database.write() as connection:
        row = {"object_name": NAME, "recording_sid": SID, "why": f"{NAME} differs"}
        connection.execute(differences.insert().values(found_at=STARTED, **row))
        parked = {"state": State.COMPLETED, "due_at": None, "last_error": f"{NAME}: away"}
        connection.execute(recordings.update().where(recordings.c.sid == SID).values(parked))
    told = repr(house.archive.operations.parked(by=AUDITOR))
    assert SID in told
    assert not leaks(told)
    assert not leaks(repr(house.archive.operations.differences(by=AUDITOR)))


def test_nobody_makes_anything_of_it_any_more(recorded: House) -> None:
    house = recorded.copy()
    archive = with_settings(house.archive, listening_copies=("wav",))
    before = {each.name for each in house.bucket.list("derivatives/")}
    with suppress(TwirecError):
        archive.operations.worker(threads=1).run_once()
    after = {each.name for each in house.bucket.list("derivatives/")}
    assert not [name for name in after - before if SID in name]


def test_sweep_backfill_and_rebuild_leave_it_blocked(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    """The journal that is there was written before it was blocked: its object says it."""
    house.vendor.add_recording(AT_VENDOR, MEDIA)  # it is back at Twilio
    house.archive.operations.sweep(full=True)
    house.archive.operations.backfill(since="2026-11-01", by=ADMIN).run()
    assert house.recording().custody is Custody.BLOCKED
    new = rebuilt()
    assert new.catalog.recordings.get(SID).custody is Custody.BLOCKED
    assert new.catalog.blocks.get(SID)
    for by in (ADMIN, *OTHERS):
        assert SID not in repr(new.calls.search(by=by))


def test_nothing_of_it_is_given_to_others_by_links_either(house: House) -> None:
    """What recipients have asks the same condition."""
    with house.archive.catalog.database.read() as connection:
        assert connection.scalars(select(recordings.c.sid).where(MAY_LEAVE)).all() == [OTHER]
