from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.factories import a_call, a_consent, a_recording, recording_sid
from twirec.model.errors import LabelsTooLong, MediaNotDescribed
from twirec.model.records import CallRecord
from twirec.transfers.naming import labels, object_name


def test_the_name_is_made_of_the_start_in_utc_and_the_sid_and_has_no_number() -> None:
    midnight = datetime(2026, 11, 24, 0, 30, tzinfo=ZoneInfo("Europe/Madrid"))
    name = object_name(a_recording(started_at=midnight))
    assert name == f"recordings/2026/11/23/20261123T233000Z_{recording_sid()}.wav"


def test_the_name_is_the_recordings_time_not_that_of_the_upload() -> None:
    night = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    late = a_recording(started_at=night, due_at=datetime(2026, 10, 26, tzinfo=UTC))
    assert object_name(late).startswith("recordings/2026/10/25/20261025T013000Z_")


def test_a_recording_without_a_start_has_no_name() -> None:
    with pytest.raises(MediaNotDescribed, match=recording_sid()):
        object_name(a_recording(started_at=None))


def test_labels_that_do_not_fit_are_an_error_not_a_cut() -> None:
    record = CallRecord(a_call(customer_number="sip:" + "x" * 8000), (a_consent(),))
    with pytest.raises(LabelsTooLong, match="8 KiB"):
        labels(record, a_recording())
