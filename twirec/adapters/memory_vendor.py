"""A vendor that lives in memory, for tests."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Literal

from twirec.model.errors import MediaNotReady, NotAtVendor, TwirecError, VendorRefused
from twirec.model.vendor import (
    Media,
    RecordingStatus,
    VendorCall,
    VendorParticipant,
    VendorRecording,
    VoiceRoute,
    is_within,
)

CHUNK = 64 * 1024

Operation = Literal[
    "recordings",
    "recording",
    "call",
    "calls",
    "legs",
    "participants",
    "voice_routes",
    "media",
    "read",
    "delete",
    "delete_call",
    "place_call",
    "start_recording",
    "set_recording",
]
"""What can fail: the methods of `Vendor`, and `read` for the media once it is open."""


class NextFaults:
    """What goes wrong next. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: dict[Operation, deque[TwirecError]] = defaultdict(deque)

    def add(self, operation: Operation, error: TwirecError) -> None:
        """Let the next such operation fail; several faults come one after the other.

        Args:
            operation: the name of the method; `read` fails after the first chunk of the media.
            error: what it raises.
        """
        with self._lock:
            self._faults[operation].append(error)

    def clear(self) -> None:
        """Let all go well from now on."""
        with self._lock:
            self._faults.clear()

    def inject(self, operation: Operation) -> None:
        """Raise what is to go wrong with such an operation now, if anything."""
        with self._lock:
            faults = self._faults[operation]
            if faults:
                raise faults.popleft()


class MemoryLiveCalls:
    """`LiveCalls` without a network.

    Args:
        vendor: where calls and recordings are.
        faults: what is to go wrong.
    """

    def __init__(self, vendor: MemoryVendor, faults: NextFaults) -> None:
        self._vendor = vendor
        self._faults = faults
        self._rooms: dict[tuple[str, str], list[VendorParticipant]] = defaultdict(list)

    def let_in(self, room: str, participant: VendorParticipant) -> None:
        """Let somebody into the conference of that name."""
        self._rooms[participant.account_sid, room].append(participant)

    def place_call(
        self,
        account_sid: str,
        *,
        from_: str,
        to: str,
        url: str,
        fallback_url: str,
        ended_url: str,
        finds_machines: bool = True,
        send_digits: str = "",
    ) -> VendorCall:
        """Place a call, which nobody answers. See `LiveCalls.place_call`."""
        self._faults.inject("place_call")
        call = VendorCall(_new_sid("CA"), account_sid, from_, to, "outbound-api", "queued")
        self._vendor.add_call(call)
        return call

    def participants(self, account_sid: str, room: str) -> list[VendorParticipant]:
        """Return who is in a conference. See `LiveCalls.participants`."""
        self._faults.inject("participants")
        return list(self._rooms[account_sid, room])

    def start_recording(self, account_sid: str, call_sid: str, *, status_url: str) -> str:
        """Record a call from now on. See `LiveCalls.start_recording`."""
        self._faults.inject("start_recording")
        sid = _new_sid("RE")
        self._vendor.add_recording(
            VendorRecording(sid, account_sid, call_sid, RecordingStatus.IN_PROGRESS)
        )
        return sid

    def set_recording(
        self, account_sid: str, call_sid: str, sid: str, status: RecordingStatus
    ) -> RecordingStatus:
        """Pause, resume or end a recording. See `LiveCalls.set_recording`."""
        self._faults.inject("set_recording")
        recording = self._vendor.recording(account_sid, sid)
        self._vendor.add_recording(replace(recording, status=status))
        return status


