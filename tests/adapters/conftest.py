from collections.abc import Iterator

import pytest
import responses

from tests.adapters.twilio_wire import ACCOUNT, SUBACCOUNT
from twirec.adapters.twilio import Credentials, TwilioClients, TwilioVendor


@pytest.fixture
def waits() -> list[float]:
    """The seconds that were waited."""
    return []


@pytest.fixture
def vendor(waits: list[float]) -> TwilioVendor:
    """Twilio for an account and its subaccount."""
    credentials = {ACCOUNT: Credentials("SK1", "secret"), SUBACCOUNT: Credentials("SK2", "other")}
    return TwilioVendor(TwilioClients(credentials, sleep=waits.append))


@pytest.fixture
def twilio() -> Iterator[responses.RequestsMock]:
    """Twilio's side of the wire; every answer that was prepared must be asked for."""
    with responses.RequestsMock() as mock:
        yield mock
