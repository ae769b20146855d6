"""Whether Twilio lets the account dial more than the company's own rules, or less.

Twilio's permissions are a wall behind ours: they hold for whatever else uses the account, too
(https://www.twilio.com/docs/voice/api/dialing-permissions-resources).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.calls.dialling import DialRules
from twirec.doctor.results import failed, ok, unknown, warning
from twirec.model.errors import NotAtVendor, VendorRefused
from twirec.model.inspection import Check, CheckResult, DialPermission

MOST_NAMED = 12
WHERE = "Twilio console, Voice, Settings, Geo permissions"


def dialling_results(twilio: TwilioInspector, sid: str, rules: DialRules) -> Iterator[CheckResult]:
    """Compare what Twilio lets an account dial with the rules."""
    if not twilio.has_voice_settings:
        yield unknown(
            Check.GEO_PERMISSIONS,
            f"Which countries {sid} may dial, Twilio says only in the region us1; see {WHERE}.",
        )
        return
    try:
        allowed = twilio.dial_permissions(sid)
    except (VendorRefused, NotAtVendor) as error:
        yield unknown(
            Check.GEO_PERMISSIONS, f"Twilio does not say which countries {sid} may dial: {error}."
        )
        return
    yield from check_dialling(sid, allowed, rules)


def check_dialling(
    sid: str, allowed: Sequence[DialPermission], rules: DialRules
) -> Iterator[CheckResult]:
    """Judge what Twilio lets an account dial.

    Args:
        sid: the account.
        allowed: its permissions, a country each.
        rules: the company's own.
    """
    ours = rules.countries | {rules.country}
    theirs = {each.country for each in allowed if each.ordinary}
    risky = {each.country for each in allowed if each.special or each.fraud}
    if allowed and rules.country not in theirs:
        yield failed(
            Check.GEO_PERMISSIONS,
            f"Twilio does not let {sid} dial {rules.country}, the company's own country.",
            f"Allow it: {WHERE}.",
        )
    if risky:
        yield warning(
            Check.GEO_PERMISSIONS,
            f"Twilio lets {sid} dial premium and high-risk numbers of {_named(risky)}.",
            f"Switch high-risk numbers off: {WHERE}.",
        )
    if more := theirs - ours:
        yield warning(
            Check.GEO_PERMISSIONS,
            f"Twilio lets {sid} dial {_named(more)}, which TWIREC_DIAL_COUNTRIES does not name.",
            f"Switch off what nobody calls: {WHERE}; or name it there.",
        )
    if not allowed:
        yield unknown(Check.GEO_PERMISSIONS, f"Twilio names no country for {sid}.")
    elif rules.country in theirs and not risky and not more:
        less = ours - theirs
        but = f" It does not let it dial {_named(less)}, which they name." if less else ""
        yield ok(
            Check.GEO_PERMISSIONS,
            f"Twilio lets {sid} dial no country that the settings do not name.{but}",
        )


def _named(countries: Collection[str]) -> str:
    named = ", ".join(sorted(countries)[:MOST_NAMED])
    rest = len(countries) - MOST_NAMED
    return f"{named} and {rest} more" if rest > 0 else named
