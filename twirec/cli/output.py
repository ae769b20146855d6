"""How the command line shows what it has: the one place where data meets the terminal.

What is shown may come from a caller, or from whoever wrote a note or a reason. It is never markup,
and no character of it is an order to the terminal.
"""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twirec.model.call_state import call_state
from twirec.model.clock import clock
from twirec.model.ownership import NotOurs
from twirec.model.records import CallRecord, Recording
from twirec.model.search import Page
from twirec.model.vocabulary import NOT_KNOWN

YES = frozenset({"y", "yes", "s", "sí", "si"})
"""What is a yes where it is asked for, in English and Spanish."""

GAP = 2
"""Spaces between two columns."""

NAMES = 14
"""Letters and spaces of a field's name and its colon, before its value."""

FOLDED = 16
"""Cells that a column which may fold has at least: as many as the longest number has (E.164)."""

_ORDERS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of what moves, hides or turns text (https://www.unicode.org/reports/tr44/),
and of what no encoding takes."""
_HARMLESS = frozenset("\n\u200c\u200d")
"""Line ends, which every layout here takes apart, and what joins letters and emoji."""

as_json: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document instead of text."
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: its heading.
        rank: 0 if it is always there; of the others the highest is left out first where the
            terminal is too narrow.
        folds: whether it is free text or an address, which may go over several lines; anything
            else, such as a SID, stays whole, and so does a number.
    """

    name: str
    rank: int = 0
    folds: bool = False


def clean(text: object) -> str:
    """Return text without orders to a terminal: what is none of its letters is shown as a code."""
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _ORDERS and char not in _HARMLESS
        else char
        for char in str(text)
    )


def say(
    text: object = "",
    *,
    label: str = "",
    colour: str | None = None,
    err: bool = False,
    end: str = "\n",
) -> None:
    """Print a line.

    Args:
        text: what it says. Where it has several lines, the later ones are set in: none of them
            looks like a line of ours.
        label: what stands before it.
        colour: of the label, on a terminal that wants colours (https://no-color.org).
        err: whether it goes to the standard error output.
        end: what stands behind it.
    """
    label = clean(label)
    rest = clean(text).replace("\n", "\n" + " " * 4)
    if label and colour and not os.environ.get("NO_COLOR"):
        label = click.style(label, fg=colour)
    click.echo(label + rest + end, err=err, nl=False)


def write(text: str) -> None:
    """Print a document of several lines as it is, but for orders to the terminal."""
    click.echo(clean(text))


def ask(question: str) -> None:
    """Ask before something is destroyed; where nobody can answer, `--yes` has to be given.

    Raises:
        click.ClickException: the answer is no, or there is none.
    """
    say(f"{question} [y/N] ", err=True, end="")
    if sys.stdin.readline().strip().casefold() not in YES:
        raise click.ClickException("Nothing was done. --yes does it without asking.")


def print_fields(fields: Mapping[str, object], zone: tzinfo) -> None:
    """Print fields that have a value, a line each, times in the company's zone."""
    for name, value in fields.items():
        if isinstance(value, datetime):
            value = f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
        if value not in (None, ""):
            lines = clean(value).replace("\n", "\n" + " " * (NAMES + 1))
            click.echo(f"{clean(name) + ':':<{NAMES}} {lines}")


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
    """Print a table as wide as the terminal, or as it needs to be where there is none.

    Columns are left out before anything that has to be whole is folded; which, is said below.
    """
    names = [column.name for column in columns]
    cells = [[clean(cell) for cell in row] for row in rows]
    needed = [
        max(cell_len(line) for row in (names, *cells) for line in row[index].split("\n"))
        for index in range(len(columns))
    ]
    terminal = terminal_width()
    widths = fit(columns, needed, terminal)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    for index, width in widths.items():
        table.add_column(Text(columns[index].name), width=width, overflow="fold")
    for row in cells:
        table.add_row(*(Text(row[index]) for index in widths))
    drawn = io.StringIO()
    total = sum(widths.values()) + GAP * len(widths)
    Console(file=drawn, width=total, color_system=None).print(table)
    heading, *lines = (line.rstrip() for line in drawn.getvalue().splitlines())
    click.echo(click.style(heading, bold=True))
    for line in lines:
        click.echo(line)
    left_out = [column.name for index, column in enumerate(columns) if index not in widths]
    if left_out:
        said = f"Too narrow for: {', '.join(left_out)}. A wider terminal or --json shows all."
        click.echo(click.wrap_text(said, terminal or len(said)))


def fit(columns: Sequence[Column], needed: Sequence[int], width: int | None) -> dict[int, int]:
    """Return the width of each column that is shown, by its index.

    Args:
        columns: all of them.
        needed: how many cells each would take.
        width: how many there are; None for as many as are needed.
    """
    shown = dict(enumerate(needed))
    if width is None:
        return shown
    least = {
        index: min(cells, max(FOLDED, cell_len(columns[index].name)))
        if columns[index].folds
        else cells
        for index, cells in shown.items()
    }
    while _total(least) > width and any(columns[index].rank for index in least):
        del least[max(least, key=lambda index: columns[index].rank)]
    spare = width - _total(least)
    for index in sorted(least, key=lambda index: needed[index]):
        more = min(max(spare, 0), needed[index] - least[index])
        least[index] += more
        spare -= more
    return least


