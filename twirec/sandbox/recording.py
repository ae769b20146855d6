"""A recording at the stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from twirec.sandbox.audio import RATE, Audio
from twirec.sandbox.faults import FaultPlan, Faults, OwnFaults
from twirec.sandbox.sids import new_sid

TAG = 16
"""Bytes by which an encrypted recording is longer than its audio."""


@dataclass(frozen=True, slots=True)
class Encryption:
    """How a recording is served encrypted. The cryptography is its maker's; there is none here.

    https://www.twilio.com/docs/voice/tutorials/voice-recording-encryption

    Attributes:
        details: `type`, `public_key_sid`, `encrypted_cek` and `iv`, as callbacks spell them.
        encrypt: takes the chunks of the audio and gives those of the body, 16 bytes more; the
            same again for each download.
    """

    details: Mapping[str, str]
    encrypt: Callable[[Iterator[bytes]], Iterator[bytes]]


class Recording:
    """A recording at the stand-in. Stamps are UTC.

    Attributes:
        sid: `RE…`.
        call_sid: the parent leg, `CA…`; of a conference the leg that was there first.
        conference_sid: the conference that was recorded, `CF…`; None for a call.
        status: Twilio's word (https://www.twilio.com/docs/voice/api/recording).
        source: Twilio's word for what started it.
        channels: how many channels were asked for: what a download gets that does not say.
        dual: whether both channels are kept, so that a download may ask for two.
        created, updated, started: stamps.
        track: `both`, or the only side that is recorded, `inbound` or `outbound`.
        error_code: 16101 with `absent`; None otherwise.
        audio: the sound; None while there is none.
        encryption: how it is served encrypted; None when it is not.
    """

    faults = OwnFaults()

    def __init__(
        self,
        call_sid: str,
        *,
        started: datetime,
        source: str = "DialVerb",
        channels: int = 2,
        dual: bool = True,
        track: str = "both",
        conference_sid: str | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.plan = FaultPlan(faults)
        self.sid = new_sid("RE")
        self.call_sid = call_sid
        self.conference_sid = conference_sid
        self.status = "in-progress"
        self.source = source
        self.channels = channels
        self.dual = dual
        self.track = track
        self.created = self.updated = self.started = started
        self.error_code: int | None = None
        self.audio: Audio | None = None
        self.encryption: Encryption | None = None

    @property
    def duration(self) -> int | None:
        """Whole seconds, rounded down; None while it goes on."""
        if self.status in {"in-progress", "paused"}:
            return None
        return self.audio.frames // RATE if self.audio else 0
