"""The catalog: the database, with a part for each subject."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime

from twirec.catalog import identity, migrate, notifications
from twirec.catalog.access_requests import AccessRequests
from twirec.catalog.agents import Agents, Conferences
from twirec.catalog.anchors import Anchors
from twirec.catalog.announcements import Announcements
from twirec.catalog.approvals import Approvals
from twirec.catalog.audit import Audit, Listenings
from twirec.catalog.blocks import Blocks
from twirec.catalog.cards import Cards
from twirec.catalog.case_mails import CaseMails
from twirec.catalog.cases import Cases
from twirec.catalog.checks import Checks
from twirec.catalog.consents import Consents
from twirec.catalog.database import Database
from twirec.catalog.derivatives import Derivatives
from twirec.catalog.disclosures import Disclosures
from twirec.catalog.due_work import DueWork
from twirec.catalog.erasing import Erasing
from twirec.catalog.erasures import Erasures
from twirec.catalog.events import Events
from twirec.catalog.foreign_recordings import ForeignRecordings
from twirec.catalog.holds import Holds
from twirec.catalog.journal import Journal
from twirec.catalog.known_cases import KnownCases
from twirec.catalog.ledger import Ledger
from twirec.catalog.marks import Marks
from twirec.catalog.meetings import Meetings
from twirec.catalog.months import Months
from twirec.catalog.notes import Notes
from twirec.catalog.notifications import Notifications
from twirec.catalog.operations import Operations
from twirec.catalog.orders import Orders
from twirec.catalog.pauses import Pauses
from twirec.catalog.plain_columns import fill_plain
from twirec.catalog.policy import Policies
from twirec.catalog.recordings import Recordings
from twirec.catalog.replacements import Replacements
from twirec.catalog.rereading import Rereading
from twirec.catalog.retention import Retention
from twirec.catalog.search import Search
from twirec.catalog.sentences import Sentences
from twirec.catalog.stop_orders import StopOrders
from twirec.catalog.transcripts import Transcripts
from twirec.catalog.vendor_retention import VendorRetention
from twirec.catalog.waveforms import Waveforms
from twirec.model.errors import CatalogUnavailable
from twirec.model.ownership import OURS, Adopt

LEAST_ROOM = 32_000_000
"""Bytes that the disk of a SQLite catalog has to have: below that a write may fail at any time,
though small ones still pass, into room that the files have already."""


class Catalog:
    """The database: what the library has to remember, a part for each subject.

    This holds for every method of every part:

    - It is one transaction: done and durable on return, or, after an error, not done at all.
    - Times are aware, and come back in UTC; a naive one is an error.
    - It may raise `CatalogUnavailable`, after some seconds at the most; where a caller is on the
      line, at once while the database is known to be away.
    - Changes of the policy, entries of the register, orders, notes and pauses are on the audit log
      as soon as they are there.

    On PostgreSQL, whose transactions lock row by row, they lock in one order, so that none waits
    for another that waits for it: who is in a conference, recordings, calls, legs, consents,
    orders, and the chain of the audit log last. A rebuild does not: it fills an empty catalog.

    SQLite and PostgreSQL keep the same contract, which `tests/contracts/` has in full. Threads and
    processes may use it at once.

    Args:
        url: a SQLAlchemy URL, such as `sqlite:///twirec.db`; `sqlite://` lives in memory.
        events: the clock by which events are dated; None if none are to be written.
        adopt: what is adopted of what an account has; rows beyond it stay as they are.
        notify: whether what becomes due is told of by PostgreSQL, with the commit.
    """

    def __init__(
        self,
        url: str,
        *,
        events: Callable[[], datetime] | None = None,
        adopt: Adopt = OURS,
        notify: bool = False,
    ) -> None:
        self.database = Database(url, events, migrate.refuse_newer, adopt=adopt)
        self.notifications = Notifications(self.database)
        if notify:
            self.database.notifying = notifications.notify
        self.agents = Agents(self.database)
        self.conferences = Conferences(self.database)
        self.meetings = Meetings(self.database)
        self.announcements = Announcements(self.database)
        self.marks = Marks(self.database)
        self.audit = Audit(self.database)
        self.anchors = Anchors(self.database)
        self.listenings = Listenings(self.database)
        self.ledger = Ledger(self.database)
        self.consents = Consents(self.database)
        self.search = Search(self.database)
        self.sentences = Sentences(self.database)
        self.notes = Notes(self.database)
        self.recordings = Recordings(self.database)
        self.orders = Orders(self.database)
        self.holds = Holds(self.database)
        self.approvals = Approvals(self.database)
        self.blocks = Blocks(self.database)
        self.disclosures = Disclosures(self.database)
        self.erasures = Erasures(self.database)
        self.erasing = Erasing(self.database)
        self.replacements = Replacements(self.database)
        self.access_requests = AccessRequests(self.database)
        self.cases = Cases(self.database)
        self.case_mails = CaseMails(self.database)
        self.known_cases = KnownCases(self.database)
        self.stop_orders = StopOrders(self.database)
        self.pauses = Pauses(self.database)
        self.policy = Policies(self.database)
        self.due_work = DueWork(self.database)
        self.vendor_retention = VendorRetention(self.database)
        self.operations = Operations(self.database)
        self.events = Events(self.database)
        self.derivatives = Derivatives(self.database)
        self.transcripts = Transcripts(self.database)
        self.cards = Cards(self.database)
        self.waveforms = Waveforms(self.database)
        self.foreign = ForeignRecordings(self.database)
        self.checks = Checks(self.database)
        self.months = Months(self.database)
        self.journal = Journal(self.database)
        self.rereading = Rereading(self.database)
        self.retention = Retention(self.database)

    def set_up(self) -> None:
        """Make the tables, or bring them to this version. Doing it again changes nothing.

        Others may use the catalog meanwhile, also by the version before.
        """
        migrate.upgrade(self.database)
        fill_plain(self.database)
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
        """Let nothing of what was erased stay in an index, or beside the database.

        See `Sentences.settle` and `Database.shorten_log`.
        """
        self.sentences.settle()
        self.database.shorten_log()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
