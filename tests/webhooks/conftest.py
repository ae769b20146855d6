"""An app that answers calls, its archive in memory, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.webhooks.calling import Clock, app_of
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.testing import SignedPosts


@pytest.fixture
def clock(twirec_archive: Archive) -> Clock:
    clock = Clock()
    twirec_archive.now = clock
    return clock


@pytest.fixture
def vendor(twirec_archive: Archive) -> MemoryVendor:
    vendor = twirec_archive.vendor
    assert isinstance(vendor, MemoryVendor)
    return vendor


@pytest.fixture
def app(twirec_archive: Archive) -> Flask:
    return app_of(twirec_archive)


@pytest.fixture
def post(app: Flask, twirec_post: Callable[[Flask], SignedPosts]) -> SignedPosts:
    return twirec_post(app)
