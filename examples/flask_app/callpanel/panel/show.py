"""How times, lengths, sizes and words are shown: the filters of the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from flask import g
from flask_babel import format_date, format_datetime, format_decimal, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from callpanel import accounts, vocabulary
from callpanel.config import archive
from twirec import NOT_KNOWN, CallRecord, CallState, Recording, State, TwirecError, call_state

NUMBERS_HIDDEN = {"anonymous", "+266696687", "restricted", "unavailable", "unknown", ""}
"""What stands for the number of a caller who hid it."""


NOTHING = "\N{EN DASH}"
"""What is shown where there is nothing to show."""


def moment(at: datetime | None, pattern: str = "") -> str:
    """Return a time in the company's zone, such as `Tue 3 Nov 2026, 17:05:09`."""
    if at is None:
        return NOTHING
    local = at.astimezone(archive().settings.timezone)
    return str(format_datetime(local, pattern or "EEE d MMM y, HH:mm:ss", rebase=False))


def day(on: date) -> str:
    """Return a date, such as `3 Nov`."""
    return str(format_date(on, "d MMM", rebase=False))


def date_of(on: date) -> str:
    """Return a date with its year, such as `3 Nov 2026`."""
    return str(format_date(on, "d MMM y", rebase=False))


def clock(seconds: float | None) -> str:
    """Return a length, or a place in a recording, with the signs of minutes and seconds.

    With colons it would be taken for a time of day.
    """
    if seconds is None:
        return NOTHING
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    prime, double = "\N{PRIME}", "\N{DOUBLE PRIME}"
    begin = f"{hours}h{minutes:02}" if hours else str(minutes)
    return f"{begin}{prime}{whole % 60:02}{double}"


def many(count: int) -> str:
    """Return a number with its thousands apart, such as `1,240`."""
    return str(format_decimal(count))


def timer(seconds: float) -> str:
    """Return what a timer shows that counts, such as `1:05`."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def at_least_nothing(seconds: float) -> float:
    """Return a length, or none at all where it would be before now."""
    return max(0.0, seconds)


def size(count: int) -> str:
    """Return a number of bytes, such as `1.2 GB`."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{format_decimal(round(amount, 1))} {unit}"


def share(part: float) -> str:
    """Return a share, such as `62 %`."""
    return f"{part * 100:.0f} %"


KEPT_APART = {"blocked": _l("number blocked"), "erased": _l("number erased")}
"""What stands on the line of a call that is kept for authorities only, or was emptied."""


def number(said: str) -> str:
    """Return a phone number, in groups of three, that it was hidden, or that nobody knows it."""
    if said == NOT_KNOWN:
        return str(_("number not known"))
    if said in KEPT_APART:
        return str(KEPT_APART[said])
    if said.lower() in NUMBERS_HIDDEN:
        return str(_("number hidden"))
    if not (said.startswith("+34") and len(said) == 12):
        return said
    return " ".join((said[:3], said[3:6], said[6:9], said[9:]))


def staff(line: str) -> str:
    """Return who takes calls on a line, and the line: its name, or its number alone."""
    if "names_of_lines" not in g:
        g.names_of_lines = {each.line: each.name for each in accounts.everybody() if each.line}
    name = g.names_of_lines.get(line)
    return f"{name} · {number(line)}" if name else number(line)


def word(value: Any, table: str) -> str:
    """Return what people read for a word, by the name of its table in `callpanel.vocabulary`."""
    if value is None:
        return NOTHING
    known: Mapping[str, Any] = getattr(vocabulary, table)
    return str(known.get(str(value), value))


def stands(record: CallRecord) -> CallState:
    """Return how a call stands now."""
    return call_state(record, archive().now())


def stands_of(recording: Recording, record: CallRecord) -> str:
    """Return how one of a call's recordings stands now, as people read it."""
    if recording.state in (State.ABSENT, State.FAILED, State.LOST):
        return word(recording.state, "STATES")
    return word(stands(replace(record, recordings=(recording,))), "CALL_STATES")


def wrong(error: TwirecError) -> str:
    """Return what is wrong with what was asked for, as exactly as the language of the page can."""
    said = str(error)
    if locale() == "en":
        return said
    return str(vocabulary.WRONG.get(said.partition(":")[0], ""))


def iso(at: datetime) -> str:
    """Return a time for machines."""
    return at.isoformat(timespec="seconds")


def locale() -> str:
    """Return the language of the page."""
    return str(get_locale() or "en")


FILTERS = {
    "moment": moment,
    "day": day,
    "date": date_of,
    "clock": clock,
    "many": many,
    "timer": timer,
    "at_least_nothing": at_least_nothing,
    "size": size,
    "share": share,
    "number": number,
    "staff": staff,
    "word": word,
    "stands": stands,
    "stands_of": stands_of,
    "wrong": wrong,
    "iso": iso,
}
