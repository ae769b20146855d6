"""The audit log: numbers kept out of it, and its chain looked at link by link."""

from __future__ import annotations

import re
from datetime import datetime

from twirec.model.audit import (
    FIRST,
    AuditDraft,
    AuditEntry,
    AuditHead,
    AuditVerdict,
    Detail,
    hash_of,
    stand_in,
)
from twirec.model.catalog import Catalog
from twirec.model.errors import InvalidQuery, SettingsError
from twirec.model.given import text

PAGE = 1000
"""Entries that are read at once while the chain is looked at."""

ACTION = re.compile(r"[a-z][a-z_]{0,63}")


class AuditLog:
    """Writes to the audit log of a catalog, and checks it.

    Args:
        catalog: where it is kept.
        key: of the HMACs that stand for numbers; empty if there is none.
    """

    def __init__(self, catalog: Catalog, key: str) -> None:
        self._catalog = catalog
        self._key = key

    def draft(
        self,
        action: str,
        *,
        at: datetime,
        by: str,
        role: str,
        sid: str,
        number: str | None,
        ok: bool,
        detail: Detail,
    ) -> AuditDraft:
        """Return what is to be written down.

        Raises:
            InvalidQuery: the action is no word, or it is not said by whom.
            SettingsError: a number is named, and there is no key for its HMAC.
        """
        for field, given in (("action", action), ("by", by), ("role", role), ("sid", sid)):
            text(field, given)
        if not ACTION.fullmatch(action):
            raise InvalidQuery("action: give one word of small letters, such as sign_in.")
        if not by.strip():
            raise InvalidQuery("by: say who did it; it is written to the audit log.")
        return AuditDraft(
            at=at,
            by=by.strip(),
            role=role,
            action=action,
            sid=sid,
            number=self.stand_in(number) if number else "",
            ok=ok,
            detail=detail,
        )

    def stand_in(self, number: str) -> str:
        """Return the HMAC-SHA256 that stands for a number, in hex.

        Raises:
            SettingsError: there is no key.
        """
        if not self._key:
            raise SettingsError(
                ["TWIREC_AUDIT_KEY is missing: it keeps numbers out of the audit log"]
            )
        return stand_in(number, self._key)

    def verify(self, kept: AuditHead | None) -> AuditVerdict:
        """Look at every link of the chain.

        Args:
            kept: a head that was kept elsewhere; the chain must have it.
        """
        seq, previous = 0, FIRST
        while page := self._catalog.audit_entries(seq, PAGE):
            for entry in page:
                why = _wrong(entry, seq + 1, previous)
                if not why and kept and kept.seq == entry.seq and kept.hash != entry.hash:
                    why = "it is not the one that was kept elsewhere"
                if why:
                    return AuditVerdict(entries=seq, broken_at=seq + 1, why=why)
                seq, previous = entry.seq, entry.hash
        if kept and kept.seq > seq:
            why = f"the end is cut off: there were {kept.seq} entries once"
            return AuditVerdict(entries=seq, broken_at=seq + 1, why=why)
        return AuditVerdict(entries=seq)


def _wrong(entry: AuditEntry, seq: int, previous: str) -> str:
    if entry.seq != seq:
        return "it is missing"
    if entry.previous != previous:
        return "it does not follow the entry before"
    if entry.hash != hash_of(entry):
        return "it was changed"
    return ""
