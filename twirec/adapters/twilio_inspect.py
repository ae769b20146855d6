"""How an account at Twilio is set up. Reads only."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from twirec.adapters.twilio_client import PAGE_SIZE, TwilioClients, understood
from twirec.adapters.twilio_http import Credentials, checked_sid
from twirec.model.errors import NotAtVendor, VendorUnavailable
from twirec.model.inspection import AccountFacts, DialPermission, OwnAddress
from twirec.model.vendor import VendorRecording


class TwilioInspector:
    """Twilio, asked how accounts are set up.

    Args:
        clients: of the accounts; what it opens is closed with them.
    """

    def __init__(self, clients: TwilioClients) -> None:
        self._clients = clients
        self.accounts = clients.accounts
        """The accounts that there are credentials for, `AC…`."""
        self.has_voice_settings = clients.is_us1
        """Whether the region has account defaults that can be asked for."""

    def account(self, account_sid: str, token: str) -> AccountFacts:
        """Fetch an account with one of its own auth tokens.

        An API key would not do: only main keys may read accounts
        (https://www.twilio.com/docs/iam/api-keys/keys-in-console).

        Raises:
            VendorRefused: the token is not the account's (401).
        """
        path = f"/2010-04-01/Accounts/{checked_sid(account_sid)}.json"
        with self._clients.http.send("GET", path, Credentials(account_sid, token)) as response:
            status = _json(response).get("status")
            return AccountFacts(str(status or "unknown"), _date(response))

    def numbers(self, account_sid: str) -> list[OwnAddress]:
        """List the numbers of an account that can be called, page by page."""
        client = self._clients.client(account_sid)
        with understood(f"the numbers of {account_sid}"):
            resources = client.incoming_phone_numbers.stream(page_size=PAGE_SIZE)
            listed = [(one.capabilities, _address(one.phone_number, one)) for one in resources]
        return [address for can, address in listed if _has_voice(can)]

    def applications(self, account_sid: str) -> list[OwnAddress]:
        """List the TwiML applications of an account, page by page."""
        client = self._clients.client(account_sid)
        with understood(f"the TwiML applications of {account_sid}"):
            resources = client.applications.stream(page_size=PAGE_SIZE)
            return [_address(one.sid, one) for one in resources]

    def domains(self, account_sid: str) -> list[OwnAddress]:
        """List the SIP domains of an account, page by page."""
        client = self._clients.client(account_sid)
        with understood(f"the SIP domains of {account_sid}"):
            resources = client.sip.domains.stream(page_size=PAGE_SIZE)
            callback = ("voice_status_callback_url", "voice_status_callback_method")
            return [_address(one.domain_name, one, *callback) for one in resources]

    def senders(self, account_sid: str) -> list[OwnAddress]:
        """List the WhatsApp senders of an account that take calls; none where none may be asked."""
        routes = self._clients.sender_routes(account_sid)
        return [OwnAddress(one.address, served_by=one.served_by) for one in routes if one.served_by]

    def newest_recordings(self, account_sid: str, limit: int) -> list[VendorRecording]:
        """List the first recordings that Twilio names, the newest first."""
        client = self._clients.client(account_sid)
        with understood(f"the list of recordings of {account_sid}"):
            resources = client.recordings.list(limit=limit, page_size=limit)
            return [self._clients.recording(account_sid, one) for one in resources]

    def records_by_default(self, account_sid: str) -> bool:
        """Whether the account records every call by itself.

        Source: https://www.twilio.com/docs/configurations/recording-account-default-configuration-resource
        """
        try:
            path = "/v2/AccountDefaultConfiguration/Recording"
            self._clients.voice.send("GET", path, self._clients.who(account_sid)).close()
        except NotAtVendor:
            return False
        return True

    def dial_permissions(self, account_sid: str) -> list[DialPermission]:
        """List which numbers of which country an account may dial: all are on one page.

        Source: https://www.twilio.com/docs/voice/api/dialingpermissions-country-resource
        """
        path = f"/v1/DialingPermissions/Countries?PageSize={PAGE_SIZE}"
        with self._clients.voice.send("GET", path, self._clients.who(account_sid)) as response:
            answer = _json(response)
        meta = answer.get("meta")
        listed = answer.get(str(meta.get("key")) if isinstance(meta, dict) else "content")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise VendorUnavailable("Twilio's answer about dialling permissions makes no sense")
        return [
            DialPermission(
                country=str(each.get("iso_code") or ""),
                ordinary=bool(each.get("low_risk_numbers_enabled")),
                special=bool(each.get("high_risk_special_numbers_enabled")),
                fraud=bool(each.get("high_risk_tollfraud_numbers_enabled")),
            )
            for each in listed
        ]

    def media_status(self, account_sid: str, sid: str) -> int:
        """Ask for the media of a recording without credentials; return the HTTP status."""
        path = f"/2010-04-01/Accounts/{checked_sid(account_sid)}/Recordings/{checked_sid(sid)}.wav"
        return self._clients.http.status_for_anybody(path)


def _json(response: requests.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except (requests.RequestException, ValueError) as error:
        raise VendorUnavailable("Twilio's answer about the account makes no sense") from error
    return answer if isinstance(answer, dict) else {}


def _date(response: requests.Response) -> datetime | None:
    """Read the header `Date` (RFC 9110, section 6.6.1)."""
    try:
        return parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None


def _has_voice(capabilities: Any) -> bool:
    return bool(capabilities.get("voice", True)) if isinstance(capabilities, dict) else True


def _address(
    address: str | None,
    resource: Any,
    callback: str = "status_callback",
    callback_method: str = "status_callback_method",
) -> OwnAddress:
    """Read a number, TwiML application or SIP domain, which calls its callback otherwise."""

    def field(name: str) -> str:
        return str(getattr(resource, name, None) or "")

    return OwnAddress(
        address=address or "",
        voice_url=field("voice_url"),
        voice_method=field("voice_method"),
        fallback_url=field("voice_fallback_url"),
        fallback_method=field("voice_fallback_method"),
        status_callback=field(callback),
        status_method=field(callback_method),
        served_by=field("trunk_sid") or field("voice_application_sid") or None,
    )
