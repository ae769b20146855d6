"""Lists in pages, as https://www.twilio.com/docs/usage/twilios-response#pagination has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from twirec.sandbox.resources import Json
from twirec.sandbox.web import BAD_REQUEST, Refused, Request

KEYS = frozenset({"PageSize", "Page", "PageToken"})
"""The query parameters of paging."""

_DEFAULT_SIZE = 50
_LARGEST_SIZE = 1000
_AFTER, _BEFORE = "PA", "PB"


class Listed(Protocol):
    """Something with a SID and the stamp of its making, UTC."""

    @property
    def sid(self) -> str:
        """The SID."""
        ...

    @property
    def created(self) -> datetime:
        """The stamp."""
        ...


Thing = TypeVar("Thing", bound=Listed)


def page(
    request: Request,
    key: str,
    things: Sequence[Thing],
    matches: Callable[[Thing], bool],
    to_json: Callable[[Thing], Json],
    *,
    in_turn: bool = False,
) -> Json:
    """Return one page.

    A token names the thing at the edge of the page it came with, so that nothing is skipped or
    shown twice when something comes, goes or is deleted in between.

    Args:
        request: the request for the list.
        key: the name of the list in the answer.
        things: all there ever was.
        matches: whether a thing is on the list.
        to_json: makes a resource of a thing.
        in_turn: list them as they are given, such as by who is next; by default what was made last
            comes first.

    Raises:
        Refused: size, number or token of the page are not ones that Twilio gave.
    """
    everything = list(things)
    if not in_turn:
        everything = sorted(everything, key=lambda thing: thing.created)[::-1]
    size = _number(request.params, "PageSize", _DEFAULT_SIZE, 1, _LARGEST_SIZE)
    number = _number(request.params, "Page", 0, 0, 10**9)
    first, last = _bounds(everything, request.params.get("PageToken", ""), number)
    listed = [thing for thing in everything[first:last] if matches(thing)]
    shown = listed[-size:] if last < len(everything) else listed[:size]
    more = shown and (last < len(everything) or len(listed) > size)
    link = _Links(request, size)
    return {
        "first_page_uri": link(0),
        "previous_page_uri": link(number - 1, _BEFORE + shown[0].sid) if number and shown else None,
        "next_page_uri": link(number + 1, _AFTER + shown[-1].sid) if more else None,
        "uri": request.path + (f"?{request.query}" if request.query else ""),
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(0, len(shown) - 1),
        key: [to_json(thing) for thing in shown],
    }


def _bounds(everything: Sequence[Listed], token: str, number: int) -> tuple[int, int]:
    if not token and number == 0:
        return 0, len(everything)
    places = {thing.sid: place for place, thing in enumerate(everything)}
    place = places.get(token[2:])
    if place is None or token[:2] not in (_AFTER, _BEFORE):
        raise Refused(400, BAD_REQUEST, "PageToken is not one that came with a page")
    return (place + 1, len(everything)) if token.startswith(_AFTER) else (0, place)


def _number(params: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = params.get(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise Refused(400, BAD_REQUEST, f"{name} must be a number from {low} to {high}")
    return int(text)


class _Links:
    def __init__(self, request: Request, size: int) -> None:
        filters = {name: value for name, value in request.params.items() if name not in KEYS}
        self._path = request.path
        self._query = {**filters, "PageSize": str(size)}

    def __call__(self, number: int, token: str = "") -> str:
        place = {"Page": str(number)} | ({"PageToken": token} if token else {})
        return f"{self._path}?{urlencode(self._query | place)}"


def days(params: Mapping[str, str], field: str) -> Callable[[datetime | None], bool]:
    """Return the filter that a list's dates ask for: `field`, `field<`, `field>`; whole days, GMT.

    Raises:
        Refused: one is not a date.
    """
    on, before, after = (_midnight(params.get(field + sign)) for sign in ("", "<", ">"))

    def matches(at: datetime | None) -> bool:
        if at is None:
            return (on, before, after) == (None, None, None)
        return (
            (on is None or at.date() == on.date())
            # "on or before midnight of this date", read as the midnight that begins it: whoever
            # needs the day itself must ask for the next one.
            and (before is None or at <= before)
            and (after is None or at >= after)
        )

    return matches


def _midnight(text: str | None) -> datetime | None:
    if text is None:
        return None
    # The official client sends a time after the date; only the day counts.
    day = re.fullmatch(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\dZ)?", text)
    try:
        return datetime.combine(date.fromisoformat(day[1] if day else text), time(), UTC)
    except ValueError as error:
        raise Refused(400, BAD_REQUEST, "A date is written YYYY-MM-DD") from error
