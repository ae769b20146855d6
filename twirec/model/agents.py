"""Inside parties: who was informed that they are recorded, and the legs that they are on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from twirec.model.vocabulary import Verdict


@dataclass(frozen=True, slots=True)
class InformedAgent:
    """An entry of the register of informed agents, which is only ever added to.

    Attributes:
        agent: E.164, `client:NAME` or `sip:ADDRESS`.
        informed_on: the day on which they were informed.
        reference: where that can be looked up, such as the annex of a contract.
        by: who made the entry.
        at: when it was made, UTC.
        id: the number by which a consent names it; 0 before it is in the register.
    """

    agent: str
    informed_on: date
    reference: str
    by: str
    at: datetime
    id: int = 0


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg that belongs to a call besides the one by which the call is known.

    Attributes:
        leg_sid: `CA…`.
        call_sid: the call it belongs to, `CA…`; None while that is not known.
        agent: which inside party is on it; empty where that is not known, or nobody is.
        at: when it became known, UTC.
    """

    account_sid: str
    leg_sid: str
    call_sid: str | None
    at: datetime
    agent: str = ""


@dataclass(frozen=True, slots=True)
class ConferenceEvent:
    """A leg joined a conference, or left it.

    https://www.twilio.com/docs/voice/twiml/conference#attributes-statusCallback

    Attributes:
        conference_sid: `CF…`.
        leg_sid: of a call, or of an agent's leg, `CA…`.
        number: Twilio's: what happens in a conference is numbered.
        at: when it happened, UTC.
        left: whether it left.
    """

    account_sid: str
    conference_sid: str
    leg_sid: str
    number: int
    at: datetime
    left: bool = False


@dataclass(frozen=True, slots=True)
class ConferenceSnapshot:
    """Who is in a conference at a moment, in the order in which they came.

    Attributes:
        calls: the SIDs of the calls whose outside party is there.
        legs: all others. Of one that has neither an agent nor a call nobody knows who it is.
    """

    calls: tuple[str, ...]
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class StopOrder:
    """The order that a recording ends: of a call, or of a leg that went on to somebody else.

    An order about a call stands until the call is over. One about a leg (`Verdict.MOVED_ON`) is of
    what was recorded of it until then, and stands until that was ended.

    Attributes:
        sid: the call, or the leg, `CA…`.
        reason: why; never `Verdict.GOES_ON`.
        at: when it was given, UTC.
        done_at: when nothing that was recorded then went on any more, UTC; None before that.
    """

    account_sid: str
    sid: str
    reason: Verdict
    at: datetime
    done_at: datetime | None = None

    @property
    def is_of_call(self) -> bool:
        """Whether it is about a call, whatever is recorded of it, and not about a leg."""
        return self.reason is not Verdict.MOVED_ON
