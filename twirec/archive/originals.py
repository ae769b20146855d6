"""The bytes of recordings, and who they may be given to."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

from twirec.audio.ffmpeg import find_ffmpeg
from twirec.catalog import Catalog
from twirec.custody.checked import CheckedBucket
from twirec.custody.listening import Listening
from twirec.custody.trail import AuditTrail
from twirec.derivatives.derivatives import Derivatives
from twirec.model.access import OURSELVES, Actor, Deed, check
from twirec.model.audio import ReadBytes
from twirec.model.audit import Action, AuditOutcome
from twirec.model.bucket import Difference
from twirec.model.errors import CatalogError, InvalidQuery
from twirec.model.given import text
from twirec.model.records import Recording
from twirec.settings import Settings
from twirec.transfers.marked_bucket import MarkedBucket

log = logging.getLogger("twirec.archive.originals")

FAILED = AuditOutcome.FAILED


class Originals:
    """Reads what was archived, and compares all of it with what was archived.

    Attributes:
        listening: lets it leave.

    Args:
        settings: the company's zone, and which ffmpeg there is.
        catalog: what may leave.
        bucket: where the bytes are kept.
        trail: where a difference is entered.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._trail = trail
        self._now = now
        self.listening = Listening(catalog.listenings, now)

    def ffmpeg(self) -> str:
        """Return which ffmpeg converts.

        Raises:
            AudioToolsMissing: there is none.
        """
        return find_ffmpeg(self._settings.ffmpeg)

    def reader(self, recording: Recording, actor: Actor = OURSELVES) -> ReadBytes:
        """Return what reads a recording's bytes, and compares them with what was archived."""
        return self.checked(recording.sid, actor).reader(recording.fingerprint)

    def checked(self, sid: str, actor: Actor) -> CheckedBucket:
        """Return what reads objects of a recording, and enters what differs under a name.

        Args:
            sid: of the recording, `RE…`.
            actor: who reads.
        """
        return CheckedBucket(self._bucket(), partial(self._differs, sid, actor))

    def _differs(self, sid: str, actor: Actor, object_name: str, why: str) -> None:
        """Write down that an object is not what was put there. The error follows in any case."""
        log.error("%s: %s is not what was put there: %s", sid, object_name, why)
        # without its folders: the audit log takes a day for a number
        detail = {"object": object_name.rpartition("/")[2], "why": why}
        draft = self._trail.draft(Action.DIFFERS, actor, sid=sid, outcome=FAILED, detail=detail)
        try:
            self._catalog.operations.note_difference(
                Difference(object_name, sid, why, draft.at), draft
            )
        except CatalogError as error:
            log.error("%s: that could not be written down: %s", sid, error)

    def get(self, sid: str, actor: Actor, deed: Deed) -> Recording:
        """Return a recording with which somebody may do something.

        Args:
            sid: `RE…`.
            actor: who wants it.
            deed: what they want of it.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
            CustodyRefused: they may not, or there is nothing in this state.
        """
        recording = self._catalog.recordings.get(text("sid", sid))
        check(actor, recording, deed)
        return recording

    def file_name(self, recording: Recording, extension: str) -> str:
        """Return number and local time, of characters that are safe in a header and on a disk."""
        line = self._catalog.ledger.line(recording.account_sid, recording.call_sid or "")
        number = line.customer_number if line and line.number_known else recording.sid
        start = recording.started_at
        zone = self._settings.timezone
        parts = [number, f"{start.astimezone(zone):%Y-%m-%d_%H-%M-%S}" if start else ""]
        return re.sub(r"[^0-9A-Za-z+._-]", "_", "_".join(filter(None, parts))) + f".{extension}"

    def maker(self, actor: Actor = OURSELVES) -> Derivatives:
        """Return what makes and deletes derivatives.

        Args:
            actor: who has them made; a difference of their original is entered under that name.
        """
        originals = partial(self.reader, actor=actor)
        return Derivatives(self._catalog, self._bucket(), originals, self.ffmpeg, self._now)


def hearing(download: bool) -> tuple[Action, Deed]:
    """Return what is audited of somebody who hears something, or downloads it, and the deed."""
    return (Action.DOWNLOAD, Deed.DOWNLOAD) if download else (Action.LISTEN, Deed.LISTEN)


def span(what: str, size: int, start: int, end: int | None) -> tuple[int, int]:
    """Return the bytes from which and before which to read (RFC 9110, section 14.1.2).

    Raises:
        InvalidQuery: there are none such.
    """
    end = size if end is None else min(end, size)
    if start < 0 or end < start or start >= size > 0:
        raise InvalidQuery(f"start, end: {what} has bytes 0 to {size}.")
    return start, end
