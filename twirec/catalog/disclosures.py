"""Recordings that are given to others: consents to it, links, and how often they were opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from twirec.catalog.audit import append
from twirec.catalog.conditions import allowed, holds_to_the_end
from twirec.catalog.database import Database, to_model, to_models, to_row
from twirec.catalog.disclosure_tables import disclosure_consents, disclosures
from twirec.catalog.tables import recordings
from twirec.model.access import OURSELVES, Actor, Deed
from twirec.model.audit import AuditDraft
from twirec.model.disclosures import (
    MOST_WRONG_CODES,
    Disclosure,
    DisclosureConsent,
    DisclosureGround,
    DisclosureState,
)
from twirec.model.errors import CustodyRefused, InvalidQuery, NotConsented, NotFound

MAY_LEAVE = allowed(OURSELVES, Deed.DISCLOSE)
"""Which recordings may be given to others, whoever gave them."""

EVERYTHING = [each for each in disclosures.c if not each.name.endswith(("_hash", "salt"))]
KNOWN = (
    select(*EVERYTHING, MAY_LEAVE.label("recording_may_leave"))
    .select_from(disclosures)
    .join(recordings, recordings.c.sid == disclosures.c.recording_sid)
)
"""Disclosures with what their recording is by now, without what proves their secrets."""

OPENED = (DisclosureState.OPEN, DisclosureState.USED)
"""The states in which what was opened a moment ago may be heard on."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What proves the secrets of a link.

    Attributes:
        link_hash: SHA-256 of what stands in the link, in hex: it has 256 bits, so nobody guesses.
        code_hash: of the code, which is short, a slow hash in hex.
        salt: of that, in hex.
    """

    link_hash: str = field(repr=False)
    code_hash: str = field(repr=False)
    salt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try to open a link, which is counted before anybody looks whether the code is right.

    Attributes:
        code_hash, salt: as of `Proofs`.
        tried: the number of its entry of the audit log.
        left: how many more may be tried after it.
    """

    code_hash: str = field(repr=False)
    salt: str = field(repr=False)
    tried: int
    left: int


