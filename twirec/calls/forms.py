"""Twilio's forms as values. Each word of Twilio's is translated here, once.

A signature proves that Twilio sent a form, not that each field in it is Twilio's: what a softphone
gives to `Device.connect({params})` comes in the same form as Twilio's own
(https://www.twilio.com/docs/voice/how-share-information-between-your-applications), and so do
parameters that a SIP phone puts into the address it calls. So a field is read only on routes where
Twilio itself sets it, and there Twilio's own value stands: accounts, SIDs, status and direction on
each, the others where their function says.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from twirec.calls.address import LONGEST_ADDRESS, Kind, read, sides
from twirec.model.agents import ConferenceEvent
from twirec.model.encryption import read_encryption
from twirec.model.errors import MalformedRequest
from twirec.model.given import without_unspeakable
from twirec.model.vendor import FINAL, RecordingCallback, RecordingStatus

Fields = Mapping[str, str]

FACTS = ("CallerName", "ForwardedFrom", "StirVerstat")
"""What else Twilio says of who calls by telephone: the name that they show, who forwarded the call,
and whether the network vouches for the number (https://www.twilio.com/docs/voice/twiml,
https://www.twilio.com/docs/voice/trusted-calling-with-shakenstir)."""

SIP_HEADER = "SipHeader_"
"""What the fields begin with that a SIP header makes.
https://www.twilio.com/docs/voice/api/receiving-sip"""

MOST_FACTS, LONGEST_FACT = 20, 200
"""Facts of a call that are kept, and characters of one."""

PROBE = "TwirecProbe"
"""The field of the doctor's test request to a view."""


def is_probe(fields: Fields) -> bool:
    """Whether a request that was believed is the doctor's, which no view is run for.

    Twilio's own never are: they all name a call or a recording, whatever fields a caller's phone
    may have added to them.
    """
    return set(fields) == {"AccountSid", PROBE}


@dataclass(frozen=True, slots=True)
class VoiceRequest:
    """A request for TwiML (https://www.twilio.com/docs/voice/twiml#request-parameters).

    It has what Twilio sets itself in each of them, whatever a softphone sends beside it; whom a
    softphone dials, `to`, is of course its own. `from_` and `to` are as Twilio sends them, empty
    where it sends none. `direction` is `inbound` or `outbound-…`. `begins` is whether the call was
    not answered yet: who calls in was connected with nobody before. `facts` are `FACTS` and SIP
    headers, whichever there are: of a softphone none, since its app may have made them up.
    """

    account_sid: str
    call_sid: str
    from_: str
    to: str
    direction: str = "inbound"
    begins: bool = False
    facts: tuple[tuple[str, str], ...] = ()

    def facts_of(self, headers: Collection[str]) -> tuple[str, ...]:
        """Return what else Twilio says of who calls, each as `NAME=VALUE`.

        Args:
            headers: the SIP headers that are kept, in any case; the others are left out.
        """
        kept = {each.lower() for each in headers}
        return tuple(
            f"{name}={value}" for name, value in self.facts if name in FACTS or name.lower() in kept
        )[:MOST_FACTS]

    @property
    def agent(self) -> str:
        """The address of the inside party whose call this is, whoever dialled."""
        return sides(self.direction, self.from_, self.to)[1]

    @property
    def adds_fields(self) -> bool:
        """Whether who calls may have added fields of their own: a softphone, or a SIP phone."""
        return self.direction == "inbound" and read(self.from_).is_internet


LONGEST_CALL = 24 * 3600
"""Seconds: Twilio ends a call after that (https://www.twilio.com/docs/voice/twiml/dial#timelimit)."""


@dataclass(frozen=True, slots=True)
class CallEnd:
    """The end of a dial (its `action`) or of a call (the number's status callback).

    `dial_status` is Twilio's `DialCallStatus`, None in the number's status callback;
    `call_status` is `CallStatus`; `dialled_sid` is the leg that the dial connected, `bridged`
    whether Twilio says that the two could talk, `apart` that they could not
    (https://www.twilio.com/docs/voice/twiml/dial#action); `queue_result` is how a wait in a queue
    ended (https://www.twilio.com/docs/voice/twiml/enqueue#action); `sent_on` is how often the call
    had been sent on when that dial began, by the path that Twilio asked; `talked` is for how long
    who was dialled was on it, Twilio's `DialCallDuration`, 0 where it says none.
    """

    account_sid: str
    call_sid: str
    call_status: str
    dial_status: str | None = None
    dialled_sid: str | None = None
    bridged: bool = False
    queue_result: str | None = None
    apart: bool = False
    sent_on: int = 0
    talked: timedelta = timedelta()

    @property
    def final(self) -> bool:
        """Whether a dial or a call has really ended; a number may be set to tell of more."""
        queued = self.queue_result is not None and not self.queue_result.startswith("redirected")
        verb_ended = self.dial_status is not None or queued
        return verb_ended or self.call_status in FINAL


def parse_voice_request(fields: Fields) -> VoiceRequest:
    """Read a request for TwiML.

    Raises:
        MalformedRequest: a SID is missing or has the wrong form.
    """
    return VoiceRequest(
        account_sid=_sid(fields, "AccountSid", "AC"),
        call_sid=_sid(fields, "CallSid", "CA"),
        from_=fields.get("From", "")[:LONGEST_ADDRESS],
        to=fields.get("To", "")[:LONGEST_ADDRESS],
        direction=fields.get("Direction", "inbound"),
        begins=fields.get("CallStatus") == "ringing",
        facts=_facts(fields),
    )


def _facts(fields: Fields) -> tuple[tuple[str, str], ...]:
    caller = read(fields.get("From", ""))
    if caller.kind is Kind.CLIENT:
        return ()
    own = () if caller.is_internet else FACTS  # a SIP phone may add fields, but for its headers
    named = [(name, fields.get(name, "")) for name in own]
    named += [
        (name.removeprefix(SIP_HEADER), value)
        for name, value in fields.items()
        if name.startswith(SIP_HEADER)
    ]
    return tuple((name, _short(value)) for name, value in named if _short(value))


def _short(value: str) -> str:
    return without_unspeakable(" ".join(value.split()))[:LONGEST_FACT]


def key_pressed(fields: Fields) -> str:
    """Return what was pressed at a `<Gather>`, empty for nothing; where its `action` is asked."""
    return fields.get("Digits", "")[:1]


def parent_of(fields: Fields) -> str | None:
    """Return the other leg, of a leg that was dialled; where its `url` or an action of it is asked.

    Raises:
        MalformedRequest: it is no SID.
    """
    return _maybe_sid(fields, "ParentCallSid", "CA")


def taker_of(fields: Fields) -> str | None:
    """Return the leg that takes this one out of a queue; where the `url` of `<Queue>` is asked.

    Raises:
        MalformedRequest: it is no SID.
    """
    return _maybe_sid(fields, "DequeingCallSid", "CA")  # Twilio's spelling


def machine_answered(fields: Fields) -> bool:
    """Whether an answering machine or a fax answered; where a call that was placed is asked for.

    https://www.twilio.com/docs/voice/answering-machine-detection
    """
    return fields.get("AnsweredBy", "").startswith(("machine", "fax"))


def failed_url(request: VoiceRequest, fields: Fields) -> str | None:
    """Return which URL failed, so that Twilio asks the fallback URL; where that is asked.

    https://www.twilio.com/docs/usage/security/availability-reliability

    Returns:
        None where Twilio does not say, or where whoever calls may have said so themselves.
    """
    return None if request.adds_fields else fields.get("ErrorUrl") or None


def parse_call_end(fields: Fields) -> CallEnd:
    """Read the end of a dial or of a call.

    Raises:
        MalformedRequest: a SID is missing or has the wrong form.
    """
    return CallEnd(
        account_sid=_sid(fields, "AccountSid", "AC"),
        call_sid=_sid(fields, "CallSid", "CA"),
        call_status=fields.get("CallStatus", ""),
        dial_status=fields.get("DialCallStatus") or None,
        dialled_sid=_maybe_sid(fields, "DialCallSid", "CA"),
        bridged=fields.get("DialBridged") == "true",
        queue_result=fields.get("QueueResult") or None,
        apart=fields.get("DialBridged") == "false",
        talked=_seconds(fields.get("DialCallDuration", "")),
    )


def _seconds(written: str) -> timedelta:
    """Return a span of seconds; nothing where it is none, or more than a day, which no call is."""
    whole = int(written) if re.fullmatch(r"\d{1,5}", written) else 0
    return timedelta(seconds=whole) if whole <= LONGEST_CALL else timedelta()


def parse_conference_event(fields: Fields, now: datetime) -> ConferenceEvent | None:
    """Read a conference's status callback: who joined it, or left it; None for other events.

    Args:
        fields: the form.
        now: the time, UTC, that stands where Twilio gives none.

    Raises:
        MalformedRequest: the event or a SID is missing or has the wrong form.
    """
    what = _text(fields, "StatusCallbackEvent")
    if what not in {"participant-join", "participant-leave"}:
        return None
    return ConferenceEvent(
        account_sid=_sid(fields, "AccountSid", "AC"),
        conference_sid=_sid(fields, "ConferenceSid", "CF"),
        leg_sid=_sid(fields, "CallSid", "CA"),
        number=_count(fields.get("SequenceNumber")) or 0,
        at=_time(fields.get("Timestamp")) or now,
        left=what == "participant-leave",
    )


def parse_recording_callback(fields: Fields) -> RecordingCallback:
    """Read a recording status callback.

    Fields that Twilio may leave out are None; fields that nobody knows yet stay in `raw`.

    Raises:
        MalformedRequest: a SID or the status is missing or has the wrong form.
    """
    return RecordingCallback(
        account_sid=_sid(fields, "AccountSid", "AC"),
        call_sid=_maybe_sid(fields, "CallSid", "CA"),
        conference_sid=_maybe_sid(fields, "ConferenceSid", "CF"),
        recording_sid=_sid(fields, "RecordingSid", "RE"),
        status=RecordingStatus(_text(fields, "RecordingStatus")),
        started_at=_time(fields.get("RecordingStartTime")),
        duration=_count(fields.get("RecordingDuration")),
        channels=_count(fields.get("RecordingChannels")),
        source=fields.get("RecordingSource") or None,
        error_code=_count(fields.get("ErrorCode")) or None,
        encryption=read_encryption(fields.get("EncryptionDetails")),
        raw=dict(fields),
    )


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    if not value:
        raise MalformedRequest(f"The field {name} is missing.")
    return value


def _sid(fields: Fields, name: str, prefix: str) -> str:
    value = _text(fields, name)
    if not re.fullmatch(prefix + "[0-9a-fA-F]{32}", value):
        raise MalformedRequest(
            f"The field {name} is not a SID of the form {prefix} and 32 hex digits."
        )
    return value


def _maybe_sid(fields: Fields, name: str, prefix: str) -> str | None:
    return _sid(fields, name, prefix) if fields.get(name) else None


def _count(value: str | None) -> int | None:
    # no more than a database's integer holds
    return int(value) if value and re.fullmatch("[0-9]{1,9}", value) else None


def _time(value: str | None) -> datetime | None:
    """Read a time; without a zone, or with `-0000` (RFC 5322, section 3.3), it is UTC."""
    try:
        moment = parsedate_to_datetime(value) if value else None
        if moment is None or moment.tzinfo is None:
            return moment and moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
