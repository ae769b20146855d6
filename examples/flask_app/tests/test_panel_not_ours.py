"""What the health page says of other apps' recordings, and of a trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from panel_house import STARTED, Browser

from callpanel.roles import Role
from twirec import Archive
from twirec.model.ownership import Foreign, NotOurs
from twirec.testing import ACCOUNT_SID

FOREIGN = "RE" + "f" * 32


def test_what_is_not_ours_is_counted_and_named(
    browser: Callable[[Role | None], Browser], archive: Archive
) -> None:
    admin = browser(Role.ADMIN)
    assert "Not ours" not in admin.get("/health").text
    seen = Foreign(FOREIGN, ACCOUNT_SID, STARTED, NotOurs.ELSEWHERE)
    archive.catalog.foreign.set(ACCOUNT_SID, STARTED, STARTED + timedelta(days=1), [seen])
    page = admin.get("/health").text
    assert "Not ours" in page
    assert FOREIGN in page
    assert f"/calls/{FOREIGN}" not in page


def test_a_trial_is_said(browser: Callable[[Role | None], Browser], archive: Archive) -> None:
    admin = browser(Role.ADMIN)
    assert "Kept at Twilio too" not in admin.get("/health").text
    archive.settings = replace(archive.settings, keep_at_twilio=True)
    assert "a trial: nothing is deleted there" in admin.get("/health").text
