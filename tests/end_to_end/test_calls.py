"""From a ringing phone to a verified recording in the bucket."""

from __future__ import annotations

import io
import time
import wave
from array import array
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.site import CALLER, CUSTOMER, SPEED, Site
from tests.factories import wording_of
from twirec.model.states import State
from twirec.model.vocabulary import ConsentOutcome, Outcome, Reason, Role
from twirec.sandbox import Faults, Line, Party


def energy(samples: array[int], start: float, end: float) -> float:
    span = samples[int(start * 8000) : int(end * 8000)]
    return sum(abs(sample) for sample in span) / len(span)


def test_a_call_ends_as_one_object_with_each_side_on_its_channel(any_site: Site) -> None:
    sid = any_site.call()
    any_site.work_on()
    record = any_site.archive.calls.get(sid)
    (recording,) = record.recordings
    assert record.call.outcome is Outcome.RECORDED
    assert recording.state is State.RELEASED
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert any_site.stored() == [recording.object_name]
    assert any_site.at_vendor() == []
    assert any_site.sandbox.sha256(recording.sid) == recording.sha256
    with wave.open(io.BytesIO(any_site.bytes_of(recording))) as audio:
        assert (audio.getnchannels(), audio.getsampwidth(), audio.getframerate()) == (2, 2, 8000)
        samples = array("h", audio.readframes(audio.getnframes()))
    customer, agent = samples[0::2], samples[1::2]
    assert energy(customer, 1, 5) > 100 > energy(agent, 1, 5)
    assert energy(agent, 8.5, 12) > 100 > energy(customer, 8.5, 12)


def test_the_object_names_the_customer_the_consent_and_the_wording(any_site: Site) -> None:
    sid = any_site.call()
    any_site.work_on()
    record = any_site.archive.calls.get(sid)
    (consent,), (recording,) = record.consents, record.recordings
    (name,) = any_site.stored()
    labels = any_site.archive.bucket.stat(name).labels
    assert labels["customer_number"] == CUSTOMER
    assert labels["consent"] == "informed"
    assert labels["announcement"] == consent.announcement
    assert recording.started_at is not None
    assert consent.at < recording.started_at + timedelta(seconds=1)  # Twilio cuts to whole seconds
    wording = f"announcements/{consent.announcement}.json"
    kept = b"".join(any_site.archive.bucket.open_range(wording)).decode()
    assert wording_of(any_site.archive).text in kept
    assert CUSTOMER not in name


def test_both_calls_of_a_number_are_found_and_cut_by_call_time(site: Site) -> None:
    first, second = site.call(), site.call()
    found = [
        record.call.call_sid for record in site.archive.calls.search(number="600 11 12 22").calls
    ]
    assert found == [second, first]
    started = site.archive.calls.get(second).call.started_at.isoformat()
    after = site.archive.calls.search(number="600111222", since=started).calls
    before = site.archive.calls.search(number="600111222", until=started).calls
    assert [record.call.call_sid for record in after] == [second]
    assert [record.call.call_sid for record in before] == [first]


@pytest.mark.parametrize(
    ("scene", "reason", "consent"),
    [
        ({"caller": Party(hangs_up_after=4.0)}, Reason.HUNG_UP, ConsentOutcome.HUNG_UP),
        (
            {"faults": Faults(say_fails=True)},
            Reason.ANNOUNCEMENT_FAILED,
            ConsentOutcome.ANNOUNCEMENT_FAILED,
        ),
        ({"callee": Party(answers=False)}, Reason.NOBODY_ANSWERED, ConsentOutcome.INFORMED),
    ],
)
def test_a_call_that_is_not_recorded_says_why(
    site: Site, scene: dict[str, object], reason: Reason, consent: ConsentOutcome
) -> None:
    sid = site.call(**scene)
    site.work_on()
    record = site.archive.calls.get(sid)
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, reason)
    assert [each.outcome for each in record.consents] == [consent]
    assert site.sandbox.recordings == []
    assert site.stored() == []


@pytest.mark.parametrize("play", [Site.call, partial(Site.dial_out, customer=CALLER)])
def test_a_slow_machine_is_not_taken_for_a_party_who_listens(
    tmp_path: Path, play: Callable[..., str]
) -> None:
    def slow(app: Callable[..., Any]) -> Callable[..., Any]:
        def stalled(*request: Any) -> Any:
            time.sleep(20 / SPEED)  # longer than any announcement
            return app(*request)

        return stalled

    with Site(tmp_path, f"file://{tmp_path}/bucket", around=slow).running() as site:
        sid = play(site, faults=Faults(say_fails=True))
        assert site.archive.calls.get(sid).call.reason is Reason.ANNOUNCEMENT_FAILED


def test_a_caller_whose_announcement_failed_is_connected_all_the_same(site: Site) -> None:
    site.call(faults=Faults(say_fails=True))
    assert any(leg.direction == "outbound-dial" for leg in site.sandbox.calls)


def test_a_call_too_short_has_a_line_that_says_so_and_nothing_is_owed(site: Site) -> None:
    sid = site.call(callee=Party(hangs_up_after=0.5))
    site.work_on()
    record = site.archive.calls.get(sid)
    assert (record.call.outcome, record.call.reason) == (Outcome.NOT_RECORDED, Reason.TOO_SHORT)
    assert [each.state for each in record.recordings] == [State.ABSENT]


def test_keys_pressed_during_the_announcement_do_not_cut_it_short(site: Site) -> None:
    caller = Party(
        says=[Line("customer_complaint", at=0.5)],
        keys=[(1.0, "1"), (2.0, "#"), (3.0, "*")],
        counts_from_bridge=True,
    )
    sid = site.call(caller=caller)
    assert site.archive.calls.get(sid).consents[0].outcome is ConsentOutcome.INFORMED
