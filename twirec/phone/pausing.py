"""Pause and resume, for what must not be recorded: card numbers (PCI DSS 3.3.1)."""

from __future__ import annotations

from twirec.model.errors import NotFound, NotPaused, NotResumed
from twirec.model.records import Pause, Recording
from twirec.model.states import State
from twirec.model.vendor import RecordingStatus
from twirec.phone.desk import Desk


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
        pauses = []
        for recording in self._in_progress(sid):
            told = self._vendor().set_recording(
                recording.account_sid,
                recording.leg or recording.call_sid or "",
                recording.sid,
                RecordingStatus.PAUSED,
            )
            if told is not RecordingStatus.PAUSED:
                raise NotPaused(f"Twilio says of {recording.sid}: {told}.")
            pause = Pause(recording.sid, self._now(), by)
            self._catalog.begin_pause(pause)
            pauses.append(pause)
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
        resumed = []
        for recording in self._in_progress(sid):
            told = self._vendor().set_recording(
                recording.account_sid,
                recording.leg or recording.call_sid or "",
                recording.sid,
                RecordingStatus.IN_PROGRESS,
            )
            if told is not RecordingStatus.IN_PROGRESS:
                raise NotResumed(f"Twilio says of {recording.sid}: {told}.")
            self._catalog.end_pauses(recording.sid, self._now())
            resumed.append(recording.sid)
        return resumed

    def _in_progress(self, sid: str) -> list[Recording]:
        """By the SIDs of the recordings: `Twilio.CURRENT` is an error when a call has several."""
        found = [
            recording
            for recording in self._catalog.find(sid).recordings
            if recording.state is State.RECORDING and sid in {recording.sid, recording.call_sid}
        ]
        if not found:
            raise NotFound(f"No recording of {sid} is in progress.")
        return found
