"""Numbers that are added to calls which Twilio did not know any more."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import SEEING, a_call, call_sid, recording_sid
from tests.house import House, with_settings
from tests.transfers.test_calls_forgotten import OLD, backfill, gather, line
from twirec.archive import Archive
from twirec.model.audit import stand_in
from twirec.model.errors import BucketUnavailable, InvalidQuery, NotFound
from twirec.model.numbers import NumbersReport
from twirec.model.records import Call
from twirec.model.states import State
from twirec.model.vocabulary import NOT_KNOWN, Direction, Role

CUSTOMER, OWN = "+34600111222", "+34911000111"
WHY = "the carrier's invoice"


@pytest.fixture
def house(house: House) -> House:
    """A house with a recording of 500 days ago whose call nobody knows."""
    house.archive = with_settings(house.archive, audit_key="k" * 32)
    gather(house)
    backfill(house)
    return house


def add(house: House, sid: str = OLD.sid, **numbers: Any) -> Call:
    return house.archive.calls.add_numbers(sid, **{"why": WHY, "by": "ana", **numbers}).call


def add_from(house: House, *rows: dict[str, Any], **order: Any) -> NumbersReport:
    export = io.BytesIO("".join(json.dumps(row) + "\n" for row in rows).encode())
    return house.archive.calls.add_numbers_from(export, **{"why": WHY, "by": "ana", **order})


def told(number: int = 7, **changes: Any) -> dict[str, Any]:
    row = {"sid": call_sid(number), "from": CUSTOMER, "to": OWN, "direction": "inbound"}
    return row | {"parent_call_sid": None, "status": "completed"} | changes


def labels(house: House) -> dict[str, str]:
    recording = house.archive.catalog.recordings.get(OLD.sid)
    return dict(house.bucket.stat(recording.object_name or "").labels)


@pytest.mark.parametrize("sid", [OLD.sid, OLD.call_sid])
def test_a_number_that_is_added_is_found_written_down_and_on_the_object(
    house: House, sid: str
) -> None:
    call = add(house, sid, customer="600 11 12 22", own="911 000 111", direction=Direction.IN)
    assert (call.customer_number, call.own_number, call.direction) == (CUSTOMER, OWN, Direction.IN)
    for number in ("600111222", "1222"):
        (found,) = [
            each.call
            for each in house.archive.calls.search(number=number, until="2025-12-31").calls
        ]
        assert found == call
    assert house.archive.calls.search(number="not known").calls == ()
    (entry,) = house.archive.audit.log(action="annotate")
    assert (entry.by, entry.sid, entry.outcome) == ("ana", OLD.call_sid, "done")
    key = house.archive.settings.audit_key
    assert entry.number == stand_in(CUSTOMER, key)
    assert entry.detail["own_number"] == stand_in(OWN, key)
    assert (entry.detail["why"], entry.detail["direction"]) == (WHY, "in")
    assert "600111222" not in repr(entry)
    assert house.archive.audit.log(number=CUSTOMER) == [entry]
    said = labels(house)
    assert (said["customer_number"], said["own_number"], said["direction"]) == (
        CUSTOMER,
        OWN,
        "in",
    )
    assert house.archive.operations.sweep(full=True).labelled == 0
    assert house.at_vendor() == [OLD.sid]


def test_what_is_known_by_then_is_never_changed(house: House) -> None:
    add(house, customer=CUSTOMER)
    with pytest.raises(InvalidQuery, match=r"^customer: it is known already"):
        add(house, customer="+34600999888")
    with pytest.raises(InvalidQuery, match=r"^customer: it is known already"):
        add(house, call_sid(), customer="+34600999888")  # a call that was told
    add(house, own="anonymous", direction=Direction.OUT)
    assert (line(house).customer_number, line(house).own_number) == (CUSTOMER, "anonymous")
    assert [entry.outcome for entry in house.archive.audit.log(action="annotate")] == [
        "done",
        "failed",
        "failed",
        "done",
    ]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "customer: give the number"),
        ({"customer": ""}, "customer: give a whole number"),
        ({"customer": "1222"}, "customer: give a whole number"),
        ({"customer": "34600111222x"}, "customer: give a whole number"),
        ({"customer": "not_known"}, "customer: give a whole number"),
        ({"own": "3,46E+10"}, "own: give a whole number"),
        ({"direction": "sideways"}, "direction: "),
        ({"customer": CUSTOMER, "why": " "}, "why: say where"),
        ({"customer": 600111222}, "customer: give text"),
    ],
)
def test_what_is_none_is_refused_by_name(house: House, given: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidQuery, match=f"^{named}"):
        add(house, **given)
    assert line(house).customer_number == NOT_KNOWN


def test_nobody_knows_such_a_call(house: House) -> None:
    with pytest.raises(NotFound):
        add(house, recording_sid(99), customer=CUSTOMER)


def test_an_export_fills_what_is_not_known_and_says_what_it_did(house: House) -> None:
    gather(house, replace(OLD, sid=recording_sid(8), call_sid=call_sid(8)))
    gather(house, replace(OLD, sid=recording_sid(9), call_sid=call_sid(9)))
    backfill(house)
    rows = [
        told(7),
        told(7, **{"from": "+34600999888"}),  # the same again
        told(1),  # a call that was told
        told(55),
        told(56, parent_call_sid=call_sid(55)),
        {"sid": "nonsense"},
        {"sid": recording_sid(8), "customer_number": "600 33 34 44", "direction": "out"},
        {"sid": recording_sid(9), "customer_number": "12"},
    ]
    wanted = NumbersReport(
        rows=8,
        added=2,
        left_alone=2,
        legs=1,
        not_found=1,
        not_found_sids=(call_sid(55),),
        unread=2,
        unread_rows={
            6: "sid: give that of a call (CA…) or of a recording (RE…).",
            8: "customer: give a whole number with its prefix, such as +34600111222, or "
            "'anonymous' if it was withheld.",
        },
        still_not_known=1,
    )
    before = house.archive.catalog.audit.head()
    assert add_from(house, *rows, dry_run=True) == replace(wanted, dry_run=True)
    assert line(house).customer_number == NOT_KNOWN
    assert house.archive.catalog.audit.head() == before

    assert add_from(house, *rows) == wanted
    assert (line(house).customer_number, line(house).direction) == (CUSTOMER, Direction.IN)
    assert house.archive.catalog.recordings.get(OLD.sid).channel_map == (Role.CUSTOMER, Role.AGENT)
    other = line(house, recording_sid(8))
    assert (other.customer_number, other.direction) == ("+34600333444", Direction.OUT)
    assert other.own_number == NOT_KNOWN
    assert line(house, call_sid()).customer_number == a_call().customer_number
    assert json.loads(labels(house)["channel_map"]) == ["customer", "agent"]
    assert {entry.sid for entry in house.archive.audit.log(action="annotate")} == {
        call_sid(7),
        call_sid(8),
    }
    assert house.archive.operations.sweep(full=True).labelled == 0
    again = add_from(house, *rows)
    assert (again.added, again.left_alone, again.still_not_known) == (0, 4, 1)


@pytest.mark.parametrize("leg_first", [True, False])
def test_whom_an_agent_dialled_is_on_the_row_of_the_leg(house: House, leg_first: bool) -> None:
    call = told(7, **{"from": "client:ana", "to": ""})
    leg = told(
        70,
        **{"from": OWN, "to": CUSTOMER, "direction": "outbound-dial"},
        parent_call_sid=call_sid(7),
    )
    report = add_from(house, *([leg, call] if leg_first else [call, leg]))
    assert (report.added, report.legs) == (1, 1)
    assert (line(house).customer_number, line(house).own_number) == (CUSTOMER, OWN)
    assert line(house).direction is Direction.OUT
    assert house.archive.catalog.recordings.get(OLD.sid).channel_map == (Role.AGENT, Role.CUSTOMER)


def test_a_bucket_that_is_down_gets_its_labels_from_the_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> None:
        raise BucketUnavailable("The bucket does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(house.bucket, "label", down)
        report = add_from(house, told(7))
    assert (report.added, report.labels_waiting) == (1, 1)
    assert labels(house)["customer_number"] == NOT_KNOWN
    assert house.archive.operations.sweep(full=True).labelled == 1
    assert labels(house)["customer_number"] == CUSTOMER


@pytest.mark.parametrize("journalled", ["never", "before", "after"])
def test_the_bucket_alone_knows_the_numbers_that_were_added(
    house: House, rebuilt: Callable[[], Archive], journalled: str
) -> None:
    if journalled == "before":
        house.archive.journal.write()
    add_from(house, told(7))
    if journalled == "after":
        house.archive.journal.write()
    archive = rebuilt()
    (found,) = archive.calls.search(number=CUSTOMER, until="2025-12-31", **SEEING).calls
    assert (found.call.own_number, found.call.direction) == (OWN, Direction.IN)
    assert found.recordings[0].channel_map == (Role.CUSTOMER, Role.AGENT)
    assert archive.calls.search(number="not known").calls == ()


def test_once_its_number_is_known_a_backfill_lets_it_go(house: House) -> None:
    add(house, customer=CUSTOMER)
    house.time += timedelta(minutes=1)
    backfill(house)
    assert house.at_vendor() == []
    assert house.archive.catalog.recordings.get(OLD.sid).state is State.RELEASED


def test_an_export_of_many_is_read_as_a_stream(house: House) -> None:
    class Endless(io.RawIOBase):
        rows = 0

        def readable(self) -> bool:
            return True

        def readinto(self, into: Any) -> int:
            if self.rows == 3000:
                return 0
            self.rows += 1
            chunk = (json.dumps(told(1000 + self.rows)) + "\n").encode()
            into[: len(chunk)] = chunk
            return len(chunk)

    export: Any = Endless()
    report = house.archive.calls.add_numbers_from(export, why=WHY, by="ana")
    assert (report.rows, report.not_found, len(report.not_found_sids)) == (3000, 3000, 1000)
