"""The audit log: what is on it, what never is, and that tampering shows."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.factories import (
    STARTED,
    a_call,
    a_consent,
    a_recording,
    call_sid,
    recording_sid,
)
from twirec.adapters.memory_bucket import MemoryBucket
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.catalog import Catalog
from twirec.catalog.audit import IDLE
from twirec.custody.audit import AuditTrail, Chain
from twirec.model.access import Actor
from twirec.model.audit import AuditDraft, AuditEntry, AuditHead, chained, without_numbers
from twirec.model.errors import (
    CatalogError,
    CatalogUnavailable,
    CustodyRefused,
    InvalidQuery,
    SettingsError,
    TwirecError,
)
from twirec.model.purposes import Purposes
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Direction
from twirec.settings import Settings
from twirec.testing import ENVIRONMENT

NUMBER = "+34600111222"
RECORDING = recording_sid()


@pytest.fixture
def archive(twirec_archive: Archive) -> Archive:
    """An archive that holds a call and a recording without proof of notice."""
    twirec_archive.now = lambda: STARTED
    twirec_archive.catalog.ledger.open_call(a_call())
    twirec_archive.catalog.recordings.adopt(
        a_recording(state=State.RELEASED, object_name="a", size=8, due_at=None)
    )
    assert twirec_archive.catalog.recordings.get(RECORDING).custody is Custody.QUARANTINED
    return twirec_archive


def newest(archive: Archive) -> tuple[str, str, str, str]:
    (entry,) = archive.audit.log(limit=1)
    return entry.by, entry.action, entry.sid, entry.outcome


# --- what is on it ----------------------------------------------------------------------------

ACTS: dict[str, tuple[Callable[[Archive], Any], tuple[str, str]]] = {
    "policy": (lambda a: a.policy.change(by="ana", why="x", on=False), ("", "done")),
    "policy refused": (lambda a: a.policy.change(by="ana", why="", on=False), ("", "failed")),
    "inform": (
        lambda a: a.agents.inform(
            "client:b", informed_on=date(2026, 1, 1), reference="r", by="ana"
        ),
        ("", "done"),
    ),
    "inform refused": (
        lambda a: a.agents.inform(
            "client:b", informed_on=date(2099, 1, 1), reference="r", by="ana"
        ),
        ("", "failed"),
    ),
    "admit": (lambda a: a.custody.admit(RECORDING, ground="x", by="ana"), (RECORDING, "done")),
    "admit refused": (
        lambda a: a.custody.admit(RECORDING, ground="", by="ana"),
        (RECORDING, "failed"),
    ),
    "erase": (
        lambda a: a.custody.erase(RECORDING, reason="x", by="ana"),
        (RECORDING, "done"),
    ),
    "erase refused": (
        lambda a: a.custody.erase(recording_sid(9), reason="x", by="ana"),
        (recording_sid(9), "failed"),
    ),
    "annotate": (lambda a: a.calls.annotate(call_sid(), note="x", by="ana"), (call_sid(), "done")),
    "annotate refused": (
        lambda a: a.calls.annotate(call_sid(9), case="1", by="ana"),
        (call_sid(9), "failed"),
    ),
    "retry": (lambda a: a.operations.retry(by="ana"), ("all", "done")),
    "retry refused": (lambda a: a.operations.retry(RECORDING, by="ana"), (RECORDING, "failed")),
    "pause refused": (lambda a: a.recordings.pause(call_sid(), by="ana"), (call_sid(), "failed")),
    "resume refused": (lambda a: a.recordings.resume(call_sid(), by="ana"), (call_sid(), "failed")),
    "listen refused": (lambda a: a.recordings.open(RECORDING, by="ana"), (RECORDING, "denied")),
    "download refused": (
        lambda a: a.recordings.open(RECORDING, by="ana", download=True),
        (RECORDING, "denied"),
    ),
}


OUTSIDE = {"pause", "resume"}
"""What Twilio does: it is entered before it is asked, too."""


@pytest.mark.parametrize("name", ACTS)
def test_what_somebody_does_or_tries_is_on_the_log(archive: Archive, name: str) -> None:
    act, (sid, outcome) = ACTS[name]
    before = archive.audit.head()
    with suppress(TwirecError):
        act(archive)
    assert newest(archive) == ("ana", name.split()[0], sid, outcome)
    entries = archive.audit.log()[::-1]
    tried = [] if name.split()[0] not in OUTSIDE else ["tried"]
    assert [entry.outcome for entry in entries] == [*tried, outcome]
    assert not tried or entries[1].detail["tried"] == entries[0].seq
    assert before is None
    assert archive.audit.head() == AuditHead(len(entries), entries[-1].hash)
    assert archive.audit.verify().whole


def test_an_act_whose_entry_cannot_be_written_is_not_done(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise CatalogUnavailable("The disk is full.")

    for module in ("audit", "erasures", "orders", "notes"):
        monkeypatch.setattr(f"twirec.catalog.{module}.append", fail)
    for act in ("policy", "admit", "erase", "annotate"):
        with pytest.raises(CatalogError):
            ACTS[act][0](archive)
    assert archive.catalog.policy.history() == []
    assert archive.catalog.orders.of(RECORDING) == []
    assert archive.calls.get(call_sid()).notes == ()
    assert archive.catalog.recordings.get(RECORDING).state is State.RELEASED


class Watched(MemoryBucket):
    """A bucket that says what was on the log when the first byte was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.archive: Archive | None = None
        self.seen: list[str] = []

    def open_range(
        self, name: str, start: int = 0, end: int | None = None, *, generation: int | None = None
    ) -> Any:
        """Give bytes."""
        assert self.archive is not None
        self.seen += [entry.action for entry in self.archive.audit.log()]
        return super().open_range(name, start, end, generation=generation)


