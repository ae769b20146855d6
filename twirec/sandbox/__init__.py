"""The stand-in for Twilio: everything on 127.0.0.1, no account, no costs.

    with Sandbox(speed=20) as sandbox:
        sandbox.number("+34911000111", voice_url="http://127.0.0.1:5000/voice")
        call = sandbox.call(from_="+34600111222", to="+34911000111")
        call.wait()

It imports nothing else of twirec, so that it cannot share its mistakes.
"""

from twirec.sandbox.courier import Reply
from twirec.sandbox.event_streams import Sink
from twirec.sandbox.faults import ALWAYS, Endpoint, Fault, Faults
from twirec.sandbox.limits import Unsupported
from twirec.sandbox.parties import BEEP, KINDS, SPOKEN, Line, Party, Reaction
from twirec.sandbox.recording import Encryption, Recording
from twirec.sandbox.sandbox import Sandbox
from twirec.sandbox.state import (
    Application,
    Call,
    Domain,
    Hazards,
    LogEntry,
    Number,
    RestRequest,
    Sender,
)
from twirec.sandbox.twiml import Verb

__all__ = [
    "ALWAYS",
    "BEEP",
    "KINDS",
    "SPOKEN",
    "Application",
    "Call",
    "Domain",
    "Encryption",
    "Endpoint",
    "Fault",
    "Faults",
    "Hazards",
    "Line",
    "LogEntry",
    "Number",
    "Party",
    "Reaction",
    "Recording",
    "Reply",
    "RestRequest",
    "Sandbox",
    "Sender",
    "Sink",
    "Unsupported",
    "Verb",
]
