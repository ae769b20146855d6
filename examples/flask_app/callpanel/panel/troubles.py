"""Why a recording cannot be heard or taken out, and what to do about it, as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from twirec import (
    AudioToolsMissing,
    BucketError,
    BucketUnavailable,
    BytesDiffer,
    CatalogError,
    ConversionFailed,
    Custody,
    NotFound,
    ObjectNotFound,
    Recording,
    State,
    TwirecError,
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is the matter.

    Attributes:
        cause: why.
        step: what to do next.
    """

    cause: Any
    step: Any


ASK = _l("Tell an admin: the page Health names it.")
WAIT = _l("Try again in a few minutes; if it stays so, tell an admin.")

OF_STATES = {
    State.RECORDING: Trouble(
        _l("It is still being recorded."),
        _l("It can be heard some minutes after the call has ended: load this page anew then."),
    ),
    State.COMPLETED: Trouble(
        _l("It is on its way from Twilio."),
        _l("It mostly takes a minute: load this page anew."),
    ),
    State.ABSENT: Trouble(
        _l("Twilio recorded nothing: the call was too short, or nothing was heard."),
        _l("There is nothing to wait for."),
    ),
    State.FAILED: Trouble(
        _l("Twilio could not produce it."),
        _l("If Twilio does after all, it comes by itself."),
    ),
    State.EXTERNAL: Trouble(
        _l("Twilio put it into a storage of your own, not into this archive."),
        _l("Ask who looks after that storage."),
    ),
    State.LOST: Trouble(_l("Twilio had deleted it before it was copied."), ASK),
    State.ERASING: Trouble(
        _l("It is being destroyed, as was ordered."), _l("The audit log says by whom and why.")
    ),
    State.ERASED: Trouble(
        _l("It was destroyed, as was ordered."), _l("The audit log says by whom and why.")
    ),
}
"""By where the bytes are; what is archived can be heard."""

PARKED = Trouble(
    _l("It could not be copied from Twilio, and is not tried again by itself."),
    _l("An admin can let it be tried again, here or on the page Health."),
)
UNDECIDED = Trouble(
    _l("It could not be copied from Twilio, and time does not mend it."),
    _l("An admin decides what becomes of it, on this page."),
)
GIVEN_UP = Trouble(
    _l("It was given up, and stays at Twilio."),
    _l("An admin can let it be tried again, on this page."),
)

OF_CUSTODIES = {
    Custody.QUARANTINED: Trouble(
        _l("It is in quarantine: nothing proves that the caller was told of the recording."),
        _l("An admin can take it out once there is a legal ground, which is written down."),
    ),
    Custody.BLOCKED: Trouble(
        _l("It is blocked: kept for judges and authorities alone."),
        _l("An admin says who may have it, and for what."),
    ),
}
"""By who may have it; what is active may be heard."""

OF_ROLE = Trouble(
    _l("Your role does not hear recordings."), _l("Supervisors and admins do: ask one of them.")
)
"""Of somebody who may know of a recording, and not hear it."""

NO_PURPOSE = Trouble(
    _l("It is not said yet what you listen for."), _l("Choose it on the page of the call.")
)
SIGNED_OUT = Trouble(
    _l("Your session has ended."), _l("Sign in again: you come back to this page.")
)

OF_ERRORS: tuple[tuple[type[TwirecError], Trouble], ...] = (
    (
        BytesDiffer,
        Trouble(
            _l("What is kept of this recording is not what was archived: nothing of it is given."),
            _l("Tell an admin: the page Health says what differs, and what to do."),
        ),
    ),
    (ObjectNotFound, Trouble(_l("Its file is not in the bucket any more."), ASK)),
    (BucketUnavailable, Trouble(_l("The bucket does not answer just now."), WAIT)),
    (
        BucketError,
        Trouble(
            _l("The bucket does not give it."),
            _l("Tell an admin: `twirec doctor` says what is wrong with the bucket."),
        ),
    ),
    (
        AudioToolsMissing,
        Trouble(
            _l("This server lacks what draws and converts audio."),
            _l("The original can be heard and downloaded; an admin can install the rest."),
        ),
    ),
    (
        ConversionFailed,
        Trouble(
            _l("It could not be converted."),
            _l("Download the original, or choose another format."),
        ),
    ),
    (NotFound, Trouble(_l("There is no such recording, or it is not for you."), "")),
    (CatalogError, Trouble(_l("The database does not answer."), WAIT)),
    (TwirecError, Trouble(_l("It could not be read."), WAIT)),
)
"""By what went wrong; the first that fits counts."""


def of_error(error: TwirecError) -> Trouble:
    """Return what is the matter when something was tried and failed."""
    return next(trouble for kind, trouble in OF_ERRORS if isinstance(error, kind))


def of_recording(recording: Recording) -> Trouble | None:
    """Return why a recording cannot be heard by anybody; None if it can."""
    if recording.custody in OF_CUSTODIES:
        return OF_CUSTODIES[recording.custody]
    if recording.given_up:
        return GIVEN_UP
    if recording.undecided:
        return UNDECIDED
    if recording.state is State.COMPLETED and recording.parked:
        return PARKED
    return OF_STATES.get(recording.state)
