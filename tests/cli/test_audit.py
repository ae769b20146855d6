"""The audit log on the command line."""

from __future__ import annotations

import json

from tests import tampering
from tests.cli.conftest import Twirec
from tests.factories import call_sid, recording_sid
from twirec.archive import Archive
from twirec.settings.operating_user import operating_user


def test_the_command_line_is_audited_as_the_user_of_the_system(
    twirec: Twirec, archive: Archive
) -> None:
    assert twirec("off", "--reason", "works council").exit_code == 0
    (entry,) = json.loads(twirec("audit", "--json").output)
    assert (entry["by"], entry["action"]) == (operating_user(), "policy")
    assert entry["detail"]["on"] is False


def test_failed_attempts_are_shown(twirec: Twirec, archive: Archive) -> None:
    assert twirec("admit", recording_sid(), "--ground", "x").exit_code == 2
    shown = twirec("audit", "--sid", recording_sid()).output
    assert "admit" in shown
    assert "InvalidQuery" in shown


def test_a_whole_log_is_said_to_be_whole(twirec: Twirec, archive: Archive) -> None:
    twirec("annotate", call_sid(), "--case", "7")
    result = twirec("audit", "--verify")
    assert result.exit_code == 0
    assert result.output.startswith(
        "The chain is whole, entries: 1.\nnot known  Nothing is anchored"
    )


def test_a_log_whose_anchors_cannot_be_looked_at_is_no_success(
    twirec: Twirec, archive: Archive
) -> None:
    twirec("annotate", call_sid(), "--case", "7")
    assert twirec("audit", "--anchor").exit_code == 0
    assert twirec("audit", "--verify").exit_code == 0
    archive.catalog.take_identity("0123456789abcdef")
    result = twirec("audit", "--verify")
    assert result.exit_code == 1
    assert "anchors could not be looked at" in " ".join(result.output.split())
    verdict = json.loads(twirec("audit", "--verify", "--json").output)
    assert (verdict["whole"], verdict["compared"]) == (True, False)


def test_a_broken_log_is_named_and_fails(twirec: Twirec, archive: Archive) -> None:
    for case in ("7", "8"):
        twirec("annotate", call_sid(), "--case", case)
    with archive.catalog.database.write() as connection:
        tampering.rewrite(connection, "audit", "UPDATE audit SET by = 'os:eve' WHERE seq = 2")
    result = twirec("audit", "--verify")
    assert result.exit_code == 1
    assert "broken at entry 2: it was changed" in result.output
    verdict = json.loads(twirec("audit", "--verify", "--json").output)
    assert (verdict["whole"], verdict["broken_at"]) == (False, 2)