@pytest.fixture
def heard(twirec_settings: Settings) -> Archive:
    """An archive with a recording that may be heard, in a bucket that watches."""
    bucket = Watched()
    archive = Archive(twirec_settings, bucket=bucket, vendor=MemoryVendor())
    archive.set_up()
    archive.catalog.ledger.open_call(a_call())
    archive.catalog.consents.record(a_consent(), None)
    put = {"content_type": "", "labels": {}, "custom_time": STARTED}
    stored = bucket.put("a", [b"x" * 8], **put, finish=dict)  # type: ignore[arg-type]
    archived = a_recording(state=State.RELEASED, object_name="a", size=8, due_at=None)
    sha256 = hashlib.sha256(b"x" * 8).hexdigest()
    archive.catalog.recordings.adopt(replace(archived, crc32c=stored.crc32c, sha256=sha256))
    bucket.archive = archive
    return archive


@pytest.mark.parametrize(("download", "action"), [(False, "listen"), (True, "download")])
def test_the_entry_is_there_before_the_first_byte(
    heard: Archive, download: bool, action: str
) -> None:
    stream = heard.recordings.open(RECORDING, by=Actor("ana", "supervisor"), download=download)
    assert isinstance(heard.bucket.unchecked, Watched)
    assert heard.bucket.unchecked.seen == [action]
    (tried,) = heard.audit.log()
    assert (tried.role, tried.outcome, tried.detail) == ("supervisor", "tried", {"of": 8})
    assert b"".join(stream) == b"x" * 8
    done = heard.audit.log()[0]
    assert (done.role, done.outcome) == ("supervisor", "done")
    assert done.detail == {"of": 8, "tried": tried.seq, "bytes": [[0, 8]]}


def test_what_for_is_on_every_entry(heard: Archive) -> None:
    ana = {"by": Actor("ana", "supervisor"), "purpose": "Claim"}
    b"".join(heard.recordings.open(RECORDING, **ana))  # type: ignore[arg-type]
    alone = {"by": Actor("aurora", "auditor"), "purpose": "quality"}
    with pytest.raises(CustodyRefused):
        heard.recordings.convert(RECORDING, **alone)  # type: ignore[arg-type]
    with pytest.raises(InvalidQuery, match=r"^purpose: it is none; choose claim"):
        heard.recordings.open(RECORDING, by="ana", purpose="fun")
    said = [(entry.outcome, entry.detail.get("purpose")) for entry in heard.audit.log()[::-1]]
    assert said == [
        ("tried", "claim"),
        ("done", "claim"),
        ("denied", "quality"),
        ("failed", None),
    ]


