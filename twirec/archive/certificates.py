"""Certificates of erasures: what was destroyed, what is pending, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from twirec.catalog import Catalog
from twirec.custody.certificate import document
from twirec.custody.document import Document, html
from twirec.custody.document_pdf import pdf
from twirec.model.access import Actor, Deed, asking, may_ever
from twirec.model.erasure import Certificate, Erasure
from twirec.model.errors import NotFound
from twirec.model.given import understood, whole
from twirec.settings import Settings

MOST = 1000
"""Certificates of one page, and recordings and calls of one certificate."""


@understood
class Certificates:
    """What erasures did, and what is still to come. Nothing of it is of a person.

    Those see them who look after the archive: admin, auditor, and apps without roles.

    Args:
        settings: the company's zone.
        catalog: where they are kept.
        now: the clock, UTC.
    """

    def __init__(self, settings: Settings, catalog: Catalog, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._catalog = catalog
        self._now = now

    def list(
        self,
        *,
        after: str | None = None,
        limit: int = 100,
        by: Actor | str | None = None,
    ) -> Sequence[Erasure]:
        """Return erasures, newest first.

        Args:
            after: the id of the last one of the page before.
            limit: how many at the most, up to 1,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.
                Whoever may not look after the archive gets none.

        Raises:
            InvalidQuery: `limit` is no such number.
        """
        whole("limit", limit, 1, MOST)
        if not may_ever(asking(by), Deed.OVERSEE):
            return ()
        return self._catalog.erasures.listed(after=after, limit=limit)

    def get(self, key: str, *, limit: int = MOST, by: Actor | str | None = None) -> Certificate:
        """Return the certificate of an erasure, as it is now.

        Args:
            key: its id, such as `E-7KQ4XN2M`.
            limit: of how many recordings and calls the lines are there, up to 1,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is none, or they may not know of it.
            InvalidQuery: `limit` is no such number.
        """
        whole("limit", limit, 1, MOST)
        if not may_ever(asking(by), Deed.OVERSEE):
            raise NotFound(f"There is no erasure {key!r}.", hidden=True)
        return self._catalog.erasures.certificate(key, limit=limit)

    def page(self, key: str, *, language: str = "en", by: Actor | str | None = None) -> str:
        """Return a certificate as a page of HTML that stands alone.

        Args:
            key: its id.
            language: `en` or `es`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is none, or they may not know of it.
            InvalidQuery: the language is another one.
        """
        return html(self._document(key, language, by))

    def pdf(self, key: str, *, language: str = "en", by: Actor | str | None = None) -> bytes:
        """Return a certificate as a PDF.

        Args:
            key: its id.
            language: `en` or `es`.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            NotFound: there is none, or they may not know of it.
            InvalidQuery: the language is another one.
            LetterToolsMissing: the extra `letters` is not installed.
        """
        return pdf(self._document(key, language, by), self._now())

    def _document(self, key: str, language: str, by: Actor | str | None) -> Document:
        certificate = self.get(key, by=by)
        zone = self._settings.timezone
        return document(certificate, language=language, zone=zone, at=self._now())
