"""A webhook of the company's own, on real HTTP: told at least once, whatever it does."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.site import AGENT, CUSTOMER, OWN_NUMBER, Site
from tests.webhook import SECRET, Webhook
from twirec.model.states import State
from twirec.sandbox import ALWAYS, Fault, Faults

MINUTE = timedelta(minutes=1)


@pytest.fixture
def webhook() -> Webhook:
    """A webhook whose address is known, and which is not up yet."""
    webhook = Webhook()
    with webhook.running():
        pass
    return webhook


@pytest.fixture
def site(tmp_path: Path, webhook: Webhook) -> Iterator[Site]:
    """An installation that tells the webhook."""
    environ = {"TWIREC_NOTIFY_URL": webhook.url, "TWIREC_NOTIFY_SECRET": SECRET}
    with Site(tmp_path, f"file://{tmp_path}/bucket", environ=environ).running() as site:
        webhook.now = site.now
        yield site


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pauses of a try be short, and the webhook's answer be waited for shortly."""
    monkeypatch.setattr("twirec.adapters.twilio_http._wait", lambda *_: 0.01)
    monkeypatch.setattr("twirec.adapters.receiver.TIMEOUT", (0.5, 0.5))


def tell(site: Site) -> None:
    """Send what is due a minute from now."""
    site.skip(MINUTE)
    site.archive.operations.worker().run_once()


def waiting(site: Site) -> int:
    return site.archive.operations.stats().events_waiting


def test_a_call_is_told_of_exactly_once_when_it_is_archived(site: Site, webhook: Webhook) -> None:
    with webhook.running():
        sid = site.call()
        site.work_on()
        tell(site)
    (recording,) = site.recordings()
    (told,) = webhook.seen
    assert told == {
        "id": told["id"],
        "event": "archived",
        "at": told["at"],
        "recording_sid": recording.sid,
        "call_sid": sid,
        "account_sid": site.sandbox.account_sid,
        "state": "archived",
        "object_name": recording.object_name,
        "sha256": recording.sha256,
    }
    assert webhook.refused == 0
    assert waiting(site) == 0


def test_what_is_parked_is_told_and_what_heals_after_it(site: Site, webhook: Webhook) -> None:
    with webhook.running():
        held = site.record(faults=Faults(media={Fault.XML_WITH_200: ALWAYS}))
        site.work_on()
        site.archive.operations.sweep()
        site.work_on()
        assert [(told["event"], told["reason"]) for told in webhook.seen] == [
            ("parked", "MediaIsErrorPage")
        ]
        held.faults = Faults()
        assert site.archive.operations.retry(held.sid, by="ana") == 1
        site.work_on()
    assert webhook.events() == ["parked", "archived"]


def test_what_is_lost_is_told(site: Site, webhook: Webhook) -> None:
    held = site.record()
    site.archive.vendor.delete(site.sandbox.account_sid, held.sid)
    with webhook.running():
        site.work_on()
    assert webhook.events() == ["lost"]


def test_a_webhook_that_is_down_at_first_is_told_when_it_is_up(
    site: Site, webhook: Webhook
) -> None:
    site.record()
    site.work_on()
    assert [recording.state for recording in site.recordings()] == [State.RELEASED]
    assert waiting(site) == 1
    with webhook.running():
        tell(site)
        tell(site)
    assert webhook.events() == ["archived"]


def test_a_webhook_that_fails_is_told_again_until_it_takes_it(site: Site, webhook: Webhook) -> None:
    webhook.statuses = [500, 302, 404]
    site.record()
    with webhook.running():
        site.work_on()
        for _ in range(5):
            tell(site)
    assert len(webhook.bodies) == 4
    assert len(set(webhook.bodies)) == 1
    assert waiting(site) == 0


def test_a_webhook_that_is_slow_is_left_and_told_again(site: Site, webhook: Webhook) -> None:
    webhook.before = lambda: time.sleep(1.0)
    site.record()
    with webhook.running():
        site.work_on()
        assert waiting(site) == 1
        webhook.before = lambda: None
        tell(site)
    first, again = webhook.bodies
    assert first == again
    assert waiting(site) == 0


def test_a_crash_between_archiving_and_telling_loses_no_event(
    site: Site, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.record()
    with webhook.running():
        with monkeypatch.context() as crash:
            crash.setattr(site.archive.catalog.events.queue, "claim", lambda *_: None)
            site.work_on()
        assert webhook.seen == []
        other = site.open_archive()
        other.operations.worker().run_once()
        other.close()
    assert webhook.events() == ["archived"]


def test_a_crash_between_telling_and_writing_that_down_tells_again_under_the_same_id(
    site: Site, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.record()
    with webhook.running():
        with monkeypatch.context() as crash:
            crash.setattr("twirec.catalog.events.Events.delivered", lambda *_: None)
            site.work_on()
        site.archive.operations.worker().run_once()
        assert len(webhook.seen) == 1  # it is still held
        tell(site)
        tell(site)
    first, again = webhook.seen
    assert first["id"] == again["id"]


def test_who_lost_the_lease_tells_nothing_and_who_has_it_tells_once(
    site: Site, webhook: Webhook
) -> None:
    site.record()
    slow = site.archive.catalog.due_work.claim(site.now(), MINUTE)
    assert slow is not None
    with webhook.running():
        tell(site)
        site.archive.operations.worker().work(slow)
        tell(site)
    assert webhook.events() == ["archived"]


def test_no_number_no_token_and_no_address_is_in_a_body_or_a_log(
    site: Site, webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    webhook.statuses = [500]
    site.call()
    site.work_on()
    with webhook.running():
        tell(site)
        tell(site)
        tell(site)
    assert webhook.events() == ["archived", "archived"]
    said = caplog.text + b"".join(webhook.bodies).decode()
    numbers = [number.lstrip("+") for number in (CUSTOMER, OWN_NUMBER, AGENT)]
    for secret in (*numbers, SECRET, site.sandbox.auth_token, "sesame"):
        assert secret not in said
