"""Google's own reason stays in the message, and what to do about it follows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import google.auth
import pytest
import responses

from tests.adapters.gcs.conftest import Opener
from tests.adapters.gcs.uses import LARGE, NAME, no_credentials, put, stat
from tests.servers import StrictGcs
from twirec.adapters.gcs import GcsBucket
from twirec.adapters.gcs_inspect import GcsInspector
from twirec.doctor.bucket import bucket_results
from twirec.doctor.results import guarded
from twirec.model.errors import BucketRefused, BucketUnavailable, ObjectExists
from twirec.model.inspection import Check, Level

UPLOAD = "https://storage.googleapis.com/upload/storage/v1/b/bucket-of-tests/o"

# https://cloud.google.com/storage/docs/json_api/v1/status-codes, and what issues of Google's
# libraries quote.
REFUSALS = [
    (
        403,
        "accountDisabled",
        "The billing account for the owning project is disabled in state absent",
        "Turn billing on",
    ),
    (400, "required", "Bucket is requester pays bucket but no user project provided.", "requester"),
    (400, "userProjectMissing", "User project is missing.", "requester"),
    (400, "cloudKmsDisabledKey", "The key is disabled.", "Enable the Cloud KMS key"),
    (403, "forbidden", "Permission denied on Cloud KMS key.", "cryptoKeyEncrypterDecrypter"),
    (
        403,
        "vpcServiceControls",
        "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: AbC-1",
        "perimeter",
    ),
    (
        412,
        "orgPolicyConstraintFailed",
        "'us' violates constraint 'constraints/gcp.resourceLocations'",
        "organisation's policy",
    ),
    (403, "retentionPolicyNotMet", "Object is subject to the retention policy.", "retention"),
    (
        403,
        "forbidden",
        "sa@p.iam.gserviceaccount.com does not have storage.objects.create access to the object.",
        "Check the credentials",
    ),
    (403, "accessNotConfigured", "Storage has not been used in project 7 before.", "Turn on"),
]

pytestmark = pytest.mark.usefixtures("halved")


def body(status: int, reason: str, message: str) -> dict[str, object]:
    inner = {"message": message, "domain": "global", "reason": reason}
    return {"error": {"code": status, "message": message, "errors": [inner]}}


@pytest.fixture
def google_side(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(google.auth, "default", no_credentials)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.mark.parametrize("size", [10, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(("status", "reason", "sentence", "fix"), REFUSALS)
def test_a_refusal_says_why_and_what_to_do(
    google_side: responses.RequestsMock,
    size: int,
    status: int,
    reason: str,
    sentence: str,
    fix: str,
) -> None:
    google_side.post(UPLOAD, status=status, json=body(status, reason, sentence))
    with pytest.raises(BucketRefused) as raised:
        put(GcsBucket("bucket-of-tests"), size)
    said = str(raised.value)
    assert f"HTTP {status}, {reason}: {sentence.rstrip('.')}" in said
    assert fix in raised.value.fix
    assert raised.value.fix in said


def test_what_may_pass_says_why_too(
    google_side: responses.RequestsMock, waits: list[float]
) -> None:
    answer = body(429, "rateLimitExceeded", "Slow down.")
    google_side.post(UPLOAD, status=429, json=answer)
    with pytest.raises(BucketUnavailable, match="HTTP 429, rateLimitExceeded: Slow down"):
        put(GcsBucket("bucket-of-tests", retry_for=5))


def test_only_a_precondition_is_an_object_that_exists(google_side: responses.RequestsMock) -> None:
    google_side.post(UPLOAD, status=412, json=body(412, "conditionNotMet", "It did not hold."))
    google_side.get(re.compile(".*/o/.*"), json={"name": NAME, "generation": "7", "size": "10"})
    with pytest.raises(ObjectExists):
        put(GcsBucket("bucket-of-tests"))


@pytest.mark.parametrize(
    "secret",
    [
        "https://storage.googleapis.com/upload/storage/v1/b/b/o?upload_id=ABC",
        "https://storage.googleapis.com/b/o?X-Goog-Signature=ABC",
        "Bearer ABC",
        "ya29.ABC",
        "eyJABC.ABC.ABC",
        "AIzaABCABCABCABCABCABCABC",
        "-----BEGIN PRIVATE KEY-----\nABC",
    ],
)
def test_no_secret_that_google_repeats_is_said(
    google_side: responses.RequestsMock, secret: str
) -> None:
    google_side.post(UPLOAD, status=403, json=body(403, "forbidden", f"Not with {secret}"))
    with pytest.raises(BucketRefused) as raised:
        put(GcsBucket("bucket-of-tests"))
    assert "Not with (left out)" in str(raised.value)
    assert "ABC" not in str(raised.value)


@pytest.mark.parametrize(
    "answer", ["", "<html>", "[]", '"x"', "null", '{"error": "x"}', '{"error": {"errors": 7}}']
)
def test_an_answer_that_says_nothing_is_the_status(
    google_side: responses.RequestsMock, answer: str
) -> None:
    google_side.post(UPLOAD, status=403, body=answer)
    with pytest.raises(BucketRefused, match=r"refuses this \(HTTP 403\)"):
        put(GcsBucket("bucket-of-tests"))


class TestCredentials:
    @pytest.fixture(autouse=True)
    def _google_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)

    def refusal(self, monkeypatch: pytest.MonkeyPatch, path: Path | str) -> BucketRefused:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        with pytest.raises(BucketRefused) as raised:
            stat(GcsBucket("bucket-of-tests"))
        assert "GOOGLE_APPLICATION_CREDENTIALS" in raised.value.fix
        return raised.value

    def test_a_file_that_is_not_there_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "/nope.json was not found" in self.refusal(monkeypatch, "/nope.json").fact

    @pytest.mark.parametrize("content", ["", "{", "{}", "[]", '{"type": "service_account"}'])
    def test_a_file_that_is_no_key_is_named(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
    ) -> None:
        (tmp_path / "key.json").write_text(content)
        assert str(tmp_path) in self.refusal(monkeypatch, tmp_path / "key.json").fact

    def test_a_folder_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        assert str(tmp_path) in self.refusal(monkeypatch, tmp_path).fact

    def test_the_doctor_says_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nope.json")
        inspector = GcsInspector("bucket-of-tests")
        (result,) = guarded(Check.BUCKET, lambda: bucket_results(inspector, "b", ""))
        assert result.level is Level.FAILED
        assert "/nope.json was not found" in result.what
        assert "GOOGLE_APPLICATION_CREDENTIALS" in result.fix
        assert "role" not in result.fix


class TestStandIn:
    """`STORAGE_EMULATOR_HOST`, as people write it."""

    @pytest.mark.parametrize("written", ["{host}", "{host}/", "http://{host}/", " {host} "])
    def test_it_needs_no_scheme_and_may_end_in_a_slash(
        self,
        open_bucket: Opener,
        server: StrictGcs,
        monkeypatch: pytest.MonkeyPatch,
        written: str,
    ) -> None:
        host = server.url.removeprefix("http://")
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", written.format(host=host))
        bucket = open_bucket()
        assert put(bucket, LARGE).size == LARGE
        assert len(b"".join(bucket.open_range(NAME))) == LARGE

    @pytest.mark.parametrize("written", [" ", "http://", "ftp://127.0.0.1", "http://[", "x:y"])
    def test_what_is_no_address_is_named(
        self, monkeypatch: pytest.MonkeyPatch, written: str
    ) -> None:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", written)
        with pytest.raises(BucketRefused, match="STORAGE_EMULATOR_HOST"):
            stat(GcsBucket("bucket-of-tests"))
