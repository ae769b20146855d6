"""However a call comes in: who is told, what is recorded, one line, and by what it is found.

Each mode is played once, in one installation, with all ways at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.end_to_end.site import COLLEAGUE, OWN_NUMBER, Site
from tests.factories import SEEING
from twirec.model.states import Custody, State
from twirec.model.vocabulary import (
    ConsentMode,
    ConsentOutcome,
    Direction,
    Outcome,
    Reason,
    Role,
)
from twirec.sandbox import Call, Party

DOMAIN = "acme.sip.twilio.com"
SENDER = f"whatsapp:{OWN_NUMBER}"


@dataclass(frozen=True)
class Way:
    """How somebody calls, by what their call is found, and as whose it is shown."""

    from_: str
    to: str
    search: str
    customer: str
    adds: Mapping[str, str] = field(default_factory=dict)


FORWARDED = {"ForwardedFrom": "+34911777888", "CallerName": "Taller"}
WAYS = {
    "telephone": Way("+34600111221", OWN_NUMBER, "600 11 12 21", "+34600111221"),
    "forwarded": Way("+34600111222", OWN_NUMBER, "1222", "+34600111222", FORWARDED),
    "withheld": Way("+266696687", OWN_NUMBER, "oculto", "anonymous"),
    "whatsapp": Way("whatsapp:+34600111223", SENDER, "600111223", "+34600111223"),
    "sip domain": Way(
        "sip:600111224@carrier.example;user=phone",
        f"sip:911000111@{DOMAIN}",
        "600111224",
        "+34600111224",
    ),
}

NOTICE, KEY = "va a ser grabada", 18.5
MODES = [
    (ConsentMode.ANNOUNCE, "", ConsentOutcome.INFORMED),
    (ConsentMode.OPT_IN, "1", ConsentOutcome.GRANTED),
    (ConsentMode.OPT_OUT, "2", ConsentOutcome.REFUSED),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("ways")
    site = Site(folder, f"file://{folder}/bucket", environ={"TWIREC_ADOPT": "all"})
    with site.running():
        urls = {
            "voice_url": f"{site.url}/voice",
            "status_callback": f"{site.url}/twirec/ended",
        }
        app = site.sandbox.application(**urls)
        site.sandbox.addresses.domain(DOMAIN, **urls)
        site.sandbox.addresses.sender(SENDER, application=app)
        yield site


def calls_in(site: Site, key: str) -> dict[str, Call]:
    caller = Party(keys=[(KEY, key)] if key else [])
    calls = {
        name: site.sandbox.call(
            from_=way.from_, to=way.to, caller=caller, callee=COLLEAGUE, adds=way.adds
        )
        for name, way in WAYS.items()
    }
    for call in calls.values():
        call.wait(timeout=120)
    site.work_on()
    return calls


@pytest.mark.parametrize(("mode", "key", "answered"), MODES)
def test_who_is_told_what_is_recorded_and_where_it_is_found(
    site: Site, mode: ConsentMode, key: str, answered: ConsentOutcome
) -> None:
    # of the own number, however it is reached
    site.archive.policy.change(by="x", why="x", mode=mode, number=OWN_NUMBER)
    for name, call in calls_in(site, key).items():
        way = WAYS[name]
        found = site.archive.calls.search(number=way.search, limit=50).calls
        (record,) = [each for each in found if each.call.call_sid == call.sid]
        line = record.call
        assert (line.customer_number, line.own_number) == (way.customer, OWN_NUMBER), name
        assert (line.direction, line.mode) == (Direction.IN, mode), name
        assert [consent.outcome for consent in record.consents] == [answered], name
        heard = [entry.text for entry in call.log if entry.what == "Say" and NOTICE in entry.text]
        assert len(heard) == 1, name
        (leg,) = [each for each in site.sandbox.calls if each.parent_sid == call.sid]
        assert leg.status == "completed", name  # they were connected, whatever they said
        if answered.allows_recording:
            (recording,) = record.recordings
            assert (recording.state, recording.custody) == (State.RELEASED, Custody.ACTIVE), name
            assert recording.channel_map == (Role.CUSTOMER, Role.AGENT), name
            labels = site.archive.bucket.stat(recording.object_name or "").labels
            assert labels["customer_number"] == way.customer, name
        else:
            assert (record.recordings, line.reason) == ((), Reason.REFUSED), name
            assert call.recordings == leg.recordings == [], name


def test_what_a_trunk_recorded_is_adopted_under_the_caller_and_quarantined(site: Site) -> None:
    recording = site.sandbox.add_recording(source="Trunking")
    (call,) = [each for each in site.sandbox.calls if each.sid == recording.call_sid]
    call.from_, call.direction = "+34600111225", "trunking-originating"
    call.to = f"sip:{OWN_NUMBER}@public-vip.ie1.twilio.com"
    site.skip(timedelta(minutes=30))
    assert site.archive.operations.sweep().adopted == 1
    (record,) = site.archive.calls.search(number="600111225", **SEEING).calls
    line = record.call
    assert (line.call_sid, line.own_number, line.direction) == (call.sid, OWN_NUMBER, Direction.IN)
    assert (record.consents, line.outcome) == ((), Outcome.RECORDED)  # nobody was told by us
    assert record.recordings[0].custody is Custody.QUARANTINED
