"""What else is done with the stand-in: addresses that are no numbers, and requests by hand."""

from __future__ import annotations

from collections.abc import Mapping

from twirec.sandbox.callbacks import recording_form
from twirec.sandbox.courier import Courier, Reply
from twirec.sandbox.exchange import Exchange
from twirec.sandbox.recording import Recording
from twirec.sandbox.signing import Signer
from twirec.sandbox.state import Account, Application, Domain, Sender


class OtherAddresses:
    """Addresses of the account that can be called and are no numbers.

    Args:
        account: whose they are.
        exchange: what time it is.
    """

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange

    def domain(
        self,
        name: str,
        *,
        voice_url: str,
        fallback_url: str | None = None,
        status_callback: str | None = None,
    ) -> Domain:
        """Give the account a SIP domain, such as `shop.sip.twilio.com`; it serves calls to it."""
        made = Domain(name, voice_url, fallback_url, status_callback, created=self._exchange.now())
        self._account.domains[name] = made
        return made

    def sender(self, address: str, *, application: Application | None = None) -> Sender:
        """Give the account a WhatsApp sender, `whatsapp:+34…`, and what serves its calls."""
        sid = application.sid if application else None
        made = Sender(address, sid, created=self._exchange.now())
        self._account.senders[address] = made
        return made


class HandSent:
    """Signed requests that are sent by hand, such as a callback that comes late or twice.

    Args:
        account: whose recordings are told of.
        signer: signs them.
        courier: carries them.
    """

    def __init__(self, account: Account, signer: Signer, courier: Courier) -> None:
        self._account = account
        self._signer = signer
        self._courier = courier

    def sign(self, url: str, params: Mapping[str, str]) -> str:
        """Return the `X-Twilio-Signature` of a POST with these form fields."""
        return self._signer.headers(url, params)["X-Twilio-Signature"]

    def post(self, url: str, params: Mapping[str, str]) -> Reply:
        """Post signed form fields to an absolute URL, as Twilio would."""
        return self._courier.send(url, params)

    def post_status(self, recording: Recording, url: str) -> Reply:
        """Post a recording's status callback, as its status is now, to an absolute URL."""
        return self.post(url, recording_form(self._account, recording, recording.status))
