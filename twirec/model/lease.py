"""The right to work at something, for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from twirec.model.records import CallRecord

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lease(Generic[T]):
    """The right to work at something that is due. Whoever lost it commits nothing.

    Attributes:
        token: what proves it; a new one each time that something is claimed.
        item: what is worked at, as it was when it was claimed or last changed.
        until: when others may take it over, UTC.
        record: the call with its consents, of a recording that has still to be copied, as they were
            when it was claimed; None where there is none, or nobody needs it.
        held: whether a hold is on the recording, as it was when it was archived.
    """

    token: str
    item: T
    until: datetime
    record: CallRecord | None = None
    held: bool = False
