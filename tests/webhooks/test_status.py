"""What Twilio tells of a recording is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import call_sid, recording_sid
from tests.webhooks.calling import LONG_ENOUGH, STATUS, VOICE, Clock, rows
from twirec.archive import Archive
from twirec.model.errors import NotFound
from twirec.model.states import Custody, State
from twirec.model.vocabulary import Reason, Role
from twirec.testing import SignedPosts


def test_a_status_callback_is_kept_and_the_recording_due(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    answer = post("/twirec/status", STATUS)
    assert (answer.status_code, answer.data) == (204, b"")
    (recording,) = twirec_archive.calls.get(call_sid()).recordings
    assert (recording.state, recording.custody) == (State.COMPLETED, Custody.ACTIVE)
    assert recording.channel_map == (Role.CUSTOMER, Role.AGENT)
    assert recording.due_at == clock.time


def test_a_message_is_the_customers_alone_whatever_the_call_goes_on_to(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/voice", VOICE)  # connects a person, where a message was taken before
    post("/twirec/status", {**STATUS, "RecordingSource": "RecordVerb", "RecordingChannels": "1"})
    assert twirec_archive.catalog.recordings.get(recording_sid()).channel_map == (Role.CUSTOMER,)


def test_a_recording_that_others_started_is_quarantined(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    post("/twirec/status", {**STATUS, "RecordingSource": "Trunking"})
    recording = twirec_archive.catalog.recordings.get(recording_sid())
    assert recording.custody is Custody.QUARANTINED
    assert recording.channel_map == ()


def test_a_word_that_nobody_knows_is_kept_and_answered(
    post: SignedPosts, twirec_archive: Archive
) -> None:
    assert post("/twirec/status", {**STATUS, "RecordingStatus": "new"}).status_code == 204
    with pytest.raises(NotFound):
        twirec_archive.catalog.recordings.get(recording_sid())
    assert rows(twirec_archive) == 1


def test_a_recording_of_others_that_came_to_nothing_does_not_say_why_ours_was_refused(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(timedelta(seconds=1))
    post("/twirec/connect", VOICE)
    absent = {**STATUS, "RecordingStatus": "absent", "ErrorCode": "16101"}
    post("/twirec/status", {**absent, "RecordingSource": "OutboundAPI"})
    assert twirec_archive.calls.get(call_sid()).call.reason is Reason.ANNOUNCEMENT_FAILED


def test_what_twilio_says_late_of_a_recording_is_the_reason(
    post: SignedPosts, twirec_archive: Archive, clock: Clock
) -> None:
    post("/voice", VOICE)
    clock.advance(LONG_ENOUGH)
    post("/twirec/connect", VOICE)
    absent = {**STATUS, "RecordingStatus": "absent", "ErrorCode": "16102"}
    post("/twirec/status", absent)
    assert twirec_archive.calls.get(call_sid()).call.reason is Reason.SILENT
