"""Nobody answers: the next one is rung, and then a message taken, all on one line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import AGENT, CUSTOMER, OTHER_AGENT, Site
from twirec import DialStep
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, Outcome, Reason, Role
from twirec.sandbox import Line, Party

OTHERWISE = (DialStep(OTHER_AGENT, timeout=8), DialStep("voicemail"))
LATE = Party(says=[Line("customer_complaint", at=50.0)], hangs_up_after=60.0)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path, f"file://{tmp_path}/bucket", timeout=6, otherwise=OTHERWISE)
    with site.running():
        site.sandbox.party(AGENT, Party(answers=False))
        yield site


@pytest.mark.parametrize(
    ("mode", "key", "recorded"),
    [
        (ConsentMode.ANNOUNCE, "", True),
        (ConsentMode.OPT_OUT, "2", False),
        (ConsentMode.OPT_IN, "1", True),
        (ConsentMode.OPT_IN, "2", False),
    ],
)
def test_a_message_is_taken_of_who_may_be_recorded(
    site: Site, mode: ConsentMode, key: str, recorded: bool
) -> None:
    site.archive.policy.change(by="x", why="x", mode=mode)
    site.sandbox.party(OTHER_AGENT, Party(refuses="busy"))
    keys = [(18.5, key)] if key else []
    caller = Party(says=LATE.says, keys=keys, hangs_up_after=LATE.hangs_up_after)
    sid = site.call(caller=caller, callee=None)
    site.work_on()
    (record,) = site.archive.calls.search(number="600 11 12 22").calls
    assert record.call.call_sid == sid
    assert [leg.agent for leg in record.legs] == [AGENT, OTHER_AGENT]
    assert [leg.status for leg in site.sandbox.calls[1:]] == ["no-answer", "busy"]
    (consent,) = record.consents
    if not recorded:
        assert (record.call.reason, site.sandbox.recordings) == (Reason.REFUSED, [])
        return
    (recording,) = record.recordings
    assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE)
    assert (recording.source, recording.channel_map) == ("RecordVerb", (Role.CUSTOMER,))
    assert (record.call.outcome, record.call.reason) == (Outcome.RECORDED, None)
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["customer_number"], labels["consent"]) == (CUSTOMER, consent.outcome)
    assert recording.started_at is not None
    assert consent.at.replace(microsecond=0) <= recording.started_at


def test_who_answers_second_is_recorded_with_the_consent_that_was_given_first(site: Site) -> None:
    site.sandbox.party(OTHER_AGENT, Party(says=[Line("agent_answer", at=2.0)], hangs_up_after=9.0))
    sid = site.call(callee=None)
    site.work_on()
    record = site.archive.calls.get(sid)
    assert [consent.outcome for consent in record.consents] == [ConsentOutcome.INFORMED]
    (recording,) = record.recordings
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert record.call.dial == (OTHER_AGENT,)
    assert record.call.ended_at is not None
