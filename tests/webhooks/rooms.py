"""An app whose callers and agents meet in conferences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask, Response

from tests.factories import call_sid, recording_sid
from tests.webhooks.calling import LONG_ENOUGH, Clock
from twirec.adapters.memory_vendor import MemoryVendor
from twirec.archive import Archive
from twirec.flask import Twirec
from twirec.model.records import CallRecord
from twirec.model.vendor import RecordingStatus, VendorRecording
from twirec.model.vocabulary import Uninformed
from twirec.settings import Settings
from twirec.testing import ACCOUNT_SID, SignedPosts

CALLERS = tuple(call_sid(number) for number in (1, 2, 3))
ANA, BEA, CUSTOMER = call_sid(7), call_sid(8), call_sid(9)
OWN, CUSTOMERS_NUMBER = "+34911000111", "+34600777666"
AGENTS = {ANA: "client:ana", BEA: "client:bea"}
ROOM, OTHER_ROOM = "CF" + "c" * 32, "CF" + "d" * 32
OTHER_CALLER = "another caller in the conference may not be recorded"
NOT_INFORMED = "an agent is not in the register of informed agents"


@pytest.fixture
def twirec_settings(twirec_settings: Settings) -> Settings:
    return replace(twirec_settings, uninformed_agents=Uninformed.DO_NOT_RECORD)


class Rooms:
    """An app whose callers and agents meet in conferences, and where everybody is."""

    def __init__(self, archive: Archive, vendor: MemoryVendor, post: SignedPosts) -> None:
        self.archive, self.vendor, self.post = archive, vendor, post
        archive.now = self.clock = Clock()
        self._number = 0

    def call(self, sid: str, *, heard: bool = True) -> None:
        """Let a caller hear the announcement, or not to its end, and be recorded."""
        form = {"CallSid": sid, "From": "+34600111222", "To": "+34911000111"}
        self.post("/voice", form)
        self.clock.advance(LONG_ENOUGH if heard else timedelta(seconds=1))
        if "record-from" in self.post("/twirec/connect", form).text:
            self.record(sid)

    def record(self, leg: str) -> None:
        number = CALLERS.index(leg) + 1 if leg in CALLERS else 9
        self.vendor.add_recording(
            VendorRecording(
                recording_sid(number),
                ACCOUNT_SID,
                leg,
                RecordingStatus.IN_PROGRESS,
                started_at=self.clock(),
                source="DialVerb",
            )
        )

    def agent(self, sid: str) -> None:
        self.post("/join", {"CallSid": sid, "From": AGENTS[sid], "To": "+34911000222"})

    def inform(self, name: str) -> None:
        self.archive.agents.inform(
            name, informed_on=self.clock().date(), reference="annex", by="eva"
        )

    def tell(self, what: str, sid: str, room: str = ROOM) -> None:
        """Tell that somebody joined or left, as Twilio does."""
        self._number += 1
        self.clock.advance(timedelta(seconds=1))
        form = {
            "CallSid": sid,
            "ConferenceSid": room,
            "SequenceNumber": str(self._number),
            "StatusCallbackEvent": f"participant-{what}",
            "Timestamp": self.clock().strftime("%a, %d %b %Y %H:%M:%S +0000"),
        }
        assert self.post("/twirec/conference", form).status_code == 204

    def recorded(self) -> list[str]:
        """Return the legs that are being recorded."""
        return [
            found.call_sid or ""
            for found in self.vendor.recordings(ACCOUNT_SID)
            if found.status is RecordingStatus.IN_PROGRESS
        ]

    def show(self, sid: str) -> CallRecord:
        return self.archive.calls.get(sid)


@pytest.fixture
def rooms(
    twirec_archive: Archive, vendor: MemoryVendor, twirec_post: Callable[[Flask], SignedPosts]
) -> Rooms:
    app = Flask(__name__)
    recordings = Twirec(app, twirec_archive, may_pause=lambda record: "ana")

    def voice() -> Response:
        return recordings.answer(dial="conference:room-1")

    def take() -> Response:
        return recordings.take("support")

    app.post("/voice")(recordings.signed(voice))

    def dial() -> Response:
        return recordings.dial_out(CUSTOMERS_NUMBER, own_number=OWN, allow=lambda agent: True)

    app.post("/take")(recordings.signed(take))
    app.post("/dial")(recordings.signed(dial))
    app.post("/join", endpoint="join")(recordings.signed(lambda: recordings.join("room-1")))
    return Rooms(twirec_archive, vendor, twirec_post(app))
