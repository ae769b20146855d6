"""What an app's answer to a test request means, whichever address it came from."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from twirec.model.inspection import AppAnswer

LOGIN = ("login", "log-in", "signin", "sign-in", "auth", "sso")
"""What the address of a page to sign in at has in it."""


def refused_by_csrf(answer: AppAnswer) -> bool:
    """Whether it was the app's CSRF protection that refused (Flask-WTF says so in a 400)."""
    return answer.status in {400, 403} and "csrf" in answer.text.lower()


def is_redirect(answer: AppAnswer) -> bool:
    """Whether it leads on to somewhere else."""
    return 300 <= answer.status < 400


def destination(answer: AppAnswer) -> str:
    """Return where a redirect leads, without a query, which may hold secrets."""
    url = urlsplit(answer.location)
    return urlunsplit((url.scheme, url.netloc, url.path, "", ""))


def leads_to_login(answer: AppAnswer) -> bool:
    """Whether a redirect looks like one to a page to sign in at."""
    url = urlsplit(answer.location)
    return any(word in f"{url.hostname}{url.path}".lower() for word in LOGIN)
