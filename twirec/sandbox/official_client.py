"""The official library's client, with all that it sends to Twilio sent to the sandbox."""

from __future__ import annotations

import re
from typing import Any


def official_client(url: str, user: str, password: str, account_sid: str) -> Any:
    """Return a `twilio.rest.Client`; the library has to be installed, and is loaded only here.

    Args:
        url: the sandbox's address, without a slash at the end.
        user, password: the account's SID and auth token, or an API key and its secret.
        account_sid: the account, `AC…`.
    """
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    class ToSandbox(TwilioHttpClient):  # type: ignore[misc]  # twilio carries no types
        """Sends to the sandbox what is meant for any host of Twilio's."""

        def request(self, method: str, address: str, *args: Any, **kwargs: Any) -> Any:
            here = re.sub(r"^https://[\w.-]+\.twilio\.com", url, address)
            return super().request(method, here, *args, **kwargs)

    return Client(user, password, account_sid, http_client=ToSandbox(timeout=120))
