"""What looks wrong with a recording's sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from twirec.model.records import Recording
from twirec.model.vocabulary import Role
from twirec.model.waveform import SoundWarning, Waveform

MUCH_CLIPPED = 0.02
"""The share of a side's talk that may be cut off without a warning."""

ALIKE = 20
"""How many recordings of calls like one tell whether its channels look swapped."""
FEWEST = 10
"""Fewer than these tell nothing."""
MOST = 0.8
"""Who picks up speaks first: the customer does in so many calls in only if they are the agent."""

SILENT_SIDE = {
    Role.CUSTOMER: SoundWarning.CUSTOMER_SILENT,
    Role.AGENT: SoundWarning.AGENT_SILENT,
    None: SoundWarning.ONE_SIDE_SILENT,
}


def judged(measured: Waveform, recording: Recording) -> Waveform:
    """Return what was measured, with who is on which channel and what looks wrong."""
    roles = recording.roles(measured.channels) or (None,) * measured.channels
    sides = zip(measured.sides, roles, strict=True)
    known = replace(measured, sides=tuple(replace(side, role=role) for side, role in sides))
    return replace(known, warnings=_warnings(known))


def _warnings(waveform: Waveform) -> tuple[SoundWarning, ...]:
    """Return what looks wrong, the worst first."""
    sides = waveform.sides
    silent = [side for side in sides if side.silent]
    if len(silent) == len(sides):
        found = [SoundWarning.SILENT]
    else:
        found = [SILENT_SIDE[side.role] for side in silent]
    if any(side.clipped > MUCH_CLIPPED * side.talk for side in sides):
        found.append(SoundWarning.CLIPPED)
    return tuple(dict.fromkeys(found))


def customer_first(waveform: Waveform) -> bool:
    """Whether both sides speak, and who is said to be the customer does so first."""
    customer, agent = waveform.side(Role.CUSTOMER), waveform.side(Role.AGENT)
    if customer is None or agent is None or not (customer.spans and agent.spans):
        return False
    return customer.spans[0].start < agent.spans[0].start


def mostly_customers(first: Sequence[Role]) -> bool:
    """Whether the first to speak were mostly customers, in enough calls to tell."""
    return len(first) >= FEWEST and first.count(Role.CUSTOMER) >= MOST * len(first)
