"""What whoever acts leaves behind: the one way to the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from twirec.calls.numbers import normalise
from twirec.catalog.audit import Audit
from twirec.custody.audit import AuditLog
from twirec.model.audit import Action, AuditDraft, AuditEntry, Detail, stand_in
from twirec.model.errors import TwirecError
from twirec.model.given import text


class AuditTrail:
    """Makes entries of the audit log, and writes them down.

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
        self.log = AuditLog(entries, key)

    @contextmanager
    def attempt(
        self, action: Action, by: str, sid: str = "", *, role: str = ""
    ) -> Iterator[AuditDraft]:
        """Write down that what follows failed, if it does; else what is given back is for that.

        Args:
            action: what is tried.
            by: who tries it.
            sid: to what.
            role: what they are in the app.

        Raises:
            InvalidQuery: it is not said by whom.
        """
        draft = self.draft(action, by, sid=sid, role=role)
        try:
            yield draft
        except TwirecError as error:
            said = {**draft.detail, "error": type(error).__name__}
            self.append(replace(draft, ok=False, detail=said))
            raise

    def draft(
        self,
        action: str,
        by: str,
        *,
        role: str = "",
        sid: str = "",
        number: str | None = None,
        ok: bool = True,
        detail: Detail | None = None,
    ) -> AuditDraft:
        """Return an entry that is not written down yet.

        Args:
            action: what is done, in one word of small letters.
            by: who does it.
            role: what they are in the app.
            sid: to what.
            number: about which number, as a person types it; only its HMAC is kept.
            ok: False if they were refused, or it failed.
            detail: more of it.

        Raises:
            InvalidQuery: the action is no word, or it is not said by whom.
            SettingsError: a number is named, and there is no key for its HMAC.
        """
        return self.log.draft(
            action,
            at=self._now(),
            by=by,
            role=role,
            sid=sid,
            number=self._normal(number) if number else None,
            ok=ok,
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
            number: as the catalog has it.
        """
        return replace(draft, number=stand_in(number, self._key))

    def stand_in(self, number: str) -> str:
        """Return the HMAC that stands for a number in the log.

        Args:
            number: as a person types it.

        Raises:
            InvalidQuery: it is no text.
            SettingsError: there is no key.
        """
        return self.log.stand_in(self._normal(number))

    def _normal(self, number: str) -> str:
        return normalise(text("number", number), self._country)
