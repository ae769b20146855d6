"""Calls that somebody else's app recorded: left alone, or found by a sweep that is to take all."""

from __future__ import annotations

import io
import wave
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.site import (
    CALLER,
    COLLEAGUE,
    CUSTOMER,
    OTHER_CUSTOMER,
    OWN_NUMBER,
    Site,
)
from tests.end_to_end.test_calls import energy
from tests.factories import SEEING
from tests.sandbox.target import Target, twiml
from twirec.model.ownership import ALL, OURS, NotOurs
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Direction, Outcome, Role

DIAL = twiml(
    f'<Dial callerId="{OWN_NUMBER}" record="record-from-answer-dual">'
    f"<Number>{CUSTOMER}</Number></Dial>"
)


@pytest.fixture
def greedy_site(tmp_path: Path) -> Iterator[Site]:
    """An installation that takes over whatever the account has."""
    bucket, environ = f"file://{tmp_path}/bucket", {"TWIREC_ADOPT": "all"}
    with Site(tmp_path, bucket, environ=environ).running() as site:
        yield site


@pytest.fixture
def foreign_app() -> Iterator[Target]:
    """An app that knows nothing of twirec."""
    app = Target()
    yield app
    app.close()


def test_a_sweep_finds_the_customer_whom_an_agent_dialled_with_another_app(
    greedy_site: Site, foreign_app: Target
) -> None:
    site = greedy_site
    site.sandbox.application(voice_url=foreign_app.says("/dial", DIAL))
    sid = site.dial_out(CALLER)
    assert site.archive.calls.search(number="600 11 12 22").calls == ()
    assert site.archive.operations.sweep().adopted == 1
    site.work_on()
    (found,) = site.archive.calls.search(number="600 11 12 22", **SEEING).calls
    call, (recording,) = found.call, found.recordings
    assert (call.call_sid, call.direction, call.outcome) == (sid, Direction.OUT, Outcome.RECORDED)
    assert (call.customer_number, call.own_number) == (CUSTOMER, OWN_NUMBER)
    assert (recording.state, recording.custody) == (State.RELEASED, Custody.QUARANTINED)
    assert recording.channel_map == (Role.AGENT, Role.CUSTOMER)
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["customer_number"], labels["direction"]) == (CUSTOMER, "out")
    with wave.open(io.BytesIO(site.bytes_of(recording))) as audio:
        samples = array("h", audio.readframes(audio.getnframes()))
    agent, customer = samples[0::2], samples[1::2]
    assert energy(customer, 1, 5) > 100 > energy(agent, 1, 5)
    assert energy(agent, 8.5, 12) > 100 > energy(customer, 8.5, 12)


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FOREIGN_NUMBER = "+34911000999"


def foreign_recordings(site: Site, foreign_app: Target) -> list[str]:
    """Let another app of the account have recordings: of calls in, and of one over the API."""
    site.sandbox.number(FOREIGN_NUMBER, voice_url=foreign_app.says("/dial", DIAL))
    call = site.sandbox.call(from_=OTHER_CUSTOMER, to=FOREIGN_NUMBER, callee=COLLEAGUE)
    call.wait(timeout=120)
    for seconds in (2, 3):
        site.sandbox.add_recording(seconds=seconds, call=call)
    return sorted(recording.sid for recording in site.sandbox.recordings)


def test_what_another_app_of_the_account_recorded_stays_and_is_named(
    site: Site, foreign_app: Target
) -> None:
    foreign = foreign_recordings(site, foreign_app)
    assert len(foreign) == 3
    for report in (site.archive.operations.sweep(), site.archive.operations.sweep(full=True)):
        assert (report.adopted, report.not_ours, report.problems) == (0, 3, {})
        assert report.not_ours_named == dict.fromkeys(foreign, NotOurs.ELSEWHERE)
    site.archive.operations.worker(threads=1).run_once()
    told = site.archive.operations.backfill(site.now() - timedelta(days=3), by="ana").run()
    assert (told.seen, told.copied, told.not_ours, told.stopped) == (3, 0, 3, "")
    assert site.at_vendor() == [each.sid for each in site.sandbox.recordings]
    assert (site.stored(), site.recordings()) == ([], [])
    assert site.archive.calls.search().calls == ()
    stats = site.archive.operations.stats()
    assert (stats.not_ours, sorted(stats.not_ours_newest)) == (3, foreign)
    assert not any(request.method == "DELETE" for request in site.sandbox.requests)
    assert not any(request.path.endswith(".wav") for request in site.sandbox.requests)


