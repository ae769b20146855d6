"""The TwiML for a call in (https://www.twilio.com/docs/voice/twiml)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from twirec.model.records import VOICEMAIL, Announcement, Call

BuildDial = Callable[[Call, Dial], None]
"""A function of the user's that puts into the dial whom to connect."""

RETRIES = "#rc=5&rp=all"
"""Twilio tries a callback five times more, after any failure, within 15 seconds. Without it, it
tries once more, and only when it could not connect.
https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides"""

PROMPTLY = "#ct=1500&rt=4000&tt=4000&rc=1&rp=all"
"""Twilio tries the next step of a call twice, and gives up after four seconds in all: waiting for
us must not look like listening to the announcement. The call then goes to the fallback URL."""

LONGEST_MESSAGE = 300
"""Seconds of a voicemail message."""

SECONDS_FOR_A_KEY = 5
"""How long a key is waited for after the question."""

STATUS_EVENTS = "in-progress completed absent"
"""All events. Without `absent`, a recording that never comes is silent."""


@dataclass(frozen=True, slots=True)
class Urls:
    """The public URLs of the routes that Twilio calls."""

    connect: str
    consent: str
    ended: str
    status: str
    outbound: str
    announce: str
    announced: str

    @classmethod
    def under(cls, public_url: str) -> Urls:
        """Return the URLs below a public URL such as `https://calls.example.com`."""
        base = public_url.rstrip("/") + "/twirec"
        return cls(*(f"{base}/{each.name}" for each in fields(cls)))


def announce(announcement: Announcement, urls: Urls) -> str:
    """Play the notice, which no key cuts short; then ask the question, or come back at its end."""
    response = VoiceResponse()
    _say(response, announcement, announcement.text)
    if announcement.question:
        _ask(response, announcement, urls, asked=1)
    else:
        response.redirect(urls.connect + PROMPTLY, method="POST")
    return str(response)


def ask(announcement: Announcement, urls: Urls, asked: int) -> str:
    """Put the question for the `asked`th time."""
    response = VoiceResponse()
    _ask(response, announcement, urls, asked)
    return str(response)


def announce_to_callee(call_sid: str, announcement: Announcement, urls: Urls) -> str:
    """Tell, or ask, who was dialled, on their own leg, before the two are connected.

    At the end of this document Twilio connects them. A `<Gather>` that waits for a second and
    comes back empty-handed proves that the notice was played before it.
    https://www.twilio.com/docs/voice/twiml/number#attributes-url
    """
    response = VoiceResponse()
    _say(response, announcement, announcement.text)
    _gather(response, announcement, f"{urls.announced}/{call_sid}", asked=1)
    return str(response)


def ask_callee(call_sid: str, announcement: Announcement, urls: Urls, asked: int) -> str:
    """Put the question to who was dialled for the `asked`th time."""
    response = VoiceResponse()
    _gather(response, announcement, f"{urls.announced}/{call_sid}", asked)
    return str(response)


def dial_out(call: Call, urls: Urls, *, tell: bool) -> str:
    """Dial the customer for an agent, who hears nothing of what the customer is told.

    Nothing is recorded by this: recording starts when the customer was told. No `answerOnBridge`.
    """
    dial = Dial(action=urls.ended, method="POST", caller_id=call.own_number)
    told = {"url": urls.announce, "method": "POST"} if tell else {}
    dial.number(call.customer_number, **told)
    response = VoiceResponse()
    response.append(dial)
    return str(response)


def hang_up(announcement: Announcement, goodbye: str) -> str:
    """Say goodbye and hang up."""
    response = VoiceResponse()
    _say(response, announcement, goodbye)
    response.hangup()
    return str(response)


def _ask(response: VoiceResponse, announcement: Announcement, urls: Urls, asked: int) -> None:
    _gather(response, announcement, urls.consent, asked)


def _gather(response: VoiceResponse, announcement: Announcement, action: str, asked: int) -> None:
    # Which question is answered stands in the path, so that an answer that comes twice is known
    # for what it is; what counts is on the call's line.
    gather = response.gather(
        input="dtmf",
        num_digits=1,
        timeout=SECONDS_FOR_A_KEY if announcement.question else 1,
        action=f"{action}/{asked}{PROMPTLY}",
        method="POST",
        action_on_empty_result=True,
    )
    if announcement.question:
        _say(gather, announcement, announcement.question)


def _say(verb: VoiceResponse | Gather, announcement: Announcement, text: str) -> None:
    verb.say(text, voice=announcement.voice, language=announcement.language)


def connect(call: Call, urls: Urls, *, record: bool, build_dial: BuildDial | None) -> str:
    """Connect the caller, recording both sides on separate channels, or not recording."""
    if call.dial == (VOICEMAIL,):
        return _voicemail(urls) if record else hang_up_silently()
    dial = Dial(action=urls.ended, method="POST", **(_dial_recording(urls) if record else {}))
    (build_dial or dial_all)(call, dial)
    response = VoiceResponse()
    response.append(dial)
    return str(response)


def dial_all(call: Call, dial: Dial) -> None:
    """Put whom the call's `dial` names into the dial: all ring, the first to answer has it."""
    for target in call.dial:
        if target.startswith("client:"):
            dial.client(target.removeprefix("client:"))
        elif target.startswith("sip:"):
            dial.sip(target)
        else:
            dial.number(target)


def hang_up_silently() -> str:
    """Hang up."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def nothing() -> str:
    """Say nothing more: the call ends; on the leg of who was dialled, the two are connected."""
    return str(VoiceResponse())


def _voicemail(urls: Urls) -> str:
    """Record a message, of the caller alone (https://www.twilio.com/docs/voice/twiml/record)."""
    response = VoiceResponse()
    response.record(
        action=urls.ended, method="POST", max_length=LONGEST_MESSAGE, **_recording(urls)
    )
    return str(response)


def _dial_recording(urls: Urls) -> dict[str, str]:
    # recording_track would make it mono.
    return {"record": "record-from-answer-dual", **_recording(urls)}


def _recording(urls: Urls) -> dict[str, str]:
    # Trim defaults differ between verbs, so it is always said. The events are one string: the
    # library does not join a list.
    return {
        "trim": "do-not-trim",
        "recording_status_callback": urls.status + RETRIES,
        "recording_status_callback_method": "POST",
        "recording_status_callback_event": STATUS_EVENTS,
    }
