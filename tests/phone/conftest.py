"""An app that answers calls, its archive in memory, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, Response, request

from tests.phone.calling import AGENT, OWN, Clock
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.flask import Twirec
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
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive)

    def voice() -> Response:
        return recordings.answer(dial=AGENT)

    def anybody(agent: str) -> bool:
        return True

    def dial() -> Response:
        return recordings.dial_out(request.form["To"], own_number=OWN, allow=anybody)

    def agents_dial() -> Response:
        return recordings.dial_out(request.form["To"], own_number=OWN)

    def voice_failed() -> Response:
        return recordings.answer(dial=AGENT, fallback=True)

    def dial_failed() -> Response:
        return recordings.dial_out(request.form["To"], own_number=OWN, allow=anybody, fallback=True)

    for view in (voice, dial, agents_dial, voice_failed, dial_failed):
        app.post("/" + view.__name__.replace("_", "/"))(recordings.signed(view))
    return app


@pytest.fixture
def post(app: Flask, twirec_post: Callable[[Flask], SignedPosts]) -> SignedPosts:
    return twirec_post(app)