def test_heard_for_something_else_is_another_listening(heard: Archive) -> None:
    for purpose in ("claim", "claim", "quality", "claim", None):
        heard.recordings.open(RECORDING, 0, 2, by="ana", purpose=purpose).close()
    tried = heard.audit.log(action="listen")[::-1]
    assert [entry.detail.get("purpose") for entry in tried] == ["claim", "quality", None]


def test_with_a_list_of_its_own_nobody_hears_without_saying_what_for(
    twirec_settings: Settings, heard: Archive
) -> None:
    own = replace(twirec_settings, purposes=Purposes(("Formación",), required=True))
    archive = Archive(own, catalog=heard.catalog, bucket=heard.bucket.unchecked)
    for hear in (archive.recordings.open, archive.recordings.convert):
        with pytest.raises(InvalidQuery, match=r"^purpose: say what the recording"):
            hear(RECORDING, by="ana")
    stream = archive.recordings.open(RECORDING, by="ana", purpose="formación")
    assert b"".join(stream) == b"x" * 8
    assert archive.audit.log()[0].detail["purpose"] == "Formación"


def test_what_could_not_be_heard_is_not_done(heard: Archive) -> None:
    heard.recordings.open(RECORDING, by="ana").close()
    heard.bucket.unchecked.delete("a", heard.bucket.unchecked.stat("a").generation)
    with pytest.raises(TwirecError):
        heard.recordings.open(RECORDING, by="ana")
    assert [(entry.outcome, entry.detail.get("error")) for entry in heard.audit.log()[::-1]] == [
        ("tried", None),
        ("failed", "nothing was read"),
        ("failed", "ObjectNotFound"),
    ]


def test_a_player_that_asks_in_pieces_is_one_listening(heard: Archive) -> None:
    heard.now = lambda: STARTED
    for start in range(0, 8, 2):
        stream = heard.recordings.open(RECORDING, start, start + 2, by=Actor("ana", "supervisor"))
        assert len(b"".join(stream)) == 2
    assert [entry.outcome for entry in heard.audit.log()] == ["tried"]
    heard.now = lambda: STARTED + IDLE
    heard._periodic.end_listenings()
    done = heard.audit.log(action="listen")[0]
    assert (done.outcome, done.role, done.detail["bytes"]) == ("done", "supervisor", [[0, 8]])


def test_without_an_entry_no_byte_leaves(heard: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise CatalogUnavailable("The disk is full.")

    monkeypatch.setattr("twirec.catalog.audit.append", fail)
    with pytest.raises(CatalogError):
        heard.recordings.open(RECORDING, by="ana")
    assert isinstance(heard.bucket.unchecked, Watched)
    assert heard.bucket.unchecked.seen == []


def test_apps_add_their_own_entries(archive: Archive) -> None:
    entry = archive.audit.record(
        "sign_in", by=Actor("ana", "admin"), outcome="denied", detail={"try": 2}
    )
    assert archive.audit.log(action="sign_in") == [entry]
    assert (entry.seq, entry.at, entry.outcome, entry.detail) == (1, STARTED, "denied", {"try": 2})


@pytest.mark.parametrize(("action", "by"), [("Sign in", "ana"), ("", "ana"), ("sign_in", " ")])
def test_an_entry_says_who_and_what(archive: Archive, action: str, by: str) -> None:
    with pytest.raises(TwirecError, match=r"^(action|by): "):
        archive.audit.record(action, by=by)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [4, 3, 2, 1]),
        ({"who": "bea"}, [3]),
        ({"sid": RECORDING}, [2]),
        ({"number": "600 11 12 22"}, [4, 2]),  # with what was done to a recording of its calls
        ({"since": "2026-11-23 11:17"}, [4, 3]),
        ({"until": "2026-11-23 11:17"}, [2, 1]),
        ({"limit": 2}, [4, 3]),
        ({"limit": 2, "after": 3}, [2, 1]),
    ],
    ids=str,
)
def test_the_log_is_cut_by_what_is_asked(
    archive: Archive, asked: dict[str, Any], found: list[int]
) -> None:
    said: tuple[dict[str, Any], ...] = ({}, {"sid": RECORDING}, {"by": "bea"}, {"number": NUMBER})
    for minute, fields in enumerate(said):
        archive.now = lambda minute=minute: STARTED + timedelta(minutes=minute)  # type: ignore[misc]
        archive.audit.record("sign_in", **{"by": "ana", **fields})
    assert [entry.seq for entry in archive.audit.log(**asked)] == found


