"""Times: those within a recording, and moments."""

from __future__ import annotations

from datetime import UTC, datetime

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
"""A moment before all others, of what has none."""


def clock(seconds: float) -> str:
    """Return a length, or a place in a recording, to the nearest second: `1:02:03`, `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def read_moment(text: str) -> datetime:
    """Return a moment that was written in ISO 8601.

    Raises:
        ValueError: it is none, or has no time zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no time zone")
    return moment
