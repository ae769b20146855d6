"""Recordings of live calls over REST: start, pause, resume, stop.

https://www.twilio.com/docs/voice/api/recording#start-recording-on-an-in-progress-call and
https://www.twilio.com/docs/voice/api/recording#update-a-recording
"""

from __future__ import annotations

from twirec.sandbox.exchange import Exchange
from twirec.sandbox.orders import record
from twirec.sandbox.recorder import Recorder
from twirec.sandbox.resources import call_recording_json
from twirec.sandbox.rest_orders import one_of, rest_order
from twirec.sandbox.state import Account
from twirec.sandbox.web import (
    BAD_REQUEST,
    NOT_IN_PROGRESS,
    Answer,
    Refused,
    Request,
    json_answer,
    known_params,
    not_found,
)

CURRENT = "Twilio.CURRENT"
"""The name of a call's only recording."""

_START = {
    *("RecordingChannels", "RecordingTrack", "Trim", "RecordingStatusCallback"),
    *("RecordingStatusCallbackEvent", "RecordingStatusCallbackMethod"),
}
_NOT_LIVE = "Requested resource is not eligible for recording: the call is not in-progress"


class LiveHandlers:
    """Answers requests about recordings of calls that go on."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange

    def start(self, request: Request, call_sid: str) -> Answer:
        """Record a call from now on: it belongs to the leg that dialled, which is channel 1."""
        known_params(request.form, _START)
        wanted = rest_order(request, "StartCallRecordingAPI", "do-not-trim")
        call = self._account.call(call_sid)
        if call is None:
            raise not_found(request.path)
        stage = self._exchange.stage_of(call)
        if stage is None or {call.status, stage.call.status} != {"in-progress"}:
            raise Refused(400, NOT_IN_PROGRESS, _NOT_LIVE)
        recorder = record(stage, wanted)
        return json_answer(call_recording_json(self._account, recorder.recording), 201)

    def update(self, request: Request, call_sid: str, sid: str) -> Answer:
        """Pause, resume or stop."""
        recorder = self._recorder(request, call_sid, sid)
        form = request.form
        known_params(form, {"Status", "PauseBehavior"})
        status = form.get("Status")
        skip = one_of(form, "PauseBehavior", "silence", "skip") == "skip"
        if status == "paused":
            recorder.pause(skip)
        elif status == "in-progress":
            recorder.resume()
        elif status == "stopped":
            recorder.stop()
        else:
            raise Refused(400, BAD_REQUEST, "Status is one of paused, in-progress, stopped")
        return self._shown(recorder, status)

    def ignore(self, request: Request, call_sid: str, sid: str) -> Answer:
        """Answer an update as if all were well, and do nothing."""
        recorder = self._recorder(request, call_sid, sid)
        return self._shown(recorder, recorder.recording.status)

    def _recorder(self, request: Request, call_sid: str, sid: str) -> Recorder:
        call = self._account.call(call_sid)
        stage = self._exchange.stage_of(call) if call else None
        if stage is None:
            raise not_found(request.path)
        active = stage.recorders.active()
        if sid == CURRENT:
            return _only(active)
        for recorder in active:
            if recorder.recording.sid == sid:
                return recorder
        raise not_found(request.path)

    def _shown(self, recorder: Recorder, status: str) -> Answer:
        shown = call_recording_json(self._account, recorder.recording)
        return json_answer({**shown, "status": status})


def _only(active: list[Recorder]) -> Recorder:
    if len(active) != 1:
        raise Refused(400, BAD_REQUEST, f"{CURRENT} needs one recording; there are {len(active)}")
    return active[0]
