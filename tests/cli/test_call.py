"""Placing a call and pausing one, on the command line."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Twirec
from tests.factories import a_call, a_callback, call_sid, recording_sid
from twirec.archive import Archive
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus
from twirec.model.vocabulary import Role


@pytest.fixture(autouse=True)
def going_on(sandboxed: dict[str, str]) -> None:
    """The catalog has a call that is being recorded, of which Twilio knows nothing."""
    archive = Archive.from_env(sandboxed)
    archive.set_up()
    account = sandboxed["TWILIO_ACCOUNT_SID"]
    archive.catalog.ledger.open_call(a_call(account_sid=account))
    archive.catalog.recordings.receive(
        a_callback(account_sid=account, status=RecordingStatus.IN_PROGRESS),
        state=State.RECORDING,
        channel_map=(Role.CUSTOMER, Role.AGENT),
        at=a_call().started_at,
    )
    archive.close()


@pytest.mark.parametrize(
    ("step", "suppose"),
    [("pause", "Suppose that it records"), ("resume", "Suppose that it is silent")],
)
def test_what_twilio_does_not_confirm_says_what_to_suppose(
    twirec: Twirec, step: str, suppose: str
) -> None:
    for sid in (call_sid(), recording_sid()):
        said = twirec(step, sid)
        assert (said.exit_code, said.output.startswith(f"Error: {suppose}")) == (1, True)
        assert "try again" in said.output


def test_a_call_of_which_nothing_is_recorded_cannot_be_paused(twirec: Twirec) -> None:
    said = twirec("pause", call_sid(7))
    assert said.exit_code == 1
    assert call_sid(7) in said.output


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (("Ana", "--from", "911000111", "--connect", "911222333"), "to: give"),
        (("600111222", "--from", "12", "--connect", "911222333"), "own_number: give"),
        (("600111222", "--from", "911000111", "--connect", "ana"), "connect: give"),
    ],
)
def test_a_call_that_cannot_be_made_says_why(
    twirec: Twirec, wrong: tuple[str, ...], problem: str
) -> None:
    said = twirec("call", *wrong)
    assert said.exit_code == 2
    assert said.output.startswith(f"Error: {problem}")
