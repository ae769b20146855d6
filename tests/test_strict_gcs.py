"""The strict server keeps Google's rules, seen through plain HTTP and through Google's client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from google.api_core.exceptions import BadRequest, Forbidden, NotFound, PreconditionFailed

# Google's storage client carries no type information.
from google.cloud import storage  # type: ignore[import-untyped]

from tests.servers import StrictGcs, connect_gcs
from tests.strict_gcs import Fault

GRANULE = 256 * 1024


@pytest.fixture
def server() -> Iterator[StrictGcs]:
    with StrictGcs("b") as server:
        yield server


@pytest.fixture
def web(server: StrictGcs) -> Iterator[Web]:
    with requests.Session() as session:
        yield Web(server, session)


@pytest.fixture
def client(server: StrictGcs) -> Iterator[storage.Client]:
    with connect_gcs(server.url) as client:
        yield client


class Web:
    """Plain HTTP to the server."""

    def __init__(self, server: StrictGcs, session: requests.Session) -> None:
        self.url = server.url
        self.session = session

    def api(self, method: str, path: str, **options: Any) -> requests.Response:
        url = f"{self.url}/storage/v1/{path}"
        return self.session.request(method, url, timeout=120, **options)

    def begin(self, name: str = "o", **query: str) -> str:
        answer = self.session.post(
            f"{self.url}/upload/storage/v1/b/b/o",
            params={"uploadType": "resumable", **query},
            json={"name": name},
            timeout=120,
        )
        answer.raise_for_status()
        return answer.headers["Location"]

    def put(self, address: str, span: str, data: bytes = b"", **headers: str) -> requests.Response:
        headers = {"Content-Range": f"bytes {span}", **headers}
        return self.session.put(address, data=data, headers=headers, timeout=120)

    def whole(self, name: str = "o", data: bytes = b"x") -> requests.Response:
        return self.put(self.begin(name), f"0-{len(data) - 1}/{len(data)}", data)


class TestResumable:
    def test_a_session_takes_chunks_tells_how_far_it_is_and_answers_with_the_object(
        self, web: Web
    ) -> None:
        address = web.begin()
        assert "Range" not in web.put(address, "*/*").headers
        first = web.put(address, f"0-{GRANULE - 1}/*", bytes(GRANULE))
        assert (first.status_code, first.headers["Range"]) == (308, f"bytes=0-{GRANULE - 1}")
        assert web.put(address, "*/*").headers["Range"] == f"bytes=0-{GRANULE - 1}"
        last = web.put(address, f"{GRANULE}-{GRANULE + 2}/{GRANULE + 3}", b"end")
        assert (last.status_code, last.json()["size"]) == (200, str(GRANULE + 3))
        assert web.put(address, "*/*").json() == last.json()

    def test_nothing_is_visible_before_the_last_chunk(self, web: Web) -> None:
        web.put(web.begin(), f"0-{GRANULE - 1}/*", bytes(GRANULE))
        assert web.api("GET", "b/b/o/o").status_code == 404

    def test_the_total_alone_finishes_it(self, web: Web) -> None:
        address = web.begin()
        web.put(address, f"0-{GRANULE - 1}/*", bytes(GRANULE))
        assert web.put(address, f"*/{GRANULE}").json()["size"] == str(GRANULE)
        assert web.put(web.begin("empty"), "*/0").json()["size"] == "0"

    def test_bytes_that_are_kept_already_are_ignored(self, web: Web) -> None:
        address = web.begin()
        for _ in range(2):
            web.put(address, f"0-{GRANULE - 1}/*", b"a" * GRANULE)
        web.put(address, f"0-{GRANULE}/{GRANULE + 1}", b"b" * GRANULE + b"c")
        media = web.api("GET", "b/b/o/o", params={"alt": "media"}).content
        assert media == b"a" * GRANULE + b"c"

    @pytest.mark.parametrize(
        ("span", "size"),
        [("0-9/*", 10), (f"{GRANULE}-{2 * GRANULE - 1}/*", GRANULE), ("0-5/10", 10), ("junk", 0)],
        ids=["not a multiple", "a gap", "another length", "not a range"],
    )
    def test_a_chunk_that_does_not_fit_is_refused(self, web: Web, span: str, size: int) -> None:
        assert web.put(web.begin(), span, bytes(size)).status_code == 400

    def test_a_cancelled_session_answers_499_and_makes_no_object(self, web: Web) -> None:
        address = web.begin()
        assert web.session.delete(address, timeout=120).status_code == 499
        assert web.put(address, "0-0/1", b"x").status_code == 499
        assert web.api("GET", "b/b/o/o").status_code == 404

    def test_cancelling_a_finished_session_does_nothing(self, web: Web) -> None:
        address = web.begin()
        web.put(address, "0-0/1", b"x")
        web.session.delete(address, timeout=120)
        assert web.api("GET", "b/b/o/o").status_code == 200

    def test_a_session_that_is_not_known_is_404(self, web: Web) -> None:
        assert web.put(web.begin()[:-4] + "0000", "*/*").status_code == 404

    def test_the_precondition_holds_at_the_begin(self, web: Web) -> None:
        web.whole()
        with pytest.raises(requests.HTTPError, match="412"):
            web.begin(ifGenerationMatch="0")

    def test_the_precondition_holds_at_the_end(self, web: Web) -> None:
        address = web.begin(ifGenerationMatch="0")
        web.whole(data=b"first")
        assert web.put(address, "0-5/6", b"second").status_code == 412
        assert web.api("GET", "b/b/o/o", params={"alt": "media"}).content == b"first"

    def test_a_wrong_checksum_makes_no_object(self, web: Web) -> None:
        headers = {"X-Goog-Hash": "crc32c=AAAAAA=="}
        assert web.put(web.begin(), "0-0/1", b"x", **headers).status_code == 400
        assert web.api("GET", "b/b/o/o").status_code == 404

    def test_two_sessions_for_one_name_make_one_object(self, web: Web) -> None:
        addresses = [web.begin(ifGenerationMatch="0") for _ in range(8)]

        def finish(address: str) -> int:
            headers = {"Content-Range": "bytes 0-0/1"}
            return requests.put(address, data=b"x", headers=headers, timeout=120).status_code

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(finish, addresses)) == [200] + [412] * 7


class TestMultipart:
    @pytest.mark.parametrize("data", [b"", b"RIFF", b"\r\n--\r\n\r\n" * 10, bytes(2_000_000)])
    def test_bytes_and_metadata_arrive_as_they_were_sent(
        self, client: storage.Client, data: bytes
    ) -> None:
        blob = client.bucket("b").blob("ñ/a b.wav")
        blob.metadata = {"año": "ñ"}
        blob.upload_from_string(data, "audio/wav", checksum="md5", if_generation_match=0)
        found = client.bucket("b").get_blob("ñ/a b.wav")
        assert (found.metadata, found.content_type, found.size) == (
            {"año": "ñ"},
            "audio/wav",
            len(data),
        )
        assert found.download_as_bytes() == data

    def test_only_if_absent(self, client: storage.Client) -> None:
        client.bucket("b").blob("o").upload_from_string(b"1", if_generation_match=0)
        with pytest.raises(PreconditionFailed):
            client.bucket("b").blob("o").upload_from_string(b"2", if_generation_match=0)

    def test_a_wrong_checksum_makes_no_object(self, client: storage.Client) -> None:
        blob = client.bucket("b").blob("o")
        blob.crc32c = "AAAAAA=="
        with pytest.raises(BadRequest):
            blob.upload_from_string(b"x", checksum=None)
        assert client.bucket("b").get_blob("o") is None

    def test_more_than_8_kib_of_custom_metadata_are_refused(self, client: storage.Client) -> None:
        blob = client.bucket("b").blob("o")
        blob.metadata = {"k": "v" * 8191}
        blob.upload_from_string(b"x")
        blob.metadata = {"k": "v" * 8192}
        with pytest.raises(BadRequest):
            blob.patch()


class TestMetadata:
    def test_a_patch_merges_custom_metadata_and_counts(self, client: storage.Client) -> None:
        blob = client.bucket("b").blob("o")
        blob.metadata = {"a": "1", "b": "2"}
        blob.upload_from_string(b"x")
        generation = blob.generation
        blob.metadata = {"b": None, "c": "3"}
        blob.patch(if_generation_match=generation, if_metageneration_match=1)
        assert blob.metadata == {"a": "1", "c": "3"}
        assert (blob.generation, blob.metageneration) == (generation, 2)

    @pytest.mark.parametrize("condition", ["if_generation_match", "if_metageneration_match"])
    def test_a_patch_keeps_to_its_preconditions(
        self, client: storage.Client, condition: str
    ) -> None:
        blob = client.bucket("b").blob("o")
        blob.upload_from_string(b"x")
        blob.metadata = {"a": "1"}
        with pytest.raises(PreconditionFailed):
            blob.patch(**{condition: 99})
        assert client.bucket("b").get_blob("o").metadata is None

    def test_custom_time_is_never_removed_and_never_earlier(self, client: storage.Client) -> None:
        at = datetime(2026, 11, 23, tzinfo=UTC)
        blob = client.bucket("b").blob("o")
        blob.custom_time = at
        blob.upload_from_string(b"x")
        for wrong in (None, at - timedelta(seconds=1)):
            blob.custom_time = wrong
            with pytest.raises(BadRequest):
                blob.patch()
        blob.custom_time = at + timedelta(seconds=1)
        blob.patch()
        assert blob.custom_time == at + timedelta(seconds=1)

    def test_fields_that_cannot_be_written_are_refused(self, web: Web) -> None:
        web.whole()
        assert web.api("PATCH", "b/b/o/o", json={"size": "7"}).status_code == 400


class TestReading:
    @pytest.mark.parametrize(
        ("span", "status", "body"),
        [
            (None, 200, b"0123456789"),
            ("bytes=2-4", 206, b"234"),
            ("bytes=7-", 206, b"789"),
            ("bytes=8-99", 206, b"89"),
            ("bytes=-3", 206, b"789"),
        ],
    )
    def test_ranges(self, web: Web, span: str | None, status: int, body: bytes) -> None:
        web.whole(data=b"0123456789")
        headers = {"Range": span} if span else {}
        found = web.api("GET", "b/b/o/o", params={"alt": "media"}, headers=headers)
        assert (found.status_code, found.content) == (status, body)

    def test_a_range_after_the_end_is_416(self, web: Web) -> None:
        web.whole(data=b"0123456789")
        headers = {"Range": "bytes=10-"}
        found = web.api("GET", "b/b/o/o", params={"alt": "media"}, headers=headers)
        assert found.status_code == 416

    def test_lists_by_name_and_page(self, client: storage.Client, server: StrictGcs) -> None:
        for name in ("b/2", "a", "b/1", "c"):
            client.bucket("b").blob(name).upload_from_string(b"x")
        assert [blob.name for blob in client.list_blobs("b", page_size=3)] == [
            "a",
            "b/1",
            "b/2",
            "c",
        ]
        assert server.count("list") == 2
        assert [blob.name for blob in client.list_blobs("b", prefix="b/")] == ["b/1", "b/2"]

    def test_what_is_not_known_is_refused(self, web: Web) -> None:
        assert web.api("GET", "b/b/o", params={"startOffset": "a"}).status_code == 400
        assert web.api("POST", "b/b/o/o/rewriteTo/b/b/o/p").status_code == 405
        assert web.api("GET", "b/other/o/o").status_code == 404


class TestVersions:
    def test_without_versioning_a_generation_that_was_replaced_is_gone(self, web: Web) -> None:
        old, new = web.whole(data=b"old").json(), web.whole(data=b"new").json()
        assert int(old["generation"]) < int(new["generation"])
        query = {"generation": old["generation"]}
        assert web.api("GET", "b/b/o/o", params=query).status_code == 404
        assert web.api("DELETE", "b/b/o/o", params=query).status_code == 404
        assert web.api("GET", "b/b/o/o").json() == new

    def test_with_versioning_it_is_kept_until_its_generation_is_deleted(
        self, client: storage.Client, server: StrictGcs
    ) -> None:
        bucket = client.bucket("b")
        bucket.versioning_enabled = True
        bucket.patch()
        old = bucket.blob("o")
        old.upload_from_string(b"old")
        bucket.blob("o").upload_from_string(b"new")
        assert bucket.blob("o", generation=old.generation).download_as_bytes() == b"old"
        bucket.blob("o").delete()
        assert bucket.get_blob("o") is None
        kept = list(client.list_blobs("b", versions=True))
        assert len(kept) == 2
        for blob in kept:
            bucket.blob("o", generation=blob.generation).delete()
        assert list(client.list_blobs("b", versions=True)) == []

    def test_soft_delete_keeps_what_was_deleted_out_of_sight(self, web: Web) -> None:
        settings = {"softDeletePolicy": {"retentionDurationSeconds": "604800"}}
        web.api("PATCH", "b/b", json=settings)
        query = {"generation": web.whole().json()["generation"]}
        assert web.api("DELETE", "b/b/o/o", params=query).status_code == 204
        assert web.api("GET", "b/b/o/o", params=query).status_code == 404
        soft = {**query, "softDeleted": "true"}
        assert "hardDeleteTime" in web.api("GET", "b/b/o/o", params=soft).json()
        assert len(web.api("GET", "b/b/o", params={"softDeleted": "true"}).json()["items"]) == 1


class TestProtection:
    @pytest.mark.parametrize("hold", ["temporary_hold", "event_based_hold"])
    def test_a_held_object_is_neither_deleted_nor_replaced(
        self, client: storage.Client, hold: str
    ) -> None:
        blob = client.bucket("b").blob("o")
        blob.upload_from_string(b"x")
        setattr(blob, hold, True)
        blob.patch()
        with pytest.raises(Forbidden):
            blob.delete()
        with pytest.raises(Forbidden):
            client.bucket("b").blob("o").upload_from_string(b"y")
        setattr(blob, hold, False)
        blob.patch()
        blob.delete()

    def test_a_retained_object_is_not_deleted_before_its_time(self, client: storage.Client) -> None:
        bucket = client.bucket("b")
        bucket.retention_period = 3600
        bucket.patch()
        blob = bucket.blob("o")
        blob.upload_from_string(b"x")
        assert blob.retention_expiration_time > datetime.now(UTC) + timedelta(minutes=59)
        with pytest.raises(Forbidden, match="retention"):
            blob.delete()


class TestFaults:
    def test_a_fault_meets_its_kind_after_those_to_skip_and_as_often_as_told(
        self, web: Web, server: StrictGcs
    ) -> None:
        web.whole()
        server.fail(Fault("stat", skip=1, times=2, status=503, retry_after=3))
        answers = [web.api("GET", "b/b/o/o") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 503, 503, 200]
        assert answers[1].headers["Retry-After"] == "3"

    @pytest.mark.parametrize(("drop", "there"), [("before", 404), ("after", 200)])
    def test_a_connection_is_cut_before_or_after_the_work_is_done(
        self, web: Web, server: StrictGcs, drop: Any, there: int
    ) -> None:
        server.fail(Fault("final", drop=drop))
        with pytest.raises(requests.ConnectionError):
            web.whole()
        assert web.api("GET", "b/b/o/o").status_code == there

    def test_an_answer_can_lack_fields_or_have_wrong_ones(
        self, web: Web, server: StrictGcs
    ) -> None:
        server.fail(Fault("final", answer={"size": "7", "crc32c": None}))
        told = web.whole().json()
        assert told["size"] == "7"
        assert "crc32c" not in told

    def test_a_request_can_be_slow(self, web: Web, server: StrictGcs) -> None:
        server.fail(Fault("stat", delay=0.05))
        begun = time.monotonic()
        web.api("GET", "b/b/o/o")
        assert time.monotonic() - begun >= 0.05

    def test_requests_are_counted_by_kind_until_they_are_forgotten(
        self, web: Web, server: StrictGcs
    ) -> None:
        web.whole()
        assert (server.count(), server.count("begin"), server.count("list")) == (2, 1, 0)
        server.reset()
        assert server.count() == 0


def test_a_bucket_can_be_made_through_the_client(client: storage.Client) -> None:
    client.create_bucket("another")
    client.bucket("another").blob("o").upload_from_string(b"x")
    assert client.get_bucket("another").name == "another"
    with pytest.raises(NotFound):
        client.get_bucket("no-such")


class TestPermissions:
    ALL = ("storage.objects.get", "storage.objects.delete", "storage.buckets.get")

    def test_those_that_are_held_are_told(self, server: StrictGcs, client: storage.Client) -> None:
        assert client.bucket("b").test_iam_permissions(self.ALL) == list(self.ALL)
        server.store.permissions = {"storage.objects.get"}
        assert client.bucket("b").test_iam_permissions(self.ALL) == ["storage.objects.get"]
        server.store.permissions = set()
        assert client.bucket("b").test_iam_permissions(self.ALL) == []

    def test_there_are_none_on_a_bucket_that_is_not_there(self, client: storage.Client) -> None:
        with pytest.raises(NotFound):
            client.bucket("nowhere").test_iam_permissions(self.ALL)

    def test_a_bucket_is_read_only_with_the_permission_to(
        self, server: StrictGcs, client: storage.Client
    ) -> None:
        server.store.permissions.remove("storage.buckets.get")
        with pytest.raises(Forbidden):
            client.get_bucket("b")
