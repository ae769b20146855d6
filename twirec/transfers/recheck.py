"""Another look at our own copy, before the vendor's is deleted."""

from __future__ import annotations

from twirec.model.errors import ArchivedGone, ObjectNotFound
from twirec.model.ports import Bucket
from twirec.model.records import Recording


def check_kept(bucket: Bucket, recording: Recording) -> None:
    """Check that the bucket still holds what was archived.

    Raises:
        ArchivedGone: it does not; the vendor's copy has to stay.
        BucketError: the bucket cannot be asked.
    """
    name = recording.object_name or ""
    try:
        stored = bucket.stat(name)
    except ObjectNotFound as error:
        gone = f"{name} is not in the bucket any more: Twilio's copy is kept."
        raise ArchivedGone(gone) from error
    if (stored.size, stored.crc32c) != (recording.size, recording.crc32c):
        raise ArchivedGone(f"{name} is not what was archived: Twilio's copy is kept.")
