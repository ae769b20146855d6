"""Whose a recording that the vendor lists is, with what has to be asked to know it."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from twirec.calls.ownership import Own, claim_of, claim_without_call, needs_legs, own_of, own_side
from twirec.catalog import Catalog
from twirec.model.clock import BEFORE_ALL
from twirec.model.errors import NotAtVendor, VendorError
from twirec.model.ownership import OURS, Adopt, Claim, Foreign, NotOurs
from twirec.model.ports import Vendor
from twirec.model.vendor import VendorCall, VendorRecording

log = logging.getLogger("twirec.sweep")

MOST_PARENTS = 3
"""A leg's parent may itself have been dialled. Twilio's own calls are one deep."""


class Ownership:
    """Decides whose recordings and calls are, for one sweep or backfill.

    Which numbers of an account point at this app is asked once, when somebody needs to know. Where
    that fails, nothing is the installation's own but what has a line, or is named. Safe to use from
    many threads.

    Args:
        catalog: knows what was told of live, and what is taken over.
        vendor: knows the calls, and where numbers point.
        public_url: below which this app is.
        country: ISO 3166 code by which numbers are read.
    """

    def __init__(self, catalog: Catalog, vendor: Vendor, public_url: str, country: str) -> None:
        self._catalog = catalog
        self._vendor = vendor
        self._public_url = public_url
        self._country = country
        self._adopt: Adopt = catalog.database.adopt
        self._turn = threading.Lock()
        self._own: dict[str, Own | None] = {}
        self.refused: dict[str, VendorError] = {}
        """Why it is not known which numbers of an account point at this app, by account."""

    def whose(
        self, found: VendorRecording, seen: Mapping[str, Foreign] | None = None
    ) -> Claim | Foreign:
        """Return by what a recording is the installation's own, or that it is not.

        Args:
            found: what the vendor says of it.
            seen: what is remembered of it and others, by SID; while it was concluded of the same
                things, nothing is asked again.

        Raises:
            VendorError: its call could not be asked for, so that nobody knows.
        """
        of = found.call_sid or found.conference_sid
        if of and self._catalog.foreign.wrote_line(found.account_sid, of):
            return Claim.LINE
        own = self._own_of(found.account_sid)
        rule = self._rule(own)
        if own is None and self._adopt == OURS:  # whatever its call is like
            return _foreign(found, NotOurs.ROUTES_UNKNOWN, rule)
        before = (seen or {}).get(found.sid)
        if before and before.rule == rule:
            return before
        verdict = self._of_call(found, own)
        if isinstance(verdict, Claim):
            return verdict
        return _foreign(found, verdict, rule)

    def whose_call(self, call: VendorCall) -> Claim | NotOurs:
        """Return by what a call without a line is the installation's own, or why it is not.

        Raises:
            VendorError: what it dialled could not be asked for.
        """
        return self._claim(call, call.started_at, self._own_of(call.account_sid))

    def _of_call(self, found: VendorRecording, own: Own | None) -> Claim | NotOurs:
        if found.call_sid is None:
            return claim_without_call(NotOurs.NO_CALL, own, self._adopt)
        try:
            call = self._root(self._vendor.call(found.account_sid, found.call_sid))
        except NotAtVendor:
            return claim_without_call(NotOurs.CALL_UNKNOWN, own, self._adopt)
        except VendorError:
            if self._adopt.everything:
                return Claim.ALL
            raise
        if call.sid != found.call_sid and self._catalog.foreign.wrote_line(
            call.account_sid, call.sid
        ):
            return Claim.LINE
        return self._claim(call, found.started_at or call.started_at, own)

    def _root(self, call: VendorCall) -> VendorCall:
        for _ in range(MOST_PARENTS):
            if call.parent_call_sid is None:
                break
            call = self._vendor.call(call.account_sid, call.parent_call_sid)
        return call

    def _claim(self, call: VendorCall, began: datetime | None, own: Own | None) -> Claim | NotOurs:
        legs = self._vendor.legs(call.account_sid, call.sid) if needs_legs(call, own) else []
        addresses = own_side(call, legs, own, self._country)
        verdict = claim_of(addresses, began, own, self._adopt)
        if verdict is not NotOurs.BEFORE or own is None:
            return verdict
        # It was set up anew since; but calls of it that this app answered prove that it pointed
        # here before.
        proven = {
            each: self._catalog.foreign.first_call(each) for each in addresses if each in own.since
        }
        known = {each: at for each, at in proven.items() if at}
        earlier = {each: min(at, known.get(each, at)) for each, at in own.since.items()}
        return claim_of(addresses, began, replace(own, since=earlier), self._adopt)

    def _own_of(self, account_sid: str) -> Own | None:
        if self._adopt.numbers is not None:
            return None
        with self._turn:
            if account_sid not in self._own:
                self._own[account_sid] = self._ask(account_sid)
            return self._own[account_sid]

    def _ask(self, account_sid: str) -> Own | None:
        try:
            routes = self._vendor.voice_routes(account_sid)
        except VendorError as error:
            log.warning("%s: which numbers point at this app is not known: %s", account_sid, error)
            if not self._adopt.everything:
                self.refused[account_sid] = error
            return None
        return own_of(routes, self._public_url, self._country)

    def _rule(self, own: Own | None) -> str:
        """Return a name of everything that an answer about one call is concluded from."""
        since = sorted((own.since if own else {}).items())
        numbers = sorted(self._adopt.numbers or ())
        said = repr(
            (since, own and (own.serves_clients, own.everything), numbers, self._adopt.everything)
        )
        return hashlib.sha256(said.encode()).hexdigest()[:16]


def _foreign(found: VendorRecording, why: NotOurs, rule: str) -> Foreign:
    made_at = found.created_at or found.started_at or BEFORE_ALL
    return Foreign(found.sid, found.account_sid, made_at, why, rule)


def not_known(error: VendorError) -> str:
    """Return what a person has to know where Twilio does not say where numbers point."""
    return (
        f"which numbers point at this app is not known, so nothing was taken over but recordings "
        f"of calls with a line: {error}. Let the API key read numbers, or name them: "
        "TWIREC_ADOPT=numbers:+34…"
    )
