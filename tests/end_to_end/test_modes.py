"""Each consent mode with each key, played against the stand-in for Twilio."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Mapping
from typing import Any

import pytest

from tests.end_to_end.site import COLLEAGUE, CUSTOMER, OWN_NUMBER, Site, until
from tests.end_to_end.test_calls import energy
from twirec.model.records import CallRecord, Consent, Recording
from twirec.model.states import Custody, State
from twirec.model.vocabulary import ConsentMode, ConsentOutcome, Direction, Outcome, Reason, Role
from twirec.sandbox import Line, Party

# The notice ends after 16 seconds, or 19 in a call that is placed, which looks for machines first;
# the question takes 4 (how to say no, 11) and waits for 5, and its second time follows a wrong key
# at once.
FIRST, SECOND, HEARD_OUT = 20.0, 24.0, 30.0
SPEAKS = [Line("customer_complaint", at=0.5)]


def caller(**does: Any) -> Party:
    return Party(says=SPEAKS, counts_from_bridge="hangs_up_after" not in does, **does)


def behaves(mode: ConsentMode, behaviour: str) -> Party:
    """Return the outside party, who presses keys when the question was heard, or is on."""
    match behaviour:
        case "silent":
            return caller()
        case "hangs up during":
            return Party(hangs_up_after=5.0)
        case "hangs up after":
            return Party(says=SPEAKS, counts_from_bridge=True, hangs_up_after=9.0)
        case "9, too early":
            return caller(keys=[(FIRST, "9"), (SECOND, "9")])
        case "9, too early, once":
            return caller(keys=[(FIRST, "9")])
    first, _, second = behaviour.partition(" then ")
    if mode is ConsentMode.OPT_OUT and first != "2":
        return caller(keys=[(HEARD_OUT, first)])
    return caller(keys=[(FIRST, first), (SECOND, second or first)])


BEHAVIOURS = ("silent", "1", "2", "9", "#", "9 then 1", "hangs up during", "hangs up after")
BEHAVIOURS += ("9, too early", "9, too early, once")
I, G, R, N, H = (  # noqa: E741 - a table
    ConsentOutcome.INFORMED,
    ConsentOutcome.GRANTED,
    ConsentOutcome.REFUSED,
    ConsentOutcome.NO_ANSWER,
    ConsentOutcome.HUNG_UP,
)
EXPECTED = {
    ConsentMode.ANNOUNCE: dict(zip(BEHAVIOURS, (I, I, I, I, I, I, H, I, I, I), strict=True)),
    ConsentMode.OPT_OUT: dict(zip(BEHAVIOURS, (I, I, R, I, I, I, H, I, N, I), strict=True)),
    ConsentMode.OPT_IN: dict(zip(BEHAVIOURS, (N, G, R, N, N, G, H, N, N, N), strict=True)),
    ConsentMode.OPT_IN_OR_HANG_UP: dict(
        zip(BEHAVIOURS, (N, G, R, N, N, G, H, N, N, N), strict=True)
    ),
}
KEYS = {
    ConsentMode.ANNOUNCE: dict.fromkeys(BEHAVIOURS, ""),
    ConsentMode.OPT_OUT: dict(
        zip(BEHAVIOURS, ("", "1", "2", "9", "#", "9", "", "", "9", ""), strict=True)
    ),
    ConsentMode.OPT_IN: dict(
        zip(BEHAVIOURS, ("", "1", "2", "9", "#", "1", "", "", "9", ""), strict=True)
    ),
}
KEYS[ConsentMode.OPT_IN_OR_HANG_UP] = KEYS[ConsentMode.OPT_IN]
REASONS = {R: Reason.REFUSED, N: Reason.NO_ANSWER, H: Reason.HUNG_UP}


def play(site: Site, mode: ConsentMode, behaviour: str) -> str:
    site.archive.policy.change(by="test", why="test", mode=mode)
    sid = site.call(caller=behaves(mode, behaviour), callee=COLLEAGUE)
    site.work_on()
    return sid


def check_sides(site: Site, recording: Recording) -> None:
    """The customer speaks at first, and the agent from the eighth second on; not a word before."""
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    sides = dict(zip(recording.channel_map, (samples[0::2], samples[1::2]), strict=True))
    customer, agent = sides[Role.CUSTOMER], sides[Role.AGENT]
    assert energy(customer, 1, 5) > 100 > energy(agent, 1, 5)
    assert energy(agent, 8.2, 8.8) > 100 > energy(customer, 8.2, 8.8)
    assert energy(customer, 0, 0.4) + energy(agent, 0, 0.4) < 1  # nothing of the announcement


def check_consent(site: Site, record: CallRecord, mode: ConsentMode, behaviour: str) -> Consent:
    (consent,) = record.consents
    wording = site.archive.catalog.announcements.get(consent.announcement)
    assert record.call.mode is mode
    assert (consent.outcome, consent.key) == (EXPECTED[mode][behaviour], KEYS[mode][behaviour])
    assert consent.method == ("key" if mode.asks else "announcement")
    assert (consent.announcement, consent.language) == (record.call.announcement, "es-ES")
    assert bool(wording.question) is mode.asks
    (told,) = [leg for leg in site.sandbox.calls if leg.sid == consent.leg]
    assert CUSTOMER in (told.to, told.from_)
    return consent


def check_labels(site: Site, recording: Recording, mode: ConsentMode, consent: Consent) -> None:
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["consent"], labels["consent_mode"]) == (consent.outcome, mode)
    assert (labels["consent_method"], labels["consent_key"]) == (consent.method, consent.key)
    assert labels["consent_leg"] == consent.leg
    assert (labels["announcement"], labels["language"]) == (consent.announcement, "es-ES")
    assert labels["customer_number"] == CUSTOMER
    assert labels["consent_at"] == consent.at.isoformat()
    assert recording.started_at is not None
    assert consent.at.replace(microsecond=0) <= recording.started_at  # of whole seconds


def check_cell(
    site: Site, sid: str, mode: ConsentMode, behaviour: str, channels: tuple[Role, ...]
) -> None:
    """Hold a call that was played and worked on against the table."""
    record = site.archive.calls.get(sid)
    consent = check_consent(site, record, mode, behaviour)
    if consent.outcome.allows_recording:
        (recording,) = record.recordings
        assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE)
        assert recording.channel_map == channels
        assert recording.object_name in site.stored()
        check_labels(site, recording, mode, consent)
        check_sides(site, recording)
        assert (record.call.outcome, record.call.reason) == (Outcome.RECORDED, None)
    else:
        assert record.recordings == ()
        assert (record.call.outcome, record.call.reason) == (
            Outcome.NOT_RECORDED,
            REASONS[consent.outcome],
        )


def check_cells(
    site: Site, sids: Mapping[str, str], mode: ConsentMode, channels: tuple[Role, ...]
) -> None:
    """Hold calls of a mode, by what was done in them, against the table: all that were played."""
    site.work_on()
    for behaviour, sid in sids.items():
        check_cell(site, sid, mode, behaviour, channels)
    allowed = sum(EXPECTED[mode][behaviour].allows_recording for behaviour in sids)
    assert len(site.sandbox.recordings) == len(site.stored()) == allowed


@pytest.mark.parametrize("mode", ConsentMode)
def test_a_call_in_is_recorded_only_after_the_answer_that_the_mode_needs(
    site: Site, mode: ConsentMode
) -> None:
    site.archive.policy.change(by="test", why="test", mode=mode)
    calls = {
        behaviour: site.sandbox.call(
            from_=CUSTOMER, to=OWN_NUMBER, caller=behaves(mode, behaviour), callee=COLLEAGUE
        )
        for behaviour in BEHAVIOURS
    }
    for call in calls.values():
        call.wait(timeout=120)
    sids = {behaviour: call.sid for behaviour, call in calls.items()}
    check_cells(site, sids, mode, (Role.CUSTOMER, Role.AGENT))


@pytest.mark.parametrize("behaviour", ["silent", "2", "9"])
def test_who_did_not_say_yes_is_connected_or_hung_up_on_as_the_mode_says(
    site: Site, behaviour: str
) -> None:
    for mode, connected in ((ConsentMode.OPT_IN, True), (ConsentMode.OPT_IN_OR_HANG_UP, False)):
        before = len(site.sandbox.calls)
        play(site, mode, behaviour)
        legs = site.sandbox.calls[before:]
        assert any(leg.direction == "outbound-dial" for leg in legs) is connected


def test_a_call_that_began_while_it_was_off_stays_unrecorded_when_it_is_switched_on(
    site: Site,
) -> None:
    site.archive.policy.change(by="ana", why="test", on=False, number=OWN_NUMBER)
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=caller(), callee=COLLEAGUE)
    until(lambda: site.archive.calls.search().calls)
    site.archive.policy.change(by="ana", why="test", on=True, number=OWN_NUMBER)
    call.wait(timeout=120)
    record = site.archive.calls.get(call.sid)
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.OFF)
    assert record.call.detail.startswith("since ")
    assert record.call.detail.endswith("by ana")
    assert site.sandbox.recordings == []
    assert site.archive.policy.of(OWN_NUMBER, Direction.IN).policy.on


def test_a_call_that_began_while_it_was_on_is_recorded_to_its_end(site: Site) -> None:
    call = site.sandbox.call(from_=CUSTOMER, to=OWN_NUMBER, caller=caller(), callee=COLLEAGUE)
    until(lambda: site.archive.calls.search().calls)
    site.archive.policy.change(by="ana", why="test", on=False)
    call.wait(timeout=120)
    site.work_on()
    assert site.archive.calls.get(call.sid).call.outcome is Outcome.RECORDED
