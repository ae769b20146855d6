"""What all that happens on the phone has in common: the line of a call, and what holds for it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from twirec.calls import announcement as announcements
from twirec.calls import ledger, twiml
from twirec.calls.policy import check_fits, decide
from twirec.calls.wordings import parts_of
from twirec.catalog import Catalog
from twirec.model.announcements import Announcement
from twirec.model.errors import InvalidQuery, NotFound
from twirec.model.policy import Decision, Policy
from twirec.model.ports import Vendor
from twirec.model.records import Call
from twirec.model.steady import Moment
from twirec.model.vocabulary import Direction, Outcome, Reason
from twirec.settings import Settings

log = logging.getLogger("twirec.webhooks")

LOOKS, BETWEEN_LOOKS = 20, 0.1
"""How often, and how many seconds apart, the line of a call that was placed is looked for."""


class Desk:
    """Where it is decided what holds for a call, and its announcement chosen.

    Args:
        settings: who records, in which language, and where Twilio reaches the app.
        catalog: where the lines are.
        vendor: gives the vendor, when a recording has to be started.
        now: the clock, UTC.
        steady: the steady clock of the same machine; see `twirec.model.steady`.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        vendor: Callable[[], Vendor],
        now: Callable[[], datetime],
        steady: Callable[[], str] = lambda: "",
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._vendor = vendor
        self._now = now
        self._steady = steady
        self._urls = twiml.Urls.under(settings.public_url)
        self._kept: set[str] = set()
        self._dialling: set[str] = set()
        self._noted = False

    def moment(self) -> Moment:
        """Return what time it is, by both clocks."""
        return Moment(self._now(), self._steady())

    def _forget(self) -> None:
        """The catalog was emptied, or made anew: it has nothing any more of what was kept in it."""
        self._kept.clear()
        self._noted = False

    @property
    def announcement(self) -> Announcement:
        """What the outside party hears where no policy says otherwise."""
        return self.announcement_of(self._settings.policy)

    def announcement_of(self, policy: Policy) -> Announcement:
        """Return what a policy says, kept in the catalog under its hash.

        Raises:
            InvalidQuery: nothing can say it.
        """
        announcement = announcements.compose(
            policy.language,
            policy.mode,
            company=self._settings.company,
            privacy_info=self._settings.privacy_info,
            wordings=self._settings.wordings,
        )
        if announcement.hash not in self._kept:
            self._keep(announcement, policy)
            self._kept.add(announcement.hash)
        return announcement

    def _keep(self, announcement: Announcement, policy: Policy) -> None:
        audio = self._settings.wordings[policy.language].audio
        for part in parts_of(policy.mode):
            if part in audio:
                self._catalog.announcements.keep_audio(audio[part], self._now())
        self._catalog.announcements.keep(announcement, self._now())

    def audio(self, hash_: str) -> bytes:
        """Return audio of the company's own: what the settings give, or what was kept.

        Args:
            hash_: of its content.

        Raises:
            NotFound: there is none.
        """
        for wording in self._settings.wordings.values():
            for audio in wording.audio.values():
                if audio.hash == hash_:
                    return audio.data
        return self._catalog.announcements.audio(hash_)

    def _decided(self, line: Call) -> Call:
        """Ask the policy, and return the line with what it says."""
        decision = self._decide(line)
        if not decision.policy.on:
            return ledger.not_recorded(line, Reason.OFF, decision.why_off)
        try:
            check_fits(decision.policy.mode, decision.policy.legal_basis)
            announcement = self.announcement_of(decision.policy)
        except InvalidQuery as error:  # the settings changed under the policy
            log.error("%s: unrecorded: %s", line.call_sid, error)
            return ledger.not_recorded(line, Reason.ANNOUNCEMENT_FAILED, str(error))
        return ledger.to_be_told(line, announcement, decision.policy)

    def _decide(self, line: Call) -> Decision:
        if not self._noted:
            self._catalog.policy.note_default(self._settings.policy, self._now())
            self._noted = True
        return decide(
            self._catalog.policy.history(),
            number=line.own_number,
            direction=line.direction or Direction.IN,  # of who calls now it is known
            at=line.started_at,
            default=self._settings.policy,
        )

    def _tokens(self, account_sid: str) -> Sequence[str]:
        return self._settings.auth_tokens[account_sid]

    def _placed(self, account_sid: str, call_sid: str) -> Call:
        """Return the line of a call that was placed.

        It is written once Twilio has taken the call, and somebody may answer, or not, before that
        is done.

        Raises:
            NotFound: it was not written in two seconds.
        """
        for _ in range(LOOKS):
            with suppress(NotFound):
                return self._catalog.ledger.call(account_sid, call_sid).call
            time.sleep(BETWEEN_LOOKS)
        return self._catalog.ledger.call(account_sid, call_sid).call

    def _give_up(self, account_sid: str, call_sid: str, reason: Reason) -> None:
        """Say on a call's line why it is not recorded. It may go on for long."""
        self._catalog.ledger.close_call(
            account_sid, call_sid, outcome=Outcome.NOT_RECORDED, reason=reason, ended_at=None
        )
