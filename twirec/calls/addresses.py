"""Numbers and other addresses: how they are written, compared and shown, and whom to connect."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import unquote

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult
from phonenumbers.shortnumberinfo import is_emergency_number

from twirec.model.errors import InvalidQuery
from twirec.model.vocabulary import NOT_KNOWN, Direction

WITHHELD = "anonymous"
"""Stands for every caller who does not show a number."""

_WORDS = frozenset(
    {"", "anonymous", "blocked", "no caller id", "private", "restricted", "unavailable", "unknown"}
)
_SPELT_ON_A_KEYPAD = frozenset(
    {
        "+266696687",  # ANONYMOUS
        "+2562533",  # BLOCKED
        "+464",  # no caller ID
        "+7378742833",  # RESTRICTED
        "+86282452253",  # UNAVAILABLE
        "+8656696",  # UNKNOWN
    }
)
"""What carriers make of those words, and Twilio passes on as a number.
https://help.twilio.com/articles/223179988-Why-am-I-getting-calls-from-these-strange-numbers-"""

_TYPED = frozenset({"anónimo", "anonimo", "desconocido", "hidden", "oculto", "privado", "withheld"})

_NOT_KNOWN = frozenset(
    {NOT_KNOWN}
    | {f"{number}not known" for number in ("", "number ")}
    | {f"{number}no conocido" for number in ("", "número ", "numero ")}
)
"""How people ask for the calls of which nobody knows the number; see `spoken.NOT_KNOWN`."""

_BETWEEN_DIGITS = re.compile(r"[\s./()\-]+")


def is_country(code: str) -> bool:
    """Whether numbers can be read as those of this country (ISO 3166, two capitals)."""
    return code in phonenumbers.SUPPORTED_REGIONS


def normalise(text: str, country: str) -> str:
    """Return a number in E.164, `WITHHELD`, or what is neither (`client:…`) without its edges.

    Of a SIP address it is who is reached, however they are reached: in small letters, without
    parameters, headers and port (RFC 3261, section 19.1.1).

    Args:
        text: what Twilio sent as `From` or `To`, or what a person typed.
        country: ISO 3166 code of the country whose numbers come without a prefix.
    """
    text = text.strip()
    if _is_withheld(text):
        return WITHHELD
    if sip := re.match(r"(sips?:[^;?]*?)(:[0-9]+)?([;?]|$)", text, re.IGNORECASE):
        return sip[1].lower()
    return _e164(text, country) or text


def dialled(address: str, country: str) -> str:
    """Return what an agent dialled, as in `normalise`: of a SIP phone the number in the address.

    Args:
        address: `To` of the agent's call: a number, or `sip:600111222@example.sip.twilio.com`
            (RFC 3261, section 19.1.1).
        country: ISO 3166 code of the country whose numbers come without a prefix.
    """
    scheme, _, rest = address.strip().partition(":")
    user = unquote(rest.partition("@")[0].partition(";")[0])
    if scheme.lower() in {"sip", "sips"} and (number := _e164(user, country)):
        return number
    return normalise(address, country)


def is_emergency(digits: str, country: str) -> bool:
    """Whether somebody who dials these digits in a country (ISO 3166 code) calls for help."""
    return bool(is_emergency_number(digits, country))


def outside(address: str, country: str) -> str:
    """Return an outside party's number, as in `normalise`: of a telephone behind SIP its number.

    Args:
        address: what Twilio sent. A SIP address is that of a telephone if it says so
            (`;user=phone`), or if its user is a number in E.164 (RFC 3261, section 19.1.6).
        country: ISO 3166 code of the country whose numbers come without a prefix.
    """
    telephone = re.match(r"sips?:(\+|.*;user=phone)", address.strip(), re.IGNORECASE)
    return dialled(address, country) if telephone else normalise(address, country)


def sides(direction: str, from_: str, to: str) -> tuple[Direction, str, str]:
    """Return which way a call goes, and its outside and own address, as Twilio wrote them.

    https://www.twilio.com/docs/voice/api/call-resource#call-properties: `direction`
    """
    out = direction.startswith("outbound") or direction == "trunking-terminating"
    return (Direction.OUT, to, from_) if out else (Direction.IN, from_, to)


def search_term(text: str, country: str) -> str:
    """Return what to look for: E.164, three to six last digits, `WITHHELD` or `NOT_KNOWN`.

    Args:
        text: a number in any usual form, its last digits, or words such as `oculto` (they hid it)
            and `no conocido` (nobody knows it).
        country: ISO 3166 code of the country whose numbers come without a prefix.

    Raises:
        InvalidQuery: it is none of these.
    """
    text = text.strip()
    if text.casefold() in _TYPED or (text and _is_withheld(text)):
        return WITHHELD
    if text.casefold() in _NOT_KNOWN:
        return NOT_KNOWN
    digits = _BETWEEN_DIGITS.sub("", text)
    if re.fullmatch("[0-9]{3,6}", digits):
        return digits
    number = _e164(text, country)
    if number is None:
        raise InvalidQuery(
            "number: give a whole number (600 11 12 22, +34600111222), its last 3 to 6 digits, "
            f"'{WITHHELD}' for callers who hid theirs, or 'not known' for those that nobody knows."
        )
    return number


def _is_withheld(text: str) -> bool:
    # RFC 3323 names the SIP address of those who hide: anonymous@anonymous.invalid.
    folded = text.casefold()
    return folded in _WORDS or text in _SPELT_ON_A_KEYPAD or folded.endswith("@anonymous.invalid")


def _e164(text: str, country: str) -> str | None:
    if re.search(r"[^\W\d_]", text):
        # The parser would dial letters: client:600flores is not a number.
        return None
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != ValidationResult.IS_POSSIBLE:
        return None
    if number.extension:  # or a second number: E.164 has no room for it
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


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
