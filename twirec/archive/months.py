"""Months that are closed: what became of each call, said in a statement that is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from twirec.archive.evidence import EvidenceMaker
from twirec.catalog import Catalog
from twirec.catalog.erasures import ALPHABET
from twirec.custody.audit import AuditTrail
from twirec.custody.document_pdf import check_installed
from twirec.model.access import Actor, Deed, acting, asking, check_ever, may_ever
from twirec.model.audio_stream import AudioStream
from twirec.model.audit import Action
from twirec.model.errors import BytesDiffer, NotFound
from twirec.model.given import understood, whole
from twirec.model.months import (
    ClosedMonth,
    MonthFacts,
    MonthSpan,
    MonthStatement,
    month_span,
)
from twirec.model.ports import Vendor
from twirec.settings import Settings
from twirec.sweep.month import Month
from twirec.transfers.marked_bucket import MarkedBucket
from twirec.transfers.ownership import Ownership
from twirec.version import __version__

MONTHS = "months/"
"""What the names of statements begin with."""

MOST = 1000
"""Statements of one list."""

PDF = "application/pdf"


@understood
class Months:
    """Statements about months: that every call is explained, or which are not.

    Those make and see them who look after the archive: admin, auditor, and apps without roles.
    Nothing in one is of a person: calls and recordings are named by their SIDs.

    Args:
        settings: the company, its zone and its seal.
        catalog: what is compared, and where statements are remembered.
        bucket: what is compared, and where they are kept.
        vendor: what is compared.
        evidence: what seals them.
        trail: who had them made.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bucket: Callable[[], MarkedBucket],
        vendor: Callable[[], Vendor],
        evidence: EvidenceMaker,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._bucket = bucket
        self._vendor = vendor
        self._evidence = evidence
        self._trail = trail
        self._now = now

    def close(self, month: str, *, by: Actor | str, language: str | None = None) -> ClosedMonth:
        """Compare all calls of a month, and make and keep a statement of it.

        Every call that Twilio lists for the company's numbers is to be recorded and verified, or
        refused, or unrecorded for a reason. What is not, is named, and the month is not closed.
        Made again, it is another statement, which names the one before.

        Args:
            month: such as `2026-11`, by the company's time zone; it is over, and Twilio lists its
                calls still, which it does for about 13 months.
            by: who has it made.
            language: of the pages, `en` or `es`; without it, that of the settings.

        Raises:
            InvalidQuery: it is no month, is not over, or is too long ago.
            CustodyRefused: it is not for them.
            SealUnusable: there is a seal in the settings, and it cannot be used.
            LetterToolsMissing: the extra `letters` is not installed.
            TimeStampUnavailable: the authority of time does not answer, or not as it has to.
            VendorError: Twilio could not be asked.
            BucketError: the bucket could not be asked, or written.
            LookedAtNothing: Twilio lists nothing where the ledger has many calls.
        """
        actor = acting(by)
        with self._trail.attempt(Action.CLOSE_MONTH, actor, detail={"month": month[:16]}):
            check_ever(actor, Deed.OVERSEE, "Closing a month")
            span = month_span(month, self._now(), self._settings.timezone)
            check_installed()
            seal = self._evidence.seal_of_settings()
        key = f"M-{span.name}-{''.join(secrets.choice(ALPHABET) for _ in range(8))}"
        said = {"month": span.name}
        from twirec.evidence.month import MonthList, statement

        with self._trail.outside(Action.CLOSE_MONTH, actor, key, said) as done:
            listed = MonthList()
            try:
                begun = self._now()
                compared = self._compared(span)
                for found in compared.compare():
                    listed.add(found)
                before = next(iter(self._catalog.months.list(span.name, limit=1)), None)
                facts = MonthFacts(
                    id=key,
                    span=span,
                    zone=str(self._settings.timezone),
                    company=self._settings.company,
                    language=language or self._settings.language,
                    made_at=self._now(),
                    made_by=actor.role,
                    accounts=self._vendor().accounts,
                    compared_from=begun,
                    compared_until=self._now(),
                    others=compared.others,
                    head=self._catalog.audit.head(),
                    anchor=self._catalog.anchors.newest(),
                    previous=before,
                    version=__version__,
                )
                made = statement(facts, listed, seal, f"{key}.pdf")
            finally:
                listed.close()
            kept = MonthStatement(
                id=key,
                month=span.name,
                at=facts.made_at,
                by=actor.name,
                closed=listed.closed,
                calls=listed.calls,
                gaps=listed.gaps.total(),
                sealed=seal is not None,
                sha256=hashlib.sha256(made).hexdigest(),
                size=len(made),
                object_name=f"{MONTHS}{span.name}/{key}.pdf",
                previous=before.id if before else "",
            )
            self._put(kept, made)
            detail = {
                **done.detail,
                "closed": kept.closed,
                "calls": kept.calls,
                "gaps": kept.gaps,
                "sha256": kept.sha256,
                "previous": kept.previous,
            }
            self._catalog.months.add(kept, replace(done, at=self._now(), detail=detail))
        return ClosedMonth(kept, tuple(listed.named))

    def _compared(self, span: MonthSpan) -> Month:
        settings, vendor = self._settings, self._vendor()
        ownership = Ownership(self._catalog, vendor, settings.public_url, settings.country)
        return Month(self._catalog, self._bucket(), vendor, ownership, settings.country, span)

    def _put(self, kept: MonthStatement, made: bytes) -> None:
        self._bucket().put(
            kept.object_name,
            [made],
            content_type=PDF,
            labels={"schema": "1", "month": kept.month, "sha256": kept.sha256},
            custom_time=kept.at,
            finish=dict,
        )

    def list(
        self, *, month: str | None = None, limit: int = 100, by: Actor | str | None = None
    ) -> Sequence[MonthStatement]:
        """Return statements, newest first.

        Args:
            month: only those about this one, such as `2026-11`.
            limit: how many at the most, up to 1,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.
                Whoever may not look after the archive gets none.

        Raises:
            InvalidQuery: `limit` is no such number.
        """
        whole("limit", limit, 1, MOST)
        if not may_ever(asking(by), Deed.OVERSEE):
            return ()
        return self._catalog.months.list(month, limit=limit)

    def open(self, key: str, *, by: Actor | str | None = None) -> AudioStream:
        """Return a statement as a stream: the PDF as it was made.

        Args:
            key: its id, such as `M-2026-11-7KQ4XN2M`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is none, or they may not know of it.
            BytesDiffer: the bucket holds something else than was made.
            BucketError: the bucket does not give it.
        """
        if not may_ever(asking(by), Deed.OVERSEE):
            raise NotFound(f"There is no statement {key!r}.", hidden=True)
        kept = self._catalog.months.get(key)
        data = b"".join(self._bucket().open_range(kept.object_name))
        if hashlib.sha256(data).hexdigest() != kept.sha256:
            raise BytesDiffer(kept.object_name, "its SHA-256 is another one")
        return AudioStream(
            iter((data,)),
            content_type=PDF,
            file_name=f"{key}.pdf",
            size=len(data),
            end=len(data),
        )
