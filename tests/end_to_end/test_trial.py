"""The first evening: a trial on an account that another app uses too, and then for real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.end_to_end.site import COLLEAGUE, OTHER_CUSTOMER, Site
from tests.end_to_end.test_foreign_calls import DIAL, FOREIGN_NUMBER
from tests.sandbox.target import Target
from twirec.cli import main

Twirec = Callable[..., Result]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, f"file://{tmp_path}/bucket").running() as site:
        yield site


@pytest.fixture
def twirec(site: Site, monkeypatch: pytest.MonkeyPatch) -> Twirec:
    for name, value in site.environ.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(main, words)


def test_an_evening_on_the_companys_account_harms_nothing(
    site: Site, twirec: Twirec, monkeypatch: pytest.MonkeyPatch
) -> None:
    crm = Target()
    site.sandbox.number(FOREIGN_NUMBER, voice_url=crm.says("/dial", DIAL))
    call = site.sandbox.call(from_=OTHER_CUSTOMER, to=FOREIGN_NUMBER, callee=COLLEAGUE)
    call.wait(timeout=120)
    site.sandbox.add_recording(seconds=2, call=call)
    crm.close()
    foreign = sorted(site.at_vendor())
    assert len(foreign) == 2

    monkeypatch.setenv("TWIREC_KEEP_AT_TWILIO", "1")
    assert twirec("init").exit_code == 0
    assert "kept at Twilio: TWIREC_KEEP_AT_TWILIO is 1" in twirec("doctor").output
    said = twirec("sweep", "--dry-run").output
    assert "recordings that are not ours, left alone: 2" in said
    assert all(
        f"{sid}: not ours: its own number does not point at this app" in said for sid in foreign
    )
    site.call()
    (own,) = set(site.at_vendor()) - set(foreign)
    for command in ("sweep", "work --once"):
        assert twirec(*command.split()).exit_code == 0
    shown = twirec("show", own).output
    assert "archived" in shown
    assert "kept there for a trial" in shown
    stats = json.loads(twirec("stats", "--json").output)
    assert (stats["kept_for_trial"], stats["not_ours"], stats["waiting"]) == (1, 2, 0)
    assert sorted(stats["not_ours_newest"]) == foreign
    said = twirec("doctor").output
    assert "not ours: Left alone at Twilio, as they are not ours: RE" in said
    assert "1 archived recordings are kept there too" in said
    assert sorted(site.at_vendor()) == sorted([*foreign, own])
    assert len(site.stored()) == 1

    monkeypatch.delenv("TWIREC_KEEP_AT_TWILIO")
    assert twirec("work", "--once").exit_code == 0
    assert "released" in twirec("show", own).output
    assert twirec("sweep").exit_code == 0
    since = f"{site.now() - timedelta(days=3):%Y-%m-%d}"
    told = twirec("backfill", "--since", since).output
    assert "2 not ours, left alone" in told
    assert sorted(site.at_vendor()) == foreign
    assert not any(
        request.method == "DELETE" and any(sid in request.path for sid in foreign)
        for request in site.sandbox.requests
    )
