"""The closed vocabularies: direction, consent, outcome, reason, role."""

from __future__ import annotations

from enum import StrEnum

ERASED = "erased"
"""Stands for a number that was erased, and is not looked for any more."""

BLOCKED = "blocked"
"""Stands for the number of a call that is kept for judges and authorities only."""

NOT_KNOWN = "not_known"
"""Stands for a number that nobody knows: Twilio does not have the call of the recording (any more).

It is not withheld: of who hid their number that is known.
"""


class Direction(StrEnum):
    """Who called whom, as the company sees it."""

    IN = "in"
    OUT = "out"


class Role(StrEnum):
    """Who is on a channel of a recording."""

    CUSTOMER = "customer"
    AGENT = "agent"


class ConsentOutcome(StrEnum):
    """What a party answered to the announcement."""

    INFORMED = "informed"
    """It was played to the end and they stayed."""
    GRANTED = "granted"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    HUNG_UP = "hung_up"
    ANNOUNCEMENT_FAILED = "announcement_failed"
    NOT_ANNOUNCED = "not_announced"
    """Of recordings that others started."""

    @property
    def allows_recording(self) -> bool:
        """Whether recording may start after this answer."""
        return self in (ConsentOutcome.INFORMED, ConsentOutcome.GRANTED)


class ConsentMode(StrEnum):
    """How the outside party is told or asked."""

    ANNOUNCE = "announce"
    """They are told, and the call goes on."""
    OPT_OUT = "opt_out"
    """They are told; key 2, and the call goes on unrecorded. Silence goes on recorded."""
    OPT_IN = "opt_in"
    """They are asked; key 1 records. Anything else goes on unrecorded."""
    OPT_IN_OR_HANG_UP = "opt_in_or_hang_up"
    """They are asked; key 1 records. Anything else ends the call."""

    @property
    def asks(self) -> bool:
        """Whether a key is waited for."""
        return self is not ConsentMode.ANNOUNCE

    @property
    def needs_yes(self) -> bool:
        """Whether nothing is recorded without a key that says yes."""
        return self in (ConsentMode.OPT_IN, ConsentMode.OPT_IN_OR_HANG_UP)


class LegalBasis(StrEnum):
    """Why the company may record (GDPR art. 6.1)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGITIMATE_INTEREST = "legitimate_interest"
    LEGAL_OBLIGATION = "legal_obligation"


class Uninformed(StrEnum):
    """What becomes of a call to an agent who is not in the register of informed agents."""

    WARN = "warn"
    """It is recorded, with a warning."""
    DO_NOT_RECORD = "do_not_record"


class Verdict(StrEnum):
    """Whether a recording goes on, or why it stops: see `twirec.calls.who_hears`."""

    GOES_ON = "goes_on"
    AGENT_NOT_INFORMED = "agent_not_informed"
    """An agent is in it who is not in the register, and the settings say that this ends it."""
    OTHER_CALLER = "other_caller"
    """Somebody is in the conference who may not be recorded, or of whom nobody knows who it is."""
    MOVED_ON = "moved_on"
    """The leg that is recorded went on to somebody else."""
    NOT_CONSENTED = "not_consented"
    """The outside party said no, after recording had begun."""

    @property
    def stops(self) -> bool:
        """Whether the recording stops."""
        return self is not Verdict.GOES_ON


class Outcome(StrEnum):
    """What the ledger says of a call."""

    OPEN = "open"
    """The call goes on, or nobody told us yet how it ended."""
    OWED = "owed"
    """The call ended and should have a recording that Twilio has not told us of."""
    RECORDED = "recorded"
    NOT_RECORDED = "not_recorded"


class Reason(StrEnum):
    """Why a call was not recorded."""

    OFF = "off"
    """Recording was switched off when the call began; the line says since when and by whom."""
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    """A key was needed, and none of the right ones came; or keys cut short how to say no."""
    HUNG_UP = "hung_up_during_announcement"
    """They were gone before it ended, or before it began."""
    ANNOUNCEMENT_FAILED = "announcement_failed"
    AGENT_NOT_INFORMED = "agent_not_informed"
    """An agent is not in the register, and the settings say that such calls are not recorded."""
    ANSWERING_MACHINE = "answering_machine"
    """A machine answered: it is neither informed nor recorded."""
    NOT_STARTED = "not_started"
    """Twilio would not start the recording, or the agent's phone went on to somebody else."""
    NOBODY_ANSWERED = "nobody_answered"
    NOT_DIALLED = "not_dialled"
    """An agent dialled who may not, or where nobody may; the line says which."""
    TOO_SHORT = "too_short"
    SILENT = "silent"
    VENDOR_FAILED = "vendor_failed"
    CATALOG_DOWN = "catalog_down"
    """The catalog, or the app, was down when the call began, and nothing was played."""
    NOT_CONNECTED = "not_connected"
    """The app named nobody whom Twilio could connect; the line says why, and nothing was played."""
    APP_FAILED = "app_failed"
    """They were told, and then the app, or the catalog, failed."""
    LOST = "lost"
    """Twilio no longer had the recording before it could be copied: an alarm."""
    NO_RECORDING_AT_VENDOR = "no_recording_at_vendor"
    """The call ended as one that is recorded, and Twilio has no recording of it."""
    GIVEN_UP = "given_up"
    """The recording could not be copied, and somebody gave it up; Twilio has it."""


NOTHING_CAME = frozenset(
    {
        Reason.TOO_SHORT,
        Reason.SILENT,
        Reason.VENDOR_FAILED,
        Reason.LOST,
        Reason.NOBODY_ANSWERED,
        Reason.NO_RECORDING_AT_VENDOR,
        Reason.GIVEN_UP,
    }
)
"""Why a call that was to be recorded has no recording: any other reason was there before."""


def why_nothing(error_code: int | None) -> Reason:
    """Return why Twilio has no audio, by its error code (https://www.twilio.com/docs/api/errors)."""
    known = {16101: Reason.TOO_SHORT, 16102: Reason.SILENT}
    return known.get(error_code or 0, Reason.VENDOR_FAILED)
