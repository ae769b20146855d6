"""Finding calls and looking at one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, tzinfo

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
        _show_alone(archive, sid, as_json)
        return
    wordings = {
        consent.announcement: archive.catalog.announcement(consent.announcement)
        for consent in record.consents
    }
    if as_json:
        played = {hash_: asdict(wording) for hash_, wording in wordings.items()}
        print_json({**record_fields(record), "announcements": played})
        return
    zone = archive.settings.timezone
    _print_call(record, zone)
    for hash_, wording in wordings.items():
        said = f"{wording.text} {wording.question}".strip()
        _lines({"announcement": hash_, "wording": f"{said} ({wording.language})"}, zone)
    for recording in record.recordings:
        _print_recording(recording, zone)
    for pause in record.pauses:
        _lines({"silent from": pause.paused_at, "to": pause.resumed_at, "by": pause.by}, zone)


def _show_alone(archive: Archive, sid: str, as_json: bool) -> None:
    """Show a recording whose call nobody knows (any more)."""
    recording = archive.catalog.recording(sid)
    if as_json:
        print_json({"recordings": [asdict(recording)]})
    else:
        _print_recording(recording, archive.settings.timezone)


def _print_call(record: CallRecord, zone: tzinfo) -> None:
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
            "reason": call.reason,
            "detail": call.detail,
            "legal basis": call.legal_basis,
        },
        zone,
    )
    for consent in record.consents:
        said = f"{consent.outcome} by {consent.method} {consent.key}".strip()
        known = ", ".join(f"entry {entry}" for entry in consent.agents)
        _lines({"consent": said, "given": consent.at, "agents": known}, zone)
    for leg in record.legs:
        _lines({"leg": leg.leg_sid, "agent": leg.agent}, zone)


def _print_recording(recording: Recording, zone: tzinfo) -> None:
    channels = ", ".join(recording.channel_map)
    _lines(
        {
            "recording": recording.sid,
            "state": recording.state,
            "custody": recording.custody,
            "legal ground": recording.legal_ground,
            "recorded from": recording.started_at,
            "seconds": recording.duration,
            "channels": f"{recording.channels} ({channels})" if channels else recording.channels,
            "object": recording.object_name,
            "size": recording.size,
            "sha256": recording.sha256,
            "due": recording.due_at,
            "last error": recording.last_error,
        },
        zone,
    )


def _lines(fields: dict[str, object], zone: tzinfo) -> None:
    """Print fields that have a value, times in the company's zone."""
    for name, value in fields.items():
        if isinstance(value, datetime):
            value = f"{value.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
        if value not in (None, ""):
            click.echo(f"{name + ':':<14} {value}")
    click.echo()
