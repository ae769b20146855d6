"""How the command line shows calls, recordings and reports."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from twirec.model.ownership import NotOurs
from twirec.model.records import CallRecord, Recording
from twirec.model.words import NOT_KNOWN

console = Console(width=None if sys.stdout.isatty() else 140)
"""Where tables go; in a pipe or a file as wide as they need."""

as_json: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of a table."
)


def print_json(value: Any) -> None:
    """Print a value as JSON, times in UTC."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def record_fields(record: CallRecord) -> dict[str, Any]:
    """Return a call with its consents and recordings for JSON."""
    return {
        **asdict(record.call),
        "consents": [asdict(consent) for consent in record.consents],
        "recordings": [asdict(recording) for recording in record.recordings],
        "pauses": [asdict(pause) for pause in record.pauses],
        "legs": [asdict(leg) for leg in record.legs],
        "notes": [asdict(note) for note in record.notes],
    }


def print_calls(records: Sequence[CallRecord], zone: tzinfo) -> None:
    """Print calls as a table, times in the company's zone."""
    columns = ("time", "customer", "own number", "direction", "outcome", "recording", "state")
    table = Table(*(Column(name, overflow="fold") for name in columns))
    for record in records:
        call = record.call
        why = f"{call.outcome}: {call.reason}" if call.reason else str(call.outcome)
        files = record.recordings
        table.add_row(
            f"{call.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            or_not_known(call.customer_number),
            or_not_known(call.own_number),
            or_not_known(call.direction),
            why,
            "\n".join(recording.sid for recording in files),
            "\n".join(recording_state(recording) for recording in files),
        )
    console.print(table)


def recording_state(recording: Recording) -> str:
    """Return a recording's state in a word or two."""
    return f"{recording.state} (parked)" if recording.parked else str(recording.state)


def or_not_known(said: str | None) -> str:
    """Return a number or a direction, or that nobody knows it."""
    return "not known" if said is None or said == NOT_KNOWN else said


def print_not_ours(count: int, named: Mapping[str, NotOurs]) -> None:
    """Print why recordings are not ours, one line for each that is named."""
    for sid, why in named.items():
        click.echo(f"  {sid}: not ours: {why.sentence}")
    if count > len(named):
        click.echo(f"  and {count - len(named):,} more that are not ours")


def who() -> str:
    """Return who runs the command, for what is written down of it."""
    return f"os:{getpass.getuser()}"


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in JSON")
