"""Whether rules say how long recordings are kept, and whether the bucket lets that be so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.doctor.conftest import Installation
from tests.factories import a_call, a_recording
from tests.servers import StrictGcs
from twirec.archive import Archive
from twirec.doctor.retention import compare
from twirec.model.inspection import BucketFacts, Check, DeletionRule, Level
from twirec.model.retention import AtEnd, RetentionRule, Term

SHORT = RetentionRule("short", Term(30, "days"), at_end=AtEnd.DESTROY)
LONG = RetentionRule("long", Term(5, "years"), at_end=AtEnd.BLOCK)
BLOCKED_FOR = timedelta(days=1096)
FACTS: dict[str, Any] = {
    "location": "EUROPE-WEST1",
    "uniform_access": True,
    "public_access_prevention": "enforced",
    "retention_days": 0,
    "holds_by_default": False,
    "soft_delete_days": 0,
    "deletion_rules": (),
}


def deletes(days: int | None, *prefixes: str) -> dict[str, Any]:
    return {"deletion_rules": (DeletionRule(days, prefixes),)}


COMPARED: tuple[tuple[dict[str, Any], list[tuple[Level, str]]], ...] = (
    ({}, []),
    (
        deletes(29),
        [(Level.FAILED, "after 29 days, before the time of these rules is over: sh")],
    ),
    (deletes(30), [(Level.FAILED, "before the time of these rules is over: long")]),
    (deletes(5 * 365 + 2), [(Level.FAILED, "is over: long")]),  # which is blocked by then
    (deletes(9 * 365), []),
    (deletes(1, "logs/"), []),
    (deletes(1, "calls/"), [(Level.FAILED, "after 1 days")]),
    (deletes(None), []),
    ({"retention_days": 30}, []),
    (
        {"retention_days": 31},
        [(Level.FAILED, "after the time of these rules is over: short")],
    ),
    ({"retention_days": 9999}, [(Level.FAILED, "is over: short, long")]),
    ({"soft_delete_days": 7}, [(Level.WARNING, "destroys for 7 days more")]),
)


def test_which_of_bucket_and_rules_destroys_earlier_and_which_keeps_longer() -> None:
    for changes, said in COMPARED:
        facts = BucketFacts(**FACTS | changes)
        results = list(compare([SHORT, LONG], facts, "calls", "calls/", BLOCKED_FOR))
        assert [each.level for each in results] == [level for level, _ in said], changes
        for result, (_, words) in zip(results, said, strict=True):
            assert words in result.what
            assert result.fix


def test_that_there_are_no_rules_is_said_once_there_are_recordings(
    installation: Installation,
) -> None:
    assert installation.found(Check.RULES).level is Level.OK
    archive = Archive.from_env(installation.environ)
    archive.catalog.ledger.open_call(a_call())
    archive.catalog.recordings.adopt(a_recording())
    found = installation.found(Check.RULES)
    assert (found.level, found.fix) == (Level.WARNING, "twirec retention suggest")
    rules = archive.custody.retention
    rules.set("all", "1 year", by="ana", reason="x")
    confirm = rules.preview(by="ana").confirm
    rules.apply(confirm=confirm, by="ana", reason="x")
    assert installation.found(Check.RULES).level is Level.OK
    rules.set("all", "2 years", by="ana", reason="x")
    told = [each for each in installation.examine() if each.check is Check.RULES]
    assert [each.level for each in told] == [Level.OK, Level.WARNING]
    archive.close()


def test_the_buckets_own_rules_are_read_at_google(
    installation: Installation, monkeypatch: Any
) -> None:
    archive = Archive.from_env(installation.environ)
    rules = archive.custody.retention
    rules.set("all", "1 year", by="ana", reason="x")
    rules.apply(confirm=rules.preview(by="ana").confirm, by="ana", reason="x")
    archive.close()
    lifecycle = {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 90}}]}
    with StrictGcs() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
        server.store.permissions |= {"storage.buckets.get"}
        soft = {"softDeletePolicy": {"retentionDurationSeconds": str(7 * 86_400)}}
        server.store.create_bucket("calls", {"lifecycle": lifecycle, **soft})
        results = installation.examine(TWIREC_BUCKET="gs://calls/twirec")
    said = [each.what for each in results if each.check is Check.RULES]
    assert len(said) == 3
    assert "deletes recordings after 90 days" in said[1]
    assert "destroys for 7 days more" in said[2]
