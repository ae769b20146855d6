"""What a statement about a month says, held against its own lists."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any

from twirec.evidence.opened import Files, TooLarge
from twirec.model.claims import CheckLevel, EvidenceClaim

LARGEST_LIST = 500_000_000
"""Bytes of the longest list that is read: a line of it has some 200."""

LONGEST_LINE = 1_000_000
"""Bytes of its longest line."""

MONTH_SCHEMA = "twirec-month/1"

CALLS = "calls.csv"
CALLS_COLUMNS = (
    *("account_sid", "call_sid", "began_at", "standing", "reason", "recordings"),
    *("blocked", "destroyed", "destroyed_by_rule", "gaps"),
)
GAPS = "gaps.csv"
GAPS_COLUMNS = ("kind", "sid", "call_sid")


def claims_of_month(files: Files, manifest: Mapping[str, Any]) -> Iterator[EvidenceClaim]:
    """Yield what was found of a statement whose files are as they are listed."""
    month = str(manifest["month"])
    about = {"month": month, "calls": str(manifest["calls"])}
    standings: Counter[str] = Counter(row["standing"] for row in _rows(files, CALLS))
    kinds: Counter[str] = Counter(row["kind"] for row in _rows(files, GAPS))
    in_calls: Counter[str] = Counter(
        gap.partition(":")[0] for row in _rows(files, CALLS) for gap in row["gaps"].split()
    )
    same = (
        dict(standings) == manifest["standings"]
        and dict(kinds) == manifest["gaps"]
        and standings.total() == manifest["calls"]
        and in_calls <= kinds
        and manifest["closed"] is (not kinds)
        and (standings["unexplained"] == 0 or bool(kinds))
    )
    if not same:
        yield EvidenceClaim("month", CheckLevel.BROKEN, "month_differs", about)
    elif manifest["closed"]:
        yield EvidenceClaim("month", CheckLevel.HOLDS, "month_closed", about)
    else:
        about["open"] = str(kinds.total())
        yield EvidenceClaim("month", CheckLevel.HOLDS, "month_not_closed", about)
    yield EvidenceClaim("month", CheckLevel.UNKNOWN, "month_outside", about)


def _rows(files: Files, name: str) -> Iterator[dict[str, str]]:
    with files.open(name) as file:
        yield from csv.DictReader(_lines(name, file))


def _lines(name: str, file: IO[bytes]) -> Iterator[str]:
    """Yield the lines of a list, none of which is read as a whole that is too long, nor all."""
    size = 0
    while line := file.readline(LONGEST_LINE + 1):
        size += len(line)
        if len(line) > LONGEST_LINE or size > LARGEST_LIST:
            raise TooLarge(name, LARGEST_LIST if size > LARGEST_LIST else LONGEST_LINE)
        yield line.decode()
