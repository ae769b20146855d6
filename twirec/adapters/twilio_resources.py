"""Twilio's resources as its client gives them, in our types."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from twirec.adapters.twilio_http import checked_sid
from twirec.model.encryption import read_encryption
from twirec.model.vendor import (
    RecordingStatus,
    VendorCall,
    VendorParticipant,
    VendorRecording,
    VoiceRoute,
)

DAY = timedelta(days=1)


def to_call(account_sid: str, found: Any) -> VendorCall:
    """Return a call resource."""
    return VendorCall(
        sid=checked_sid(found.sid),
        account_sid=found.account_sid or account_sid,
        from_=found._from or "",  # the client's public name for the field, as `from` is a keyword
        to=found.to or "",
        direction=found.direction or "",
        status=found.status or "",
        parent_call_sid=found.parent_call_sid or None,
        started_at=found.start_time,
        ended_at=found.end_time,
        duration=count(found.duration),
    )


def to_recording(account_sid: str, found: Any, host: str | None) -> VendorRecording:
    """Return a recording resource.

    Args:
        account_sid: whose it is, where Twilio does not say so.
        found: the resource.
        host: the configured host of the API.
    """
    return VendorRecording(
        sid=checked_sid(found.sid),
        account_sid=found.account_sid or account_sid,
        call_sid=found.call_sid,
        status=RecordingStatus(found.status),
        created_at=found.date_created,
        started_at=found.start_time,
        duration=count(found.duration),
        channels=count(found.channels),
        source=found.source,
        error_code=count(found.error_code) or None,
        external=_is_external(found.media_url, host),
        conference_sid=found.conference_sid,
        encryption=read_encryption(found.encryption_details),
    )


def _is_external(media_url: str | None, host: str | None) -> bool:
    """Whether the media is in the customer's own S3.

    Twilio then gives the address there as `media_url`:
    https://www.twilio.com/docs/voice/api/recording#recording-properties
    """
    named = urlsplit(media_url or "").hostname
    ours = {None, "twilio.com", host}
    return named not in ours and not str(named).endswith(".twilio.com")


def to_participant(account_sid: str, found: Any) -> VendorParticipant:
    """Return a participant resource."""
    return VendorParticipant(
        account_sid=found.account_sid or account_sid,
        conference_sid=checked_sid(found.conference_sid),
        leg_sid=checked_sid(found.call_sid),
        joined_at=found.date_created,
    )


def to_route(address: str, found: Any) -> VoiceRoute:
    """Return where a number, SIP domain or TwiML application points.

    Args:
        address: its number, name or SID.
        found: the resource. What a number says of a trunk counts before an application, and that
            before its own URL (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource).
    """
    trunk, application = (
        getattr(found, name, None) for name in ("trunk_sid", "voice_application_sid")
    )
    return VoiceRoute(
        address=address,
        voice_url=found.voice_url or "",
        served_by=trunk or application or "",
        since=found.date_updated,
    )


def to_sender_route(found: Any) -> VoiceRoute:
    """Return where a WhatsApp sender points. Twilio does not say since when."""
    set_up = found.configuration if isinstance(found.configuration, dict) else {}
    served_by = set_up.get("voice_application_sid") or ""
    return VoiceRoute(address=found.sender_id or "", served_by=served_by)


def days_of(field: str, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """Return the filters of a list for a span of time.

    They ask for whole GMT days, one more on each side: the page does not say which midnight counts.
    https://www.twilio.com/docs/voice/api/recording#read-multiple-recording-resources

    Args:
        field: what the span is of, by its name in Twilio's client.
        since, until: the span, UTC; None for no limit.
    """
    filters = {
        f"{field}_after": since and (since.astimezone(UTC) - DAY).date(),
        f"{field}_before": until and (until.astimezone(UTC) + DAY).date(),
    }
    return {name: value for name, value in filters.items() if value is not None}


def count(value: object) -> int | None:
    """Read a number that Twilio writes as a number or in quotes, `-1` or nothing for unknown."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else None
