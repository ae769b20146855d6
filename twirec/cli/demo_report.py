"""What came of the demo's calls, shown and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import twirec
from twirec.cli.output import Column, print_json, print_table, say
from twirec.cli.scenes import expected_of
from twirec.model.bucket import StoredObject
from twirec.model.records import Recording
from twirec.model.states import State
from twirec.model.vocabulary import Role
from twirec.model.waveform import Side
from twirec.sandbox import Call, Party, Sandbox
from twirec.sandbox.scenes import Scene

NEAR = 0.1
"""Seconds that speech may be off."""


@dataclass(frozen=True, slots=True)
class Played:
    """A scene and the call that was played of it."""

    scene: Scene
    call: Call


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call.

    Attributes:
        title: of its scene.
        recording: its SID; None if there is none.
        same_bytes: whether bucket and vendor had the same; None where there is nothing to compare.
        as_told: whether both sides speak when they were told to; None likewise.
    """

    title: str
    call_sid: str
    customer: str
    outcome: str
    reason: str | None
    consent: str
    recording: str | None
    state: str | None
    seconds: int
    same_bytes: bool | None
    as_told: bool | None


def report(
    archive: twirec.Archive, sandbox: Sandbox, played: list[Played], *, as_json: bool
) -> list[str]:
    """Print what happened, and return what is not as it should be."""
    results = [_result(archive, sandbox, each) for each in played]
    wrong = [
        problem
        for each, result in zip(played, results, strict=True)
        for problem in _problems(each.scene, result)
    ]
    stored = list(archive.bucket.list())
    recordings = [each.name for each in stored if each.name.startswith("recordings/")]
    expected = sum(expected_of(each.scene).state is State.RELEASED for each in played)
    if len(recordings) != expected:
        wrong.append(f"{len(recordings)} recordings in the bucket, {expected} expected")
    left = [recording.sid for recording in archive.vendor.recordings(sandbox.account_sid)]
    # A recording that never was (absent) is only a note; Twilio deletes none that is not completed.
    left = [sid for sid in left if archive.recordings.get(sid).state is not State.ABSENT]
    wrong += [f"{sid} is still at the vendor" for sid in left]
    if as_json:
        objects = [{"name": each.name, "size": each.size, **each.labels} for each in stored]
        calls = [asdict(result) for result in results]
        print_json({"calls": calls, "objects": objects, "left_at_vendor": left, "wrong": wrong})
    else:
        _print(results, stored, archive.settings.bucket.partition("://")[0])
        say()
        say(f"Left at the vendor: {', '.join(left) or 'nothing'}")
    return wrong


def _result(archive: twirec.Archive, sandbox: Sandbox, played: Played) -> Result:
    record = archive.calls.get(played.call.sid)
    recording = next(iter(record.recordings), None)
    return Result(
        title=played.scene.title,
        call_sid=record.call.call_sid,
        customer=record.call.customer_number,
        outcome=record.call.outcome,
        reason=record.call.reason,
        consent=", ".join(consent.outcome for consent in record.consents) or "none",
        recording=recording.sid if recording else None,
        state=recording.state if recording else None,
        seconds=int(recording.duration or 0) if recording else 0,
        same_bytes=_same_bytes(archive, sandbox, recording) if recording else None,
        as_told=_as_told(archive, played.scene, recording) if recording else None,
    )


def _problems(scene: Scene, result: Result) -> Iterator[str]:
    expected = expected_of(scene)
    facts = (result.outcome, result.reason, result.state)
    if facts != (expected.outcome, expected.reason, expected.state):
        yield f"{scene.title}: {', '.join(each or '-' for each in facts)}"
    if result.same_bytes is False:
        yield f"{scene.title}: sha256 in the bucket is not that at the vendor"
    if result.as_told is False:
        yield f"{scene.title}: somebody speaks when they were not told to"


def _print(results: Sequence[Result], stored: Sequence[StoredObject], scheme: str) -> None:
    columns = (
        Column("call", folds=True),
        Column("customer", 1),
        Column("outcome", 2),
        Column("why not", 6),
        Column("consent", 5),
        Column("recording", 3),
        Column("sha256", 4),
        Column("speech", 7),
    )
    rows = [
        (
            each.title,
            each.customer,
            each.outcome,
            each.reason or "",
            each.consent,
            f"{each.state}, {each.seconds} s" if each.state else "none",
            {True: "equal", False: "DIFFERS", None: "-"}[each.same_bytes],
            {True: "as told", False: "DIFFERS", None: "-"}[each.as_told],
        )
        for each in results
    ]
    print_table(columns, rows)
    say()
    say(f"In the bucket ({scheme}):")
    for facts in stored:
        say(f"{facts.name}  {facts.size} bytes")
        for name, value in sorted(facts.labels.items()):
            say(f"    {name}: {value}")


def _as_told(archive: twirec.Archive, scene: Scene, recording: Recording) -> bool | None:
    """Whether both sides speak when they were told to; None where there is no recording."""
    if recording.object_name is None:
        return None
    waveform = archive.recordings.waveform(recording.sid)
    sides = ((Role.CUSTOMER, scene.caller), (Role.AGENT, scene.callee))
    return all(_speaks(waveform.side(role), party) for role, party in sides)


def _speaks(side: Side | None, party: Party) -> bool:
    """Whether the spans of speech are those of a party's lines, from when both are connected."""
    planned = [(line.at, line.at + line.seconds) for line in party.says]
    heard = [(span.start, span.end) for span in side.spans] if side else []
    return len(planned) == len(heard) and all(
        abs(spoken - said) <= NEAR
        for spans in zip(planned, heard, strict=True)
        for spoken, said in zip(*spans, strict=True)
    )


def _same_bytes(archive: twirec.Archive, sandbox: Sandbox, recording: Recording) -> bool | None:
    """Whether bucket and vendor have, or had, the same bytes; None where there are none."""
    if recording.object_name is None:
        return None
    sha256 = hashlib.sha256()
    for chunk in archive.bucket.open_range(recording.object_name):
        sha256.update(chunk)
    return sha256.hexdigest() == sandbox.sha256(recording.sid) == recording.sha256
