"""Whether what can be called of the accounts is pointed at this app."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.calls.address import Kind, read
from twirec.calls.ownership import is_below
from twirec.doctor.results import failed, ok, unknown, warning
from twirec.model.errors import NotAtVendor, VendorRefused
from twirec.model.inspection import Check, CheckResult, OwnAddress
from twirec.settings.addresses import is_here

ENDED = "/twirec/ended"

RETRIES = {"rc": ["5"], "rp": ["all"]}
"""How often Twilio is to try again, in the fragment of a URL; without it, hardly ever
(https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)."""

MOST_NAMED = 10
"""How many addresses one line names."""

MAKE_FALLBACK = (
    "Make a TwiML Bin of what `twirec fallback --dial NUMBER` prints, and set 'Primary handler "
    "fails' to it."
)

OWN_FALLBACK = (
    "Give a TwiML Bin of what `twirec fallback --dial NUMBER` prints; for own phones, which dial "
    "anybody, the URL of a view with dial_out(…, fallback=True)."
)


def number_results(
    twilio: TwilioInspector, public_url: str, called: list[OwnAddress]
) -> Iterator[CheckResult]:
    """Check numbers, SIP domains, WhatsApp senders and TwiML applications of all accounts.

    Args:
        twilio: where they are.
        public_url: of the app.
        called: takes what was found, with where it points.
    """
    addresses: list[OwnAddress] = []
    applications: list[OwnAddress] = []
    for sid in twilio.accounts:
        addresses += twilio.numbers(sid)
        for kind, look, into in (
            ("TwiML applications", twilio.applications, applications),
            ("SIP domains", twilio.domains, addresses),
            ("WhatsApp senders", twilio.senders, addresses),
        ):
            yield from _listed(kind, sid, look, into)
    called += served(addresses, applications)
    yield from check_numbers(called, public_url)


def _listed(
    kind: str, sid: str, look: Callable[[str], list[OwnAddress]], into: list[OwnAddress]
) -> Iterator[CheckResult]:
    try:
        into += look(sid)
    except (VendorRefused, NotAtVendor) as error:
        yield unknown(Check.NUMBERS, f"The {kind} of {sid} may not be listed: {error}.")


def served(addresses: Sequence[OwnAddress], applications: Sequence[OwnAddress]) -> list[OwnAddress]:
    """Return addresses with the URLs of the TwiML applications that serve them in their stead.

    An application that serves none of them, as for clients, is an address of its own.
    """
    by_sid = {one.address: one for one in applications}
    called = []
    for one in addresses:
        application = by_sid.get(one.served_by or "")
        called.append(replace(application, address=one.address) if application else one)
    serving = {one.served_by for one in addresses}
    return [*called, *(one for one in applications if one.address not in serving)]


def check_numbers(addresses: Sequence[OwnAddress], public_url: str) -> Iterator[CheckResult]:
    """Check what can be called.

    Source: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
    """
    ours = [one for one in addresses if is_ours(one, public_url)]
    elsewhere = [one for one in addresses if one.served_by]
    others = [
        one
        for one in addresses
        if one not in ours and one not in elsewhere and not one.address.startswith("AP")
    ]
    if not ours and not elsewhere:
        yield failed(
            Check.NUMBERS,
            "Nothing points at this app, neither a number nor a SIP domain or TwiML application: "
            "no call in is recorded.",
            f"Set the voice URL of your numbers to a route of the app below {public_url}, by POST.",
        )
    for one in ours:
        yield from check_number(one, public_url)
    if elsewhere:
        yield warning(
            Check.NUMBERS,
            f"Served by a trunk, or by another account's TwiML application: {_named(elsewhere)}.",
            "See in the Twilio console where that application points; a trunk points at no app.",
        )
    if others:
        yield warning(
            Check.NUMBERS,
            f"Not recorded by this app: {_named(others)}.",
            "If they are to be recorded, set their voice URL to a route of the app.",
        )


def check_number(one: OwnAddress, public_url: str) -> Iterator[CheckResult]:
    """Check an address whose voice URL is that of this app."""
    if wrong := _calls_fail(one, public_url):
        yield failed(Check.NUMBERS, f"{one.address}: {wrong}", "Set it in the Twilio console.")
        return
    problems = [
        warning(Check.NUMBERS, f"{one.address}: {what}", fix)
        for what, fix in filter(None, (_told_late(one, public_url), _cut_off(one, public_url)))
    ]
    yield from problems
    if not problems:
        yield ok(Check.NUMBERS, f"{one.address} points at this app.")


def _calls_fail(one: OwnAddress, public_url: str) -> str:
    """Return why calls to the address fail; empty if they do not."""
    if urlsplit(one.voice_url).scheme != urlsplit(public_url).scheme:
        return f"the voice URL does not begin with {public_url}, as its requests are signed."
    if one.voice_method != "POST":
        return f"the voice URL is asked by {one.voice_method or 'no method'} instead of POST."
    return ""


def _told_late(one: OwnAddress, public_url: str) -> tuple[str, str] | None:
    """Return what is told late or not at all, and the fix."""
    url, _, fragment = one.status_callback.partition("#")
    wanted = f"{public_url}{ENDED}#rc=5&rp=all"
    if url != f"{public_url}{ENDED}" or one.status_method != "POST":
        what = (
            "the end of a call is not told to this app: only the sweep closes the lines of callers "
        )
        what += "who hang up early."
        return what, f"Set 'Call status changes' to {wanted} by POST."
    if any(parse_qs(fragment).get(name) != value for name, value in RETRIES.items()):
        return (
            "Twilio tells the end of a call again only where it could not connect.",
            f"Set 'Call status changes' to {wanted}.",
        )
    return None


def _cut_off(one: OwnAddress, public_url: str) -> tuple[str, str] | None:
    """Return what becomes of a call while the app fails or is down, and the fix."""
    if one.fallback_method != "POST" and is_below(one.fallback_url, public_url):
        by = one.fallback_method or "no method"
        return f"the fallback URL is asked by {by}, which the app does not take.", MAKE_FALLBACK
    if one.fallback_url and one.fallback_url.partition("#")[0] == one.voice_url.partition("#")[0]:
        return "the fallback URL is the voice URL itself, which announces again.", OWN_FALLBACK
    if read(one.address).kind not in {
        Kind.NUMBER,
        Kind.WHATSAPP,
    }:  # own phones dial out by it, to anybody
        return None
    if not one.fallback_url:
        return "a call is cut off when the app fails.", MAKE_FALLBACK
    if not _same_host(one.fallback_url, public_url):
        return None
    return (
        "the fallback URL is on the app's own host, so a call is cut off when that is down.",
        MAKE_FALLBACK,
    )


def _same_host(url: str, public_url: str) -> bool:
    there, here = urlsplit(url), urlsplit(public_url)
    if is_here(public_url):  # in the sandbox all is on one machine
        return there.netloc == here.netloc
    return there.hostname == here.hostname


def is_ours(one: OwnAddress, public_url: str) -> bool:
    """Whether the voice URL is below the public one, be it over http."""
    return not one.served_by and is_below(one.voice_url, public_url)


def _named(addresses: Sequence[OwnAddress]) -> str:
    named = ", ".join(one.address for one in addresses[:MOST_NAMED])
    rest = len(addresses) - MOST_NAMED
    return f"{named} and {rest} more" if rest > 0 else named
