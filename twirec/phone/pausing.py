"""Pause and resume, for what must not be recorded: card numbers (PCI DSS 3.3.1)."""

from __future__ import annotations

from collections.abc import Iterator

from twirec.model.errors import NotFound, NotPaused, NotResumed, TwirecError, VendorError
from twirec.model.records import CallRecord, Pause, Recording
from twirec.model.vendor import RecordingStatus
from twirec.phone import recorded_now
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
        return self._catalog.begin_pause(Pause(recording.sid, self._now(), by))

    def _set(self, recording: Recording, status: RecordingStatus) -> RecordingStatus:
        """Ask by the SID of the recording: `Twilio.CURRENT` is an error when a call has several."""
        account_sid, leg = recording.account_sid, recording.recorded_leg
        return self._vendor().set_recording(account_sid, leg, recording.sid, status)

    def _all_in_progress(self, record: CallRecord, sid: str) -> Iterator[Recording]:
        """Those that the catalog knows, and then, of a whole call, those that only Twilio does."""
        yield from _known(record, sid)
        if sid == record.call.call_sid:
            yield from recorded_now.untold(self._catalog, self._vendor(), record, self._now())


def _known(record: CallRecord, sid: str) -> list[Recording]:
    return [each for each in recorded_now.known(record) if sid in {each.sid, each.call_sid}]


def _none(sid: str) -> NotFound:
    return NotFound(f"No recording of {sid} is in progress.")
