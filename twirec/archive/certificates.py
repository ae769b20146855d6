"""Certificates of erasures: what was destroyed, what is pending, and what was refused."""

from __future__ import annotations

from collections.abc import Sequence

from twirec.catalog import Catalog
from twirec.model.access import Actor, Deed, asking, may_ever
from twirec.model.erasure import Certificate, Erasure
from twirec.model.errors import NotFound
from twirec.model.given import understood, whole

MOST = 1000
"""Certificates of one page, and recordings and calls of one certificate."""


@understood
class Certificates:
    """What erasures did, and what is still to come. Nothing of it is of a person.

    Those see them who look after the archive: admin, auditor, and apps without roles.

    Args:
        catalog: where they are kept.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

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
            by: who asks; None for nobody. Whoever may not look after the archive gets none.

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
            by: who asks; None for nobody.

        Raises:
            NotFound: there is none, or they may not know of it.
            InvalidQuery: `limit` is no such number.
        """
        whole("limit", limit, 1, MOST)
        if not may_ever(asking(by), Deed.OVERSEE):
            raise NotFound(f"There is no erasure {key!r}.", hidden=True)
        return self._catalog.erasures.certificate(key, limit=limit)
