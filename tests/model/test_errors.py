from __future__ import annotations

import inspect

from twirec.model import errors
from twirec.model.errors import (
    SettingsError,
    TwirecError,
    VendorBusy,
)

ALL = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, Exception) and error.__module__ == errors.__name__
]


def test_every_error_hangs_on_the_root() -> None:
    for error in ALL:
        assert error is SettingsError or issubclass(error, TwirecError), error
        assert error.__doc__, error


def test_wrong_settings_stand_outside_so_that_no_retry_swallows_them() -> None:
    assert not issubclass(SettingsError, TwirecError)


def test_a_vendor_error_carries_the_status_and_the_vendors_code() -> None:
    error = VendorBusy("Twilio is busy.", status=429, code=20429, retry_after=2.0)
    assert str(error) == "Twilio is busy. (HTTP 429, Twilio error 20429)"
    assert (error.status, error.code, error.retry_after) == (429, 20429, 2.0)
