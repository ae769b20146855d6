"""What Google's errors mean to us."""

from __future__ import annotations

import http.client
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import urllib3
from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, RetryError
from google.auth.exceptions import GoogleAuthError, TransportError

# Google's storage client carries no type information.
from google.cloud.storage.exceptions import InvalidResponse  # type: ignore[import-untyped]

from twirec.model.errors import BucketError, BucketRefused, BucketUnavailable

FOREIGN = (
    GoogleAPIError,
    GoogleAuthError,
    InvalidResponse,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
    OSError,  # and with it everything that `requests` raises
)
"""Every kind of error that a request to Google may raise."""


def may_pass(error: Exception) -> bool:
    """Whether the same request may go well later.

    Source: https://cloud.google.com/storage/docs/retry-strategy#retryable. All our requests may
    be repeated: those that write have a precondition.
    """
    if isinstance(error, GoogleAuthError):
        return error.retryable or isinstance(error, TransportError)
    if not isinstance(error, FOREIGN):
        return False
    if isinstance(error, _UNREADABLE):
        return False
    status = _status(error)
    return status in {0, 408, 429} or status >= 500


def no_bucket(bucket: str) -> BucketRefused:
    """Return the error for a bucket that does not exist."""
    return BucketRefused(f"There is no bucket {bucket}.", fix="Make it, or correct TWIREC_BUCKET.")


@contextmanager
def translated(bucket: str, answers: Mapping[int, BucketError]) -> Iterator[None]:
    """Raise our errors for Google's, with Google's own reason.

    The original is not chained: its text may hold addresses that let anybody write or read.

    Args:
        bucket: the bucket's name, for the message.
        answers: what an HTTP status means to this request; the others have one meaning for all.
    """
    try:
        yield
    except FOREIGN as error:
        raise _translate(error, bucket, answers) from None


@contextmanager
def readable_credentials() -> Iterator[None]:
    """Raise ours for what Google's library stumbles over in a file that is no key."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, FOREIGN):
            raise
        path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "the file")
        raise BucketRefused(
            f"Google's credentials cannot be used: {path} is not the key of an account.",
            fix=_CREDENTIALS,
        ) from None


def _translate(error: Exception, bucket: str, answers: Mapping[int, BucketError]) -> BucketError:
    if isinstance(error, RetryError) and isinstance(error.cause, Exception):
        error = error.cause
    if isinstance(error, GoogleAuthError) and not may_pass(error):
        why = _without_secrets(str(error.args[0]) if error.args else type(error).__name__)
        return BucketRefused(f"Google's credentials cannot be used: {why}", fix=_CREDENTIALS)
    if isinstance(error, _UNREADABLE):
        return BucketRefused(
            f"Google's credentials cannot be used: {error.filename}: {error.strerror}.",
            fix=_CREDENTIALS,
        )
    status, reason, sentence = _status(error), *_told(error)
    if status == 404 and "bucket does not exist" in sentence:
        return no_bucket(bucket)
    if status in answers and reason != "orgPolicyConstraintFailed":  # 412 is that too
        return answers[status]
    if not status:
        facts = type(error).__name__
    else:
        facts = ", ".join(filter(None, (f"HTTP {status}", reason)))
    if sentence:
        facts += f": {sentence.rstrip('.')}"
    if may_pass(error):
        return BucketUnavailable(f"The bucket {bucket} does not answer ({facts}).")
    return BucketRefused(f"The bucket {bucket} refuses this ({facts}).", fix=_fix(reason, sentence))


_CREDENTIALS = (
    "Correct GOOGLE_APPLICATION_CREDENTIALS, the path of a service account's key, or leave it out "
    "where the machine has an account of its own."
)

_UNREADABLE = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
"""What opening the file of the credentials may raise; a connection never raises it."""

_FIXES: tuple[tuple[str, str], ...] = (
    ("accountdisabled|billing", "Turn billing on for the project that owns the bucket."),
    (
        "userproject|requester ?pays|user project",
        "Turn requester pays off on the bucket: twirec names no project that would pay.",
    ),
    (
        "kms",
        "Enable the Cloud KMS key, and give Cloud Storage's service agent the role "
        "roles/cloudkms.cryptoKeyEncrypterDecrypter on it.",
    ),
    (
        "vpcservicecontrols|vpc service controls|security_policy_violated",
        "Let this machine and these credentials into the perimeter of VPC Service Controls.",
    ),
    (
        "orgpolicy|constraints?/|violates constraint",
        "Ask who keeps the organisation's policy, or use a bucket that it allows.",
    ),
    (
        "retentionpolicynotmet|objectunderactivehold|under active \\S+ hold",
        "Take the hold or the retention away, or wait until it ends.",
    ),
    (
        "usagelimitsaccessnotconfigured|has not been used in project",
        "Turn on the Cloud Storage API for the project.",
    ),
)
"""What to do about a refusal, by a pattern of Google's reason and sentence, in small letters; the
first that fits (https://cloud.google.com/storage/docs/json_api/v1/status-codes)."""


def _fix(reason: str, sentence: str) -> str:
    said = f"{reason} {sentence}".lower()
    usual = "Check the credentials, their role, and the bucket's holds and retention."
    return next((fix for pattern, fix in _FIXES if re.search(pattern, said)), usual)


def _told(error: Exception) -> tuple[str, str]:
    """Return the reason and the sentence of Google's answer; empty where it gives none."""
    response = getattr(error, "response", None)
    try:
        answer = response.json()["error"] if response is not None else {}
        found = {**answer, **next(iter(answer.get("errors", ())), {})}
        reason, sentence = str(found.get("reason", "")), str(found.get("message", ""))
    except (AttributeError, KeyError, TypeError, ValueError):
        return "", ""
    return re.sub(r"[^A-Za-z_]", "", reason)[:60], _without_secrets(sentence)


_SECRET = re.compile(
    r"https?://\S*[?&=]\S*|\bya29\.\S+|\beyJ[\w-]+\.\S*|\bBearer\s+\S+|\bAIza[\w-]{20,}"
    r"|upload_id=\S+|-----BEGIN[^-]*-----.*",
    re.IGNORECASE | re.DOTALL,
)
"""Signed links, sessions of uploads, tokens and keys."""

_LONGEST = 400


def _without_secrets(text: str) -> str:
    """Return what Google says on one line, without what would let anybody in."""
    return " ".join(_SECRET.sub("(left out)", text).split())[:_LONGEST]


def _status(error: Exception) -> int:
    """Return the HTTP status that an error stands for, 0 if there was no answer."""
    if isinstance(error, GoogleAPICallError):
        return int(error.code or 0)
    response = getattr(error, "response", None)
    return 0 if response is None else int(response.status_code)
