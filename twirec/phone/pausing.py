"""Pause and resume, for what must not be recorded: card numbers (PCI DSS 3.3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from twirec.calls import reception
from twirec.model.errors import NotFound, NotPaused, NotResumed, TwirecError, VendorError
from twirec.model.records import CallRecord, Pause, Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus
from twirec.phone.desk import Desk
from twirec.transfers.adoption import adopted, state_of


class Pausing(Desk):
    """Recordings that are silent for a while. What is not resumed stays silent."""

    def pause(self, sid: str, *, by: str) -> list[Pause]:
        """Pause the recordings of a call that goes on: silence takes the place of what is said.

        It is believed only when Twilio's own answer says so.

        Args:
            sid: of the call, `CA…`, or of one of its recordings, `RE…`.
            by: who asks for it.

        Raises:
            NotFound: no recording of it is in progress.
            NotPaused: Twilio did not say that it is paused; suppose that it records.
            VendorError: Twilio refused, or did not answer; suppose that it records.
        """
        record = self._catalog.find(sid)
        pauses: list[Pause] = []
        failed: list[TwirecError] = []
        for recording in self._all_in_progress(record, sid):
            try:
                pauses.append(self._pause(recording, by))
            except (NotPaused, VendorError) as error:  # the others may be paused all the same
                failed.append(error)
        if failed:
            raise failed[0]
        if not pauses:
            raise _none(sid)
        return pauses

    def resume(self, sid: str) -> list[str]:
        """Let the recordings of a call go on, and return their SIDs.

        Args:
            sid: of the call, `CA…`, or of one of its recordings, `RE…`.

        Raises:
            NotFound: no recording of it is in progress.
            NotResumed: Twilio did not say that it goes on.
            VendorError: Twilio refused, or did not answer.
        """
        record = self._catalog.find(sid)
        # of others nothing is resumed that somebody else may have paused
        going_on = _known(record, sid) or list(self._all_in_progress(record, sid))
        if not going_on:
            raise _none(sid)
        for recording in going_on:
            told = self._set(recording, RecordingStatus.IN_PROGRESS)
            if told is not RecordingStatus.IN_PROGRESS:
                raise NotResumed(f"Twilio says of {recording.sid}: {told}.")
            self._catalog.end_pauses(recording.sid, self._now())
        return [recording.sid for recording in going_on]

    def _pause(self, recording: Recording, by: str) -> Pause:
        told = self._set(recording, RecordingStatus.PAUSED)
        if told is not RecordingStatus.PAUSED:
            raise NotPaused(f"Twilio says of {recording.sid}: {told}.")
        pause = Pause(recording.sid, self._now(), by)
        self._catalog.begin_pause(pause)
        return pause

    def _set(self, recording: Recording, status: RecordingStatus) -> RecordingStatus:
        """Ask by the SID of the recording: `Twilio.CURRENT` is an error when a call has several."""
        leg = recording.leg or recording.call_sid or ""
        return self._vendor().set_recording(recording.account_sid, leg, recording.sid, status)

    def _all_in_progress(self, record: CallRecord, sid: str) -> Iterator[Recording]:
        """Those that the catalog knows, and then, of a whole call, those that only Twilio does."""
        yield from _known(record, sid)
        if sid == record.call.call_sid:
            yield from self._untold(record)

    def _untold(self, record: CallRecord) -> list[Recording]:
        """Ask Twilio for recordings of which it has not told us (yet): a callback may be lost."""
        call = record.call
        known = {recording.sid for recording in record.recordings}
        adopted_now = []
        for leg in [call.call_sid, *(each.leg_sid for each in record.legs if each.agent)]:
            for found in self._vendor().recordings(call.account_sid, call_sid=leg):
                if found.sid in known or state_of(found) is not State.RECORDING:
                    continue
                channel_map = reception.channels_of(found.source, leg, record)
                recording = replace(
                    adopted(found, call.call_sid, self._now()), channel_map=channel_map
                )
                self._catalog.adopt(recording)
                adopted_now.append(recording)
        return adopted_now


def _known(record: CallRecord, sid: str) -> list[Recording]:
    return [
        recording
        for recording in record.recordings
        if recording.state is State.RECORDING and sid in {recording.sid, recording.call_sid}
    ]


def _none(sid: str) -> NotFound:
    return NotFound(f"No recording of {sid} is in progress.")
