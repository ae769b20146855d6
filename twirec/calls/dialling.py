"""Where agents may dial to: countries, kinds of numbers, hosts of SIP addresses.

Whoever can make a company's phones dial can make them dial what they are paid for
(https://www.twilio.com/docs/usage/anti-fraud-developer-guide): so only what a company ordinarily
calls is dialled, and the rest is for its settings to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import phonenumbers
from phonenumbers import PhoneNumberType, shortnumberinfo
from phonenumbers.shortnumberinfo import ShortNumberCost

EU = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
        *("IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)
"""The countries of the European Union, ISO 3166 (https://european-union.europa.eu/)."""

EVERYWHERE = frozenset(phonenumbers.SUPPORTED_REGIONS)
"""All countries that have numbers. Satellites and other networks of no country are in none."""

NO_COUNTRY = "001"
"""What stands for the region of numbers that belong to no country, such as +881 (satellites)."""

KINDS: Mapping[int, str] = {
    PhoneNumberType.PREMIUM_RATE: "premium-rate numbers are not dialled",
    PhoneNumberType.SHARED_COST: "numbers at shared cost are not dialled",
    PhoneNumberType.PERSONAL_NUMBER: "personal numbers, which lead anywhere, are not dialled",
    PhoneNumberType.PAGER: "pagers are not dialled",
    PhoneNumberType.UNKNOWN: "numbers of which nobody knows the kind are not dialled",
}
"""The kinds of numbers that are not dialled, and how that is said."""

CHEAP = frozenset({ShortNumberCost.TOLL_FREE, ShortNumberCost.STANDARD_RATE})

SIP = re.compile(
    r"sips?:[^@]*@([^:;?@]+)(?::[0-9]+)?(?:;(?:transport|user)=[a-z]+)*", re.IGNORECASE
)
"""An address whose host is where the call goes: `maddr`, or a `Route` among its headers, would lead
it elsewhere (RFC 3261, section 19.1.1), and of two `@` nobody knows who takes which."""

NOT_AN_AGENT = "agent: who dials is not in the register of agents"
OWN = "to: it is an own number"
SHORT = "to: short numbers of information services are not dialled"
SATELLITE = "to: satellites and other networks of no country are not dialled"
FOREIGN_HOST = "to: SIP addresses of other hosts are not dialled"


@dataclass(frozen=True, slots=True)
class DialRules:
    """Where a company's phones may dial to.

    Attributes:
        country: the company's own, ISO 3166: numbers of it may always be dialled.
        countries: what else may be dialled, ISO 3166.
        also: what may be dialled whatever its kind and country: beginnings of numbers in E.164,
            short numbers, and hosts of SIP addresses, `@pbx.example.com`.
    """

    country: str
    countries: frozenset[str] = EU
    also: tuple[str, ...] = ()


def for_help(given: str, country: str) -> str:
    """Return the short number that somebody dials who calls for help, or for a public service.

    It is dialled at once, whoever dials it: 112, 091 (police) or 016 (violence against women) in
    Spain; those that cost more than an ordinary call are none of them.

    Args:
        given: what was dialled; of a SIP phone an address. A country's prefix may stand before it.
        country: ISO 3166 code of the country that it is dialled in.

    Returns:
        Two to six digits; empty for anything else.
    """
    code = phonenumbers.country_code_for_region(country)
    pattern = rf"(?:sips?:)?(?:(?:\+|00){code})?([0-9]{{2,6}})(?:@.*)?"
    match = re.fullmatch(pattern, given.strip(), re.IGNORECASE)
    if match is None:
        return ""
    digits = match[1]
    if shortnumberinfo.is_emergency_number(digits, country):
        return digits
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(digits))
    number.raw_input = digits
    if digits.startswith("0"):
        number.italian_leading_zero = True
        number.number_of_leading_zeros = len(digits) - len(digits.lstrip("0"))
    known = shortnumberinfo.is_valid_short_number_for_region(number, country)
    cheap = shortnumberinfo.expected_cost_for_region(number, country) in CHEAP
    return digits if known and cheap and len(digits) == 3 else ""


def why_not_dialled(target: str, rules: DialRules, *, agent: str = "", own: bool = False) -> str:
    """Return why an agent may not dial somebody; empty if they may.

    Args:
        target: E.164, a short number, `client:NAME` or `sip:ADDRESS`.
        rules: of the company.
        agent: who dials; a SIP phone may dial others of its own host.
        own: whether it is a number of the company's.
    """
    if own:
        return OWN
    if target.startswith("client:"):  # of the same account: it costs nothing, and is nobody else's
        return ""
    if target.lower().startswith(("sip:", "sips:")):
        host = _host(target)
        ours = {each[1:] for each in rules.also if each.startswith("@")} | {_host(agent)}
        return "" if host and host in ours else FOREIGN_HOST
    if not target.startswith("+"):
        return "" if target in rules.also else SHORT
    if any(target.startswith(each) for each in rules.also if each.startswith("+")):
        return ""
    return _why_not_number(target, rules)


def _why_not_number(target: str, rules: DialRules) -> str:
    number = phonenumbers.parse(target)
    kind = phonenumbers.number_type(number)
    region = phonenumbers.region_code_for_number(number) or ""
    if region == NO_COUNTRY:  # but +800, which is free everywhere
        return "" if kind == PhoneNumberType.TOLL_FREE else SATELLITE
    if kind in KINDS:
        return f"to: {KINDS[kind]}"
    if region != rules.country and region not in rules.countries:
        return f"to: numbers of {region} are not dialled"
    return ""


def _host(address: str) -> str:
    """Return the host of a SIP address in small letters; empty for what may lead to another."""
    match = SIP.fullmatch(address.strip())
    return match[1].lower() if match else ""
