"""Which requests are made, and what is in them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import google.auth
import pytest
import responses

from tests.adapters.gcs.conftest import Opener
from tests.adapters.gcs.uses import (
    NAME,
    is_whole,
    kinds,
    no_credentials,
    put,
)
from tests.servers import StrictGcs
from twirec.adapters.byte_budget import ByteBudget
from twirec.adapters.gcs import LARGE_COST, LARGE_PIECE, PIECE, SINGLE, GcsBucket
from twirec.model.errors import (
    BucketRefused,
    BucketUnavailable,
    ObjectExists,
    ObjectNotFound,
)

LARGE = SINGLE + 2 * PIECE + 5


class TestRequests:
    @pytest.mark.parametrize("size", [0, 5_800_000, SINGLE])
    def test_up_to_8_mib_are_one_request(
        self, bucket: GcsBucket, server: StrictGcs, size: int
    ) -> None:
        put(bucket, size)
        assert kinds(server) == ["multipart"]

    def test_more_is_a_session_in_pieces_and_a_patch(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        put(bucket, LARGE)
        assert kinds(server) == ["begin", *["chunk"] * 10, "final", "patch"]

    def test_where_there_is_room_pieces_are_large(
        self, open_bucket: Opener, server: StrictGcs
    ) -> None:
        bucket = open_bucket(budget=ByteBudget(LARGE_COST))
        put(bucket, 2 * LARGE_PIECE + 1)
        assert kinds(server) == ["begin", "chunk", "chunk", "final", "patch"]
        assert is_whole(bucket, 2 * LARGE_PIECE + 1)

    def test_every_request_that_writes_has_a_precondition(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        bucket.delete(NAME, put(bucket).generation)
        stored = put(bucket, LARGE)
        conditions = {
            seen.kind: seen.query.get("ifGenerationMatch", seen.query.get("generation"))
            for seen in server.requests
            if seen.kind in {"multipart", "begin", "patch"}
        }
        assert conditions == {"multipart": "0", "begin": "0", "patch": str(stored.generation)}

    def test_no_other_request_is_made_behind_the_scenes(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        bucket.delete(NAME, put(bucket).generation)
        with pytest.raises(ObjectNotFound):
            bucket.stat(NAME)
        time.sleep(0.1)
        assert kinds(server) == ["multipart", "delete", "stat"]

    def test_a_range_is_read_from_the_generation_that_was_live(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        stored = put(bucket, 3 * PIECE)
        parts = bucket.open_range(NAME)
        next(parts)
        bucket.delete(NAME, stored.generation)
        put(bucket, 3 * PIECE)
        with pytest.raises(ObjectNotFound):
            next(parts)


class TestOnTheWire:
    """Single requests, as Google would see them."""

    URL = "https://storage.googleapis.com/upload/storage/v1/b/bucket-of-tests/o"

    @pytest.fixture
    def google_side(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        monkeypatch.setattr(google.auth, "default", no_credentials)
        with responses.RequestsMock() as mock:
            yield mock

    def resource(self, **fields: str) -> dict[str, Any]:
        told = {"name": "company/" + NAME, "generation": "7", "size": "10", "crc32c": "x"}
        return {**told, **fields}

    def test_a_token_that_ended_early_is_fetched_anew(
        self, google_side: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tokens = iter(["old", "new"])

        class Account(google.auth.credentials.Credentials):
            def refresh(self, request: object) -> None:
                self.token = next(tokens)

        monkeypatch.setattr(google.auth, "default", lambda **_: (Account(), "a-project"))
        google_side.post(self.URL, status=401)
        google_side.post(self.URL, status=401)
        google_side.post(self.URL, json=self.resource())
        assert put(GcsBucket("bucket-of-tests"), source=iter([b"123456789"])).generation == 7
        carried = [call.request.headers["Authorization"] for call in google_side.calls]
        assert carried == ["Bearer old", "Bearer old", "Bearer new"]

    def test_a_whole_upload_carries_bytes_checksum_labels_and_time(
        self, google_side: responses.RequestsMock
    ) -> None:
        query = {"uploadType": "multipart", "ifGenerationMatch": "0"}
        google_side.post(
            self.URL,
            json=self.resource(),
            match=[responses.matchers.query_param_matcher(query)],
        )
        stored = put(GcsBucket("bucket-of-tests", "/company/"), source=iter([b"123456789"]))
        body = google_side.calls[0].request.body
        assert isinstance(body, bytes)
        metadata, media = body.split(b"\r\n\r\n", 2)[1:]
        draft = json.loads(metadata.split(b"\r\n--")[0])
        assert draft == {
            "name": "company/" + NAME,
            "metadata": {"recording_sid": "RE1", "sha256": "e3b0"},
            "customTime": "2026-11-23T10:15:00.000000Z",
            "crc32c": "4waSgw==",  # the check value of the CRC catalogue
        }
        assert media.startswith(b"123456789" + b"\r\n--")
        assert stored.name == NAME
        assert stored.labels == {}

    def test_412_is_object_exists(self, google_side: responses.RequestsMock) -> None:
        google_side.post(self.URL, status=412, json={"error": {"code": 412}})
        google_side.get(re.compile(".*/o/.*"), json=self.resource())
        with pytest.raises(ObjectExists):
            put(GcsBucket("bucket-of-tests"))

    def test_403_is_refused(self, google_side: responses.RequestsMock) -> None:
        google_side.post(self.URL, status=403, json={"error": {"code": 403}})
        with pytest.raises(BucketRefused, match="HTTP 403"):
            put(GcsBucket("bucket-of-tests"))

    def test_a_checksum_that_is_missing_is_none(self, google_side: responses.RequestsMock) -> None:
        google_side.post(self.URL, json={"name": NAME, "generation": "7", "size": "10"})
        assert put(GcsBucket("bucket-of-tests")).crc32c is None

    def test_a_page_that_is_not_json_is_unavailable(
        self, google_side: responses.RequestsMock, waits: list[float]
    ) -> None:
        google_side.post(self.URL, body="<html>proxy</html>")
        with pytest.raises(BucketUnavailable):
            put(GcsBucket("bucket-of-tests", retry_for=5))

    def test_a_range_names_first_and_last_byte_and_the_generation(
        self, google_side: responses.RequestsMock
    ) -> None:
        base = "https://storage.googleapis.com"
        path = "storage/v1/b/bucket-of-tests/o/RE1.wav"
        google_side.get(f"{base}/{path}", json=self.resource(name="RE1.wav"))
        google_side.get(
            f"{base}/download/{path}",
            body=b"345",
            status=206,
            match=[
                responses.matchers.header_matcher({"range": "bytes=3-5"}),
                responses.matchers.query_param_matcher({"alt": "media", "generation": "7"}),
            ],
        )
        assert list(GcsBucket("bucket-of-tests").open_range("RE1.wav", 3, 6)) == [b"345"]
