"""A call at a glance: how long it took, who ended it, what went on when, and the customer's others.

Only what is known is said: Twilio does not tell who hung up, but for callers who did so while they
heard the announcement; and of a leg it is known when it was first heard of, not when it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from callpanel.auth import actor
from callpanel.config import archive
from callpanel.panel.show import clock, moment, number
from twirec import NOT_KNOWN, CallRecord, Reason, Recording

OTHERS = 5
"""Other calls of a customer that are shown."""

NOBODYS = frozenset({"", "anonymous", NOT_KNOWN, "blocked", "erased"})


@dataclass(frozen=True, slots=True)
class Bar:
    """Something on the time line.

    Attributes:
        kind: `call`, `recording`, `pause`, `leg` or `consent`.
        said: what it is, and when.
        x, width: in hundredths of the call; without a width it is one moment.
    """

    kind: str
    said: str
    x: float
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the time line, with its name."""

    name: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Glance:
    """A call at a glance.

    Attributes:
        seconds: from its beginning to its end; None while it goes on.
        ended_by: who hung up, where that is known.
        lines: what went on when.
        others: the customer's other calls, the newest.
        more: whether there are more of these.
    """

    seconds: float | None
    ended_by: str
    lines: tuple[Line, ...]
    others: tuple[CallRecord, ...]
    more: bool


def glance_of(record: CallRecord) -> Glance:
    """Return a call at a glance, as who is signed in sees it."""
    call = record.call
    ended = call.ended_at
    seconds = (ended - call.started_at).total_seconds() if ended else None
    hung_up = call.reason is Reason.HUNG_UP
    others, more = _others(record)
    return Glance(
        seconds,
        str(_("the caller, during the announcement")) if hung_up else "",
        tuple(_lines(record)),
        others,
        more,
    )


def _others(record: CallRecord) -> tuple[tuple[CallRecord, ...], bool]:
    customer = record.call.customer_number
    if customer in NOBODYS:
        return (), False
    # that who opens a call sees its customer's others is entered with the call itself
    page = archive().calls.search(number=customer, limit=OTHERS + 1, by=actor(), repeated=True)
    others = [each for each in page.calls if each.call.call_sid != record.call.call_sid]
    return tuple(others[:OTHERS]), page.next is not None or len(others) > OTHERS


def _lines(record: CallRecord) -> Iterator[Line]:
    call = record.call
    end = _end(record)
    scale = Scale(call.started_at, end)
    consents = (
        scale.at("consent", str(_("Told or asked at %(time)s", time=_clock(each.at))), each.at)
        for each in record.consents
    )
    whole = scale.span("call", _from_to(call.started_at, end), call.started_at, end)
    yield Line(str(_("The call")), (whole, *consents))
    for place, recording in enumerate(record.recordings, 1):
        name = _("Recording %(number)s", number=place)
        if recording.started_at is not None:
            shown = name if len(record.recordings) > 1 else _("Recording")
            yield Line(str(shown), tuple(_recorded(record, recording, scale)))
    for leg in record.legs:
        who = number(leg.agent) if leg.agent else leg.leg_sid[:8] + "\N{HORIZONTAL ELLIPSIS}"
        said = _("first heard of at %(time)s", time=_clock(leg.at))
        yield Line(who, (scale.at("leg", str(said), leg.at),))


def _recorded(record: CallRecord, recording: Recording, scale: Scale) -> Iterator[Bar]:
    begin, end = recording.started_at or scale.begin, recording.ended_at or scale.end
    said = f"{_from_to(begin, end)} ({clock(recording.duration)})"
    yield scale.span("recording", said, begin, end)
    for pause in record.pauses:
        if pause.recording_sid == recording.sid:
            until = pause.resumed_at or end
            times = {"from_": _clock(pause.paused_at), "to": _clock(until), "who": pause.by}
            paused = _("Paused %(from_)s\u2013%(to)s by %(who)s", **times)
            yield scale.span("pause", str(paused), pause.paused_at, until)


def _end(record: CallRecord) -> datetime:
    ends = [record.call.ended_at or archive().now()]
    ends += [each.ended_at for each in record.recordings if each.ended_at is not None]
    return max(ends)


def _from_to(begin: datetime, end: datetime) -> str:
    return f"{_clock(begin)}\N{EN DASH}{_clock(end)}"


def _clock(at: datetime) -> str:
    return moment(at, "HH:mm:ss")


@dataclass(frozen=True, slots=True)
class Scale:
    """Where times are on the time line.

    Attributes:
        begin, end: of the line.
    """

    begin: datetime
    end: datetime

    def at(self, kind: str, said: str, when: datetime) -> Bar:
        """Return one moment."""
        return Bar(kind, said, self._place(when))

    def span(self, kind: str, said: str, start: datetime, end: datetime) -> Bar:
        """Return a span."""
        x = self._place(start)
        return Bar(kind, said, x, max(self._place(end) - x, 0.0))

    def _place(self, when: datetime) -> float:
        whole = max((self.end - self.begin).total_seconds(), 1.0)
        return min(max((when - self.begin).total_seconds() / whole * 100, 0.0), 100.0)
