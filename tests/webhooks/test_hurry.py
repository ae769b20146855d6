"""While somebody on the phone waits for us, Twilio is asked once, and not for long."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from tests.webhooks.calling import (
    CHILD,
    CUSTOMER,
    DIALLED,
    PARENT,
    Clock,
    talk,
)
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.model.errors import NotFound
from twirec.model.vendor import VendorCall
from twirec.testing import ACCOUNT_SID, SignedPosts


def watched(monkeypatch: pytest.MonkeyPatch, vendor: MemoryVendor, asked: str) -> Mock:
    watch = Mock(wraps=getattr(vendor, asked))
    monkeypatch.setattr(vendor, asked, watch)
    return watch


def in_a_hurry(watch: Mock) -> bool:
    assert watch.call_count
    return all(call.kwargs.get("hurry") for call in watch.call_args_list)


def test_who_dials_again(
    post: SignedPosts, vendor: MemoryVendor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk(post, clock)
    asked = watched(monkeypatch, vendor, "recordings")
    post("/dial", DIALLED)
    assert in_a_hurry(asked)


def test_who_pauses(
    post: SignedPosts,
    vendor: MemoryVendor,
    clock: Clock,
    twirec_archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    talk(post, clock)
    asked = watched(monkeypatch, vendor, "recordings")
    twirec_archive.recordings.pause(PARENT, by="ana")
    assert in_a_hurry(asked)


def test_who_pauses_by_a_leg_that_is_not_known(
    vendor: MemoryVendor, twirec_archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.add_call(
        VendorCall(PARENT, ACCOUNT_SID, "client:ana", CUSTOMER, "inbound", "in-progress")
    )
    asked = watched(monkeypatch, vendor, "call")
    with pytest.raises(NotFound):
        twirec_archive.recordings.pause(CHILD, by="ana")
    assert in_a_hurry(asked)
