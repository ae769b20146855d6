"""Giving recordings to others, on the command line: consents, link and code, and their end."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from tests.cli.conftest import Twirec
from tests.factories import recording_sid
from twirec.archive import Archive
from twirec.catalog.tables import recordings
from twirec.model.states import State

SID = recording_sid()
TO = ("--recipient", "Norte", "--purpose", "claim C-7")
SAID = ("--on", "2026-11-03", "--how", "in-person", "--evidence", "a note")


@pytest.fixture(autouse=True)
def archived(archive: Archive) -> None:
    with archive.catalog.database.write() as connection:
        connection.execute(update(recordings).values(state=State.RELEASED, size=8))


def test_it_is_given_once_all_have_consented_and_ended_with_a_consent(twirec: Twirec) -> None:
    refused = twirec("disclose", "give", SID, *TO)
    assert refused.exit_code == 1
    assert "there is no consent of customer, agent." in refused.output
    unnamed = twirec("disclose", "consent", SID, "--participant", "agent", *TO, *SAID)
    assert (unnamed.exit_code, "name: " in unnamed.output) == (2, True)
    for whose in (("customer",), ("agent", "--name", "Ana")):
        made = twirec("disclose", "consent", SID, "--participant", *whose, *TO, *SAID)
        assert made.exit_code == 0, made.output
    given = json.loads(twirec("disclose", "give", SID, *TO, "--json").stdout)
    assert given["link"].startswith("https://calls.example.com/twirec/disclosed/")
    assert (len(given["code"]), given["state"], given["openings"]) == (9, "open", 1)
    shown = twirec("disclose", "show", SID).output
    assert given["link"] not in shown
    assert given["code"] not in shown
    assert twirec("disclose", "withdraw", "1", "--reason", "a letter").exit_code == 0
    (listed,) = json.loads(twirec("disclose", "list", "--json").stdout)
    assert (listed["id"], listed["state"]) == (given["id"], "revoked")
    again = twirec("disclose", "revoke", given["id"], "--reason", "settled")
    assert (again.exit_code, "was ended already" in again.output) == (2, True)


def test_a_ground_needs_its_reference_and_a_cut_is_a_span(twirec: Twirec) -> None:
    order = ("disclose", "give", SID, *TO, "--ground", "court-order")
    assert "reference: " in twirec(*order).output
    assert "is not a span" in twirec(*order, "--reference", "7/2026", "--cut", "0:30").output
    said = twirec(*order, "--reference", "7/2026", "--days", "2").output
    assert "Send them by two ways" in said
    assert len(twirec("disclose").output.splitlines()) == 2
