"""Figures, and what was given up tried again, on the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import import_module

import pytest

from tests.cli.conftest import Twirec
from tests.factories import STARTED, a_recording, call_sid, recording_sid
from twirec.archive import Archive
from twirec.model.errors import NotFound
from twirec.model.states import State
from twirec.sandbox import Sandbox
from twirec.sweep.sweep import MARK
from twirec.testing import ACCOUNT_SID


@pytest.fixture
def parked(archive: Archive) -> str:
    """The SID of a recording that was given up."""
    lease = archive.catalog.due_work.claim(STARTED, timedelta(minutes=1))
    assert lease is not None
    archive.catalog.due_work.postpone(lease, None, "DecryptionKeyMissing: there is no key")
    return lease.item.sid


def test_an_empty_archive_says_so_line_by_line(twirec: Twirec) -> None:
    twirec("init")
    said = twirec("stats").output
    assert "recordings:        none" in said
    assert f"swept until:       {ACCOUNT_SID} never" in said


def test_figures_and_what_was_given_up_are_shown(
    twirec: Twirec, archive: Archive, parked: str
) -> None:
    archive.catalog.marks.set(MARK + ACCOUNT_SID, STARTED)
    said = twirec("stats").output
    assert "calls:             1 not_recorded, 1 open, 1 recorded" in said
    assert "not recorded:      1 hung_up_during_announcement" in said
    assert "recordings:        1 completed" in said
    assert "waiting:           0\n" in said
    assert "parked:            1\n" in said
    assert f"{ACCOUNT_SID} 2026-11-23 11:15:00 CET" in said
    line = "completed, recorded 2026-11-23 11:15:00 CET: DecryptionKeyMissing: there is no key"
    assert f"  {parked} {line}" in said


@pytest.mark.usefixtures("parked")
def test_json_holds_every_figure_and_every_parked_recording(twirec: Twirec) -> None:
    told = json.loads(twirec("stats", "--json").output)
    assert told["calls"] == {"recorded": 1, "not_recorded": 1, "open": 1}
    assert (told["recordings"], told["seconds"]) == ({"completed": 1}, 4)
    assert told["swept"] == {ACCOUNT_SID: None}
    assert told["parked_recordings"] == [
        {
            "sid": recording_sid(),
            "state": "completed",
            "recorded_at": "2026-11-23T10:15:00+00:00",
            "last_error": "DecryptionKeyMissing: there is no key",
            "undecided": False,
        }
    ]


def test_no_more_are_listed_than_can_be_read(
    twirec: Twirec, archive: Archive, parked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("twirec.cli.stats"), "SHOWN", 1)
    archive.catalog.recordings.adopt(
        a_recording(sid=recording_sid(2), call_sid=call_sid(), due_at=None)
    )
    said = twirec("stats").output
    assert parked in said
    assert recording_sid(2) not in said
    assert "and 1 more" in said


@pytest.mark.usefixtures("archive")
def test_since_is_a_time_of_the_companys_zone(twirec: Twirec) -> None:
    told = json.loads(twirec("stats", "--json", "--since", "2026-11-24").output)
    assert (told["calls"], told["recordings"]) == ({"open": 1}, {})
    assert twirec("stats", "--since", "yesterdy").exit_code != 0


@pytest.mark.parametrize("every", [True, False], ids=["all", "one"])
def test_work_tries_parked_recordings_again_and_finishes_them(
    sandboxed: dict[str, str], twirec_sandbox: Sandbox, twirec: Twirec, every: bool
) -> None:
    held = twirec_sandbox.add_recording(seconds=2)
    twirec("init")
    archive = Archive.from_env(sandboxed)
    archive.operations.sweep()
    lease = archive.catalog.due_work.claim(archive.now(), timedelta(minutes=1))
    assert lease is not None
    archive.catalog.due_work.postpone(lease, None, "BucketRefused: the disk is full")
    assert twirec("work", "--once").output == ""
    assert archive.catalog.recordings.get(held.sid).parked
    result = twirec("work", "--once", "--retry", "--all" if every else held.sid)
    assert result.output == "Parked recordings to try again: 1.\n"
    assert archive.catalog.recordings.get(held.sid).state is State.RELEASED
    archive.close()


def test_a_sid_that_is_not_parked_is_an_error_in_a_sentence(
    twirec: Twirec, archive: Archive
) -> None:
    result = twirec("work", "--once", "--retry", recording_sid())
    assert result.exit_code == 1
    assert f"The catalog has no parked recording {recording_sid()}" in result.output
    with pytest.raises(NotFound):
        archive.operations.retry(recording_sid(), by="ana")


def test_python_has_the_same(archive: Archive, parked: str) -> None:
    assert [recording.sid for recording in archive.operations.parked()] == [parked]
    assert archive.operations.stats().parked == 1
    assert archive.operations.retry(by="ana") == 1
    assert archive.operations.parked() == []


LONGER = "MediaMismatch: The file lasts 11.300 s, not 4 s."


@pytest.fixture
def undecided(archive: Archive) -> str:
    """The SID of a recording that waits for a decision."""
    lease = archive.catalog.due_work.claim(STARTED, timedelta(minutes=1))
    assert lease is not None
    archive.catalog.due_work.postpone(lease, None, LONGER, undecided=True)
    return lease.item.sid


def test_what_waits_for_a_decision_is_told_with_the_commands_that_decide(
    twirec: Twirec, undecided: str
) -> None:
    said = twirec("stats").output
    assert "parked:            1, 1 for you to accept, give-up or work --retry\n" in said
    assert (
        f"{undecided} completed, recorded 2026-11-23 11:15:00 CET, waits for you: {LONGER}" in said
    )
    assert (
        "twirec accept, twirec give-up, or twirec work --retry" in twirec("show", undecided).output
    )


def test_accept_and_show(twirec: Twirec, undecided: str) -> None:
    result = twirec("accept", undecided, "--reason", "heard it")
    assert (result.exit_code, "will be archived as it is" in result.output) == (0, True)
    said = twirec("show", undecided).output
    assert f"despite:       {LONGER}" in said
    assert ": heard it" in said
    (recording,) = json.loads(twirec("show", undecided, "--json").output)["recordings"]
    assert recording["accepted"]["despite"] == LONGER
    assert recording["accepted"]["why"] == "heard it"
    again = twirec("accept", undecided, "--reason", "heard it")
    assert (again.exit_code, "does not wait for a decision" in again.output) == (2, True)


def test_give_up_show_and_take_it_back(twirec: Twirec, undecided: str) -> None:
    assert twirec("give-up", undecided).exit_code == 2
    told = json.loads(twirec("give-up", undecided, "--reason", "a test", "--json").output)
    assert told["standstill"] == "given_up"
    assert "given up by:" in twirec("show", undecided).output
    assert "given up:          1\n" in twirec("stats").output
    found = json.loads(twirec("search", "--reason", "given_up", "--json").output)
    assert [call["call_sid"] for call in found["calls"]] == [call_sid()]
    assert "(given up)" in twirec("search", "--reason", "given_up").output
