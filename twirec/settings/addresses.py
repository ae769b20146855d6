"""The addresses among the settings: https, or this machine."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

PRIVATE = frozenset({"localhost", "local", "internal", "lan", "home", "arpa", "intranet"})
"""The last part of names that only one network knows
(https://www.iana.org/assignments/special-use-domain-names)."""


def public_url(value: str) -> str:
    """Return the address under which Twilio reaches the app, without a slash at the end.

    Raises:
        ValueError: it is not secure, or has a query, user or fragment.
    """
    url = _split(value)
    if not _is_secure(url) or url.query or url.fragment or url.username:
        raise ValueError(
            "give one https:// address, such as https://calls.example.com, without query, user or "
            "fragment."
        )
    return value.rstrip("/")


def reaches_only_here(url: str) -> bool:
    """Whether an address is of this machine or of a private network, where Twilio is not."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.rpartition(".")[2] in PRIVATE


def api_url(value: str) -> str:
    """Return the address of another host for Twilio's API, without a slash at the end.

    Raises:
        ValueError: it is not secure.
    """
    if not _is_secure(_split(value)):
        raise ValueError("credentials go there: it must begin with https:// (or be this machine).")
    return value.rstrip("/")


def notify_url(value: str) -> str:
    """Return the address of a webhook of the company's own, as it is.

    Raises:
        ValueError: it is not secure, or names a user.
    """
    url = _split(value)
    if not _is_secure(url) or url.username:
        raise ValueError("give an https:// address (or one of this machine) without a user.")
    return value


def is_here(url: str | None) -> bool:
    """Whether an address is of this machine."""
    return url is not None and urlsplit(url).hostname in LOOPBACK


def _split(value: str) -> SplitResult:
    """Split one address; a host of several, or a port that is no number, is wrong."""
    url = urlsplit(value)
    if re.search(r"[\s,;]", url.netloc) or url.port == 0:  # the port: ValueError if it is none
        raise ValueError("give one address, with a port from 1 to 65535 if it needs one.")
    return url


def _is_secure(url: SplitResult) -> bool:
    here = url.scheme == "http" and url.hostname in LOOPBACK
    return bool(url.hostname) and (url.scheme == "https" or here)
