"""Finding calls and looking at one."""

from __future__ import annotations

from dataclasses import asdict

import click

from twirec.archive import Archive
from twirec.cli.output import as_json, print_calls, print_json, record_fields
from twirec.model.errors import NotFound
from twirec.model.records import CallRecord, Recording
from twirec.model.states import State
from twirec.model.words import Direction


@click.command()
@click.option("--number", help="The customer's number as you would type it, or its last digits.")
@click.option("--since", help="Call time from: 2026-11-03 or '2026-11-03 16:30'.")
@click.option("--until", help="Call time up to; a date alone includes that day.")
@click.option("--direction", type=click.Choice([d.value for d in Direction]))
@click.option("--state", type=click.Choice([s.value for s in State]), help="Of a recording.")
@click.option("--not-recorded", is_flag=True, help="Only calls that were not recorded.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@as_json
def search(
    number: str | None,
    since: str | None,
    until: str | None,
    direction: str | None,
    state: str | None,
    not_recorded: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Find calls by number and time, newest first."""
    archive = Archive.from_env()
    found = archive.search(
        number=number,
        since=since,
        until=until,
        direction=Direction(direction) if direction else None,
        state=State(state) if state else None,
        not_recorded=not_recorded,
        limit=limit,
    )
    if as_json:
        print_json([record_fields(record) for record in found])
    elif found:
        print_calls(found, archive.settings.timezone)
    else:
        click.echo("No call matches.")


@click.command()
@click.argument("sid")
@as_json
def show(sid: str, as_json: bool) -> None:
    """Show a call by its SID (CA…) or that of its recording (RE…)."""
    archive = Archive.from_env()
    try:
        record = archive.show(sid)
    except NotFound:
        _show_alone(archive.catalog.recording(sid), as_json)
        return
    wordings = {
        consent.announcement: archive.catalog.announcement(consent.announcement)
        for consent in record.consents
    }
    if as_json:
        played = {hash_: asdict(wording) for hash_, wording in wordings.items()}
        print_json({**record_fields(record), "announcements": played})
        return
    _print_call(record)
    for hash_, wording in wordings.items():
        said = f"{wording.text} {wording.question}".strip()
        _lines({"announcement": hash_, "wording": f"{said} ({wording.language})"})
    for recording in record.recordings:
        _print_recording(recording)
    for pause in record.pauses:
        _lines({"silent": f"{pause.paused_at} to {pause.resumed_at or 'now'} by {pause.by}"})


def _show_alone(recording: Recording, as_json: bool) -> None:
    """Show a recording whose call nobody knows (any more)."""
    if as_json:
        print_json({"recordings": [asdict(recording)]})
    else:
        _print_recording(recording)


def _print_call(record: CallRecord) -> None:
    call = record.call
    _lines(
        {
            "call": call.call_sid,
            "direction": call.direction,
            "customer": call.customer_number,
            "own number": call.own_number,
            "started": call.started_at,
            "ended": call.ended_at,
            "outcome": call.outcome,
            "reason": f"{call.reason} {call.detail}" if call.reason else None,
            "legal basis": call.legal_basis,
        }
    )
    for consent in record.consents:
        _lines({"consent": f"{consent.outcome} by {consent.method} at {consent.at}"})


def _print_recording(recording: Recording) -> None:
    channels = ", ".join(recording.channel_map)
    _lines(
        {
            "recording": recording.sid,
            "state": recording.state,
            "custody": recording.custody,
            "recorded from": recording.started_at,
            "seconds": recording.duration,
            "channels": f"{recording.channels} ({channels})" if channels else recording.channels,
            "object": recording.object_name,
            "size": recording.size,
            "sha256": recording.sha256,
            "due": recording.due_at,
            "last error": recording.last_error,
        }
    )


def _lines(fields: dict[str, object]) -> None:
    for name, value in fields.items():
        if value not in (None, ""):
            click.echo(f"{name + ':':<14} {value}")
    click.echo()
