"""How long recordings, lines of calls and notes are kept, on the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.cli.conftest import Twirec
from tests.factories import a_call, a_recording, call_sid, recording_sid
from twirec.archive import Archive

WHY = ("--reason", "agreed")


@pytest.fixture
def archive(twirec: Twirec, environ: dict[str, str]) -> Iterator[Archive]:
    """An archive with four recordings, of the last four months."""
    assert twirec("init").exit_code == 0
    archive = Archive.from_env(environ)
    for number in range(4):
        began = archive.now() - timedelta(days=1 + 31 * number)
        sid, of = recording_sid(number), call_sid(number)
        archive.catalog.ledger.open_call(a_call(call_sid=of, started_at=began))
        archive.catalog.recordings.adopt(a_recording(sid=sid, call_sid=of, started_at=began))
    yield archive
    archive.close()


def retention(twirec: Twirec, *words: str) -> str:
    result = twirec("retention", *words)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("archive")
def test_rules_are_set_previewed_and_applied(twirec: Twirec) -> None:
    assert "There are no rules: nothing is ever destroyed." in retention(twirec)
    assert "4 recordings match no rule: kept without end." in retention(twirec, "preview")
    said = retention(twirec, "set", "all", "--keep", "50 days", "--then", "destroy", *WHY)
    assert "It is not in force yet." in said
    retention(twirec, "set", "sales", "--keep", "1 day", "--number", "911000999", *WHY)
    seen = retention(twirec, "preview")
    assert "4 recordings; 2 would be destroyed now" in seen
    assert f"such as {recording_sid(3)}, {recording_sid(2)}" in seen
    assert "matches nothing" in seen
    confirm = json.loads(retention(twirec, "preview", "--json"))["confirm"]
    assert f"twirec retention apply {confirm}" in seen
    assert twirec("retention", "apply", "0" * 8, *WHY).exit_code == 2
    assert "The rules are in force." in retention(twirec, "apply", confirm, *WHY)
    assert "These rules are in force." in retention(twirec, "preview")
    shown = json.loads(retention(twirec, "show", recording_sid(0), "--json"))
    assert (shown["rule"], shown["at_end"]) == ("all", "destroy")
    assert f"destroyed on:  {shown['destroyed_on']}" in retention(twirec, "show", recording_sid(0))
    retention(twirec, "remove", "sales", *WHY)
    assert "until the rules are applied" in retention(twirec, "list")
    steps = [each["step"] for each in json.loads(retention(twirec, "history", "--json"))]
    assert steps == ["set", "set", "apply", "remove"]
    assert "sales" in retention(twirec, "history")


@pytest.mark.usefixtures("archive")
def test_what_is_held_is_said(twirec: Twirec) -> None:
    retention(twirec, "set", "all", "--keep", "1 day", *WHY)
    confirm = json.loads(retention(twirec, "preview", "--json"))["confirm"]
    retention(twirec, "apply", confirm, *WHY)
    assert twirec("hold", recording_sid(2), "--case", "C-7", *WHY).exit_code == 0
    assert "1 more would be, and is held" in retention(twirec, "preview")
    assert "not as long as it is held" in retention(twirec, "show", recording_sid(2))


@pytest.mark.usefixtures("archive")
def test_what_is_suggested_can_be_run(twirec: Twirec) -> None:
    for line in retention(twirec, "suggest").splitlines():
        _, _, *words = shlex.split(line)
        retention(twirec, *words)
    rules = json.loads(retention(twirec, "list", "--json"))["rules"]
    assert sorted(each["name"] for each in rules) == ["cases", "default", "notes", "numbers"]
