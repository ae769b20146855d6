"""The vendor, on Twilio.

URLs are built from SIDs and the configured host; no URL that Twilio sends is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from datetime import datetime

from twirec.adapters.twilio_client import PAGE_SIZE, TwilioClients, understood
from twirec.adapters.twilio_http import Credentials, checked_sid
from twirec.adapters.twilio_live import TwilioLiveCalls
from twirec.adapters.twilio_media import open_media
from twirec.adapters.twilio_resources import days_of, to_call, to_route
from twirec.model.errors import NotAtVendor
from twirec.model.vendor import (
    Media,
    RecordingStatus,
    VendorCall,
    VendorRecording,
    VoiceRoute,
    is_within,
)

__all__ = ["Credentials", "TwilioClients", "TwilioVendor"]


class TwilioVendor:
    """Twilio as a `Vendor`, for one or more accounts. Opens nothing before the first request.

    Safe to use from many threads.

    Attributes:
        live: what is done to calls that go on.

    Args:
        clients: of the accounts.
    """

    def __init__(self, clients: TwilioClients) -> None:
        self._clients = clients
        self.live = TwilioLiveCalls(clients)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that there are credentials for, `AC…`."""
        return self._clients.accounts

    def recordings(
        self,
        account_sid: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        call_sid: str | None = None,
        hurry: bool = False,
    ) -> Iterator[VendorRecording]:
        """List recordings page by page, deleted ones left out. See `Vendor.recordings`.

        `since` is inclusive, `until` exclusive.
        """
        client = self._clients.client(account_sid, hurry=hurry)
        filters = days_of("date_created", since, until)
        if call_sid is not None:
            filters["call_sid"] = call_sid
        with understood(f"the list of recordings of {account_sid}"):
            for resource in client.recordings.stream(**filters, page_size=PAGE_SIZE):
                recording = self._clients.recording(account_sid, resource)
                if recording.status is not RecordingStatus.DELETED and is_within(
                    recording.created_at, since, until
                ):
                    yield recording

    def recording(self, account_sid: str, sid: str) -> VendorRecording:
        """Fetch a recording's metadata. See `Vendor.recording`."""
        client = self._clients.client(account_sid)
        with understood(f"the recording {checked_sid(sid)}"):
            recording = self._clients.recording(account_sid, client.recordings(sid).fetch())
        # Of what was deleted the metadata stays for 40 days: that is no copy.
        # https://www.twilio.com/docs/voice/api/recording
        if recording.status is RecordingStatus.DELETED:
            raise NotAtVendor(f"Twilio deleted the recording {sid}")
        return recording

    def call(self, account_sid: str, sid: str, *, hurry: bool = False) -> VendorCall:
        """Fetch a call. See `Vendor.call`."""
        client = self._clients.client(account_sid, hurry=hurry)
        with understood(f"the call {checked_sid(sid)}"):
            return to_call(account_sid, client.calls(sid).fetch())

    def calls(self, account_sid: str, *, since: datetime, until: datetime) -> Iterator[VendorCall]:
        """List calls page by page. See `Vendor.calls`.

        By their end, since a call may go on for long; and by their start, since Twilio may give no
        end to one that "did not complete successfully", such as one that was busy.

        Source: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources
        """
        stream = self._clients.client(account_sid).calls.stream
        with understood(f"the list of calls of {account_sid}"):
            for field in ("end_time", "start_time"):
                filters = days_of(field, since, until)
                for resource in stream(**filters, page_size=PAGE_SIZE):
                    call = to_call(account_sid, resource)
                    is_listed = call.finished and (field == "end_time" or call.ended_at is None)
                    if is_listed and call.touches(since, until) and call.parent_call_sid is None:
                        yield call

    def legs(self, account_sid: str, call_sid: str) -> list[VendorCall]:
        """Fetch the legs that a call dialled. See `Vendor.legs`.

        Source: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources
        (`ParentCallSid`).
        """
        client = self._clients.client(account_sid)
        with understood(f"the legs of {checked_sid(call_sid)}"):
            resources = client.calls.stream(parent_call_sid=call_sid, page_size=PAGE_SIZE)
            return [to_call(account_sid, leg) for leg in resources]

    def voice_routes(self, account_sid: str) -> list[VoiceRoute]:
        """Fetch where the account's addresses point. See `Vendor.voice_routes`."""
        client = self._clients.client(account_sid)
        with understood(f"the numbers of {account_sid}"):
            numbers = client.incoming_phone_numbers.stream(page_size=PAGE_SIZE)
            routes = [to_route(one.phone_number or "", one) for one in numbers]
        with understood(f"the TwiML applications of {account_sid}"):
            made = client.applications.stream(page_size=PAGE_SIZE)
            routes += [to_route(checked_sid(one.sid), one) for one in made]
        with understood(f"the SIP domains of {account_sid}"):
            domains = client.sip.domains.stream(page_size=PAGE_SIZE)
            routes += [to_route(one.domain_name or "", one) for one in domains]
        return routes + self._clients.sender_routes(account_sid)

    def media(
        self, account_sid: str, sid: str, *, encrypted: bool = False
    ) -> AbstractContextManager[Media]:
        """Open the media as WAV, in two channels or in one. See `Vendor.media`."""
        who = self._clients.who(account_sid)
        return open_media(self._clients.http, who, account_sid, sid, encrypted=encrypted)

    def delete(self, account_sid: str, sid: str) -> None:
        """Delete a recording. Not found is done. See `Vendor.delete`."""
        path = f"/2010-04-01/Accounts/{account_sid}/Recordings/{checked_sid(sid)}.json"
        with suppress(NotAtVendor):
            self._clients.http.delete(path, self._clients.who(account_sid))

    def delete_call(self, account_sid: str, sid: str) -> None:
        """Delete the record of a call that ended. Not found is done. See `Vendor.delete_call`."""
        path = f"/2010-04-01/Accounts/{account_sid}/Calls/{checked_sid(sid)}.json"
        with suppress(NotAtVendor):
            self._clients.http.delete(path, self._clients.who(account_sid))

    def close(self) -> None:
        """Close connections. Nothing is used after it."""
        self._clients.close()
