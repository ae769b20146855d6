"""What a party hears: chosen by the policy, played, and whether it was heard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from twirec.calls import ledger, twiml
from twirec.calls.forms import parent_of, parse_voice_request
from twirec.calls.policy import check_fits, decide
from twirec.calls.wordings import compose, longest_telling, parts_of
from twirec.model.announcements import Announcement
from twirec.model.errors import CatalogError, CatalogUnavailable, InvalidQuery
from twirec.model.policy import Decision, Policy, PolicyChange
from twirec.model.records import Call, Consent
from twirec.model.steady import Moment
from twirec.model.vocabulary import ConsentOutcome, Direction, Outcome, Reason
from twirec.webhooks.context import Context, log
from twirec.webhooks.lines import give_up

SLOW = 1.0
"""Seconds that writing down that something is played may take at the most: until then, nobody
hears it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A call whose line stands, and what follows for it.

    Attributes:
        call: its line.
        to_play: the announcement to be sent; None where nothing is to be played, or to write it
            down took so long that it has to be written again.
        consents: what was answered before.
        has_failed: whether it is not to be told any more, as one of our answers failed.
    """

    call: Call
    to_play: Announcement | None = None
    consents: tuple[Consent, ...] = ()
    has_failed: bool = False


class Announcing:
    """Announcements: which holds for a call, and what became of it.

    Args:
        context: settings, catalog and clocks.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings
        self._catalog = context.catalog
        self._known: dict[str, Announcement] = {}
        self._kept: set[str] = set()
        self._noted = False

    def of(self, policy: Policy) -> Announcement:
        """Return what a policy says, kept in the catalog under its hash.

        Raises:
            InvalidQuery: nothing can say it.
        """
        announcement = compose(
            policy.language,
            policy.mode,
            company=self._settings.company,
            privacy_info=self._settings.privacy_info,
            wordings=self._settings.wordings,
        )
        if announcement.hash not in self._kept:
            self._keep(announcement, policy)
            self._kept.add(announcement.hash)
            self._known[announcement.hash] = announcement
        return announcement

    def _keep(self, announcement: Announcement, policy: Policy) -> None:
        audio, now = self._settings.wordings[policy.language].audio, self._context.now()
        for part in parts_of(policy.mode):
            if part in audio:
                self._catalog.announcements.keep_audio(audio[part], now)
        self._catalog.announcements.keep(announcement, now)

    def get(self, hash_: str) -> Announcement:
        """Return an announcement by its hash; what that stands for never changes.

        Raises:
            NotFound: there is none.
        """
        if hash_ not in self._known:
            self._known[hash_] = self._catalog.announcements.get(hash_)
        return self._known[hash_]

    def known(self, call: Call) -> Announcement | None:
        """Return the announcement of a call, if this process knows it; see `get`."""
        return self._known.get(call.announcement or "")

    def forget(self) -> None:
        """The catalog was emptied, or made anew: it has nothing any more of what was kept in it."""
        self._kept.clear()
        self._known.clear()
        self._noted = False

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

    def decided(self, line: Call, history: Sequence[PolicyChange] | None = None) -> Call:
        """Ask the policy, and return the line with what it says.

        Args:
            line: the call.
            history: the changes of the policy, where they were read already.
        """
        decision = self._decide(line, history)
        if not decision.policy.on:
            return ledger.not_recorded(line, Reason.OFF, decision.why_off)
        try:
            check_fits(decision.policy.mode, decision.policy.legal_basis)
            announcement = self.of(decision.policy)
        except InvalidQuery as error:  # the settings changed under the policy
            log.error("%s: unrecorded: %s", line.call_sid, error)
            return ledger.not_recorded(line, Reason.ANNOUNCEMENT_FAILED, str(error))
        return ledger.to_be_told(line, announcement, decision.policy)

    def _decide(self, line: Call, history: Sequence[PolicyChange] | None = None) -> Decision:
        if not self._noted:
            self._catalog.policy.note_default(self._settings.policy, self._context.now())
            self._noted = True
        return decide(
            self._catalog.policy.history() if history is None else history,
            number=line.own_number,
            direction=line.direction or Direction.IN,  # of who calls now it is known
            at=line.started_at,
            default=self._settings.policy,
        )

    def open_and_play(self, line: Call, *, goes_on: bool = False) -> Opened:
        """Write the line of a call, and with it that its announcement is played from now on.

        Also who was told before is told again, unless they answered: what they said holds for all
        of the call. Telling that began long ago has failed since, by one of our answers; a voice
        URL that is its own fallback URL would otherwise tell again for ever.

        Args:
            line: as it is if the call has none.
            goes_on: whether the call was answered before: it may be sent on to somebody else.

        Raises:
            NotFound: the catalog lost the announcement: it was emptied.
        """
        decided, began = self.decided(line), self._context.moment()
        is_told = decided.announcement is not None
        if is_told:
            decided = replace(decided, announced_at=began.at, announced_steady=began.steady)
        again: list[Opened] = []

        def come_again(stands: Call, consents: Sequence[Consent]) -> Moment | Reason | None:
            again.append(self._opened_before(stands, consents, began.at))
            plays = began if again[0].to_play else None
            return Reason.APP_FAILED if again[0].has_failed else plays

        stands = self._catalog.ledger.open_call(
            decided, is_told=is_told, again=come_again, goes_on=goes_on
        )
        if again and stands.announcement and not self.known(stands):
            self.get(stands.announcement)  # another process told them: once more, as it is known
            return self.open_and_play(line, goes_on=goes_on)
        opened = again[0] if again else Opened(stands, self.known(stands))
        # what took long to write must not look like listening
        return opened if self._seconds_since(began) <= SLOW else replace(opened, to_play=None)

    def _opened_before(self, call: Call, consents: Sequence[Consent], now: datetime) -> Opened:
        """Return what follows for a call that has its line, and is asked about once more."""
        announcement = self.known(call)
        if announcement is None or consents or call.channel_map == ledger.AGENT_FIRST:
            return Opened(call, consents=tuple(consents))
        told = call.announced_at is not None
        if told and now - call.started_at > longest_telling(announcement):
            return Opened(call, has_failed=True)
        return Opened(call, None if call.outcome is Outcome.NOT_RECORDED else announcement)

    def play(self, call: Call, leg: str, *, asked: int | None = None) -> None:
        """Write down that something is played to a leg from now on, just before it is sent.

        Waiting for the catalog must not look like listening, so what takes long is done again.

        Args:
            call: its line.
            leg: who hears it.
            asked: which question it is, or 0 for the notice from the beginning; as in
                `Ledger.announce`.

        Raises:
            CatalogUnavailable: it took long again. The call's line says so.
        """
        for _ in range(2):
            now = self._context.moment()
            self._catalog.ledger.announce(
                call.account_sid,
                call.call_sid,
                leg=leg,
                at=now.at,
                steady=now.steady,
                asked=asked,
            )
            if self._seconds_since(now) <= SLOW:
                return
        give_up(self._catalog, call.account_sid, call.call_sid, Reason.CATALOG_DOWN)
        raise CatalogUnavailable("The catalog takes too long to write down what is played when.")

    def _seconds_since(self, moment: Moment) -> float:
        return self._context.moment().seconds_since(moment.at, moment.steady)

    def left(self, fields: Mapping[str, str], made: Moment, *, whisper: bool = False) -> None:
        """Count from now on what is played, if our answer took long to leave.

        Whoever held it up: while it was on its way, nobody listened.

        Args:
            fields: the form of the request that was answered.
            whisper: whether it was one about a leg that was dialled.
            made: when the answer was made.
        """
        now = self._context.moment()
        if now.seconds_since(made.at, made.steady) <= SLOW:
            return
        request = parse_voice_request(fields)
        account_sid, leg = request.account_sid, request.call_sid
        call_sid = (parent_of(fields) if whisper else None) or leg
        try:
            call = self._catalog.ledger.line(account_sid, call_sid)
            # nothing is played in what has no line
            if call and call.leg == leg and call.announced_at is not None:
                self._catalog.ledger.announce(
                    account_sid, call_sid, leg=leg, at=now.at, steady=now.steady
                )
        except CatalogError as error:
            log.error("%s: that it left late is not known: %s", leg, error)

    def judge(
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

    def hang_up(self, language: str, part: str = "goodbye") -> str:
        """Return the TwiML that says a part of a wording, and ends the call."""
        wording = self._settings.wordings.get(language)
        return twiml.hang_up(language, wording, self._context.urls, part)

    def language_of(self, call: Call) -> str:
        """Return the language in which a call is told, or would be."""
        with suppress(CatalogError):
            return self._decide(call).policy.language
        return self._settings.policy.language
