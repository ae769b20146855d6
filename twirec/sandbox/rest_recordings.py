"""Recordings over REST (https://www.twilio.com/docs/voice/api/recording)."""

from __future__ import annotations

from collections.abc import Callable

from twirec.sandbox.audio import Audio, wav, wav_size
from twirec.sandbox.exchange import Exchange
from twirec.sandbox.paging import KEYS, days, page
from twirec.sandbox.recording import TAG, Encryption, Recording
from twirec.sandbox.resources import (
    Json,
    call_recording_json,
    recording_json,
    room_recording_json,
)
from twirec.sandbox.rest_conferences import conference
from twirec.sandbox.state import Account
from twirec.sandbox.web import (
    BAD_REQUEST,
    CONFLICT,
    Answer,
    Refused,
    Request,
    json_answer,
    known_params,
    not_done,
    not_found,
)

_DATES = ("DateCreated", "DateCreated<", "DateCreated>")
_FILTERS = {*_DATES, "CallSid", "ConferenceSid", "IncludeSoftDeleted", *KEYS}


class RecordingHandlers:
    """Answers requests about recordings."""

    def __init__(self, account: Account, exchange: Exchange) -> None:
        self._account = account
        self._exchange = exchange

    def list(self, request: Request) -> Answer:
        """List recordings, the newest first."""
        known_params(request.params, _FILTERS)
        return self._page(request, _matcher(request), recording_json)

    def of_call(self, request: Request, sid: str) -> Answer:
        """List the recordings of a call."""
        known_params(request.params, {*_DATES, *KEYS})
        matches = _matcher(request)
        if self._account.call(sid) is None:
            raise not_found(request.path)
        return self._page(
            request, lambda found: found.call_sid == sid and matches(found), call_recording_json
        )

    def of_room(self, request: Request, sid: str) -> Answer:
        """List the recordings of a conference."""
        known_params(request.params, {*_DATES, *KEYS})
        conference(self._exchange.rooms, request, sid)
        matches = _matcher(request)
        return self._page(
            request,
            lambda found: found.conference_sid == sid and matches(found),
            room_recording_json,
        )

    def fetch_of(self, request: Request, owner: str, sid: str) -> Answer:
        """Return a recording of a call or of a conference."""
        known_params(request.params, ())
        recording = self._find_of(request, owner, sid)
        to_json = call_recording_json if owner == recording.call_sid else room_recording_json
        return json_answer(to_json(self._account, recording))

    def delete_of(self, request: Request, owner: str, sid: str) -> Answer:
        """Delete a recording of a call or of a conference."""
        return self.delete(request, self._find_of(request, owner, sid).sid)

    def _find_of(self, request: Request, owner: str, sid: str) -> Recording:
        recording = self._find(request, sid)
        if owner not in {recording.call_sid, recording.conference_sid}:
            raise not_found(request.path)
        return recording

    def fetch(self, request: Request, sid: str) -> Answer:
        """Return a recording; a deleted one only with `IncludeSoftDeleted=true`."""
        known_params(request.params, {"IncludeSoftDeleted"})
        return json_answer(recording_json(self._account, self._find(request, sid)))

    def delete(self, request: Request, sid: str) -> Answer:
        """Delete a completed recording: the media is gone, the metadata stays for a time."""
        recording = self._find(request, sid)
        if recording.status != "completed":
            # That it is refused is documented; with which status is not.
            raise Refused(409, CONFLICT, "Only completed recordings can be deleted")
        recording.status = "deleted"  # what it sounded like stays known, for `Sandbox.sha256`
        recording.updated = self._exchange.now()
        return Answer(204)

    def media(self, request: Request, sid: str) -> Answer:
        """Return the media, in the channels asked for; 501 for `.mp3`: there is no encoder."""
        recording = self._find(request, sid)
        audio = recording.audio
        gone = recording.status != "completed" or self._account.hazards.external
        if gone or audio is None:
            raise not_found(request.path)
        if recording.encryption:
            return _encrypted(audio, recording.encryption, 2 if recording.dual else 1, request)
        if request.path.endswith(".mp3"):
            raise not_done("MP3: there is no encoder; ask for .wav")
        channels = _channels(recording, request)
        return Answer(200, wav(audio, channels), wav_size(audio, channels), "audio/x-wav")

    def _find(self, request: Request, sid: str) -> Recording:
        recording = self._account.recording(sid)
        if recording is None or (recording.status == "deleted" and not _with_deleted(request)):
            raise not_found(request.path)
        return recording

    def _page(
        self,
        request: Request,
        matches: Callable[[Recording], bool],
        to_json: Callable[[Account, Recording], Json],
    ) -> Answer:
        recordings = self._account.recordings()
        return json_answer(
            page(
                request,
                "recordings",
                recordings,
                matches,
                lambda found: to_json(self._account, found),
            )
        )


def _encrypted(audio: Audio, encryption: Encryption, channels: int, request: Request) -> Answer:
    """Return the media as it is stored, the only form that there is: ciphertext is not converted.

    That another form is refused is our reading; Twilio does not say what it does.
    """
    if request.path.endswith(".mp3") or "RequestedChannels" in request.params:
        raise Refused(400, BAD_REQUEST, "An encrypted recording has only the form it is stored in")
    body = encryption.encrypt(wav(audio, channels))
    return Answer(200, body, wav_size(audio, channels) + TAG, "audio/x-wav")


def _channels(recording: Recording, request: Request) -> int:
    stored = 2 if recording.dual else 1
    asked = request.params.get("RequestedChannels")
    if asked is None:
        return min(stored, recording.channels)
    if asked not in {"1", "2"} or int(asked) > stored:
        raise Refused(400, BAD_REQUEST, "RequestedChannels: there are not that many channels")
    return int(asked)


def _with_deleted(request: Request) -> bool:
    return request.params.get("IncludeSoftDeleted", "").lower() == "true"


def _matcher(request: Request) -> Callable[[Recording], bool]:
    """Return the filter that a request asks for. Dates are whole days, GMT."""
    params = request.params
    in_days = days(params, "DateCreated")
    call_sid, conference_sid = params.get("CallSid"), params.get("ConferenceSid")
    with_deleted = _with_deleted(request)

    def matches(recording: Recording) -> bool:
        return (
            (with_deleted or recording.status != "deleted")
            and call_sid in (None, recording.call_sid)
            and conference_sid in (None, recording.conference_sid)
            and in_days(recording.created)
        )

    return matches
