"""Calls that go on at Twilio."""

from __future__ import annotations

from contextlib import suppress

from twilio.base.values import unset

from twirec.adapters.twilio_client import TwilioClients, understood
from twirec.adapters.twilio_http import checked_sid
from twirec.adapters.twilio_resources import to_call, to_participant
from twirec.model.errors import NotAtVendor
from twirec.model.vendor import RecordingStatus, VendorCall, VendorParticipant


class TwilioLiveCalls:
    """Twilio as `LiveCalls`.

    Args:
        clients: of the accounts.
    """

    def __init__(self, clients: TwilioClients) -> None:
        self._clients = clients

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
        """Place a call. See `LiveCalls.place_call`."""
        client = self._clients.client(account_sid)
        with understood("the call that was placed"):
            placed = client.calls.create(
                from_=from_,
                to=to,
                url=url,
                method="POST",
                fallback_url=fallback_url,
                status_callback=ended_url,
                status_callback_method="POST",
                machine_detection="Enable" if finds_machines else unset,
                send_digits=send_digits or unset,
            )
            return to_call(account_sid, placed)

    def participants(self, account_sid: str, room: str) -> list[VendorParticipant]:
        """Fetch who is in the conference of that name now. See `LiveCalls.participants`.

        Source: https://www.twilio.com/docs/voice/api/conference-participant-resource
        """
        client = self._clients.client(account_sid)
        there = []
        with understood(f"the conferences of {account_sid}"):
            for conference in client.conferences.stream(friendly_name=room, status="in-progress"):
                with suppress(NotAtVendor):  # it ended meanwhile
                    there += client.conferences(checked_sid(conference.sid)).participants.list()
            return [to_participant(account_sid, one) for one in there if one.status == "connected"]

    def start_recording(self, account_sid: str, call_sid: str, *, status_url: str) -> str:
        """Record a call from now on. See `LiveCalls.start_recording`."""
        client = self._clients.client(account_sid, hurry=True)
        with understood(f"the recording of {checked_sid(call_sid)}"):
            started = client.calls(call_sid).recordings.create(
                recording_channels="dual",  # it would be one, with both sides mixed
                # Said, as each way to record has a default of its own: with silence cut away,
                # neither the length nor the times of consents and pauses would fit the sound.
                # https://www.twilio.com/docs/voice/api/recording
                trim="do-not-trim",
                recording_status_callback=status_url,
                recording_status_callback_method="POST",
                # One string: the documentation's own example, and what the TwiML takes.
                recording_status_callback_event=["in-progress completed absent"],
            )
            return checked_sid(started.sid)

    def set_recording(
        self, account_sid: str, call_sid: str, sid: str, status: RecordingStatus
    ) -> RecordingStatus:
        """Pause, resume or end a recording. See `LiveCalls.set_recording`."""
        client = self._clients.client(account_sid, hurry=True)
        # Silence keeps both sides and the times of pauses where they are; `skip` would shorten it.
        # https://www.twilio.com/docs/voice/api/recording#update-a-recording
        silent = {"pause_behavior": "silence"} if status is RecordingStatus.PAUSED else {}
        with understood(f"the update of {checked_sid(sid)}"):
            recording = (
                client.calls(checked_sid(call_sid)).recordings(sid).update(status.value, **silent)
            )
            return RecordingStatus(recording.status)
