"""Which error means what."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import google.auth
import pytest
import responses
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import RefreshError, TransportError

from tests.adapters.gcs.conftest import Opener
from tests.adapters.gcs.uses import (
    FOREVER,
    LARGE,
    NAME,
    PIECE,
    delete,
    is_whole,
    label,
    list_all,
    no_credentials,
    put,
    put_large,
    read,
    stat,
)
from tests.servers import StrictGcs, connect_gcs
from tests.strict_gcs import Fault
from tests.strict_gcs.faults import Kind
from twirec.adapters.gcs import GcsBucket
from twirec.model.errors import (
    BucketError,
    BucketRefused,
    BucketUnavailable,
)

pytestmark = pytest.mark.usefixtures("halved")

Use = Callable[[GcsBucket], object]
USES: list[tuple[Use, Kind]] = [
    (put, "multipart"),
    (put_large, "begin"),
    (put_large, "chunk"),
    (put_large, "final"),
    (put_large, "patch"),
    (stat, "stat"),
    (label, "patch"),
    (list_all, "list"),
    (delete, "delete"),
]
each_use = pytest.mark.parametrize(
    ("use", "kind"), USES, ids=lambda value: getattr(value, "__name__", value)
)


class TestErrors:
    @each_use
    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    def test_what_may_pass_is_repeated_and_then_unavailable(
        self,
        open_bucket: Opener,
        server: StrictGcs,
        waits: list[float],
        use: Use,
        kind: Kind,
        status: int,
    ) -> None:
        server.fail(Fault(kind, times=FOREVER, status=status))
        with pytest.raises(BucketUnavailable, match=f"HTTP {status}"):
            use(open_bucket())
        assert waits

    @each_use
    @pytest.mark.parametrize("status", [400, 403])
    def test_what_will_not_pass_is_refused_at_once(
        self,
        bucket: GcsBucket,
        server: StrictGcs,
        waits: list[float],
        use: Use,
        kind: Kind,
        status: int,
    ) -> None:
        server.fail(Fault(kind, times=FOREVER, status=status))
        with pytest.raises(BucketRefused, match=f"HTTP {status}"):
            use(bucket)
        assert not waits
        assert server.count(kind) == 1

    @each_use
    def test_credentials_that_google_does_not_take_are_refused(
        self, bucket: GcsBucket, server: StrictGcs, waits: list[float], use: Use, kind: Kind
    ) -> None:
        server.fail(Fault(kind, times=FOREVER, status=401))
        with pytest.raises(BucketRefused, match="credentials"):
            use(bucket)
        assert not waits

    @pytest.mark.parametrize("use", [put, put_large, stat, label, read, list_all, delete])
    def test_a_bucket_that_does_not_exist_is_refused_by_name(
        self, open_bucket: Opener, use: Use
    ) -> None:
        with pytest.raises(BucketRefused, match="There is no bucket not-there"):
            use(open_bucket("not-there"))

    @pytest.mark.parametrize("use", [put, put_large, stat, label, read, list_all, delete])
    def test_a_server_that_is_not_there_is_unavailable(
        self, monkeypatch: pytest.MonkeyPatch, waits: list[float], use: Use
    ) -> None:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
        bucket = GcsBucket("bucket-of-tests", retry_for=5)
        with pytest.raises(BucketUnavailable, match="ConnectionError"):
            use(bucket)
        bucket.close()

    def test_reading_that_fails_in_the_middle_is_told_like_all_else(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        put(bucket, 3 * PIECE)
        server.fail(Fault("media", skip=1, status=403))
        with pytest.raises(BucketRefused):
            read(bucket)

    def test_no_error_holds_the_address_of_an_upload_session(
        self, open_bucket: Opener, server: StrictGcs, waits: list[float]
    ) -> None:
        server.fail(Fault("chunk", times=FOREVER, drop="before"))
        server.fail(Fault("status", times=FOREVER, drop="before"))
        with pytest.raises(BucketUnavailable) as raised:
            put_large(open_bucket())
        assert "upload_id" not in str(raised.value)
        assert raised.value.__suppress_context__

    @pytest.mark.parametrize("size", [10, LARGE])
    @pytest.mark.parametrize("field", ["size", "crc32c"])
    def test_what_the_bucket_does_not_tell_is_none(
        self, bucket: GcsBucket, server: StrictGcs, size: int, field: str
    ) -> None:
        for kind in ("multipart", "patch"):
            server.fail(Fault(kind, answer={field: None}))
        assert getattr(put(bucket, size), field) is None

    @pytest.mark.parametrize("size", [10, LARGE])
    def test_size_and_checksum_are_the_bucket_s_own(
        self, bucket: GcsBucket, server: StrictGcs, size: int
    ) -> None:
        for kind in ("multipart", "patch"):
            server.fail(Fault(kind, answer={"size": "7", "crc32c": "AAAAAA=="}))
        stored = put(bucket, size)
        assert (stored.size, stored.crc32c) == (7, "AAAAAA==")

    @pytest.mark.parametrize(("size", "kind"), [(10, "multipart"), (LARGE, "final")])
    def test_an_answer_without_a_generation_is_none_at_all(
        self, bucket: GcsBucket, server: StrictGcs, size: int, kind: Kind
    ) -> None:
        server.fail(Fault(kind, answer={"generation": None}))
        with pytest.raises(BucketUnavailable, match="generation"):
            put(bucket, size)

    def test_an_object_without_a_size_cannot_be_read(
        self, bucket: GcsBucket, server: StrictGcs
    ) -> None:
        put(bucket)
        server.fail(Fault("stat", answer={"size": None}))
        with pytest.raises(BucketUnavailable, match="how large"):
            read(bucket)


class TestCredentials:
    def test_credentials_that_cannot_be_found_are_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/not/there.json")
        with pytest.raises(BucketRefused, match=r"/not/there\.json was not found"):
            GcsBucket("bucket-of-tests").stat(NAME)

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (RefreshError("revoked"), BucketRefused),  # type: ignore[no-untyped-call]
            (RefreshError("try later", retryable=True), BucketUnavailable),  # type: ignore[no-untyped-call]
            (TransportError("unreachable"), BucketUnavailable),  # type: ignore[no-untyped-call]
        ],
        ids=["revoked", "may pass", "unreachable"],
    )
    def test_a_token_that_cannot_be_had_is_refused_unless_it_may_pass(
        self,
        server: StrictGcs,
        waits: list[float],
        error: Exception,
        told: type[BucketError],
    ) -> None:
        with connect_gcs(server.url) as client:
            client._http.credentials = _Failing(error)
            with pytest.raises(told):
                GcsBucket("bucket-of-tests", client=client, retry_for=3).stat(NAME)

    def test_no_project_is_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
        monkeypatch.setattr(google.auth, "default", no_credentials)
        bucket = GcsBucket("bucket-of-tests")
        with responses.RequestsMock() as google_side:
            google_side.get(
                "https://storage.googleapis.com/storage/v1/b/bucket-of-tests/o/RE1.wav",
                json={"name": "RE1.wav", "generation": "7", "size": "1", "crc32c": "AAAAAA=="},
            )
            assert bucket.stat("RE1.wav").generation == 7
        bucket.close()

    def test_a_client_that_was_given_is_used_and_stays_open(self, server: StrictGcs) -> None:
        with connect_gcs(server.url) as client:
            bucket = GcsBucket("bucket-of-tests", f"{uuid.uuid4()}", client=client)
            put(bucket)
            bucket.close()
            assert is_whole(bucket, 10)


class _Failing(AnonymousCredentials):
    """Credentials that cannot get a token."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def before_request(self, *_: object) -> None:
        raise self._error