class MemoryVendor:
    """A `Vendor` without a network. Put in what Twilio is to have, and what is to go wrong.

    Safe to use from many threads.

    Attributes:
        routes: where addresses of an account point; of one address the last counts.
        faults: what is to go wrong.
        live: what is done to calls that go on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accounts: dict[str, None] = {}  # in the order of their first use
        self._calls: dict[tuple[str, str], VendorCall] = {}
        self._recordings: dict[tuple[str, str], VendorRecording] = {}
        self._media: dict[tuple[str, str], bytes] = {}
        self.routes: list[tuple[str, VoiceRoute]] = []
        self.faults = NextFaults()
        self.live = MemoryLiveCalls(self, self.faults)

    # --- for tests ----------------------------------------------------------------------------

    def add_call(self, call: VendorCall) -> None:
        """Put in a call, in place of the one with its SID."""
        with self._lock:
            self._accounts[call.account_sid] = None
            self._calls[call.account_sid, call.sid] = call

    def add_recording(self, recording: VendorRecording, media: bytes = b"") -> None:
        """Put in a recording, in place of the one with its SID; without media it has none yet."""
        with self._lock:
            self._accounts[recording.account_sid] = None
            self._recordings[recording.account_sid, recording.sid] = recording
            self._media[recording.account_sid, recording.sid] = media

    # --- Vendor -------------------------------------------------------------------------------

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of which something was put in."""
        with self._lock:
            return tuple(self._accounts)

    def recordings(
        self,
        account_sid: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        call_sid: str | None = None,
        hurry: bool = False,
    ) -> Iterator[VendorRecording]:
        """List recordings. See `Vendor.recordings`; `since` is inclusive, `until` exclusive."""
        self.faults.inject("recordings")
        with self._lock:
            listed = [
                self._kept(owner, sid) for owner, sid in self._recordings if owner == account_sid
            ]
        for recording in filter(None, listed):
            ours = call_sid is None or recording.call_sid == call_sid
            if ours and is_within(recording.created_at, since, until):
                yield recording

    def recording(self, account_sid: str, sid: str) -> VendorRecording:
        """Return a recording. See `Vendor.recording`."""
        self.faults.inject("recording")
        with self._lock:
            recording = self._kept(account_sid, sid)
        if recording is None:
            raise NotAtVendor(f"There is no {sid}", status=404, code=20404)
        return recording

    def call(self, account_sid: str, sid: str, *, hurry: bool = False) -> VendorCall:
        """Return a call. See `Vendor.call`."""
        self.faults.inject("call")
        with self._lock:
            call = self._calls.get((account_sid, sid))
        if call is None:
            raise NotAtVendor(f"There is no {sid}", status=404, code=20404)
        return call

    def calls(self, account_sid: str, *, since: datetime, until: datetime) -> Iterator[VendorCall]:
        """List calls. See `Vendor.calls`."""
        self.faults.inject("calls")
        with self._lock:
            known = [call for (owner, _), call in self._calls.items() if owner == account_sid]
        for call in known:
            if call.touches(since, until) and call.parent_call_sid is None:
                yield call

    def legs(self, account_sid: str, call_sid: str) -> list[VendorCall]:
        """Return the legs that a call dialled. See `Vendor.legs`."""
        self.faults.inject("legs")
        with self._lock:
            return [
                leg
                for (owner, _), leg in self._calls.items()
                if (owner, leg.parent_call_sid) == (account_sid, call_sid)
            ]

    def voice_routes(self, account_sid: str) -> list[VoiceRoute]:
        """Return where an account's addresses point. See `Vendor.voice_routes`."""
        self.faults.inject("voice_routes")
        newest = {route.address: route for owner, route in self.routes if owner == account_sid}
        return list(newest.values())

    @contextmanager
    def media(self, account_sid: str, sid: str, *, encrypted: bool = False) -> Iterator[Media]:
        """Open the media. See `Vendor.media`."""
        self.faults.inject("media")
        with self._lock:
            recording = self._kept(account_sid, sid)
            content = self._media.get((account_sid, sid), b"")
        if recording is None or recording.external or not content:
            raise MediaNotReady(f"The media of {sid} is not to be had yet", status=404)
        channels = 1 if recording.channels == 1 else 2
        yield Media(None if encrypted else channels, len(content), self._chunks(content))

    def delete(self, account_sid: str, sid: str) -> None:
        """Delete a recording. See `Vendor.delete`."""
        self.faults.inject("delete")
        with self._lock:
            recording = self._kept(account_sid, sid)
            if recording and recording.status is not RecordingStatus.COMPLETED:
                raise VendorRefused(f"{sid} is not completed, so it cannot be deleted", status=400)
            self._recordings.pop((account_sid, sid), None)
            self._media.pop((account_sid, sid), None)

    def delete_call(self, account_sid: str, sid: str) -> None:
        """Delete the record of a call that ended. See `Vendor.delete_call`."""
        self.faults.inject("delete_call")
        with self._lock:
            call = self._calls.get((account_sid, sid))
            if call and not call.finished:
                raise VendorRefused(f"{sid} goes on, so it cannot be deleted", status=409)
            self._calls.pop((account_sid, sid), None)

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _kept(self, account_sid: str, sid: str) -> VendorRecording | None:
        recording = self._recordings.get((account_sid, sid))
        deleted = recording is not None and recording.status is RecordingStatus.DELETED
        return None if deleted else recording

    def _chunks(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]
            self.faults.inject("read")


def _new_sid(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex}"
