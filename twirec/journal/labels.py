"""What a recording's object in the bucket says of it: its row, its call and its consent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta

from twirec.journal.page import is_whole
from twirec.model.bucket import BLOCKED_UNTIL, HELD, TO_ERASE, StoredObject
from twirec.model.cards import CardCut, CardCutState, silences
from twirec.model.clock import read_moment
from twirec.model.encryption import Encryption
from twirec.model.errors import VerificationFailed
from twirec.model.journal import LabelledObject
from twirec.model.ownership import Claim
from twirec.model.records import Acceptance, Call, Consent, Recording
from twirec.model.states import STORED, UNDONE, Custody, State
from twirec.model.vocabulary import (
    ConsentMode,
    ConsentOutcome,
    Direction,
    LegalBasis,
    Outcome,
    Role,
)
from twirec.transfers.naming import SCHEMA, object_name

NONSENSE = (KeyError, TypeError, ValueError, ArithmeticError, RecursionError)
"""What labels raise that say what no label of ours says."""

ONE_SECOND = timedelta(seconds=1)
"""Twilio cuts the start of a recording to whole seconds."""


def recording_in(
    stored: StoredObject, known: Recording | None, now: datetime
) -> LabelledObject | None:
    """Return what an object adds to the row that is known of it; None if nothing.

    Labels are newer than the journal, or older: what was archived, admitted, blocked or ordered
    to be erased since the journal was written is only there; and what is erased stays so, whatever
    lies in the bucket.

    Args:
        stored: the object.
        known: the row of its recording, if the journal has one.
        now: when it is due, if there is something left to do, UTC.

    Raises:
        VerificationFailed: the labels do not prove what the bucket holds.
    """
    if known is not None and known.state in UNDONE:
        return LabelledObject(_erasing(known, now))
    if known is not None and known.state in STORED:
        _check_name(stored, known)
        row = _merged(_copied(known, stored), stored.labels)
        row = _erasing(row, now) if stored.labels.get(TO_ERASE) else row
        return LabelledObject(row) if row != known else None
    labelled = _read(stored, now)
    if known is not None:
        labelled = replace(
            labelled, recording=_merged(_joined(labelled.recording, known), stored.labels)
        )
    if stored.labels.get(TO_ERASE):
        labelled = replace(labelled, recording=_erasing(labelled.recording, now))
    return labelled


def kept_by(labels: Mapping[str, str]) -> tuple[str, date | None]:
    """Return for which cases an object is held, and until when it is blocked, if its labels say it.

    Who wrote the journal may not have known it yet: what protects a recording is believed.
    """
    day = None
    with suppress(ValueError):
        day = date.fromisoformat(labels.get(BLOCKED_UNTIL, ""))
    return labels.get(HELD, ""), day


def _erasing(recording: Recording, now: datetime) -> Recording:
    return replace(recording, state=State.ERASING, due_at=now, attempts=0, last_error="")


def _joined(labelled: Recording, known: Recording) -> Recording:
    """Return what was found as archived, with what the journal knows better."""
    return replace(
        labelled,
        call_sid=known.call_sid or labelled.call_sid,
        leg=known.leg or labelled.leg,
        source=known.source or labelled.source,
        encryption=known.encryption or labelled.encryption,
        custody=known.custody,
        legal_ground=known.legal_ground,
        keep_at_vendor=known.keep_at_vendor,
        claim=known.claim,
    )


def _merged(known: Recording, labels: Mapping[str, str]) -> Recording:
    """Return the row with the custody of the labels, where that is the later or the stricter."""
    said, ground = labels.get("custody"), labels.get("legal_ground", "")
    if said == Custody.BLOCKED.value:
        return replace(known, custody=Custody.BLOCKED)
    if known.custody is Custody.QUARANTINED and said == Custody.ACTIVE.value and ground:
        return replace(known, custody=Custody.ACTIVE, legal_ground=ground)
    return known


def _copied(known: Recording, stored: StoredObject) -> Recording:
    """Return the row with the generation that the same bytes have in a bucket copied from one."""
    if (stored.size, stored.crc32c) != (known.size, known.crc32c):
        return known  # the sweep says that it is not what was archived
    return replace(known, generation=stored.generation)


def _check_name(stored: StoredObject, known: Recording) -> None:
    if known.object_name != stored.name:
        raise VerificationFailed(f"the journal says that it is {known.object_name}.")


def _read(stored: StoredObject, now: datetime) -> LabelledObject:
    """Return what the labels say, if they prove it: the worker then deletes Twilio's copy."""
    if stored.labels.get("schema") != SCHEMA:
        raise VerificationFailed("it has no labels, or those of another version of twirec.")
    if not is_whole(stored):
        raise VerificationFailed("its labels do not prove that it is whole.")
    try:
        return _labelled(stored, stored.labels, now)
    except NONSENSE as error:
        raise VerificationFailed("its labels are incomplete or cannot be read.") from error


