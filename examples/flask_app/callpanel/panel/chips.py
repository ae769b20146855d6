"""What a search was understood to ask for, piece by piece, and the search without each piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import format_datetime, get_locale
from flask_babel import gettext as _

from callpanel import vocabulary
from callpanel.config import archive
from callpanel.forms import Search
from callpanel.panel.show import number
from twirec import InvalidQuery, Role, Understood

TABLES = {
    "outcome": vocabulary.OUTCOMES,
    "direction": vocabulary.DIRECTIONS,
    "reason": vocabulary.REASONS,
    "consent": vocabulary.CONSENTS,
    "state": vocabulary.STATES,
}
"""What people read for what was chosen, by the field."""

NUMBERS = ("own_number", "forwarded_from")


@dataclass(frozen=True, slots=True)
class Chip:
    """A piece of what is asked for.

    Attributes:
        said: what it is, as people read it.
        rest: the fields of the search without it.
    """

    said: str
    rest: Mapping[str, Any]


def chips_of(asked: Mapping[str, Any]) -> list[Chip]:
    """Return the pieces of a search; none of the text where it is not understood."""
    return [*_of_text(asked), *_of_fields(asked)]


def _of_text(asked: Mapping[str, Any]) -> Iterator[Chip]:
    try:
        parts = archive().calls.understand(str(asked.get("text", "")))
    except InvalidQuery:
        return
    for part in parts:
        yield Chip(_said(part), _without("text", {**asked, "text": part.without}))


def _of_fields(asked: Mapping[str, Any]) -> Iterator[Chip]:
    labels = {field.name: field.label.text for field in Search(formdata=None)}
    for name, value in asked.items():
        if name == "text" or name not in labels:
            continue
        shown = TABLES[name].get(str(value), value) if name in TABLES else value
        shown = number(str(value)) if name in NUMBERS else shown
        rest = {other: kept for other, kept in asked.items() if other != name}
        yield Chip(f"{labels[name]}: {shown}", rest)


def _without(name: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {other: kept for other, kept in asked.items() if other != name or kept}


def _said(part: Understood) -> str:
    if part.part == "time":
        return span(part.since, part.until)
    if part.part == "number":
        last = part.value.isdigit() and len(part.value) <= 6
        return str(_("ends in %(digits)s", digits=part.value)) if last else number(part.value)
    names = {
        "case": _("case %(what)s", what=part.value),
        "note": _("note has \u201c%(what)s\u201d", what=part.value),
        "said": _spoken(part),
        "agent": _("agent %(what)s", what=number(part.value)),
        "sid": part.value[:8] + "\N{HORIZONTAL ELLIPSIS}",
    }
    return str(names[part.part])


def _spoken(part: Understood) -> str:
    if part.side is Role.CUSTOMER:
        return str(_("the customer said \u201c%(what)s\u201d", what=part.value))
    if part.side is Role.AGENT:
        return str(_("the agent said \u201c%(what)s\u201d", what=part.value))
    return str(_("said \u201c%(what)s\u201d", what=part.value))


def span(since: datetime | None, until: datetime | None) -> str:
    """Return a span of time, such as `Tue 24 Nov, 16:30-17:30`, in the company's zone.

    Args:
        since, until: UTC; None where it has no end.
    """
    zone = archive().settings.timezone
    first = since and since.astimezone(zone)
    last = until and until.astimezone(zone)
    if first is None or last is None:
        if first is not None:
            return str(_("from %(when)s", when=_moment(first)))
        return str(_("until %(when)s", when=_moment(last))) if last is not None else ""
    whole_days = {first.time(), last.time()} == {time(0)} and first < last
    if whole_days:
        last_day = last - timedelta(days=1)
        same = last_day.date() == first.date()
        return _day(first) if same else f"{_day(first)} \N{EN DASH} {_day(last_day)}"
    if first == last:
        return _moment(first)
    if first.date() == last.date():
        return f"{_moment(first)}\N{EN DASH}{_clock(last)}"
    return f"{_moment(first)} \N{EN DASH} {_moment(last)}"


def _moment(at: datetime) -> str:
    return f"{_day(at)}, {_clock(at)}"


def _clock(at: datetime) -> str:
    return str(format_datetime(at, "HH:mm", rebase=False))


def _day(at: datetime) -> str:
    year = "" if at.year == archive().now().astimezone(at.tzinfo).year else " y"
    comma = "," if str(get_locale()) == "es" else ""
    return str(format_datetime(at, f"EEE{comma} d MMM{year}", rebase=False))
