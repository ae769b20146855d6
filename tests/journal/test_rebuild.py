"""A catalog made anew from the journal in the bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.factories import ACCOUNT, STARTED, a_call, call_sid, enter, recording_sid
from tests.house import House
from tests.journal.rebuilding import DAY, MEDIA, everything, replace_object, report
from tests.sounds import wav
from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.journal.rebuild import Rebuild
from twirec.model.access import Actor
from twirec.model.agents import StopOrder
from twirec.model.announcements import Announcement, Audio
from twirec.model.bucket import StoredObject
from twirec.model.errors import (
    BucketUnavailable,
    CatalogNotEmpty,
    CatalogUnavailable,
    CustodyRefused,
)
from twirec.model.records import Naming, Pause
from twirec.model.vocabulary import Outcome, Reason, Verdict


def test_what_is_journalled_comes_back_as_it_was(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    archive = house.archive
    house.record(MEDIA)
    house.work()
    archive.catalog.ledger.open_call(
        a_call(call_sid=call_sid(2), outcome=Outcome.NOT_RECORDED, reason=Reason.HUNG_UP)
    )
    enter(archive.catalog.pauses.begin, Pause(recording_sid(), STARTED, "ana"))
    archive.policy.change(by="ana", why="works council", on=False)
    entry = archive.agents.inform("client:ana", informed_on=DAY, reference="annex", by="rrhh")
    order = StopOrder(ACCOUNT, call_sid(), Verdict.OTHER_CALLER, STARTED, done_at=STARTED)
    naming = Naming((entry.id,), order=order)
    archive.catalog.consents.name_with(ACCOUNT, call_sid(), [], lambda _: naming)
    archive.journal.write()
    new = rebuilt()
    assert new.catalog.stop_orders.of(ACCOUNT, [call_sid()]) == {call_sid(): (order,)}
    assert everything(new.catalog) == everything(archive.catalog)
    assert new.catalog.policy.history() == archive.catalog.policy.history()
    assert new.agents.informed() == archive.agents.informed()


def test_numbers_of_rows_go_on_behind_those_that_came_back(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    for name in ("client:ana", "client:eva"):
        house.archive.agents.inform(name, informed_on=DAY, reference="annex", by="rrhh")
    house.archive.journal.write()
    new = rebuilt()
    added = new.agents.inform("client:leo", informed_on=DAY, reference="annex", by="rrhh")
    assert [entry.id for entry in new.agents.informed()] == [1, 2, added.id] == [1, 2, 3]


def test_the_new_catalog_goes_on_with_the_journal(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.archive.journal.write()
    new = rebuilt()
    new.journal.write()  # with the rebuild on the audit log
    assert new.journal.write().written == 0
    new.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    assert (new.journal.write().written, new.journal.write().problems) == (1, {})


def test_announcements_and_their_audio_come_back(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    audio = Audio(wav(seconds=1, channels=1), 1.0)
    spoken = Announcement("gl-ES", "", "Esta chamada gravarase.", audio=audio.hash, seconds=1.0)
    read = Announcement("es-ES", "Polly.Lucia", "Esta llamada se graba.", "¿Sí?")
    house.archive.catalog.announcements.keep_audio(audio, house.time)
    for each in (spoken, read):
        house.archive.catalog.announcements.keep(each, house.time)
    house.archive.journal.write()
    new = rebuilt()
    assert new.catalog.announcements.get(spoken.hash) == spoken
    assert new.catalog.announcements.get(read.hash) == read
    assert new.catalog.announcements.audio(audio.hash) == audio.data
    assert new.catalog.announcements.unpublished() == []


def test_an_announcement_that_was_changed_is_named_and_left_out(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    kept = Announcement("es-ES", "Polly.Lucia", "Esta llamada se graba.")
    house.archive.catalog.announcements.keep(kept, house.time)
    house.archive.journal.write()
    name = f"announcements/{kept.hash}.json"
    replace_object(house.bucket, name, kept.content.replace("graba", "borra").encode())
    assert list(report(rebuilt()).problems) == [name]


def test_a_torn_page_is_named_and_the_older_one_is_read(
    house: House, rebuilt: Callable[[], Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.journal.write()
    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "delete", lambda *_: None)
        house.archive.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
        house.archive.journal.write()
    newer = "journal/2026/11/23/000002.jsonl"
    replace_object(house.bucket, newer, b"".join(house.bucket.open_range(newer))[:-9])
    new = rebuilt()
    assert list(report(new).problems) == [newer]
    assert [record.call.call_sid for record in everything(new.catalog)] == [call_sid()]
    assert new.journal.write().problems == {}


def test_a_day_that_cannot_be_read_at_all_is_named_and_never_written_over(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    house.archive.journal.write()
    name = "journal/2026/11/23/000001.jsonl"
    replace_object(house.bucket, name, b"damaged")
    new = rebuilt()
    assert list(report(new).problems) == [name]
    new.catalog.ledger.open_call(a_call(call_sid=call_sid(2)))
    assert list(new.journal.write().problems) == ["2026-11-23"]
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
    house.archive.journal.write()
    name = "journal/2026/11/23/000001.jsonl"
    replace_object(house.bucket, name, b"".join(house.bucket.open_range(name)).replace(old, new))
    assert list(report(rebuilt()).problems) == [name]


def test_a_page_of_an_older_version_lacks_columns_and_is_read(house: House) -> None:
    catalog = Catalog("sqlite://")
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
    assert catalog.journal.restore(DAY, [("calls", row)], []) == 1
    assert catalog.ledger.call(ACCOUNT, call_sid()).call.channel_map == ()
    catalog.close()


def test_what_lies_in_the_journal_and_is_not_of_it_is_named(
    house: House, rebuilt: Callable[[], Archive]
) -> None:
    for name in ("journal/notes.txt", "journal/2026/13/01/000001.jsonl"):
        house.bucket.put(
            name, [b"x"], content_type="x", labels={}, custom_time=STARTED, finish=dict
        )
    assert sorted(report(rebuilt()).strange) == [
        "journal/2026/13/01/000001.jsonl",
        "journal/notes.txt",
    ]


def test_a_catalog_that_holds_something_is_refused(house: House) -> None:
    with pytest.raises(CatalogNotEmpty, match="--into"):
        house.archive.journal.rebuild(by="ana")
    assert len(everything(house.archive.catalog)) == 1


def test_who_may_not_decide_makes_no_catalog_and_adopts_no_bucket(
    house: House, tmp_path: Path
) -> None:
    house.archive.journal.write()
    for role in ("agent", "supervisor", "auditor"):
        who = Actor("mallory", role)
        with pytest.raises(CustodyRefused):
            house.archive.journal.rebuild(f"sqlite:///{tmp_path}/new.db", by=who)
        with pytest.raises(CustodyRefused):
            house.archive.journal.adopt_bucket(why="mine", by=who)
    entries = [(each.action, each.outcome) for each in house.archive.audit.log()]
    assert entries == [("adopt_bucket", "denied"), ("rebuild", "denied")] * 3
    assert list(tmp_path.iterdir()) == []


def test_a_rebuild_is_entered_in_the_catalog_that_is_there_and_in_the_new_one(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.audit.record("sign_in", by="ana")
    house.archive.journal.write()
    url = f"sqlite:///{tmp_path}/new.db"
    with monkeypatch.context() as patched:
        patched.setattr(Rebuild, "run", lambda self: {}["a bug"])
        with pytest.raises(KeyError):
            house.archive.journal.rebuild(url, by="ana")
    house.archive.journal.rebuild(f"{url}2", by="ana")
    entries = house.archive.audit.log(action="rebuild")[::-1]
    assert [each.outcome for each in entries] == ["tried", "failed", "tried", "done"]
    new = Archive(replace(house.archive.settings, database_url=f"{url}2"), bucket=house.bucket)
    assert [(each.action, each.outcome) for each in new.audit.log()] == [
        *(("rebuild", "done"), ("sign_in", "done"))
    ]
    new.close()


@pytest.mark.parametrize("lost", ["gone", "full"])
def test_a_catalog_that_is_lost_or_cannot_be_written_is_rebuilt_all_the_same(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    house.archive.audit.record("sign_in", by="ana")
    house.archive.journal.write()
    archive = house.archive
    if lost == "gone":
        gone = replace(archive.settings, database_url=f"sqlite:///{tmp_path}/old.db")
        archive = Archive(gone, bucket=house.bucket)

    def full(*_: object) -> None:
        raise CatalogUnavailable("The disk is full.")

    monkeypatch.setattr(archive.catalog.audit, "append", full)
    url = f"sqlite:///{tmp_path}/new.db"
    assert archive.journal.rebuild(url, by="ana").problems == {}
    new = Archive(replace(archive.settings, database_url=url), bucket=house.bucket)
    assert [each.action for each in new.audit.log()] == ["rebuild", "sign_in"]
    new.close()


def test_a_rebuild_that_was_cut_short_says_what_to_do(
    house: House, rebuilt: Callable[[], Archive], monkeypatch: pytest.MonkeyPatch
) -> None:
    house.archive.journal.write()
    settings = house.archive.settings
    archive = Archive(settings, bucket=house.bucket, now=lambda: house.time)

    def down(prefix: str = "") -> Iterator[StoredObject]:
        raise BucketUnavailable("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(house.bucket, "list", down)
        with pytest.raises(BucketUnavailable):
            archive.journal.rebuild(by="ana")
    with pytest.raises(CatalogNotEmpty, match="begin again"):
        archive.journal.rebuild(by="ana")
    archive.catalog.close()
    assert everything(rebuilt().catalog) == everything(house.archive.catalog)


def test_progress_is_told(house: House) -> None:
    house.record(MEDIA)
    house.work()
    house.archive.journal.write()
    told: list[tuple[str, int]] = []
    catalog = Catalog("sqlite://")
    catalog.set_up()
    Rebuild(
        catalog, house.bucket, lambda: house.time, lambda what, count: told.append((what, count))
    ).run()
    assert told == [("journal", 1), ("recordings", 1)]
    catalog.close()
