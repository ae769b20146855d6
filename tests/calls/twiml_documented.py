"""What Twilio's documentation says of TwiML, as data, and a checker that reads it.

A second opinion beside the grammar of the sandbox: the two share nothing. Attributes are those of
each element's page and, for the words that they may hold, of Twilio's own libraries. What is not
here is not documented, or not for voice, or nobody needed it yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, fromstring

from tests.calls.twiml_values import (
    Allowed,
    boolean,
    keys,
    like,
    method,
    nothing,
    number,
    one_of,
    or_empty,
    sid,
    some_of,
    url,
    whole,
    words,
)

DOCS = "https://www.twilio.com/docs/voice/twiml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


# --- the elements -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Documented:
    """A verb or noun: its page, its attributes, what it may hold."""

    page: str
    attributes: Mapping[str, Allowed] = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: Allowed = nothing


RECORDING = {
    "trim": one_of("trim-silence", "do-not-trim"),
    "recordingStatusCallback": url,
    "recordingStatusCallbackMethod": method,
    "recordingStatusCallbackEvent": some_of("in-progress", "completed", "absent"),
}
CALLEE = {
    "url": url,
    "method": method,
    "statusCallback": url,
    "statusCallbackMethod": method,
    "statusCallbackEvent": some_of("initiated", "ringing", "answered", "completed"),
}
MACHINE_DETECTION = {
    "machineDetection": one_of("Enable", "DetectMessageEnd"),
    "machineDetectionTimeout": whole(3, 60),
    "machineDetectionSpeechThreshold": whole(1000, 6000),
    "machineDetectionSpeechEndThreshold": whole(500, 5000),
    "machineDetectionSilenceTimeout": whole(2000, 10_000),
    "amdStatusCallback": url,
    "amdStatusCallbackMethod": method,
}

DIAL = Documented(
    page=f"{DOCS}/dial",
    attributes={
        "action": url,
        "method": method,
        "timeout": whole(1),
        "timeLimit": whole(1),
        "hangupOnStar": boolean,
        "callerId": words,
        "answerOnBridge": boolean,
        "ringTone": like("[a-z]{2}|us-old"),
        "sequential": boolean,
        "referUrl": url,
        "referMethod": method,
        "record": like("do-not-record|record-from-(answer|ringing)(-dual)?"),
        "recordingTrack": one_of("inbound", "outbound", "both"),
        **RECORDING,
    },
    children=frozenset({"Number", "Client", "Sip", "Queue", "Conference"}),
    text=or_empty(number),
)
GATHER = Documented(
    page=f"{DOCS}/gather",
    attributes={
        "input": one_of("dtmf", "speech", "dtmf speech"),
        "action": url,
        "method": method,
        "timeout": whole(1),
        "numDigits": whole(1),
        "finishOnKey": keys,
        "actionOnEmptyResult": boolean,
        "language": words,
        "hints": words,
        "speechTimeout": like("auto|[1-9][0-9]*"),
        "maxSpeechTime": whole(1),
        "profanityFilter": boolean,
        "speechModel": words,
        "enhanced": boolean,
        "partialResultCallback": url,
        "partialResultCallbackMethod": method,
    },
    children=frozenset({"Say", "Play", "Pause"}),
)
CONFERENCE = Documented(
    page=f"{DOCS}/conference",
    attributes={
        "muted": boolean,
        "beep": one_of("true", "false", "onEnter", "onExit"),
        "startConferenceOnEnter": boolean,
        "endConferenceOnExit": boolean,
        "participantLabel": words,
        "jitterBufferSize": one_of("small", "medium", "large", "off"),
        "waitUrl": or_empty(url),
        "waitMethod": method,
        "maxParticipants": whole(1, 250),
        "record": one_of("do-not-record", "record-from-start"),
        "region": one_of("us1", "ie1", "sg1", "br1", "au1", "jp1", "de1"),
        "coach": sid,
        "statusCallback": url,
        "statusCallbackMethod": method,
        "statusCallbackEvent": some_of(
            *("start", "end", "join", "leave", "mute", "hold", "speaker", "announcement")
        ),
        "eventCallbackUrl": url,
        **RECORDING,
    },
    text=words,
)
RECORD = Documented(
    page=f"{DOCS}/record",
    attributes={
        "action": url,
        "method": method,
        "timeout": whole(1),
        "finishOnKey": keys,
        "maxLength": whole(1),
        "playBeep": boolean,
        "transcribe": boolean,
        "transcribeCallback": url,
        **RECORDING,
    },
)
START_RECORDING = Documented(
    page=f"{DOCS}/recording",
    attributes={
        "name": words,
        "track": one_of("inbound", "outbound", "both"),
        "channels": one_of("mono", "dual"),
        **RECORDING,
    },
)
ENQUEUE = Documented(
    page=f"{DOCS}/enqueue",
    attributes={
        "action": url,
        "method": method,
        "waitUrl": url,
        "waitUrlMethod": method,
        "workflowSid": sid,
    },
    text=like("(?s).{1,64}"),
)
QUEUE = Documented(
    page=f"{DOCS}/queue",
    attributes={"url": url, "method": method, "reservationSid": sid, "postWorkActivitySid": sid},
    text=like("(?s).{1,64}"),
)
NUMBER = Documented(
    page=f"{DOCS}/number",
    attributes={
        "sendDigits": like("[0-9#*wW]+"),
        "byoc": sid,
        **CALLEE,
        **MACHINE_DETECTION,
    },
    text=number,
)
SIP = Documented(
    page=f"{DOCS}/sip",
    attributes={"username": words, "password": words, **CALLEE, **MACHINE_DETECTION},
    text=like(r"sips?:\S{1,250}"),
)

ELEMENTS: Mapping[str, Documented] = {
    "Say": Documented(
        page=f"{DOCS}/say",
        attributes={"voice": words, "language": words, "loop": whole(0)},
        text=words,
    ),
    "Play": Documented(page=f"{DOCS}/play", attributes={"loop": whole(0)}, text=url),
    "Pause": Documented(page=f"{DOCS}/pause", attributes={"length": whole(1)}),
    "Gather": GATHER,
    "Redirect": Documented(page=f"{DOCS}/redirect", attributes={"method": method}, text=url),
    "Hangup": Documented(page=f"{DOCS}/hangup"),
    "Reject": Documented(page=f"{DOCS}/reject", attributes={"reason": one_of("rejected", "busy")}),
    "Dial": DIAL,
    "Number": NUMBER,
    "Client": Documented(page=f"{DOCS}/client", attributes=CALLEE, text=like(r"\S{1,256}")),
    "Sip": SIP,
    "Queue": QUEUE,
    "Conference": CONFERENCE,
    "Enqueue": ENQUEUE,
    "Leave": Documented(page=f"{DOCS}/leave"),
    "Record": RECORD,
    "Start": Documented(page=f"{DOCS}/recording", children=frozenset({"Recording"})),
    "Stop": Documented(page=f"{DOCS}/recording", children=frozenset({"Recording"})),
    "Recording": START_RECORDING,
}


# --- the documents ----------------------------------------------------------------------------

CALL = "call"
CALLEE_BEFORE_BRIDGE = "callee"
LEAVING_THE_QUEUE = "leaving the queue"
WAITING_IN_THE_QUEUE = "waiting in the queue"
WAITING_FOR_THE_CONFERENCE = "waiting for the conference"

VERBS: Mapping[str, frozenset[str]] = {
    # https://www.twilio.com/docs/voice/twiml#twiml-verbs-for-programmable-voice
    CALL: frozenset(
        {"Say", "Play", "Pause", "Gather", "Redirect", "Hangup", "Reject"}
        | {"Dial", "Enqueue", "Leave", "Record", "Start", "Stop"}
    ),
    # https://www.twilio.com/docs/voice/twiml/number#attributes-url: not even <Pause>. The same
    # for <Client> and <Sip>, and for what a <Gather> in such a document leads to.
    CALLEE_BEFORE_BRIDGE: frozenset({"Say", "Play", "Gather", "Hangup"}),
    # https://www.twilio.com/docs/voice/twiml/queue#attributes-url
    LEAVING_THE_QUEUE: frozenset({"Say", "Play", "Pause", "Redirect"}),
    # https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waitUrl
    WAITING_IN_THE_QUEUE: frozenset(
        {"Say", "Play", "Pause", "Gather", "Redirect", "Hangup", "Leave"}
    ),
    # https://www.twilio.com/docs/api/errors/13238
    WAITING_FOR_THE_CONFERENCE: frozenset({"Say", "Play", "Pause", "Redirect"}),
}
"""Which verbs a document may hold, by who asks for it."""


# --- the checker ------------------------------------------------------------------------------


def faults(body: str, document: str = CALL) -> list[str]:
    """Return what Twilio's documentation has against a document; nothing if it is valid."""
    if not body.startswith(DECLARATION):
        return ["The document does not say that it is UTF-8."]
    root = fromstring(body.encode())  # noqa: S314 - our own output
    if root.tag != "Response" or root.attrib or (root.text or "").strip():
        return ["The document is not a bare <Response>."]
    return list(_children(root, VERBS[document]))


