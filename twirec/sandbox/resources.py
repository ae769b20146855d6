"""Calls and recordings as Twilio's JSON.

Fields and types: https://www.twilio.com/docs/voice/api/recording and
https://www.twilio.com/docs/voice/api/call-resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from twirec.sandbox.recording import Recording
from twirec.sandbox.state import Account, Call

API_VERSION = "2010-04-01"

Json = Mapping[str, object]


def rfc2822(at: datetime | None) -> str | None:
    """Return a stamp as Twilio writes it: `Thu, 01 Aug 2024 04:20:56 +0000`."""
    return format_datetime(at) if at else None


def recording_json(account: Account, recording: Recording) -> Json:
    """Return a recording resource."""
    path = f"/{API_VERSION}/Accounts/{account.sid}/Recordings/{recording.sid}"
    return {
        "account_sid": account.sid,
        "api_version": API_VERSION,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid,
        "date_created": rfc2822(recording.created),
        "date_updated": rfc2822(recording.updated),
        "start_time": rfc2822(recording.started),
        "duration": None if recording.duration is None else str(recording.duration),
        "sid": recording.sid,
        "price": None,
        "price_unit": "USD",
        # "paused" is only in the answer to the update, as that page says.
        "status": "processing" if recording.status == "paused" else recording.status,
        "channels": recording.channels,
        "source": recording.source,
        "error_code": recording.error_code,
        "uri": f"{path}.json",
        "encryption_details": _encryption_details(recording),
        "subresource_uris": {
            "add_on_results": f"{path}/AddOnResults.json",
            "transcriptions": f"{path}/Transcriptions.json",
        },
        "media_url": account.media_url(recording),
    }


def _encryption_details(recording: Recording) -> Json | None:
    """Spell the details as that page's example does, which is not how callbacks do."""
    if recording.encryption is None or recording.status != "completed":
        return None
    details = recording.encryption.details
    return {
        "encryption_public_key_sid": details["public_key_sid"],
        "encryption_cek": details["encrypted_cek"],
        "encryption_iv": details["iv"],
    }


def call_recording_json(account: Account, recording: Recording) -> Json:
    """Return a recording as `/Calls/{sid}/Recordings.json` lists it."""
    resource = dict(recording_json(account, recording))
    del resource["media_url"], resource["subresource_uris"]
    path = f"/{API_VERSION}/Accounts/{account.sid}/Calls/{recording.call_sid}/Recordings"
    return {**resource, "track": recording.track, "uri": f"{path}/{recording.sid}.json"}


def room_recording_json(account: Account, recording: Recording) -> Json:
    """Return a recording as `/Conferences/{sid}/Recordings.json` lists it."""
    resource = dict(recording_json(account, recording))
    del resource["media_url"], resource["subresource_uris"]
    path = f"/{API_VERSION}/Accounts/{account.sid}/Conferences/{recording.conference_sid}"
    return {**resource, "uri": f"{path}/Recordings/{recording.sid}.json"}


def begun(call: Call) -> datetime | None:
    """Return the `start_time` of a call, UTC.

    That of a call that was dialled and not answered is when it was dialled: only what was not
    dialled has none (https://www.twilio.com/docs/voice/api/call-resource). Calls in that nobody
    answered have none here: Twilio does not say what they have, and who relies on it must do
    without.
    """
    if call.started is None and call.direction != "inbound" and call.status != "queued":
        return call.created
    return call.started


def call_json(account: Account, call: Call) -> Json:
    """Return a call resource."""
    path = f"/{API_VERSION}/Accounts/{account.sid}/Calls/{call.sid}"
    return {
        "account_sid": account.sid,
        "answered_by": call.answered_by,
        "api_version": API_VERSION,
        "caller_name": None,
        "date_created": rfc2822(call.created),
        "date_updated": rfc2822(call.ended or call.started or call.created),
        "direction": call.direction,
        "duration": None if call.duration is None else str(call.duration),
        "end_time": rfc2822(call.ended),
        "forwarded_from": None,
        "from": call.from_,
        "from_formatted": call.from_,
        "group_sid": None,
        "parent_call_sid": call.parent_sid,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": rfc2822(begun(call)),
        "status": call.status,
        "subresource_uris": {"recordings": f"{path}/Recordings.json"},
        "to": call.to,
        "to_formatted": call.to,
        "trunk_sid": None,
        "uri": f"{path}.json",
    }
