"""What can be seen of a recording's sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from twirec.audio.drawing import LABELS, svg
from twirec.audio.facts import ALIKE, customer_first, judged, mostly_customers
from twirec.audio.waveform import measure
from twirec.catalog import Catalog
from twirec.model.audio import ReadBytes
from twirec.model.records import Recording
from twirec.model.vocabulary import Role
from twirec.model.waveform import SoundWarning, Waveform


class Waves:
    """The part of the archive that shows who spoke when, and what looks wrong.

    Attributes:
        catalog: what was measured.
    """

    catalog: Catalog

    def _may_leave(self, sid: str) -> Recording:
        raise NotImplementedError

    def _original(self, recording: Recording) -> ReadBytes:
        raise NotImplementedError

    def waveform(self, sid: str) -> Waveform:
        """Return how loud a recording is, who speaks when in it, and what looks wrong with it.

        It was measured when the recording was archived. If that is lost, such as after the catalog
        was rebuilt, the recording is read once more from the bucket, in constant memory.

        Args:
            sid: of the recording, `RE…`.

        Raises:
            NotFound: the catalog has no such recording.
            CustodyRefused: it may not leave.
            MediaError: what is in the bucket is no WAV file that can be measured.
            BytesDiffer: it is something else than was archived.
            BucketError: the bucket does not give it.
        """
        recording = self._may_leave(sid)
        found = self.catalog.waveforms.get(sid)
        if found is None:
            found = measure(self._original(recording)(0, None))
            self.catalog.waveforms.keep(sid, found)
        known = judged(found, recording)
        if customer_first(known) and mostly_customers(
            self.catalog.waveforms.first_speakers(recording, ALIKE)
        ):
            return replace(known, warnings=(*known.warnings, SoundWarning.PERHAPS_SWAPPED))
        return known

    def draw_waveform(
        self,
        sid: str,
        *,
        width: int = 800,
        height: int = 120,
        title: str = "",
        labels: Mapping[Role, str] = LABELS,
    ) -> str:
        """Return a recording's waveform as an SVG element, the customer above, the agent below.

        It holds neither scripts nor styles. See `twirec.audio.drawing.svg` for its classes.

        Args:
            sid: of the recording, `RE…`.
            width, height: pixels, 40 to 10,000.
            title: what a screen reader says; by default its length and who speaks how much.
            labels: what customer and agent are called in the default title.

        Raises:
            InvalidQuery: width or height is out of bounds.
            TwirecError: as `waveform`.
        """
        return svg(self.waveform(sid), width=width, height=height, title=title, labels=labels)
