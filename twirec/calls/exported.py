"""Exports of calls: the rows of Twilio's Bulk Export, or of a table that somebody wrote.

Twilio exports a day's calls as JSON lines, compressed with gzip, each with the fields of the Calls
resource (https://www.twilio.com/docs/usage/bulkexport/day#calls-export-file-format). A table is CSV
with a line of headings (RFC 4180), its columns divided by commas, semicolons or tabs.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import IO, cast

from twirec.model.errors import InvalidQuery
from twirec.model.vendor import VendorCall
from twirec.model.vocabulary import Direction

GZIP = b"\x1f\x8b"
"""What a file that gzip compressed begins with (RFC 1952, section 2.3.1)."""

LONGEST_LINE = 256 * 1024
"""Characters; a line that is longer is none of an export."""

SID = ("sid", "callsid", "recordingsid")
CUSTOMER = ("customernumber", "customer")
OWN = ("ownnumber", "own")

DIRECTIONS = {
    "in": "inbound",
    "out": "outbound-api",
    "inbound": "inbound",
    "outboundapi": "outbound-api",
    "outbounddial": "outbound-dial",
    "trunkingoriginating": "trunking-originating",
    "trunkingterminating": "trunking-terminating",
}
"""Twilio's words for the direction of a call, and ours, without what divides their parts."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that cannot be read.

    Attributes:
        row: its number in the file, from 1.
        why: names the column and the fix, and no number.
    """

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class ExportedCall:
    """A row of an export.

    Attributes:
        row: its number in the file, from 1.
        sid: of the call, `CA…`, or of one of its recordings, `RE…`.
        told: the call in Twilio's words, from and to whom; None in a table of numbers.
        customer, own: the numbers of a table, as somebody typed them; empty where it says nothing.
        direction: of a table; None where it says nothing.
    """

    row: int
    sid: str
    told: VendorCall | None = None
    customer: str = ""
    own: str = ""
    direction: Direction | None = None


def exported_calls(file: IO[bytes]) -> Iterator[ExportedCall | Unread]:
    """Yield the rows of an export while it is read, in constant memory.

    Args:
        file: JSON lines or CSV, as UTF-8, compressed with gzip or not.

    Raises:
        InvalidQuery: it is no such file, its columns are not named, or it is cut off.
    """
    if not hasattr(file, "readinto"):
        raise InvalidQuery("export: give a file that is open for reading bytes.")
    buffered = io.BufferedReader(cast(io.RawIOBase, file))  # all that it needs is `readinto`
    zipped = buffered.peek(2)[:2] == GZIP
    plain = gzip.GzipFile(fileobj=buffered) if zipped else buffered
    text = io.TextIOWrapper(plain, encoding="utf-8-sig", errors="replace", newline="")
    try:
        yield from _rows(_lines(text))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidQuery("export: it is cut off, or damaged; fetch it again.") from error
    except csv.Error as error:
        raise InvalidQuery(f"export: it is no CSV that can be read: {error}.") from error
    finally:
        text.detach()
        buffered.detach()  # whoever opened the file closes it


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    for line in iter(partial(text.readline, LONGEST_LINE), ""):
        if len(line) == LONGEST_LINE:
            raise InvalidQuery("export: it has a line that is too long for an export of calls.")
        yield line


def _rows(lines: Iterator[str]) -> Iterator[ExportedCall | Unread]:
    blank = 0
    for first in lines:
        if first.strip():
            break
        blank += 1
    else:
        raise InvalidQuery("export: it is empty.")
    if first.lstrip().startswith("{"):
        yield from _of_json(first, lines, blank)
    else:
        yield from _of_csv(first, lines, blank)


def _of_json(first: str, lines: Iterator[str], blank: int) -> Iterator[ExportedCall | Unread]:
    for row, line in enumerate(chain([first], lines), blank + 1):
        if line.strip():
            yield _read_json(line, row)


def _read_json(line: str, row: int) -> ExportedCall | Unread:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return Unread(row, "it is no JSON object.")
    return _read({_plain(name): value for name, value in fields.items()}, row)


def _of_csv(first: str, lines: Iterator[str], blank: int) -> Iterator[ExportedCall | Unread]:
    divider = max(",;\t", key=first.count)
    names = [_plain(name) for name in next(csv.reader([first], delimiter=divider))]
    if not set(names) & set(SID) or not set(names) & {"from", "to", *CUSTOMER, *OWN}:
        raise InvalidQuery(
            "export: name its columns in the first line: sid, from, to and direction as Twilio "
            "does, or sid, customer_number, own_number and direction (in or out)."
        )
    reader = csv.reader(lines, delimiter=divider)
    for values in reader:
        row = blank + 1 + reader.line_num
        if len(values) > len(names):
            yield Unread(row, "it has more columns than the first line names.")
        elif any(values):
            yield _read(dict(zip(names, values, strict=False)), row)


def _read(fields: Mapping[str, object], row: int) -> ExportedCall | Unread:
    said = {name: value.strip() for name, value in fields.items() if isinstance(value, str)}
    sid = next(filter(None, map(said.get, SID)), "")
    if not re.fullmatch("(CA|RE)[0-9a-f]{32}", sid):
        return Unread(row, "sid: give that of a call (CA…) or of a recording (RE…).")
    word = _plain(said.get("direction", ""))
    if word and word not in DIRECTIONS:
        return Unread(row, "direction: give in or out, or Twilio's word, such as inbound.")
    if "from" in said or "to" in said:
        return _read_twilios(said, row, sid, DIRECTIONS.get(word, ""))
    customer = next(filter(None, map(said.get, CUSTOMER)), "")
    own = next(filter(None, map(said.get, OWN)), "")
    if not customer:
        return Unread(row, "customer_number: it is empty.")
    inbound = DIRECTIONS.get(word, "") in {"inbound", "trunking-originating"}
    direction = (Direction.IN if inbound else Direction.OUT) if word else None
    return ExportedCall(row, sid, None, customer, own, direction)


def _read_twilios(
    said: Mapping[str, str], row: int, sid: str, direction: str
) -> ExportedCall | Unread:
    if not direction:
        return Unread(row, "direction: it is empty, so nobody can say who the customer is.")
    inbound = direction in {"inbound", "trunking-originating"}
    if not said.get("from" if inbound else "to"):  # a blank field is not a number that was withheld
        return Unread(row, f"{'from' if inbound else 'to'}: it is empty.")
    call = VendorCall(
        sid=sid,
        account_sid=said.get("accountsid", ""),
        from_=said.get("from", ""),
        to=said.get("to", ""),
        direction=direction,
        status=said.get("status", "").lower(),
        parent_call_sid=said.get("parentcallsid") or None,
    )
    return ExportedCall(row, sid, call)


def _plain(name: str) -> str:
    """Return a heading or a word in small letters, without what divides its parts."""
    return re.sub("[^a-z]", "", name.lower())
