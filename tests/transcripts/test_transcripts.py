"""Transcripts as due work: made in parts, kept, taken over, made anew, and gone with the call."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from tests.audio.hearing import SECONDS, TALK, archived
from tests.erasing import destroy
from tests.executed import each_statement
from tests.factories import recording_sid
from tests.house import AT_VENDOR, House, with_settings
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_speech import MemorySpeech
from twirec.catalog.tables import recordings
from twirec.catalog.transcript_tables import transcript_parts, transcripts
from twirec.jobs.retrying import TRANSCRIPTS
from twirec.model.access import Actor
from twirec.model.audit import Action, AuditOutcome
from twirec.model.bucket import StoredObject
from twirec.model.erasure import Copy
from twirec.model.errors import (
    BytesDiffer,
    CustodyRefused,
    HearingFailed,
    InvalidQuery,
    LeaseLost,
    NotFound,
    Stopped,
)
from twirec.model.search import SaidSentence
from twirec.model.states import State
from twirec.model.transcript import Transcript, TranscriptRule, TranscriptState
from twirec.model.vocabulary import Direction, Role
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

SID = recording_sid()
EVERYTHING = TranscriptRule(everything=True)
ANA = Actor("ana", "admin")


def a_house(
    settings: Settings, speech: MemorySpeech | None = None, rule: TranscriptRule = EVERYTHING
) -> House:
    return House(dataclasses.replace(settings, transcripts=rule), MemoryBucket(), speech)


def objects(house: House) -> list[str]:
    return [found.name for found in house.bucket.list("derivatives/")]


def parts(house: House) -> int:
    with house.archive.catalog.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(transcript_parts)) or 0


@pytest.fixture(scope="module")
def template() -> House:
    """A call with its transcript, of which each test has a copy."""
    house = a_house(Settings.from_env(ENVIRONMENT))
    archived(house)
    return house


@pytest.fixture
def house(template: House) -> House:
    return template.copy()


def said(house: House) -> list[tuple[Role | None, str]]:
    read = house.archive.transcripts.get(SID, by=ANA)
    return [(each.side, each.text) for each in read.sentences]


def test_each_side_is_heard_by_itself_after_the_transfer(house: House) -> None:
    assert house.recording().state is State.RELEASED
    assert said(house) == [
        (Role.CUSTOMER, "¿Sí?"),
        (Role.CUSTOMER, "Dígame."),
        (Role.AGENT, "Quiero darme de baja."),
    ]
    read = house.archive.transcripts.get(SID, by=ANA)
    assert read.sha256 == house.recording().sha256
    assert (read.model, read.language, read.duration) == ("memory", "es", SECONDS)
    # The agent speaks after the customer: what is heard in a part is moved to its place.
    assert read.sentences[2].starts > read.sentences[1].ends + 1
    kept = house.archive.transcripts.of(SID, by=ANA)
    assert kept is not None
    assert (kept.state, kept.language) == (TranscriptState.MADE, "es")
    (name,) = objects(house)
    assert name.startswith("derivatives/2026/11/23/20261123T101500Z_RE")
    assert Transcript.from_json(b"".join(house.bucket.open_range(name))) == read
    assert parts(house) == 0
    assert [each.side for each in found(house, '"darme de baja"')] == [Role.AGENT]


def found(house: House, words: str) -> list[SaidSentence]:
    """What a search finds of what was said."""
    return list(house.archive.calls.search(said=words).sentences)


def test_nothing_is_said_of_it_in_logs_and_events(
    twirec_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    house = a_house(twirec_settings)
    archived(house)
    house.archive.transcripts.get(SID, by=ANA)
    assert f"{SID}: its transcript: finished" in caplog.text
    assert "baja" not in caplog.text
    assert "baja" not in repr(list(house.archive.catalog.audit.entries(0, 100)))


RULES = [
    (TranscriptRule(), False),
    (EVERYTHING, True),
    (TranscriptRule(directions=frozenset({Direction.IN})), True),
    (TranscriptRule(directions=frozenset({Direction.OUT})), False),
    (TranscriptRule(numbers={"+34911000111": frozenset({Direction.IN})}), True),
    (TranscriptRule(numbers={"+34911000111": frozenset({Direction.OUT})}), False),
    (TranscriptRule(numbers={"+34911000222": frozenset(Direction)}), False),
]


def test_of_which_calls_one_is_made_without_asking(template: House) -> None:
    for rule, is_made in RULES:
        house = template.copy()
        with house.archive.catalog.database.write() as connection:
            connection.execute(transcripts.delete())
        house.archive = with_settings(house.archive, transcripts=rule)
        house.work()
        assert (house.archive.catalog.transcripts.get(SID) is not None) is is_made, rule


def test_where_it_is_off_one_is_made_of_what_somebody_asks_for(twirec_settings: Settings) -> None:
    house = a_house(twirec_settings, rule=TranscriptRule())
    archived(house)
    assert (objects(house), house.archive.transcripts.of(SID, by=ANA)) == ([], None)
    asked = house.archive.transcripts.request(SID, by=ANA)
    assert (asked.state, asked.by) == (TranscriptState.WAITING, "ana")
    assert house.archive.operations.stats(by=ANA).transcripts_waiting == 1
    house.work()
    assert len(objects(house)) == 1
    again = house.archive.transcripts.request(SID, by=ANA)
    assert again.state is TranscriptState.MADE
    assert house.archive.operations.stats(by=ANA).transcripts_waiting == 0
    assert house.archive.transcripts.request_all("2026-11-01", by=ANA) == 0


def test_all_of_a_span_of_time_are_asked_for(twirec_settings: Settings) -> None:
    house = a_house(twirec_settings, rule=TranscriptRule())
    archived(house)
    ask = house.archive.transcripts.request_all
    assert ask("2026-11-01", "2026-11-22", by=ANA) == 0
    assert ask("2026-11-23", by=ANA) == 1
    assert ask("2026-11-23", by=ANA) == 0
    with pytest.raises(CustodyRefused):
        ask("2026-11-23", by=Actor("leo", "auditor"))
    with pytest.raises(InvalidQuery):
        ask("2027-01-01", by=ANA)
    house.work()
    assert len(objects(house)) == 1


def test_a_long_span_is_asked_for_in_lots_of_few_statements(
    twirec_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.catalog.transcripts.LOT", 20)
    house = a_house(twirec_settings, rule=TranscriptRule())
    archived(house)
    database = house.archive.catalog.database
    with database.write() as connection:
        row = dict(connection.execute(select(recordings)).one()._mapping)
        alike = {"object_name": None, "recording_token": None}
        rows = [
            row | {name: value for name, value in alike.items() if name in row} | {"sid": sid}
            for sid in map(recording_sid, range(2, 51))
        ]
        connection.execute(recordings.insert(), rows)
    statements: list[int] = []
    write = database.write

    @contextmanager
    def counted() -> Iterator[Connection]:
        statements.append(0)
        with write() as connection:
            yield connection

    def count(_: str, __: object) -> None:
        if statements:
            statements[-1] += 1

    monkeypatch.setattr(database, "write", counted)
    with each_statement(database.engine, count):
        assert house.archive.transcripts.request_all("2026-11-23", by=ANA) == 50
    assert len(statements) >= 3, "no lot waits for another"
    assert max(statements) < 12
    done = [each for each in house.archive.audit.log(limit=100) if each.action == "transcribe"]
    assert len(done) == 1
    assert house.archive.transcripts.request_all("2026-11-23", by=ANA) == 0


# --- interrupted --------------------------------------------------------------------------------


class Killed(BaseException):
    """The process dies."""


def kill_at(hearing: int) -> Callable[[int], None]:
    """Return what dies once, when so many parts were heard."""
    left = [1]

    def before(heard: int) -> None:
        if heard == hearing and left:
            left.pop()
            raise Killed

    return before


def test_who_takes_over_goes_on_with_the_next_part(twirec_settings: Settings) -> None:
    speech = MemorySpeech(before=kill_at(1))
    house = a_house(twirec_settings, speech)
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, duration=SECONDS), TALK)
    house.tell(duration=SECONDS)
    _transfer(house)
    worker = house.archive.operations.worker(threads=1)
    (kind,) = [each for each in worker._aside if each.name == "transcript"]
    kind.refill()
    lease = kind.queue.claim(house.time, kind.lease_for)
    with pytest.raises(Killed):
        worker.work(lease, kind)
    assert (len(speech.heard), parts(house), objects(house)) == (1, 1, [])
    house.work()
    assert len(speech.heard) == 1  # somebody works at it, as far as anybody knows
    house.time += kind.lease_for
    house.work()
    assert (len(speech.heard), parts(house), len(objects(house))) == (2, 0, 1)
    assert [text for _, text in said(house)] == ["¿Sí?", "Dígame.", "Quiero darme de baja."]
    assert house.archive.jobs.do("transcript", SID) is None
    assert len(speech.heard) == 2


def _transfer(house: House) -> None:
    worker = house.archive.operations.worker(threads=1)
    worker._aside = []
    worker.run_once()


def test_what_was_written_and_not_noted_is_taken_over(
    twirec_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    speech = MemorySpeech()
    house = a_house(twirec_settings, speech)
    catalog = house.archive.catalog.transcripts
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "made", lambda *_: (_ for _ in ()).throw(LeaseLost("away")))
        archived(house)
    kept = catalog.get(SID)
    assert kept is not None
    assert (len(objects(house)), kept.object_name) == (1, None)
    assert house.archive.operations.sweep(full=True).derivatives_deleted == 0
    house.time += timedelta(minutes=20)
    house.work()
    assert (len(objects(house)), len(speech.heard)) == (1, 2)
    assert len(said(house)) == 3


def test_a_worker_that_is_to_stop_gives_it_back(twirec_settings: Settings) -> None:
    def stop(_: int) -> None:
        raise Stopped("asked to")

    house = a_house(twirec_settings, MemorySpeech(before=stop))
    archived(house)
    kept = house.archive.transcripts.of(SID, by=ANA)
    assert kept is not None
    assert (kept.state, kept.attempts, kept.last_error) == (TranscriptState.WAITING, 0, "")


def test_what_fails_delays_no_transfer_is_given_up_and_tried_again_when_asked(
    twirec_settings: Settings,
) -> None:
    down = [True]

    def fail(_: int) -> None:
        if down:
            raise HearingFailed("no memory")

    house = a_house(twirec_settings, MemorySpeech(before=fail))
    archived(house)
    for _ in range(TRANSCRIPTS.tries):
        kept = house.archive.transcripts.of(SID, by=ANA)
        assert kept is not None
        house.time = kept.due_at or house.time
        house.work()
    kept = house.archive.transcripts.of(SID, by=ANA)
    assert kept is not None
    assert (kept.state, kept.attempts) == (TranscriptState.PARKED, TRANSCRIPTS.tries)
    assert house.archive.operations.stats(by=ANA).transcripts_parked == 1
    down.clear()
    house.work()
    assert objects(house) == []
    house.archive.transcripts.request(SID, by=ANA)
    house.work()
    assert len(objects(house)) == 1


# --- the model ----------------------------------------------------------------------------------


def test_without_a_model_none_is_taken_up_and_it_is_said_once(
    twirec_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    speech = MemorySpeech()
    speech.broken = "The model is not there."
    house = a_house(twirec_settings, speech)
    archived(house)
    house.archive.transcripts.request(SID, by=ANA)
    house.work()
    assert caplog.text.count("no transcript is made: The model is not there.") == 1
    kept = house.archive.transcripts.of(SID, by=ANA)
    assert kept is not None
    assert (kept.state, kept.attempts) == (TranscriptState.WAITING, 0)
    assert house.archive.transcripts.warning() == "The model is not there."
    speech.broken = ""
    house.work()
    assert len(objects(house)) == 1


def with_another_model(house: House) -> MemorySpeech:
    other = MemorySpeech(["Otra cosa."], sha256="1" * 64)
    house.archive._given_speech = other
    house.archive = with_settings(house.archive)
    return other


def test_another_model_makes_it_anew_and_the_older_one_stays_until_then(house: House) -> None:
    (before,) = objects(house)
    other = with_another_model(house)
    house.work()
    assert objects(house) == [before]  # that is too new to be made anew
    assert "made 1 of the transcripts" in house.archive.transcripts.warning()
    other.broken = "It is not there."
    house.time += timedelta(days=2)
    house.work()
    assert len(said(house)) == 3
    other.broken = ""
    house.work()
    assert {text for _, text in said(house)} == {"Otra cosa."}
    assert len(objects(house)) == 1
    assert objects(house) != [before]
    assert house.archive.transcripts.warning() == ""


def test_of_what_is_held_the_older_one_stays(house: House) -> None:
    house.archive.custody.hold(SID, case="C-7", reason="x", by=ANA)
    with_another_model(house)
    house.time += timedelta(days=2)
    house.work()
    assert len(said(house)) == 3


# --- custody ------------------------------------------------------------------------------------


def test_what_is_read_is_on_the_audit_log_with_its_purpose(house: House) -> None:
    house.archive.transcripts.get(SID, by=ANA, purpose="claim")
    with pytest.raises(CustodyRefused):
        house.archive.transcripts.get(SID, by=Actor("leo", "auditor"))
    log = house.archive.catalog.audit.entries(0, 100)
    read = [entry for entry in log if entry.action == Action.READ]
    assert [(entry.by, entry.outcome) for entry in read] == [
        ("ana", AuditOutcome.TRIED),
        ("ana", AuditOutcome.DONE),
        ("leo", AuditOutcome.DENIED),
    ]
    assert read[1].detail["purpose"] == "claim"


def test_it_goes_with_its_recording_and_the_certificate_names_it(house: House) -> None:
    (name,) = objects(house)
    certificate = destroy(house.archive, SID, "asked")
    house.work()
    assert objects(house) == []
    assert house.archive.catalog.transcripts.get(SID) is None
    lines = house.archive.custody.certificates.get(certificate.id, by=ANA).lines
    assert [line.name for line in lines if line.copy is Copy.TRANSCRIPT] == [name]
    with pytest.raises(CustodyRefused):
        house.archive.transcripts.get(SID, by=ANA)


def test_what_is_erased_while_it_is_heard_leaves_nothing(twirec_settings: Settings) -> None:
    erased: list[House] = []

    def erase(heard: int) -> None:
        if heard == 1 and erased:
            house = erased.pop()
            destroy(house.archive, SID, "asked")
            _transfer(house)

    house = a_house(twirec_settings, MemorySpeech(before=erase))
    erased.append(house)
    house.record(TALK, duration=SECONDS)
    assert house.work().state is State.ERASED
    assert (objects(house), parts(house)) == ([], 0)
    assert house.archive.catalog.transcripts.get(SID) is None


def test_what_is_erased_once_it_is_written_is_deleted_at_once(
    twirec_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = a_house(twirec_settings)
    put = house.bucket.put

    def put_and_erase(name: str, *given: Any, **more: Any) -> StoredObject:
        stored = put(name, *given, **more)
        if name.startswith("derivatives/"):
            destroy(house.archive, SID, "asked")
            _transfer(house)
            assert objects(house) == [], "the eraser knows its name, and was here before"
            house.bucket._objects[name] = (stored, b"said")  # as of who writes a moment later
        return stored

    monkeypatch.setattr(house.bucket, "put", put_and_erase)
    archived_or_erased(house)
    assert house.recording().state is State.ERASED
    assert objects(house) == []


def archived_or_erased(house: House) -> None:
    house.vendor.add_recording(dataclasses.replace(AT_VENDOR, duration=SECONDS), TALK)
    house.tell(duration=SECONDS)
    house.work()


@pytest.mark.parametrize("changed", [False, True])
def test_what_is_there_stays_where_it_is_blocked_while_it_is_taken_over(
    house: House, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    (name,) = objects(house)
    if changed:  # then it is made anew, in the place of the one that was known
        stored, data = house.bucket._objects[name]
        house.bucket._objects[name] = (stored, data.replace(b"baja", b"alta"))
    with house.archive.catalog.database.write() as connection:
        connection.execute(transcripts.update().values(due_at=house.time, made_by="another"))
    catalog = house.archive.catalog.transcripts
    made = catalog.made

    def block_before(*given: Any) -> Any:
        house.archive.custody.block(SID, reason="asked", by=ANA)
        return made(*given)

    monkeypatch.setattr(catalog, "made", block_before)
    house.work()
    kept = catalog.get(SID)
    assert objects(house) == ([] if changed else [name])
    assert (kept.object_name if kept else None) == (None if changed else name)


def test_none_is_made_of_what_is_blocked_or_in_quarantine(twirec_settings: Settings) -> None:
    def block(heard: int) -> None:
        if heard == 1:
            house.archive.custody.block(SID, reason="asked", by=ANA)

    house = a_house(twirec_settings, MemorySpeech(before=block))
    archived(house)
    assert (objects(house), parts(house)) == ([], 0)
    with pytest.raises((CustodyRefused, NotFound)):
        house.archive.transcripts.request(SID, by=ANA)
    house.work()
    assert objects(house) == []


def test_another_catalog_takes_over_what_is_in_the_bucket(house: House) -> None:
    house.archive.journal.write()
    house.archive.journal.rebuild("sqlite://", by=ANA)
    names = objects(house)
    with house.archive.catalog.database.write() as connection:
        connection.execute(transcripts.delete())
    house.archive = with_settings(house.archive, transcripts=TranscriptRule())
    speech = house.archive._given_speech
    assert isinstance(speech, MemorySpeech)
    heard = len(speech.heard)
    report = house.archive.operations.sweep(full=True)
    assert (report.transcripts_taken_over, report.derivatives_deleted) == (1, 0)
    house.work()
    assert (objects(house), len(speech.heard)) == (names, heard)
    assert len(said(house)) == 3


def test_one_that_was_changed_is_never_shown_and_made_anew_when_it_is_compared(
    house: House,
) -> None:
    (name,) = objects(house)
    stored, data = house.bucket._objects[name]
    house.bucket._objects[name] = (stored, data.replace(b"baja", b"alta"))
    with pytest.raises(BytesDiffer):
        house.archive.transcripts.get(SID, by=ANA)
    assert house.archive.recordings.compare(SID, by=ANA) == [name]
    house.work()
    assert len(said(house)) == 3
    assert house.archive.operations.differences(by=ANA) == []
