"""Receipts of cases: made by the library, delivered by whichever way was chosen."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, parseaddr

from twirec.archive.audit import LARGEST_PAGE
from twirec.archive.case_mails import PURPOSE, secrets_of
from twirec.archive.disclosed_copies import PLAIN
from twirec.archive.disclosures import ROUTE
from twirec.calls.signed_targets import sign_segment
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.custody.case_consent import covered
from twirec.custody.case_receipt import plain_text, receipt
from twirec.custody.disclosure import new_code, new_secret, proofs
from twirec.custody.document_pdf import Sealing, check_installed, sealed_pdf
from twirec.model.access import Actor, Deed, acting, asking, may_ever
from twirec.model.audit import Action, AuditDraft
from twirec.model.cases import (
    Case,
    CaseAnswer,
    CaseMail,
    CaseReceipt,
    CaseStep,
    CaseStepKind,
)
from twirec.model.disclosures import Disclosure, DisclosureGround
from twirec.model.errors import CustodyRefused, InvalidQuery
from twirec.model.given import understood, whole
from twirec.model.records import Recording
from twirec.search.case_keys import read_key
from twirec.settings import Settings

LIFE = timedelta(days=90)
"""For how long a link of a receipt is open; another receipt has another."""

OPENINGS = 20
LONGEST_TEXT = 2000


@understood
class CaseReceipts:
    """Receipts of cases: content, time, key, term, and how to get at the recording.

    Args:
        settings: who received it, and where customers turn.
        catalog: cases, recordings and links.
        seal: gives the company's seal; None where there is none.
        trail: who made which.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        seal: Callable[[], Sealing | None],
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._seal = seal
        self._trail = trail
        self._now = now

    def make(self, case_key: str, *, by: Actor | str) -> CaseReceipt:
        """Make the receipt of a case: as a PDF, sealed where the company has a seal, and as text.

        It holds a personal link to what was recorded with the customer's consent, which opens once
        that is archived, with a code that is told by another way; only for who may hear it, as link
        and code together do. Of others the receipt says that the customer may ask for it. Each
        receipt has a link and a code of its own. A consent covers what is recorded from its moment
        on, if it was written down during the call: what was recorded before is not in the link.

        Args:
            case_key: of the case.
            by: who makes it.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them, or the case is closed and its call blocked.
            InvalidQuery: the key is none.
            LetterToolsMissing: the extra `letters` is not installed.
            SealUnusable: the seal of the settings cannot be used.
            TimeStampUnavailable: the authority of time does not answer.
        """
        with self._step(case_key, by, CaseStepKind.RECEIPT) as (step, done):
            return self._made(step, done)

    def send(self, case_key: str, *, to: str, by: Actor | str) -> str:
        """Make the receipt of a case, and let a worker send it by e-mail, with all `make` has.

        A worker hands it to the mail server, within seconds where one runs. What the server refuses
        for a while is tried again for about a day; what it refuses for good is not. `cases.get`
        says where it stands; that it was delivered, and to whom, or why not, is a step of the case
        and an event. Who may not hear what was recorded sends no link: they choose the address, and
        have the code.

        Args:
            case_key: of the case.
            to: the customer's address.
            by: who sends it.

        Returns:
            The code that opens its link, to be told by another way, such as during the call; empty
            where it holds no link.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them, or the case is closed and its call blocked.
            InvalidQuery: the key or the address is none, or no mail server is set.
            TwirecError: as `make`.
        """
        address = _address(to)
        if self._settings.smtp is None:
            raise InvalidQuery(
                "to: no mail server is set (TWIREC_SMTP_URL, TWIREC_SMTP_FROM): make the receipt "
                "and deliver it yourselves."
            )
        if not secrets_of(self._settings):
            raise InvalidQuery(
                "to: no auth token of Twilio's is set, which seals e-mails that wait: make the "
                "receipt and deliver it yourselves."
            )
        with self._step(case_key, by, CaseStepKind.RECEIPT) as (step, done):
            return self._made(step, done, address).code

    def deliver(self, case_key: str, *, to: str, how: str, by: Actor | str) -> Case:
        """Write down to whom a receipt was delivered, and by which way the customer chose.

        Args:
            case_key: of the case.
            to: where it went, such as an address; it is kept for this only.
            how: by which way, such as `by post` or `handed over`.
            by: who delivered it.

        Raises:
            NotFound: there is no such case.
            CustodyRefused: it is not for them.
            InvalidQuery: the key is none, or it is not said to whom and how.
        """
        with self._step(case_key, by, CaseStepKind.DELIVERED) as (step, done):
            said = replace(step, text=_said("to", to), how=_said("how", how))
            delivered = self._catalog.cases.add_step(done.sid, said, done)
            return self._catalog.known_cases.seen([delivered])[0]

    def undelivered(self, *, limit: int = 100, by: Actor | str | None = None) -> Sequence[CaseMail]:
        """Return the e-mails that could not be delivered, of all cases, oldest first.

        Another receipt that is sent or delivered takes the place of those of its case.

        Args:
            limit: how many at the most, up to 10,000.
            by: who asks; None for somebody without a role: the last column of docs/access.md.

        Raises:
            CustodyRefused: it is not for them.
        """
        self._check(asking(by), Deed.READ_CASE)
        return self._catalog.case_mails.failed(whole("limit", limit, 1, LARGEST_PAGE))

    def _made(self, step: CaseStep, done: AuditDraft, address: str = "") -> CaseReceipt:
        check_installed()
        with_links = may_ever(Actor(done.by, done.role), Deed.LISTEN)
        case = self._catalog.known_cases.get(done.sid)
        if self._catalog.known_cases.seen([case])[0] is not case:
            raise CustodyRefused(
                f"{case.key} is blocked: it is kept as it is, for authorities only."
            )
        recordings = self._consented(case)
        code = new_code() if recordings and with_links else ""
        given = [(self._disclosure(case, *each, done), new_secret()) for each in recordings]
        links = [f"{self._settings.public_url}{ROUTE}{secret}" for _, secret in given]
        document = receipt(
            case,
            company=self._settings.company,
            contact=self._settings.case_contact or self._settings.privacy_info,
            term=self._settings.case_terms[case.kind],
            recorded=bool(recordings),
            links=links if with_links else (),
            zone=self._settings.timezone,
        )
        seal = self._seal()
        data = sealed_pdf(document, self._now(), seal)
        digest = hashlib.sha256(data).hexdigest()
        links_given = [
            (disclosure, proofs(secret, code)) for disclosure, secret in given if with_links
        ]
        made = CaseReceipt(
            key=case.key,
            language=case.language,
            text=plain_text(document),
            pdf=data,
            sealed=seal is not None,
            code=code,
            file_name=f"{case.key}.pdf",
        )
        entry = replace(done, detail={**done.detail, "sha256": digest, "links": len(links_given)})
        mail = None
        if address:
            mail = self._mail(made, [each.id for each, _ in links_given], address, done)
            entry = replace(entry, detail={**entry.detail, "mail": mail[0].id})
        its = replace(step, text=digest)
        self._catalog.cases.made_receipt(case.key, its, links_given, entry, mail)
        return made

    def _mail(
        self, made: CaseReceipt, links: list[str], address: str, done: AuditDraft
    ) -> tuple[CaseMail, str]:
        """Return an e-mail that is due now, and what it says: the same however often it is sent."""
        name = uuid.uuid4().hex
        mail = CaseMail(name, made.key, done.at, done.by, address, done.at, tuple(links))
        said = _message(made, self._settings.smtp_from, address, name).as_bytes().decode("ascii")
        return mail, sign_segment(said, secrets_of(self._settings), PURPOSE)

    def _consented(self, case: Case) -> list[tuple[Recording, float]]:
        """Return what may be given to the customer, each from which of its seconds on."""
        steps = self._catalog.known_cases.steps(case.id)
        found: list[tuple[Recording, float]] = []
        for call in self._catalog.known_cases.calls(case.id):
            if call.answer is CaseAnswer.GRANTED:
                record = self._catalog.ledger.call(call.account_sid, call.call_sid)
                found += covered(record, steps)
        return found

    def _disclosure(
        self, case: Case, recording: Recording, start: float, done: AuditDraft
    ) -> Disclosure:
        return Disclosure(
            id="DI" + secrets.token_hex(16),
            recording_sid=recording.sid,
            recipient=case.key,
            purpose="Ley 10/2025, art. 12.1",
            ground=DisclosureGround.OWN_REQUEST,
            reference=case.key,
            consents=(),
            conversion=replace(PLAIN, start=start).words if start else "",
            by=done.by,
            at=done.at,
            expires_at=done.at + LIFE,
            openings=OPENINGS,
        )

    @contextmanager
    def _step(
        self, case_key: str, by: Actor | str, kind: CaseStepKind
    ) -> Iterator[tuple[CaseStep, AuditDraft]]:
        actor, its = acting(by), read_key(case_key)
        with self._trail.attempt(Action.CASE, actor, its, {"step": kind.value}) as done:
            self._check(actor, Deed.CASE)
            yield CaseStep(0, kind, done.at, actor.name), done

    def _check(self, actor: Actor, deed: Deed) -> None:
        if not may_ever(actor, deed):
            raise CustodyRefused(f"{deed} is not for the role {actor.role}.")


def _message(made: CaseReceipt, sender: str, address: str, name: str) -> EmailMessage:
    """Return an e-mail in plain ASCII, which every server takes."""
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["From"] = sender
    message["To"] = address
    message["Subject"] = made.text.partition("\n")[0]
    message["Content-Language"] = made.language
    message["Message-ID"] = f"<{name}@{domain}>"
    message["Date"] = localtime()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(made.text)
    message.add_attachment(made.pdf, maintype="application", subtype="pdf", filename=made.file_name)
    return message


def _address(given: str) -> str:
    """Return one e-mail address, in ASCII: many servers take no others.

    Raises:
        InvalidQuery: it is none.
    """
    address = given.strip()
    name, _, domain = address.rpartition("@")
    with suppress(UnicodeError):
        address = f"{name}@{domain.encode('idna').decode()}"
    if not address.isascii() or not re.fullmatch(
        r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\".]+", address
    ):
        raise InvalidQuery("to: give one e-mail address, such as ana@example.com.")
    return address


def _said(field: str, given: str) -> str:
    said = given.strip()
    if not said or len(said) > LONGEST_TEXT:
        raise InvalidQuery(f"{field}: write it, in at most {LONGEST_TEXT} characters.")
    return said
