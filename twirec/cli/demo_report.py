"""What came of the demo's calls, shown and checked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rich.table import Column, Table

from twirec.archive import Archive
from twirec.cli.output import console
from twirec.cli.scenes import Expected, expected_of
from twirec.model.records import CallRecord, Recording
from twirec.model.states import State
from twirec.model.waves import Side
from twirec.model.words import Role
from twirec.sandbox import Call, Party, Sandbox
from twirec.sandbox.scenes import Scene

NEAR = 0.1
"""Seconds that speech may be off."""


@dataclass(frozen=True, slots=True)
class Played:
    """A scene and the call that was played of it."""

    scene: Scene
    call: Call


def report(archive: Archive, sandbox: Sandbox, played: list[Played]) -> list[str]:
    """Print what happened, and return what is not as it should be."""
    wrong = _print_calls(archive, sandbox, played)
    wrong += _print_objects(archive, played)
    left = [found.sid for found in archive.vendor.recordings(sandbox.account_sid)]
    # A recording that never was (absent) is only a note; Twilio deletes none that is not completed.
    left = [sid for sid in left if archive.catalog.recording(sid).state is not State.ABSENT]
    console.print(f"\nLeft at the vendor: {', '.join(left) or 'nothing'}")
    return wrong + [f"{sid} is still at the vendor" for sid in left]


def _print_calls(archive: Archive, sandbox: Sandbox, played: list[Played]) -> list[str]:
    columns = ("call", "customer", "outcome", "consent", "recording", "sha256", "speech")
    table = Table(*(Column(name, overflow="fold") for name in columns))
    wrong: list[str] = []
    for each in played:
        record = archive.show(each.call.sid)
        call, scene = record.call, each.scene
        recording = next(iter(record.recordings), None)
        same = _same_bytes(archive, sandbox, recording) if recording else None
        state = recording.state if recording else None
        found = Expected(call.outcome, call.reason, state)
        if found != expected_of(scene):
            wrong.append(f"{scene.title}: {call.outcome}, {call.reason or '-'}, {state or '-'}")
        if same is False:
            wrong.append(f"{scene.title}: sha256 in the bucket is not that at the vendor")
        as_told = _as_told(archive, scene, recording) if recording else None
        if as_told is False:
            wrong.append(f"{scene.title}: somebody speaks when they were not told to")
        table.add_row(
            scene.title,
            call.customer_number,
            "\n".join(filter(None, (call.outcome, call.reason))),
            _consent(record),
            f"{recording.state}, {recording.duration or 0} s" if recording else "none",
            {True: "equal", False: "DIFFERS", None: "-"}[same],
            {True: "as told", False: "DIFFERS", None: "-"}[as_told],
        )
    console.print(table)
    return wrong


def _as_told(archive: Archive, scene: Scene, recording: Recording) -> bool | None:
    """Whether both sides speak when they were told to; None where there is no recording."""
    if recording.object_name is None:
        return None
    found = archive.waveform(recording.sid)
    sides = ((Role.CUSTOMER, scene.caller), (Role.AGENT, scene.callee))
    return all(_speaks(found.side(role), party) for role, party in sides)


def _speaks(side: Side | None, party: Party) -> bool:
    """Whether the spans of speech are those of a party's lines, from when both are connected."""
    told = [(line.at, line.at + line.seconds) for line in party.says]
    heard = [(span.start, span.end) for span in side.spans] if side else []
    return len(told) == len(heard) and all(
        abs(spoken - said) <= NEAR
        for spans in zip(told, heard, strict=True)
        for spoken, said in zip(*spans, strict=True)
    )


def _consent(record: CallRecord) -> str:
    return ", ".join(consent.outcome for consent in record.consents) or "none"


def _same_bytes(archive: Archive, sandbox: Sandbox, recording: Recording) -> bool | None:
    """Whether bucket and vendor have, or had, the same bytes; None where there are none."""
    if recording.object_name is None:
        return None
    found = hashlib.sha256()
    for chunk in archive.bucket.open_range(recording.object_name):
        found.update(chunk)
    return found.hexdigest() == sandbox.sha256(recording.sid) == recording.sha256


def _print_objects(archive: Archive, played: list[Played]) -> list[str]:
    console.print(f"\nIn the bucket ({archive.settings.bucket.partition('://')[0]}):")
    names = []
    for stored in archive.bucket.list():
        names.append(stored.name)
        console.print(f"[bold]{stored.name}[/bold]  {stored.size} bytes", soft_wrap=True)
        for name, value in sorted(stored.labels.items()):
            console.print(f"    {name}: {value}", soft_wrap=True, highlight=False)
    recordings = [name for name in names if name.startswith("recordings/")]
    expected = sum(expected_of(each.scene).state is State.RELEASED for each in played)
    if len(recordings) != expected:
        return [f"{len(recordings)} recordings in the bucket, {expected} expected"]
    return []
