"""Twilio's own client, one for each account and request, over our own HTTP.

Twilio's client cannot stream, waits for ever and hides redirects, so it goes through `TwilioHttp`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.rest import Client

from twirec.adapters.twilio_http import Credentials, TwilioHttp, base_url
from twirec.adapters.twilio_resources import to_recording, to_sender_route
from twirec.model.errors import NotAtVendor, VendorRefused, VendorUnavailable
from twirec.model.vendor import VendorRecording, VoiceRoute

log = logging.getLogger("twirec.twilio")

PAGE_SIZE = 1000
"""The most that Twilio gives at once (https://www.twilio.com/docs/voice/api/recording)."""

VOICE_URL = "https://voice.twilio.com"
"""Where account defaults are; they are only in the region us1
(https://www.twilio.com/docs/configurations/recording-configuration-resource)."""

MESSAGING_URL = "https://messaging.twilio.com"
"""Where WhatsApp senders are; only in the region us1
(https://www.twilio.com/docs/global-infrastructure/regional-product-and-feature-availability)."""

NO_ENVIRONMENT = {"TWILIO_REGION": "", "TWILIO_EDGE": ""}
"""Twilio's client reads the process environment unless it is given one that is not empty."""


class TwilioClients:
    """What talks to Twilio for one or more accounts. Opens nothing before the first request.

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
        pool_size: int = 64,
        timeout: tuple[float, float] = (5.0, 30.0),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        at = partial(TwilioHttp, timeout=timeout, sleep=sleep)
        self.http = at(base_url(api_url, region, edge), pool_size=pool_size)
        """What goes to the API's own host."""
        self.voice = at(api_url or VOICE_URL, pool_size=1)
        """What asks how an account's calls are set up; only where `is_us1`."""
        self._messaging = at(api_url or MESSAGING_URL, pool_size=1)
        self.is_us1 = bool(api_url) or region in (None, "us1")
        """Whether the region is the one that has all of Twilio; a stand-in has all of it too."""
        self._credentials = dict(credentials)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that there are credentials for, `AC…`."""
        return tuple(self._credentials)

    def who(self, account_sid: str) -> Credentials:
        """Return the credentials of an account.

        Raises:
            VendorRefused: there are none.
        """
        if account_sid not in self._credentials:
            raise VendorRefused("There are no credentials for the account that was named")
        return self._credentials[account_sid]

    def client(
        self, account_sid: str, *, hurry: bool = False, at: TwilioHttp | None = None
    ) -> Client:
        """Return Twilio's client for an account.

        Args:
            account_sid: `AC…`.
            hurry: whether a caller waits, so that nothing is tried for long.
            at: another host than the API's own.
        """
        who = self.who(account_sid)
        return Client(
            who.username,
            who.password,
            account_sid,
            http_client=_Carrier(at or self.http, who, hurry=hurry),
            environment=NO_ENVIRONMENT,
        )

    def recording(self, account_sid: str, resource: Any) -> VendorRecording:
        """Return what Twilio's client says of a recording in our words."""
        return to_recording(account_sid, resource, self.http.host)

    def sender_routes(self, account_sid: str) -> list[VoiceRoute]:
        """Fetch where the WhatsApp senders point; none where the account may have none.

        An account without WhatsApp, or another region, is no reason to know none of its numbers.
        """
        if not self.is_us1:
            return []
        client = self.client(account_sid, at=self._messaging)
        try:
            with understood(f"the WhatsApp senders of {account_sid}"):
                senders = client.messaging.v2.channels_senders.stream(
                    channel="whatsapp", page_size=PAGE_SIZE
                )
                return [to_sender_route(one) for one in senders]
        except (NotAtVendor, VendorRefused) as error:
            log.info("no WhatsApp senders of %s: %s", account_sid, error)
            return []

    def close(self) -> None:
        """Close connections. Nothing is used after it."""
        for http in (self.http, self.voice, self._messaging):
            http.close()


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
def understood(what: str) -> Iterator[None]:
    """Turn what Twilio's client stumbles over in an answer that is not as described."""
    try:
        yield
    except (TwilioException, ValueError, TypeError, AttributeError) as error:
        raise VendorUnavailable(f"Twilio's answer about {what} makes no sense") from error
