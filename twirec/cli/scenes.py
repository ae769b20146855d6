"""What has to come of the demo's calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twirec.model.states import State
from twirec.model.vocabulary import Outcome, Reason
from twirec.sandbox.scenes import Scene


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of a call.

    Attributes:
        outcome, reason: what the ledger has to say.
        state: the state in which its recording has to end; None when there must be none.
    """

    outcome: Outcome = Outcome.RECORDED
    reason: Reason | None = None
    state: State | None = State.RELEASED


UNUSUAL: Mapping[str, Expected] = {
    "hangs up during the announcement": Expected(Outcome.NOT_RECORDED, Reason.HUNG_UP, None),
    "the voice fails": Expected(Outcome.NOT_RECORDED, Reason.ANNOUNCEMENT_FAILED, None),
    "too short": Expected(Outcome.NOT_RECORDED, Reason.TOO_SHORT, State.ABSENT),
}
"""By the title of its scene; every other call is recorded."""


def expected_of(scene: Scene) -> Expected:
    """Return what has to come of a scene."""
    return UNUSUAL.get(scene.title, Expected())
