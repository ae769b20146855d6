"""Card numbers that are spoken: found in transcripts, cut out where somebody approves it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from twirec.archive.recordings import Originals
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.custody.standstill import check_reason
from twirec.model.access import Actor, Deed, acting, asking
from twirec.model.audit import Action, without_numbers
from twirec.model.cards import GUARDS, CardCut, CardCutState
from twirec.model.errors import CustodyRefused, InvalidQuery
from twirec.model.given import understood, whole
from twirec.model.sids import RecordingSid

MOST = 1000
"""Proposals that are listed at once."""


@understood
class Cards:
    """Card numbers that transcripts have, and the copies of recordings without them.

    What is known of one is when it is spoken. No digit is kept, and none is shown.

    Args:
        catalog: where they are written down.
        originals: which recordings somebody may know of.
        trail: who decided what.
    """

    def __init__(self, catalog: Catalog, originals: Originals, trail: AuditTrail) -> None:
        self._catalog = catalog
        self._originals = originals
        self._trail = trail

    def waiting(self, *, limit: int = 100, by: Actor | str | None = None) -> Sequence[CardCut]:
        """Return what waits for a decision, oldest first: what is proposed, and what failed.

        Args:
            limit: how many at the most, up to 1,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            InvalidQuery: the limit is out of bounds.
        """
        whole("limit", limit, 1, MOST)
        return self._catalog.cards.waiting(asking(by), limit)

    def of(self, sid: RecordingSid, *, by: Actor | str | None = None) -> CardCut | None:
        """Return what is known of card numbers in a recording; None if nothing is.

        None too if it is not for them.

        Args:
            sid: of the recording, `RE…`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: the catalog has no such recording, or they may not know of it.
        """
        with suppress(CustodyRefused):
            self._originals.get(sid, asking(by), Deed.DETAILS)
            return self._catalog.cards.get(sid)
        return None

    def approve(
        self, sid: RecordingSid, *, reason: str, guard: float | None = None, by: Actor | str
    ) -> CardCut:
        """Have what was found cut out of all that is heard, taken out and read of a recording.

        A worker makes a copy with silence there, hears it, and gives it only if no digit is left.
        What was refused, or cut with too little silence, can be approved again.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            guard: seconds of silence around each number, 0.5 to 10; None for what was said before,
                or one second. Once there is a copy it is never less than in that.
            by: who approves it.

        Raises:
            NotFound: the catalog has no such recording, or no card number was found in it.
            CustodyRefused: it is not for them, it is held, or it may not leave.
            InvalidQuery: it was decided already, or a value is out of bounds.
        """
        detail = {} if guard is None else {"guard": str(guard)}
        with self._trail.attempt(Action.CUT, acting(by), sid, detail) as done:
            if guard is not None and not GUARDS[0] <= guard <= GUARDS[1]:
                raise InvalidQuery(f"guard: give {GUARDS[0]:g} to {GUARDS[1]:g} seconds.")
            self._originals.get(sid, acting(by), Deed.CUT)
            return self._catalog.cards.decide(
                sid,
                CardCutState.APPROVED,
                guard=guard,
                reason=without_numbers(check_reason(reason)),
                audited=replace(done, detail={**done.detail, "decision": "approved"}),
            )

    def refuse(self, sid: RecordingSid, *, reason: str, by: Actor | str) -> CardCut:
        """Say that nothing is to be cut out: that is no card's number.

        It is not proposed again, whatever a later transcript has.

        Args:
            sid: of the recording, `RE…`.
            reason: why, in at most 255 characters.
            by: who refuses it.

        Raises:
            NotFound: the catalog has no such recording, or no card number was found in it.
            CustodyRefused: it is not for them.
            InvalidQuery: it was decided already, or no reason is given.
        """
        with self._trail.attempt(Action.CUT, acting(by), sid) as done:
            self._originals.get(sid, acting(by), Deed.CUT)
            return self._catalog.cards.decide(
                sid,
                CardCutState.REFUSED,
                reason=without_numbers(check_reason(reason)),
                audited=replace(done, detail={"decision": "refused"}),
            )
