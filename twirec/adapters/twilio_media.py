"""The media of a Twilio recording, streamed (https://www.twilio.com/docs/voice/api/recording)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3

from twirec.adapters.twilio_http import Credentials, TwilioHttp, checked_sid
from twirec.model.errors import (
    MediaIsErrorPage,
    MediaNotReady,
    MediaTruncated,
    NotAtVendor,
    NotAudio,
    VendorRefused,
    VendorUnavailable,
)
from twirec.model.vendor import Media

CHUNK = 128 * 1024
"""Bytes that are held at a time, and read by one call: large ones are read, hashed and sent while
other threads run."""


BINARY = ("application/octet-stream", "binary/octet-stream")
"""What Twilio might call bytes that are encrypted; its documentation does not say."""

PAGES = ("text", "application/json", "application/xml", "application/problem")
"""What error pages are: with status 200 too, just after the callback
(https://support.twilio.com/hc/en-us/articles/44750147594523)."""


@contextmanager
def open_media(
    http: TwilioHttp, credentials: Credentials, account_sid: str, sid: str, *, encrypted: bool
) -> Iterator[Media]:
    """Open a recording's media as WAV. Leaving the context closes the response.

    What is encrypted is asked for as it is stored: see `Vendor.media`.

    Raises:
        MediaNotReady: 404.
        MediaIsErrorPage: a 200 with text instead of audio.
        NotAudio: a 200 with something else.
        VendorError: as `TwilioHttp.send`.
    """
    path = f"/2010-04-01/Accounts/{account_sid}/Recordings/{checked_sid(sid)}.wav"
    channels: int | None = None
    if encrypted:
        response = _get(http, credentials, path)
    else:
        channels, response = _two_channels_or_one(http, credentials, path)
    with response:
        # Its case does not matter: https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1
        kind = response.headers.get("Content-Type", "text of no type").lower()
        if not kind.startswith(("audio/", *(BINARY if encrypted else ()))):
            if kind.startswith(PAGES):
                raise MediaIsErrorPage(f"Twilio sent {kind!r:.60} instead of the audio of {sid}")
            raise NotAudio(f"Twilio sent {kind!r:.60} instead of the audio of {sid}.")
        length = _announced(response)
        yield Media(channels, length, _chunks(response, sid, length))


def _two_channels_or_one(
    http: TwilioHttp, credentials: Credentials, path: str
) -> tuple[int, requests.Response]:
    """Ask for two channels, and for one where Twilio answers 400 because it has no two."""
    try:
        return 2, _get(http, credentials, path, 2)
    except VendorRefused as error:
        if error.status != 400:
            raise
    return 1, _get(http, credentials, path, 1)


def _get(
    http: TwilioHttp, credentials: Credentials, path: str, channels: int | None = None
) -> requests.Response:
    params = {"RequestedChannels": str(channels)} if channels else {}
    headers = {"Accept-Encoding": "identity"}
    try:
        return http.send("GET", path, credentials, params=params, headers=headers)
    except NotAtVendor as error:
        message = f"The media is not to be had yet: GET {path}"
        raise MediaNotReady(message, status=error.status, code=error.code) from error


def _announced(response: requests.Response) -> int | None:
    """How many bytes are to come; not known when they are chunked or encoded."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _chunks(response: requests.Response, sid: str, length: int | None) -> Iterator[bytes]:
    received = 0
    # Not by `iter_content`, which copies what it reads twice.
    encoded = response.headers.get("Content-Encoding", "identity") != "identity"
    try:
        while chunk := response.raw.read(CHUNK, decode_content=encoded):
            received += len(chunk)
            yield chunk
    except urllib3.exceptions.ProtocolError as error:
        raise MediaTruncated(f"The media of {sid} broke off after {received} bytes.") from error
    except (urllib3.exceptions.HTTPError, requests.RequestException) as error:
        raise VendorUnavailable(f"Twilio stopped sending the media of {sid}") from error
    if length is not None and received != length:
        raise MediaTruncated(f"{received} bytes of the media of {sid} arrived, not {length}.")
