"""A message is left: told first, one channel, the customer's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.end_to_end.site import CUSTOMER, Site
from tests.factories import part_of
from twirec.calls.wordings import WORDINGS
from twirec.model.errors import CatalogUnavailable
from twirec.model.states import State
from twirec.model.vocabulary import ConsentMode, Outcome, Reason, Role
from twirec.sandbox import Faults, Line, Party

MAILBOX = "+34911000999"


def leave(site: Site, **scene: object) -> str:
    site.sandbox.number(
        MAILBOX,
        voice_url=f"{site.url}/voicemail",
        fallback_url=f"{site.url}/voicemail",
        status_callback=f"{site.url}/twirec/ended",
    )
    caller = Party(says=[Line("customer_complaint", at=20.0)], hangs_up_after=28.0)
    scene = {"caller": caller, **scene}
    call = site.sandbox.call(from_=CUSTOMER, to=MAILBOX, **scene)  # type: ignore[arg-type]
    call.wait(timeout=120)
    site.work_on()
    return call.sid


def test_a_message_is_recorded_after_the_announcement(site: Site) -> None:
    record = site.archive.calls.get(leave(site))
    (recording,) = record.recordings
    assert (recording.state, recording.source) == (State.RELEASED, "RecordVerb")
    assert (recording.channels, recording.channel_map) == (1, (Role.CUSTOMER,))
    labels = site.archive.bucket.stat(recording.object_name or "").labels
    assert (labels["consent"], labels["channel_map"]) == ("informed", '["customer"]')
    assert record.call.outcome is Outcome.RECORDED
    (consent,) = record.consents
    assert recording.started_at is not None
    assert consent.at.replace(microsecond=0) <= recording.started_at


def test_who_leaves_no_message_is_nothing_to_look_into(site: Site) -> None:
    sid = leave(site, caller=Party(hangs_up_after=16.5))
    site.skip(timedelta(hours=1))
    report = site.archive.operations.sweep()
    assert site.archive.calls.get(sid).call.reason is Reason.SILENT
    assert report.problems == {}


def test_no_message_is_recorded_when_the_announcement_fails(site: Site) -> None:
    record = site.archive.calls.get(leave(site, faults=Faults(say_fails=True)))
    assert record.call.reason is Reason.ANNOUNCEMENT_FAILED
    assert site.sandbox.recordings == []


def said(site: Site) -> str:
    """What the caller heard last."""
    (call,) = site.sandbox.calls
    return [entry.text for entry in call.log if entry.what == "Say"][-1]


@pytest.mark.parametrize("language", ["es-ES", "ca-ES"])
def test_who_can_leave_no_message_since_it_is_off_hears_so(site: Site, language: str) -> None:
    site.archive.policy.change(by="test", why="test", number=MAILBOX, language=language)
    site.archive.policy.change(by="test", why="test", on=False)
    record = site.archive.calls.get(leave(site))
    assert record.call.reason is Reason.OFF
    assert said(site) == WORDINGS[language].no_message
    assert site.sandbox.recordings == []


def test_so_does_who_calls_while_the_catalog_is_down(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise CatalogUnavailable("The catalog cannot be used: disk I/O error.")

    with monkeypatch.context() as outage:
        for part in ("ledger.open_call", "policy.history"):
            outage.setattr(*part_of(site.archive.catalog, part), down)
        leave(site)
    assert said(site) == WORDINGS["es-ES"].no_message
    assert site.sandbox.recordings == []


@pytest.mark.parametrize("mode", [ConsentMode.OPT_OUT, ConsentMode.OPT_IN])
def test_who_says_no_leaves_no_message(site: Site, mode: ConsentMode) -> None:
    site.archive.policy.change(by="test", why="test", mode=mode)
    record = site.archive.calls.get(leave(site, caller=Party(keys=[(18.5, "2")])))
    assert record.call.reason is Reason.REFUSED
    assert said(site) == WORDINGS["es-ES"].no_message
    assert site.sandbox.recordings == []
