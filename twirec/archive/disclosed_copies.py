"""What leaves of a recording that is given away: its own bytes, or a copy with less in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from twirec.archive.recordings import Originals
from twirec.audio.formats import FORMATS
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor
from twirec.model.audio import WAV_TYPE, ConversionSpec
from twirec.model.audit import Action
from twirec.model.bucket import Fingerprint
from twirec.model.disclosures import Disclosure, Opening
from twirec.model.errors import NotFound, ObjectNotFound
from twirec.model.records import Recording
from twirec.settings import Settings

PLAIN = ConversionSpec("wav")
"""What nothing is done for: the archived bytes themselves are given."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What leaves: an object of the bucket, as the catalog knows it."""

    what: Fingerprint
    content_type: str
    extension: str


class DisclosedCopies:
    """Makes the copies that are given to others, and says what leaves.

    Args:
        settings: the company's zone.
        catalog: which copies there are.
        originals: what they are made of.
        trail: where it is entered that one was made.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        originals: Originals,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._originals = originals
        self._trail = trail
        self._now = now

    def make(self, recording: Recording, disclosure: Disclosure, actor: Actor) -> None:
        """Make the copy that is to leave, if it is not there (any more).

        Args:
            recording: of which.
            disclosure: says what is to be left out.
            actor: who has it made.

        Raises:
            TwirecError: as of `derivatives.make`.
        """
        spec, keep_for = disclosure.spec or PLAIN, disclosure.expires_at - self._now()
        with self._trail.outside(Action.DERIVE, actor, recording.sid, spec.detail) as done:
            self._originals.maker(actor).make(recording, spec, keep_for, audited=done)

    def ready(self, recording: Recording, disclosure: Disclosure) -> None:
        """Look whether the bucket has what is to leave; a copy that is gone is made anew.

        Raises:
            BytesDiffer: it is something else.
            BucketError: the bucket does not give it.
        """
        checked = self._originals.checked(recording.sid, disclosure.bearer)
        try:
            checked.reader(self.copy(recording, disclosure).what)
        except (NotFound, ObjectNotFound):
            if not disclosure.conversion:
                raise
            self.make(recording, disclosure, disclosure.bearer)
            checked.reader(self.copy(recording, disclosure).what)

    def copy(self, recording: Recording, disclosure: Disclosure) -> Copy:
        """Return what leaves.

        Raises:
            NotFound: the copy is not there.
        """
        if not disclosure.conversion:
            return Copy(self._originals.heard(recording), WAV_TYPE, "wav")
        for made in self._catalog.derivatives.of(recording.sid):
            if made.conversion == disclosure.conversion and made.made_at is not None:
                form = FORMATS[made.format]
                return Copy(made.fingerprint, form.content_type, form.extension)
        raise NotFound(f"The copy of {recording.sid} is not there.")

    def opening(self, disclosure: Disclosure, ticket: str, until: datetime) -> Opening:
        """Return what the recipient is told of what they opened.

        Raises:
            NotFound: the copy is not there.
        """
        recording = self._catalog.recordings.get(disclosure.recording_sid)
        copy = self.copy(recording, disclosure)
        return Opening(
            disclosure,
            ticket,
            until,
            size=copy.what.size or 0,
            content_type=copy.content_type,
            file_name=self._file_name(recording, disclosure, copy.extension),
            began_at=recording.started_at,
        )

    def _file_name(self, recording: Recording, disclosure: Disclosure, extension: str) -> str:
        """Return a name with the local time, and no number: whoever gets it knows whose it is."""
        start = recording.started_at
        zone = self._settings.timezone
        at = f"{start.astimezone(zone):%Y-%m-%d_%H-%M-%S}_" if start else ""
        return f"recording_{at}{disclosure.id[:10]}.{extension}"
