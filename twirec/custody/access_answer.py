"""What of a recording somebody gets who asks for what is kept of them (GDPR art. 15)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, tzinfo

from twirec.model.access_requests import (
    AccessAnswer,
    AccessRequest,
    AccessStep,
    AnsweredCall,
    CallSide,
    Consultation,
    CopyOf,
    Fate,
    StepKind,
)
from twirec.model.audio import Channels
from twirec.model.audit import Action, AuditEntry, AuditOutcome
from twirec.model.records import Recording
from twirec.model.states import STORED, Custody, State
from twirec.model.vocabulary import Role

SILENCED = {CallSide.CUSTOMER: Channels.WITHOUT_AGENT, CallSide.AGENT: Channels.WITHOUT_CUSTOMER}
"""What is heard where the other side is silent."""

DESTROYED = frozenset({State.ERASING, State.ERASED})
CONSULTING = (Action.LISTEN, Action.DOWNLOAD, Action.SHOW, Action.READ)


def fate_of(
    recording: Recording, side: CallSide, copies: CopyOf, *, decided: bool, doubtful: bool
) -> tuple[Fate, Channels | None]:
    """Return whether a recording is given, and how.

    What is blocked is for judges and authorities only: its copy is not for who asks either
    (LOPDGDD art. 32.2). What is in quarantine nobody hears before there is a legal ground.

    Args:
        recording: the recording.
        side: what the number was in its call.
        copies: what was decided of it, or else of all.
        decided: whether that was decided of this one.
        doubtful: whether its sides may be swapped.
    """
    if recording.state in DESTROYED:
        return Fate.DESTROYED, None
    if recording.custody is Custody.BLOCKED:
        return Fate.BLOCKED, None
    if recording.custody is Custody.QUARANTINED:
        return Fate.QUARANTINED, None
    if recording.state not in STORED:
        return Fate.NOT_THERE, None
    if copies is CopyOf.LEFT_OUT:
        return Fate.LEFT_OUT, None
    if side is CallSide.FORWARDED:
        return Fate.NOT_HEARD, None
    if copies is CopyOf.WHOLE:
        return Fate.GIVEN, Channels.BOTH
    if not sides_known(recording) or (doubtful and not decided):
        return Fate.UNDECIDED, None
    return Fate.GIVEN, SILENCED[side]


def sides_known(recording: Recording) -> bool:
    """Return whether one side of a recording can be silenced: who is on which channel is known."""
    roles = recording.roles(recording.channels or 0)
    return len(roles) == 2 and set(roles) == set(Role)


def decisions(steps: Iterable[AccessStep]) -> Mapping[str, CopyOf]:
    """Return what was decided last, by the SID of the call or recording.

    Args:
        steps: of the request, oldest first.
    """
    return {
        step.sid: step.copies
        for step in steps
        if step.kind is StepKind.DECIDED and step.sid and step.copies
    }


def consultations(
    entries: Sequence[AuditEntry], zone: tzinfo, *, key: str = ""
) -> tuple[Consultation, ...]:
    """Return when and what for something was consulted, oldest first, each day once.

    What was refused, or failed before a byte left, is no consultation; nor is the making of the
    answer itself. Who it was is not said (CJEU C-579/21, 22 June 2023).

    Args:
        entries: of the audit log, in any order.
        zone: the company's.
        key: of the request that is answered.
    """
    said: set[tuple[date, str, str]] = set()
    ended = {entry.detail.get("tried") for entry in entries}
    for entry in entries:
        if entry.action not in CONSULTING or entry.seq in ended:
            continue
        if entry.outcome is AuditOutcome.DENIED or (key and entry.detail.get("request") == key):
            continue
        if entry.outcome is AuditOutcome.FAILED and not entry.detail.get("bytes"):
            continue
        day = entry.at.astimezone(zone).date()
        said.add((day, entry.action, str(entry.detail.get("purpose") or "")))
    return tuple(Consultation(*each) for each in sorted(said))


def answer_of(request: AccessRequest, calls: Iterable[AnsweredCall], left_out: int) -> AccessAnswer:
    """Return an answer: of what is blocked it says only how many there are.

    Args:
        request: the request.
        calls: in any order.
        left_out: how many calls are.
    """
    ordered = {(call.record.call.started_at, call.record.call.call_sid): call for call in calls}
    shown, blocked, undecided = list[AnsweredCall](), 0, list[str]()
    for _, call in sorted(ordered.items()):
        named = tuple(each for each in call.recordings if each.fate is not Fate.BLOCKED)
        blocked += len(call.recordings) - len(named)
        undecided += [each.recording.sid for each in named if each.fate is Fate.UNDECIDED]
        shown.append(replace(call, recordings=named))
    return AccessAnswer(request, tuple(shown), left_out, blocked, tuple(undecided))
