"""Months that are closed: every gap is named, and none is invented."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import subprocess
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.examples import examples
from tests.factories import ACCOUNT, call_sid
from tests.month import BEGIN, MonthHouse
from twirec.evidence.check import check_evidence
from twirec.model.access import Actor
from twirec.model.anchors import Anchor
from twirec.model.audit import AuditOutcome
from twirec.model.claims import CheckLevel
from twirec.model.errors import (
    BytesDiffer,
    CustodyRefused,
    InvalidQuery,
    LookedAtNothing,
    NotFound,
)
from twirec.model.months import Gap, GapKind, month_span
from twirec.settings import Settings

ANA = Actor("ana", "admin")
MADRID = ZoneInfo("Europe/Madrid")
ANCHOR = Anchor(1, datetime(2026, 12, 1, tzinfo=UTC), 1, "a" * 64, "b" * 64, "0123456789abcdef")


def inside(package: bytes, folder: Path) -> dict[str, bytes]:
    """Return the files in a PDF, as others take them out."""
    file = folder / "month.pdf"
    file.write_bytes(package)
    subprocess.run(["pdfdetach", "-saveall", "-o", folder, file], check=True)
    return {each.name: each.read_bytes() for each in folder.iterdir() if each != file}


def test_every_gap_is_named_and_none_is_invented(twirec_settings: Settings, tmp_path: Path) -> None:
    month = MonthHouse(twirec_settings)
    month.fill(300)
    month.scatter()
    custody = month.house.archive.custody
    month.house.archive.catalog.anchors.keep(ANCHOR)
    found = custody.months.close("2026-11", by=ANA)
    assert set(found.named) == month.gaps
    assert found.statement.gaps == len(month.gaps) == len(found.named)
    assert not found.statement.closed
    package = b"".join(custody.months.open(found.statement.id, by=ANA))
    assert hashlib.sha256(package).hexdigest() == found.statement.sha256
    files = inside(package, tmp_path)
    said = json.loads(files["manifest.json"])
    gone = 1  # of the calls that Twilio does not list any more one was erased, and is explained
    assert said["calls"] == month.calls == found.statement.calls
    assert said["standings"] == {
        "recorded": 300 + 2,
        "blocked": 1,
        "destroyed": 1 + gone,
        "refused": 1,
        "not_recorded": 3,
        "unexplained": 12,
    }
    assert said["reasons"] == {"off": 1, "nobody_answered": 1, "catalog_down": 1}
    assert said["recordings"] == {
        "verified": 302,
        "blocked": 1,
        "destroyed": 2,
        "destroyed_by_rule": 1,
    }
    assert said["compared"]["other_calls"] == 1
    assert (said["since"], said["until"]) == (
        "2026-10-31T23:00:00.000000Z",
        "2026-11-30T23:00:00.000000Z",
    )
    rows = list(csv.DictReader(io.StringIO(files["gaps.csv"].decode())))
    assert {Gap(GapKind(row["kind"]), row["sid"], row["call_sid"]) for row in rows} == month.gaps
    assert month.blocked not in files["calls.csv"].decode()
    assert said["anchor"]["sha256"] == ANCHOR.digest
    assert b"34600" not in files["calls.csv"] + files["manifest.json"]
    entries = [
        each
        for each in month.house.archive.audit.log(limit=10)
        if each.action == "close_month" and each.sid == found.statement.id
    ]
    assert [each.outcome for each in entries] == [AuditOutcome.DONE, AuditOutcome.TRIED]
    assert entries[0].detail["sha256"] == found.statement.sha256
    assert entries[0].detail["closed"] is False
    # not sealed, which is said, and what it says adds up all the same
    checked = check_evidence(io.BytesIO(package))
    assert [each.code for each in checked.claims if each.level is CheckLevel.BROKEN] == ["no_seal"]
    assert "month_not_closed" in [each.code for each in checked.claims]


def test_a_month_without_gaps_is_closed_and_the_next_statement_names_the_one_before(
    twirec_settings: Settings,
) -> None:
    month = MonthHouse(twirec_settings)
    month.fill(3)
    months = month.house.archive.custody.months
    first = months.close("2026-11", by=ANA).statement
    month.house.time += timedelta(minutes=1)
    second = months.close("2026-11", by=ANA).statement
    assert (first.closed, first.calls, first.previous) == (True, 3, "")
    assert (second.closed, second.previous) == (True, first.id)
    assert [each.id for each in months.list(by=ANA)] == [second.id, first.id]
    assert months.list(by=Actor("eva", "supervisor")) == ()
    with pytest.raises(NotFound):
        months.open(first.id, by=Actor("eva", "supervisor"))
    with pytest.raises(CustodyRefused):
        months.close("2026-11", by=Actor("eva", "supervisor"))
    stored, data = month.house.bucket._objects[first.object_name]
    month.house.bucket._objects[first.object_name] = (stored, data[:-1])
    with pytest.raises(BytesDiffer):
        months.open(first.id, by=ANA)


@pytest.mark.parametrize("later", [0, 1, -1, 9, -9, 40, -40])
@pytest.mark.parametrize("listed", [True, False])
def test_a_line_that_is_on_no_list_is_in_the_month_and_none_is_in_it_twice(
    twirec_settings: Settings, listed: bool, later: int
) -> None:
    """Twilio has the call on another day than the line, or month, and lists it there or nowhere."""
    month = MonthHouse(twirec_settings)
    month.fill(3)
    month.add(BEGIN + timedelta(days=14, hours=12))
    vendor, sid = month.house.vendor, call_sid(month._number)
    call = vendor._calls[ACCOUNT, sid]
    began = call.began_at + timedelta(days=later) if call.began_at else None
    vendor._calls[ACCOUNT, sid] = dataclasses.replace(call, started_at=began, ended_at=began)
    if not listed:
        vendor.calls = lambda *given, **span: (  # type: ignore[method-assign]
            each for each in type(vendor).calls(vendor, *given, **span) if each.sid != sid
        )
    span = month_span("2026-11", month.house.archive.now(), MADRID)
    compared = month.house.archive.custody.months._compared(span)
    found = [each.call_sid for each in compared.compare() if not isinstance(each, Gap)]
    belongs_here = not listed or abs(later) < 40
    assert found.count(sid) == belongs_here
    assert len(found) == 3 + belongs_here


@pytest.mark.parametrize("listed", [True, False])
def test_a_call_without_any_time_is_in_the_month(twirec_settings: Settings, listed: bool) -> None:
    month = MonthHouse(twirec_settings)
    month.fill(3)
    vendor, sid = month.house.vendor, call_sid(month._number)
    call = dataclasses.replace(vendor._calls[ACCOUNT, sid], started_at=None, ended_at=None)
    vendor._calls[ACCOUNT, sid] = call
    if listed:
        vendor.calls = lambda *given, **span: (  # type: ignore[method-assign]
            *type(vendor).calls(vendor, *given, **span),
            call,
        )
    found = month.house.archive.custody.months.close("2026-11", by=ANA)
    assert (found.statement.calls, found.named) == (3, ())


def test_a_list_of_nothing_closes_nothing(twirec_settings: Settings) -> None:
    month = MonthHouse(twirec_settings)
    month.fill(30)
    vendor = month.house.vendor
    vendor._calls.clear()
    with pytest.raises(LookedAtNothing, match="TWILIO_ACCOUNT_SID"):
        month.house.archive.custody.months.close("2026-11", by=ANA)
    assert month.house.archive.custody.months.list(by=ANA) == []


@pytest.mark.parametrize(
    ("month", "now", "said"),
    [
        ("2026-11", "2026-11-30T22:59:59", "is not over; it can be closed from 2026-12-01"),
        ("2026-11", "2026-11-30T23:00:00", None),
        ("2025-10", "2026-11-30T12:00:00", "is too long ago: Twilio lists calls for 13 months"),
        ("2025-11", "2026-11-30T12:00:00", None),
        ("2025-11", "2026-12-01T12:00:00", None),
        ("2025-11", "2026-12-02T12:00:00", "is too long ago"),
        ("2026-13", "2026-11-30T12:00:00", "write it as 2026-11"),
        ("November", "2026-11-30T12:00:00", "write it as 2026-11"),
        ("0001-01", "2026-11-30T12:00:00", "from 2000 on"),
    ],
)
def test_which_months_can_be_closed(month: str, now: str, said: str | None) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    if said is None:
        assert month_span(month, moment, MADRID).name == month
        return
    with pytest.raises(InvalidQuery, match=said):
        month_span(month, moment, MADRID)


def test_a_day_of_a_month_is_as_long_as_the_zone_says() -> None:
    span = month_span("2026-10", datetime(2026, 11, 30, tzinfo=UTC), MADRID)
    hours = [(end - begin).total_seconds() / 3600 for begin, end in zip(span.days, span.days[1:])]  # noqa: B905
    assert len(hours) == 31
    assert hours[24] == 25
    assert set(hours) == {24.0, 25.0}


def test_a_zone_of_another_company_has_another_month(twirec_settings: Settings) -> None:
    tokyo = dataclasses.replace(twirec_settings, timezone=ZoneInfo("Asia/Tokyo"))
    month = MonthHouse(tokyo)
    month.fill(30)  # of which those of the last eight hours are of December there
    found = month.house.archive.custody.months.close("2026-11", by=ANA)
    assert 20 < found.statement.calls <= 30
    assert found.named == ()


MANY = examples(1_500, thorough=20_000)
MOST = 6_000_000
"""Bytes at the peak: the SIDs of two days, the names of three, and a page of calls."""


def test_a_month_takes_the_memory_of_a_day_however_many_calls_it_has(
    twirec_settings: Settings,
) -> None:
    month = MonthHouse(twirec_settings)
    month.fill(MANY)
    month.scatter()
    archive = month.house.archive
    span = month_span("2026-11", archive.now(), archive.settings.timezone)
    compared = archive.custody.months._compared(span)
    gaps, count = set[Gap](), 0
    tracemalloc.start()
    try:
        for found in compared.compare():
            count += not isinstance(found, Gap)
            gaps.update([found] if isinstance(found, Gap) else found.gaps)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert gaps == month.gaps
    assert count == month.calls
    assert most < MOST
