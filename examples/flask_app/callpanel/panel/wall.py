"""Who is on the phone now, and whether it is recorded."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from callpanel.auth import actor, needs
from callpanel.config import archive
from callpanel.panel.blueprint import panel
from callpanel.panel.show import stands
from callpanel.roles import Permission
from twirec import CallRecord, CallState

MOST = 200
"""Calls that go on at once and are shown."""

GOES_ON = frozenset({CallState.GOING_ON, CallState.RECORDING, CallState.PAUSED})


@dataclass(frozen=True, slots=True)
class OnThePhone:
    """A call that goes on.

    Attributes:
        record: the call.
        who: of ours, as far as it is known: on a leg, or else whom it is to connect.
        seconds: since it began.
    """

    record: CallRecord
    who: tuple[str, ...]
    seconds: float


@panel.get("/now")
@needs(Permission.SEARCH)
def wall() -> ResponseReturnValue:
    """Show the calls that go on; the page keeps itself up to date."""
    return render_template("wall.html", calls=_going_on())


@panel.get("/now/calls")
@needs(Permission.SEARCH)
def wall_now() -> ResponseReturnValue:
    """Return these calls alone, for the page that is open; 304 if it has them."""
    response = Response(render_template("_wall.html", calls=_going_on()))
    response.add_etag()
    return response.make_conditional(request)


def _going_on() -> list[OnThePhone]:
    now = archive().now()
    going_on = archive().calls.going_on(limit=MOST, by=actor())
    shown = [each for each in going_on if stands(each) in GOES_ON or each.call.ended_at is None]
    return [
        OnThePhone(each, _who(each), (now - each.call.started_at).total_seconds()) for each in shown
    ]


def _who(each: CallRecord) -> tuple[str, ...]:
    on_legs = dict.fromkeys(leg.agent for leg in each.legs if leg.agent)
    return tuple(on_legs) or each.call.dial
