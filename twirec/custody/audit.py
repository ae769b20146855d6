"""The audit log: what whoever acts leaves behind, numbers kept out of it, its chain looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from twirec.calls.address import key_of
from twirec.catalog.audit import Audit
from twirec.model.access import Actor
from twirec.model.anchors import Anchor, head_of
from twirec.model.audit import (
    FIRST,
    HISTORIES,
    Action,
    AuditCheck,
    AuditDraft,
    AuditEntry,
    AuditHead,
    AuditOutcome,
    Detail,
    Pass,
    hash_of,
    stand_in,
)
from twirec.model.errors import (
    CustodyRefused,
    InvalidQuery,
    NotDialled,
    NotFound,
    NothingThere,
    SettingsError,
)
from twirec.model.merkle import MerkleTree, leaf_hash

PAGE = 1000
"""Entries that are read at once while the chain is looked at."""

UNREADABLE = (ValueError, TypeError, LookupError)
"""What the database raises of a row that holds what no program of ours writes."""

NOT_READ = "it cannot be read: no program of ours wrote that"

EVERY_DAY, EVERY_WEEK = timedelta(days=1), timedelta(days=7)

ACTION = re.compile(r"[a-z][a-z_]{0,63}")


class Chain:
    """Looks at the links of an audit log, and at the histories whose hashes it holds.

    Args:
        entries: where it is kept.
    """

    def __init__(self, entries: Audit) -> None:
        self._entries = entries

    def verify(
        self, kept: AuditHead | None, now: datetime, anchors: Sequence[Anchor] = ()
    ) -> AuditCheck:
        """Look at every link of the chain, and at the rows whose hashes it holds.

        Args:
            kept: a head that was kept elsewhere; the chain must have it.
            now: UTC.
            anchors: the log must be what each of them says, heads and roots, the first one first.
        """
        begun = replace(self._entries.check() or AuditCheck(), seq=0, hash="", going=Pass.ALL)
        return self.go_on(begun, now, lambda: kept, None, anchors)

    def go_on(
        self,
        check: AuditCheck,
        now: datetime,
        kept: Callable[[], AuditHead | None],
        most: int | None,
        anchors: Sequence[Anchor] = (),
    ) -> AuditCheck:
        """Look at the next entries, and at the end of the log at the rows whose hashes it holds.

        Args:
            check: what was found before, with the look that goes on.
            now: UTC.
            kept: gives a head that was kept elsewhere, for the end of the log.
            most: how many entries at the most.
            anchors: the log must be what each of them says, the first one first.
        """
        walk = _Walk(AuditHead(check.seq, check.hash or FIRST), anchors, roots=most is None)
        ended = self._walk(walk, most)
        head, broken_at, why = walk.head, walk.broken_at, walk.why
        if not why and ended:
            known = [AuditHead(check.top_seq, check.top_hash)]
            if elsewhere := kept():  # also daily: whoever cuts the end can rewrite what we remember
                known.append(elsewhere)
            broken_at, why = self._compare(head, known, anchors)
        ahead = replace(check, seq=head.seq, hash=head.hash if head.seq else "")
        if why:
            return replace(ahead, at=now, going=None, broken_at=broken_at, why=why)
        if not ended:
            return ahead
        ahead = replace(ahead, top_seq=ahead.seq, top_hash=ahead.hash)
        if check.going is not Pass.ALL:
            return replace(ahead, at=now, going=None)
        return replace(ahead, at=now, full_at=now, going=None, broken_at=None, why="")

    def _walk(self, walk: _Walk, most: int | None) -> bool:
        """Look at the next entries; return whether that were all, and nothing is wrong."""
        if why := self._not_there(walk.head):
            walk.broken_at, walk.why = walk.head.seq, why
            walk.head = AuditHead(walk.head.seq - 1, FIRST)
            return False
        seen, size = 0, PAGE
        while True:
            try:
                page = self._entries.entries(walk.head.seq, size)
                for entry in page:
                    if not walk.goes_on(entry):
                        return False
            except UNREADABLE:
                if size == 1:
                    walk.broken_at, walk.why = walk.head.seq + 1, NOT_READ
                    return False
                size = 1  # to see which of them it is
                continue
            if not page:
                return True
            seen += len(page)
            if most is not None and seen >= most:
                return False

    def _not_there(self, head: AuditHead) -> str:
        """Return what is wrong, if an entry is not there any more as it was once."""
        if not head.seq:
            return ""
        try:
            entry = next(iter(self._entries.entries(head.seq - 1, 1)), None)
        except UNREADABLE:
            return NOT_READ
        if entry is None:
            return f"the end is cut off: there were {head.seq} entries once"
        same = (entry.seq, entry.hash) == (head.seq, head.hash)
        return "" if same else "it is not the one that it was once"

    def _compare(
        self, head: AuditHead, known: Sequence[AuditHead], anchors: Sequence[Anchor]
    ) -> tuple[int | None, str]:
        """Compare the log with heads that it once had, and with the histories beside it."""
        cut = next((each for each in anchors if each.entries > head.seq), None)
        if cut is not None:
            why = f"the end is cut off: there were {cut.entries} entries once, as {_of(cut)} says"
            return head.seq + 1, why
        if anchors:  # the newest also daily, when what is older is not looked at again
            known = [*known, head_of(anchors[-1])]
        for once in known:
            if why := self._not_there(once):
                return min(once.seq, head.seq + 1), why
        try:
            return _rewritten(*self._entries.histories())
        except UNREADABLE:
            return None, "a row of the histories beside it cannot be read"


class _Walk:
    """A walk along the chain, and the anchors that it comes by.

    Attributes:
        head: the last entry that is right.
        broken_at: the first entry that is wrong; None if none is.
        why: what is wrong with it.

    Args:
        head: where it begins.
        anchors: what the log must be, the first one first.
        roots: whether their roots are looked at too, if it begins with the first entry.
    """

    def __init__(self, head: AuditHead, anchors: Sequence[Anchor], *, roots: bool) -> None:
        self.head = head
        self.broken_at: int | None = None
        self.why = ""
        self._tree = MerkleTree() if roots and anchors and not head.seq else None
        self._ahead = [each for each in anchors if each.entries > head.seq][::-1]
        behind = [each.entries for each in anchors if each.entries <= head.seq]
        self._right_until = max(behind, default=0)
        """The last entry that is as an anchor says."""

    def goes_on(self, entry: AuditEntry) -> bool:
        """Go one entry on, if it is right; else say what is wrong."""
        if why := _wrong(entry, self.head.seq + 1, self.head.hash):
            self.broken_at, self.why = self.head.seq + 1, why
            return False
        if self._tree is not None:
            self._tree.add(leaf_hash(bytes.fromhex(entry.hash)))
        while self._ahead and self._ahead[-1].entries == entry.seq:
            anchor = self._ahead.pop()
            root = self._tree.root().hex() if self._tree is not None else anchor.root
            if (entry.hash, root) != (anchor.head, anchor.root):
                self._differs(anchor)
                return False
            self._right_until = entry.seq
        self.head = AuditHead(entry.seq, entry.hash)
        return True

    def _differs(self, anchor: Anchor) -> None:
        self.broken_at = self._right_until + 1
        which = f"the entries {self.broken_at} to {anchor.entries} are not those"
        if self.broken_at == anchor.entries:
            which = f"entry {anchor.entries} is not the one"
        self.why = (
            f"{which} that {_of(anchor)} knows: the log was written anew, or restored from an "
            "older copy and gone on with"
        )


def _of(anchor: Anchor) -> str:
    return f"anchor {anchor.anchor} of {anchor.day}"


def due(check: AuditCheck | None, now: datetime) -> AuditCheck | None:
    """Return the check with the look that goes on, or begins now; None if it is not time for one.

    The log is looked at daily: at what is new since the last time, once a week at all of it, and as
    long as it is broken at all of it.
    """
    if check is None:
        return AuditCheck(going=Pass.ALL)
    if check.going:
        return check
    if check.at and timedelta() <= now - check.at < EVERY_DAY:
        return None
    if check.why or check.full_at is None or now - check.full_at >= EVERY_WEEK:
        return replace(check, seq=0, hash="", going=Pass.ALL)
    return replace(check, going=Pass.NEW)


def _rewritten(
    entries: Sequence[AuditEntry], rows: Mapping[tuple[str, int], str]
) -> tuple[int | None, str]:
    """Return the first entry whose row is not as it was, and what is wrong with that."""
    known: set[tuple[str, int]] = set()
    for entry in entries:
        field = next((field for field in HISTORIES if field in entry.detail), None)
        if field is None:
            return entry.seq, "it does not say of which row it is"
        row = (HISTORIES[field], int(str(entry.detail[field] or 0)))
        if row not in rows:
            return entry.seq, f"its row {row[1]} of {row[0]} was taken out"
        if rows[row] != entry.detail["content"]:
            return entry.seq, f"its row {row[1]} of {row[0]} was changed"
        known.add(row)
    if unknown := sorted(rows.keys() - known):
        table, number = unknown[0]
        return None, f"it does not tell of row {number} of {table}, which was put in beside it"
    return None, ""


def _wrong(entry: AuditEntry, seq: int, previous: str) -> str:
    if entry.seq != seq:
        return "it is missing"
    if entry.previous != previous:
        return "it does not follow the entry before"
    if entry.hash != hash_of(entry):
        return "it was changed"
    return ""


class AuditTrail:
    """Makes entries of the audit log, and writes them down.

    What changes the catalog takes its entry into its own transaction. What happens outside, at
    Twilio or in the bucket, is entered as *tried* before, and as what came of it after.

    Args:
        entries: where the log is kept.
        key: of the HMACs that stand for numbers; empty if there is none.
        country: whose numbers a person types without a prefix.
        now: the clock, UTC.
    """

    def __init__(
        self, entries: Audit, *, key: str, country: str, now: Callable[[], datetime]
    ) -> None:
        self._entries = entries
        self._key = key
        self._country = country
        self._now = now
        self.chain = Chain(entries)

    @contextmanager
    def attempt(
        self, action: Action, actor: Actor, sid: str = "", detail: Detail | None = None
    ) -> Iterator[AuditDraft]:
        """Give the entry that says that it is done, to be written with what it is about.

        If what follows fails, that is entered instead: as *denied* where they may not, and else as
        *failed*, also of an error that is none of ours. Who dies on the way enters nothing.

        Args:
            action: what is done.
            actor: who does it.
            sid: to what.
            detail: more of it.
        """
        draft = self.draft(action, actor, sid=sid, detail=detail)
        try:
            yield draft
        except Exception as error:
            self._enter(draft, error)
            raise

    @contextmanager
    def outside(
        self,
        action: Action,
        actor: Actor,
        sid: str = "",
        detail: Detail | None = None,
        *,
        about: str = "",
    ) -> Iterator[AuditDraft]:
        """As `attempt`, for what Twilio or the bucket does: it is entered as *tried* before.

        Args:
            action: what is done.
            actor: who does it.
            sid: to what.
            detail: more of it.
            about: a number, as `about` takes it.

        Raises:
            CatalogError: it could not be entered; nothing was done.
        """
        draft = self.about(self.draft(action, actor, sid=sid, detail=detail), about)
        tried = self.append(replace(draft, outcome=AuditOutcome.TRIED))
        draft = replace(draft, detail={"tried": tried.seq, **draft.detail})
        try:
            yield draft
        except Exception as error:
            self._enter(draft, error)
            raise

    def _enter(self, draft: AuditDraft, error: Exception) -> None:
        said = {**draft.detail, "error": type(error).__name__}
        self.append(replace(draft, at=self._now(), outcome=outcome_of(error), detail=said))

    def draft(
        self,
        action: str,
        actor: Actor,
        *,
        sid: str = "",
        number: str | None = None,
        outcome: AuditOutcome = AuditOutcome.DONE,
        detail: Detail | None = None,
    ) -> AuditDraft:
        """Return an entry that is not written down yet.

        Args:
            action: what is done, in one word of small letters.
            actor: who does it.
            sid: to what.
            number: about which number, as a person types it; only its HMAC is kept.
            outcome: what came of it.
            detail: more of it.

        Raises:
            InvalidQuery: the action is no word.
            SettingsError: a number is named, and there is no key for its HMAC.
        """
        if not ACTION.fullmatch(action):
            raise InvalidQuery("action: give one word of small letters, such as sign_in.")
        return AuditDraft(
            at=self._now(),
            by=actor.name,
            role=actor.role,
            action=action,
            sid=sid,
            number=self.stand_in(number) if number else "",
            outcome=outcome,
            detail=detail or {},
        )

    def append(self, draft: AuditDraft) -> AuditEntry:
        """Write an entry down. On return it is durable.

        Raises:
            CatalogError: it could not be written down: do not do what was to be audited.
        """
        return self._entries.append(draft)

    def about(self, draft: AuditDraft, number: str) -> AuditDraft:
        """Return an entry with the HMAC of a number, if there is a key for it.

        Args:
            draft: the entry.
            number: as the catalog has it; empty for none.
        """
        return replace(draft, number=stand_in(number, self._key) if number else "")

    def stand_in(self, number: str) -> str:
        """Return the HMAC-SHA256 that stands for a number in the log, in hex.

        Args:
            number: as a person types it.

        Raises:
            SettingsError: there is no key.
        """
        if not self._key:
            raise SettingsError(
                ["TWIREC_AUDIT_KEY is missing: it keeps numbers out of the audit log"]
            )
        return stand_in(key_of(number, self._country), self._key)


def outcome_of(error: Exception) -> AuditOutcome:
    """Return what an error says of an attempt: that they may not, or that it could not be done."""
    if isinstance(error, NothingThere):
        return AuditOutcome.FAILED
    hidden = isinstance(error, NotFound) and error.hidden
    denied = hidden or isinstance(error, CustodyRefused | NotDialled)
    return AuditOutcome.DENIED if denied else AuditOutcome.FAILED
