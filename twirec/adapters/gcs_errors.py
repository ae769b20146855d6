"""What Google's errors mean to us."""

from __future__ import annotations

import http.client
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
    status = _status(error)
    return status in {0, 408, 429} or status >= 500


def no_bucket(bucket: str) -> BucketRefused:
    """Return the error for a bucket that does not exist."""
    return BucketRefused(f"There is no bucket {bucket}: make it, or correct the name.")


@contextmanager
def translated(bucket: str, answers: Mapping[int, BucketError]) -> Iterator[None]:
    """Raise our errors for Google's.

    The original is not chained: its text may hold addresses that let anybody write or read.

    Args:
        bucket: the bucket's name, for the message.
        answers: what an HTTP status means to this request; the others have one meaning for all.
    """
    try:
        yield
    except FOREIGN as error:
        raise _translate(error, bucket, answers) from None


def _translate(error: Exception, bucket: str, answers: Mapping[int, BucketError]) -> BucketError:
    if isinstance(error, RetryError) and isinstance(error.cause, Exception):
        error = error.cause
    status = _status(error)
    if status == 404 and "bucket does not exist" in str(error):
        return no_bucket(bucket)
    if status in answers:
        return answers[status]
    fact = f"HTTP {status}" if status else type(error).__name__
    if may_pass(error):
        return BucketUnavailable(f"The bucket {bucket} does not answer ({fact}).")
    return BucketRefused(
        f"The bucket {bucket} refuses this ({fact}): check the credentials, their role, and the "
        "bucket's holds and retention."
    )


def _status(error: Exception) -> int:
    """Return the HTTP status that an error stands for, 0 if there was no answer."""
    if isinstance(error, GoogleAPICallError):
        return int(error.code or 0)
    response = getattr(error, "response", None)
    return 0 if response is None else int(response.status_code)