def _total(widths: Mapping[int, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def terminal_width() -> int | None:
    """Return how many columns the terminal has; None in a pipe or a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def progress_terminal() -> Console | None:
    """Return where a bar may move; None where nobody would see it, or it would be noise."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return None
    return Console(stderr=True)


def print_json(value: Any) -> None:
    """Print a value as one JSON document, dataclasses as objects, times in UTC."""
    ascii_only = (getattr(sys.stdout, "encoding", None) or "").lower() not in {"utf-8", "utf8"}
    text = json.dumps(value, default=_plain, ensure_ascii=ascii_only, indent=2)
    click.echo("".join(_escaped(char) for char in text))


def answer(as_json: bool, value: Any, *lines: object) -> None:
    """Print what a command says: a value as JSON where that is wanted, or else lines for people."""
    if as_json:
        print_json(value)
        return
    for line in lines:
        say(line)


def _escaped(char: str) -> str:
    """Return what a terminal would obey, of which JSON escapes only a part, as JSON's escape."""
    if unicodedata.category(char) not in _ORDERS or char in _HARMLESS:
        return char
    return json.dumps(char)[1:-1] if ord(char) > 0xFF else f"\\u{ord(char):04x}"


class Lines(logging.Formatter):
    """Makes lines for the log on the terminal, of text that may be anybody's."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback below it if there is one."""
        return clean(super().format(record))


def record_fields(record: CallRecord, now: datetime) -> dict[str, Any]:
    """Return a call with its consents and recordings for JSON."""
    return {
        **asdict(record.call),
        "call_state": call_state(record, now),
        "consents": [asdict(consent) for consent in record.consents],
        "recordings": [asdict(recording) for recording in record.recordings],
        "pauses": [asdict(pause) for pause in record.pauses],
        "legs": [asdict(leg) for leg in record.legs],
        "notes": [asdict(note) for note in record.notes],
    }


def print_calls(records: Sequence[CallRecord], zone: tzinfo, now: datetime) -> None:
    """Print calls as a table, times in the company's zone, and how each stands now."""
    columns = (
        Column("time", 1),
        Column("customer", 2, folds=True),
        Column("own number", 5, folds=True),
        Column("direction", 7),
        Column("call", 3),
        Column("why not", 6),
        Column("recording, or call"),
        Column("state", 4),
    )
    print_table(columns, [_call_row(record, zone, now) for record in records])


def print_sentences(page: Page, zone: tzinfo) -> None:
    """Print what was said, in the order of the page, with times in the company's zone."""
    calls = {each.call.call_sid: each.call for each in page.calls}
    for sentence in page.sentences:
        call = calls[sentence.call_sid]
        facts = (
            f"{sentence.score:3} %",
            f"{call.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
            or_not_known(call.customer_number),
            f"{sentence.side or 'somebody'} at {clock(sentence.starts)}",
            sentence.recording_sid,
        )
        click.echo(click.style(clean("  ".join(facts)), bold=True))
        width = terminal_width()
        text = f"{' ' * 7}{clean(sentence.text)}"
        click.echo(click.wrap_text(text, width, subsequent_indent=" " * 7) if width else text)


def _call_row(record: CallRecord, zone: tzinfo, now: datetime) -> tuple[object, ...]:
    call, files = record.call, record.recordings
    return (
        f"{call.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
        or_not_known(call.customer_number),
        or_not_known(call.own_number),
        or_not_known(call.direction),
        call_state(record, now),
        call.reason or "",
        "\n".join(recording.sid for recording in files) or call.call_sid,
        "\n".join(recording_state(recording) for recording in files),
    )


def recording_state(recording: Recording) -> str:
    """Return a recording's state in a word or two."""
    if recording.given_up:
        return f"{recording.state} (given up)"
    return f"{recording.state} (parked)" if recording.parked else str(recording.state)


def or_not_known(said: str | None) -> str:
    """Return a number or a direction, or that nobody knows it."""
    return "not known" if said is None or said == NOT_KNOWN else said


def counted(count: int, what: str) -> str:
    """Return how many there are of something, as `1 call` and `1,200 calls`."""
    return f"{count:,} {what if count == 1 else f'{what}s'}"


def print_figures(figures: Mapping[str, int]) -> None:
    """Print a line for each figure that is not 0."""
    for what, count in figures.items():
        if count:
            say(f"  {what}: {count:,}")


def print_problems(problems: Mapping[str, str]) -> None:
    """Print what is wrong, a line for each."""
    for name, reason in problems.items():
        say(f"  {name}: {reason}")


def print_not_ours(count: int, named: Mapping[str, NotOurs]) -> None:
    """Print why recordings are not ours, one line for each that is named."""
    for sid, why in named.items():
        say(f"  {sid}: not ours: {why.sentence}")
    if count > len(named):
        say(f"  and {count - len(named):,} more that are not ours")


def tell_of_strangers(count: int, named: Mapping[str, str]) -> None:
    """Print what is in the bucket and is not twirec's, or cannot be read."""
    if not count:
        return
    say(f"  in the bucket, not twirec's or not to be read, left alone: {count:,}")
    for name, reason in named.items():
        say(f"    {name}: {reason}")
    if count > len(named):
        say(f"    and {count - len(named):,} more")


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
