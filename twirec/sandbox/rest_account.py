"""The account itself over REST, to read: status, applications, domains, defaults.

https://www.twilio.com/docs/iam/api/account,
https://www.twilio.com/docs/usage/api/applications,
https://www.twilio.com/docs/voice/sip/api/sip-domain-resource,
https://www.twilio.com/docs/whatsapp/api/senders,
https://www.twilio.com/docs/voice/api/dialingpermissions-country-resource and
https://www.twilio.com/docs/configurations/recording-account-default-configuration-resource
"""

from __future__ import annotations

from datetime import UTC, datetime

from twirec.sandbox.paging import KEYS, page
from twirec.sandbox.resources import API_VERSION, Json, rfc2822
from twirec.sandbox.state import Account, Application, Domain, Sender
from twirec.sandbox.web import (
    UNAUTHORIZED,
    Answer,
    Refused,
    Request,
    json_answer,
    known_params,
    not_found,
)

DEFAULTS = "/v2/AccountDefaultConfiguration/Recording"
"""At Twilio on a host of its own, voice.twilio.com."""

DIALLING = "/v1/DialingPermissions/Countries"
"""At Twilio on voice.twilio.com, too."""

SENDERS = "/v2/Channels/Senders"
"""At Twilio on a host of its own, messaging.twilio.com."""

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
"""When the account was made."""

_FORBIDDEN = 70051
"""What a restricted API key gets that lacks the permission
(https://www.twilio.com/docs/iam/api-keys/restricted-api-keys)."""


class AccountHandlers:
    """Answers requests about the account."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._path = f"/{API_VERSION}/Accounts/{account.sid}"

    def fetch(self, request: Request) -> Answer:
        """Return the account; not to the API key, which is a standard one.

        Standard keys may not read accounts (https://www.twilio.com/docs/iam/api-keys/keys-in-console);
        with which status they are refused is not documented.
        """
        known_params(request.params, ())
        account = self._account
        if request.credentials[0] == account.key:
            raise Refused(401, UNAUTHORIZED, "Authenticate")
        return json_answer(
            {
                "sid": account.sid,
                "auth_token": account.token,
                "date_created": rfc2822(_BEGAN),
                "date_updated": rfc2822(_BEGAN),
                "owner_account_sid": account.sid,
                "friendly_name": "sandbox",
                "status": account.hazards.status,
                "subresource_uris": {
                    name.lower(): f"{self._path}/{name}.json" for name in ("Calls", "Recordings")
                },
                "type": "Full",
                "uri": f"{self._path}.json",
            }
        )

    def applications(self, request: Request) -> Answer:
        """List the account's TwiML applications."""
        known_params(request.params, KEYS)
        may_see_numbers(self._account)
        made = list(self._account.applications.values())
        return json_answer(
            page(request, "applications", made, lambda each: True, self._application)
        )

    def domains(self, request: Request) -> Answer:
        """List the account's SIP domains."""
        known_params(request.params, KEYS)
        may_see_numbers(self._account)
        made = list(self._account.domains.values())
        return json_answer(page(request, "domains", made, lambda each: True, self._domain))

    def senders(self, request: Request) -> Answer:
        """List the account's WhatsApp senders, all on one page."""
        known_params(request.params, {*KEYS, "Channel"})
        may_see_numbers(self._account)
        return json_answer(
            {
                "senders": [_sender(each) for each in self._account.senders.values()],
                "meta": {
                    "key": "senders",
                    "page": 0,
                    "page_size": 1000,
                    "first_page_url": f"{self._account.url}{SENDERS}?Page=0",
                    "previous_page_url": None,
                    "next_page_url": None,
                    "url": f"{self._account.url}{SENDERS}",
                },
            }
        )

    def default_recording(self, request: Request) -> Answer:
        """Return how calls are recorded by default; 404 if they are not.

        That it is a 404 is our reading; Twilio does not say it.
        """
        if not self._account.hazards.records_by_default:
            raise not_found(request.path)
        return json_answer(
            {
                "account_sid": self._account.sid,
                "description": "all calls",
                "configuration": {
                    "configurationType": "Recording",
                    "compositionPolicy": {"channels": "dual"},
                },
            }
        )

    def dialling(self, request: Request) -> Answer:
        """List which numbers of some countries may be dialled, all on one page."""
        known_params(request.params, KEYS)
        may_see_numbers(self._account)
        hazards, url = self._account.hazards, f"{self._account.url}{DIALLING}"
        countries = sorted({*hazards.dials, *hazards.dials_high_risk, "US"})
        return json_answer(
            {
                "content": [
                    {
                        "iso_code": each,
                        "low_risk_numbers_enabled": each in hazards.dials,
                        "high_risk_special_numbers_enabled": each in hazards.dials_high_risk,
                        "high_risk_tollfraud_numbers_enabled": each in hazards.dials_high_risk,
                        "url": f"{url}/{each}",
                    }
                    for each in countries
                ],
                "meta": {
                    "key": "content",
                    "page": 0,
                    "page_size": 1000,
                    "first_page_url": f"{url}?PageSize=1000&Page=0",
                    "previous_page_url": None,
                    "next_page_url": None,
                    "url": url,
                },
            }
        )

    def _application(self, made: Application) -> Json:
        return {
            "account_sid": self._account.sid,
            "api_version": API_VERSION,
            "date_created": rfc2822(made.created),
            "date_updated": rfc2822(made.created),
            "friendly_name": "sandbox",
            "message_status_callback": "",
            "public_application_connect_enabled": False,
            "sid": made.sid,
            "sms_fallback_method": "POST",
            "sms_fallback_url": "",
            "sms_method": "POST",
            "sms_status_callback": "",
            "sms_url": "",
            "status_callback": made.status_callback or "",
            "status_callback_method": "POST",
            "uri": f"{self._path}/Applications/{made.sid}.json",
            "voice_caller_id_lookup": False,
            "voice_fallback_method": "POST",
            "voice_fallback_url": made.fallback_url or "",
            "voice_method": "POST",
            "voice_url": made.voice_url,
        }

    def _domain(self, made: Domain) -> Json:
        path = f"{self._path}/SIP/Domains/{made.sid}"
        return {
            "account_sid": self._account.sid,
            "api_version": API_VERSION,
            "auth_type": "CREDENTIAL_LIST",
            "byoc_trunk_sid": None,
            "date_created": rfc2822(made.created),
            "date_updated": rfc2822(made.created),
            "domain_name": made.name,
            "emergency_caller_sid": None,
            "emergency_calling_enabled": False,
            "friendly_name": made.name,
            "sid": made.sid,
            "secure": False,
            "sip_registration": True,
            "subresource_uris": {
                "credential_list_mappings": f"{path}/CredentialListMappings.json",
                "ip_access_control_list_mappings": f"{path}/IpAccessControlListMappings.json",
            },
            "uri": f"{path}.json",
            "voice_fallback_method": "POST",
            "voice_fallback_url": made.fallback_url or "",
            "voice_method": "POST",
            "voice_status_callback_method": "POST",
            "voice_status_callback_url": made.status_callback or "",
            "voice_url": made.voice_url,
        }


def may_see_numbers(account: Account) -> None:
    """Refuse where the credentials may not see what the account's addresses are."""
    if account.hazards.hides_numbers:
        raise Refused(403, _FORBIDDEN, "Authorization error")


def _sender(made: Sender) -> Json:
    return {
        "sid": made.sid,
        "sender_id": made.address,
        "status": "ONLINE",
        "configuration": {"voice_application_sid": made.application_sid},
        "url": f"{SENDERS}/{made.sid}",
    }
