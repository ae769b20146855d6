"""What the doctor sees of a bucket at Google."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.doctor.conftest import Installation, levels
from tests.servers import StrictGcs, fake_gcs
from tests.strict_gcs import Fault
from twirec.adapters.gcs_inspect import GcsInspector
from twirec.doctor.bucket import bucket_results
from twirec.doctor.results import guarded
from twirec.model.inspection import Check, CheckResult, Level

DAY = 24 * 60 * 60
SAFE: dict[str, Any] = {
    "location": "EUROPE-WEST1",
    "iamConfiguration": {
        "uniformBucketLevelAccess": {"enabled": True},
        "publicAccessPrevention": "enforced",
    },
    "softDeletePolicy": {"retentionDurationSeconds": "0"},
}
ACCESS = SAFE["iamConfiguration"]

Examine = Callable[..., list[CheckResult]]


@pytest.fixture(scope="module")
def server() -> Iterator[StrictGcs]:
    with StrictGcs() as server:
        yield server


@pytest.fixture
def look(server: StrictGcs, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Look at a new bucket that is set up as said."""
    server.reset()
    server.store.permissions |= {"storage.buckets.get"}
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    names = (f"bucket-{at}" for at in itertools.count(len(server.store._buckets)))

    def look(prefix: str = "", **changes: Any) -> list[CheckResult]:
        name = next(names)
        server.store.create_bucket(name, {**SAFE, **changes})
        return findings_of(name, prefix)

    return look


def findings_of(name: str, prefix: str = "", retry_for: float = 5.0) -> list[CheckResult]:
    bucket = GcsInspector(name, retry_for=retry_for)
    try:
        return list(guarded(Check.BUCKET, lambda: bucket_results(bucket, name, prefix)))
    finally:
        bucket.close()


def wrong(results: list[CheckResult]) -> dict[Check, Level]:
    return {one.check: one.level for one in results if one.level is not Level.OK}


def rule(action: str = "Delete", **condition: Any) -> dict[str, Any]:
    return {"lifecycle": {"rule": [{"action": {"type": action}, "condition": condition}]}}


def test_a_bucket_as_it_should_be_is_all_ok(look: Examine) -> None:
    results = look()
    assert wrong(results) == {}
    assert {one.check for one in results} == {
        Check.BUCKET,
        Check.UNIFORM_ACCESS,
        Check.PUBLIC_ACCESS,
        Check.RETENTION,
        Check.SOFT_DELETE,
        Check.LIFECYCLE,
    }
    assert any("EUROPE-WEST1" in one.what for one in results)


@pytest.mark.parametrize(
    ("changes", "check", "level"),
    [
        (
            {"iamConfiguration": {**ACCESS, "uniformBucketLevelAccess": {"enabled": False}}},
            Check.UNIFORM_ACCESS,
            Level.FAILED,
        ),
        (
            {"iamConfiguration": {"publicAccessPrevention": "enforced"}},
            Check.UNIFORM_ACCESS,
            Level.WARNING,
        ),
        (
            {"iamConfiguration": {**ACCESS, "publicAccessPrevention": "inherited"}},
            Check.PUBLIC_ACCESS,
            Level.WARNING,
        ),
        ({"retentionPolicy": {"retentionPeriod": str(7 * DAY)}}, Check.RETENTION, Level.FAILED),
        ({"defaultEventBasedHold": True}, Check.RETENTION, Level.FAILED),
        (
            {"softDeletePolicy": {"retentionDurationSeconds": str(7 * DAY)}},
            Check.SOFT_DELETE,
            Level.WARNING,
        ),
        ({"softDeletePolicy": {}}, Check.SOFT_DELETE, Level.WARNING),
        (rule(age=29), Check.LIFECYCLE, Level.FAILED),
        (rule(daysSinceCustomTime=0), Check.LIFECYCLE, Level.FAILED),
        (rule(age=1, daysSinceCustomTime=365), Check.LIFECYCLE, Level.WARNING),
        (rule(age=30), Check.LIFECYCLE, Level.WARNING),
        (rule(createdBefore="2020-01-01"), Check.LIFECYCLE, Level.WARNING),
        (rule(age=5, isLive=True), Check.LIFECYCLE, Level.FAILED),
    ],
)
def test_what_is_wrong_with_a_bucket_is_said_with_the_fix(
    look: Examine, changes: dict[str, Any], check: Check, level: Level
) -> None:
    results = look(**changes)
    assert wrong(results) == {check: level}
    assert all(one.fix for one in results if one.level is not Level.OK)


