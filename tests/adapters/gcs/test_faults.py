"""What is lost on the way, and what is given up."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import requests

from tests.adapters.gcs.conftest import Opener
from tests.adapters.gcs.uses import (
    FOREVER,
    LARGE,
    NAME,
    PIECE,
    chunks,
    is_whole,
    kinds,
    put,
)
from tests.servers import StrictGcs
from tests.strict_gcs import Fault
from tests.strict_gcs.faults import Kind
from twirec.adapters.gcs import GcsBucket
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    ObjectExists,
    UploadDropped,
)

pytestmark = pytest.mark.usefixtures("halved")


class TestLostOnTheWay:
    """The server does not keep a request, or its answer does not arrive."""

    def test_a_lost_request_is_sent_again(
        self, bucket: GcsBucket, server: StrictGcs, waits: list[float]
    ) -> None:
        server.fail(Fault("multipart", drop="before"))
        assert put(bucket).size == 10
        assert len(waits) == 1

    def test_a_lost_answer_to_a_whole_upload_ends_in_object_exists(
        self, bucket: GcsBucket, server: StrictGcs, waits: list[float]
    ) -> None:
        server.fail(Fault("multipart", drop="after"))
        with pytest.raises(ObjectExists):
            put(bucket)
        assert bucket.stat(NAME).labels["sha256"] == "e3b0"

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("begin", drop="after"),
            Fault("chunk", skip=3, drop="before"),
            Fault("chunk", skip=3, drop="after"),
            Fault("chunk", skip=3, status=503),
            Fault("chunk", skip=9, times=3, status=500),
            Fault("chunk", skip=3, keep=262_144),
            Fault("chunk", keep=0),
            Fault("chunk", skip=3, keep=262_144, drop="after"),
            Fault("final", drop="before"),
            Fault("final", drop="after"),
            Fault("final", status=503),
            Fault("final", status=429, retry_after=1),
            Fault("final", keep=2),
            Fault("patch", drop="after"),
            Fault("patch", status=502),
        ],
        ids=repr,
    )
    def test_an_upload_in_pieces_goes_on_where_the_server_is(
        self, bucket: GcsBucket, server: StrictGcs, waits: list[float], fault: Fault
    ) -> None:
        server.fail(fault)
        stored = put(bucket, LARGE)
        assert stored.labels == {"recording_sid": "RE1", "sha256": "e3b0"}
        assert is_whole(bucket, LARGE)
        assert list(bucket.list()) == [stored]

    def test_the_question_how_far_it_is_may_be_lost_too(
        self, bucket: GcsBucket, server: StrictGcs, waits: list[float]
    ) -> None:
        server.fail(Fault("chunk", skip=2, drop="after"))
        server.fail(Fault("status", times=2, status=503))
        put(bucket, LARGE)
        assert is_whole(bucket, LARGE)
        assert server.count("status") == 3

    def test_a_session_that_takes_nothing_is_given_up_in_the_end(
        self, open_bucket: Opener, server: StrictGcs, waits: list[float]
    ) -> None:
        bucket = open_bucket()
        server.fail(Fault("chunk", times=FOREVER, keep=0))
        with pytest.raises(BucketUnavailable):
            put(bucket, LARGE)
        assert list(bucket.list()) == []

    def test_a_session_that_google_dropped_is_tried_again_later(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        server.fail(Fault("chunk", skip=2, status=410))
        with pytest.raises(UploadDropped, match="410"):
            put(bucket, LARGE)

    def test_waits_are_jittered_and_grow(
        self, bucket: GcsBucket, server: StrictGcs, waits: list[float]
    ) -> None:
        server.fail(Fault("multipart", times=5, status=503))
        put(bucket)
        assert len(waits) == 5
        assert len(set(waits)) == 5
        assert max(waits) <= 8

    def test_a_connection_that_breaks_while_reading_costs_one_chunk(
        self, bucket: GcsBucket, server: StrictGcs, waits: list[float]
    ) -> None:
        put(bucket, 3 * PIECE)
        server.fail(Fault("media", skip=1, drop="before"))
        assert is_whole(bucket, 3 * PIECE)
        assert server.count("media") == 4


class TestGivingUp:
    """An error of the source, of the finish or of a request: nothing may become visible."""

    def test_the_session_is_cancelled_and_takes_nothing_more(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        def source() -> Iterator[bytes]:
            yield from chunks(LARGE)
            raise ValueError("not audio")

        with pytest.raises(ValueError, match="not audio"):
            put(bucket, source=source())
        assert kinds(server)[-1] == "cancel"
        address = f"{server.url}/upload/storage/v1/b/bucket-of-tests/o"
        later = requests.put(address, data=b"", params=server.requests[-1].query, timeout=120)
        assert later.status_code == 499

    def test_a_refused_piece_cancels_the_session(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        server.fail(Fault("chunk", skip=2, status=403))
        with pytest.raises(BucketRefused):
            put(bucket, LARGE)
        assert kinds(server)[-1] == "cancel"

    def test_a_cancellation_that_fails_is_told_without_the_address(
        self, bucket: GcsBucket, server: StrictGcs, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.fail(Fault("cancel", drop="before"))
        server.fail(Fault("chunk", skip=2, status=403))
        with caplog.at_level(logging.WARNING, "twirec"), pytest.raises(BucketRefused):
            put(bucket, LARGE)
        (record,) = caplog.records
        assert "could not cancel" in record.getMessage()
        assert "upload_id" not in caplog.text

    def test_an_object_that_appears_meanwhile_is_found_when_the_last_piece_is_sent(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        def source() -> Iterator[bytes]:
            yield from chunks(LARGE)
            put(bucket, 10)

        with pytest.raises(ObjectExists):
            put(bucket, source=source())
        assert is_whole(bucket, 10)


class TestRefusedWithNothingThere:
    """A 404, 410 or 412 to what makes an object proves only that the request was not understood."""

    @pytest.mark.parametrize("status", [404, 410, 412])
    @pytest.mark.parametrize(
        ("kind", "size"), [("multipart", 10), ("begin", LARGE)], ids=["one request", "start"]
    )
    def test_what_is_still_in_hand_is_sent_again_at_once(
        self, bucket: GcsBucket, server: StrictGcs, kind: Kind, size: int, status: int
    ) -> None:
        server.fail(Fault(kind, status=status, times=2))
        put(bucket, size)
        assert is_whole(bucket, size)

    @pytest.mark.parametrize("status", [404, 410, 412])
    @pytest.mark.parametrize(
        ("kind", "size", "skip"),
        [
            ("multipart", 10, 0),
            ("begin", LARGE, 0),
            ("chunk", LARGE, 3),
            ("final", LARGE, 0),
            ("patch", LARGE, 0),
        ],
    )
    def test_it_is_never_called_there_and_may_pass(
        self, bucket: GcsBucket, server: StrictGcs, kind: Kind, size: int, skip: int, status: int
    ) -> None:
        server.fail(Fault(kind, status=status, skip=skip, times=FOREVER))
        with pytest.raises(UploadDropped) as caught:
            put(bucket, size)
        assert caught.value.retryable

    def test_what_is_there_is_there(self, bucket: GcsBucket, server: StrictGcs) -> None:
        put(bucket)
        with pytest.raises(ObjectExists):
            put(bucket)
        assert server.count("multipart") == 2