def test_a_call_of_another_app_is_asked_for_once_and_not_at_every_sweep(
    site: Site, foreign_app: Target
) -> None:
    foreign_recordings(site, foreign_app)
    site.archive.operations.sweep()
    before = len(calls_asked_for(site))
    assert site.archive.operations.sweep().not_ours == 3
    assert len(calls_asked_for(site)) == before
    # Set up after these calls; Twilio tells times in whole seconds.
    later = site.now() + timedelta(seconds=2)
    site.sandbox.number(FOREIGN_NUMBER, voice_url=f"{site.url}/voice", since=later)
    report = site.archive.operations.sweep()
    assert (report.adopted, set(report.not_ours_named.values())) == (0, {NotOurs.BEFORE})


def calls_asked_for(site: Site) -> list[str]:
    return [request.path for request in site.sandbox.requests if "/Calls/" in request.path]


def test_without_the_numbers_nothing_foreign_is_taken_and_the_sweep_says_why(
    site: Site, foreign_app: Target
) -> None:
    foreign_recordings(site, foreign_app)
    site.call()
    site.sandbox.hazards.hides_numbers = True
    report = site.archive.operations.sweep()
    assert (report.adopted, report.not_ours) == (0, 3)
    assert "Let the API key read numbers" in report.problems[site.sandbox.account_sid]
    site.work_on()
    assert len(site.stored()) == 1  # of the call that was told of live
    site.sandbox.hazards.hides_numbers = False
    site.sandbox.number(FOREIGN_NUMBER, voice_url=f"{site.url}/voice", since=LONG_AGO)
    assert site.archive.operations.sweep().adopted == 3


def test_what_was_taken_over_when_all_was_is_not_moved_under_the_default(
    greedy_site: Site, foreign_app: Target
) -> None:
    site = greedy_site
    foreign = foreign_recordings(site, foreign_app)
    assert site.archive.operations.sweep().adopted == 3
    site.archive.catalog.database.adopt = OURS
    site.archive.operations.worker().run_once()
    assert (site.stored(), len(site.at_vendor())) == ([], 3)
    stats = site.archive.operations.stats()
    assert (stats.not_ours, stats.waiting, stats.parked) == (3, 0, 0)
    assert site.archive.operations.sweep().not_ours == 3
    assert sorted(site.archive.operations.stats().not_ours_newest) == foreign
    site.archive.catalog.database.adopt = ALL
    site.work_on()
    assert (len(site.stored()), site.at_vendor()) == (3, [])


def test_a_number_that_moved_to_another_app_keeps_its_calls_and_not_that_apps(
    site: Site, foreign_app: Target
) -> None:
    site.call()
    site.sandbox.number(OWN_NUMBER, voice_url=foreign_app.says("/dial", DIAL))
    later = site.call()
    report = site.archive.operations.sweep()
    assert (report.not_ours, report.lines_written) == (1, 0)
    site.work_on()
    assert len(site.stored()) == 1
    (left,) = report.not_ours_named
    assert [each.call_sid for each in site.sandbox.recordings if each.sid == left] == [later]
    assert left in site.at_vendor()


def test_a_number_whose_calls_only_end_at_this_app_is_another_apps(
    site: Site, foreign_app: Target
) -> None:
    site.sandbox.number(
        FOREIGN_NUMBER,
        voice_url=foreign_app.says("/dial", DIAL),
        status_callback=f"{site.url}/twirec/ended",
    )
    call = site.sandbox.call(from_=OTHER_CUSTOMER, to=FOREIGN_NUMBER, callee=COLLEAGUE)
    call.wait(timeout=120)
    assert site.archive.calls.search(number=OTHER_CUSTOMER).calls
    report = site.archive.operations.sweep()
    assert (report.adopted, report.not_ours) == (0, 1)
    site.archive.operations.worker(threads=1).run_once()
    assert (site.stored(), len(site.at_vendor())) == ([], 1)
