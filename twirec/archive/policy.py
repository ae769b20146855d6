"""Who is recorded, and how they are told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from twirec.calls.address import key_of
from twirec.calls.policy import (
    check_change,
    decide_all,
    default_at,
    overruling,
    with_what_held_before,
)
from twirec.calls.targets import check_own_address
from twirec.catalog import Catalog
from twirec.custody.audit import AuditTrail
from twirec.model.access import Actor, acting
from twirec.model.announcements import Announcement
from twirec.model.audit import Action
from twirec.model.errors import InvalidQuery
from twirec.model.given import understood, word
from twirec.model.policy import Decision, Policy, PolicyChange
from twirec.model.vocabulary import ConsentMode, Direction, LegalBasis
from twirec.search.times import When, one_moment
from twirec.settings import Settings

TIME_OF_DAY = re.compile(r"[0-2]?\d:[0-5]\d", re.ASCII)

LONGEST_SWITCH = timedelta(days=366)


@understood
class Policies:
    """Who is recorded: per own number and direction, every change dated.

    Args:
        settings: what holds where nobody said otherwise.
        catalog: where the history of the policy is, and what was announced.
        trail: who changed it.
        now: the clock, UTC.
    """

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        trail: AuditTrail,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._trail = trail
        self._now = now

    def of(self, number: str, direction: Direction | str, *, at: When | None = None) -> Decision:
        """Return what holds, or held, for calls of an own number.

        Args:
            number: the own number, as a person types it.
            direction: of the calls.
            at: a moment, as `moment` takes it; now by default.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
        """
        (decision,) = self.of_all([(number, direction)], at=at)
        return decision

    def of_all(
        self, scopes: Sequence[tuple[str, Direction | str]], *, at: When | None = None
    ) -> list[Decision]:
        """Return what holds, or held, for each own number and direction, in the order given.

        Args:
            scopes: own numbers as a person types them, each with the direction of its calls.
            at: a moment, as `moment` takes it; now by default.

        Raises:
            InvalidQuery: a value cannot be understood; the message names it and the fix.
        """
        default, country = self._settings.policy, self._settings.country
        moment = self._now() if at is None else self.moment(at)
        if at is not None:
            default = default_at(self._catalog.policy.defaults(), moment, default)
        return decide_all(
            self._catalog.policy.history(),
            [
                (key_of(number, country), word(Direction, "direction", direction))
                for number, direction in scopes
            ],
            at=moment,
            default=default,
        )

    def change(
        self,
        *,
        by: Actor | str,
        why: str,
        number: str | None = None,
        direction: Direction | str | None = None,
        on: bool | None = None,
        mode: ConsentMode | str | None = None,
        language: str | None = None,
        legal_basis: LegalBasis | str | None = None,
        until: When | None = None,
    ) -> PolicyChange:
        """Switch recording on or off, or change how it is told, from now on.

        Calls that go on are not touched: what holds for a call is decided once, when it begins.

        Args:
            by: who makes the change.
            why: the reason, kept with it.
            number: the own number it is for, as a person types it; None for all.
            direction: None for both.
            on, mode, language, legal_basis: what is to hold; None leaves it as it is.
            until: when a switch ends by itself, as `moment` takes it, or a time of today, such as
                `18:00`: then holds again what would without it. No worker has to be alive for it.

        Raises:
            InvalidQuery: a value is wrong, or mode and legal basis would not fit each other.
        """
        ends_at = None if until is None else self._end(until)
        if ends_at is not None and (on is None or mode or language or legal_basis):
            raise InvalidQuery("until: it is for switching on or off alone; leave it out.")
        if on is None and not (mode or language or legal_basis):
            raise InvalidQuery(
                "on, mode, language, legal_basis: say what is to hold; `policy.reset` ends "
                "what was said."
            )
        actor = acting(by)
        change = PolicyChange(
            at=self._now(),
            by=actor.name,
            why=why.strip(),
            number=self._own(number),
            direction=word(Direction, "direction", direction),
            on=on,
            mode=word(ConsentMode, "mode", mode),
            language=language,
            legal_basis=word(LegalBasis, "legal_basis", legal_basis),
            ends_at=ends_at,
        )
        return self._change(change, actor)

    def _end(self, until: When) -> datetime:
        now, zone = self._now(), self._settings.timezone
        if isinstance(until, str) and TIME_OF_DAY.fullmatch(until.strip()):
            until = f"{now.astimezone(zone):%Y-%m-%d} {until.strip():0>5}"
        end = one_moment("until", until, zone)
        if not now < end <= now + LONGEST_SWITCH:
            raise InvalidQuery("until: give a time to come, such as 18:00, within a year.")
        return end

    def reset(
        self,
        *,
        by: Actor | str,
        why: str,
        number: str | None = None,
        direction: Direction | str | None = None,
    ) -> PolicyChange:
        """Let a number, a direction, or both of them have nothing of their own any more.

        From now on what holds more broadly holds for them, and follows its changes. With neither,
        what holds for all is what the settings say.

        Args:
            by: who makes the change.
            why: the reason, kept with it.
            number: the own number, as a person types it.
            direction: of the calls; None for what was said of both together.

        Raises:
            InvalidQuery: there is no reason, or mode and legal basis would not fit each other.
        """
        actor = acting(by)
        scope = (self._own(number), word(Direction, "direction", direction))
        reason = why.strip()
        return self._change(PolicyChange(self._now(), actor.name, reason, *scope), actor)

    def history(self) -> list[tuple[PolicyChange, Policy]]:
        """Return the history of the policy, oldest first: each change, and what held before it."""
        history, defaults = self._catalog.policy.history(), self._catalog.policy.defaults()
        return with_what_held_before(history, defaults, self._settings.policy)

    def overruling(self, change: PolicyChange) -> list[PolicyChange]:
        """Return the switches of narrower scopes that say the opposite of a change, and hold.

        Args:
            change: as `change` returned it.
        """
        return overruling(self._catalog.policy.history(), change)

    def own_number(self, number: str) -> str:
        """Return an own number as the policy has it: E.164, `client:NAME` or `sip:ADDRESS`.

        What is said of a number holds however it is reached: by telephone, WhatsApp, SIP or trunk.

        Args:
            number: as a person types it, or an address of it (`whatsapp:+34…`).

        Raises:
            InvalidQuery: it is none.
        """
        return check_own_address(number, self._settings.country)

    def _own(self, number: str | None) -> str | None:
        return None if number is None else self.own_number(number)

    def moment(self, at: When) -> datetime:
        """Return the moment that a person means, UTC.

        Args:
            at: a `datetime` with its zone; or a date with a time, such as `2026-11-03 17:00`,
                in the company's zone where it has no offset.

        Raises:
            InvalidQuery: it is not one moment; the message names the fix.
        """
        return one_moment("at", at, self._settings.timezone)

    def _change(self, change: PolicyChange, actor: Actor) -> PolicyChange:
        with self._trail.attempt(Action.POLICY, actor) as done:
            history = self._catalog.policy.history()
            check_change(change, history, self._settings.policy, self._settings.wordings)
            way = {"direction": change.direction} if change.direction else {}
            end = {"until": f"{change.ends_at:%Y-%m-%dT%H:%MZ}"} if change.ends_at else {}
            said = {"of": "a number" if change.number else "all", **way, **change.said, **end}
            entry = self._trail.about(replace(done, detail=said), change.number or "")
            self._catalog.policy.change(change, entry)
        return change

    def announcement(self, hash_: str) -> Announcement:
        """Return an announcement that is, or was, played.

        Args:
            hash_: of it, as a consent names it.

        Raises:
            NotFound: none of that hash was kept.
        """
        return self._catalog.announcements.get(hash_)

    def announcement_audio(self, hash_: str) -> bytes:
        """Return the file of an announcement that the company recorded itself.

        Args:
            hash_: of the file, as its announcement names it.

        Raises:
            NotFound: none of that hash was kept.
        """
        return self._catalog.announcements.audio(hash_)
