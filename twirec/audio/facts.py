"""What looks wrong with a recording's sound."""

from __future__ import annotations

from twirec.model.waves import SoundWarning, Waveform
from twirec.model.words import Role

MUCH_CLIPPED = 0.02
"""The share of a side's talk that may be cut off without a warning."""

SILENT_SIDE = {
    Role.CUSTOMER: SoundWarning.CUSTOMER_SILENT,
    Role.AGENT: SoundWarning.AGENT_SILENT,
    None: SoundWarning.ONE_SIDE_SILENT,
}


def warnings(waveform: Waveform) -> tuple[SoundWarning, ...]:
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
