"""How a bucket at Google Cloud Storage is set up. Reads only.

Fields and their meaning: https://cloud.google.com/storage/docs/json_api/v1/buckets
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from twirec.adapters.gcs import GcsBucket
from twirec.adapters.gcs_errors import no_bucket
from twirec.model.bucket_mark import LONGEST, NAME
from twirec.model.errors import BytesDiffer, ObjectNotFound
from twirec.model.inspection import BucketFacts, DeletionRule

OWN_FOLDERS = ("recordings", "announcements", "derivatives", "journal")
"""What is below a prefix that is ours."""

MOST_LOOKED_AT = 20
"""Prefixes below that are looked at, with two requests each."""

DAY = 24 * 60 * 60

ONLY_NONCURRENT = {"daysSinceNoncurrentTime", "noncurrentTimeBefore", "numNewerVersions"}
"""Conditions that no live object meets (https://cloud.google.com/storage/docs/lifecycle)."""

AGES = {"age", "daysSinceCustomTime"}
"""Conditions in days; the custom time of our objects is the start of the recording."""


class GcsInspector:
    """A bucket, asked how it is set up.

    Args:
        bucket: the bucket's name.
        retry_for: seconds that a request is repeated while the error may pass.
    """

    def __init__(self, bucket: str, *, retry_for: float = 15.0) -> None:
        self._objects = GcsBucket(bucket, retry_for=retry_for)
        self._connection = self._objects.connection

    def close(self) -> None:
        """Close the connections."""
        self._objects.close()

    def permissions(self, wanted: Collection[str]) -> frozenset[str] | None:
        """Return which of these permissions the credentials have on the bucket.

        None from a stand-in for Google that has the bucket, and does not know the question.

        Source: https://cloud.google.com/storage/docs/json_api/v1/buckets/testIamPermissions

        Raises:
            BucketRefused: there is no such bucket, or the credentials are not taken.
        """
        not_found = ObjectNotFound("The bucket, or the question, is not known.")
        try:
            with self._connection.translated({404: not_found}):
                held = self._connection.bucket().test_iam_permissions(
                    sorted(wanted), **self._connection.options
                )
        except ObjectNotFound:
            self.facts()
            return None
        return frozenset(held)

    def facts(self) -> BucketFacts:
        """Read how the bucket is set up; needs `storage.buckets.get`."""
        bucket = self._connection.bucket()
        with self._connection.translated({404: no_bucket(self._connection.name)}):
            bucket.reload(**self._connection.options)
        # The resource as it came: the properties give a default for what Google did not say.
        return _facts(bucket._properties)

    def marks_around(self, prefix: str) -> dict[str, bytes]:
        """Return the marks at a prefix, above it and right below it, by `gs://bucket/prefix`.

        What is right below is told by one page of a listing
        (https://cloud.google.com/storage/docs/json_api/v1/objects/list, `delimiter`).
        """
        parts = prefix.split("/") if prefix else []
        places = ["/".join(parts[:length]) for length in range(len(parts), -1, -1)]
        top = f"{prefix}/" if prefix else ""
        with self._connection.translated({404: no_bucket(self._connection.name)}):
            listed = self._connection.bucket().list_blobs(
                prefix=top, delimiter="/", **self._connection.options
            )
            next(listed.pages, None)
        below = [place.strip("/") for place in sorted(listed.prefixes)]
        ours = {f"{top}{name}" for name in OWN_FOLDERS}
        places += [place for place in below if place not in ours][:MOST_LOOKED_AT]
        found = {}
        for place in places:
            with suppress(ObjectNotFound, BytesDiffer):
                name = f"{place}/{NAME}" if place else NAME
                content = b"".join(self._objects.open_range(name, 0, LONGEST))
                found[f"gs://{self._connection.name}/{place}".rstrip("/")] = content
        return found


def _facts(resource: Mapping[str, Any]) -> BucketFacts:
    iam = resource.get("iamConfiguration", {})
    soft_delete = resource.get("softDeletePolicy", {}).get("retentionDurationSeconds")
    rules = resource.get("lifecycle", {}).get("rule", [])
    return BucketFacts(
        location=resource.get("location"),
        uniform_access=iam.get("uniformBucketLevelAccess", {}).get("enabled"),
        public_access_prevention=iam.get("publicAccessPrevention"),
        retention_days=int(resource.get("retentionPolicy", {}).get("retentionPeriod", 0)) / DAY,
        holds_by_default=bool(resource.get("defaultEventBasedHold")),
        soft_delete_days=None if soft_delete is None else int(soft_delete) / DAY,
        deletion_rules=tuple(_deletion(rule) for rule in rules if _deletes_live(rule)),
    )


def _deletes_live(rule: Mapping[str, Any]) -> bool:
    condition = rule.get("condition", {})
    noncurrent = condition.get("isLive") is False or ONLY_NONCURRENT & condition.keys()
    return rule.get("action", {}).get("type") == "Delete" and not noncurrent


def _deletion(rule: Mapping[str, Any]) -> DeletionRule:
    """All conditions have to hold, so it is the longest of several ages that counts."""
    condition = rule.get("condition", {})
    ages = [int(condition[name]) for name in AGES & condition.keys()]
    return DeletionRule(max(ages, default=None), tuple(condition.get("matchesPrefix", ())))
