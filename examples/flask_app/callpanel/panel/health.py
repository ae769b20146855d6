"""Whether everything arrives: what waits, what was given up, what was recorded."""

from __future__ import annotations

from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.panel.blueprint import panel
from callpanel.roles import Permission
from twirec import Day, InvalidQuery

DAYS = 30
MOST_PARKED = 100
WIDTH, HEIGHT = 600, 120
"""Of a chart, in its own units."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day on a chart."""

    day: Day
    x: float
    width: float
    height: float


@panel.get("/health")
@needs(Permission.SEE_HEALTH)
def health() -> ResponseReturnValue:
    """Show the figures."""
    days = archive().operations.daily(DAYS, by=actor())
    return render_template(
        "health.html",
        stats=archive().operations.stats(by=actor()),
        trial=archive().settings.keep_at_twilio,
        has_rules=bool(archive().custody.retention.rules(applied=True)),
        parked=archive().operations.parked(MOST_PARKED, by=actor()),
        differences=archive().operations.differences(by=actor()),
        days=days,
        recordings=_bars(days, [each.recordings for each in days]),
        hours=_bars(days, [each.seconds for each in days]),
        width=WIDTH,
        height=HEIGHT,
    )


@panel.post("/health/retry")
@needs(Permission.RETRY)
def retry_all() -> ResponseReturnValue:
    """Let everything that was given up be tried again."""
    return _retry(None)


@panel.post("/health/retry/<sid>")
@needs(Permission.RETRY)
def retry(sid: str) -> ResponseReturnValue:
    """Let one recording that was given up be tried again."""
    return _retry(sid)


@panel.post("/health/differences/<sid>")
@needs(Permission.RETRY)
def settle(sid: str) -> ResponseReturnValue:
    """Take what differs of a recording off the list, once somebody said what they found."""
    reason = request.form.get("reason", "")
    try:
        archive().operations.settle_difference(sid, reason=reason, by=actor())
    except InvalidQuery:
        flash(_("Say what you found."), "error")
    else:
        flash(_("Off the list. Who hears it next finds it again."), "done")
    return redirect(url_for("panel.health"))


def _retry(sid: str | None) -> ResponseReturnValue:
    count = archive().operations.retry(sid, by=actor())
    flash(
        ngettext("%(num)d recording is tried again.", "%(num)d recordings are tried again.", count),
        "done",
    )
    return redirect(url_for("panel.health"))


def _bars(days: list[Day], values: list[int]) -> list[Bar]:
    most = max(values, default=0) or 1
    wide = WIDTH / len(days)
    return [
        Bar(day, place * wide + wide * 0.1, wide * 0.8, value / most * HEIGHT)
        for place, (day, value) in enumerate(zip(days, values, strict=True))
    ]