class Disclosures:
    """Consents to disclosures, and the disclosures with their links.

    Each change and its entry of the audit log are one transaction. No secret is in the catalog.

    Attributes:
        links: what recipients open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.links = Links(database)

    def add_consent(self, consent: DisclosureConsent, audited: AuditDraft) -> DisclosureConsent:
        """Write a consent down, and return it with its number, which its entry has too."""
        row = to_row(consent, disclosure_consents)
        row.pop("id")
        made = insert(disclosure_consents).values(row).returning(disclosure_consents.c.id)
        with self._database.write() as connection:
            number = connection.execute(made).scalar_one()
            append(connection, replace(audited, detail={**audited.detail, "consent": number}))
        return replace(consent, id=number)

    def consent(self, number: int) -> DisclosureConsent:
        """Return a consent.

        Raises:
            NotFound: there is none of that number.
        """
        with self._database.read() as connection:
            row = connection.execute(_consent(number)).first()
        if row is None:
            raise NotFound(f"The catalog has no consent {number}.")
        return to_model(DisclosureConsent, row)

    def consents(self, recording_sid: str) -> list[DisclosureConsent]:
        """Return the consents to disclosures of a recording, oldest first; withdrawn ones too."""
        its = select(disclosure_consents).where(
            disclosure_consents.c.recording_sid == recording_sid
        )
        with self._database.read() as connection:
            rows = connection.execute(its.order_by(disclosure_consents.c.id))
            return to_models(DisclosureConsent, rows)

    def withdraw(
        self, number: int, why: str, audited: AuditDraft
    ) -> tuple[DisclosureConsent, list[str]]:
        """Withdraw a consent, and end every link that stands on it, in one transaction.

        Returns:
            The consent, and which disclosures were ended.

        Raises:
            NotFound: there is none of that number.
            InvalidQuery: it was withdrawn before.
        """
        its = disclosure_consents.c.id == number
        values = {"withdrawn_at": audited.at, "withdrawn_by": audited.by, "withdrawn_why": why}
        with self._database.write() as connection:
            before = connection.execute(_consent(number).with_for_update()).first()
            if before is None:
                raise NotFound(f"The catalog has no consent {number}.")
            if before.withdrawn_at is not None:
                raise InvalidQuery(f"consent_id: {number} was withdrawn already.")
            connection.execute(update(disclosure_consents).where(its).values(values))
            standing = connection.execute(
                select(disclosures.c.id, disclosures.c.consents).where(
                    disclosures.c.recording_sid == before.recording_sid,
                    disclosures.c.revoked_at.is_(None),
                )
            )
            ended = [row.id for row in standing if number in row.consents]
            for each in ended:
                _revoke(connection, each, f"consent {number} was withdrawn", audited)
            detail = {**audited.detail, "consent": number, "links_ended": len(ended)}
            append(connection, replace(audited, detail=detail))
            consent = connection.execute(_consent(number)).one()
        return to_model(DisclosureConsent, consent), ended

    def give(self, disclosure: Disclosure, proofs: Proofs, audited: AuditDraft) -> Disclosure:
        """Write a disclosure down, with what proves the secrets of its link.

        Raises:
            CustodyRefused: the recording may not leave (any more).
            NotConsented: a consent on which it stands was withdrawn meanwhile.
        """
        row = {
            **to_row(disclosure, disclosures),
            "link_hash": proofs.link_hash,
            "code_hash": proofs.code_hash,
            "salt": proofs.salt,
        }
        with self._database.write() as connection:
            if not holds_to_the_end(connection, disclosure.recording_sid, MAY_LEAVE):
                raise CustodyRefused(f"{disclosure.recording_sid} may not leave (any more).")
            if not _holding(connection, disclosure.consents):
                raise NotConsented("A consent on which it was to stand was withdrawn just now.")
            connection.execute(insert(disclosures), row)
            append(connection, audited)
        return disclosure

    def revoke(self, disclosure_id: str, why: str, audited: AuditDraft) -> Disclosure:
        """End a link.

        Raises:
            NotFound: there is no such disclosure.
            InvalidQuery: it was ended before.
        """
        with self._database.write() as connection:
            if not _revoke(connection, disclosure_id, why, audited):
                known = _one(connection, KNOWN.where(disclosures.c.id == disclosure_id))
                if known is None:
                    raise NotFound(f"The catalog has no disclosure {disclosure_id}.")
                raise InvalidQuery(f"disclosure_id: {disclosure_id} was ended already.")
            append(connection, audited)
            ended = KNOWN.where(disclosures.c.id == disclosure_id)
            return to_models(Disclosure, connection.execute(ended))[0]

    def get(self, disclosure_id: str) -> Disclosure:
        """Return a disclosure.

        Raises:
            NotFound: there is none of that name.
        """
        with self._database.read() as connection:
            found = _one(connection, KNOWN.where(disclosures.c.id == disclosure_id))
        if found is None:
            raise NotFound(f"The catalog has no disclosure {disclosure_id}.")
        return found

    def of(self, recording_sid: str) -> list[Disclosure]:
        """Return the disclosures of a recording, newest first."""
        its = KNOWN.where(disclosures.c.recording_sid == recording_sid)
        with self._database.read() as connection:
            return to_models(Disclosure, connection.execute(_newest_first(its)))

    def page(
        self, asker: Actor, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[Disclosure]:
        """Return disclosures of the recordings that somebody may see, newest first.

        Args:
            asker: who.
            limit: how many at the most.
            after: when the last one of the page before was given, and its name.
        """
        statement = KNOWN.where(allowed(asker, Deed.SEE))
        if after is not None:
            at, last = after
            same = (disclosures.c.at == at) & (disclosures.c.id < last)
            statement = statement.where((disclosures.c.at < at) | same)
        with self._database.read() as connection:
            rows = connection.execute(_newest_first(statement).limit(limit))
            return to_models(Disclosure, rows)


class Links:
    """What recipients open, by a link and its code: looked for, tried, and opened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_link(self, link_hash: str) -> Disclosure | None:
        """Return the disclosure of a link, whatever its state; None if there is none."""
        return self._find(KNOWN.where(disclosures.c.link_hash == link_hash))

    def by_ticket(
        self, link_hash: str, ticket_hash: str, now: datetime
    ) -> tuple[Disclosure, datetime] | None:
        """Return the disclosure of a link that was opened a moment ago, and until when it is heard.

        None if it was not, the moment is over, or the link was ended or its recording blocked.
        """
        statement = KNOWN.where(
            disclosures.c.link_hash == link_hash,
            disclosures.c.ticket_hash == ticket_hash,
            disclosures.c.ticket_until > now,
        )
        with self._database.read() as connection:
            found = _one(connection, statement)
            until = connection.scalar(statement.with_only_columns(disclosures.c.ticket_until))
        # wrong codes that others try end nothing of what is being heard
        heard = found and replace(found, wrong_codes=0).state(now) in OPENED
        return (found, until) if found and until and heard else None

    def is_open(self, disclosure_id: str, now: datetime) -> bool:
        """Whether what was opened by a link may be heard on: see `by_ticket`."""
        with self._database.read() as connection:
            found = _one(connection, KNOWN.where(disclosures.c.id == disclosure_id))
        return found is not None and replace(found, wrong_codes=0).state(now) in OPENED

    def attempt(self, disclosure_id: str, audited: AuditDraft) -> Attempt | None:
        """Count a try and enter it; None, and nothing is written, if too many were in vain.

        What is counted before it is judged, nobody tries more often by trying at the same time.
        """
        counted = (
            update(disclosures)
            .where(
                disclosures.c.id == disclosure_id,
                disclosures.c.wrong_codes < MOST_WRONG_CODES,
                disclosures.c.code_hash.is_not(None),
            )
            .values(wrong_codes=disclosures.c.wrong_codes + 1)
            .returning(disclosures.c.code_hash, disclosures.c.salt, disclosures.c.wrong_codes)
        )
        with self._database.write() as connection:
            row = connection.execute(counted).first()
            if row is None:
                return None
            left = MOST_WRONG_CODES - row.wrong_codes
            entry = append(connection, replace(audited, detail={**audited.detail, "left": left}))
        return Attempt(row.code_hash, row.salt, entry.seq, left)

    def take_back(self, disclosure_id: str, audited: AuditDraft) -> None:
        """Enter that a try with the right code failed by our own fault: it does not count."""
        one_less = {"wrong_codes": disclosures.c.wrong_codes - 1}
        its = (disclosures.c.id == disclosure_id) & (disclosures.c.wrong_codes > 0)
        with self._database.write() as connection:
            connection.execute(update(disclosures).where(its).values(one_less))
            append(connection, audited)

    def open(
        self, disclosure_id: str, ticket_hash: str, until: datetime, audited: AuditDraft
    ) -> Disclosure | None:
        """Count an opening, at the time of its entry, and let a ticket go on with it for a while.

        None, and nothing is written, if the link opens nothing any more: of two at once that would
        be one too many, the second.
        """
        now, its = audited.at, KNOWN.where(disclosures.c.id == disclosure_id)
        with self._database.write() as connection:
            before = _one(connection, its)
            if before is None or not holds_to_the_end(connection, before.recording_sid, MAY_LEAVE):
                return None
            before = _one(connection, its.with_for_update(of=disclosures))
            # the try itself was counted before it was known to be a right one
            if before is None or replace(before, wrong_codes=0).state(now) not in OPENED[:1]:
                return None
            values = {
                "opened": before.opened + 1,
                "first_opened_at": before.first_opened_at or now,
                "last_opened_at": now,
                "wrong_codes": 0,
                "ticket_hash": ticket_hash,
                "ticket_until": until,
            }
            changed = update(disclosures).where(disclosures.c.id == disclosure_id)
            connection.execute(changed.values(values))
            detail = {**audited.detail, "opening": before.opened + 1, "of": before.openings}
            append(connection, replace(audited, detail=detail))
            return _one(connection, its)

    def _find(self, statement: Select[Any]) -> Disclosure | None:
        with self._database.read() as connection:
            return _one(connection, statement)