def _labelled(stored: StoredObject, labels: Mapping[str, str], now: datetime) -> LabelledObject:
    call = call_in(labels)
    consent = _consent(labels) if call and labels.get("consent_leg") else None
    recording = Recording(
        sid=labels["recording_sid"],
        account_sid=labels["account_sid"],
        call_sid=labels["call_sid"] or None,
        state=State.ARCHIVED,
        custody=Custody(labels["custody"]),
        legal_ground=labels["legal_ground"],
        source=labels["source"] or None,
        started_at=read_moment(labels["started_at"]),
        duration=int(labels["duration_seconds"]),
        channels=int(labels["channels"]),
        channel_map=tuple(Role(role) for role in json.loads(labels["channel_map"])),
        leg=labels["leg"] or None,
        encryption=_encryption(labels),
        object_name=stored.name,
        generation=stored.generation,
        size=stored.size,
        crc32c=stored.crc32c,
        sha256=_hex(labels["sha256"]),
        due_at=now,
        keep_at_vendor=labels.get("keep_at_vendor") == "yes",
        claim=Claim(labels.get("claim", Claim.TOLD)),
        accepted=_acceptance(labels),
    )
    if object_name(recording) != stored.name:
        raise ValueError("another recording's labels")
    if recording.custody is Custody.ACTIVE and not _may_be_active(recording, consent):
        recording = replace(recording, custody=Custody.QUARANTINED)
    return LabelledObject(recording, call, consent, cut=_cut(recording.sid, labels))


def _cut(sid: str, labels: Mapping[str, str]) -> CardCut | None:
    """Return that a recording is a copy without card numbers, whose original is destroyed."""
    if "replaced_at" not in labels:
        return None
    at = read_moment(labels["replaced_at"])
    return CardCut(
        sid,
        found_at=at,
        sha256=_hex(labels["original_sha256"]),
        spans=(),
        state=CardCutState.CUT,
        made_at=at,
        made_cuts=silences(labels["cuts"]),
        replaced_at=at,
    )


def _may_be_active(recording: Recording, consent: Consent | None) -> bool:
    if recording.legal_ground:
        return True
    begun = recording.started_at
    informed = consent is not None and begun is not None and consent.at <= begun + ONE_SECOND
    return consent is not None and informed and consent.outcome.allows_recording


def call_in(labels: Mapping[str, str]) -> Call | None:
    """Return the line that the labels of a recording tell of; None if of none.

    Raises:
        KeyError, TypeError, ValueError: they are incomplete, or cannot be read.
    """
    if not labels.get("customer_number"):
        return None
    mode, basis = labels.get("consent_mode"), labels.get("legal_basis")
    return Call(
        account_sid=labels["account_sid"],
        call_sid=labels["call_sid"],
        direction=Direction(labels["direction"]) if labels["direction"] else None,
        customer_number=labels["customer_number"],
        own_number=labels["own_number"],
        started_at=read_moment(labels["call_started_at"]),
        announcement=labels.get("announcement") or None,
        channel_map=tuple(Role(role) for role in json.loads(labels["channel_map"])),
        leg=labels.get("consent_leg", ""),
        mode=ConsentMode(mode) if mode else None,
        legal_basis=LegalBasis(basis) if basis else None,
        outcome=Outcome.RECORDED,
        late=labels.get("late") == "yes",
    )


def _consent(labels: Mapping[str, str]) -> Consent:
    return Consent(
        account_sid=labels["account_sid"],
        call_sid=labels["call_sid"],
        leg=labels["consent_leg"],
        outcome=ConsentOutcome(labels["consent"]),
        method=labels["consent_method"],
        announcement=labels["announcement"],
        language=labels["language"],
        at=read_moment(labels["consent_at"]),
        key=labels["consent_key"],
        agents=tuple(int(entry) for entry in labels["agents"].split()),
    )


def _encryption(labels: Mapping[str, str]) -> Encryption | None:
    """Return what is left of how Twilio encrypted it: enough for what was decrypted long ago."""
    if "encrypted" not in labels:
        return None
    return Encryption(labels["encrypted"], labels.get("public_key_sid", ""), "", "")


def _acceptance(labels: Mapping[str, str]) -> Acceptance | None:
    if "accepted_despite" not in labels:
        return None
    return Acceptance(labels["accepted_despite"], labels["accepted_by"], labels["accepted_why"])


def _hex(text: str) -> str:
    if len(bytes.fromhex(text)) != 32:
        raise ValueError("no SHA-256")
    return text
