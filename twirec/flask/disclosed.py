"""What a recipient opens: the page of a link, its code, and the recording that it gives.

These routes are for anybody: link and code are the proof, as for Twilio's the signature is. They
need no cookie, so that there is nothing that another site could make a browser send.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial, wraps
from itertools import chain
from weakref import finalize

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from twirec.archive import Archive
from twirec.flask.disclosed_words import LANGUAGES, WORDS, facts, left_out, moment
from twirec.flask.turns import Rate
from twirec.model.audio_stream import AudioStream
from twirec.model.disclosures import Disclosure, Opening
from twirec.model.errors import (
    CodeWrong,
    CustodyRefused,
    InvalidQuery,
    LinkClosed,
    NotFound,
    TwirecError,
)

log = logging.getLogger("twirec.flask")

LONGEST_FORM = 4 * 1024

LARGEST_PART = 1024 * 1024
"""Bytes of one answer to a player, which asks again for more: one that is paused keeps no thread of
the server waiting."""

ANSWERED = 60
"""Requests a minute from one address: pages, and codes, which are few for each link besides."""

PLAYED = 240
"""The same of pieces of recordings that were opened."""

AT_ONCE = 4
"""Recordings that a process sends at once: Twilio's calls may need the same threads."""

STYLE = """
:root { color-scheme: light dark; --back: #f6f7f9; --fore: #17202b; --card: #fff; --line: #b6bec9;
  --quiet: #51606f; --deed: #0b5cad; --on: #fff; --alarm: #a3201b; }
@media (prefers-color-scheme: dark) {
  :root { --back: #11161c; --fore: #e6ebf1; --card: #1a222b; --line: #48535f; --quiet: #a3b0bd;
    --deed: #7db7f5; --on: #0b1219; --alarm: #ff9d96; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--fore);
  font: 1.05rem/1.5 system-ui, sans-serif; }
main { max-width: 40rem; margin: 1rem auto; padding: 1rem 1.25rem 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.15rem; }
.languages { text-align: right; } .languages > * { margin-left: .75rem; }
.quiet, dt { color: var(--quiet); } dd { margin: 0 0 .6rem; }
a { color: var(--deed); }
audio { width: 100%; }
label { display: block; font-weight: 600; }
input { font: inherit; letter-spacing: .1em; padding: .5rem; max-width: 100%;
  margin: .25rem 0 .5rem; background: var(--back); color: var(--fore);
  border: 1px solid var(--quiet); border-radius: .25rem; }
button, .button { font: inherit; font-weight: 600; padding: .5rem 1.25rem; border: 0;
  border-radius: .25rem; background: var(--deed); color: var(--on); text-decoration: none;
  display: inline-block; cursor: pointer; }
:focus-visible { outline: 3px solid var(--deed); outline-offset: 2px; }
.message { border-left: .3rem solid var(--alarm); padding-left: .75rem; color: var(--alarm); }
"""

_STYLE_HASH = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{_STYLE_HASH}'",
            "media-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""No script runs, nothing comes from elsewhere, and nobody is told or keeps where the link led
