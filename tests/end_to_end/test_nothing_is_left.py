"""A number is destroyed that has recordings in every state: none of its bytes and digits is left.

The database file, the log beside it, the bucket with its other generations, the journal, the log
lines and the folder for temporary files are searched, byte by byte.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.erasing import SECOND, destroy
from tests.factories import ACCOUNT, STARTED, a_call, a_callback, a_consent, call_sid, recording_sid
from tests.house import A_CALL, AT_VENDOR
from tests.sounds import wav
from tests.strict_gcs import StrictGcs
from twirec.adapters.memory_speech import MemorySpeech
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.access import Actor
from twirec.model.agents import Leg
from twirec.model.audio import ConversionSpec
from twirec.model.erasure import Certificate, Copy, CopyOutcome
from twirec.model.states import Custody, State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

NUMBER, DIGITS = "+34600271828", b"600271828"
FORMS = (DIGITS, b"828172", b"600 27 18 28", b"600-271-828")
"""National and with it E.164; its end backwards, as searches have it; as people write it."""
ANA = Actor("ana", "admin")


def noise() -> bytes:
    """Return a recording like no other: its samples are found wherever they are."""
    silent = bytearray(wav(seconds=4, channels=2))
    silent[44:] = random.Random(7).randbytes(len(silent) - 44)  # noqa: S311 - it guards nothing
    return bytes(silent)


MEDIA = noise()
PIECES = [MEDIA[at : at + 48] for at in range(4000, len(MEDIA) - 100, 9000)]


class Scene:
    """An archive on disk, with calls of one customer in every state there is."""

    def __init__(self, tmp_path: Path, database: str, bucket: str) -> None:
        self.time = STARTED + timedelta(minutes=1)
        self.vendor = MemoryVendor()
        environ = {
            **ENVIRONMENT,
            "TWIREC_DATABASE_URL": database,
            "TWIREC_BUCKET": bucket,
            "TWIREC_AUDIT_KEY": "k" * 32,
        }
        settings = Settings.from_env(environ)
        speech = MemorySpeech(["Llámeme al 600271828, por favor.", "Al 600 27 18 28."])
        self.archive = Archive(settings, vendor=self.vendor, speech=speech, now=lambda: self.time)
        self.archive.set_up()

    def call(self, number: int, **changes: Any) -> str:
        """Open a call of the customer, with all that a line can hold of them."""
        sid = call_sid(number)
        fields = {
            "call_sid": sid,
            "leg": sid,
            "customer_number": NUMBER,
            "customer_address": f"sip:{NUMBER}@carrier.example",
            "facts": ("CallerName=600271828", f"ForwardedFrom={NUMBER}"),
            "forwarded_from": NUMBER,
            "dial": (NUMBER,),
            "case_number": "C-600271828",
            **changes,
        }
        catalog = self.archive.catalog
        catalog.ledger.open_call(a_call(**fields))
        consent = a_consent(call_sid=sid, leg=sid, outcome=ConsentOutcome.GRANTED, key="1")
        catalog.consents.record(consent, None)
        catalog.agents.add_leg(Leg(ACCOUNT, call_sid(100 + number), sid, STARTED, NUMBER))
        for leg, parent in ((sid, None), (call_sid(100 + number), sid)):
            at_vendor = dataclasses.replace(A_CALL, sid=leg, from_=NUMBER, parent_call_sid=parent)
            self.vendor.add_call(at_vendor)
        return sid

    def tell(self, number: int, status: RecordingStatus, state: State) -> str:
        """Let a callback arrive about a call's recording, with the number in what was sent."""
        sid = recording_sid(number)
        callback = a_callback(
            recording_sid=sid, call_sid=call_sid(number), status=status, raw={"From": NUMBER}
        )
        self.archive.catalog.recordings.receive(callback, state=state, channel_map=(), at=self.time)
        return sid

    def record(self, number: int) -> str:
        sid, call = recording_sid(number), call_sid(number)
        recording = dataclasses.replace(AT_VENDOR, sid=sid, call_sid=call)
        self.vendor.add_recording(recording, MEDIA)
        return self.tell(number, RecordingStatus.COMPLETED, State.COMPLETED)

    def end(self, number: int, reason: Reason | None = None) -> None:
        self.archive.catalog.ledger.close_call(
            ACCOUNT,
            call_sid(number),
            outcome=Outcome.NOT_RECORDED if reason else Outcome.RECORDED,
            reason=reason,
            ended_at=STARTED + timedelta(seconds=9),
        )

    def work(self) -> None:
        self.archive.operations.worker(threads=1).run_once()

    def state(self, number: int) -> State:
        return self.archive.catalog.recordings.get(recording_sid(number)).state


