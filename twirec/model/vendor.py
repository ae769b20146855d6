"""What Twilio says of calls and recordings, in our types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from twirec.model.encryption import Encryption
from twirec.model.states import State

FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The call statuses after which nothing follows.
https://www.twilio.com/docs/voice/api/call-resource#call-status-values"""


class RecordingStatus(StrEnum):
    """Twilio's words for a recording's status.

    Source: RecordingStatus of https://www.twilio.com/docs/voice/api/recording; `failed` of
    https://www.twilio.com/docs/voice/tutorials/voice-recording-encryption.
    """

    IN_PROGRESS = "in-progress"
    PAUSED = "paused"
    STOPPED = "stopped"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ABSENT = "absent"
    FAILED = "failed"
    DELETED = "deleted"
    UNKNOWN = "unknown"
    """A word that Twilio did not have when this was written. The raw form keeps it."""

    @classmethod
    def _missing_(cls, value: object) -> RecordingStatus:
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class RecordingCallback:
    """A recording status callback, translated once.

    Source: https://www.twilio.com/docs/voice/twiml/dial#attributes-recording-status-callback

    Attributes:
        account_sid: the account that owns the call, `AC…`.
        call_sid: always the parent leg, `CA…`; None for some conference recordings.
        recording_sid: `RE…`.
        status: the status, UNKNOWN for a word that is not in the table.
        started_at: `RecordingStartTime`, UTC.
        duration: seconds, only with `completed`.
        channels: 1 or 2.
        source: Twilio's word for what started it (`DialVerb`, …), as sent.
        error_code: Twilio's error code; None when it sent none or 0.
        conference_sid: `CF…`, of a conference's recording.
        encryption: how Twilio encrypted it; None when it did not.
        raw: every field as it came.
    """

    account_sid: str
    call_sid: str | None
    recording_sid: str
    status: RecordingStatus
    started_at: datetime | None = None
    duration: int | None = None
    channels: int | None = None
    source: str | None = None
    error_code: int | None = None
    conference_sid: str | None = None
    encryption: Encryption | None = None
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VendorRecording:
    """A recording resource (https://www.twilio.com/docs/voice/api/recording).

    Times are UTC; `duration` is in seconds, None while Twilio does not know it; `external` is
    true when Twilio keeps the media in somebody else's storage and there is nothing to fetch;
    `encryption` is None when the media is not encrypted.
    """

    sid: str
    account_sid: str
    call_sid: str | None
    status: RecordingStatus
    created_at: datetime | None = None
    started_at: datetime | None = None
    duration: int | None = None
    channels: int | None = None
    source: str | None = None
    error_code: int | None = None
    external: bool = False
    conference_sid: str | None = None
    encryption: Encryption | None = None


@dataclass(frozen=True, slots=True)
class VendorCall:
    """A call resource (https://www.twilio.com/docs/voice/api/call-resource).

    `from_` and `to` are as Twilio gives them: E.164, `client:name`, a SIP address, or a word for
    a withheld number. `direction` is `inbound`, `outbound-api`, `outbound-dial` or
    `trunking-…`; `status` is Twilio's word (`completed`, `no-answer`, …). `duration` is in
    seconds. Times are UTC; `started_at` is None of what never began.
    """

    sid: str
    account_sid: str
    from_: str
    to: str
    direction: str
    status: str
    parent_call_sid: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration: int | None = None
    created_at: datetime | None = None

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether it went on at any moment of a span, UTC; `until` is exclusive."""
        began, ended = self.began_at, self.ended_at or self.began_at
        return began is not None and ended is not None and began < until and ended >= since

    @property
    def began_at(self) -> datetime | None:
        """When it began. Twilio gives no start for some calls that failed at once."""
        return self.started_at or self.created_at or self.ended_at

    @property
    def finished(self) -> bool:
        """Whether the call can no longer change."""
        return self.status in FINAL


@dataclass(frozen=True, slots=True)
class VendorParticipant:
    """Who is in a conference (https://www.twilio.com/docs/voice/api/conference-participant-resource).

    `conference_sid` is `CF…`, `leg_sid` `CA…`; `joined_at` is UTC, None where Twilio gives none.
    """

    account_sid: str
    conference_sid: str
    leg_sid: str
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VoiceRoute:
    """Where Twilio turns for the calls of one address of an account.

    Sources: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource,
    https://www.twilio.com/docs/usage/api/applications,
    https://www.twilio.com/docs/voice/sip/api/sip-domain-resource and
    https://www.twilio.com/docs/whatsapp/api/senders.

    Attributes:
        address: a number in E.164, `whatsapp:` and one, the name of a SIP domain
            (`shop.sip.twilio.com`), or the SID of a TwiML application, `AP…`.
        voice_url: whom a call asks for TwiML; empty for nobody.
        served_by: the SID of the TwiML application or trunk that serves it in the stead of
            `voice_url`; empty for none.
        since: since when it has been set up as it is, UTC; None where Twilio does not say.
    """

    address: str
    voice_url: str = ""
    served_by: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """An open download of a recording's media.

    Attributes:
        channels: how many channels were asked for, 2 or 1; None when it came as it is stored.
        content_length: bytes that the response announced; None when it did not.
        chunks: the body, once.
    """

    channels: int | None
    content_length: int | None
    chunks: Iterator[bytes]


STATE_OF: Mapping[RecordingStatus, State] = {
    RecordingStatus.IN_PROGRESS: State.RECORDING,
    RecordingStatus.PAUSED: State.RECORDING,
    RecordingStatus.STOPPED: State.RECORDING,
    RecordingStatus.PROCESSING: State.RECORDING,
    RecordingStatus.COMPLETED: State.COMPLETED,
    RecordingStatus.ABSENT: State.ABSENT,
    RecordingStatus.FAILED: State.FAILED,
    RecordingStatus.DELETED: State.LOST,
}
"""What Twilio's status means for us. A status that is not here moves nothing."""


GOES_ON = frozenset({RecordingStatus.IN_PROGRESS, RecordingStatus.PAUSED})
"""The statuses of a recording that Twilio has not ended."""


def is_within(at: datetime | None, since: datetime | None, until: datetime | None) -> bool:
    """Whether a time is in a span, `until` exclusive; one that is not known might be."""
    return at is None or ((since is None or since <= at) and (until is None or at < until))
