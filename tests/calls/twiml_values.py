"""What an attribute or the text of a TwiML element may be: checks, made from a few words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

Allowed = Callable[[str], bool]


def like(pattern: str) -> Allowed:
    return lambda value: re.fullmatch(pattern, value) is not None


def one_of(*words: str) -> Allowed:
    return lambda value: value in words


def or_empty(allowed: Allowed) -> Allowed:
    return lambda value: value == "" or allowed(value)


def some_of(*words: str) -> Allowed:
    """A list of words with one space between, none twice."""

    def check(value: str) -> bool:
        found = value.split(" ")
        return len(found) == len(set(found)) and set(found) <= set(words)

    return check


def whole(least: int, most: int | None = None) -> Allowed:
    def check(value: str) -> bool:
        if not re.fullmatch("[0-9]+", value):
            return False
        return least <= int(value) and (most is None or int(value) <= most)

    return check


# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
OVERRIDES: Mapping[str, Allowed] = {
    "ct": whole(100, 10_000),
    "rt": whole(100, 15_000),
    "tt": whole(100, 15_000),
    "rc": whole(0, 5),
    "rp": like("(4xx|5xx|ct|rt|all)(,(4xx|5xx|ct|rt|all))*"),
    "sni": one_of("y", "n"),
    "e": like("[a-z,]+"),
}


def url(value: str) -> bool:
    """An absolute or relative URL; its fragment says how to connect."""
    if not value or re.search(r"\s", value) or urlsplit(value).scheme not in {"https", "http", ""}:
        return False
    fragment = urlsplit(value).fragment
    overrides = parse_qsl(fragment, keep_blank_values=True)
    return all(name in OVERRIDES and OVERRIDES[name](said) for name, said in overrides)


boolean = one_of("true", "false")
method = one_of("GET", "POST")
keys = like("[0-9#*]*")
words = like(r"(?s).*\S.*")
nothing = one_of("")
sid = like("[A-Z]{2}[0-9a-f]{32}")
number = like(r"\+?[0-9][0-9 ()-]{1,19}")
