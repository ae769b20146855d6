"""Whether Twilio's requests reach the app, and are believed."""

from __future__ import annotations

from collections.abc import Iterator

from twirec.adapters.own_app import post
from twirec.calls.signature import sign
from twirec.doctor.answers import (
    destination,
    is_redirect,
    leads_to_login,
    refused_by_csrf,
)
from twirec.doctor.results import failed, ok
from twirec.model.inspection import AppAnswer, Check, CheckResult
from twirec.settings import Settings
from twirec.settings.addresses import is_here, reaches_only_here

PING = "/twirec/ping"
"""A route that takes what is signed, and changes nothing."""


def public_url_results(settings: Settings, catalogs: list[str]) -> Iterator[CheckResult]:
    """Post a genuine and a forged request of each account through the public URL.

    Args:
        settings: the public URL, and what signs.
        catalogs: takes what the app says of which catalog it works with.
    """
    if not is_here(settings.api_url) and reaches_only_here(settings.public_url):
        yield failed(
            Check.PUBLIC_URL,
            f"TWIREC_PUBLIC_URL is {settings.public_url}, which Twilio cannot reach: it is only of "
            "this machine or of a private network.",
            "Give it an address that the internet knows, or that of a tunnel, such as ngrok's.",
        )
        return
    url = settings.public_url + PING
    for account, (token, *_) in settings.auth_tokens.items():
        fields = {"AccountSid": account}
        genuine = post(url, fields, sign(url, fields.items(), token))
        forged = post(url, fields, sign(url, fields.items(), f"not {token}")).status
        if genuine.status == 204 and forged == 403:
            catalogs.append(genuine.catalog)
        yield check_answers(url, account, genuine, forged)


def check_answers(url: str, account: str, genuine: AppAnswer, forged: int) -> CheckResult:
    """Judge with what a genuine and a forged request were answered."""
    if genuine.status != 204:
        what, fix = _meaning(genuine)
        answered = f"{url} answered {genuine.status} for {account}"
        return failed(Check.PUBLIC_URL, f"{answered}: {what}", fix)
    if forged != 403:
        return failed(
            Check.PUBLIC_URL,
            f"{url} answered {forged} to a request with a wrong signature, instead of 403.",
            "Something else than the app answers there, or the app does not check signatures.",
        )
    return ok(Check.PUBLIC_URL, f"Signed requests of {account} reach the app; forged ones do not.")


def _meaning(answer: AppAnswer) -> tuple[str, str]:
    """Return what an answer means, and the fix."""
    status = answer.status
    if refused_by_csrf(answer):
        return (
            "the app's CSRF protection refuses what Twilio posts.",
            "Make CSRFProtect before Twirec(app, archive), which exempts its routes from it.",
        )
    if is_redirect(answer):
        return _redirect(answer)
    if status == 403:
        return (
            "the app does not believe a signed request.",
            "Give the app the same TWIREC_PUBLIC_URL and tokens as here, and let the proxy pass "
            "path, query and body on unchanged.",
        )
    if status in {404, 405}:
        return (
            "there is no twirec app.",
            "Let TWIREC_PUBLIC_URL name the app that Twirec() was given, with its path if it has "
            "one, and without that of a view such as /voice; an app of an older version has to be "
            "updated.",
        )
    if status >= 500:
        return "the app or its proxy fails.", "Look into the log of the app and of the proxy."
    if status in {401, 407}:
        return (
            "a password is asked for before the app, which Twilio does not have.",
            "Leave the paths under /twirec/ out of it: the app believes only what is signed.",
        )
    if status < 300:
        return (
            "a page that is not the app's, such as one to sign in at.",
            "Leave the paths under /twirec/ out of it, or let TWIREC_PUBLIC_URL name the app.",
        )
    return (
        "something before the app refuses what Twilio posts.",
        "See the logs of the proxy and of the app: a firewall, a list of allowed hosts, a limit.",
    )


def _redirect(answer: AppAnswer) -> tuple[str, str]:
    there = destination(answer)
    if leads_to_login(answer):
        return (
            f"a redirect to {there}, a page to sign in at, where Twilio does not come through.",
            "Leave the paths under /twirec/ out of it: the app believes only what is signed.",
        )
    what = f"a redirect to {there}, on the way to which what Twilio posts is lost."
    if there.endswith(PING):
        to = there.removesuffix(PING)
        return what, f"Set TWIREC_PUBLIC_URL to {to}, and the URLs in the Twilio console too."
    return what, "Take the redirect away for the paths under /twirec/."
