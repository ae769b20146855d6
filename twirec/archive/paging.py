"""The pages of a search: the one that is asked for, and how to turn to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twirec.archive.cursor import Cursor
from twirec.archive.said import said_page
from twirec.catalog import Catalog
from twirec.model.records import CallRecord
from twirec.model.search import Count, Page, Query


def turned(catalog: Catalog, query: Query, cursor: Cursor | None) -> Page:
    """Return the page to which somebody turned, the first where there is no cursor.

    Args:
        catalog: what is searched.
        query: what is asked, with a limit of one more than the page has.
        cursor: beside which call the page is.

    Raises:
        InvalidQuery: there is no other page of what was said, or no word in it.
        CatalogError: the catalog cannot be asked.
    """
    if query.said is not None:
        return said_page(catalog, query, other=cursor is not None)
    ask = catalog.search.page_and_count
    if cursor is None:
        return _page(catalog, query, *ask(query), first=1)
    if not cursor.before:
        first = None if cursor.number is None else cursor.number + 1
        query = replace(query, after=cursor.place)
        return _page(catalog, query, *ask(query), first=first)
    size = query.limit - 1
    if cursor.number is None or cursor.number > size + 1:
        records, count = ask(replace(query, before=cursor.place))
        if len(records) > size:
            first = None if cursor.number is None else cursor.number - size
            return _page(catalog, query, records[1:], count, first=first, goes_on=True)
    # up to the first page, also if calls have come in since
    return _page(catalog, query, *ask(query), first=1)


def _page(
    catalog: Catalog,
    query: Query,
    records: Sequence[CallRecord],
    count: Count,
    *,
    first: int | None,
    goes_on: bool = False,
) -> Page:
    """Return a page of what was found, which is one more where there is more."""
    calls = tuple(records[: query.limit - 1])
    previous = following = onward = None
    if calls and first != 1:
        previous = str(Cursor.of(calls[0].call, first, before=True))
    if goes_on or len(records) > len(calls):
        last = None if first is None else first + len(calls) - 1
        onward = Cursor.of(calls[-1].call, last)
        rest = replace(query, after=onward.place)
        number = None if last is None else last + 1
        following = lambda: _page(catalog, rest, catalog.search.page(rest), count, first=number)  # noqa: E731
    following_cursor = None if onward is None else str(onward)
    return Page(calls, following_cursor, count.calls, count.exact, following, previous, first)
