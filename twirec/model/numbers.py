"""What came of adding numbers to the lines of calls from an export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_NAMED = 1000
"""So many rows are named at the most, of those without a line and of those that cannot be read."""


@dataclass(frozen=True, slots=True)
class NumbersReport:
    """What came of adding numbers to the lines of calls from an export. All figures are counts.

    Attributes:
        dry_run: whether nothing was written.
        rows: rows of the export that were read.
        added: lines that got their numbers, or would.
        left_alone: rows of calls whose number is known; it is not changed.
        legs: rows of legs that other calls dialled; they say whom an agent called.
        not_found: rows of calls and recordings that have no line here.
        not_found_sids: the first `MOST_NAMED` of them.
        unread: rows that cannot be read.
        unread_rows: why, by the number of the row in the file, of the first `MOST_NAMED`.
        labels_waiting: recordings whose labels in the bucket could not be changed; the sweep of the
            whole bucket, once a week or with `--full`, completes them.
        still_not_known: lines that have no number after it.
    """

    dry_run: bool = False
    rows: int = 0
    added: int = 0
    left_alone: int = 0
    legs: int = 0
    not_found: int = 0
    not_found_sids: tuple[str, ...] = ()
    unread: int = 0
    unread_rows: Mapping[int, str] = field(default_factory=dict)
    labels_waiting: int = 0
    still_not_known: int = 0
