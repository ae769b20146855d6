"""The rules that need no state: errors, preconditions, metadata, ranges. Each names its page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

GRANULE = 256 * 1024
METADATA_LIMIT = 8 * 1024

Query = Mapping[str, str]
Resource = dict[str, Any]


class ApiError(Exception):
    """An answer with an error.

    https://cloud.google.com/storage/docs/json_api/v1/status-codes
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {
                "code": status,
                "message": message,
                "errors": [{"message": message, "domain": "global", "reason": reason}],
            }
        }


def invalid(message: str) -> ApiError:
    return ApiError(400, "invalid", message)


def no_bucket() -> ApiError:
    return ApiError(404, "notFound", "The specified bucket does not exist.")


def no_object(bucket: str, name: str) -> ApiError:
    return ApiError(404, "notFound", f"No such object: {bucket}/{name}")


def now() -> datetime:
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_set(query: Query, parameter: str) -> bool:
    """Google's client writes Python's `True`."""
    return query.get(parameter, "").lower() == "true"


def check_preconditions(query: Query, live: Resource | None) -> None:
    """https://cloud.google.com/storage/docs/request-preconditions.

    `ifGenerationMatch=0` holds only if there is no live version of the object.
    """
    for parameter, field in (
        ("ifGenerationMatch", "generation"),
        ("ifMetagenerationMatch", "metageneration"),
    ):
        has = live[field] if live else "0"
        if parameter in query and query[parameter] != has:
            raise ApiError(
                412,
                "conditionNotMet",
                "At least one of the pre-conditions you specified did not hold.",
            )


def check_custom_metadata(resource: Mapping[str, Any]) -> None:
    """https://cloud.google.com/storage/quotas#objects: 8 KiB of keys and values together."""
    pairs = (resource.get("metadata") or {}).items()
    if any(not isinstance(value, str) for _, value in pairs):
        raise invalid("Values of custom metadata must be strings.")
    if sum(len(key.encode()) + len(value.encode()) for key, value in pairs) > METADATA_LIMIT:
        raise invalid("The metadata for your object exceeds the limit of 8192 bytes.")


def check_custom_time(before: str | None, after: str | None) -> None:
    """https://cloud.google.com/storage/docs/metadata#custom-time: never removed, never earlier."""
    if after is not None:
        at = _parse_time(after)
    if before is not None and (after is None or at < _parse_time(before)):
        raise invalid("Custom time cannot be removed or set to an earlier datetime.")


def _parse_time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(f"Invalid value for customTime: {text}") from None
    if at.tzinfo is None:
        raise invalid("customTime lacks an offset.")
    return at


def check_sums(told: Mapping[str, Any], found: Mapping[str, str]) -> None:
    """https://cloud.google.com/storage/docs/data-validation: a mismatch makes no object."""
    for field in ("crc32c", "md5Hash"):
        if told.get(field) not in (None, found[field]):
            raise invalid(
                f"Provided {field} {told[field]!r} doesn't match calculated {found[field]!r}."
            )


def told_sums(header: str | None) -> dict[str, str]:
    """Parse `X-Goog-Hash`: https://cloud.google.com/storage/docs/xml-api/reference-headers."""
    fields = {"crc32c": "crc32c", "md5": "md5Hash"}
    pairs = (part.strip().split("=", 1) for part in (header or "").split(",") if part.strip())
    return {fields[key]: value for key, value in pairs if key in fields}


def merge_patch(resource: Mapping[str, Any], patch: Mapping[str, Any]) -> Resource:
    """https://cloud.google.com/storage/docs/json_api#patch: null removes, objects are merged."""
    merged = dict(resource)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = merge_patch(merged.get(key) or {}, value)
        else:
            merged[key] = value
    return merged


def content_range(header: str) -> tuple[int | None, int, int | None]:
    """Parse the `Content-Range` of an upload into first byte, byte after the last, and total.

    https://cloud.google.com/storage/docs/performing-resumable-uploads: `bytes 0-9/10`, `bytes
    0-9/*`, `bytes */10` and `bytes */*`.
    """
    match = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", header)
    if not match:
        raise invalid("Failed to parse Content-Range header.")
    total = None if match[3] == "*" else int(match[3])
    if match[1] is None:
        return None, 0, total
    return int(match[1]), int(match[2]) + 1, total


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Parse `Range` of a download (RFC 9110 section 14.1.2); None without one."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        start, end = max(size - int(match[2]), 0), size
    else:
        start = int(match[1])
        end = min(int(match[2]) + 1, size) if match[2] else size
    if start >= size:
        raise ApiError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    return start, end