# --- no numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["+34600111222", "600111222", "600 11 12 22", "(91) 100-01-11", "0034 600.11.12.22"]
)
def test_no_number_gets_into_the_log_wherever_it_is_put(archive: Archive, typed: str) -> None:
    detail = {"said": f"called {typed} twice", "count": 3}
    entry = archive.audit.record("sign_in", by=typed, sid=typed, number=typed, detail=detail)
    text = json.dumps([entry.by, entry.role, entry.sid, dict(entry.detail)])
    assert sum(letter.isdigit() for letter in text) == 1
    assert len(entry.number) == 64
    assert archive.audit.verify().whole


def test_sids_days_and_small_figures_stay() -> None:
    text = f"{recording_sid()} 2026-11-03 16:30, 123456 bytes, entry-12345678-x"
    assert without_numbers(text) == text


def test_nothing_that_the_library_writes_names_a_number(archive: Archive) -> None:
    archive.policy.change(by="ana", why=NUMBER, on=False, number=NUMBER, direction=Direction.IN)
    for act, _ in ACTS.values():
        with suppress(TwirecError):
            act(archive)
    with archive.catalog.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM audit").all()
    assert len(rows) > 10
    assert "600111222" not in str(rows)
    (policy,) = archive.audit.log(number=NUMBER, action="policy")
    assert policy.detail["change"] == 1


def test_the_same_number_has_another_stand_in_under_another_key(archive: Archive) -> None:
    trail, other = (
        AuditTrail(archive.catalog.audit, key=key, country="ES", now=archive.now)
        for key in ("k" * 32, "K" * 32)
    )
    assert trail.stand_in(NUMBER) != other.stand_in(NUMBER)


def test_a_number_is_refused_without_a_key() -> None:
    environ = {name: value for name, value in ENVIRONMENT.items() if name != "TWIREC_AUDIT_KEY"}
    archive = Archive.from_env(environ)
    archive.set_up()
    with pytest.raises(SettingsError, match="TWIREC_AUDIT_KEY"):
        archive.audit.record("sign_in", by="ana", number=NUMBER)
    archive.policy.change(by="ana", why="urgent", on=False, number=NUMBER)
    (entry,) = archive.audit.log()
    assert (entry.action, entry.number) == ("policy", "")
    archive.close()


# --- the chain --------------------------------------------------------------------------------


class Kept:
    """A log in memory, which can be tampered with."""

    def __init__(self, entries: list[AuditEntry]) -> None:
        self.kept = entries

    def entries(self, after: int, limit: int) -> list[AuditEntry]:
        return [entry for entry in self.kept if entry.seq > after][:limit]

    def check(self) -> None:
        return None

    def histories(self) -> tuple[list[AuditEntry], dict[tuple[str, int], str]]:
        return [], {}


