"""Which verbs, nouns and attributes of TwiML there are here, and what they may hold.

https://www.twilio.com/docs/voice/twiml and the page of each verb and noun. An attribute that is
not here is one that the stand-in would have to ignore.
"""

from __future__ import annotations

from collections.abc import Mapping

from twirec.sandbox.tones import DIGITS

_COUNT = r"\d{1,6}"
_BOOLEAN = "true|false"
_METHOD = "GET|POST"
_ANY = r"[\s\S]*"
_TRIM = "trim-silence|do-not-trim"
_TRACK = "inbound|outbound|both"

_SSML: Mapping[str, Mapping[str, str]] = {
    # https://www.twilio.com/docs/voice/twiml/say/text-speech#ssml: read as the text that it holds
    "break": {"strength": _ANY, "time": r"\d+(\.\d+)?m?s"},
    "emphasis": {"level": _ANY},
    "lang": {"xml:lang": _ANY},
    "p": {},
    "phoneme": {"alphabet": _ANY, "ph": _ANY},
    "prosody": {"volume": _ANY, "rate": _ANY, "pitch": _ANY},
    "s": {},
    "say-as": {"interpret-as": _ANY, "format": _ANY},
    "sub": {"alias": _ANY},
    "w": {"role": _ANY},
}

_RECORDING = {
    "trim": _TRIM,
    "recordingStatusCallback": _ANY,
    "recordingStatusCallbackMethod": _METHOD,
    "recordingStatusCallbackEvent": _ANY,
}
_EVENT = "(initiated|ringing|answered|completed)"
_CALLEE = {
    "url": _ANY,
    "method": _METHOD,
    "statusCallback": _ANY,
    "statusCallbackMethod": _METHOD,
    "statusCallbackEvent": rf"{_EVENT}( +{_EVENT})*",
}
_ROOM_EVENT = "(start|end|join|leave|mute|hold)"

ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "Response": {},
    "Say": {"voice": _ANY, "language": _ANY, "loop": _COUNT},
    "Play": {"loop": _COUNT, "digits": DIGITS},
    "Pause": {"length": _COUNT},
    "Redirect": {"method": _METHOD},
    "Hangup": {},
    "Reject": {"reason": "rejected|busy"},
    "Gather": {
        "input": "dtmf|speech|dtmf speech|speech dtmf",
        "bargeIn": "true",
        # What is recognized is given: how well it would be does not matter here.
        "language": _ANY,
        "hints": _ANY,
        "speechModel": _ANY,
        "speechTimeout": "auto|" + _COUNT,
        "profanityFilter": _BOOLEAN,
        "enhanced": _BOOLEAN,
        "action": _ANY,
        "method": _METHOD,
        "timeout": _COUNT,
        "numDigits": r"[1-9]\d{0,3}",
        "finishOnKey": "[0-9#*]?",
        "actionOnEmptyResult": _BOOLEAN,
    },
    "Dial": {
        "action": _ANY,
        "method": _METHOD,
        "timeout": _COUNT,
        "timeLimit": _COUNT,
        "callerId": _ANY,
        "answerOnBridge": _BOOLEAN,
        "sequential": _BOOLEAN,
        "referUrl": _ANY,
        "referMethod": _METHOD,
        "ringTone": "[a-z-]+",  # heard by nobody here, and in no recording
        "record": "do-not-record|record-from-(answer|ringing)(-dual)?",
        "recordingTrack": _TRACK,
        **_RECORDING,
    },
    "Number": {**_CALLEE, "sendDigits": DIGITS},
    "Client": _CALLEE,
    "Sip": {**_CALLEE, "username": _ANY, "password": _ANY},  # which no phone here asks for
    "Identity": {},
    "Parameter": {"name": _ANY, "value": _ANY},
    "Queue": {"url": _ANY, "method": _METHOD},
    "Conference": {
        "muted": _BOOLEAN,
        "startConferenceOnEnter": _BOOLEAN,
        "endConferenceOnExit": _BOOLEAN,
        # Beeps and music are heard by nobody here, and are in no recording.
        "beep": "true|false|onEnter|onExit",
        "waitUrl": "",
        "participantLabel": _ANY,
        "record": "do-not-record|record-from-start",
        "statusCallback": _ANY,
        "statusCallbackMethod": _METHOD,
        "statusCallbackEvent": rf"{_ROOM_EVENT}( +{_ROOM_EVENT})*",
        **_RECORDING,
    },
    "Enqueue": {
        "action": _ANY,
        "method": _METHOD,
        "waitUrl": _ANY,
        "waitUrlMethod": _METHOD,
    },
    "Record": {
        "action": _ANY,
        "method": _METHOD,
        "timeout": _COUNT,
        "finishOnKey": "[0-9#*]*",
        "maxLength": _COUNT,
        "playBeep": _BOOLEAN,
        **_RECORDING,
    },
    "Leave": {},
    "Refer": {"action": _ANY, "method": _METHOD},
    "Start": {},
    "Stop": {},
    **_SSML,
    "Recording": {"name": _ANY, "track": _TRACK, "channels": "mono|dual", **_RECORDING},
}
"""The attributes of each verb and noun, with a pattern for what they may hold."""

ELSEWHERE = {
    ("Gather", "bargeIn"): "false",
    ("Conference", "waitUrl"): _ANY,
    ("Conference", "statusCallbackEvent"): r"[a-z]+( +[a-z]+)*",
}
"""What more Twilio lets some attributes hold."""

CHILDREN = {
    "Response": {
        *("Say", "Play", "Pause", "Gather", "Redirect", "Hangup", "Reject"),
        *("Dial", "Enqueue", "Leave", "Record", "Refer", "Start", "Stop"),
    },
    "Say": set(_SSML),
    **{name: set(_SSML) for name in ("emphasis", "lang", "p", "prosody", "s", "w")},
    "Gather": {"Say", "Play", "Pause"},
    "Dial": {"Number", "Client", "Sip", "Queue", "Conference"},
    "Client": {"Identity", "Parameter"},
    "Refer": {"Sip"},
    "Start": {"Recording"},
    "Stop": {"Recording"},
}
"""What may be inside what."""

WITH_SPEECH = frozenset({"Say", *_SSML} - {"break"})
"""What may hold text and SSML in any order."""

WITH_TEXT = frozenset(
    {
        *("Say", "Play", "Redirect", "Dial", "Number", "Client", "Sip", "Identity"),
        *("Queue", "Conference", "Enqueue"),
    }
)
"""What may hold text."""
