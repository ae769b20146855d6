"""What is made of recordings and kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from twirec.archive.listening import OURSELVES, Listening, hearing, span
from twirec.audio.formats import FORMATS
from twirec.derivatives.derivatives import Derivatives
from twirec.derivatives.listening_copies import ListeningCopies
from twirec.model.audio import ConversionSpec
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action
from twirec.model.derivatives import Derivative
from twirec.model.errors import BytesDiffer, NotFound, ObjectNotFound

WEEK = timedelta(days=7)


class Deriving(Listening):
    """The part of the archive that keeps derivatives. They go with their originals."""

    def derive(
        self,
        sid: str,
        asked: ConversionSpec,
        *,
        by: str,
        role: str = "",
        keep_for: timedelta = WEEK,
    ) -> Derivative:
        """Make a derivative that stays in the bucket for a time, unless it is there already.

        Asking for the same again makes nothing, and lets it stay longer.

        Args:
            sid: of the recording, `RE…`.
            asked: what is wanted of it, as of `convert`.
            by: who asks.
            role: what they are in the app.
            keep_for: how long it stays, from now.

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
        with self._attempt(Action.DERIVE, by, sid, role=role) as done:
            made = self._derivatives(by, role).make(self._may_leave(sid), asked, keep_for)
        self._audit(done, asked.detail)
        return made

    def derivatives(self, sid: str) -> list[Derivative]:
        """Return what was made, or begun, of a recording, in order of the names."""
        return self.catalog.derivatives.of(sid)

    def listening_copy(self, sid: str) -> Derivative | None:
        """Return the smaller copy of a recording; None if there is none (yet).

        One that was found not to be what was made is none: the original is heard.
        """
        words = ConversionSpec(self.settings.listening_copy or "").words
        for made in self.catalog.derivatives.of(sid):
            if made.asked == words and made.made_at is not None:
                broken = {each.object_name for each in self.catalog.operations.differences(sid)}
                return None if made.object_name in broken else made
        return None

    def compare(self, sid: str, *, by: str, role: str = "") -> list[str]:
        """Compare a recording, and all that was made of it, with what was archived.

        All bytes are read, in constant memory; none leaves, so it may be done in any custody. What
        was known to differ and is right again, such as after a backup was brought back, is settled.
        What was made of it and differs is deleted, and made anew when it is wanted.

        Args:
            sid: of the recording, `RE…`.
            by: who asks for it.
            role: what they are in the app, for the audit log.

        Returns:
            The objects that were deleted.

        Raises:
            NotFound: the catalog has no such recording.
            CustodyRefused: it is not in the bucket.
            BytesDiffer: the recording itself is something else than was archived.
            BucketError: the bucket does not give it.
        """
        deleted = []
        with self._attempt(Action.COMPARE, by, sid, role=role) as done:
            recording = self._stored(sid)
            checked = self._checked(sid, by, role)
            _read_all(checked.open(recording.fingerprint))
            for made in self.catalog.derivatives.of(sid):
                if made.made_at is None:
                    continue
                try:
                    _read_all(checked.open(made.fingerprint))
                except (BytesDiffer, ObjectNotFound):
                    self._derivatives().delete(made)
                    self.catalog.derivatives.forget(made.object_name)
                    deleted.append(made.object_name)
        detail = {"deleted": len(deleted)} if deleted else {}
        self.catalog.operations.settle_differences(sid, replace(done, detail=detail))
        return deleted

    def open_derivative(
        self,
        sid: str,
        object_name: str,
        start: int = 0,
        end: int | None = None,
        *,
        by: str,
        role: str = "",
        download: bool = False,
    ) -> AudioStream:
        """Return the bytes of a derivative, or a range of them, as `open` does of a recording.

        Args:
            sid: of the recording, `RE…`.
            object_name: of the derivative.
            start: the first byte.
            end: the byte to end before; None, or one past the end, for its end.
            by: who hears it.
            role: what they are in the app.
            download: whether they get a file of their own, instead of only hearing it.

        Raises:
            NotFound: there is no such recording, or nothing of that name was made of it.
            CustodyRefused: it may not leave.
            InvalidQuery: the range is none; the message names the fix.
            BytesDiffer: the bucket holds something else than was made; of a whole one perhaps only
                instead of its last bytes.
            BucketError: the bucket does not give it.
        """
        with self._attempt(hearing(download), by, sid, role=role) as done:
            recording = self._may_leave(sid)
            made = self._derivative(sid, object_name)
            start, end = span(made.object_name, made.size or 0, start, end)
            read = self._checked(sid, by, role).reader(made.fingerprint)
        self._audit(done, {**ConversionSpec.of(made.asked).detail, "bytes": f"{start}-{end}"})
        form = FORMATS[made.format]
        return AudioStream(
            read(start, end),
            content_type=form.content_type,
            file_name=self._file_name(recording, form.extension),
            size=made.size,
            start=start,
            end=end,
        )

    def _derivative(self, sid: str, object_name: str) -> Derivative:
        for made in self.catalog.derivatives.of(sid):
            if made.object_name == object_name and made.made_at is not None:
                return made
        raise NotFound(f"Nothing of the name {object_name} was made of {sid}.")

    def expire_derivatives(self) -> int:
        """Delete the derivatives that expired, and return how many. Workers and sweeps do it."""
        return self._derivatives().expire()

    def _copying(self) -> Iterator[Callable[[], bool]]:
        """Yield what makes one listening copy, if they are wanted."""
        if self.settings.listening_copy:
            asked = ConversionSpec(self.settings.listening_copy)
            yield ListeningCopies(self.catalog, self._derivatives(), asked, self.now).make_one

    def _derivatives(self, by: str = OURSELVES, role: str = "") -> Derivatives:
        originals = partial(self._original, by=by, role=role)
        return Derivatives(self.catalog, self.bucket, originals, self._ffmpeg, self.now)


def _read_all(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass
