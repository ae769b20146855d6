"""A catalog made anew from the bucket alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import (
    ACCOUNT,
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    recording_sid,
)
from tests.sounds import wav
from tests.transfers.house import House
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.sql.catalog import SqlCatalog
from twirec.adapters.sql.schema import metadata
from twirec.adapters.sql.shelves import SHELVES
from twirec.archive import Archive
from twirec.model.announcements import Announcement, Audio
from twirec.model.bucket import StoredObject
from twirec.model.encryption import Encryption
from twirec.model.errors import BucketUnavailable, CatalogNotEmpty
from twirec.model.finding import Query
from twirec.model.records import Call, CallRecord, Consent, Pause, Recording
from twirec.model.states import Custody, State
from twirec.model.words import (
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Outcome,
    Reason,
    Role,
)
from twirec.transfers.journal import Journal
from twirec.transfers.rebuild import Rebuild

MEDIA = wav(seconds=4, channels=2)
DAY = STARTED.date()


@pytest.fixture
def rebuilt(house: House) -> Iterator[Callable[[], Archive]]:
    """Make an archive with a new catalog from the house's bucket; the old catalog is lost."""
    made: list[Archive] = []

    def rebuild() -> Archive:
        archive = Archive(
            house.archive.settings, bucket=house.bucket, vendor=house.vendor, now=lambda: house.time
        )
        archive.report = archive.rebuild(by="ana")  # type: ignore[attr-defined]
        made.append(archive)
        return archive

    yield rebuild
    for archive in made:
        archive.catalog.close()


def everything(catalog: SqlCatalog) -> list[CallRecord]:
    return catalog.search(Query(limit=10_000))


def replace_object(bucket: MemoryBucket, name: str, content: bytes) -> None:
    stored = bucket.stat(name)
    bucket.delete(name, stored.generation)
    bucket.put(
        name,
        [content],
        content_type="x",
        labels=stored.labels,
        custom_time=stored.custom_time or STARTED,
        seal=dict,
    )


# --- the journal ------------------------------------------------------------------------------


