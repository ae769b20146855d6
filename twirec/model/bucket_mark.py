"""The mark of a bucket: whose it is."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

NAME = "twirec.json"
"""The object's name, relative to the configured prefix: two prefixes of a bucket are two places."""

MARKED = "bucket marked"
"""What a catalog remembers, by this name, when it wrote, or first saw, its mark in the bucket."""

SCHEMA = 1

LONGEST = 64 * 1024
"""Bytes of it that are read."""

CONTENT_TYPE = "application/json"

_IDENTITY = re.compile(r"[0-9a-f]{16}")


def new_identity() -> str:
    """Return an identity for a new catalog: 64 random bits in hex. It is no secret."""
    return secrets.token_hex(8)


def is_identity(value: object) -> bool:
    """Whether something has the form of a catalog's identity."""
    return isinstance(value, str) and bool(_IDENTITY.fullmatch(value))


@dataclass(frozen=True, slots=True)
class BucketMark:
    """What a bucket says of whose it is. There is nothing secret in it.

    Attributes:
        catalog: the identity of the catalog whose recordings are here.
        at: since when, UTC.
    """

    catalog: str
    at: datetime

    @property
    def content(self) -> bytes:
        """The object's bytes."""
        at = self.at.astimezone(UTC).isoformat(timespec="seconds")
        said = {"schema": SCHEMA, "catalog": self.catalog, "at": at}
        return (json.dumps(said, indent=1) + "\n").encode()


def read_mark(content: bytes) -> BucketMark | None:
    """Return what the bytes of a mark say; None if they are not one that twirec wrote."""
    try:
        said = json.loads(content)
        mark = BucketMark(said["catalog"], datetime.fromisoformat(said["at"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return mark if is_identity(mark.catalog) and mark.at.tzinfo else None
