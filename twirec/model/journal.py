"""The journal: what the catalog keeps in the bucket, day by day, so that it can be made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from twirec.model.cards import CardCut
from twirec.model.records import Call, Consent, Recording

UNDATED = date(1970, 1, 1)
"""The day of what has no time (yet), such as a recording whose start Twilio never gave."""

Row = tuple[str, Mapping[str, Any]]
"""A row of the catalog: its table, and its columns in what JSON has."""


@dataclass(frozen=True, slots=True)
class JournalReport:
    """What writing the journal came to.

    Attributes:
        days: how many were looked at.
        written: how many had changed, and were written.
        problems: day to reason, for those that could not be written.
    """

    days: int = 0
    written: int = 0
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelledObject:
    """What the labels of a recording's object add to the catalog.

    Attributes:
        recording: its row, as it is to stand.
        call, consent: added where the catalog has none; None where the labels name none.
        held: for which cases the object says that it is held; a hold is added where the catalog has
            none of the recording.
        blocked_until: the day from which it is destroyed; a block is added where there is none.
        at: now, UTC: when such a hold or block is written down.
        cut: that it is a copy without card numbers, whose original is destroyed; added where the
            catalog knows of no card number in it.
    """

    recording: Recording
    call: Call | None = None
    consent: Consent | None = None
    held: str = ""
    blocked_until: date | None = None
    at: datetime | None = None
    cut: CardCut | None = None


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a catalog was made from. All figures are counts.

    Attributes:
        days: days of the journal that were read.
        rows: rows that they held.
        announcements: wordings and audio files.
        objects: recordings that the bucket listed.
        from_labels: recordings that the journal did not know, or not as archived yet.
        quarantined: those of them whose labels prove no notice.
        erasing: objects of erased recordings; a worker destroys them again.
        strangers: objects that twirec did not put there.
        strange: their names, of the first hundred, to what is wrong with them.
        problems: object to reason, for what could not be read.
    """

    days: int = 0
    rows: int = 0
    announcements: int = 0
    objects: int = 0
    from_labels: int = 0
    quarantined: int = 0
    erasing: int = 0
    strangers: int = 0
    strange: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
