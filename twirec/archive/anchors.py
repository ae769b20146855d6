"""The audit log's anchors in the bucket: made each day, time-stamped, and held against the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from twirec.catalog import Catalog
from twirec.custody.anchoring import Anchoring
from twirec.evidence.anchored import stamp_claims, stamped_on
from twirec.evidence.claim_words import in_words
from twirec.journal.anchors import Anchored, Listed
from twirec.model.anchors import Anchor
from twirec.model.audit import UNREAD, AuditHead
from twirec.model.claims import CheckLevel, EvidenceClaim
from twirec.model.errors import (
    BucketError,
    EvidenceToolsMissing,
    JournalError,
    TimeStampUnavailable,
)
from twirec.settings import Settings

log = logging.getLogger("twirec.archive.anchors")

BROKEN, HOLDS, UNKNOWN = CheckLevel.BROKEN, CheckLevel.HOLDS, CheckLevel.UNKNOWN

AGAIN = timedelta(minutes=10)
"""Between two tries to anchor, or to have an anchor time-stamped, by one of the workers."""

A_DAY = timedelta(days=1)
"""How far an anchor's own date may be from its time stamp before that is said."""


class Keeper:
    """Makes anchors, and says what they say of the log.

    Args:
        settings: the time-stamping authority.
        catalog: what is anchored.
        anchoring: anchors it.
        journal_head: gives where the log ended when the journal was last written.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        anchoring: Anchoring,
        journal_head: Callable[[], AuditHead | None],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._journal_head = journal_head
        self._now = now
        self.anchoring = anchoring

    def compare(self) -> Comparison:
        """Return what the anchors in the bucket say, to be held against the log."""
        return Comparison(self.anchoring, self._catalog, self._journal_head)

    def daily(self) -> None:
        """Anchor the log, and have that time-stamped, if it is time to and no other worker does."""
        due, newest = self.anchoring.is_due(), self._catalog.anchors.newest()
        unstamped = bool(self._settings.tsa_url and newest and not newest.stamped_at)
        if not (due or unstamped):
            return
        if not self._catalog.marks.take_turn("turn to anchor the log", self._now(), AGAIN):
            return
        try:
            if due:
                self.anchoring.anchor(daily=True)
            self.stamp()
        except (BucketError, JournalError) as error:
            log.error("the audit log is not anchored now: %s", error)

    def make(self) -> Anchor | None:
        """Anchor the log now, whoever's turn it is, and have that time-stamped."""
        anchor = self.anchoring.anchor()
        self.stamp()
        return anchor

    def stamp(self) -> None:
        """Have the newest anchor time-stamped. An authority that is away delays only that."""
        if not self._settings.tsa_url:
            return
        from twirec.adapters.time_stamping import TimeStampAuthority
        from twirec.evidence.seal import time_stamp

        authority = TimeStampAuthority(self._settings.tsa_url)
        try:
            self.anchoring.stamp(lambda data: time_stamp(data, authority.ask))
        except (TimeStampUnavailable, EvidenceToolsMissing) as error:
            log.warning("the anchor of the audit log has no time stamp yet: %s", error)


