"""Whether Twilio's requests reach the app, and are believed."""

from __future__ import annotations

from collections.abc import Iterator

from twirec.adapters.own_app import post_signed
from twirec.calls.signature import sign
from twirec.doctor.findings import failed, ok
from twirec.model.inspection import Check, Finding
from twirec.settings import Settings

PING = "/twirec/ping"
"""A route that takes what is signed, and changes nothing."""


def public_url_findings(settings: Settings) -> Iterator[Finding]:
    """Post a genuine and a forged request of each account through the public URL."""
    url = settings.public_url + PING
    for account, (token, *_) in settings.auth_tokens.items():
        fields = {"AccountSid": account}
        genuine = post_signed(url, fields, sign(url, fields.items(), token))
        forged = post_signed(url, fields, sign(url, fields.items(), f"not {token}"))
        yield check_answers(url, account, genuine, forged)


def check_answers(url: str, account: str, genuine: int, forged: int) -> Finding:
    """Judge the statuses with which a genuine and a forged request were answered."""
    if genuine != 204:
        what, fix = _meaning(genuine)
        return failed(Check.PUBLIC_URL, f"{url} answered {genuine} for {account}: {what}", fix)
    if forged != 403:
        return failed(
            Check.PUBLIC_URL,
            f"{url} answered {forged} to a request with a wrong signature, instead of 403.",
            "Something else than the app answers there, or the app does not check signatures.",
        )
    return ok(Check.PUBLIC_URL, f"Signed requests of {account} reach the app; forged ones do not.")


def _meaning(status: int) -> tuple[str, str]:
    """Return what a status means, and the fix."""
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
            "one; an app of an older version has to be updated.",
        )
    if 300 <= status < 400:
        return (
            "a redirect, which loses what Twilio posts.",
            "Give TWIREC_PUBLIC_URL the address that it leads to.",
        )
    if status >= 500:
        return "the app or its proxy fails.", "Look into the log of the app and of the proxy."
    return "not what the app answers.", "See which proxy or login page stands before the app."