def in_every_state(scene: Scene) -> None:
    """Let the customer have called again and again, each time with another end."""
    archive = scene.archive
    for number in range(1, 9):
        scene.call(number)
    # 1: archived, with notes, a case, derivatives, a waveform, a hold that was lifted, and shares
    scene.record(1)
    scene.work()
    sid = recording_sid(1)
    archive.calls.annotate(sid, note="ring 600 27 18 28 back", case="C-600271828", by=ANA)
    archive.derivatives.make(sid, ConversionSpec("wav", end=3.0), by=ANA)
    archive.recordings.waveform(sid, by=ANA)
    archive.transcripts.request(sid, by=ANA)
    archive.jobs.do("transcript", sid)
    assert len(archive.transcripts.get(sid, by=ANA).sentences) == 2
    archive.custody.hold(sid, case="C-600271828", reason="600271828 complains", by=ANA)
    (hold,) = archive.custody.holds.of(sid, by=ANA)
    lifting = archive.custody.holds.lift(hold.id, reason="600271828 is content", by=ANA)
    archive.custody.approvals.approve(lifting.id, by=SECOND)
    requests = archive.custody.access_requests
    asked = requests.open(NUMBER, name="600271828, the customer", by=ANA)
    requests.refuse(asked.key, why="600271828 is not theirs", by=ANA)
    archive.custody.disclosures.consent(
        sid,
        participant="customer",
        recipient="their lawyer, 600271828",
        purpose="claim C-600271828",
        given_on=date(2026, 11, 3),
        how="writing",
        evidence="letter of 600271828",
        by=ANA,
    )
    # 2: quarantined; 3: parked, as Twilio's media is no audio
    scene.record(2)
    scene.work()
    with archive.catalog.database.write() as connection:
        said = {"custody": Custody.QUARANTINED.value, "sid": recording_sid(2)}
        connection.execute(text("UPDATE recordings SET custody = :custody WHERE sid = :sid"), said)
    archive.custody.admit(recording_sid(2), ground="contract of 600271828", by=ANA)
    scene.vendor.add_recording(
        dataclasses.replace(AT_VENDOR, sid=recording_sid(3), call_sid=call_sid(3)), b"<html>"
    )
    scene.tell(3, RecordingStatus.COMPLETED, State.COMPLETED)
    for _ in range(14):
        scene.work()
        due_at = archive.catalog.recordings.get(recording_sid(3)).due_at
        scene.time = max(scene.time, due_at or scene.time)
    assert archive.catalog.recordings.get(recording_sid(3)).parked
    # 4: not copied yet; 5: it goes on; 6: nothing came of it; 7: refused; 8: lost
    scene.record(4)
    scene.tell(5, RecordingStatus.IN_PROGRESS, State.RECORDING)
    scene.tell(6, RecordingStatus.ABSENT, State.ABSENT)
    scene.end(7, Reason.REFUSED)
    scene.tell(8, RecordingStatus.COMPLETED, State.LOST)
    for number in (1, 2, 3, 4, 6, 8):
        scene.end(number)
    other = a_call(call_sid=call_sid(50), customer_number="+34699000111", forwarded_from=NUMBER)
    archive.catalog.ledger.open_call(dataclasses.replace(other, facts=(f"ForwardedFrom={NUMBER}",)))
    scene.vendor.add_call(dataclasses.replace(A_CALL, sid=call_sid(50), from_="+34699000111"))
    archive.calls.search(number="600271828", by=ANA)
    archive.journal.write()


def finished(scene: Scene) -> Certificate:
    """Destroy the number, let what goes on finish, and work until nothing is left to do."""
    certificate = destroy(scene.archive, "600 27 18 28", "600271828 asked for it", by=ANA)
    assert (certificate.recordings, certificate.calls) == (7, 8)
    scene.work()
    assert scene.state(5) is State.RECORDING
    scene.record(5)
    scene.end(5)
    for _ in range(3):
        scene.time += timedelta(minutes=11)
        scene.work()
    return scene.archive.custody.certificates.get(certificate.id, by=ANA)


def leaks(places: Iterator[tuple[str, bytes]]) -> dict[str, list[bytes]]:
    """Return where something of the customer is found, and what."""
    found = {}
    for where, content in places:
        hits = [each for each in (*FORMS, *PIECES) if each in content]
        if hits:
            found[where] = hits
    return found


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(folder)), path.name.encode() + path.read_bytes()


