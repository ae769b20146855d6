"""Whom a call is to be connected with, as the user of the library says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from twirec.calls.numbers import dialled, is_emergency, normalise
from twirec.model.errors import InvalidQuery

MOST_TARGETS = 10
"""https://www.twilio.com/docs/voice/twiml/number: `<Dial>` takes up to ten."""

NUMBER = re.compile(r"\+[0-9]{5,15}")
PHONES = re.compile(r"client:[^\s\x00-\x1f\x7f\ufffd]{1,121}|sip:[^\s\x00-\x1f\x7f\ufffd]+")
ROOMS = re.compile(r"queue:\S.{0,63}|conference:\S.{0,127}")


def check_targets(field: str, given: Sequence[str], country: str) -> tuple[str, ...]:
    """Return whom to connect, numbers in E.164.

    Args:
        field: how an error names it.
        given: numbers in any usual form, `client:NAME`, `sip:ADDRESS`; or alone `queue:NAME` or
            `conference:NAME`.
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: Twilio could not connect them; the message says why.
    """
    if len(given) == 1 and ROOMS.fullmatch(given[0]):
        return tuple(given)
    if any(ROOMS.fullmatch(each) for each in given):
        raise InvalidQuery(f"{field}: give a queue or a conference alone.")
    if len(given) > MOST_TARGETS:
        raise InvalidQuery(f"{field}: give {MOST_TARGETS} at the most; Twilio lets no more ring.")
    return tuple(check_phone(field, each, country) for each in given)


def usable_targets(given: Sequence[str], country: str) -> tuple[str, ...]:
    """Return those that Twilio can connect, where it could not connect all of them together."""
    usable = []
    for each in given:
        with suppress(InvalidQuery):
            usable.append(check_phone("dial", each, country))
    return tuple(usable[:MOST_TARGETS])


def check_phone(field: str, given: str, country: str) -> str:
    """Return an address that Twilio can call, a number in E.164.

    Raises:
        InvalidQuery: it is none.
    """
    address = given.strip()
    if not PHONES.fullmatch(address):
        address = normalise(address, country)
        if not NUMBER.fullmatch(address):
            raise InvalidQuery(f"{field}: give +34911222333, client:NAME or sip:ADDRESS.")
    return address


def check_dialled(given: str, country: str) -> str:
    """Return what Twilio is to dial for an agent: a number in E.164, or a short one such as 112.

    Args:
        given: what the agent dialled, `To` of their call; of a SIP phone an address.
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: it is nothing that Twilio could dial.
    """
    short = re.fullmatch(r"(?:sips?:)?([0-9]{2,6})(?:@.*)?", given.strip(), re.IGNORECASE)
    if short and is_emergency(short[1], country):  # some could be a whole number too
        return short[1]
    number = dialled(given, country)
    if NUMBER.fullmatch(number):
        return number
    return short[1] if short else check_phone("to", given, country)


def check_own_number(given: str, country: str) -> str:
    """Return an own number in E.164.

    Raises:
        InvalidQuery: it is no number.
    """
    number = normalise(given, country)
    if not NUMBER.fullmatch(number):
        raise InvalidQuery("own_number: give a number of yours, such as +34911000111.")
    return number