class Comparison:
    """The anchors in the bucket, to be held against the log.

    Attributes:
        anchors: the first one first; none if they cannot be looked at.
        problem: what is wrong with them; empty if nothing is.
        away: why they cannot be looked at; empty if they can.

    Args:
        anchoring: where they are.
        catalog: what it knows of them.
        journal_head: gives where the log ended when the journal was last written.
    """

    def __init__(
        self,
        anchoring: Anchoring,
        catalog: Catalog,
        journal_head: Callable[[], AuditHead | None],
    ) -> None:
        self.anchors: Sequence[Anchor] = ()
        self.problem = ""
        self.away = ""
        self._listed: Listed | None = None
        self._journal_head = journal_head
        try:
            self._listed = anchoring.store.listed()
            found: Anchored = self._listed.all()
        except BucketError as error:
            self._listed, self.away = None, str(error)
            return
        self.anchors = found.anchors
        self.problem = found.problem(catalog.anchors.known())

    def head(self) -> AuditHead | None:
        """Return where the log ended when the journal was last written; None if nobody knows."""
        try:
            return None if self.away else self._journal_head()
        except BucketError as error:
            self.away = str(error)
            return None

    def claims(self, entries: int, trusted: Sequence[bytes]) -> Iterator[EvidenceClaim]:
        """Yield what they say of a log that is right as far as it can be known by itself.

        Args:
            entries: how many it has.
            trusted: certificates of whom is trusted to say the time, DER.
        """
        listed = self._listed
        if listed is None:
            said = (
                "That the log was not written anew as a whole is not known, as the bucket with its "
                f"anchors could not be looked at: {self.away}"
            )
            yield _claim(UNREAD, UNKNOWN, said)
            return
        for installation, count in sorted(listed.others.items()):
            said = f"In the bucket are {count} anchors of another log, of the catalog"
            said = f"{said} {installation}: whose log that was is not known here."
            yield _claim("anchors", UNKNOWN, said)
        if not self.anchors:
            said = (
                "Nothing is anchored yet, so that the log was not written anew as a whole is not "
                "known. Workers anchor it each day, and `twirec audit --anchor` at once."
            )
            yield _claim("anchors", UNKNOWN, said)
            return
        newest = self.anchors[-1]
        count = len(self.anchors)
        which = (
            "its anchor in the bucket says" if count == 1 else f"{count} anchors in the bucket say"
        )
        said = f"It is what {which}, the last one of "
        said = f"{said}{newest.day} with {newest.entries} entries."
        yield _claim("anchors", HOLDS, said)
        if entries > newest.entries:
            first = newest.entries + 1
            which = f"Entry {first}" if first == entries else f"Entries {first} to {entries}"
            said = (
                f"{which} came after it: that nobody wrote anew what came after is not known yet."
            )
            yield _claim("anchors", UNKNOWN, said)
        yield from self._clocks()
        try:
            yield from self._stamps(listed, trusted)
        except BucketError as error:
            said = f"The time stamps of the anchors could not be looked at: {error}"
            yield _claim(UNREAD, UNKNOWN, said)

    def _clocks(self) -> Iterator[EvidenceClaim]:
        for before, each in zip(self.anchors, self.anchors[1:], strict=False):
            if each.at < before.at:
                said = (
                    f"Anchor {each.anchor} is dated {each.day}, before the one before it "
                    f"({before.day}): a clock was set back, or was wrong."
                )
                yield _claim("clock", UNKNOWN, said)

    def _stamps(self, listed: Listed, trusted: Sequence[bytes]) -> Iterator[EvidenceClaim]:
        """Yield what is wrong with time stamps, and what the newest of them says."""
        stamped = [each for each in self.anchors if each.anchor in listed.stamps]
        if not stamped:
            said = "No authority says when an anchor was there: only their own dates say it."
            yield _claim("time", UNKNOWN, said)
            return
        said_of = {}
        for each in stamped:
            token = listed.stamp(each.anchor)
            claims = [in_words(each, "en") for each in stamp_claims(each, token, trusted)]
            for claim in claims:
                said_of[each.anchor] = claim
                if claim.level is BROKEN:
                    said = f"Anchor {each.anchor}: {claim.said}"
                    yield _claim("time", BROKEN, said)
            at = stamped_on(token)
            if at is not None and abs(at - each.at) > A_DAY:
                said = (
                    f"Anchor {each.anchor} is dated {each.day}, and was time-stamped on "
                    f"{at:%Y-%m-%d %H:%M} UTC: the authority was away, or a clock was wrong."
                )
                yield _claim("clock", UNKNOWN, said)
        last = said_of[stamped[-1].anchor]
        if last.level is not BROKEN:
            said = f"{len(stamped)} of them have a time stamp. Of anchor {stamped[-1].anchor}: "
            yield _claim("time", last.level, f"{said}{last.said}")


def _claim(name: str, level: CheckLevel, said: str) -> EvidenceClaim:
    return EvidenceClaim(name, level, f"log_{name}", {}, said)
