"""What is made of recordings and kept beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from twirec.archive.recordings import HEARD, Originals, span
from twirec.audio.formats import FORMATS
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, Deed, acting, asking
from twirec.model.audio import ConversionSpec
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action
from twirec.model.derivatives import Derivative
from twirec.model.errors import CustodyRefused, InvalidQuery, NotFound
from twirec.model.given import understood
from twirec.model.sids import RecordingSid
from twirec.settings import Settings

WEEK = timedelta(days=7)
LONGEST_STAY = timedelta(days=3660)
"""For how long a derivative may be kept."""


@understood
class Derivatives:
    """Converted or cut copies that stay in the bucket for a time. They go with their originals.

    Args:
        settings: whether there are listening copies, and of which format.
        catalog: which there are.
        originals: what they are made of.
        trail: who has what.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        originals: Originals,
        trail: AuditTrail,
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._originals = originals
        self._trail = trail

    def make(
        self,
        sid: RecordingSid,
        spec: ConversionSpec,
        *,
        by: Actor | str,
        keep_for: timedelta = WEEK,
    ) -> Derivative:
        """Make a derivative that stays in the bucket for a time, unless it is there already.

        Asking for the same again makes nothing, and lets it stay longer.

        Args:
            sid: of the recording, `RE…`.
            spec: what is wanted of it, as of `convert`.
            by: who asks.
            keep_for: how long it stays, from now, up to 3,660 days.

        Raises:
            NotFound: the catalog has no such recording.
            CustodyRefused: it may not leave, or was erased meanwhile.
            InvalidQuery: it cannot be had like that; the message names the fix.
            MediaError: what the bucket holds is not, or not all of, a WAV file.
            BytesDiffer: the bucket holds something else than was archived; nothing was kept.
            BucketError: the bucket does not give or take it.
            ConversionFailed: ffmpeg failed.
            AudioToolsMissing: the extra `audio` is not installed.
        """
        actor = acting(by)
        with self._trail.attempt(Action.DERIVE, actor, sid):
            if not timedelta() < keep_for <= LONGEST_STAY:
                raise InvalidQuery(
                    f"keep_for: give more than none, up to {LONGEST_STAY.days} days."
                )
            recording = self._originals.get(sid, actor, Deed.CONVERT)
        with self._trail.outside(Action.DERIVE, actor, sid, spec.detail) as done:
            return self._originals.maker(actor).make(recording, spec, keep_for, audited=done)

    def of(self, sid: RecordingSid, *, by: Actor | str | None = None) -> list[Derivative]:
        """Return what was made, or begun, of a recording, in order of the names.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        actor = asking(by)
        self._originals.get(sid, actor, Deed.SEE)
        try:
            self._originals.get(sid, actor, Deed.DETAILS)
        except CustodyRefused:
            return []
        return self._catalog.derivatives.of(sid)

    def listening_copy(
        self, sid: RecordingSid, *, by: Actor | str | None = None
    ) -> Derivative | None:
        """Return the smaller copy of a recording, the first one; None if there is none (yet).

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        return next(iter(self.listening_copies(sid, by=by)), None)

    def listening_copies(
        self, sid: RecordingSid, *, by: Actor | str | None = None
    ) -> list[Derivative]:
        """Return the smaller copies of a recording that there are, in the order of the setting.

        One that was found not to be what was made is none: another, or the original, is heard.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        made = {each.conversion: each for each in self.of(sid, by=by) if each.made_at is not None}
        wanted = [ConversionSpec(each).words for each in self._settings.listening_copies]
        copies = [made[words] for words in wanted if words in made]
        if not copies:
            return []
        broken = {each.object_name for each in self._catalog.operations.differences(sid)}
        return [each for each in copies if each.object_name not in broken]

    def open(
        self,
        sid: RecordingSid,
        object_name: str,
        start: int = 0,
        end: int | None = None,
        *,
        by: Actor | str,
        download: bool = False,
        purpose: str | None = None,
    ) -> AudioStream:
        """Return the bytes of a derivative, or a range of them, as `open` does of a recording.

        Args:
            sid: of the recording, `RE…`.
            object_name: of the derivative.
            start: the first byte.
            end: the byte to end before; None, or one past the end, for its end.
            by: who hears it.
            download: whether they get a file of their own, instead of only hearing it.
            purpose: what for, one of `TWIREC_PURPOSES`; where that is set, it has to be said.

        Raises:
            NotFound: there is no such recording, or nothing of that name was made of it.
            CustodyRefused: it may not leave.
            InvalidQuery: the range or the purpose is none; the message names the fix.
            BytesDiffer: the bucket holds something else than was made; of a whole one perhaps only
                instead of its last bytes.
            BucketError: the bucket does not give it.
        """
        actor = acting(by)
        alone = download or (start == 0 and end is None)
        heard = self._originals.hearing(sid, actor, download=download, purpose=purpose)
        with heard as draft:
            recording = self._originals.get(sid, actor, HEARD[download])
            made = self._derivative(sid, object_name)
            start, end = span(made.object_name, made.size or 0, start, end)
            read = self._originals.checked(sid, actor).reader(made.fingerprint)
        form, spec = FORMATS[made.format], ConversionSpec.of(made.conversion)
        return self._originals.listening.stream(
            replace(
                draft,
                detail={
                    **draft.detail,
                    **spec.detail,
                    "of": made.size,
                },
            ),
            made.object_name,
            partial(read, start, end),
            content_type=form.content_type,
            file_name=self._originals.file_name(recording, form.extension, spec),
            size=made.size,
            span=(start, end),
            alone=alone,
        )

    def _derivative(self, sid: str, object_name: str) -> Derivative:
        for made in self._catalog.derivatives.of(sid):
            if made.object_name == object_name and made.made_at is not None:
                return made
        raise NotFound(f"Nothing of the name {object_name} was made of {sid}.")

    def expire(self) -> int:
        """Delete the derivatives that expired, and return how many. Workers and sweeps do it."""
        return self._originals.maker().expire()
