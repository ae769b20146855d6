"""What a yes to being recorded for a case covers: from its moment on (Ley 10/2025, art. 12.1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from twirec.calls.ledger import BY_REST
from twirec.model.cases import CaseAnswer, CaseStep, CaseStepKind
from twirec.model.records import CallRecord, Consent, Recording
from twirec.model.states import NOTHING_THERE, UNDONE, Custody, State
from twirec.model.vocabulary import ConsentOutcome

A_MOMENT = timedelta(seconds=2)
"""Twilio tells whole seconds, by its own clock: what began so shortly before a yes began by it."""


def by_key(consents: Iterable[Consent]) -> Consent | None:
    """Return the yes of a key when a call began; None for none, or for one to a question of ours.

    What is written down of a case's own question names the case, and is for that one alone.
    """
    granted = (each for each in consents if each.outcome is ConsentOutcome.GRANTED)
    return next((each for each in granted if each.leg.startswith("CA")), None)


def consented_at(record: CallRecord, steps: Sequence[CaseStep]) -> datetime | None:
    """Return since when a customer consents to being recorded; None if they did not in that call.

    A yes said again keeps the moment of the first, and a no ends it. What is written down when the
    call is over covers nothing: then it is not known what they would have said during it.

    Args:
        record: the call.
        steps: what was done for the case, oldest first.
    """
    key = by_key(record.consents)
    since = None if key is None else key.at
    for step in steps:
        if step.kind is CaseStepKind.CONSENT and step.call_sid == record.call.call_sid:
            if step.text != CaseAnswer.GRANTED:
                since = None
            elif since is None:
                since = step.at
    ended = record.call.ended_at
    return since if since is not None and (ended is None or since <= ended) else None


def begun_for(call_sid: str, steps: Iterable[CaseStep], since: datetime | None = None) -> list[str]:
    """Return the recordings of a call that began for a case, oldest first.

    Args:
        call_sid: of the call.
        steps: what was done for the case.
        since: only those that began then or later, UTC; None for all.
    """
    its = (each for each in steps if each.kind is CaseStepKind.RECORDING)
    return [
        each.text
        for each in its
        if each.call_sid == call_sid and (since is None or each.at >= since)
    ]


def proof_of(record: CallRecord, key: str) -> Consent | None:
    """Return what was written down before recording was to begin for a case; None if it was not.

    Args:
        record: the call.
        key: of the case.
    """
    return next((each for each in record.consents if each.leg == key), None)


def begun_by(record: CallRecord, key: str, steps: Iterable[CaseStep]) -> list[str]:
    """Return the recordings of a call that a yes for a case began, those too that no step tells of.

    Whoever began one may have died before that was written down. Where one was to begin for a case
    nothing else was recorded: what began over the API since, of the call itself, is that.

    Args:
        record: the call.
        key: of the case.
        steps: what was done for the case.
    """
    begun, proof = begun_for(record.call.call_sid, steps), proof_of(record, key)
    if proof is None:
        return begun
    since = proof.at - A_MOMENT
    return begun + [
        each.sid
        for each in record.recordings
        if each.sid not in begun
        and (each.source, each.leg) == (BY_REST, None)
        and (each.started_at is None or each.started_at >= since)
    ]


def covered(record: CallRecord, steps: Sequence[CaseStep]) -> list[tuple[Recording, float]]:
    """Return what of a call is the customer's by their yes: recordings, and from which second on.

    What was recorded before, on another ground, is not.

    Args:
        record: the call.
        steps: what was done for the case, oldest first.
    """
    since = consented_at(record, steps)
    if since is None:
        return []
    begun = begun_for(record.call.call_sid, steps, since)
    found = []
    for each in record.recordings:
        if each.custody is not Custody.ACTIVE or each.state in {*UNDONE, *NOTHING_THERE}:
            continue
        start = 0.0 if each.sid in begun else _second(each, since)
        if start is not None:
            found.append((each, start))
    return found


def _second(recording: Recording, since: datetime) -> float | None:
    """Return the first second that is covered; None if all of it was before."""
    if recording.started_at is None:
        return None
    before = since - recording.started_at
    if before <= A_MOMENT:
        return 0.0
    start = math.ceil(before.total_seconds())
    if recording.state is State.RECORDING or start < (recording.duration or 0):
        return float(start)
    return None