def _consent(number: int) -> Select[Any]:
    return select(disclosure_consents).where(disclosure_consents.c.id == number)


def _newest_first(statement: Select[Any]) -> Select[Any]:
    return statement.order_by(disclosures.c.at.desc(), disclosures.c.id.desc())


def _one(connection: Connection, statement: Select[Any]) -> Disclosure | None:
    row = connection.execute(statement).first()
    return None if row is None else to_model(Disclosure, row)


def _holding(connection: Connection, numbers: Sequence[int]) -> bool:
    """Whether consents hold, and will until the transaction ends."""
    holding = select(disclosure_consents.c.id).where(
        disclosure_consents.c.id.in_(numbers), disclosure_consents.c.withdrawn_at.is_(None)
    )
    found = connection.scalars(holding.order_by(disclosure_consents.c.id).with_for_update())
    return set(found) == set(numbers)


def revoke_for_case(
    connection: Connection, key: str, account_sid: str, call_sid: str, why: str, audited: AuditDraft
) -> int:
    """End the links of a case's receipts to what is recorded of a call, in a transaction.

    Args:
        connection: of the transaction.
        key: of the case.
        account_sid, call_sid: the call.
        why: what took their ground away.
        audited: who did it, and when.

    Returns:
        How many there were.
    """
    its_call = select(recordings.c.sid).where(
        recordings.c.account_sid == account_sid, recordings.c.call_sid == call_sid
    )
    its = (
        disclosures.c.recording_sid.in_(its_call)
        & (disclosures.c.ground == DisclosureGround.OWN_REQUEST)
        & (disclosures.c.recipient == key)
        & (disclosures.c.reference == key)
    )
    standing = connection.scalars(select(disclosures.c.id).where(its).order_by(disclosures.c.id))
    return sum(_revoke(connection, each, why, audited) for each in standing.all())


def _revoke(connection: Connection, disclosure_id: str, why: str, audited: AuditDraft) -> bool:
    """End a link in a transaction. False if it is not there, or was ended before."""
    ended = (
        update(disclosures)
        .where(disclosures.c.id == disclosure_id, disclosures.c.revoked_at.is_(None))
        .values(revoked_at=audited.at, revoked_by=audited.by, revoked_why=why)
        .returning(disclosures.c.id)
    )
    return connection.execute(ended).first() is not None
