"""Where agents may dial to: countries, kinds of numbers, hosts of SIP addresses.

Whoever can make a company's phones dial can make them dial what they are paid for
(https://www.twilio.com/docs/usage/anti-fraud-developer-guide): so only what a company ordinarily
calls is dialled, and the rest is for its settings to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twirec.calls.address import COUNTRIES, NO_COUNTRY, Kind, Rate, rate_of, safe_host
from twirec.calls.targets import target_of

EU = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
        *("IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    }
)
"""The countries of the European Union, ISO 3166 (https://european-union.europa.eu/)."""

EVERYWHERE = COUNTRIES
"""All countries that have numbers."""

KINDS: Mapping[Rate, str] = {
    Rate.PREMIUM: "premium-rate numbers are not dialled",
    Rate.SHARED_COST: "numbers at shared cost are not dialled",
    Rate.PERSONAL: "personal numbers, which lead anywhere, are not dialled",
    Rate.PAGER: "pagers are not dialled",
    Rate.UNKNOWN: "numbers of which nobody knows the kind are not dialled",
}
"""The kinds of numbers that are not dialled, and how that is said."""

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

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts of SIP addresses that are the company's."""
        return frozenset(each[1:] for each in self.also if each.startswith("@"))


def why_not_dialled(target: str, rules: DialRules, *, agent: str = "", own: bool = False) -> str:
    """Return why an agent may not dial somebody; empty if they may.

    Args:
        target: E.164, be it with an extension, a short number, `client:NAME` or `sip:ADDRESS`.
        rules: of the company.
        agent: who dials; a SIP phone may dial others of its own host.
        own: whether it is a number of the company's.
    """
    if own:
        return OWN
    kind, value = target_of(target).kind, target_of(target).value
    if kind is Kind.CLIENT:  # of the same account: it costs nothing, and is nobody else's
        return ""
    if kind is Kind.SIP:
        host = safe_host(target)
        ours = rules.hosts | {safe_host(agent)}
        return "" if host and host in ours else FOREIGN_HOST
    if not value.startswith("+"):
        return "" if value in rules.also else SHORT
    if any(value.startswith(each) for each in rules.also if each.startswith("+")):
        return ""
    return _why_not_number(value, rules)


def _why_not_number(target: str, rules: DialRules) -> str:
    rate, region = rate_of(target)
    if region == NO_COUNTRY:  # but +800, which is free everywhere
        return "" if rate is Rate.FREE else SATELLITE
    if rate in KINDS:
        return f"to: {KINDS[rate]}"
    if region != rules.country and region not in rules.countries:
        return f"to: numbers of {region} are not dialled"
    return ""
