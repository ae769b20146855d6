"""The TwiML for all ways that a call can go (https://www.twilio.com/docs/voice/twiml)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, indent, tostring

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Dial, Enqueue, Gather, VoiceResponse

from twirec.calls.address import Kind
from twirec.calls.targets import client, target_of
from twirec.calls.wordings import Wording
from twirec.model.announcements import Announcement
from twirec.model.given import without_unspeakable
from twirec.model.records import Call, is_conference, is_queue

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

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

SECONDS_AFTER_NOTICE = 1
"""How long a key is waited for after the notice, on the leg of who was dialled: there, only a
`<Gather>` comes back to us (https://www.twilio.com/docs/voice/twiml/number#attributes-url)."""

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
    agent: str
    announce: str
    announced: str
    audio: str
    dequeued: str
    conference: str
    fallback: str
    agent_fallback: str

    @classmethod
    def under(cls, public_url: str) -> Urls:
        """Return the URLs below a public URL such as `https://calls.example.com`."""
        base = public_url.rstrip("/") + "/twirec"
        return cls(*(f"{base}/{each.name}" for each in fields(cls)))

    def with_plan(self, segment: str) -> Urls:
        """Return the URLs of a call of which was said for how long, or who after that, rings.

        Args:
            segment: as `sign_plan` writes it; empty for nothing.
        """
        if not segment:
            return self
        connect, consent = f"{self.connect}/{segment}", f"{self.consent}/{segment}"
        return replace(self, connect=connect, consent=consent)

    def ending(self, segment: str, *, follows: bool) -> Urls:
        """Return the URLs of a dial that is not the only one of its call.

        Args:
            segment: as `sign_plan` writes it; empty for the only one.
            follows: whether something comes when nobody answers: somebody waits for that.
        """
        if not segment:
            return self
        return replace(self, ended=f"{self.ended}/{segment}{PROMPTLY if follows else ''}")

    def plan_in(self, url: str) -> str:
        """Return the segment of a URL of the end of a dial, as `ending` made it; else nothing.

        Args:
            url: as Twilio writes it, on whatever host; it may be no URL at all.
        """
        _, _, segment = re.split("[?#]", url)[0].partition(urlsplit(self.ended).path + "/")
        return "" if "/" in segment else segment

    def ends_a_dial(self, url: str) -> bool:
        """Whether a URL is that of the end of a dial, with a segment of `ending` or without one."""
        path = re.split("[?#]", url)[0]
        return bool(self.plan_in(url)) or path.endswith(urlsplit(self.ended).path)


def announce(announcement: Announcement, urls: Urls) -> str:
    """Play the notice, which no key cuts short, and come back at its end."""
    response = VoiceResponse()
    _notice(response, announcement, urls)
    response.redirect(urls.connect + PROMPTLY, method="POST")
    return _written(response)


def ask(announcement: Announcement, urls: Urls, asked: int) -> str:
    """Put the question for the `asked`th time."""
    response = VoiceResponse()
    _gather(response, announcement, urls, urls.consent, asked)
    return _written(response)


def announce_to_callee(call_sid: str, announcement: Announcement, urls: Urls) -> str:
    """Tell who was dialled, on their own leg, before the two are connected.

    At the end of this document Twilio connects them. A `<Gather>` that waits for a second and
    comes back empty-handed proves that the notice was played before it.
    """
    response = VoiceResponse()
    _notice(response, announcement, urls)
    _gather(response, announcement, urls, f"{urls.announced}/{call_sid}", asked=0)
    return _written(response)


def ask_callee(call_sid: str, announcement: Announcement, urls: Urls, asked: int) -> str:
    """Put the question to who was dialled for the `asked`th time."""
    response = VoiceResponse()
    _gather(response, announcement, urls, f"{urls.announced}/{call_sid}", asked)
    return _written(response)


def dial_out(call: Call, target: str, urls: Urls, *, tell: bool) -> str:
    """Dial a customer for an agent, who hears nothing of what the customer is told.

    Nothing is recorded by this: recording starts when the customer was told. No `answerOnBridge`.
    """
    dial = Dial(action=urls.ended, method="POST", caller_id=call.own_number)
    whisper = {"url": urls.announce, "method": "POST"} if tell else {}
    _dial_one(dial, target, **whisper)
    response = VoiceResponse()
    response.append(dial)
    return _written(response)


def hang_up(language: str, wording: Wording | None, urls: Urls, part: str = "goodbye") -> str:
    """Say a part of a wording, if something can say it, and hang up."""
    response = VoiceResponse()
    _say_part(response, language, wording, part, urls)
    response.hangup()
    return _written(response)


def _say_part(
    response: VoiceResponse, language: str, wording: Wording | None, part: str, urls: Urls
) -> None:
    words = str(getattr(wording, part, ""))
    if wording and part in wording.audio:
        response.play(_audio_url(urls, wording.audio[part].hash))
    elif wording and wording.voice and words:
        response.say(words, voice=wording.voice, language=language)


def _notice(response: VoiceResponse, announcement: Announcement, urls: Urls) -> None:
    _say(response, announcement, announcement.text, announcement.audio, urls)


def _gather(
    response: VoiceResponse, announcement: Announcement, urls: Urls, action: str, asked: int
) -> None:
    # Which question is answered stands in the path, so that an answer that comes twice is known
    # for what it is; what counts is on the call's line.
    gather = response.gather(
        input="dtmf",
        num_digits=1,
        finish_on_key="",  # by default `#` ends it, and looks like nothing pressed
        timeout=SECONDS_FOR_A_KEY if asked else SECONDS_AFTER_NOTICE,
        action=f"{action}/{asked}{PROMPTLY}",
        method="POST",
        action_on_empty_result=True,
    )
    if asked:
        question_audio = announcement.question_audio
        _say(gather, announcement, announcement.question, question_audio, urls)


def _say(
    verb: VoiceResponse | Gather, announcement: Announcement, text: str, audio: str, urls: Urls
) -> None:
    if audio:
        verb.play(_audio_url(urls, audio))
    else:
        verb.say(text, voice=announcement.voice, language=announcement.language)


def _audio_url(urls: Urls, audio: str) -> str:
    return f"{urls.audio}/{audio}.wav"


@dataclass(frozen=True, slots=True)
class Connection:
    """How a caller is connected.

    Attributes:
        verb: `<Dial>`, which may be recorded, or `<Enqueue>`.
        agents: whose phones ring: numbers, `client:NAME`, `sip:ADDRESS`.
    """

    verb: Dial | Enqueue
    agents: tuple[str, ...] = ()


def connection(
    call: Call,
    urls: Urls,
    build_dial: BuildDial | None = None,
    timeout: int | None = None,
    *,
    caller_id: str = "",
) -> Connection:
    """Return how a caller is connected, before it is known whether that is recorded.

    Args:
        call: its `dial` says whom to connect.
        urls: where Twilio comes back to.
        build_dial: what puts into the dial whom to connect, instead of the call's `dial`.
        timeout: seconds for which they ring; None for Twilio's 30.
        caller_id: what a phone that rings sees, unless `build_dial` says so; empty for who calls.
    """
    if is_queue(call.dial):
        # https://www.twilio.com/docs/voice/twiml/enqueue; recording starts when an agent comes.
        return Connection(Enqueue(_name(call), action=urls.ended, method="POST"))
    dial = Dial(action=urls.ended, method="POST")
    if is_conference(call.dial):
        # When the caller leaves, it is over; agents come and go, by calls of their own.
        _conference(dial, _name(call), urls, end_conference_on_exit=True)
        return Connection(dial)
    (build_dial or dial_all)(call, dial)
    _record_nothing(dial)
    # How it ended is told to us alone: see `otherwise` for what an app wants to do then.
    dial.attrs |= Dial(action=urls.ended, method="POST", timeout=timeout).attrs
    if caller_id and any(noun.name == "Number" for noun in dial.verbs):
        dial.attrs.setdefault("callerId", caller_id)
    return Connection(dial, tuple(_address(noun) for noun in dial.verbs))


def connect(connection: Connection, urls: Urls, *, record: bool) -> str:
    """Connect the caller, recording both sides on separate channels, or not recording."""
    verb = connection.verb
    if record and isinstance(verb, Dial):
        verb.attrs |= Dial(**_dial_recording(urls)).attrs
    return _document(verb)


def fallback(targets: Sequence[str], say: str, voice: str, language: str) -> str:
    """Connect a caller while the app is down: a whole call, that comes back to us for nothing.

    It is not recorded.

    Args:
        targets: E.164, `client:NAME` or `sip:ADDRESS`; all ring, the first to answer has it.
        say: what the caller hears first; empty for nothing.
        voice, language: what says it.
    """
    response = VoiceResponse()
    if say:
        response.say(say, voice=voice, language=language)
    dial = Dial()
    for target in targets:
        _dial_one(dial, target)
    response.append(dial)
    document = _elements(response)
    indent(document)
    return f"{DECLARATION}\n{_text(document)}"


def _record_nothing(dial: Dial) -> None:
    """Take out what would record whoever was told or not: that is not for `build_dial` to say."""
    for verb in (dial, *dial.verbs):
        for name in [name for name in verb.attrs if name.startswith("record")]:
            del verb.attrs[name]


def _name(call: Call) -> str:
    return call.dial[0].partition(":")[2]


def _address(noun: TwiML) -> str:
    """Return who may answer: a number, `client:NAME`, `sip:ADDRESS`; else a name nobody has."""
    if noun.name in {"Number", "Sip"}:
        return str(noun.value)
    if noun.name != "Client":
        return f"unknown: {noun.name}"
    identity = "".join(each.value for each in noun.verbs if each.name == "Identity")
    return client(noun.value or identity)


def _document(verb: TwiML) -> str:
    response = VoiceResponse()
    response.append(verb)
    return _written(response)


def _written(response: VoiceResponse) -> str:
    return DECLARATION + _text(_elements(response))


def _elements(response: VoiceResponse) -> Element:
    document: Element = response.xml()
    for each in document.iter():
        each.tail = ""  # no verb takes text between others
    return document


def _text(document: Element) -> str:
    """Write a document down; what a `build_dial` puts into it may hold what no XML can."""
    return without_unspeakable(tostring(document, encoding="unicode"))


def take(queue: str, urls: Urls) -> str:
    """Connect an agent with whoever waits longest in a queue.

    Whether it is recorded depends on who that is: recording starts by REST, when Twilio asks for
    what they hear before they are connected
    (https://www.twilio.com/docs/voice/twiml/queue#attributes-url).
    """
    dial = Dial()
    dial.queue(queue, url=urls.dequeued, method="POST")
    return _document(dial)


def join(room: str, urls: Urls) -> str:
    """Let an agent into a conference; what is recorded is the caller's leg in it."""
    dial = Dial()
    _conference(dial, room, urls)
    return _document(dial)


def _conference(dial: Dial, room: str, urls: Urls, **attributes: bool) -> None:
    dial.conference(
        room,
        status_callback=urls.conference + RETRIES,
        status_callback_method="POST",
        status_callback_event="join leave",
        **attributes,
    )


def dial_all(call: Call, dial: Dial) -> None:
    """Put whom the call's `dial` names into the dial: all ring, the first to answer has it."""
    for target in call.dial:
        _dial_one(dial, target)


def _dial_one(dial: Dial, target: str, **attributes: str) -> None:
    """Put one into the dial, with what is pressed once they answered.

    https://www.twilio.com/docs/voice/twiml/number#attributes-senddigits
    """
    whom = target_of(target)
    add = {Kind.CLIENT: dial.client, Kind.SIP: dial.sip}.get(whom.kind, dial.number)
    pressed = {"send_digits": whom.send_digits} if whom.send_digits else {}
    add(whom.value, **attributes, **pressed)


def nothing() -> str:
    """Say nothing more: the call ends; on the leg of who was dialled, the two are connected."""
    return _written(VoiceResponse())


def voicemail(urls: Urls, language: str = "", wording: Wording | None = None) -> str:
    """Record a message, of the caller alone (https://www.twilio.com/docs/voice/twiml/record).

    Args:
        urls: where Twilio comes back to.
        language, wording: of what is said before the tone, if something can say it; none where the
            caller heard nothing but the announcement before.
    """
    response = VoiceResponse()
    _say_part(response, language, wording, "leave_message", urls)
    response.record(
        action=urls.ended, method="POST", max_length=LONGEST_MESSAGE, **_recording(urls)
    )
    return _written(response)


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
