"""Exports of calls, as Twilio makes them and as people write tables."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest

from tests.factories import ACCOUNT, call_sid, recording_sid
from twirec.calls.exported import LONGEST_LINE, ExportedCall, Unread, exported_calls
from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import Direction

CUSTOMER, OWN = "+34600111222", "+34911000111"

EXPORTED = {
    "sid": call_sid(),
    "date_created": "2025-07-11T10:15:00Z",
    "date_updated": "2025-07-11T10:16:00Z",
    "parent_call_sid": None,
    "account_sid": ACCOUNT,
    "to": OWN,
    "from": CUSTOMER,
    "phone_number_sid": "PN" + "1" * 32,
    "status": "completed",
    "start_time": "2025-07-11T10:15:00Z",
    "end_time": "2025-07-11T10:16:00Z",
    "duration": "60",
    "price": "-0.01",
    "price_unit": "USD",
    "direction": "inbound",
    "answered_by": None,
    "api_version": "2010-04-01",
}
"""A line of the day of a Bulk Export: the Calls resource without `uri` and `subresource_uris`."""


def read(content: str | bytes) -> list[ExportedCall | Unread]:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    rows = list(exported_calls(file))
    assert not file.closed
    return rows


def lines(*changes: dict[str, Any]) -> str:
    return "".join(json.dumps(EXPORTED | each) + "\n" for each in changes)


def one(content: str | bytes) -> ExportedCall:
    (row,) = read(content)
    assert isinstance(row, ExportedCall), row
    return row


@pytest.mark.parametrize("shape", [str.encode, lambda text: gzip.compress(text.encode())])
def test_a_day_of_the_bulk_export_is_read(shape: Any) -> None:
    leg = {"sid": call_sid(2), "parent_call_sid": call_sid(), "direction": "outbound-dial"}
    first, second = read(shape(lines({}, leg)))
    assert isinstance(first, ExportedCall)
    assert first.told
    assert (first.told.from_, first.told.to) == (CUSTOMER, OWN)
    assert (first.sid, first.told.direction, first.told.account_sid) == (
        call_sid(),
        "inbound",
        ACCOUNT,
    )
    assert isinstance(second, ExportedCall)
    assert second.told
    assert second.told.parent_call_sid == call_sid()


@pytest.mark.parametrize(
    "table",
    [
        f"sid,from,to,direction\n{call_sid()},{CUSTOMER},{OWN},inbound\n",
        f"Call Sid;To;From;Direction;Price\r\n{call_sid()};{OWN};{CUSTOMER};Inbound;-0,01\r\n",
        f"\ufeff\n\n sid \tFROM\tTo\tdirection\n{call_sid()}\t{CUSTOMER}\t{OWN}\tin",
        f'"sid","from","to","direction"\n"{call_sid()}"," {CUSTOMER} ","{OWN}","inbound"\n,,,\n',
    ],
)
def test_the_same_as_a_table(table: str) -> None:
    told = one(table).told
    assert told
    assert (told.from_, told.to, told.direction) == (CUSTOMER, OWN, "inbound")


def test_a_table_of_numbers() -> None:
    table = (
        "recording_sid,customer_number,own_number,direction\n"
        f"{recording_sid()},600 11 12 22,,out\n{recording_sid(2)},600111222\n"
    )
    assert read(table) == [
        ExportedCall(2, recording_sid(), None, "600 11 12 22", "", Direction.OUT),
        ExportedCall(3, recording_sid(2), None, "600111222"),
    ]


@pytest.mark.parametrize(
    ("content", "row", "named"),
    [
        (lines({"sid": "SM" + "1" * 32}), 1, "sid:"),
        (lines({}, {"direction": "sideways"}), 2, "direction:"),
        (lines({"direction": None}), 1, "direction:"),
        (lines({"from": ""}), 1, "from:"),
        (lines({"direction": "outbound-api", "to": None}), 1, "to:"),
        ("{}\n", 1, "sid:"),
        (lines({}) + "\nnull\n", 3, "no JSON object"),
        (lines({}) + '{"sid": \n', 2, "no JSON object"),
        (f"sid,customer\n{call_sid()},\n", 2, "customer_number:"),
        (f"sid,customer\n{call_sid()},{CUSTOMER},{OWN}\n", 2, "more columns"),
        (f"sid,customer\nCA1,{CUSTOMER}\n", 2, "sid:"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_the_rest_goes_on(
    content: str, row: int, named: str
) -> None:
    (unread,) = [each for each in read(content) if isinstance(each, Unread)]
    assert (unread.row, named in unread.why) == (row, True)
    assert "600" not in unread.why


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("hello\nworld\n", "name its columns"),
        (f"{call_sid()},{CUSTOMER}\n", "name its columns"),
        (b"\x00\x01\x02", "name its columns"),
        ("x" * LONGEST_LINE, "too long"),
        (gzip.compress(lines({}, {}).encode())[:-12], "cut off"),
        (b"\x1f\x8b\x08\x00nonsense", "cut off"),
    ],
)
def test_what_is_no_export_is_refused_by_what_is_wrong(content: str | bytes, named: str) -> None:
    with pytest.raises(InvalidQuery, match=f"^export: .*{named}"):
        read(content)
