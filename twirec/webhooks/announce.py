"""Telling and asking: what is played when, whether it was heard, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from urllib.parse import urlsplit

from twirec.calls import ledger, twiml
from twirec.calls.forms import parent_of, parse_voice_request
from twirec.model.announcements import Announcement
from twirec.model.errors import CatalogError, CatalogUnavailable, NotFound
from twirec.model.records import VOICEMAIL, Call
from twirec.model.steady import Moment
from twirec.model.vocabulary import ConsentOutcome, Reason
from twirec.webhooks.decide import log
from twirec.webhooks.recorder import Recorder

SLOW = 1.0
"""Seconds that writing down that something is played may take at the most: until then, nobody
hears it."""


class Telling(Recorder):
    """What a party hears, and what they answered."""

    def _play(self, call: Call, leg: str, *, notice: bool = False) -> None:
        """Write down that something is played to a leg from now on, just before it is sent.

        Waiting for the catalog must not look like listening, so what takes long is done again.

        Raises:
            CatalogUnavailable: it took long again. The call's line says so.
        """
        for _ in range(2):
            now = self.moment()
            self._catalog.ledger.announce(
                call.account_sid,
                call.call_sid,
                leg=leg,
                at=now.at,
                steady=now.steady,
                from_the_beginning=notice,
            )
            if self.moment().seconds_since(now.at, now.steady) <= SLOW:
                return
        self._give_up(call.account_sid, call.call_sid, Reason.CATALOG_DOWN)
        raise CatalogUnavailable("The catalog takes too long to write down what is played when.")

    def left(self, fields: Mapping[str, str], made: Moment, *, whisper: bool = False) -> None:
        """Count from now on what is played, if our answer took long to leave.

        Whoever held it up: while it was on its way, nobody listened.

        Args:
            fields: the form of the request that was answered.
            whisper: whether it was one about a leg that was dialled.
            made: when the answer was made.
        """
        now = self.moment()
        if now.seconds_since(made.at, made.steady) <= SLOW:
            return
        request = parse_voice_request(fields)
        account_sid, leg = request.account_sid, request.call_sid
        call_sid = (parent_of(fields) if whisper else None) or leg
        try:
            with suppress(NotFound):  # nothing is played in what has no line
                call = self._catalog.ledger.call(account_sid, call_sid).call
                if call.leg == leg and call.announced_at is not None:
                    self._catalog.ledger.announce(
                        account_sid, call.call_sid, leg=leg, at=now.at, steady=now.steady
                    )
        except CatalogError as error:
            log.error("%s: that it left late is not known: %s", leg, error)

    def _judge(
        self, call: Call, announcement: Announcement, key: str, *, waited: float, at: Moment
    ) -> ConsentOutcome | None:
        """Return what the party answered; None when the question is to be put (again).

        Args:
            call: says what was played, and since when.
            announcement: what that is of.
            key: what was pressed, empty for nothing.
            waited: seconds for which Twilio waited for a key.
            at: when the request arrived, before anything was waited for.
        """
        if call.mode is None or call.announced_at is None:
            return ConsentOutcome.ANNOUNCEMENT_FAILED
        passed = at.seconds_since(call.announced_at, call.announced_steady)
        seconds = passed * self._settings.clock_speed
        if not ledger.heard(call, announcement, key=key, waited=waited, seconds=seconds):
            if call.asked and key:  # which cut it short
                return ledger.unanswered(call.asked)
            return ConsentOutcome.ANNOUNCEMENT_FAILED
        return ledger.judge(call.mode, key, call.asked)

    def _hang_up(self, language: str, part: str = "goodbye") -> str:
        return twiml.hang_up(language, self._settings.wordings.get(language), self._urls, part)

    def _connect(self, call: Call, build_dial: twiml.BuildDial | None, *, record: bool) -> str:
        if call.dial == (VOICEMAIL,):
            if record:
                return twiml.voicemail(self._urls)
            return self._hang_up(self._language_of(call), "no_message")
        return twiml.connect(
            call,
            self._urls,
            record=record,
            build_dial=build_dial,
            allow=partial(self._agents_allow, call),
        )

    def _language_of(self, call: Call) -> str:
        try:
            return self._decide(call).policy.language
        except CatalogError:
            return self._settings.policy.language

    def _go_on(self, failed_url: str | None, call: Call, connect: Callable[[], str]) -> str:
        """Twilio could not use one of our answers: let the call go on, unrecorded.

        After the end of their dial nobody is dialled again. Of who may have said themselves what
        failed, that is known by the call's line: the other side told us what they consented to.
        """
        failed = re.split("[?#]", failed_url or "")[0]  # it may be no URL at all
        over = failed.endswith(urlsplit(self._urls.ended).path)
        unrecorded = ledger.not_recorded(call, Reason.CATALOG_DOWN)
        try:
            self._catalog.ledger.open_call(
                unrecorded
            )  # of a call without a line, nothing was played
            if over or (failed_url is None and self._was_connected(call)):
                return twiml.nothing()
            self._give_up(call.account_sid, call.call_sid, Reason.APP_FAILED)
        except CatalogError as error:
            log.error("%s: unrecorded: %s", call.call_sid, error)
        return twiml.nothing() if over else connect()

    def _was_connected(self, call: Call) -> bool:
        record = self._catalog.ledger.call(call.account_sid, call.call_sid)
        told_there = record.call.leg not in ("", call.call_sid)  # on the leg that was dialled
        return told_there and bool(record.consents)
