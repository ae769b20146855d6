"""The part of the catalog's port that keeps what was measured of recordings' sound."""

from __future__ import annotations

from typing import Protocol

from twirec.model.records import Recording
from twirec.model.vocabulary import Role
from twirec.model.waveform import Waveform


class WavesCatalog(Protocol):
    """Waveforms. They can be measured again from the bucket, so none has to be there."""

    def keep_waveform(self, recording_sid: str, waveform: Waveform) -> bool:
        """Keep what was measured of a recording, without who is on which channel.

        False, and nothing done, if there is one already, or if the recording is not archived (any
        more). It goes when the recording is erased.
        """
        ...

    def kept_waveform(self, recording_sid: str) -> Waveform | None:
        """Return what was measured of a recording, without roles and warnings, if it is kept."""
        ...

    def first_speakers(self, recording: Recording, limit: int) -> list[Role]:
        """Return who spoke first in the latest recordings like that one, the latest first.

        Like a recording of a call in are those of calls in to the same own number, which were
        started in the same way; none is like one of a call out. Those in which nobody was first,
        or nobody knows who that is, are left out.
        """
        ...
