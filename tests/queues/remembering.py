"""A queue that remembers what it is given."""

from __future__ import annotations

from twirec.archive import Archive
from twirec.jobs.hints import Hinting
from twirec.model.hints import Hint


class Remembering:
    """A queue that remembers what it is given; or fails."""

    def __init__(self, failing: Exception | None = None) -> None:
        self.failing = failing
        self.hints: list[Hint] = []
        self.closed = False

    def put(self, hint: Hint) -> None:
        self.hints.append(hint)
        if self.failing:
            raise self.failing

    def close(self) -> None:
        self.closed = True

    def told(self, archive: Archive) -> list[tuple[str, str]]:
        """Return what came since the last look."""
        hinting = archive.catalog.database.hinting
        assert isinstance(hinting, Hinting)
        assert hinting.flush(60)
        told = [(hint.kind, hint.key) for hint in self.hints]
        self.hints.clear()
        return told
