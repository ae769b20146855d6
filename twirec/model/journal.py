"""The journal: what the catalog keeps in the bucket, day by day, so that it can be made anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

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
class FoundObject:
    """What the labels of a recording's object add to the catalog.

    Attributes:
        recording: its row, as it is to stand.
        call, consent: added where the catalog has none; None where the labels name none.
    """

    recording: Recording
    call: Call | None = None
    consent: Consent | None = None


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


class JournalCatalog(Protocol):
    """The part of the catalog's port for the journal. It raises as the rest of it does.

    Each object of the journal carries a token that only the catalog that wrote it knows, so that
    another catalog, or an older copy of it, does not write over it.
    """

    def journal_days(self, since: date | None = None) -> list[date]:
        """Return the days (UTC) that have rows, or had, in order; `UNDATED` first."""
        ...

    def journal_rows(self, day: date) -> AbstractContextManager[Iterator[Row]]:
        """Open the rows of a day: always in the same order, all of one moment, and in pages."""
        ...

    def journal_tokens(self, day: date) -> Collection[str]:
        """Return the tokens of the objects that this catalog wrote, or was made from."""
        ...

    def add_journal_token(self, day: date, token: str) -> None:
        """Write a token down. Doing it again changes nothing."""
        ...

    def drop_journal_token(self, day: date, token: str) -> None:
        """Forget a token. If it is not there, that is done already."""
        ...

    def forget_erasing(self, day: date) -> None:
        """Forget of a day's recordings that are `erasing` what is not kept of `erased` ones."""
        ...

    def begin_rebuild(self, at: datetime) -> None:
        """Begin to fill a new catalog, at `at` (UTC).

        Raises:
            CatalogNotEmpty: there are rows in it.
        """
        ...

    def restore(self, day: date, rows: Iterable[Row], tokens: Iterable[str]) -> int:
        """Write the rows of a day and the tokens of its objects, all or nothing; count the rows.

        A row that is there already is replaced: of two days that hold it, the one that was written
        last is restored last. If `rows` raises, nothing was written.

        Raises:
            JournalUnreadable: a table, a column or a value is not known, or missing.
        """
        ...

    def recordings_of(self, sids: Sequence[str]) -> Mapping[str, Recording]:
        """Return those of some recordings that are there, by SID."""
        ...

    def take_over(self, found: Sequence[FoundObject]) -> None:
        """Write what labels say: recordings replaced, calls and consents where there are none.

        A call that is there without a number gets the numbers that they tell.

        Raises:
            JournalUnreadable: something of it does not fit into the tables; nothing was written.
        """
        ...

    def end_rebuild(self) -> None:
        """Write down that the new catalog is whole."""
        ...
