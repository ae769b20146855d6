"""The catalog: its parts as one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime

from twirec.adapters.sql import identity, migrate
from twirec.adapters.sql.agents import Agents
from twirec.adapters.sql.audit import Audit
from twirec.adapters.sql.database import Database
from twirec.adapters.sql.derivatives import Derivatives
from twirec.adapters.sql.foreign import ForeignRecordings
from twirec.adapters.sql.journal import Journal
from twirec.adapters.sql.keeping import Keeping
from twirec.adapters.sql.keepsakes import Keepsakes
from twirec.adapters.sql.ledger import Ledger
from twirec.adapters.sql.orders import Orders
from twirec.adapters.sql.outbox import Outbox
from twirec.adapters.sql.participants import Participants
from twirec.adapters.sql.pauses import Pauses
from twirec.adapters.sql.policies import Policies
from twirec.adapters.sql.recordings import Recordings
from twirec.adapters.sql.search import Search
from twirec.adapters.sql.upkeep import Upkeep
from twirec.adapters.sql.waves import Waves
from twirec.adapters.sql.work import Work
from twirec.model.errors import CatalogUnavailable
from twirec.model.ownership import OURS, Adopt

LEAST_ROOM = 32_000_000
"""Bytes that the disk of a SQLite catalog has to have: below that a write may fail at any time,
though small ones still pass, into room that the files have already."""


class SqlCatalog(
    Agents,
    Participants,
    Ledger,
    Orders,
    Pauses,
    Policies,
    Recordings,
    Work,
    Keepsakes,
    Upkeep,
    Outbox,
    Search,
    Audit,
    Waves,
    Keeping,
    Journal,
    Derivatives,
    ForeignRecordings,
):
    """The catalog port on a SQL database.

    Args:
        url: a SQLAlchemy URL, such as `sqlite:///twirec.db`; `sqlite://` lives in memory.
        notices: the clock by which notices are dated; None if none are to be written.
        audit_key: of the HMACs that stand for numbers in the audit log; empty leaves them out.
        adopt: what is taken over of what an account has; rows beyond it stay as they are.
    """

    def __init__(
        self,
        url: str,
        *,
        notices: Callable[[], datetime] | None = None,
        audit_key: str = "",
        adopt: Adopt = OURS,
    ) -> None:
        self.database = Database(url, notices, migrate.refuse_newer)
        self.audit_key = audit_key
        self.to_adopt = adopt

    def set_up(self) -> None:
        """Make the tables, or bring them to this version. Doing it again changes nothing."""
        migrate.upgrade(self.database)
        identity.make_identity(self.database)

    def identity(self) -> str:
        """Return which catalog this is. It has been the same since the catalog was made."""
        return identity.make_identity(self.database)

    def take_identity(self, value: str) -> None:
        """Be the catalog from whose bucket this one was made anew."""
        identity.take_identity(self.database, value)

    def check(self) -> None:
        """Check that the database answers, is of this version, and has room to be written.

        Raises:
            CatalogUnavailable: it does not, is not or has none; the message names the fix.
        """
        migrate.check(self.database)
        if self.database.file is None:
            return
        free = shutil.disk_usage(self.database.file.parent).free
        if free < LEAST_ROOM:
            raise CatalogUnavailable(
                f"The disk of the catalog has {free // 1_000_000} MB left: make room on it."
            )

    def shorten_log(self) -> None:
        """Let nothing of what was erased stay beside the database. See `Database.shorten_log`."""
        self.database.shorten_log()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
