"""The part of the catalog's port that knows what is not the installation's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from twirec.model.ownership import Adopt, Claim, Foreign


class ForeignCatalog(Protocol):
    """Whose calls and recordings are. See `Catalog`."""

    to_adopt: Adopt
    """What is taken over of what an account has. What was taken over when more was, and is not
    moved yet, is held: nothing claims it, and it neither waits nor is parked."""

    def wrote_line(self, account_sid: str, sid: str) -> bool:
        """Whether a call, or the one that a leg or conference belongs to, was told of live.

        Then it has a line that was not written only after it.
        """
        ...

    def first_call(self, own_number: str) -> datetime | None:
        """Return when the first call of a number was told of live, UTC; None if none was."""
        ...

    def is_held(self, sid: str) -> bool:
        """Whether a recording is held: it was taken over when more was."""
        ...

    def set_claim(self, sid: str, claim: Claim) -> None:
        """Write down by what a recording is the installation's own."""
        ...

    def foreign(self, account_sid: str, since: datetime, until: datetime) -> list[Foreign]:
        """Return what sweeps saw that is not the installation's own, made in a span, UTC.

        `until` is exclusive.
        """
        ...

    def set_foreign(
        self, account_sid: str, since: datetime, until: datetime, seen: Sequence[Foreign]
    ) -> None:
        """Write down what a sweep saw of a span, in the place of what was seen of it before."""
        ...

    def forget_foreign(self, before: datetime) -> None:
        """Forget what was made before a moment, UTC."""
        ...
