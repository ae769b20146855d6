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


def to_call(account_sid: str, resource: Any) -> VendorCall:
    """Return a call resource."""
    return VendorCall(
        sid=checked_sid(resource.sid),
        account_sid=resource.account_sid or account_sid,
        from_=resource._from
        or "",  # the client's public name for the field, as `from` is a keyword
        to=resource.to or "",
        direction=resource.direction or "",
        status=resource.status or "",
        parent_call_sid=resource.parent_call_sid or None,
        started_at=resource.start_time,
        ended_at=resource.end_time,
        duration=count(resource.duration),
        created_at=resource.date_created,
    )


def to_recording(account_sid: str, resource: Any, host: str | None) -> VendorRecording:
    """Return a recording resource.

    Args:
        account_sid: whose it is, where Twilio does not say so.
        resource: the resource.
        host: the configured host of the API.
    """
    return VendorRecording(
        sid=checked_sid(resource.sid),
        account_sid=resource.account_sid or account_sid,
        call_sid=resource.call_sid,
        status=RecordingStatus(resource.status),
        created_at=resource.date_created,
        started_at=resource.start_time,
        duration=count(resource.duration),
        channels=count(resource.channels),
        source=resource.source,
        error_code=count(resource.error_code) or None,
        external=_is_external(resource.media_url, host),
        conference_sid=resource.conference_sid,
        encryption=read_encryption(resource.encryption_details),
    )


def _is_external(media_url: str | None, host: str | None) -> bool:
    """Whether the media is in the customer's own S3.

    Twilio then gives the address there as `media_url`:
    https://www.twilio.com/docs/voice/api/recording#recording-properties
    """
    named = urlsplit(media_url or "").hostname
    ours = {None, "twilio.com", host}
    return named not in ours and not str(named).endswith(".twilio.com")


def to_participant(account_sid: str, resource: Any) -> VendorParticipant:
    """Return a participant resource."""
    return VendorParticipant(
        account_sid=resource.account_sid or account_sid,
        conference_sid=checked_sid(resource.conference_sid),
        leg_sid=checked_sid(resource.call_sid),
        joined_at=resource.date_created,
    )


def to_route(address: str, resource: Any) -> VoiceRoute:
    """Return where a number, SIP domain or TwiML application points.

    Args:
        address: its number, name or SID.
        resource: the resource. What a number says of a trunk counts before an application, and that
            before its own URL (https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource).
    """
    trunk, application = (
        getattr(resource, name, None) for name in ("trunk_sid", "voice_application_sid")
    )
    return VoiceRoute(
        address=address,
        voice_url=resource.voice_url or "",
        served_by=trunk or application or "",
        since=resource.date_updated,
    )


def to_sender_route(resource: Any) -> VoiceRoute:
    """Return where a WhatsApp sender points. Twilio does not say since when."""
    set_up = resource.configuration if isinstance(resource.configuration, dict) else {}
    served_by = set_up.get("voice_application_sid") or ""
    return VoiceRoute(address=resource.sender_id or "", served_by=served_by)


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
