"""What the search box offers: what was asked for before, agents, cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from callpanel import searches
from callpanel.accounts import everybody
from callpanel.config import config
from callpanel.saved import SavedSearch
from twirec import CallRecord

MOST = 25
"""More than anybody looks through."""

RECENT = 8


def suggestions(saved: Iterable[SavedSearch], calls: Iterable[CallRecord]) -> list[str]:
    """Return texts for the search box, the likeliest first, each once.

    Args:
        saved: the saved searches of who asks.
        calls: those on the page, whose cases are offered.
    """
    offered = [
        *searches.recent("calls", RECENT),
        *(each.asked["text"] for each in saved if "text" in each.asked),
        *(f"agent {line}" for line in dict.fromkeys(_lines())),
        *(_case(each.call.case_number) for each in calls if each.call.case_number),
    ]
    return list(dict.fromkeys(offered))[:MOST]


def _lines() -> Iterator[str]:
    """Yield where agents are called: the lines of accounts, and whom own numbers connect."""
    yield from (each.line for each in everybody() if each.line and not each.disabled)
    for lines in config().lines.values():
        yield from lines


def _case(number: str) -> str:
    return f'case "{number}"' if " " in number else f"case {number}"