def test_what_is_journalled_comes_back_as_it_was(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    archive = house.archive
    house.record(MEDIA)
    house.work()
    archive.catalog.open_call(
        a_call(call_sid=call_sid(2), outcome=Outcome.NOT_RECORDED, reason=Reason.HUNG_UP)
    )
    archive.catalog.begin_pause(Pause(recording_sid(), STARTED, "ana"))
    archive.change_policy(by="ana", why="works council", on=False)
    entry = archive.inform_agent("client:ana", informed_on=DAY, reference="annex", by="rrhh")
    archive.catalog.name_agents(ACCOUNT, call_sid(), [entry.id], "")
    archive.journal()
    new = rebuilt()
    assert everything(new.catalog) == everything(archive.catalog)
    assert new.catalog.policy_history() == archive.catalog.policy_history()
    assert new.informed_agents() == archive.informed_agents()


def test_numbers_of_rows_go_on_behind_those_that_came_back(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    for name in ("client:ana", "client:eva"):
        house.archive.inform_agent(name, informed_on=DAY, reference="annex", by="rrhh")
    house.archive.journal()
    new = rebuilt()
    added = new.inform_agent("client:leo", informed_on=DAY, reference="annex", by="rrhh")
    assert [entry.id for entry in new.informed_agents()] == [1, 2, added.id] == [1, 2, 3]


def test_the_new_catalog_goes_on_with_the_journal(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.archive.journal()
    new = rebuilt()
    new.journal()  # with the rebuild on the audit log
    assert new.journal().written == 0
    new.catalog.open_call(a_call(call_sid=call_sid(2)))
    assert (new.journal().written, new.journal().problems) == (1, {})


def test_announcements_and_their_audio_come_back(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    audio = Audio(wav(seconds=1, channels=1), 1.0)
    spoken = Announcement("gl-ES", "", "Esta chamada gravarase.", audio=audio.hash, seconds=1.0)
    read = Announcement("es-ES", "Polly.Lucia", "Esta llamada se graba.", "¿Sí?")
    house.archive.catalog.keep_audio(audio, house.time)
    for each in (spoken, read):
        house.archive.catalog.keep_announcement(each, house.time)
    house.archive.journal()
    new = rebuilt()
    assert new.catalog.announcement(spoken.hash) == spoken
    assert new.catalog.announcement(read.hash) == read
    assert new.catalog.audio(audio.hash) == audio.data
    assert new.catalog.unpublished_announcements() == []


def test_an_announcement_that_was_changed_is_named_and_left_out(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    kept = Announcement("es-ES", "Polly.Lucia", "Esta llamada se graba.")
    house.archive.catalog.keep_announcement(kept, house.time)
    house.archive.journal()
    name = f"announcements/{kept.hash}.json"
    replace_object(house.bucket, name, kept.content.replace("graba", "borra").encode())
    assert list(report(rebuilt()).problems) == [name]


def report(archive: Archive) -> Any:
    return archive.report  # type: ignore[attr-defined]


def test_a_torn_page_is_named_and_the_older_one_is_read(
    house: House, rebuilt: Callable[[], Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.journal()
    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "delete", lambda *_: None)
        house.archive.catalog.open_call(a_call(call_sid=call_sid(2)))
        house.archive.journal()
    newer = "journal/2026/11/23/000002.jsonl"
    replace_object(house.bucket, newer, b"".join(house.bucket.open_range(newer))[:-9])
    new = rebuilt()
    assert list(report(new).problems) == [newer]
    assert [record.call.call_sid for record in everything(new.catalog)] == [call_sid()]
    assert new.journal().problems == {}


def test_a_day_that_cannot_be_read_at_all_is_named_and_never_written_over(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.archive.journal()
    name = "journal/2026/11/23/000001.jsonl"
    replace_object(house.bucket, name, b"damaged")
    new = rebuilt()
    assert list(report(new).problems) == [name]
    new.catalog.open_call(a_call(call_sid=call_sid(2)))
    assert list(new.journal().problems) == ["2026-11-23"]
    assert b"".join(house.bucket.open_range(name)) == b"damaged"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"table":"calls"', b'"table":"novel"'),
        (b'"direction"', b'"novel_col"'),
        (b'"started_at":"2026', b'"started_at":"MMXX'),
        (b'"asked":0', b'"asked":"'),
    ],
)
def test_a_page_of_a_version_to_come_is_named(
    house: House, rebuilt: Callable[[], Archive], old: bytes, new: bytes
) -> None:
    house.archive.journal()
    name = "journal/2026/11/23/000001.jsonl"
    replace_object(house.bucket, name, b"".join(house.bucket.open_range(name)).replace(old, new))
    assert list(report(rebuilt()).problems) == [name]


def test_a_page_of_an_older_version_lacks_columns_and_is_read(house: House) -> None:
    catalog = SqlCatalog("sqlite://")
    catalog.set_up()
    row = {
        "account_sid": ACCOUNT,
        "call_sid": call_sid(),
        "direction": "in",
        "customer_number": "+34600111222",
        "own_number": "+34911000111",
        "started_at": STARTED.isoformat(),
        "dial": [],
        "outcome": "open",
    }
    assert catalog.restore(DAY, [("calls", row)], []) == 1
    assert catalog.call(ACCOUNT, call_sid()).call.channel_map == ()
    catalog.close()


def test_what_lies_in_the_journal_and_is_not_of_it_is_named(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    for name in ("journal/notes.txt", "journal/2026/13/01/000001.jsonl"):
        house.bucket.put(name, [b"x"], content_type="x", labels={}, custom_time=STARTED, seal=dict)
    assert sorted(report(rebuilt()).problems) == [
        "journal/2026/13/01/000001.jsonl",
        "journal/notes.txt",
    ]


# --- a new catalog only -----------------------------------------------------------------------


def test_a_catalog_that_holds_something_is_refused(house: House) -> None:
    with pytest.raises(CatalogNotEmpty, match="--into"):
        house.archive.rebuild(by="ana")
    assert len(everything(house.archive.catalog)) == 1


def test_a_rebuild_that_was_cut_short_says_what_to_do(
    house: House, rebuilt: Callable[[], Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.journal()
    settings = house.archive.settings
    archive = Archive(settings, bucket=house.bucket, now=lambda: house.time)

    def down(prefix: str = "") -> Iterator[StoredObject]:
        raise BucketUnavailable("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "list", down)
        with pytest.raises(BucketUnavailable):
            archive.rebuild(by="ana")
    with pytest.raises(CatalogNotEmpty, match="begin again"):
        archive.rebuild(by="ana")
    archive.catalog.close()
    assert everything(rebuilt().catalog) == everything(house.archive.catalog)


def test_progress_is_told(house: House) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    told: list[tuple[str, int]] = []
    catalog = SqlCatalog("sqlite://")
    catalog.set_up()
    Rebuild(
        catalog, house.bucket, lambda: house.time, lambda what, count: told.append((what, count))
    ).run()
    assert told == [("journal", 1), ("recordings", 1)]
    catalog.close()


# --- labels -----------------------------------------------------------------------------------


def test_labels_alone_bring_back_call_consent_and_recording(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    before = house.work()
    assert list(house.bucket.list("journal/")) == []
    new = rebuilt()
    (record,) = everything(new.catalog)
    assert record.consents == everything(house.archive.catalog)[0].consents
    assert (record.call.customer_number, record.call.outcome) == ("+34600111222", Outcome.RECORDED)
    assert record.call.legal_basis is LegalBasis.CONTRACT
    (recording,) = record.recordings
    assert recording == dataclasses.replace(
        before, state=State.ARCHIVED, due_at=house.time, attempts=0
    )
    assert report(new).from_labels == 1
    new.worker(threads=1).run_once()
    assert new.catalog.recording(recording_sid()).state is State.RELEASED


def test_what_was_archived_after_the_journal_is_known_as_archived(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.archive.journal()
    before = house.work()
    new = rebuilt()
    (record,) = everything(new.catalog)
    assert record.call.outcome is Outcome.RECORDED
    assert record.recordings == (
        dataclasses.replace(before, state=State.ARCHIVED, due_at=house.time, attempts=0),
    )


def test_what_is_kept_at_the_vendor_stays_there(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.archive.catalog.keep_at_vendor(recording_sid())
    assert house.work().keep_at_vendor
    new = rebuilt()
    new.worker(threads=1).run_once()
    assert new.catalog.recording(recording_sid()).state is State.ARCHIVED
    assert house.at_vendor() == [recording_sid()]


def labelled(house: House, **labels: str) -> None:
    (name,) = house.stored()
    house.bucket.label(name, house.bucket.stat(name).generation, labels)


@pytest.mark.parametrize(
    "labels",
    [
        {"consent": ConsentOutcome.REFUSED.value},
        {"consent_at": (STARTED + timedelta(seconds=5)).isoformat()},
        {"consent_leg": ""},
        {"customer_number": ""},
    ],
)
def test_labels_that_prove_no_notice_are_quarantined(
    house: House, rebuilt: Callable[[], Archive], labels: dict[str, str]
) -> None:
    house.record(MEDIA)
    house.work()
    labelled(house, **labels)
    new = rebuilt()
    assert new.catalog.recording(recording_sid()).custody is Custody.QUARANTINED
    assert report(new).quarantined == 1


@pytest.mark.parametrize(
    "labels",
    [
        {"crc32c": "AAAAAA=="},
        {"size": "1"},
        {"sha256": ""},
        {"schema": "2"},
        {"custody": "loose"},
        {"recording_sid": recording_sid(2)},
        {"started_at": "2026-11-23T10:15:00"},
        {"channel_map": "{"},
        {"duration_seconds": "None"},
    ],
)
def test_labels_that_do_not_prove_what_the_object_is_are_named(
    house: House, rebuilt: Callable[[], Archive], labels: dict[str, str]
) -> None:
    house.record(MEDIA)
    house.work()
    labelled(house, **labels)
    new = rebuilt()
    assert list(report(new).problems) == house.stored()
    assert everything(new.catalog) == []


def test_a_copy_of_the_bucket_has_other_generations(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    (name,) = house.stored()
    replace_object(house.bucket, name, MEDIA)
    found = rebuilt().catalog.recording(recording_sid())
    assert found == dataclasses.replace(
        house.recording(), generation=house.bucket.stat(name).generation
    )


def test_what_was_admitted_after_the_journal_stays_admitted(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA, sid=recording_sid())
    recording = house.work()
    with house.archive.catalog.database.write() as connection:
        connection.exec_driver_sql("UPDATE recordings SET custody = 'quarantined'")
    house.archive.journal()
    house.archive.admit(recording.sid, ground="art. 6.1.f", by="ana")
    found = rebuilt().catalog.recording(recording_sid())
    assert (found.custody, found.legal_ground) == (Custody.ACTIVE, "art. 6.1.f")


def test_what_was_blocked_after_the_journal_stays_blocked(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    labelled(house, custody=Custody.BLOCKED.value)
    assert rebuilt().catalog.recording(recording_sid()).custody is Custody.BLOCKED


# --- nothing erased comes back ----------------------------------------------------------------


def test_what_is_erased_stays_erased(house: House, rebuilt: Callable[[], Archive]) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.erase(recording_sid(), why="request 7", by="ana")
    house.work()
    house.archive.journal()
    new = rebuilt()
    assert everything(new.catalog) == everything(house.archive.catalog)
    assert new.catalog.recording(recording_sid()).state is State.ERASED


def test_what_was_erased_since_the_last_journal_is_erased_again(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal()
    house.archive.erase(recording_sid(), why="request 7", by="ana")
    house.work()
    new = rebuilt()
    assert new.catalog.recording(recording_sid()).state is State.ERASING
    new.worker(threads=1).run_once()
    assert new.catalog.recording(recording_sid()).state is State.ERASED


@pytest.mark.parametrize("journalled", [True, False])
def test_what_was_only_ordered_to_be_erased_is_erased(
    house: House, rebuilt: Callable[[], Archive], *, journalled: bool
) -> None:
    house.record(MEDIA)
    house.work()
    if journalled:
        house.archive.journal()
    house.archive.erase(recording_sid(), why="request 7", by="ana")
    new = rebuilt()
    assert report(new).erasing == 1
    new.worker(threads=1).run_once()
    assert new.catalog.recording(recording_sid()).state is State.ERASED
    assert house.stored() == []


def test_an_object_that_came_back_is_erased_again(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.record(MEDIA)
    recording = house.work()
    name = recording.object_name or ""
    labels = dict(house.bucket.stat(name).labels)
    house.archive.erase(recording_sid(), why="request 7", by="ana")
    house.work()
    house.archive.journal()
    house.bucket.put(name, [MEDIA], content_type="x", labels=labels, custom_time=STARTED, seal=dict)
    new = rebuilt()
    new.worker(threads=1).run_once()
    assert new.catalog.recording(recording_sid()).state is State.ERASED
    assert house.stored() == []


# --- any ledger -------------------------------------------------------------------------------

MOMENTS = st.datetimes(datetime(2026, 3, 28), datetime(2026, 4, 2), timezones=st.just(UTC))
WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
NUMBERS = st.sampled_from(["+34600111222", "anonymous", "client:ñandú", "sip:a@b"])


@st.composite
def ledgers(draw: st.DrawFn) -> list[tuple[Call, Consent | None, Recording | None]]:
    return [
        (
            (call := draw(calls(number))),
            draw(st.none() | consents(call)),
            draw(st.none() | recordings(number, call)),
        )
        for number in range(1, draw(st.integers(1, 6)))
    ]


def calls(number: int) -> st.SearchStrategy[Call]:
    return st.builds(
        Call,
        account_sid=st.just(ACCOUNT),
        call_sid=st.just(call_sid(number)),
        direction=st.sampled_from(Direction),
        customer_number=NUMBERS,
        own_number=NUMBERS,
        started_at=MOMENTS,
        announced_at=st.none() | MOMENTS,
        announcement=st.none() | st.just("f" * 64),
        dial=st.lists(WORDS, max_size=3).map(tuple),
        channel_map=st.lists(st.sampled_from(Role), max_size=2).map(tuple),
        mode=st.none() | st.sampled_from(ConsentMode),
        legal_basis=st.none() | st.sampled_from(LegalBasis),
        asked=st.integers(0, 3),
        outcome=st.sampled_from(Outcome),
        reason=st.none() | st.sampled_from(Reason),
        detail=WORDS,
        ended_at=st.none() | MOMENTS,
        case_number=WORDS,
    )


def consents(call: Call) -> st.SearchStrategy[Consent]:
    return st.builds(
        a_consent,
        call_sid=st.just(call.call_sid),
        outcome=st.sampled_from(ConsentOutcome),
        at=MOMENTS,
        key=st.sampled_from(["", "1", "#"]),
        agents=st.lists(st.integers(1, 9), max_size=3).map(tuple),
    )


def recordings(number: int, call: Call) -> st.SearchStrategy[Recording]:
    return st.builds(
        a_recording,
        sid=st.just(recording_sid(number)),
        call_sid=st.none() | st.just(call.call_sid),
        state=st.sampled_from(State),
        custody=st.sampled_from(Custody),
        legal_ground=WORDS,
        started_at=st.none() | MOMENTS,
        channel_map=st.lists(st.sampled_from(Role), max_size=2).map(tuple),
        error_code=st.none() | st.integers(10_000, 20_000),
        encryption=st.none() | st.builds(Encryption, WORDS, WORDS, WORDS, WORDS),
        object_name=st.none() | st.just(f"recordings/{number}.wav"),
        generation=st.none() | st.integers(0, 2**62),
        size=st.none() | st.integers(0, 2**40),
        due_at=st.none() | MOMENTS,
        attempts=st.integers(0, 12),
        last_error=WORDS,
    )


@given(ledger=ledgers(), changed=ledgers())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_ledger_comes_back_as_it_was_also_when_it_changed_in_between(
    ledger: list[tuple[Call, Consent | None, Recording | None]],
    changed: list[tuple[Call, Consent | None, Recording | None]],
) -> None:
    bucket, clock = MemoryBucket(), iter(range(10**6))
    old, new = SqlCatalog("sqlite://"), SqlCatalog("sqlite://")
    now = lambda: STARTED + timedelta(seconds=next(clock))  # noqa: E731
    journal = Journal(old, bucket, now)
    for catalog in (old, new):
        metadata.create_all(catalog.database.engine)
    for part in (ledger, changed):
        for call, consent, recording in part:
            old.open_call(call)
            if consent:
                old.record_consent(consent, None)
            if recording:
                old.adopt(recording)
        assert journal.write().problems == {}
    found = Rebuild(new, bucket, now).run()
    assert found.problems == {}
    assert all_rows(new) == all_rows(old)
    assert Journal(new, bucket, now).write().written == 0
    for catalog in (old, new):
        catalog.close()


def all_rows(catalog: SqlCatalog) -> dict[str, list[Any]]:
    tables = [shelf.table for shelf in SHELVES]
    with catalog.database.read() as connection:
        return {
            table.name: connection.execute(table.select().order_by(*table.primary_key)).all()
            for table in tables
        }


def test_days_far_apart_are_found_without_looking_at_those_between(house: House) -> None:
    long_ago = datetime(1999, 12, 31, 12, tzinfo=UTC)
    house.archive.catalog.open_call(a_call(call_sid=call_sid(2), started_at=long_ago))
    assert house.archive.catalog.journal_days() == [date(1999, 12, 31), DAY]
