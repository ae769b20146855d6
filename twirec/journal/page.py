"""What an object of the journal looks like: JSON lines between a heading and a footer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from twirec.model.audit import AuditHead
from twirec.model.bucket import StoredObject
from twirec.model.crc32c import Crc32c
from twirec.model.errors import JournalUnreadable
from twirec.model.journal import Row

JOURNAL = "journal/"
"""What the names of the journal's objects begin with."""

SCHEMA = 1
"""The version of the form."""

CONTENT_TYPE = "application/x-ndjson"

AUDIT = "audit"
"""The table of the audit log, whose rows come in order of the chain."""

CHUNK = 256 * 1024
"""Bytes that are gathered before they are passed on."""

LONGEST_LINE = 4 * 1024 * 1024
"""A line that is longer is damage: no row is."""

_NAME = re.compile(r"journal/(\d{4})/(\d{2})/(\d{2})/(\d{6,})\.jsonl", re.ASCII)


def page_name(day: date, number: int) -> str:
    """Return the name of the object: `journal/2026/11/23/000001.jsonl`, the newest highest."""
    return f"{folder(day)}{number:06}.jsonl"


def folder(day: date) -> str:
    """Return what the names of a day's objects begin with."""
    return f"{JOURNAL}{day:%Y/%m/%d}/"


def day_and_number(name: str) -> tuple[date, int] | None:
    """Return the day and the number in an object's name; None if it is no name of the journal."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    year, month, day, number = map(int, match.groups())
    try:
        return date(year, month, day), number
    except ValueError:
        return None


class Page:
    """A day on its way into the bucket: each row is seen once, none is kept.

    Attributes:
        rows: how many there were so far.
        size: bytes so far.

    Args:
        day: the day, UTC.
        rows: its rows, always in the same order.
    """

    def __init__(self, day: date, rows: Iterable[Row]) -> None:
        self._day = day
        self._rows = rows
        self._sha256 = hashlib.sha256()
        self._crc32c = Crc32c()
        self._head: AuditHead | None = None
        self.rows = 0
        self.size = 0

    @property
    def crc32c(self) -> str:
        """CRC32C of the bytes so far, as `StoredObject.crc32c` writes it."""
        return str(self._crc32c)

    def sha256(self) -> str:
        """Return the SHA-256 in hex of the rest of the rows: of the same rows always the same."""
        for _ in self.chunks():
            pass
        return self._sha256.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes."""
        gathered: list[bytes] = []
        length = 0
        for line in self._lines():
            gathered.append(line)
            length += len(line)
            if length >= CHUNK:
                yield self._counted(gathered)
                gathered, length = [], 0
        yield self._counted(gathered)

    def labels(self) -> dict[str, str]:
        """Return the labels that are known after the last byte."""
        return {
            "sha256": self._sha256.hexdigest(),
            "rows": str(self.rows),
            "size": str(self.size),
            "crc32c": self.crc32c,
            **_head_labels(self._head),
        }

    def _lines(self) -> Iterator[bytes]:
        yield self._hashed({"journal": SCHEMA, "day": self._day.isoformat()})
        for table, row in self._rows:
            self.rows += 1
            if table == AUDIT:
                self._head = AuditHead(row["seq"], row["hash"])
            yield self._hashed({"table": table, "row": row})
        yield _line({"end": self.rows, "sha256": self._sha256.hexdigest()})

    def _hashed(self, value: Mapping[str, Any]) -> bytes:
        line = _line(value)
        self._sha256.update(line)
        return line

    def _counted(self, lines: list[bytes]) -> bytes:
        chunk = b"".join(lines)
        self.size += len(chunk)
        self._crc32c.update(chunk)
        return chunk


def _head_labels(head: AuditHead | None) -> dict[str, str]:
    return {"audit_seq": str(head.seq), "audit_hash": head.hash} if head else {}


def audit_head(stored: StoredObject) -> AuditHead | None:
    """Return where the audit log's chain ended on the day of an object; None if there is none."""
    seq, hash_ = stored.labels.get("audit_seq", ""), stored.labels.get("audit_hash", "")
    return AuditHead(int(seq), hash_) if re.fullmatch("[0-9]{1,18}", seq) else None


def is_whole(stored: StoredObject) -> bool:
    """Whether the bucket holds what was sent, by its own account and that of the labels."""
    size, crc32c = stored.labels.get("size"), stored.labels.get("crc32c")
    return (size, crc32c) == (str(stored.size), stored.crc32c)


def read_page(day: date, chunks: Iterable[bytes]) -> Iterator[Row]:
    """Yield the rows of an object of the journal.

    Nothing that it yields is proven before it ended without an error.

    Raises:
        JournalUnreadable: it is torn or damaged, of another day, or of a newer version.
    """
    sha256 = hashlib.sha256()
    count = -1  # the heading is no row
    footer: Mapping[str, Any] | None = None
    for line in _split(chunks):
        if footer is not None:
            raise JournalUnreadable("Something follows its footer.")
        row = _parsed(line)
        if "end" in row:
            footer = row
            continue
        sha256.update(line)
        count += 1
        if count == 0:
            _check_heading(day, row)
        else:
            yield _row(row)
    if footer is None or (footer.get("end"), footer.get("sha256")) != (count, sha256.hexdigest()):
        raise JournalUnreadable("It is torn, or was changed: its footer is not that of its rows.")


def _check_heading(day: date, heading: Mapping[str, Any]) -> None:
    if heading.get("journal") != SCHEMA:
        raise JournalUnreadable("It was written by another version of twirec.")
    if heading.get("day") != day.isoformat():
        raise JournalUnreadable("It is that of another day.")


def _row(fields: Mapping[str, Any]) -> Row:
    table, row = fields.get("table"), fields.get("row")
    if not isinstance(table, str) or not isinstance(row, dict):
        raise JournalUnreadable("A line of it is no row.")
    return table, row


def _split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > LONGEST_LINE:
            raise JournalUnreadable("A line of it has no end.")
    if rest:
        raise JournalUnreadable("It is torn: its last line has no end.")


def _parsed(line: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise JournalUnreadable("A line of it is not JSON.") from error
    if not isinstance(fields, dict):
        raise JournalUnreadable("A line of it is no row.")
    return fields


def _line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"