@pytest.mark.parametrize(
    "lifecycle",
    [
        rule("SetStorageClass", age=1),
        rule("AbortIncompleteMultipartUpload", age=1),
        rule(age=1, isLive=False),
        rule(daysSinceNoncurrentTime=1),
        rule(numNewerVersions=3),
        rule(age=1, matchesPrefix=["logs/"]),
    ],
)
def test_a_rule_that_deletes_no_recording_is_fine(look: Examine, lifecycle: dict[str, Any]) -> None:
    assert wrong(look("calls/", **lifecycle)) == {}


@pytest.mark.parametrize("prefix", ["c", "calls/", "calls/recordings/2026"])
def test_a_rule_for_a_part_of_our_names_is_told(look: Examine, prefix: str) -> None:
    assert wrong(look("calls/", **rule(age=1, matchesPrefix=[prefix]))) == {
        Check.LIFECYCLE: Level.FAILED
    }


def test_permissions_that_are_missing_are_named(look: Examine, server: StrictGcs) -> None:
    server.store.permissions -= {"storage.objects.delete", "storage.objects.update"}
    try:
        result = look()[0]
    finally:
        server.store.permissions |= {"storage.objects.delete", "storage.objects.update"}
    assert result.level is Level.FAILED
    assert "storage.objects.delete, storage.objects.update" in result.what
    assert "roles/storage.objectAdmin" in result.fix


def test_a_bucket_whose_settings_cannot_be_read_is_a_warning(
    look: Examine, server: StrictGcs
) -> None:
    server.store.permissions -= {"storage.buckets.get"}
    results = look()
    assert wrong(results) == {Check.UNIFORM_ACCESS: Level.WARNING}
    assert server.count("bucket") == 0


@pytest.mark.usefixtures("look")
def test_a_bucket_that_is_not_there_is_failed() -> None:
    (result,) = findings_of("nowhere")
    assert (result.level, "There is no bucket nowhere" in result.what) == (Level.FAILED, True)


@pytest.mark.parametrize(
    ("status", "said"), [(401, "credentials cannot be used"), (503, "does not answer (HTTP 503")]
)
def test_a_google_that_refuses_or_is_down_is_failed(
    look: Examine, server: StrictGcs, status: int, said: str
) -> None:
    look()
    server.fail(Fault("permissions", times=99, status=status))
    (result,) = findings_of("bucket-0", retry_for=0.2)
    assert (result.level, said in result.what, bool(result.fix)) == (Level.FAILED, True, True)


def test_nothing_is_written_or_deleted(look: Examine, server: StrictGcs) -> None:
    look()
    assert {seen.method for seen in server.requests} == {"GET"}


def test_the_examination_looks_at_the_bucket_of_the_settings(
    installation: Installation, look: Examine, server: StrictGcs
) -> None:
    server.store.create_bucket("of-the-settings", SAFE)
    results = installation.examine(TWIREC_BUCKET="gs://of-the-settings/calls")
    found = levels(results)
    assert found.pop(Check.MARK) is Level.FAILED  # the catalog's own is in its folder
    assert set(found.values()) == {Level.OK}


def test_what_a_bucket_does_not_say_is_not_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_gcs("a-bucket") as url:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", url)
        (missing,) = findings_of("no-bucket")
        found = wrong(findings_of("a-bucket"))
    assert "There is no bucket no-bucket" in missing.what
    assert found == dict.fromkeys(
        (Check.BUCKET, Check.UNIFORM_ACCESS, Check.PUBLIC_ACCESS, Check.SOFT_DELETE), Level.WARNING
    )
