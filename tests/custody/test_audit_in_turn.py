"""A rewritten log is noticed without being asked."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import tampering
from tests.factories import STARTED
from twirec.archive import Archive
from twirec.custody import audit
from twirec.custody.audit import due
from twirec.doctor.audit_log import check_audit
from twirec.events.wire import body_of
from twirec.model.audit import AuditCheck, AuditHead, Pass
from twirec.model.errors import BucketUnavailable
from twirec.model.events import EventType
from twirec.model.inspection import Level
from twirec.settings import Settings

DAY = timedelta(days=1)


@pytest.fixture
def archive(twirec_archive: Archive) -> Archive:
    twirec_archive.now = lambda: STARTED
    for number in range(12):
        twirec_archive.audit.record("sign_in", by=f"user-{number}")
    return twirec_archive


@pytest.fixture
def turn(archive: Archive) -> Callable[[], None]:
    """Let a worker look, each time a minute later."""

    def look() -> None:
        at = archive.now()
        archive.now = lambda: at + timedelta(minutes=1)
        archive._periodic.verify_audit()

    return look


def rewrite(archive: Archive, statement: str) -> None:
    """Change the log as somebody does who has the file."""
    with archive.catalog.database.write() as connection:
        tampering.rewrite(connection, "audit", statement)


@pytest.mark.parametrize(
    ("check", "ago", "going"),
    [
        (None, None, Pass.ALL),
        (AuditCheck(), None, Pass.ALL),
        (AuditCheck(going=Pass.NEW, seq=4), timedelta(0), Pass.NEW),
        (AuditCheck(full_at=STARTED), timedelta(hours=23), None),
        (AuditCheck(full_at=STARTED), DAY, Pass.NEW),
        (AuditCheck(full_at=STARTED - 6 * DAY), DAY, Pass.ALL),
        (AuditCheck(full_at=STARTED, why="it was changed"), timedelta(hours=1), None),
        (AuditCheck(full_at=STARTED, why="it was changed"), DAY, Pass.ALL),
        (AuditCheck(full_at=STARTED), -DAY, Pass.NEW),  # a clock was wrong then
    ],
)
def test_it_is_looked_at_daily_and_weekly_at_all_of_it(
    check: AuditCheck | None, ago: timedelta | None, going: Pass | None
) -> None:
    before = replace(check, at=STARTED) if check and ago is not None else check
    found = due(before, STARTED + (ago or timedelta()))
    assert (found.going if found else None) == going


def test_workers_look_at_it_by_themselves(archive: Archive, turn: Callable[[], None]) -> None:
    periodic = archive.operations.worker(threads=1)._periodic
    assert archive._periodic.verify_audit in periodic
    assert archive.operations.stats().audit_verified is None
    turn()
    stats = archive.operations.stats()
    assert (stats.audit_verified, stats.audit_problem) == (archive.now(), "")


def test_a_long_log_is_looked_at_bit_by_bit(
    archive: Archive, turn: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twirec.archive.periodic.ENTRIES", 4)
    monkeypatch.setattr(audit, "PAGE", 4)
    seen = []
    while (check := archive.audit.check()) is None or check.going:
        turn()
        seen.append((archive.audit.check() or AuditCheck()).seq)
    assert seen == [4, 8, 12, 12]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE audit SET by = 'eve' WHERE seq = 3", "at entry 3: it was changed"),
        ("DELETE FROM audit WHERE seq = 3", "at entry 3: it is missing"),
        ("DELETE FROM audit WHERE seq > 10", "the end is cut off: there were 12 entries"),
        ("DELETE FROM audit", "the end is cut off: there were 12 entries"),
        ("UPDATE audit SET detail = '{' WHERE seq = 3", "at entry 3: it cannot be read"),
        ("UPDATE audit SET detail = '[1]' WHERE seq = 3", "at entry 3: it cannot be read"),
        ("UPDATE audit SET at = 'soon' WHERE seq = 3", "at entry 3: it cannot be read"),
        ("UPDATE audit SET at = 'soon' WHERE seq = 12", "at entry 12: it cannot be read"),
    ],
)
def test_it_is_said_until_the_log_is_whole_again(
    archive: Archive,
    turn: Callable[[], None],
    caplog: pytest.LogCaptureFixture,
    statement: str,
    why: str,
) -> None:
    turn()
    rows = archive.catalog.audit.entries(0, 100)
    rewrite(archive, statement)
    for days in (1, 7):  # what was verified once is looked at within a week
        archive.now = lambda days=days: STARTED + days * DAY  # type: ignore[misc]
        turn()
    assert why in archive.operations.stats().audit_problem
    said = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert why in said[-1].getMessage()
    assert check_audit(archive.audit.check(), archive.now()).level is Level.FAILED
    assert not archive.audit.verify().whole
    assert archive.operations.stats().audit_problem  # still
    with archive.catalog.database.write() as connection:
        from twirec.catalog.database import to_row
        from twirec.catalog.tables import audit as table

        connection.execute(table.delete())
        connection.execute(table.insert(), [to_row(entry, table) for entry in rows])
    assert archive.audit.verify().whole
    assert archive.operations.stats().audit_problem == ""


def test_what_is_new_is_found_within_a_day(archive: Archive, turn: Callable[[], None]) -> None:
    turn()
    archive.audit.record("sign_in", by="ana")
    rewrite(archive, "UPDATE audit SET by = 'eve' WHERE seq = 13")
    archive.now = lambda: STARTED + DAY
    turn()
    assert "at entry 13: it was changed" in archive.operations.stats().audit_problem


def test_a_chain_that_was_made_anew_is_found_by_the_head_in_the_bucket(
    archive: Archive, turn: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive.journal, "audit_head", lambda: AuditHead(5, "e" * 64))
    turn()
    assert (
        "at entry 5: it is not the one that it was once" in archive.operations.stats().audit_problem
    )


def test_an_end_that_was_cut_off_with_what_is_remembered_of_it_is_found_within_a_day(
    archive: Archive, turn: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    turn()
    head = archive.audit.head()
    monkeypatch.setattr(archive.journal, "audit_head", lambda: head)
    rewrite(archive, "DELETE FROM audit WHERE seq > 10")
    rewrite(
        archive,
        "UPDATE audit_check SET (seq, top_seq) = (10, 10), "
        "(hash, top_hash) = (SELECT hash, hash FROM audit WHERE seq = 10)",
    )
    archive.now = lambda: STARTED + DAY
    turn()
    assert (
        "the end is cut off: there were 12 entries once" in archive.operations.stats().audit_problem
    )


def test_a_history_that_cannot_be_read_is_said(archive: Archive, turn: Callable[[], None]) -> None:
    archive.policy.change(on=False, by="ana", why="a test")
    with archive.catalog.database.write() as connection:
        tampering.rewrite(connection, "policy_changes", "UPDATE policy_changes SET at = 'soon'")
    turn()
    assert "histories beside it cannot be read" in archive.operations.stats().audit_problem


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_check SET at = 'soon'", "UPDATE audit_check SET going = 'nonsense'"],
)
def test_what_is_remembered_of_it_and_cannot_be_read_is_said_and_made_anew(
    archive: Archive, turn: Callable[[], None], statement: str
) -> None:
    turn()
    rewrite(archive, statement)
    assert "what was remembered of it was changed" in archive.operations.stats().audit_problem
    turn()
    assert archive.operations.stats().audit_problem == ""


def test_an_entry_of_an_app_that_says_no_row_is_named(
    archive: Archive, turn: Callable[[], None]
) -> None:
    archive.audit.record("policy", by="ana", detail={"content": "x"})
    turn()
    assert "at entry 13: it does not say of which row" in archive.operations.stats().audit_problem


def test_a_bucket_that_is_away_hinders_nothing(
    archive: Archive, turn: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise BucketUnavailable("It does not answer.")

    monkeypatch.setattr(archive.journal, "audit_head", away)
    turn()
    assert archive.operations.stats().audit_verified


@pytest.mark.parametrize(
    ("check", "level"),
    [
        (None, Level.OK),
        (AuditCheck(going=Pass.ALL), Level.OK),
        (AuditCheck(at=STARTED), Level.OK),
        (AuditCheck(at=STARTED - 4 * DAY), Level.WARNING),
        (AuditCheck(at=STARTED, broken_at=3, why="it was changed"), Level.FAILED),
    ],
)
def test_the_doctor_says_it(check: AuditCheck | None, level: Level) -> None:
    assert check_audit(check, STARTED).level is level


RIGHT, CHANGED = """UPDATE audit SET "by" = 'ana'""", """UPDATE audit SET "by" = 'eva'"""


def test_it_is_told_once_until_it_was_right_again(
    twirec_settings: Settings,
) -> None:
    wanted = replace(
        twirec_settings, notify_url="https://hooks.example.com/", notify_secret="s" * 32
    )
    archive = Archive(wanted)
    archive.set_up()
    archive.audit.record("sign_in", by="ana")
    for broken in (False, True, True, False, True):
        rewrite(archive, CHANGED if broken else RIGHT)
        assert archive.audit.verify().whole is not broken
    queue, told = archive.catalog.events.queue, []
    while lease := queue.claim(archive.now(), DAY):
        told.append(lease.item)
    assert [event.type for event in told] == [EventType.AUDIT_BROKEN] * 2
    assert {event.recording_sid for event in told} == {None}
    assert json.loads(body_of(told[0])).keys() == {"id", "event", "at"}
    archive.close()
