"""The addresses among the settings: https, or this machine."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def public_url(value: str) -> str:
    """Return the address under which Twilio reaches the app, without a slash at the end.

    Raises:
        ValueError: it is not secure, or has a query, user or fragment.
    """
    url = urlsplit(value)
    if not _is_secure(url) or url.query or url.fragment or url.username:
        raise ValueError("give an https:// address without query, user or fragment.")
    return value.rstrip("/")


def api_url(value: str) -> str:
    """Return the address of another host for Twilio's API, without a slash at the end.

    Raises:
        ValueError: it is not secure.
    """
    if not _is_secure(urlsplit(value)):
        raise ValueError("credentials go there: it must begin with https:// (or be this machine).")
    return value.rstrip("/")


def notify_url(value: str) -> str:
    """Return the address of a webhook of the company's own, as it is.

    Raises:
        ValueError: it is not secure, or names a user.
    """
    url = urlsplit(value)
    if not _is_secure(url) or url.username:
        raise ValueError("give an https:// address (or one of this machine) without a user.")
    return value


def is_here(url: str | None) -> bool:
    """Whether an address is of this machine."""
    return url is not None and urlsplit(url).hostname in LOOPBACK


def _is_secure(url: SplitResult) -> bool:
    here = url.scheme == "http" and url.hostname in LOOPBACK
    return bool(url.hostname) and (url.scheme == "https" or here)
