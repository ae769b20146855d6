"""The account's numbers over REST.

https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from twirec.sandbox.paging import KEYS, page
from twirec.sandbox.resources import API_VERSION, Json, rfc2822
from twirec.sandbox.rest_account import may_see_numbers
from twirec.sandbox.state import Account, Number
from twirec.sandbox.web import Answer, Request, json_answer, known_params, not_done, not_found

_URLS = {
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "fallback_url",
    "StatusCallback": "status_callback",
    "VoiceApplicationSid": "application_sid",
    "TrunkSid": "trunk_sid",
}
_METHODS = {"VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod"}


class NumberHandlers:
    """Answers requests about numbers."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def list(self, request: Request) -> Answer:
        """List the account's numbers."""
        params = request.params
        known_params(params, {*KEYS, "PhoneNumber", "FriendlyName"})
        may_see_numbers(self._account)

        def matches(number: Number) -> bool:
            # A number is called as it is written, and a part of it is enough to find it.
            return params.get("PhoneNumber", "") in number.number and (
                params.get("FriendlyName", number.number) == number.number
            )

        numbers = list(self._account.numbers.values())
        to_json = partial(number_json, self._account)
        return json_answer(page(request, "incoming_phone_numbers", numbers, matches, to_json))

    def fetch(self, request: Request, sid: str) -> Answer:
        """Return a number."""
        known_params(request.params, ())
        return json_answer(number_json(self._account, self._find(request, sid)))

    def update(self, request: Request, sid: str) -> Answer:
        """Say where a number points from now on. An application and a trunk exclude each other."""
        form = request.form
        known_params(form, {*_URLS, *_METHODS})
        if any(form.get(name, "POST") != "POST" for name in _METHODS):
            raise not_done("numbers whose URLs are asked by GET")
        number = self._find(request, sid)
        changes = {field: form[name] or None for name, field in _URLS.items() if name in form}
        if "voice_url" in changes:
            changes["voice_url"] = form["VoiceUrl"]
        for field, other in (
            ("application_sid", "trunk_sid"),
            ("trunk_sid", "application_sid"),
        ):
            if changes.get(field):
                changes[other] = None
        changed = replace(number, **changes)  # type: ignore[arg-type]  # each is one of its fields
        self._account.numbers[number.number] = changed
        return json_answer(number_json(self._account, changed))

    def _find(self, request: Request, sid: str) -> Number:
        may_see_numbers(self._account)
        for number in self._account.numbers.values():
            if number.sid == sid:
                return number
        raise not_found(request.path)


def number_json(account: Account, number: Number) -> Json:
    """Return a number's resource."""
    return {
        "account_sid": account.sid,
        "address_requirements": "none",
        "address_sid": None,
        "api_version": API_VERSION,
        "beta": False,
        "bundle_sid": None,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "date_created": rfc2822(number.created),
        "date_updated": rfc2822(number.created),
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": number.number,
        "identity_sid": None,
        "origin": "twilio",
        "phone_number": number.number,
        "sid": number.sid,
        "sms_application_sid": "",
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": "",
        "status": "in-use",
        "status_callback": number.status_callback or "",
        "status_callback_method": "POST",
        "trunk_sid": number.trunk_sid,
        "type": "local",
        "uri": f"/{API_VERSION}/Accounts/{account.sid}/IncomingPhoneNumbers/{number.sid}.json",
        "voice_application_sid": number.application_sid or "",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_fallback_url": number.fallback_url or "",
        "voice_method": "POST",
        "voice_receive_mode": "voice",
        "voice_url": number.voice_url,
    }
