"""Who does something: a name, and what they are to the company."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twirec.model.errors import InvalidQuery
from twirec.model.given import text


class StaffRole(StrEnum):
    """What somebody is to the company.

    An app may have roles of its own: they are on the audit log as they were said, and have the
    rights of somebody without a role.
    """

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        name: by which the audit log names them, such as `ana` or `os:eva`.
        role: `admin`, `supervisor`, `auditor`, `agent`, or a word of the app's own; empty where the
            app has no roles.
    """

    name: str
    role: str = ""

    @property
    def staff_role(self) -> StaffRole | None:
        """The role by which the gate judges; None for none, and for a word of the app's own."""
        return StaffRole(self.role) if self.role in set(StaffRole) else None

    def __str__(self) -> str:
        """Return the name."""
        return self.name


NOBODY = Actor("")
"""Who asks where nobody is named: they have the least rights."""

OURSELVES = Actor("twirec")
"""Who reads what nobody asked for, such as to make a listening copy."""


def acting(by: Actor | str) -> Actor:
    """Return who acts, without spaces around their name.

    Args:
        by: an `Actor`; or a name alone, of somebody without a role.

    Raises:
        InvalidQuery: it is neither, or it names nobody.
    """
    actor = by if isinstance(by, Actor) else Actor(text("by", by))
    name, role = text("by", actor.name).strip(), text("role", actor.role).strip()
    if not name:
        raise InvalidQuery("by: say who did it; it is written to the audit log.")
    return Actor(name, role)


def asking(by: Actor | str | None) -> Actor:
    """Return who asks; `NOBODY` for None.

    Raises:
        InvalidQuery: as `acting`.
    """
    return NOBODY if by is None else acting(by)
