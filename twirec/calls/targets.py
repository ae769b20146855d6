"""Whom to connect: what Twilio can dial, in the form in which a line has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from twirec.calls.address import CLIENTS, Kind, is_emergency, key_of, read
from twirec.model.errors import InvalidQuery

SPEAKABLE = re.compile(r"[^\s\x00-\x1f\x7f\ufffd]+")
LONGEST_NAME = 121

HALF_SECONDS = "wwww"
"""What Twilio waits for one comma: `w` is half a second.
https://www.twilio.com/docs/voice/api/call-resource#create-a-call: `SendDigits`"""

MOST_TARGETS = 10
"""https://www.twilio.com/docs/voice/twiml/number: `<Dial>` takes up to ten."""

ROOMS = re.compile(r"queue:\S.{0,63}|conference:\S.{0,127}")


@dataclass(frozen=True, slots=True)
class Target:
    """Whom Twilio is to connect.

    Attributes:
        kind: `NUMBER` (a short one too), `CLIENT` or `SIP`.
        value: what the noun holds: the number, the client's name, or the SIP address.
        send_digits: what is pressed once it answered, as Twilio takes it; empty for nothing.
    """

    kind: Kind
    value: str
    send_digits: str = ""

    @property
    def address(self) -> str:
        """Whom the API calls. https://www.twilio.com/docs/voice/api/call-resource: `To`."""
        return client(self.value) if self.kind is Kind.CLIENT else self.value


def target_of(text: str) -> Target:
    """Return what a call's `dial` names, as `check_phone` wrote it."""
    address = read(text)
    if address.kind is Kind.CLIENT:
        return Target(Kind.CLIENT, address.key.removeprefix(CLIENTS))
    if address.kind is Kind.SIP or address.has_scheme:
        return Target(Kind.SIP, text)
    number = address.number or text
    return Target(Kind.NUMBER, number, address.press.replace(",", HALF_SECONDS))


def client(name: str) -> str:
    """Return the address of a client."""
    return f"{CLIENTS}{name}"


def check_targets(field: str, given: Sequence[str], country: str) -> tuple[str, ...]:
    """Return whom to connect, numbers in E.164.

    Args:
        field: how an error names it.
        given: numbers in any usual form, also with an extension, `client:NAME`, `sip:ADDRESS`; or
            alone `queue:NAME` or `conference:NAME`.
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
    """Return an address that Twilio can call: a number in E.164, with what is pressed after it.

    A client or a SIP address stays as it is given, with its parameters.

    Raises:
        InvalidQuery: it is none.
    """
    address = read(given, country)
    written = address.written
    match address.kind:
        case Kind.NUMBER:
            return f"{address.number}{address.press}"
        case Kind.CLIENT if len(address.key) <= len(CLIENTS) + LONGEST_NAME:
            if SPEAKABLE.fullmatch(address.key):
                return address.key
        case Kind.SIP if address.has_scheme and SPEAKABLE.fullmatch(written):
            return written
    raise InvalidQuery(f"{field}: give +34911222333, client:NAME or sip:ADDRESS.")


def check_dialled(given: str, country: str) -> str:
    """Return what Twilio is to dial for an agent: a number in E.164, or a short one such as 112.

    Args:
        given: what the agent dialled, `To` of their call; of a SIP phone an address.
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: it is nothing that Twilio could dial.
    """
    address = read(given, country)
    if address.short and (not address.number or is_emergency(address.short, country)):
        return address.short
    if address.number and address.kind is not Kind.WHATSAPP:
        return f"{address.number}{address.press}"
    return check_phone("to", given, country)


def check_own_number(given: str, country: str, *, field: str = "own_number") -> str:
    """Return an own number in E.164, however it is reached.

    Raises:
        InvalidQuery: it is no number.
    """
    number = read(given, country).number
    if not number:
        raise InvalidQuery(f"{field}: give a number of yours, such as +34911000111.")
    return number


def check_own_address(given: str, country: str) -> str:
    """Return an own number or address as the policy has it, however it is reached.

    Raises:
        InvalidQuery: it is none.
    """
    address = read(given, country)
    if address.kind in {Kind.NUMBER, Kind.WHATSAPP}:
        return address.number
    return key_of(check_phone("number", given, country), country)
