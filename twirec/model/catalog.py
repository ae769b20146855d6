"""The catalog's port: what the library needs of the database, with its contract in words.

Every adapter runs the same suite (`tests/contracts/test_catalog*.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from twirec.model.announcements import Announcement, Audio
from twirec.model.audit import AuditCatalog
from twirec.model.catalog_calls import CallsCatalog
from twirec.model.catalog_foreign import ForeignCatalog
from twirec.model.catalog_recordings import RecordingsCatalog
from twirec.model.catalog_waves import WavesCatalog
from twirec.model.derivatives import DerivativesCatalog
from twirec.model.journal import JournalCatalog
from twirec.model.search import FindingCatalog


class Catalog(
    CallsCatalog,
    RecordingsCatalog,
    FindingCatalog,
    AuditCatalog,
    WavesCatalog,
    JournalCatalog,
    DerivativesCatalog,
    ForeignCatalog,
    Protocol,
):
    """The database.

    Every method is one transaction: done and durable on return, or not done at all. All times are
    aware UTC. Every method may raise `CatalogUnavailable`. Changes of the policy, entries of the
    register, orders, notes and pauses are on the audit log as soon as they are there.
    """

    # --- which catalog this is ----------------------------------------------------------------

    def identity(self) -> str:
        """Return which catalog this is: 16 hex digits, the same since it was made; no secret."""
        ...

    def take_identity(self, value: str) -> None:
        """Be the catalog of that identity: for one that is made anew from another's bucket."""
        ...

    # --- announcements and marks --------------------------------------------------------------

    def keep_announcement(self, announcement: Announcement, at: datetime) -> None:
        """Keep a wording under its hash, for ever. Doing it again changes nothing."""
        ...

    def announcement(self, hash_: str) -> Announcement:
        """Return the wording of that hash.

        Raises:
            NotFound: no wording of that hash was ever played.
        """
        ...

    def keep_audio(self, audio: Audio, at: datetime) -> None:
        """Keep a file of an announcement under its hash, for ever. Again changes nothing."""
        ...

    def audio(self, hash_: str) -> bytes:
        """Return the file of that hash.

        Raises:
            NotFound: no audio of that hash was ever played.
        """
        ...

    def unpublished_announcements(self) -> list[Announcement]:
        """Return the wordings that are not in the bucket yet."""
        ...

    def published(self, hash_: str, at: datetime) -> None:
        """Write down that a wording is in the bucket."""
        ...

    def mark(self, name: str) -> datetime | None:
        """Return a remembered time, such as where the last sweep ended; None if there is none."""
        ...

    def set_mark(self, name: str, at: datetime) -> None:
        """Remember a time under a name."""
        ...

    def take_turn(self, name: str, now: datetime, every: timedelta) -> bool:
        """Whether it is the caller's turn to do what is done every so often, and by one only.

        True for the first who asks after that time has passed since the last turn, which begins
        `now`; False for all others. A turn that is to come only after that time from now was taken
        by a wrong clock, and counts for nothing.
        """
        ...