(https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html)."""

View = Callable[..., ResponseReturnValue]


def disclosed(archive: Archive) -> Blueprint:
    """Return the routes that recipients open, for `url_prefix="/twirec"`; exempt it from CSRF.

    `Twirec` has them already; this is for an app that serves nothing else of twirec's, so that
    recipients take no thread that Twilio's calls need.

    GET `/disclosed/…` is a page that asks for the code, and counts nothing. POST with the `code`
    opens the link, and leads (303) to a page with the recording, or, for who wants no HTML, to the
    recording itself. 403: another code. 404: the link opens nothing (any more). 429: too many
    requests. 503: it cannot be had just now, which is not counted.

    Args:
        archive: whose recordings are given.
    """
    routes = Blueprint("twirec_disclosed", __name__, template_folder="templates")
    door = _Door(archive)
    often, seldom = Rate(PLAYED), Rate(ANSWERED)
    page, opened = "/disclosed/<secret>", "/disclosed/<link>/<ticket>"
    for rule, name, view, methods, rate in (
        (page, "look", door.look, ["GET"], seldom),
        (page, "open", door.open, ["POST"], seldom),
        (opened, "opened", door.opened, ["GET"], seldom),
        (f"{opened}/audio", "audio", door.audio, ["GET"], often),
        (f"{opened}/file", "file", door.file, ["GET"], often),
    ):
        routes.add_url_rule(rule, name, _answered(view, rate), methods=methods)
    routes.after_request(_with_headers)
    return routes


def _with_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _answered(view: View, rate: Rate) -> View:
    """Turn what is known to go wrong into a page that says no more than anybody may know."""

    @wraps(view)
    def answered(**values: str) -> ResponseReturnValue:
        if not rate.passes(request.remote_addr):
            return _page("busy", 429, {"Retry-After": "60"})
        try:
            return view(**values)
        except (LinkClosed, InvalidQuery, NotFound, CustodyRefused):
            return _page("closed", 404)
        except TwirecError as error:
            log.error("a link could not be opened: %s", type(error).__name__)
            return _page("trouble", 503, {"Retry-After": "60"})

    return answered


def _page(trouble: str, status: int, headers: dict[str, str] | None = None) -> Response:
    said = WORDS[_language()][trouble]
    return Response(_rendered(trouble=said), status, headers)


def _rendered(**more: object) -> str:
    language = _language()
    return render_template(
        "twirec/disclosed.html",
        **{
            "language": language,
            "languages": LANGUAGES.items(),
            "say": WORDS[language],
            "style": STYLE,
            "company": "",
            **more,
        },
    )


def _language() -> str:
    """Return the language that was chosen, or that the browser prefers."""
    chosen = request.args.get("language", "")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(list(LANGUAGES)) or next(iter(LANGUAGES))


class _Door:
    """Answers what recipients ask.

    Args:
        archive: whose recordings are given.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def look(self, secret: str) -> ResponseReturnValue:
        """Ask for the code. Nothing is counted: programs open links that they find in a mail."""
        return self._asking(self._archive.custody.disclosures.look(secret))

    def open(self, secret: str) -> ResponseReturnValue:
        """Open the link if the code is right."""
        request.max_content_length = LONGEST_FORM
        disclosures = self._archive.custody.disclosures
        try:
            opening = disclosures.open(secret, request.form.get("code", ""))
        except CodeWrong as error:
            wrong = WORDS[_language()]["wrong"].format(error.left)
            return self._asking(disclosures.look(secret), wrong), 403
        if "text/html" not in request.headers.get("Accept", ""):  # a program, such as curl
            return redirect(url_for(".audio", link=secret, ticket=opening.ticket), 303)
        page = url_for(".opened", link=secret, ticket=opening.ticket)
        return redirect(f"{page}?language={_language()}", 303)

    def opened(self, link: str, ticket: str) -> ResponseReturnValue:
        """Show what it is, who gave it and why, and what the recipient may do with it."""
        opening = self._archive.custody.disclosures.opened(link, ticket)
        language, settings = _language(), self._archive.settings
        disclosure = opening.disclosure
        return _rendered(
            company=settings.company,
            opening=opening,
            here=url_for(".opened", link=link, ticket=ticket),
            size=f"{max(opening.size / 1e6, 0.1):.1f} MB",
            moment=self._moment(language),
            facts=facts(
                disclosure, language, settings.company, opening.began_at, settings.timezone
            ),
            left_out=left_out(disclosure.spec, language),
        )

    def audio(self, link: str, ticket: str) -> ResponseReturnValue:
        """Play it, or the range of it that a player asks for (RFC 9110, section 14)."""
        return self._given(link, ticket)

    def file(self, link: str, ticket: str) -> ResponseReturnValue:
        """Give it as a file."""
        return self._given(link, ticket, attached=True)

    def _asking(self, disclosure: Disclosure, trouble: str = "") -> str:
        return _rendered(
            company=self._archive.settings.company,
            disclosure=disclosure,
            trouble=trouble,
            moment=self._moment(_language()),
        )

    def _moment(self, language: str) -> Callable[..., str]:
        return partial(moment, language=language, zone=self._archive.settings.timezone)

    def _given(self, link: str, ticket: str, *, attached: bool = False) -> Response:
        opening = self._archive.custody.disclosures.opened(link, ticket)
        part = _part(opening)
        start, end = part or (0, None)
        if request.method == "HEAD":
            response, name = Response(content_type=opening.content_type), opening.file_name
            response.content_length = opening.size
        else:
            response, name = self._streamed(
                lambda: self._archive.custody.disclosures.hear(link, ticket, start, end)
            )
        if part:
            response.status_code = 206
            response.headers["Content-Range"] = f"bytes {start}-{part[1] - 1}/{opening.size}"
        response.headers["Accept-Ranges"] = "bytes"
        how = "attachment" if attached else "inline"
        response.headers.set("Content-Disposition", how, filename=name)
        return response

    def _streamed(self, opened: Callable[[], AudioStream]) -> tuple[Response, str]:
        """Return an answer that reads as it is sent; what fails at its first bytes is a page."""
        if not self._turns.acquire(blocking=False):
            abort(_page("busy", 503, {"Retry-After": "5"}))
        try:
            reading = opened()
            try:
                first = next(reading, b"")
            except Exception:
                reading.close()
                raise
        except Exception:
            self._turns.release()
            raise
        chunks: Iterator[bytes] = chain((first,), reading)
        response = Response(chunks, content_type=reading.content_type)
        response.content_length = (reading.end or reading.size or 0) - reading.start
        response.call_on_close(reading.close)
        # at the latest when it is gone: what fails before it is sent does not close it
        response.call_on_close(finalize(response, self._turns.release))
        return response, reading.file_name


def _part(opening: Opening) -> tuple[int, int] | None:
    """Return the bytes that are asked for, the second exclusive; None for the whole.

    Several ranges at once, or other units than bytes, are the whole too: a server may ignore them.
    """
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if request.method == "HEAD" or request.if_range.date or request.if_range.etag:
        return None
    start, end, _step = slice(*wanted.ranges[0]).indices(opening.size)
    if start >= end:
        abort(416, description=None, length=opening.size, units="bytes")
    return start, min(end, start + LARGEST_PART)
