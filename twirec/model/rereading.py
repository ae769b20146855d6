"""What came of reading all addresses anew."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RereadReport:
    """What came of reading all addresses of the catalog anew. All figures are counts.

    Attributes:
        dry_run: whether nothing was written.
        lines: lines of calls that were looked at.
        lines_changed: those whose numbers are others now, or would be.
        legs_changed: legs of agents who have another name now.
        register_added: entries of the register made once more, under the name of now.
        policy_added: changes of the policy made once more, for the number of now.
    """

    dry_run: bool = False
    lines: int = 0
    lines_changed: int = 0
    legs_changed: int = 0
    register_added: int = 0
    policy_added: int = 0
