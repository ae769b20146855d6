"""What somebody may decide of a recording that time does not mend: to accept it, or to give it up.

Pure: who decides writes it down.
"""

from __future__ import annotations

from twirec.custody.orders import LONGEST_GROUND
from twirec.model.access import without_object
from twirec.model.custody import Order
from twirec.model.errors import InvalidQuery, MediaMismatch, MediaNotDescribed
from twirec.model.records import Acceptance, Recording
from twirec.model.states import State

ACCEPTABLE = (MediaMismatch, MediaNotDescribed)
"""What may be archived all the same: whole audio, which is only not what Twilio says of it."""


def acceptance(recording: Recording, order: Order) -> Acceptance:
    """Return what is written down of a recording that is archived in spite of its last error.

    Raises:
        InvalidQuery: nothing is to be decided of it, or not this.
    """
    if not recording.undecided:
        raise InvalidQuery(
            f"{recording.sid} does not wait for a decision: `twirec stats` names what does."
        )
    despite = recording.last_error
    if despite.partition(":")[0] not in {error.__name__ for error in ACCEPTABLE}:
        raise InvalidQuery(
            f"{recording.sid} cannot be accepted, only what is whole audio can: give it up, or let "
            f"it be tried again. {without_object(recording, despite)}"
        )
    if recording.started_at is None:
        raise InvalidQuery(
            f"{recording.sid} cannot be accepted: without its start its object has no name."
        )
    return Acceptance(despite, order.by, order.why)


def check_may_be_given_up(recording: Recording) -> None:
    """Check that something can be given up: what is parked and has still to be copied.

    Raises:
        InvalidQuery: it is archived already, is not parked, or was given up.
    """
    if recording.state is not State.COMPLETED:
        raise InvalidQuery(
            f"{recording.sid} is {recording.state}: only what has still to be copied can be given "
            "up."
        )
    if not recording.parked:
        raise InvalidQuery(f"{recording.sid} is not parked: `twirec stats` names what is.")


def check_reason(reason: str) -> str:
    """Return a reason without spaces around it.

    Raises:
        InvalidQuery: none is given, or it is longer than the labels of an object take.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidQuery("reason: say why; it is kept with the recording.")
    if len(reason) > LONGEST_GROUND:
        raise InvalidQuery(f"reason: write at most {LONGEST_GROUND} characters.")
    return reason
