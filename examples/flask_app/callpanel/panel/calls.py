"""Finding calls."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from flask import Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from callpanel import purposes, saved, searches
from callpanel.auth import IDLE, actor, may, needs
from callpanel.config import archive
from callpanel.erased import forget_erased
from callpanel.forms import COLUMNS, SaveSearch, Search, filled
from callpanel.panel.blueprint import panel
from callpanel.panel.cases import find_case_of
from callpanel.panel.chips import chips_of
from callpanel.panel.suggestions import suggestions
from callpanel.roles import Permission
from twirec import (
    ConsentOutcome,
    Direction,
    InvalidQuery,
    Outcome,
    Page,
    Reason,
    State,
    looks_like_key,
)

ON_A_PAGE = 25
CALLS = "calls"
OLDEST = "oldest"
"""The order of the list in its address; without it, the newest call is the first."""

SHOWN_IN = "columns"
"""Where a session keeps which columns the list has."""

SHOWN = ("direction", "own_number", "seconds", "state", "case")
"""Those that it has where nobody chose."""


@panel.get("/calls")
@needs(Permission.SEARCH)
def calls() -> ResponseReturnValue:
    """Show the calls that were asked for, in either order; all of them if nothing was."""
    asked = searches.asked(CALLS)
    form = Search(formdata=None, data=asked)
    try:
        page = find(
            asked,
            request.args.get("after"),
            oldest_first=_oldest_first(),
            repeated=bool(asked) or _lists_already(),
        )
    except InvalidQuery as error:
        shown = _page(form, asked, None, error)
        return shown, 400 if "after" in request.args else 200  # what was typed is no bad address
    return _page(form, asked, page)


def _oldest_first() -> bool:
    return request.args.get("order") == OLDEST


def _lists_already() -> bool:
    """Whether this session looks through all calls already: that is one entry, while it goes on."""
    now, listed = int(time.time()), session.get("listed", 0)
    if now - listed > 60:
        session["listed"] = now
    return bool(now - listed < IDLE)


@panel.post("/calls/search")
@needs(Permission.SEARCH)
def search() -> ResponseReturnValue:
    """Keep what is asked for, and show what it finds."""
    form = Search()
    if not form.validate():
        return _page(form, filled(form), None), 400
    asked = filled(form)
    if may(Permission.SEE_CASES) and looks_like_key(form.text.data or ""):
        return find_case_of(form.text.data or "")
    with suppress(InvalidQuery):  # which the page says
        find(asked, None, repeated=False)  # on the audit log once, however often it is shown
    forget_erased()  # what was erased elsewhere, such as by a command
    return redirect(url_for("panel.calls", q=searches.keep(CALLS, asked)))


@panel.get("/calls/newest")
@needs(Permission.SEARCH)
def newest() -> ResponseReturnValue:
    """Return the rows of the first page alone, for the page that is open; 304 if it has them."""
    response = Response(
        render_template(
            "_rows.html", page=find(searches.asked(CALLS), None), columns=_columns(), order=None
        )
    )
    response.add_etag()
    return response.make_conditional(request)


def _columns() -> list[str]:
    return list(session.get(SHOWN_IN, SHOWN))


def _page(
    form: Search, asked: dict[str, Any], page: Page | None, error: InvalidQuery | None = None
) -> str:
    mine = saved.of_mine()
    return render_template(
        "calls.html",
        form=form,
        asked=asked,
        page=page,
        order=OLDEST if _oldest_first() else None,
        error=error,
        chips=chips_of(asked),
        saved=mine,
        save=SaveSearch(formdata=None),
        suggestions=suggestions(mine, page.calls if page else ()),
        columns=_columns(),
        COLUMNS=COLUMNS,
        purposes=purposes.choices(),
    )


def find(
    asked: dict[str, Any],
    after: str | None,
    *,
    oldest_first: bool = False,
    repeated: bool = True,
) -> Page:
    """Return a page of the calls that are asked for.

    Args:
        asked: the fields of the search.
        after: where the page is; None for the first.
        oldest_first: whether the oldest calls come first.
        repeated: whether the search is on the audit log already.
    """
    words: dict[str, Any] = {
        "direction": Direction,
        "reason": Reason,
        "consent": ConsentOutcome,
        "state": State,
        "outcome": Outcome,
    }
    kinds = {name: words[name](value) for name, value in asked.items() if name in words}
    return archive().calls.search(
        **{**asked, **kinds},
        limit=ON_A_PAGE,
        after=after or None,
        oldest_first=oldest_first,
        by=actor(),
        repeated=repeated,
    )
