"""What Twilio tells of a recording is kept."""

from __future__ import annotations

import pytest

from tests.factories import call_sid, recording_sid
from tests.phone.calling import LONG_ENOUGH, STATUS, VOICE, Clock, rows
from twirec.archive import Archive
from twirec.model.errors import NotFound
from twirec.model.states import Custody, State
from twirec.model.words import Role
from twirec.testing import SignedPosts


def test_a_status_callback_is_kept_and_the_recording_due(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    answer = post("/twirec/status", STATUS)
    assert (answer.status_code, answer.data) == (204, b"")
    (recording,) = twirec_archive.show(call_sid()).recordings
    assert (recording.state, recording.custody) == (State.COMPLETED, Custody.ACTIVE)
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert recording.due_at == clock.time


def test_a_recording_that_others_started_is_quarantined(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/twirec/status", {**STATUS, "RecordingSource": "Trunking"})
    recording = twirec_archive.catalog.recording(recording_sid())
    assert recording.custody is Custody.QUARANTINED
    assert recording.channel_map == ()


def test_a_word_that_nobody_knows_is_kept_and_answered(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    assert post("/twirec/status", {**STATUS, "RecordingStatus": "new"}).status_code == 204
    with pytest.raises(NotFound):
        twirec_archive.catalog.recording(recording_sid())
    assert rows(twirec_archive) == 1
