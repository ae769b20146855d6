"""Whether the numbers of the accounts are pointed at this app."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, urlsplit

from twirec.adapters.twilio_inspect import TwilioInspector
from twirec.doctor.findings import failed, ok, warning
from twirec.model.inspection import Check, Finding, OwnNumber

ENDED = "/twirec/ended"

RETRIES = {"rc": ["5"], "rp": ["all"]}
"""How often Twilio is to try again, in the fragment of a URL; without it, hardly ever
(https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides)."""

MOST_NAMED = 10
"""How many numbers one line names."""


def number_findings(
    twilio: TwilioInspector, public_url: str, voice_urls: list[str]
) -> Iterator[Finding]:
    """Check the numbers of all accounts.

    Args:
        twilio: where they are.
        public_url: of the app.
        voice_urls: takes the voice URLs of those that point at this app.
    """
    numbers = [number for sid in twilio.accounts for number in twilio.numbers(sid)]
    spoken = [number for number in numbers if number.has_voice]
    voice_urls += [number.voice_url for number in spoken if _is_ours(number, public_url)]
    yield from check_numbers(spoken, public_url)


def check_numbers(numbers: Sequence[OwnNumber], public_url: str) -> Iterator[Finding]:
    """Check numbers that can be called.

    Source: https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
    """
    ours = [number for number in numbers if _is_ours(number, public_url)]
    served = [number for number in numbers if number.served_by]
    others = [number for number in numbers if number not in ours and number not in served]
    if not ours and not served:
        yield failed(
            Check.NUMBERS,
            "No number points at this app: no call in is recorded.",
            f"Set the voice URL of your numbers to a route of the app below {public_url}, by POST.",
        )
    for number in ours:
        yield check_number(number, public_url)
    if served:
        yield warning(
            Check.NUMBERS,
            f"Served by a TwiML application or a trunk: {_named(served)}.",
            "See in the Twilio console whether that application points at this app; a trunk does "
            "not.",
        )
    if others:
        yield warning(
            Check.NUMBERS,
            f"Not recorded by this app: {_named(others)}.",
            "If they are to be recorded, set their voice URL to a route of the app.",
        )


def check_number(number: OwnNumber, public_url: str) -> Finding:
    """Check a number whose voice URL is that of this app."""
    if wrong := _calls_fail(number, public_url):
        return failed(Check.NUMBERS, f"{number.number}: {wrong}", "Set it in the Twilio console.")
    if missing := _may_be_missed(number, public_url):
        what, fix = missing
        return warning(Check.NUMBERS, f"{number.number}: {what}", fix)
    return ok(Check.NUMBERS, f"{number.number} points at this app.")


def _calls_fail(number: OwnNumber, public_url: str) -> str:
    """Return why calls to the number fail; empty if they do not."""
    if urlsplit(number.voice_url).scheme != urlsplit(public_url).scheme:
        return f"the voice URL does not begin with {public_url}, as its requests are signed."
    if number.voice_method != "POST":
        return f"the voice URL is asked by {number.voice_method or 'no method'} instead of POST."
    return ""


def _may_be_missed(number: OwnNumber, public_url: str) -> tuple[str, str] | None:
    """Return what is told late or not at all, and the fix."""
    url, _, fragment = number.status_callback.partition("#")
    wanted = f"{public_url}{ENDED}#rc=5&rp=all"
    if url != f"{public_url}{ENDED}" or number.status_method != "POST":
        what = "the end of a call is not told to this app, so only the sweep closes its line."
        return what, f"Set 'Call status changes' to {wanted} by POST."
    if not number.fallback_url:
        return "a call is cut off when the app fails.", "Set 'Primary handler fails'."
    if _lacks_retries(fragment):
        return (
            "Twilio tells the end of a call only once.",
            f"Set 'Call status changes' to {wanted}.",
        )
    return None


def _lacks_retries(fragment: str) -> bool:
    given = parse_qs(fragment)
    return any(given.get(name) != value for name, value in RETRIES.items())


def _is_ours(number: OwnNumber, public_url: str) -> bool:
    """Whether the voice URL is below the public one, be it over http."""
    voice, public = urlsplit(number.voice_url), urlsplit(public_url)
    below = f"{voice.path}/".startswith(f"{public.path}/")
    return number.served_by is None and voice.netloc == public.netloc and below


def _named(numbers: Sequence[OwnNumber]) -> str:
    named = ", ".join(number.number for number in numbers[:MOST_NAMED])
    rest = len(numbers) - MOST_NAMED
    return f"{named} and {rest} more" if rest > 0 else named
