"""What an admin orders: to admit a recording, and who may order something of all of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from twirec.catalog import Catalog
from twirec.model.audit import AuditDraft
from twirec.model.bucket import BLOCKED_UNTIL
from twirec.model.custody import Order, OrderKind
from twirec.model.errors import BucketError, InvalidQuery, ObjectNotFound
from twirec.model.ports import Bucket
from twirec.model.records import Recording
from twirec.model.states import Custody

log = logging.getLogger("twirec.custody")

LONGEST_GROUND = 255
"""Characters; it is a column of the catalog and a label of the object."""


class Orders:
    """Orders that change who may have a recording. Each is written down with who and why.

    Args:
        catalog: where they are written down.
        bucket: where the labels are.
    """

    def __init__(self, catalog: Catalog, bucket: Bucket) -> None:
        self._catalog = catalog
        self._bucket = bucket

    def admit(self, recording: Recording, *, ground: str, audited: AuditDraft) -> Recording:
        """Take a recording out of quarantine, on a legal ground.

        Args:
            recording: which.
            ground: why the company may have it all the same.
            audited: the entry of the audit log: who says so, and when.

        Raises:
            NotFound: the catalog has no such recording (any more).
            InvalidQuery: it is not quarantined, or no ground is given.
        """
        ground = check_ground(ground)
        if recording.custody is not Custody.QUARANTINED:
            raise InvalidQuery(f"{recording.sid} is not in quarantine.")
        order = Order(recording.sid, OrderKind.ADMIT, audited.at, audited.by, ground)
        admitted = self._catalog.orders.admit(order, audited)
        said = {"custody": admitted.custody.value, "legal_ground": admitted.legal_ground}
        self._label(admitted, said)
        return admitted

    def block(
        self, recording: Recording, *, until: date, why: str, audited: AuditDraft
    ) -> Recording:
        """Block a recording, and say it on its object.

        Args:
            recording: which.
            until: the day (UTC) from which it is destroyed.
            why: the reason.
            audited: the entry of the audit log: who orders it, and when.

        Raises:
            NotFound: it is not there, or cannot be blocked any more.
        """
        order = Order(recording.sid, OrderKind.BLOCK, audited.at, audited.by, why)
        blocked = self._catalog.blocks.block(order, until, audited)
        self.label_blocked(blocked, until)
        return blocked

    def label_blocked(self, recording: Recording, until: date) -> None:
        """Say on the object of a recording that it is blocked; if that fails, a sweep does.

        Args:
            recording: which.
            until: the day (UTC) from which it is destroyed.
        """
        said = {"custody": recording.custody.value, BLOCKED_UNTIL: until.isoformat()}
        self._label(recording, said)

    def _label(self, recording: Recording, said: Mapping[str, str]) -> None:
        """Say it on the object too, for who has only that. If it fails, a sweep completes it."""
        if recording.object_name is None or recording.generation is None:
            return
        try:
            with suppress(ObjectNotFound):
                self._bucket.label(recording.object_name, recording.generation, said)
        except BucketError as error:
            log.warning("%s: its labels wait for the sweep: %s", recording.sid, error)


def _said(given: str, name: str) -> None:
    if not given.strip():
        raise InvalidQuery(f"{name}: say why; it is kept for ever.")


def check_ground(ground: str, field: str = "ground") -> str:
    """Return a legal ground without spaces around it.

    Raises:
        InvalidQuery: none is given, or it is longer than the catalog and the labels take.
    """
    _said(ground, field)
    if len(ground.strip()) > LONGEST_GROUND:
        raise InvalidQuery(f"{field}: write at most {LONGEST_GROUND} characters.")
    return ground.strip()
