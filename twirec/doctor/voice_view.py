"""Whether the app's own views, which the numbers point at, take Twilio's requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from functools import partial

from twirec.adapters.own_app import post
from twirec.calls.forms import PROBE
from twirec.calls.ledger import why_not_connected
from twirec.calls.signature import sign
from twirec.catalog import Catalog
from twirec.doctor.answers import (
    destination,
    is_redirect,
    leads_to_login,
    refused_by_csrf,
)
from twirec.doctor.results import failed, guarded, ok, unknown
from twirec.model.inspection import AppAnswer, Check, CheckResult
from twirec.model.records import Call
from twirec.model.search import Query
from twirec.model.vocabulary import Direction
from twirec.settings import Settings

ABOVE_DEF = "Put @recordings.signed directly above def, below @app.post(…)"

LONGEST_PROBLEM = 300
"""Characters of what the app says that are shown."""

LAST_CALLS = 100
"""How many calls in are looked at, the newest first."""


def view_results(settings: Settings, urls: Sequence[str]) -> Iterator[CheckResult]:
    """Try each view.

    Args:
        settings: whose token signs.
        urls: the voice URLs below the public URL.
    """
    bare = list(dict.fromkeys(url.partition("#")[0] for url in urls))
    if not bare:
        yield unknown(
            Check.VIEW,
            "No number is known to point at a view of this app; name one: "
            "twirec doctor --voice /voice",
        )
    for url in bare:
        yield from guarded(Check.VIEW, partial(_view, settings, url))


def _view(settings: Settings, url: str) -> Iterator[CheckResult]:
    account = settings.account_sid
    fields = {"AccountSid": account, PROBE: "doctor"}
    believed = post(url, fields, sign(url, fields.items(), settings.auth_tokens[account][0]))
    if believed.status == 204 or believed.status >= 500:
        # Only these are asked again: a view that checks nothing runs each time.
        yield check_view(url, believed, post(url, fields, None))
    else:
        yield check_view(url, believed)


def check_view(url: str, believed: AppAnswer, unsigned: AppAnswer | None = None) -> CheckResult:
    """Judge what a view answered.

    Args:
        url: its address.
        believed: to the doctor's test request, signed as Twilio signs.
        unsigned: to the same without a signature, where that was asked.
    """
    if believed.status == 204 and unsigned and unsigned.status == 403:
        return ok(Check.VIEW, f"{url} takes what Twilio signs, and refuses what is not signed.")
    what, fix = _meaning(believed, unsigned)
    return failed(Check.VIEW, f"{url} {what}", fix)


def _meaning(believed: AppAnswer, unsigned: AppAnswer | None) -> tuple[str, str]:
    """Return what is wrong, and the fix."""
    status = believed.status
    if status == 422 and (problem := _problem(believed.text)):
        return f"cannot connect whom it names: {problem}", "Correct what its answer() is given."
    if refused_by_csrf(believed):
        return (
            f"answered {status}: the app's CSRF protection refuses what Twilio posts.",
            "Put @csrf.exempt above @recordings.signed: its signature protects this view.",
        )
    if is_redirect(believed):
        return _redirect(believed)
    if status == 204 and unsigned:
        return (
            f"answered {unsigned.status} to a request without a signature, instead of 403.",
            f"{ABOVE_DEF}, and let nothing before the view answer in its stead.",
        )
    if status < 300:
        return _page(status, believed.text)
    if status in _REFUSED:
        return _REFUSED[status]
    if status >= 500 and unsigned and unsigned.status != 403:
        return (
            f"answered {status} to a signed request and {unsigned.status} to one without a "
            "signature, where @recordings.signed answers 204 and 403: it is missing, or does not "
            "stand directly above def.",
            f"{ABOVE_DEF}; if it is there, see the app's log for what fails before it.",
        )
    if status >= 500:
        return (
            f"answered {status}: the app fails, or its proxy.",
            "See the logs of the app and of the proxy.",
        )
    return (
        f"answered {status}: something before the view refuses what Twilio posts.",
        "See the logs of the app and of the proxy, and let requests to this path through.",
    )


_REFUSED = {
    401: (
        "answered 401: a password is asked for before the view, which Twilio does not have.",
        "Leave this path out of it: @recordings.signed protects the view.",
    ),
    403: (
        "answered 403 to a request that is signed as Twilio signs.",
        "Let the proxy pass this path and its query on unchanged, and let no firewall or login "
        "refuse it; the app's log says whether it was @recordings.signed.",
    ),
    404: (
        "answered 404: the app has no view at this path.",
        "Correct the voice URL in the Twilio console, or the path in @app.post(…).",
    ),
    405: (
        "answered 405: the view does not take POST.",
        'Write @app.post("…") above it instead of @app.get or @app.route, which take GET.',
    ),
}
"""What a status of the app means, and the fix."""


def _redirect(answer: AppAnswer) -> tuple[str, str]:
    there = destination(answer)
    what = f"answered {answer.status}: a redirect to {there}"
    if leads_to_login(answer):
        return (
            f"{what}, a page to sign in at, where Twilio does not come through.",
            "Leave this path out of the login: @recordings.signed protects the view.",
        )
    return (
        f"{what}, on the way to which what Twilio posts is lost.",
        f"Set the voice URL in the Twilio console to {there}, or take the redirect away.",
    )


def _page(status: int, text: str) -> tuple[str, str]:
    if "<Response" in text:
        return (
            f"answered {status} with TwiML to a test request: it does not check who asks, so "
            "@recordings.signed is missing, or does not stand directly above def.",
            f"{ABOVE_DEF}.",
        )
    return (
        f"answered {status} with a page, such as one to sign in at, and not the view.",
        "Leave this path out of the login or whatever answers there: @recordings.signed protects "
        "the view.",
    )


def _problem(text: str) -> str:
    """Return what the app says is wrong with a view; empty if that is not what it says."""
    with suppress(ValueError):
        said = json.loads(text)
        problem = said.get("problem") if isinstance(said, dict) else None
        if isinstance(problem, str) and problem.isprintable():
            return problem[:LONGEST_PROBLEM]
    return ""


def call_results(settings: Settings) -> Iterator[CheckResult]:
    """Look whether the app could connect the last call to each own number."""
    with closing(Catalog(settings.database_url)) as catalog:
        records = catalog.search.page(Query(direction=Direction.IN, limit=LAST_CALLS))
    last: dict[str, Call] = {}
    for record in records:
        last.setdefault(record.call.own_number, record.call)
    for number, call in last.items():
        if why := why_not_connected(call):
            when = call.started_at.astimezone(settings.timezone)
            yield failed(
                Check.VIEW,
                f"The last call to {number}, on {when:%Y-%m-%d at %H:%M}, could not be connected "
                f"by the app: {why}",
                "Correct what answer() is given in the view of that number.",
            )
