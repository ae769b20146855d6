"""Pause and resume, for what must not be recorded: card numbers (PCI DSS 3.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from twirec.model.audit import AuditDraft
from twirec.model.errors import NotFound, NotPaused, NotResumed, TwirecError, VendorError
from twirec.model.records import CallRecord, Pause, Recording
from twirec.model.vendor import RecordingStatus
from twirec.webhooks.context import Context, log
from twirec.webhooks.recording_control import known_in_progress, untold

Done = TypeVar("Done")
Audited = Callable[[Recording], AuditDraft]


class Pausing:
    """Recordings that are silent for a while. What is not resumed stays silent.

    Args:
        context: catalog, vendor and clock.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._catalog = context.catalog

    def pause(
        self, sid: str, *, by: str, audited: Audited, calls: Sequence[str] | None = None
    ) -> list[Pause]:
        """Pause the recordings of a call that goes on: silence takes the place of what is said.

        It is believed only when Twilio's own answer says so. All that can be paused are, before an
        error is raised.

        Args:
            sid: of the call, or of a leg of it, `CA…`; or of one of its recordings, `RE…`.
            by: who asks for it.
            audited: makes the entry about a recording; raises if it is not for them.
            calls: what `calls_of` gave for the SID, if it was asked before.

        Raises:
            NotFound: no recording of it is in progress.
            NotPaused: Twilio did not say that it is paused; suppose that it records.
            VendorError: Twilio refused, or did not answer; suppose that it records.
        """
        records, failed = self._records(calls or self.calls_of(sid)), list[TwirecError]()
        known = chain.from_iterable(_known(record, sid) for record in records)
        in_progress = chain(known, self._untold(records, sid, failed))
        return _each(in_progress, lambda one: self._pause(one, by, audited), sid, failed)

    def resume(
        self, sid: str, *, audited: Audited, calls: Sequence[str] | None = None
    ) -> list[str]:
        """Let the recordings of a call go on, and return their SIDs.

        All that can go on do, before an error is raised.

        Args:
            sid: of the call, or of a leg of it, `CA…`; or of one of its recordings, `RE…`.
            audited: makes the entry about a recording; raises if it is not for them.
            calls: what `calls_of` gave for the SID, if it was asked before.

        Raises:
            NotFound: no recording of it is in progress.
            NotResumed: Twilio did not say that it goes on.
            VendorError: Twilio refused, or did not answer.
        """
        # of others nothing is resumed that somebody else may have paused
        records, failed = self._records(calls or self.calls_of(sid)), list[TwirecError]()
        known = chain.from_iterable(_known(record, sid) for record in records)
        others = [record for record in records if not _known(record, sid)]
        in_progress = chain(known, self._untold(others, sid, failed))
        return _each(in_progress, lambda one: self._resume(one, audited), sid, failed)

    def calls_of(self, sid: str) -> list[str]:
        """Return the calls of a SID, which may be that of a leg: an agent's phone knows no other.

        They are those that the leg is in now: several, in a conference with several callers. Only
        their SIDs are given, and nothing of what is recorded of them.

        Args:
            sid: of a call or a leg, `CA…`, or of a recording, `RE…`.

        Raises:
            NotFound: there is none.
        """
        accounts = self._context.vendor.accounts if sid.startswith("CA") else ()
        for account_sid in accounts:
            if now := self._catalog.conferences.calls_now(account_sid, sid):
                return now
        try:
            return [self._catalog.search.call_sid(sid)]
        except NotFound:
            for account_sid in accounts:
                if parent := self._parent(account_sid, sid):
                    return [parent]
            raise

    def _records(self, calls: Sequence[str]) -> list[CallRecord]:
        return [self._catalog.search.find(each) for each in calls]

    def _parent(self, account_sid: str, leg_sid: str) -> str | None:
        try:
            return self._context.vendor.call(account_sid, leg_sid, hurry=True).parent_call_sid
        except VendorError as error:  # another account may know it
            log.info("%s: %s", leg_sid, error)
            return None

    def _pause(self, recording: Recording, by: str, audited: Audited) -> Pause:
        entry = audited(recording)  # first, as it says whether they may
        told = self._set(recording, RecordingStatus.PAUSED)
        if told is not RecordingStatus.PAUSED:
            raise NotPaused(
                f"Twilio says of {recording.sid}: {told}, and not: {RecordingStatus.PAUSED}."
            )
        now, longest = self._context.now(), self._context.settings.longest_pause
        until = None if longest is None else now + longest
        return self._catalog.pauses.begin(Pause(recording.sid, now, by), entry, until=until)

    def _resume(self, recording: Recording, audited: Audited) -> str:
        entry = audited(recording)  # first, as it says whether they may
        told = self._set(recording, RecordingStatus.IN_PROGRESS)
        if told is not RecordingStatus.IN_PROGRESS:
            raise NotResumed(
                f"Twilio says of {recording.sid}: {told}, and not: {RecordingStatus.IN_PROGRESS}."
            )
        self._catalog.pauses.end(recording.sid, self._context.now(), entry)
        return recording.sid

    def _set(self, recording: Recording, status: RecordingStatus) -> RecordingStatus:
        """Ask by the SID of the recording: `Twilio.CURRENT` is an error when a call has several."""
        account_sid, leg = recording.account_sid, recording.recorded_leg
        return self._context.vendor.live.set_recording(account_sid, leg, recording.sid, status)

    def _untold(
        self, records: Sequence[CallRecord], sid: str, failed: list[TwirecError]
    ) -> Iterator[Recording]:
        """Yield, of whole calls, what only Twilio knows of; what it does not say is in `failed`."""
        for record in () if sid.startswith("RE") else records:
            try:
                legs = self._catalog.meetings.legs_recorded(record)
                vendor, now = self._context.vendor, self._context.now()
                yield from untold(self._catalog, vendor, record, legs, now)
            except VendorError as error:
                failed.append(error)


def _each(
    recordings: Iterable[Recording],
    do: Callable[[Recording], Done],
    sid: str,
    failed: list[TwirecError],
) -> list[Done]:
    """Do something with each of the recordings, and raise the first error when all were tried.

    Args:
        recordings: which.
        do: what is done.
        sid: of what they are.
        failed: the errors, also those of looking for the recordings.

    Raises:
        NotFound: there are none.
    """
    done: list[Done] = []
    for recording in recordings:
        try:
            done.append(do(recording))
        except TwirecError as error:
            failed.append(error)
    if failed:
        raise failed[0]
    if not done:
        raise NotFound(f"No recording of {sid} is in progress.")
    return done


def _known(record: CallRecord, sid: str) -> list[Recording]:
    going_on = known_in_progress(record)
    return [each for each in going_on if each.sid == sid] if sid.startswith("RE") else going_on