def rows(archive: Archive) -> Iterator[tuple[str, bytes]]:
    """Yield each table of the database, as text."""
    from twirec.catalog.tables import metadata

    for table in metadata.sorted_tables:
        with archive.catalog.database.read() as connection:
            found = connection.execute(table.select()).all()
        yield table.name, repr(found).encode()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return lambda name: tmp_path / name


@pytest.mark.about_sqlite("it is the file that is looked into")
def test_the_search_finds_what_is_there(places: Callable[[str], Path]) -> None:
    scene = Scene(places("x"), f"sqlite:///{places('catalog.db')}", f"file://{places('bucket')}")
    in_every_state(scene)
    there = leaks(files(places("")))
    assert {"catalog.db", "catalog.db-wal"} & there.keys()
    assert any(name.startswith("bucket/recordings/") for name in there)
    assert any(name.startswith("bucket/derivatives/") for name in there)
    assert any(name.startswith("bucket/journal/") for name in there)
    assert {"calls", "notes", "callbacks", "legs", "sentences"} <= leaks(rows(scene.archive)).keys()
    scene.archive.close()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_left_in_a_folder(
    places: Callable[[str], Path],
    database: str,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "twirec")
    url = f"sqlite:///{places('catalog.db')}"
    if database == "postgresql":
        url = request.getfixturevalue("new_postgres")()
    scene = Scene(places("x"), url, f"file://{places('bucket')}")
    in_every_state(scene)
    certificate = finished(scene)
    assert certificate.done, certificate
    assert certificate.count(CopyOutcome.REFUSED) == 0
    assert {scene.state(number) for number in (1, 2, 3, 4, 5)} == {State.ERASED}
    archive = scene.archive
    archive.journal.write()
    assert archive.audit.verify().whole
    assert leaks(rows(archive)) == {}
    assert leaks(files(places(""))) == {}
    assert leaks(iter([("log", caplog.text.encode())])) == {}
    report = archive.operations.sweep(full=True)
    assert (report.adopted, report.numbers_found, report.erased_again) == (0, 0, 0)
    assert leaks(rows(archive)) == {}
    archive.close()
    assert leaks(files(places(""))) == {}
    new = places("new.db")
    again = Archive(archive.settings, vendor=scene.vendor, now=lambda: scene.time)
    again.journal.rebuild(f"sqlite:///{new}", by=ANA)
    assert leaks(files(places(""))) == {}
    assert leaks(iter([("certificate", repr(certificate).encode())])) == {}
    again.close()


def test_nothing_is_left_at_google_but_what_it_keeps_itself_which_is_said(
    places: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    week = 7 * 24 * 3600
    with StrictGcs() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        versions = {"versioning": {"enabled": True}}
        soft = {"softDeletePolicy": {"retentionDurationSeconds": str(week)}}
        for name, settings in (("versions", versions), ("soft", {**versions, **soft})):
            server.store.create_bucket(name, settings)
            url = f"sqlite:///{places(f'{name}.db')}"
            scene = Scene(places("x"), url, f"gs://{name}/calls")
            in_every_state(scene)
            replace_recording(server, name)
            certificate = finished(scene)
            assert certificate.done, certificate
            listed = server.store.list(name, {"versions": "true"})
            bytes_of = {each["name"]: each for each in listed}
            assert not [each for each in bytes_of if "/recordings/" in f"/{each}"], bytes_of
            assert not [each for each in bytes_of if "/derivatives/" in f"/{each}"]
            kept = [
                held for state in [server.store._buckets[name]] for held in state.versions.values()
            ]
            live = [
                (version.resource["name"], version.data.read_bytes())
                for held in kept
                for version in held
                if "softDeleteTime" not in version.resource
            ]
            assert leaks(iter(live)) == {}
            pending = {
                line.copy
                for line in certificate.lines
                if line.outcome is CopyOutcome.PENDING and line.why == "soft_delete"
            }
            if name == "versions":
                assert pending == set()
                assert Copy.GENERATION in {line.copy for line in certificate.lines}
            else:
                assert {Copy.RECORDING, Copy.DERIVATIVE, Copy.JOURNAL} <= pending
            scene.archive.close()


def replace_recording(server: StrictGcs, bucket: str) -> None:
    """Let somebody at the console have written over a recording: its older generation stays."""
    (live,) = [
        each
        for each in server.store.list(bucket, {})
        if recording_sid(1) in each["name"] and "/recordings/" in f"/{each['name']}"
    ]
    found = server.store.get(bucket, live["name"], {})
    copy = found.data.with_name("copied")
    copy.write_bytes(found.data.read_bytes())
    draft = {"name": live["name"], "metadata": live["metadata"]}
    sums = {name: live[name] for name in ("crc32c", "md5Hash")}
    server.store.insert(bucket, draft, {}, copy, sums)
