"""The vendor, on Twilio: metadata through Twilio's own client, media through requests.

Twilio's client cannot stream, waits for ever and hides redirects, so both go through
`TwilioHttp`. URLs are built from SIDs and the configured host; no URL that Twilio sends is fetched.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.rest import Client

from twirec.adapters.twilio_http import Credentials, TwilioHttp, base_url, checked_sid
from twirec.adapters.twilio_media import open_media
from twirec.adapters.twilio_resources import (
    days_of,
    to_call,
    to_participant,
    to_recording,
    to_route,
    to_sender_route,
)
from twirec.model.errors import NotAtVendor, VendorRefused, VendorUnavailable
from twirec.model.vendor import (
    Media,
    RecordingStatus,
    VendorCall,
    VendorParticipant,
    VendorRecording,
    VoiceRoute,
    is_within,
)

__all__ = ["Credentials", "TwilioVendor"]

log = logging.getLogger("twirec.twilio")

PAGE_SIZE = 1000
"""The most that Twilio gives at once (https://www.twilio.com/docs/voice/api/recording)."""

MESSAGING_URL = "https://messaging.twilio.com"
"""Where WhatsApp senders are; only in the region us1
(https://www.twilio.com/docs/global-infrastructure/regional-product-and-feature-availability)."""

NO_ENVIRONMENT = {"TWILIO_REGION": "", "TWILIO_EDGE": ""}
"""Twilio's client reads the process environment unless it is given one that is not empty."""


class TwilioVendor:
    """Twilio as a `Vendor`, for one or more accounts. Opens nothing before the first request.

    Safe to use from many threads.

    Args:
        credentials: by account SID.
        api_url: another host for the API (the sandbox, a proxy); region and edge are then ignored.
        region: Twilio's region, such as `ie1`; only together with `edge`.
        edge: the edge that belongs to it, such as `dublin`.
        pool_size: how many threads download at once.
        timeout: seconds to connect, and seconds to wait for each read.
        sleep: waits between tries, in seconds.

    Raises:
        SettingsError: one of region and edge is missing, or `api_url` is not an HTTP URL.
    """

    def __init__(
        self,
        credentials: Mapping[str, Credentials],
        *,
        api_url: str | None = None,
        region: str | None = None,
        edge: str | None = None,
        pool_size: int = 32,
        timeout: tuple[float, float] = (5.0, 30.0),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        base = base_url(api_url, region, edge)
        self._http = TwilioHttp(base, pool_size=pool_size, timeout=timeout, sleep=sleep)
        self._messaging = TwilioHttp(
            api_url or MESSAGING_URL, pool_size=1, timeout=timeout, sleep=sleep
        )
        self._has_senders = bool(api_url) or region in (None, "us1")
        self._credentials = dict(credentials)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that there are credentials for, `AC…`."""
        return tuple(self._credentials)

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
        client = self._client(account_sid, hurry=hurry)
        filters = days_of("date_created", since, until)
        if call_sid is not None:
            filters["call_sid"] = call_sid
        with _understood(f"the list of recordings of {account_sid}"):
            for found in client.recordings.stream(**filters, page_size=PAGE_SIZE):
                recording = self._recording(account_sid, found)
                if recording.status is not RecordingStatus.DELETED and is_within(
                    recording.created_at, since, until
                ):
                    yield recording

    def recording(self, account_sid: str, sid: str) -> VendorRecording:
        """Fetch a recording's metadata. See `Vendor.recording`."""
        client = self._client(account_sid)
        with _understood(f"the recording {checked_sid(sid)}"):
            recording = self._recording(account_sid, client.recordings(sid).fetch())
        if recording.status is RecordingStatus.DELETED:
            raise NotAtVendor(f"Twilio deleted the recording {sid}")
        return recording

    def call(self, account_sid: str, sid: str, *, hurry: bool = False) -> VendorCall:
        """Fetch a call. See `Vendor.call`."""
        client = self._client(account_sid, hurry=hurry)
        with _understood(f"the call {checked_sid(sid)}"):
            return to_call(account_sid, client.calls(sid).fetch())

    def calls(self, account_sid: str, *, since: datetime, until: datetime) -> Iterator[VendorCall]:
        """List calls page by page. See `Vendor.calls`.

        Source: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources
        """
        client = self._client(account_sid)
        filters = days_of("start_time", since, until)
        with _understood(f"the list of calls of {account_sid}"):
            for found in client.calls.stream(**filters, page_size=PAGE_SIZE):
                call = to_call(account_sid, found)
                began = call.started_at is not None and is_within(call.started_at, since, until)
                if began and call.parent_call_sid is None:
                    yield call

    def legs(self, account_sid: str, call_sid: str) -> list[VendorCall]:
        """Fetch the legs that a call dialled. See `Vendor.legs`.

        Source: https://www.twilio.com/docs/voice/api/call-resource#read-multiple-call-resources
        (`ParentCallSid`).
        """
        client = self._client(account_sid)
        with _understood(f"the legs of {checked_sid(call_sid)}"):
            found = client.calls.stream(parent_call_sid=call_sid, page_size=PAGE_SIZE)
            return [to_call(account_sid, leg) for leg in found]

    def participants(self, account_sid: str, room: str) -> list[VendorParticipant]:
        """Fetch who is in the conference of that name now. See `Vendor.participants`.

        Source: https://www.twilio.com/docs/voice/api/conference-participant-resource
        """
        client = self._client(account_sid)
        there = []
        with _understood(f"the conferences of {account_sid}"):
            for found in client.conferences.stream(friendly_name=room, status="in-progress"):
                with suppress(NotAtVendor):  # it ended meanwhile
                    there += client.conferences(checked_sid(found.sid)).participants.list()
            return [to_participant(account_sid, one) for one in there if one.status == "connected"]

    def voice_routes(self, account_sid: str) -> list[VoiceRoute]:
        """Fetch where the account's addresses point. See `Vendor.voice_routes`."""
        client = self._client(account_sid)
        with _understood(f"the numbers of {account_sid}"):
            numbers = client.incoming_phone_numbers.stream(page_size=PAGE_SIZE)
            routes = [to_route(one.phone_number or "", one) for one in numbers]
        with _understood(f"the TwiML applications of {account_sid}"):
            made = client.applications.stream(page_size=PAGE_SIZE)
            routes += [to_route(checked_sid(one.sid), one) for one in made]
        with _understood(f"the SIP domains of {account_sid}"):
            domains = client.sip.domains.stream(page_size=PAGE_SIZE)
            routes += [to_route(one.domain_name or "", one) for one in domains]
        return routes + self._sender_routes(account_sid)

    def _sender_routes(self, account_sid: str) -> list[VoiceRoute]:
        """Fetch where the WhatsApp senders point; none where the account may have none.

        An account without WhatsApp, or another region, is no reason to know none of its numbers.
        """
        if not self._has_senders:
            return []
        client = self._client(account_sid, at=self._messaging)
        try:
            with _understood(f"the WhatsApp senders of {account_sid}"):
                senders = client.messaging.v2.channels_senders.stream(
                    channel="whatsapp", page_size=PAGE_SIZE
                )
                return [to_sender_route(one) for one in senders]
        except (NotAtVendor, VendorRefused) as error:
            log.info("no WhatsApp senders of %s: %s", account_sid, error)
            return []

    def media(
        self, account_sid: str, sid: str, *, encrypted: bool = False
    ) -> AbstractContextManager[Media]:
        """Open the media as WAV, in two channels or in one. See `Vendor.media`."""
        who = self._who(account_sid)
        return open_media(self._http, who, account_sid, sid, encrypted=encrypted)

    def delete(self, account_sid: str, sid: str) -> None:
        """Delete a recording. Not found is done. See `Vendor.delete`."""
        client = self._client(account_sid)
        with suppress(NotAtVendor), _understood(f"the deletion of {checked_sid(sid)}"):
            client.recordings(sid).delete()

    def place_call(
        self, account_sid: str, *, from_: str, to: str, url: str, fallback_url: str, ended_url: str
    ) -> VendorCall:
        """Place a call. See `Vendor.place_call`."""
        client = self._client(account_sid)
        with _understood("the call that was placed"):
            placed = client.calls.create(
                from_=from_,
                to=to,
                url=url,
                method="POST",
                fallback_url=fallback_url,
                status_callback=ended_url,
                status_callback_method="POST",
                machine_detection="Enable",
            )
            return to_call(account_sid, placed)

    def start_recording(self, account_sid: str, call_sid: str, *, status_url: str) -> str:
        """Record a call from now on. See `Vendor.start_recording`."""
        client = self._client(account_sid, hurry=True)
        with _understood(f"the recording of {checked_sid(call_sid)}"):
            started = client.calls(call_sid).recordings.create(
                recording_channels="dual",
                trim="do-not-trim",
                recording_status_callback=status_url,
                recording_status_callback_method="POST",
                # One string: the documentation's own example, and what the TwiML takes.
                recording_status_callback_event=["in-progress completed absent"],
            )
            return checked_sid(started.sid)

    def set_recording(
        self, account_sid: str, call_sid: str, sid: str, status: RecordingStatus
    ) -> RecordingStatus:
        """Pause, resume or end a recording. See `Vendor.set_recording`."""
        client = self._client(account_sid, hurry=True)
        silent = {"pause_behavior": "silence"} if status is RecordingStatus.PAUSED else {}
        with _understood(f"the update of {checked_sid(sid)}"):
            told = (
                client.calls(checked_sid(call_sid)).recordings(sid).update(status.value, **silent)
            )
            return RecordingStatus(told.status)

    def close(self) -> None:
        """Close connections. Nothing is used after it."""
        self._http.close()
        self._messaging.close()

    def _client(
        self, account_sid: str, *, hurry: bool = False, at: TwilioHttp | None = None
    ) -> Client:
        who = self._who(account_sid)
        return Client(
            who.username,
            who.password,
            account_sid,
            http_client=_Carrier(at or self._http, who, hurry=hurry),
            environment=NO_ENVIRONMENT,
        )

    def _who(self, account_sid: str) -> Credentials:
        if account_sid not in self._credentials:
            raise VendorRefused("There are no credentials for the account that was named")
        return self._credentials[account_sid]

    def _recording(self, account_sid: str, found: Any) -> VendorRecording:
        return to_recording(account_sid, found, self._http.host)


class _Carrier:
    """What Twilio's client calls its HTTP client: takes a URL's path to the configured host."""

    def __init__(self, http: TwilioHttp, credentials: Credentials, *, hurry: bool) -> None:
        self._http = http
        self._credentials = credentials
        self._hurry = hurry

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: object = None,
        timeout: object = None,
        allow_redirects: bool = False,
    ) -> Response:
        path = urlsplit(url)._replace(scheme="", netloc="").geturl()
        with self._http.send(
            method,
            path,
            self._credentials,
            params=params,
            data=data,
            headers=headers,
            hurry=self._hurry,
        ) as response:
            try:
                return Response(response.status_code, response.text, response.headers)
            except requests.RequestException as error:
                what = f"{method} {urlsplit(path).path}"
                raise VendorUnavailable(f"Twilio broke off its answer to {what}") from error


@contextmanager
def _understood(what: str) -> Iterator[None]:
    """Turn what Twilio's client stumbles over in an answer that is not as described."""
    try:
        yield
    except (TwilioException, ValueError, TypeError, AttributeError) as error:
        raise VendorUnavailable(f"Twilio's answer about {what} makes no sense") from error
