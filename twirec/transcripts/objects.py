"""Transcripts as objects in the bucket: their labels, and how one is put there."""

from __future__ import annotations

import hashlib

from twirec.derivatives.putting import put_made
from twirec.model.bucket import StoredObject
from twirec.model.errors import ObjectExists, VerificationFailed
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.transcript import Transcript

SCHEMA = "1"
"""The version of the labels."""
CONTENT_TYPE = "application/json"


def put(
    bucket: Bucket, recording: Recording, name: str, recipe: str, transcript: Transcript
) -> StoredObject:
    """Put a transcript into the bucket.

    Args:
        bucket: where it is kept.
        recording: of which it is.
        name: the object's.
        recipe: by which it was heard.
        transcript: what was heard.

    Raises:
        VerificationFailed: something of that name is there, or the bucket has something else.
        BucketError: the bucket does not take it.
    """
    try:
        return put_made(
            bucket,
            name,
            [transcript.as_json().encode()],
            content_type=CONTENT_TYPE,
            labels=labels(recording, recipe, transcript.sha256),
            custom_time=recording.started_at or transcript.made_at,
        )
    except ObjectExists as error:  # somebody else was faster, whose lease it is then
        raise VerificationFailed(f"{name} is there, and was not a moment before.") from error


def labels(recording: Recording, recipe: str, sha256: str) -> dict[str, str]:
    """Return the labels of a transcript, but for what is measured of it.

    Args:
        recording: of which it is.
        recipe: by which it was heard.
        sha256: of what was heard.
    """
    original = recording.sha256 or ""
    return {
        "schema": SCHEMA,
        "recording_sid": recording.sid,
        "original_sha256": original,
        "recipe": recipe,
        **({} if sha256 == original else {"heard_sha256": sha256}),
    }


def measured(text: bytes) -> dict[str, str]:
    """Return the labels that are measured."""
    return {"sha256": hashlib.sha256(text).hexdigest(), "size": str(len(text))}
