"""Listening to a recording while it is transferred, without ever getting in its way."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from twirec.audio.wav import WavFormat
from twirec.audio.waveform import Meter
from twirec.model.errors import MediaError
from twirec.model.waveform import Waveform

log = logging.getLogger("twirec.transfer")


class StreamMeter:
    """Measures how loud a recording is. It raises nothing: what it cannot measure, it leaves.

    Args:
        sid: of the recording, for the log.
    """

    def __init__(self, sid: str) -> None:
        self._sid = sid
        self._meter: Meter | None = None
        self._deaf = False

    def hear(self, form: WavFormat | None, samples: bytes) -> None:
        """Take the next samples."""
        if self._deaf or form is None or not samples:
            return
        with self._unharmed():
            self._meter = self._meter or Meter(form)
            self._meter.feed(samples)

    def waveform(self) -> Waveform | None:
        """Return what was heard, after the last sample; None if it could not be measured."""
        found: Waveform | None = None
        with self._unharmed():
            if self._meter is not None and not self._deaf:
                found = self._meter.waveform()
        return found

    @contextmanager
    def _unharmed(self) -> Iterator[None]:
        """Let whatever goes wrong in here end the listening, and nothing else."""
        try:
            yield
        except MediaError as error:
            self._deaf = True
            log.warning("%s: without a waveform: %s", self._sid, error)
        except Exception:
            self._deaf = True
            log.exception("%s: without a waveform, by an error of ours", self._sid)
