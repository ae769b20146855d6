"""Buckets and versions of objects, without HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.strict_gcs.rules import (
    ApiError,
    Query,
    Resource,
    check_custom_metadata,
    check_custom_time,
    check_preconditions,
    check_sums,
    invalid,
    is_set,
    merge_patch,
    no_bucket,
    no_object,
    now,
    rfc3339,
)

WRITABLE = {
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "eventBasedHold",
    "metadata",
    "storageClass",
    "temporaryHold",
}
"""https://cloud.google.com/storage/docs/json_api/v1/objects: the writable fields we know."""


PERMISSIONS = {
    "storage.buckets.get",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
    "storage.objects.update",
}
"""https://cloud.google.com/storage/docs/access-control/iam-permissions: those we know."""


@dataclass
class Version:
    """One generation of an object: its resource and the file with its bytes."""

    resource: Resource
    data: Path

    @property
    def live(self) -> bool:
        return "timeDeleted" not in self.resource


@dataclass
class BucketState:
    """A bucket: its resource, and of each object all versions, the oldest first."""

    resource: Resource
    versions: dict[str, list[Version]] = field(default_factory=dict)


class Store:
    """All buckets. Each method is atomic.

    `permissions` are those of whoever asks; only the one to read a bucket's resource is enforced.

    Args:
        folder: where uploads put their bytes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._buckets: dict[str, BucketState] = {}
        self._generation = 0
        self.permissions = set(PERMISSIONS)

    # --- buckets ------------------------------------------------------------------------------

    def create_bucket(self, name: str, settings: Mapping[str, Any]) -> Resource:
        """https://cloud.google.com/storage/docs/json_api/v1/buckets/insert."""
        with self._lock:
            if name in self._buckets:
                raise ApiError(409, "conflict", "You already own this bucket.")
            resource = {**settings, "kind": "storage#bucket", "id": name, "name": name}
            self._buckets[name] = BucketState(resource)
            return resource

    def bucket(self, name: str) -> Resource:
        with self._lock:
            return self._bucket(name).resource

    def check_permission(self, permission: str) -> None:
        """https://cloud.google.com/storage/docs/json_api/v1/status-codes: 403."""
        if permission not in self.permissions:
            raise ApiError(403, "forbidden", f"The caller does not have {permission} access.")

    def patch_bucket(self, name: str, patch: Mapping[str, Any]) -> Resource:
        """https://cloud.google.com/storage/docs/json_api/v1/buckets/patch."""
        with self._lock:
            bucket = self._bucket(name)
            bucket.resource = merge_patch(bucket.resource, patch)
            return bucket.resource

    # --- objects ------------------------------------------------------------------------------

    def check_insert(self, bucket: str, draft: Mapping[str, Any], query: Query) -> None:
        """Refuse an upload that cannot end well, when it begins."""
        with self._lock:
            live = self._live(bucket, draft["name"])
            check_preconditions(query, live.resource if live else None)
            check_custom_metadata(draft)
            check_custom_time(None, draft.get("customTime"))

    def insert(
        self,
        bucket: str,
        draft: Mapping[str, Any],
        query: Query,
        data: Path,
        sums: Mapping[str, str],
    ) -> Resource:
        """https://cloud.google.com/storage/docs/json_api/v1/objects/insert."""
        with self._lock:
            self.check_insert(bucket, draft, query)
            check_sums(draft, sums)
            state, name = self._bucket(bucket), draft["name"]
            if live := self._live(bucket, name):
                self._take_away(state, live)
            resource = self._new_resource(state, draft)
            resource |= {**sums, "size": str(data.stat().st_size)}
            state.versions.setdefault(name, []).append(Version(resource, data))
            return resource

    def get(self, bucket: str, name: str, query: Query) -> Version:
        """https://cloud.google.com/storage/docs/json_api/v1/objects/get."""
        with self._lock:
            found = self._find(bucket, name, query)
            check_preconditions(query, found.resource)
            return found

    def patch(self, bucket: str, name: str, query: Query, patch: Mapping[str, Any]) -> Resource:
        """https://cloud.google.com/storage/docs/json_api/v1/objects/patch."""
        with self._lock:
            if unknown := patch.keys() - WRITABLE:
                raise invalid(f"Not to be written here: {sorted(unknown)}")
            found = self.get(bucket, name, query)
            before = found.resource
            after = merge_patch(before, patch)
            check_custom_metadata(after)
            check_custom_time(before.get("customTime"), after.get("customTime"))
            # https://cloud.google.com/storage/docs/metadata#generation-number
            after["metageneration"] = str(int(before["metageneration"]) + 1)
            after["updated"] = rfc3339(now())
            found.resource = after
            return after

    def delete(self, bucket: str, name: str, query: Query) -> None:
        """https://cloud.google.com/storage/docs/json_api/v1/objects/delete.

        With a generation the version goes for good; without one a bucket with versions keeps it
        (https://cloud.google.com/storage/docs/object-versioning).
        """
        with self._lock:
            found = self.get(bucket, name, query)
            self._take_away(self._bucket(bucket), found, for_good="generation" in query)

    def list(self, bucket: str, query: Query) -> list[Resource]:
        """https://cloud.google.com/storage/docs/json_api/v1/objects/list: by name, then age."""
        with self._lock:
            versions: Iterable[tuple[str, list[Version]]] = self._bucket(bucket).versions.items()
            every, soft = is_set(query, "versions"), is_set(query, "softDeleted")
            return [
                version.resource
                for name, held in sorted(versions)
                if name.startswith(query.get("prefix", ""))
                for version in held
                if _listed(version, every, soft)
            ]

    # --- within -------------------------------------------------------------------------------

    def _bucket(self, name: str) -> BucketState:
        if name not in self._buckets:
            raise no_bucket()
        return self._buckets[name]

    def _live(self, bucket: str, name: str) -> Version | None:
        held = self._bucket(bucket).versions.get(name, [])
        return next((version for version in reversed(held) if version.live), None)

    def _find(self, bucket: str, name: str, query: Query) -> Version:
        generation = query.get("generation")
        if generation is None:
            found = self._live(bucket, name)
        else:
            soft = is_set(query, "softDeleted")
            held = self._bucket(bucket).versions.get(name, [])
            of_it = (version for version in held if version.resource["generation"] == generation)
            found = next((version for version in of_it if _listed(version, True, soft)), None)
        if found is None:
            raise no_object(bucket, name)
        return found

    def _take_away(self, state: BucketState, version: Version, *, for_good: bool = False) -> None:
        """Delete or replace a version, if nothing protects it."""
        _check_protection(version.resource)
        if version.live:
            version.resource["timeDeleted"] = rfc3339(now())
        if state.resource.get("versioning", {}).get("enabled") and not for_good:
            return
        # https://cloud.google.com/storage/docs/soft-delete
        seconds = int(state.resource.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0))
        if seconds:
            version.resource["softDeleteTime"] = rfc3339(now())
            version.resource["hardDeleteTime"] = rfc3339(now() + timedelta(seconds=seconds))
            return
        state.versions[version.resource["name"]].remove(version)
        version.data.unlink()

    def _new_resource(self, state: BucketState, draft: Mapping[str, Any]) -> Resource:
        bucket, name, at = state.resource["name"], draft["name"], now()
        # Generations grow; Google's are microseconds.
        self._generation = max(self._generation + 1, time.time_ns() // 1000)
        resource = {
            "kind": "storage#object",
            "id": f"{bucket}/{name}/{self._generation}",
            "bucket": bucket,
            "name": name,
            "generation": str(self._generation),
            "metageneration": "1",
            "contentType": "application/octet-stream",
            "storageClass": "STANDARD",
            "timeCreated": rfc3339(at),
            "updated": rfc3339(at),
            **{key: draft[key] for key in WRITABLE & draft.keys()},
        }
        # https://cloud.google.com/storage/docs/bucket-lock
        if period := int(state.resource.get("retentionPolicy", {}).get("retentionPeriod", 0)):
            resource["retentionExpirationTime"] = rfc3339(at + timedelta(seconds=period))
        if state.resource.get("defaultEventBasedHold"):
            resource.setdefault("eventBasedHold", True)
        return resource


def _listed(version: Version, every: bool, soft: bool) -> bool:
    if "softDeleteTime" in version.resource:
        return soft
    return not soft and (every or version.live)


def _check_protection(resource: Resource) -> None:
    """https://cloud.google.com/storage/docs/object-holds and …/bucket-lock."""
    for key, hold in (("temporaryHold", "Temporary"), ("eventBasedHold", "Event-Based")):
        if resource.get(key):
            # Google's own words and reason, as they came in
            # https://github.com/googleapis/google-cloud-go/issues/1631
            raise ApiError(
                403,
                "forbidden",
                f"Object '{resource['bucket']}/{resource['name']}' is under active {hold} hold "
                "and cannot be deleted, overwritten or archived until hold is removed.",
            )
    until = resource.get("retentionExpirationTime")
    if until and datetime.fromisoformat(until) > now():
        raise ApiError(
            403,
            "retentionPolicyNotMet",
            f"Object '{resource['name']}' is subject to bucket's retention policy and cannot be "
            f"deleted, overwritten or archived until {until}",
        )
