"""Working days: neither Saturdays, Sundays nor holidays of a country, a region and a town."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from twirec.model.errors import InvalidQuery

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Which days are working days at a place.

    Attributes:
        place: ISO 3166 code of the country, perhaps with the region's: `ES`, `ES-MD`.
        extra: further holidays, of the town or the company: `05-15` each year, `2026-12-24` once.
    """

    place: str
    extra: tuple[str, ...] = ()

    def are(self, day: date) -> bool:
        """Return whether a day is one."""
        off = {day.isoformat(), f"{day:%m-%d}"} & set(self.extra)
        return day.weekday() < SATURDAY and not off and day not in _holidays(self.place)

    def after(self, day: date, count: int) -> date:
        """Return the last of so many working days after a day, which itself is not counted."""
        while count:
            day += timedelta(days=1)
            count -= self.are(day)
        return day


def read_place(text: str) -> str:
    """Return a place whose holidays are known.

    Args:
        text: `ES` or `ES-MD`, as ISO 3166 has them.

    Raises:
        InvalidQuery: it is none, or nobody knows its holidays.
    """
    place = text.strip().upper()
    try:
        _holidays(place)
    except (NotImplementedError, KeyError) as error:
        raise InvalidQuery(
            "give a country, perhaps with its region, as ISO 3166-2 has them: ES, ES-MD, ES-CT."
        ) from error
    return place


def read_days(text: str) -> tuple[str, ...]:
    """Return further holidays: `05-15, 11-09, 2026-12-24`.

    Raises:
        InvalidQuery: one of them is no day.
    """
    days = tuple(part.strip() for part in text.split(","))
    for each in days:
        whole = each if re.fullmatch(r"\d{4}-\d{2}-\d{2}", each) else f"2024-{each}"
        try:
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", whole):
                raise ValueError
            date.fromisoformat(whole)
        except ValueError:
            raise InvalidQuery(
                f"{each!r} is no day: write 05-15 for each year, or 2026-12-24 for once."
            ) from None
    return days


@cache
def _holidays(place: str) -> Mapping[Any, str]:
    """Return the holidays of a place, which know each year when they are first asked for it."""
    import holidays

    country, _, region = place.partition("-")
    known: Mapping[Any, str] = holidays.country_holidays(country, subdiv=region or None)
    return known
