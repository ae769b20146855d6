"""What REST asks to be recorded (https://www.twilio.com/docs/voice/api/recording)."""

from __future__ import annotations

from collections.abc import Mapping

from twirec.sandbox.orders import EVENTS
from twirec.sandbox.recorder import Order
from twirec.sandbox.script import Subscription
from twirec.sandbox.web import BAD_REQUEST, Refused, Request


def one_of(form: Mapping[str, str], name: str, default: str, *others: str) -> str:
    """Return a field that is one of some words.

    Raises:
        Refused: 400, it is another one.
    """
    value = form.get(name, default)
    if value not in {default, *others}:
        raise Refused(400, BAD_REQUEST, f"{name} is one of {', '.join((default, *others))}")
    return value


def method(form: Mapping[str, str], name: str) -> str:
    """Return a field that is POST, if it is not there, or GET."""
    return one_of(form, name, "POST", "GET")


def rest_order(request: Request, source: str, trim: str) -> Order:
    """Return what a request asks for; `trim` is what it means when it does not say.

    Raises:
        Refused: 400 for a value that Twilio does not know.
    """
    form = request.form
    channels = 2 if one_of(form, "RecordingChannels", "mono", "dual") == "dual" else 1
    track = one_of(form, "RecordingTrack", "both", "inbound", "outbound")
    trims = one_of(form, "Trim", trim, "trim-silence", "do-not-trim") == "trim-silence"
    both = track == "both"
    return Order(source, channels if both else 1, trims, track, both, _told(request))


def _told(request: Request) -> Subscription | None:
    url = request.form.get("RecordingStatusCallback")
    # The page shows several words in one field; the official clients repeat the field.
    words = request.words("RecordingStatusCallbackEvent") or ["completed"]
    if not EVENTS.fullmatch(" ".join(words)):
        raise Refused(400, BAD_REQUEST, "RecordingStatusCallbackEvent has an unknown event")
    told = method(request.form, "RecordingStatusCallbackMethod")
    return Subscription(url, told, frozenset(words)) if url else None
