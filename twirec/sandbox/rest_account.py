"""The account itself over REST, to read: status, numbers, defaults.

https://www.twilio.com/docs/iam/api/account,
https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource and
https://www.twilio.com/docs/configurations/recording-account-default-configuration-resource
"""

from __future__ import annotations

from twirec.sandbox.paging import KEYS, page
from twirec.sandbox.resources import API_VERSION, Json, rfc2822
from twirec.sandbox.state import Account, Number
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
                "owner_account_sid": account.sid,
                "friendly_name": "sandbox",
                "status": account.hazards.status,
                "type": "Full",
                "uri": f"{self._path}.json",
            }
        )

    def numbers(self, request: Request) -> Answer:
        """List the account's numbers."""
        known_params(request.params, KEYS)
        numbers = list(self._account.numbers.values())
        return json_answer(
            page(request, "incoming_phone_numbers", numbers, lambda number: True, self._number)
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

    def _number(self, number: Number) -> Json:
        return {
            "account_sid": self._account.sid,
            "api_version": API_VERSION,
            "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
            "date_created": rfc2822(number.created),
            "date_updated": rfc2822(number.created),
            "friendly_name": number.number,
            "phone_number": number.number,
            "sid": number.sid,
            "status_callback": number.status_callback or "",
            "status_callback_method": "POST",
            "trunk_sid": None,
            "uri": f"{self._path}/IncomingPhoneNumbers/{number.sid}.json",
            "voice_application_sid": "",
            "voice_fallback_method": "POST",
            "voice_fallback_url": number.fallback_url or "",
            "voice_method": "POST",
            "voice_url": number.voice_url,
        }
