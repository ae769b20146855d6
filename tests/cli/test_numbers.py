"""Numbers that nobody knew, on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Twirec
from tests.factories import a_call, call_sid
from twirec.archive import Archive
from twirec.model.vocabulary import NOT_KNOWN


@pytest.fixture
def forgotten(archive: Archive) -> str:
    """The SID of a call whose numbers nobody knows."""
    line = a_call(
        call_sid=call_sid(8),
        direction=None,
        customer_number=NOT_KNOWN,
        own_number=NOT_KNOWN,
        channel_map=(),
    )
    archive.catalog.ledger.open_call(line)
    return line.call_sid


def test_what_nobody_knows_is_shown_as_such(twirec: Twirec, forgotten: str) -> None:
    shown = twirec("show", forgotten).output
    for field in ("customer", "own number", "direction"):
        assert f"{field + ':':<14} not known\n" in shown
    found = twirec("search", "number", "not", "known")
    assert (found.exit_code, found.output.count("not known")) == (0, 3)
    assert "not_known" not in found.output + shown
    (call,) = json.loads(twirec("search", "no conocido", "--json").output)["calls"]
    assert (call["customer_number"], call["direction"]) == (NOT_KNOWN, None)
    assert "number not known:  1\n" in twirec("stats").output


def test_a_number_is_added_to_one_call(twirec: Twirec, archive: Archive, forgotten: str) -> None:
    order = ("annotate", forgotten, "--customer", "600 33 34 44", "--direction", "in")
    assert twirec(*order).exit_code == 2
    assert twirec(*order, "--reason", "a letter", "--note", "found").exit_code == 0
    record = archive.calls.get(forgotten)
    assert (record.call.customer_number, record.notes[0].text) == ("+34600333444", "found")
    again = twirec(*order, "--reason", "a letter")
    assert (again.exit_code, "known already" in again.output) == (2, True)
    assert twirec("annotate", forgotten, "--reason", "a letter").exit_code == 2


def test_numbers_are_added_from_a_file(twirec: Twirec, forgotten: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    rows = f"{forgotten},600333444,in\n{call_sid(1)},600333444,in\n{call_sid(55)},600333444,in\n"
    file.write_text("sid,customer_number,direction\n" + rows + "CA1,600333444,in\n")
    order = ("add-numbers", str(file), "--reason", "the old switchboard")
    dry = twirec(*order, "--dry-run")
    assert dry.exit_code == 1
    assert "4 rows: 1 line would get the numbers." in dry.output
    assert "not known" in twirec("show", forgotten).output
    said = twirec(*order).output
    assert said.splitlines() == [
        "4 rows: 1 line got the numbers.",
        "  left alone, as the number is known: 1",
        "  without a line here: 1",
        f"    {call_sid(55)}",
        "  cannot be read: 1",
        "    row 5: sid: give that of a call (CA…) or of a recording (RE…).",
        "Calls still without a number: 0.",
    ]
    assert json.loads(twirec(*order, "--json").output)["left_alone"] == 2
    nothing = tmp_path / "empty.csv"
    nothing.touch()
    empty = twirec("add-numbers", str(nothing), "--reason", "x")
    assert (empty.exit_code, "export: it is empty" in empty.output) == (2, True)
    absent = twirec("add-numbers", str(tmp_path / "absent.csv"), "--reason", "x")
    assert (absent.exit_code, "absent.csv" in absent.output) == (1, True)
    assert "Traceback" not in absent.output
