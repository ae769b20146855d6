"""E-mails with receipts, sent by workers: what the company's mail server takes is delivered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from twirec.calls.signed_targets import read_segment
from twirec.catalog import Catalog
from twirec.jobs.retrying import MAILS
from twirec.jobs.worker import Kind, LeaseKeeper
from twirec.model.cases import CaseMail
from twirec.model.errors import MailRefused, MalformedRequest
from twirec.model.hints import MAIL
from twirec.settings import Settings

LEASE = timedelta(minutes=5)
"""How long one may be on its way: longer than a server that is slow at each step."""

PURPOSE = b"an e-mail that waits"


class CaseMailing:
    """A kind of due work: the e-mails with receipts that no mail server took yet.

    At least once: who dies between the server's yes and writing that down sends it again, as the
    same message with the same Message-ID, by which mail programs tell that it is one.

    Args:
        settings: the mail server, and what opens what is kept of an e-mail.
        catalog: where they wait.
        now: the clock, UTC.
    """

    def __init__(self, settings: Settings, catalog: Catalog, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._catalog = catalog
        self._now = now

    def kind(self) -> Kind[CaseMail]:
        """Return what a worker has to know of them."""
        return Kind(
            MAIL,
            self._catalog.case_mails.queue(self._now),
            self.run,
            lambda mail: f"{mail.case_key}: its receipt by e-mail",
            MAILS,
            LEASE,
            aside=True,
        )

    def run(self, keeper: LeaseKeeper[CaseMail]) -> None:
        """Send one, unless what it says does not hold any more."""
        from twirec.adapters.smtp import send

        keeper.renew()
        mail, server = keeper.lease.item, self._settings.smtp
        assert server is not None  # noqa: S101 - else there is no such kind
        case = self._catalog.known_cases.get(mail.case_key)
        if self._catalog.known_cases.seen([case])[0] is not case:
            raise MailRefused("The case is blocked meanwhile: nothing of it leaves.")
        if not self._catalog.case_mails.links_hold(mail):
            raise MailRefused("Its link was ended since it was written: make the receipt anew.")
        content = self._content(keeper)
        send(content, self._settings.smtp_from, mail.address, server)
        self._catalog.case_mails.sent(keeper.lease, self._now())

    def _content(self, keeper: LeaseKeeper[CaseMail]) -> bytes:
        sealed = self._catalog.case_mails.content(keeper.lease)
        try:
            return read_segment(sealed, secrets_of(self._settings), PURPOSE).encode("ascii")
        except MalformedRequest as error:
            raise MailRefused(
                "It was written under another auth token of Twilio's, which the settings do not "
                "name any more: make the receipt anew."
            ) from error


def secrets_of(settings: Settings) -> list[str]:
    """Return what seals e-mails that wait, so that nobody reads them in the catalog."""
    return [token for tokens in settings.auth_tokens.values() for token in tokens]
