"""What Twilio's Event Streams send: batches of CloudEvents, and the forms that are in them.

https://www.twilio.com/docs/events/webhook-quickstart; the event is among
https://www.twilio.com/docs/events/event-types/voice/status-callback, of the schema
`Voice.WebhookEvent`: its `data.request.parameters` are the fields of the ordinary callback.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from twirec.calls.forms import parse_recording_callback
from twirec.model.errors import MalformedRequest
from twirec.model.given import speakable
from twirec.model.vendor import RecordingCallback

RECORDING_EVENT = "com.twilio.voice.status-callback.recording.processed"
"""The type of the event that says what a recording status callback says."""

MOST_EVENTS = 200
"""Events of one batch: each is written by itself, and Twilio waits five seconds for an answer."""

MOST_BYTES = 1024 * 1024
"""The longest batch that is read."""

_KINDS = frozenset(
    {"application/json", "application/cloudevents-batch+json", "application/cloudevents+json"}
)
"""What the content type may be: https://github.com/cloudevents/spec, HTTP binding, section 3."""


def read_batch(content_type: str, body: bytes) -> tuple[RecordingCallback, ...]:
    """Return what a batch says of recordings, in its order; events of other types are passed over.

    Nothing of a batch counts if one of its events of ours cannot be read.

    Args:
        content_type: the header `Content-Type`.
        body: the batch: a list of events, or one.

    Raises:
        MalformedRequest: it is no batch, has too many events, or one lacks what a callback has.
    """
    if content_type.partition(";")[0].strip().lower() not in _KINDS:
        raise MalformedRequest("The content type is not that of a batch of events in JSON.")
    try:
        batch = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedRequest("The body is not JSON.") from error
    events = batch if isinstance(batch, list) else [batch]
    if len(events) > MOST_EVENTS:
        raise MalformedRequest(
            f"The batch has more than {MOST_EVENTS} events: set batch_events of the sink to false."
        )
    kinds = [_kind(event) for event in events]
    return tuple(
        parse_recording_callback(_parameters(event))
        for event, kind in zip(events, kinds, strict=True)
        if kind == RECORDING_EVENT
    )


def _kind(event: object) -> str:
    kind = event.get("type") if isinstance(event, dict) else None
    if not isinstance(kind, str):
        raise MalformedRequest("The body has what is no event: it has no type.")
    return kind


def _parameters(event: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the form that is in an event; a number in it counts as its digits."""
    data: object = event
    for name in ("data", "request", "parameters"):
        data = data.get(name) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        raise MalformedRequest("An event of a recording has no data.request.parameters.")
    return speakable(
        {
            name: str(value)
            for name, value in data.items()
            if isinstance(value, str | int) and not isinstance(value, bool)
        }
    )
