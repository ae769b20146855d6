"""The part of the catalog's port that knows calls: lines, consents, agents, policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from twirec.model.agents import ConferenceEvent, InformedAgent, Leg, Together
from twirec.model.audit import AuditDraft
from twirec.model.policy import Policy, PolicyChange
from twirec.model.records import Call, CallRecord, Consent
from twirec.model.vocabulary import Outcome, Reason, Role


class CallsCatalog(Protocol):
    """Calls and who may be recorded. See `Catalog`."""

    def open_call(self, call: Call) -> Call:
        """Write a call's line, unless it has one, and return the line that stands.

        Of a line that stands only `dial` is written anew, as a caller may be sent on to somebody
        else, and that it is not `late` once the app was asked about the call.
        """
        ...

    def open_line_without_numbers(self, line: Call, recording_sid: str) -> None:
        """Write the line of a recording whose call nobody knows (any more), unless it has one.

        A recording that is there becomes one of that call if it is of none, and the vendor keeps
        its copy of it, if it has one still.
        """
        ...

    def line(self, account_sid: str, call_sid: str) -> Call | None:
        """Return a call's line without what belongs to it; None if it has none."""
        ...

    def lines(self, sids: Sequence[str]) -> Mapping[str, Call]:
        """Return the lines of calls by their SIDs, or by those of their recordings, where known."""
        ...

    def add_numbers(
        self,
        before: Call,
        after: Call,
        channel_maps: Mapping[str, tuple[Role, ...]],
        audited: AuditDraft | None = None,
    ) -> bool:
        """Let a line have the numbers, the direction and the channels of `after`.

        False, and nothing done, if its numbers and direction are not those of `before` any more.
        The change and its entry of the audit log are both there, or neither.

        Args:
            before: the line as it was read.
            after: as it is to be.
            channel_maps: who is on which channel, by the SID of a recording of the call.
            audited: what is to be written down of it; None where only the vendor says so.
        """
        ...

    def announce(
        self,
        account_sid: str,
        call_sid: str,
        *,
        leg: str,
        at: datetime,
        steady: str = "",
        from_the_beginning: bool = False,
    ) -> None:
        """Set when the announcement was last sent, by both clocks, and to which leg.

        A new leg, and one that hears the announcement from the beginning, was asked nothing yet.
        Nothing changes once a consent is written.
        """
        ...

    def ask_again(self, account_sid: str, call_sid: str, asked: int, at: datetime) -> None:
        """Count that the question is put once more, after it was put `asked` times, and when.

        Nothing changes if it was put more often already.
        """
        ...

    def call(self, account_sid: str, call_sid: str) -> CallRecord:
        """Return a call with its consents and recordings.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        ...

    def record_consent(self, consent: Consent, reason: Reason | None) -> Consent:
        """Write a consent, unless that leg has one, and return the one that stands.

        If it is new, that is the very object that was given, and with `reason` the call's line is
        closed as not recorded.

        Raises:
            NotFound: the catalog has no such call of that account.
        """
        ...

    def close_call(
        self,
        account_sid: str,
        call_sid: str,
        *,
        outcome: Outcome,
        reason: Reason | None,
        ended_at: datetime | None,
    ) -> None:
        """Say what came of a call, and when it ended, if it did.

        A line that is `recorded` or `not_recorded` keeps outcome and reason; a line without an end
        gets `ended_at`. A call that is not there stays so.
        """
        ...

    def unfinished_calls(
        self, before: datetime, *, after: Call | None = None, limit: int = 1000
    ) -> list[Call]:
        """Return calls that started before `before` and are still `open` or `owed`.

        Oldest first, a page at a time: `after` is the last one of the page before.
        """
        ...

    def owns(self, number: str) -> bool:
        """Whether there are lines of calls to or from this number as an own number.

        Those that were written only after the call do not count.
        """
        ...

    def knows_agent(self, agent: str) -> bool:
        """Whether an agent had a part in any call, by the name that `agent_of` gives them."""
        ...

    # --- agents and legs ----------------------------------------------------------------------

    def inform_agent(self, entry: InformedAgent) -> InformedAgent:
        """Add an entry to the register, and return it with its number."""
        ...

    def informed_agents(self, names: Sequence[str] | None = None) -> list[InformedAgent]:
        """Return the register, or what it says of some agents, oldest entry first."""
        ...

    def name_agents(
        self, account_sid: str, call_sid: str, entries: Sequence[int], warning: str
    ) -> None:
        """Name entries of the register in the consent of a call, if it allows recording.

        Those that it names already stay. A warning that is not empty becomes the line's detail.
        """
        ...

    def add_leg(self, leg: Leg) -> Leg | None:
        """Write a leg down, and its call where that was not known.

        Returns:
            What was known of it before; None for nothing.
        """
        ...

    def join(self, event: ConferenceEvent) -> None:
        """Write down that somebody joined a conference, and so is in no other any more.

        The legs in a conference belong to the calls that are there at the same time, whoever came
        first.
        """
        ...

    def leave(self, event: ConferenceEvent) -> None:
        """Write down that somebody left a conference, even if nobody told that they came."""
        ...

    def together(self, account_sid: str, conference_sid: str) -> Together:
        """Return who is in a conference. Of two who join at once, the last to ask sees both."""
        ...

    def attended(self, account_sid: str, conference_sid: str) -> list[ConferenceEvent]:
        """Return each joining of a conference, in no order.

        Of one that only left, as far as anybody told, it is the leaving, with the number 0.
        """
        ...

    def owner(self, account_sid: str, sid: str) -> str:
        """Return the call that a leg or conference belongs to; the SID itself if to none.

        A leg with a line of its own is a call of its own. In a conference with several calls it is
        the one that came first.
        """
        ...

    def calls_now(self, account_sid: str, leg_sid: str) -> list[str]:
        """Return the calls that an agent's leg is in now: several, in a conference with several.

        It is the one that the leg belongs to where it is in no conference; none if to none.
        """
        ...

    def is_agents(self, account_sid: str, sid: str) -> bool:
        """Whether a leg is that of an agent, also of one who dialled out by it."""
        ...

    def knows_leg(self, account_sid: str, sid: str) -> bool:
        """Whether a SID is that of a leg, and not of a call of its own."""
        ...

    # --- policy -------------------------------------------------------------------------------

    def change_policy(self, change: PolicyChange) -> None:
        """Add a change to the history, which nothing ever takes away from."""
        ...

    def policy_history(self) -> list[PolicyChange]:
        """Return all changes, oldest first."""
        ...

    def note_default(self, policy: Policy, at: datetime) -> None:
        """Add what the settings say of the policy to its history, if they said something else."""
        ...

    def policy_defaults(self) -> list[tuple[datetime, Policy]]:
        """Return what the settings said of the policy, and since when, oldest first."""
        ...
