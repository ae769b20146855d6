"""What whoever acts leaves behind: the one way to the audit log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from twirec.calls.numbers import normalise
from twirec.catalog.audit import Audit
from twirec.custody.audit import AuditLog
from twirec.model.access import Actor
from twirec.model.audit import Action, AuditDraft, AuditEntry, AuditOutcome, Detail, stand_in
from twirec.model.errors import CustodyRefused, NotFound, TwirecError
from twirec.model.given import text


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
        self.log = AuditLog(entries, key)

    @contextmanager
    def attempt(self, action: Action, actor: Actor, sid: str = "") -> Iterator[AuditDraft]:
        """Give the entry that says that it is done, to be written with what it is about.

        If what follows fails, that is entered instead: as *denied* where they may not, and else as
        *failed*.

        Args:
            action: what is done.
            actor: who does it.
            sid: to what.
        """
        draft = self.draft(action, actor, sid=sid)
        try:
            yield draft
        except TwirecError as error:
            self._enter(draft, error)
            raise

    @contextmanager
    def outside(
        self, action: Action, actor: Actor, sid: str = "", detail: Detail | None = None
    ) -> Iterator[AuditDraft]:
        """As `attempt`, for what Twilio or the bucket does: it is entered as *tried* before.

        Args:
            action: what is done.
            actor: who does it.
            sid: to what.
            detail: more of it.

        Raises:
            CatalogError: it could not be entered; nothing was done.
        """
        draft = self.draft(action, actor, sid=sid, detail=detail)
        tried = self.append(replace(draft, outcome=AuditOutcome.TRIED))
        draft = replace(draft, detail={"tried": tried.seq, **draft.detail})
        try:
            yield draft
        except TwirecError as error:
            self._enter(draft, error)
            raise

    def _enter(self, draft: AuditDraft, error: TwirecError) -> None:
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
            InvalidQuery: the action is no word, or the SID no text.
            SettingsError: a number is named, and there is no key for its HMAC.
        """
        return self.log.draft(
            action,
            at=self._now(),
            actor=actor,
            sid=sid,
            number=self._normal(number) if number else None,
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


def outcome_of(error: TwirecError) -> AuditOutcome:
    """Return what an error says of an attempt: that they may not, or that it could not be done."""
    denied = isinstance(error, CustodyRefused) or (isinstance(error, NotFound) and error.hidden)
    return AuditOutcome.DENIED if denied else AuditOutcome.FAILED