def chain(length: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(length):
        draft = AuditDraft(STARTED, "ana", "", "listen", sid=recording_sid(number), number="f" * 64)
        head = AuditHead(entries[-1].seq, entries[-1].hash) if entries else None
        entries.append(chained(replace(draft, detail={"n": number}), head))
    return entries


def verdict(entries: list[AuditEntry], kept: AuditHead | None = None) -> int | None:
    return Chain(Kept(entries)).verify(kept, STARTED).broken_at  # type: ignore[arg-type]


OTHER: dict[str, Any] = {
    "at": STARTED + timedelta(microseconds=1),
    "by": "eve",
    "role": "admin",
    "action": "download",
    "sid": "",
    "number": "",
    "outcome": "failed",
    "detail": {},
    "previous": "e" * 64,
    "hash": "e" * 64,
}


@given(st.integers(0, 6), st.sampled_from(sorted(OTHER)))
def test_a_change_of_any_field_of_any_entry_is_found(at: int, field: str) -> None:
    entries = chain(7)
    assert verdict(entries) is None
    entries[at] = replace(entries[at], **{field: OTHER[field]})
    assert verdict(entries) in {at + 1, at + 2}


@given(st.integers(0, 5))
def test_an_entry_that_was_taken_out_is_found(at: int) -> None:
    entries = chain(7)
    del entries[at]
    assert verdict(entries) == at + 1


@given(st.integers(0, 5), st.integers(1, 6))
def test_entries_that_changed_places_are_found(at: int, by: int) -> None:
    entries = chain(7)
    to = (at + by) % 7
    moved = replace(entries[at], seq=entries[to].seq), replace(entries[to], seq=entries[at].seq)
    entries[to], entries[at] = moved
    assert verdict(entries) == min(at, to) + 1


@given(st.integers(1, 7))
def test_an_end_that_was_cut_off_is_found_with_a_head_that_was_kept(length: int) -> None:
    whole = chain(7)
    kept = AuditHead(whole[-1].seq, whole[-1].hash)
    assert verdict(whole[:-length]) is None
    assert verdict(whole[:-length], kept) == 8 - length


def test_a_chain_that_was_made_anew_is_found_with_a_head_that_was_kept() -> None:
    whole = chain(3)
    forged = [chained(replace(whole[0], by="eve"), None)]
    for entry in whole[1:]:
        forged.append(chained(entry, AuditHead(forged[-1].seq, forged[-1].hash)))
    assert verdict(forged) is None
    assert verdict(forged, AuditHead(2, whole[1].hash)) == 2


@settings(
    max_examples=examples(8, thorough=100),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300),
    st.dictionaries(st.text("abc", min_size=1), st.text("aé\"'1 ", max_size=20) | st.booleans()),
)
def test_what_is_written_down_is_what_is_read(
    twirec_archive: Archive, text: str, detail: dict[str, Any]
) -> None:
    entry = twirec_archive.audit.record("sign_in", by=f"x{text}", sid=text, detail=detail)
    assert twirec_archive.audit.log(limit=1) == [entry]
    assert twirec_archive.audit.verify().whole


# --- the database -----------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    catalog = Catalog(f"sqlite:///{tmp_path}/catalog.db")
    catalog.set_up()
    catalog.audit.append(AuditDraft(STARTED, "ana", "", "listen"))
    catalog.close()
    return tmp_path / "catalog.db"


@pytest.mark.about_sqlite("it is the file that somebody opens")
@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET by = 'eve'", "DELETE FROM audit", "DELETE FROM audit WHERE seq = 1"],
)
def test_the_database_itself_refuses_to_change_an_entry(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        with pytest.raises(sqlite3.DatabaseError, match="only ever added to"):
            connection.execute(statement)
        assert connection.execute("SELECT by FROM audit").fetchall() == [("ana",)]


def _append(path: Path, begin: Barrier) -> None:
    catalog = Catalog(f"sqlite:///{path}")
    begin.wait(300)
    for number in range(25):
        catalog.audit.append(AuditDraft(STARTED, "ana", "", "listen", sid=call_sid(number)))
    catalog.close()


@pytest.mark.about_sqlite("other processes are given the file")
def test_processes_that_write_together_make_one_chain(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    begin = spawn.Barrier(2)
    other = spawn.Process(target=_append, args=(path, begin))
    other.start()
    _append(path, begin)
    other.join(300)
    assert other.exitcode == 0
    catalog = Catalog(f"sqlite:///{path}")
    verdict = Chain(catalog.audit).verify(None, STARTED).verdict
    catalog.close()
    assert (verdict.entries, verdict.whole) == (51, True)


def test_of_the_detail_people_are_shown_spans_and_no_hash_of_a_history() -> None:
    detail = {"bytes": [[0, 44], [100, 131144]], "tried": 14, "content": "f" * 64}
    entry = chained(AuditDraft(STARTED, "ana", "", "listen", detail=detail), None)
    assert entry.shown == {"bytes": "0-44, 100-131144", "tried": "14"}
    assert entry.detail == detail