def _children(parent: Element, allowed: frozenset[str]) -> Iterator[str]:
    for element in parent:
        if element.tag in allowed:
            yield from _element(element, ELEMENTS[element.tag])
        else:
            yield f"<{element.tag}> may not stand in this <{parent.tag}>."
        if (element.tail or "").strip():
            yield f"<{parent.tag}> has text after <{element.tag}>."


def _element(element: Element, documented: Documented) -> Iterator[str]:
    for name, value in element.attrib.items():
        if name not in documented.attributes:
            yield f"<{element.tag}> has no {name} ({documented.page})."
        elif not documented.attributes[name](value):
            yield f"<{element.tag} {name}> cannot be {value!r} ({documented.page})."
    indents = len(element) and not (element.text or "").strip()  # as in Twilio's own examples
    if not indents and not documented.text(element.text or ""):
        yield f"<{element.tag}> cannot hold {element.text!r} ({documented.page})."
    yield from _children(element, documented.children)
    yield from (said for rule, said in RULES if rule(element))


def recordings(body: str) -> list[Element]:
    """Return the elements of a document that record."""
    root = fromstring(body.encode())  # noqa: S314 - our own output
    return [each for parent in root.iter() for each in parent if _records(parent, each)]


def _records(parent: Element, element: Element) -> bool:
    if element.tag in {"Dial", "Conference"}:
        return element.get("record", "do-not-record") != "do-not-record"
    return element.tag == "Record" or (parent.tag, element.tag) == ("Start", "Recording")


def _mono_after_all(element: Element) -> bool:
    return element.get("record", "").endswith("-dual") and element.get("recordingTrack") is not None


def _has_nobody_to_dial(element: Element) -> bool:
    return element.tag == "Dial" and not len(element) and not element.text


def _rings_too_many(element: Element) -> bool:
    return element.tag == "Dial" and len(element) > 10


RULES: tuple[tuple[Callable[[Element], bool], str], ...] = (
    (_mono_after_all, f"recordingTrack makes a dual recording mono ({DOCS}/dial)."),
    (_has_nobody_to_dial, f"<Dial> has nobody to dial ({DOCS}/dial)."),
    (_rings_too_many, f"Ten ring together at the most ({DOCS}/number)."),
)
"""What attributes and children may not be together."""
