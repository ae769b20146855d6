"""Another look at our own copy, before the vendor's is deleted."""

from __future__ import annotations

from twirec.model.errors import ObjectNotFound, VerificationFailed
from twirec.model.ports import Bucket
from twirec.model.records import Recording


def check_kept(bucket: Bucket, recording: Recording) -> None:
    """Check that the bucket still holds what was archived.

    Raises:
        VerificationFailed: it does not; the vendor's copy has to stay.
        BucketError: the bucket cannot be asked.
    """
    name = recording.object_name or ""
    try:
        stored = bucket.stat(name)
    except ObjectNotFound as error:
        gone = f"{name} is not in the bucket any more: Twilio's copy is kept."
        raise VerificationFailed(gone) from error
    if (stored.size, stored.crc32c) != (recording.size, recording.crc32c):
        raise VerificationFailed(f"{name} is not what was archived: Twilio's copy is kept.")
